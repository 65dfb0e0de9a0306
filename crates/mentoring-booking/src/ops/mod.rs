//! The rules. Each operation takes a connection, then the time, then who and what.

mod book;
pub(crate) mod calendar;
pub(crate) mod discovery;
pub(crate) mod external;
pub(crate) mod feeds;
pub(crate) mod groups;
mod hold;
pub(crate) mod mentors;
pub(crate) mod offerings;
mod place;
pub(crate) mod series;
mod suspend;
mod transition;

pub(crate) use book::{NewBooking, book};
pub(crate) use hold::{hold, release_hold};
pub(crate) use place::{Wish, listing_session};
pub use suspend::Reach;
pub(crate) use suspend::{close_suspended, resume_sessions, suspend_sessions};
pub(crate) use transition::{Change, finish, lapse, party, transition, view};
