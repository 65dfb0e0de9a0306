mod app;
mod authenticator;
mod client;
mod cluster;
mod passkey;
mod receiver;

pub use app::{PASSWORD, TestApp, email};
pub use authenticator::Authenticator;
pub use client::{Client, Reply};
pub use cluster::TestDb;
pub use passkey::{Forgery, SoftPasskey};
pub use receiver::{Received, Receiver};

use chrono::{DateTime, Utc};

/// The time at which every test starts: noon in Jakarta.
pub fn noon() -> DateTime<Utc> {
    "2026-06-01T05:00:00Z".parse().unwrap()
}
