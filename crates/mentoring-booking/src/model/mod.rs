//! Rows and values.

mod growth;
mod kinds;
mod machine;
mod rows;
mod windows;

pub use growth::{
    ActionItemId, CertificateId, DisputeOutcome, FeedbackId, FeedbackTag, GoalId, GoalStatus,
    MentorshipId, MentorshipState, NoteId, NoteVisibility, Side,
};
pub(crate) use growth::{
    ActionItemRow, AgendaRow, CertificateRow, DisputeRow, FeedbackRow, GoalRow, MentorshipRow,
    NoteRow,
};
pub use kinds::{
    BookingState, ClaimKind, HolidayPolicy, MentorState, NoShowParty, Party, SessionMode,
};
pub(crate) use machine::{Action, FINISH_AFTER, Facts, Refused, step};
pub(crate) use rows::{
    BookingEvent, BookingRow, CalendarRow, ClaimRow, MentorRow, OfferingRow, Question,
};
pub(crate) use windows::{Minutes, day_windows, multirange, parts, weekly_rules};
