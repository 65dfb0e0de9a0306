//! Karya as one program: the application that server, tests and the OpenAPI document share, its configuration,
//! and its commands.

mod app;
pub mod backup;
pub mod cli;
pub mod config;
pub mod database;
pub mod demo;
pub mod doctor;
mod health;
pub mod logging;
mod pages;
pub mod rights;
pub mod scopes;
mod serve;
pub mod spec;
mod state;
mod sync;
pub mod work;

pub use app::{app, routes};
pub use config::Config;
pub use health::Readiness;
pub use state::{AppState, Parts};

use karya_core::Code;

/// Every error code of the program, in the order of the documentation.
#[must_use]
pub fn error_codes() -> Vec<&'static Code> {
    let mut codes: Vec<&'static Code> = [
        karya_core::CODES,
        karya_db::CODES,
        karya_web::CODES,
        karya_reference::CODES,
        karya_auth::CODES,
        karya_business_profile::CODES,
        karya_mentoring_booking::CODES,
        karya_webhooks::CODES,
        rights::CODES,
        sync::CODES,
    ]
    .concat();
    codes.sort_by_key(|code| code.code);
    codes
}
