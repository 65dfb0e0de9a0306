//! The rules. Each operation takes a connection, then the time, then who and what.

mod accounts;
mod consents;
mod devices;
mod email_change;
mod guard;
mod passwords;
mod proof;
mod sessions;

pub(crate) use accounts::update_profile;
pub use accounts::{
    NewAccount, NewVerifiedUser, ProfileChange, check_verification, create_verified_user, register,
    sweep, verify_email,
};
pub(crate) use consents::{Standing, give_consent, list_consents, withdraw_consent};
pub(crate) use devices::{end_session, end_sessions};
pub(crate) use email_change::{CONFIRM_TTL, UNDO_TTL, ask_for_email_change};
pub use email_change::{check_email_change, confirm_email_change, prepare_undo, undo_email_change};
pub(crate) use passwords::{RESET_TTL, ask_for_reset, change_password, prepare_change};
pub use passwords::{prepare_reset, reset_password};
pub(crate) use proof::prove_current;
pub(crate) use sessions::{Device, IssuedSession, Tools, login, refresh};
pub use sessions::{demo_token, logout};

/// How a token from a mail is stored; people copy it with spaces around it.
fn hash_of(token: &str) -> Vec<u8> {
    karya_core::sealing::sha256(token.trim().as_bytes())
}
