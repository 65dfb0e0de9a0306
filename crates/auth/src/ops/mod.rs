//! The rules. Each operation takes a connection, then the time, then who and what.

mod accounts;
mod devices;
mod guard;
mod passwords;
mod sessions;

pub(crate) use accounts::update_profile;
pub use accounts::{
    NewAccount, NewVerifiedUser, ProfileChange, check_verification, create_verified_user, register,
    sweep, verify_email,
};
pub(crate) use devices::{end_session, end_sessions};
pub(crate) use passwords::{RESET_TTL, ask_for_reset, change_password, prepare_change};
pub use passwords::{prepare_reset, reset_password};
pub(crate) use sessions::{Device, IssuedSession, Tools, login, refresh};
pub use sessions::{demo_token, logout};

/// How a token from a mail is stored; people copy it with spaces around it.
fn hash_of(token: &str) -> Vec<u8> {
    karya_core::sealing::sha256(token.trim().as_bytes())
}
