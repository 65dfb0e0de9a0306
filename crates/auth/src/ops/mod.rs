//! The rules. Each operation takes a connection, then the time, then who and what.

mod accounts;
mod api_keys;
mod closing;
mod consents;
mod devices;
mod email_change;
mod factors;
mod guard;
mod identities;
mod passkeys;
mod passwords;
pub(crate) mod phone_codes;
mod phone_resets;
mod phones;
mod recovery;
mod second_factor;
mod sessions;
mod social;
mod staff;
mod step_up;

pub(crate) use accounts::update_profile;
pub use accounts::{
    NewAccount, NewVerifiedUser, ProfileChange, check_verification, create_verified_user, register,
    sweep, verify_email,
};
pub(crate) use api_keys::{
    ApiKey, KeyToMake, MAX_LIFE as MAX_KEY_LIFE, MAX_OVERLAP as MAX_KEY_OVERLAP, ShownKey,
    create_api_key, revoke_api_key, rotate_api_key,
};
pub use closing::{Contact, close_account, contact, end_account, lock_account, reopen_account};
pub(crate) use consents::{Standing, give_consent, list_consents, withdraw_consent};
pub use devices::end_everybodys_sessions;
pub(crate) use devices::{end_session, end_sessions};
pub(crate) use email_change::{CONFIRM_TTL, UNDO_TTL, ask_for_email_change};
pub use email_change::{check_email_change, confirm_email_change, prepare_undo, undo_email_change};
pub(crate) use factors::{ENROLMENT_TTL, confirm_totp, enrol_totp, remove_factor};
pub(crate) use guard::code_counter;
pub(crate) use identities::{link_identity, prove_own, unlink_identity};
pub use passkeys::check_passkey_options;
pub(crate) use passkeys::{
    Ceremony, add_passkey, begin_passkey, begin_passkey_sign_in, remove_passkey, verify_passkey,
};
pub(crate) use passwords::{RESET_TTL, ask_for_reset, change_password, prepare_change};
pub use passwords::{prepare_reset, reset_password};
pub(crate) use phone_codes::{CODE_TTL, CodeAsked, look_in_session};
pub(crate) use phone_resets::{ask_for_reset_by_phone, exchange_reset_code};
pub(crate) use phones::{PHONE_UNDO_TTL, ask_for_phone, remove_phone, verify_phone};
pub use phones::{prepare_phone_undo, undo_phone_change};
pub(crate) use recovery::regenerate as regenerate_recovery_codes;
pub(crate) use second_factor::{TypedCode, admit_code, verify_factor};
pub(crate) use sessions::{Device, IssuedSession, SignedIn, Tools, login, refresh};
pub use sessions::{demo_token, logout};
pub(crate) use social::{
    Begun, Presented, Question, SocialRegistration, begin_social, prove_stranger, register_social,
    verify_social,
};
pub(crate) use staff::{
    ask_for_factor_reset, require_account_staff, send_reset, settle_factor_reset,
};
pub use staff::{
    end_sessions_of, grant_role, lock_account, revoke_role, staff_account, unlock_account,
};
pub(crate) use step_up::{Offered, check_current_password, needs_step_up, show, step_up};

/// How a token from a mail is stored; people copy it with spaces around it.
fn hash_of(token: &str) -> Vec<u8> {
    karya_core::sealing::sha256(token.trim().as_bytes())
}
