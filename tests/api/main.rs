//! End-to-end tests: the whole application on a real PostgreSQL, a database for each test.
//!
//! One binary, so that there is one link step and one throw-away cluster.

mod accounts;
mod accounts_abuse;
mod accounts_passwords;
mod api_key_scopes;
mod api_keys;
mod apps;
mod backup;
mod browser;
mod businesses;
mod consents;
mod contract;
mod data_exports;
mod deploy;
mod doctor;
mod document;
mod email_change;
mod harness;
mod idempotency;
mod jobs;
mod keys;
mod mentoring;
mod pages;
mod passkeys;
mod passkeys_abuse;
mod recovery_codes;
mod reference;
mod schema;
mod second_factors;
mod second_factors_abuse;
mod security_events;
mod sessions;
mod sessions_devices;
mod sessions_standing;
mod shell;
mod step_up;
mod story;
mod sync;
mod webhooks;
mod webhooks_failing;
mod workspace;
