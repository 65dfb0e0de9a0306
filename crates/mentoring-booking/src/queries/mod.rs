//! One SQL statement per function.

pub(crate) mod availability;
pub(crate) mod bookings;
pub(crate) mod disputes;
pub(crate) mod feedback;
pub(crate) mod mentorships;
pub(crate) mod notes;
pub(crate) mod offerings;
pub(crate) mod people;
pub(crate) mod proof;
