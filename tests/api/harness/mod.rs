mod app;
mod authenticator;
mod client;
mod cluster;
mod https;
mod passkey;
mod phones;
mod provider;
mod receiver;
mod tokens;

pub use app::{Exchange, PASSWORD, TestApp, email, rounds};
pub use authenticator::Authenticator;
pub use client::{Client, Reply};
pub use cluster::TestDb;
pub use https::HttpsServer;
pub use passkey::{Forgery, SoftPasskey};
pub use phones::Phones;
pub use provider::{FACEBOOK_APP, Keys, MINE, Provider, SIGN_IN, X_CLIENT, begin, verify};
pub use receiver::{Received, Receiver};
pub use tokens::{Key, hmac_token, merged, unsigned_token};

use chrono::{DateTime, Utc};

/// The time at which every test starts: noon in Jakarta.
pub fn noon() -> DateTime<Utc> {
    "2026-06-01T05:00:00Z".parse().unwrap()
}
