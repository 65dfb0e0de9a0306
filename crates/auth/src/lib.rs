//! Accounts, sessions and tokens.
//!
//! Registering and signing in never tell whether an address has an account: the answer, the work and the time are
//! the same. Access tokens are short-lived JWTs; refresh tokens are random, rotate at every use, and are stored as
//! hashes. Passwords are hashed in a pool of their own, so that a storm of sign-ins leaves the rest of the server alone.

pub mod audit;
mod captcha;
mod email_change_jobs;
mod error;
pub mod hashing;
mod http;
mod identity_jobs;
pub mod jobs;
mod keys;
mod model;
pub mod ops;
pub mod password;
mod pepper;
mod phone_jobs;
pub mod queries;
mod social;
mod tokens;
pub mod totp;

pub use captcha::Captcha;
pub use error::{AuthError, CODES};
pub use hashing::{HashingOptions, PasswordPool};
pub use keys::{Issuer, KeyError, KeyInfo, Rotation};
pub use model::{
    CodePurpose, ConsentChannel, FactorMethod, FactorResetState, FirstFactor, IdentityProvider,
    KeyState, LegalDocument, LockReason, StaffAccount,
};
pub use ops::check_passkey_options;
pub use pepper::{BadPepper, Peppers};
pub use social::{
    FacebookOptions, IdentityProviders, OpenIdOptions, SocialFault, SocialOptions, XOptions,
};
pub use tokens::{AuthOptions, PasskeyOptions, PhoneOptions};

use utoipa_actix_web::service_config::ServiceConfig;

/// The operations under `/v1`.
pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(http::register::register_account)
        .service(http::register::verify_email)
        .service(http::session::login)
        .service(http::session::verify_factor)
        .service(http::session::refresh_tokens)
        .service(http::session::logout)
        .service(http::password::ask_for_password_reset)
        .service(http::password::confirm_password_reset)
        .service(http::password::change_my_password)
        .service(http::email_change::ask_for_email_change)
        .service(http::email_change::confirm_email_change)
        .service(http::email_change::undo_email_change)
        .service(http::password::exchange_reset_code)
        .service(http::phones::ask_for_phone)
        .service(http::phones::verify_phone)
        .service(http::phones::remove_my_phone)
        .service(http::phones::undo_phone_change)
        .service(http::consents::list_my_consents)
        .service(http::consents::give_consent)
        .service(http::consents::withdraw_consent)
        .service(http::sessions::list_my_sessions)
        .service(http::sessions::end_my_session)
        .service(http::sessions::end_my_other_sessions)
        .service(http::sessions::end_all_my_sessions)
        .service(http::step_up::step_up)
        .service(http::factors::list_my_factors)
        .service(http::factors::enrol_totp)
        .service(http::factors::confirm_factor)
        .service(http::factors::remove_my_factor)
        .service(http::factors::make_recovery_codes)
        .service(http::security_events::list_my_security_events)
        .service(http::social::list_auth_providers)
        .service(http::social::begin_social_sign_in)
        .service(http::social::verify_social)
        .service(http::social::register_social)
        .service(http::identities::begin_identity)
        .service(http::identities::add_identity)
        .service(http::identities::list_my_identities)
        .service(http::identities::remove_my_identity)
        .service(http::passkeys::begin_passkey_sign_in)
        .service(http::passkeys::verify_passkey)
        .service(http::passkeys::begin_passkey)
        .service(http::passkeys::add_passkey)
        .service(http::passkeys::list_my_passkeys)
        .service(http::passkeys::remove_my_passkey)
        .service(http::accounts::list_accounts)
        .service(http::accounts::get_account)
        .service(http::accounts::list_account_security_events)
        .service(http::accounts::lock_account)
        .service(http::accounts::unlock_account)
        .service(http::accounts::end_account_sessions)
        .service(http::accounts::send_account_password_reset)
        .service(http::accounts::grant_role)
        .service(http::accounts::revoke_role)
        .service(http::factor_resets::ask_for_factor_reset)
        .service(http::factor_resets::list_factor_resets)
        .service(http::factor_resets::approve_factor_reset)
        .service(http::factor_resets::refuse_factor_reset)
        .service(http::api_keys::list_my_api_keys)
        .service(http::api_keys::create_api_key)
        .service(http::api_keys::rotate_api_key)
        .service(http::api_keys::revoke_api_key)
        .service(http::me::get_me)
        .service(http::me::update_me);
}

/// The operations under `/.well-known`.
pub fn well_known_routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(http::jwks::get_jwks);
}
