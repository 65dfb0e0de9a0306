//! Rows and values.

mod groups;
mod kinds;
mod machine;
mod rows;
mod windows;

pub(crate) use groups::{GroupRow, SeatRow, WaitlistRow};
pub use kinds::{
    BookingState, ClaimKind, GroupState, HolidayPolicy, MentorState, NoShowParty, Party, SeatState,
    SessionMode, WaitlistState,
};
pub(crate) use machine::{Action, FINISH_AFTER, Facts, Refused, step};
pub(crate) use rows::{
    BookingEvent, BookingRow, CalendarRow, ClaimRow, MentorRow, OfferingRow, Question,
};
pub(crate) use windows::{Minutes, day_windows, multirange, parts, weekly_rules};
