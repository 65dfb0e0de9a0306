//! One SQL statement per function.

pub(crate) mod availability;
pub(crate) mod bookings;
pub(crate) mod offerings;
pub(crate) mod people;
