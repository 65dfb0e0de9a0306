//! Accounts, sessions and tokens.
//!
//! Registering and signing in never tell whether an address has an account: the answer, the work and the time are
//! the same. Access tokens are short-lived JWTs; refresh tokens are random, rotate at every use, and are stored as
//! hashes. Passwords are hashed in a pool of their own, so that a storm of sign-ins leaves the rest of the server alone.

pub mod audit;
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
pub mod queries;
mod social;
mod tokens;
pub mod totp;

pub use error::{AuthError, CODES};
pub use hashing::{HashingOptions, PasswordPool};
pub use keys::{Issuer, KeyError, KeyInfo, Rotation};
pub use model::{
    ConsentChannel, FactorMethod, FirstFactor, IdentityProvider, KeyState, LegalDocument,
};
pub use ops::check_passkey_options;
pub use social::{
    FacebookOptions, IdentityProviders, OpenIdOptions, SocialFault, SocialOptions, XOptions,
};
pub use tokens::{AuthOptions, PasskeyOptions};

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
        .service(http::me::get_me)
        .service(http::me::update_me);
}

/// The operations under `/.well-known`.
pub fn well_known_routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(http::jwks::get_jwks);
}
