//! The rules. Each operation takes a connection, then the time, then who and what.

mod book;
pub(crate) mod groups;
mod hold;
mod place;
pub(crate) mod series;
mod transition;

pub(crate) use book::{NewBooking, book};
pub(crate) use hold::{Hold, hold, release_hold};
pub(crate) use place::{Room, Wish, listing_session};
pub(crate) use transition::{Change, finish, lapse, transition, view};
