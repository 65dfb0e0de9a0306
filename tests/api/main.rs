//! End-to-end tests: the whole application on a real PostgreSQL, a database for each test.
//!
//! One binary, so that there is one link step and one throw-away cluster.

mod accounts;
mod accounts_abuse;
mod accounts_passwords;
mod apps;
mod asvs;
mod backup;
mod browser;
mod businesses;
mod consents;
mod contract;
mod credentials;
mod data_exports;
mod deploy;
mod doctor;
mod document;
mod email_change;
mod harness;
mod idempotency;
mod jobs;
mod keys;
mod logs;
mod mail_relay;
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
mod staff_factor;
mod step_up;
mod story;
mod sync;
mod workspace;
