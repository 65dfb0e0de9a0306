//! What every crate of Karya shares: typed ids, the error vocabulary, value types, time, randomness, sealing.
//!
//! Nothing here does I/O, names actix, or holds a database connection.

extern crate self as karya_core;

pub mod clock;
pub mod code;
pub mod email;
pub mod error;
pub mod geo;
pub mod ids;
pub mod instant;
pub mod lang;
pub mod member_role;
pub mod money;
pub mod page;
pub mod phone;
pub mod policy;
pub mod random;
pub mod region;
pub mod role;
pub mod scope;
pub mod sealing;
pub mod text;
pub mod text_enum;
pub mod time_of_day;
pub mod timezone;
pub mod validate;

pub use clock::Clock;
pub use code::{Code, Kind, Words};
pub use email::EmailAddress;
pub use error::{ApiError, Challenge};
pub use geo::Coordinates;
pub use ids::{
    ApiKeyId, BookingId, BookingSeriesId, BusinessId, GroupSessionId, OfferingId, SessionId, UserId,
};
pub use lang::Lang;
pub use member_role::MemberRole;
pub use money::Money;
pub use page::{Cursors, PageSize};
pub use phone::PhoneNumber;
pub use random::Random;
pub use region::RegionCode;
pub use role::Role;
pub use scope::Scope;
pub use sealing::MasterKey;
pub use text::Text;
pub use timezone::Timezone;
pub use validate::{Check, FieldError, Invalid, Place, Rule};

/// Re-exports for the macros of this crate.
#[doc(hidden)]
pub mod macros {
    pub use chrono;
    pub use diesel;
    pub use diesel_derive_newtype::DieselNewType;
    pub use serde;
    pub use utoipa;
    pub use uuid;
}

/// Every error code of this crate, for the catalogue.
pub static CODES: &[&Code] = validate::CODES;
