//! One SQL statement per function.

pub(crate) mod availability;
pub(crate) mod bookings;
pub(crate) mod groups;
pub(crate) mod offerings;
pub(crate) mod people;
pub(crate) mod waitlist;
