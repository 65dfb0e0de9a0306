//! The rules. Each operation takes a connection, then the time, then who and what.

mod book;
pub(crate) mod discovery;
mod hold;
pub(crate) mod mentors;
pub(crate) mod offerings;
mod place;
mod transition;

pub(crate) use book::{NewBooking, book};
pub(crate) use hold::{Hold, hold, release_hold};
pub(crate) use place::{Room, Wish, listing_session};
pub(crate) use transition::{Change, finish, lapse, transition, view};
