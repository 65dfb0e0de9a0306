//! Rows and values.

mod alerts;
mod blocks;
mod calendar_rows;
mod documents;
mod groups;
mod growth;
mod kinds;
mod machine;
mod mentors;
mod rows;
mod windows;

pub(crate) use alerts::AlertRow;
pub use alerts::Reach;
pub(crate) use blocks::{BlockId, BlockRow, CascadeRow};
pub(crate) use calendar_rows::{
    ExternalBusyRow, ExternalCalendarRow, FeedRow, OverrideRow, ScheduleRow, TimeOffRow,
};
pub(crate) use documents::DocumentRow;
pub use documents::{DocumentId, DocumentKind};
pub(crate) use groups::{GroupRow, SeatRow, WaitlistRow};
pub use growth::{
    ActionItemId, CertificateId, DisputeOutcome, FeedbackId, FeedbackTag, GoalId, GoalStatus,
    MentorshipId, MentorshipState, NoteId, NoteVisibility, Side,
};
pub(crate) use growth::{
    ActionItemRow, AgendaRow, CertificateRow, DisputeRow, FeedbackRow, GoalRow, MentorshipRow,
    NoteRow,
};
pub use kinds::{
    BookingState, ClaimKind, GroupState, HolidayPolicy, ImportFailure, MentorState, NoShowParty,
    Party, SeatState, SessionMode, WaitlistState,
};
pub(crate) use machine::{Action, FINISH_AFTER, Facts, Refused, step};
pub use mentors::Language;
pub(crate) use mentors::{Decision, MentorProfile, MentorSummaryRow, Review, tag};
pub(crate) use rows::{
    BookingEvent, BookingRow, CalendarRow, ClaimRow, MentorRow, OfferingRow, Question,
};
pub(crate) use windows::{Minutes, day_windows, joined, multirange, weekly_rules};
