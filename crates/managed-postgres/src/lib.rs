//! A private PostgreSQL for development and tests: found or installed, never run as root, stopped cleanly.
//!
//! Production brings its own server; this crate is for `karya dev` and for the tests, so that both work on a machine
//! that has nothing but Rust.

mod account;
mod cluster;
mod dump;
mod error;
mod install;
mod installation;
mod search;
mod throwaway;

pub use cluster::{Cluster, Status, reset, running_url, status, stop};
pub use dump::{DumpPrograms, find_dump_programs};
pub use error::Error;
pub use install::{Consent, find_or_install, install_from_file};
pub use installation::{EXTENSIONS, Installation, OLDEST_MAJOR, Version};
pub use search::{Search, find};
pub use throwaway::Throwaway;
