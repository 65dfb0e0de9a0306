//! The rules. Each operation takes a connection, then the time, then who and what.

mod accounts;
mod sessions;

pub(crate) use accounts::update_profile;
pub use accounts::{
    NewAccount, NewVerifiedUser, ProfileChange, check_verification, create_verified_user, register,
    sweep, verify_email,
};
pub(crate) use sessions::{Device, IssuedSession, Tools, login, refresh};
pub use sessions::{demo_token, logout};
