//! One SQL statement per function.

pub(crate) mod alerts;
pub(crate) mod availability;
pub(crate) mod blocks;
pub(crate) mod bookings;
pub(crate) mod calendars;
pub(crate) mod cascades;
pub(crate) mod discovery;
pub(crate) mod disputes;
pub(crate) mod documents;
pub(crate) mod external;
pub(crate) mod feedback;
pub(crate) mod feeds;
pub(crate) mod groups;
pub(crate) mod mentors;
pub(crate) mod mentorships;
pub(crate) mod notes;
pub(crate) mod offerings;
pub(crate) mod people;
pub(crate) mod proof;
pub(crate) mod rights;
pub(crate) mod waitlist;
