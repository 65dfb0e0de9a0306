//! The rules. Each operation takes a connection, then the time, then who and what.

mod book;
mod dispute;
mod feedback;
mod hold;
mod mentorship;
mod notes;
mod place;
mod proof;
mod tally;
mod transition;

pub(crate) use book::{NewBooking, book};
pub(crate) use dispute::{dispute, resolve_dispute};
pub(crate) use feedback::{NewFeedback, give_feedback, reveal_feedback, show_feedback};
pub(crate) use hold::{Hold, hold, release_hold};
pub(crate) use mentorship::{
    NewMentorship, Partner, Step, add_action_item, add_goal, close_mentorship, list_action_items,
    list_goals, mark_action_item, propose, step_mentorship, update_goal, view_mentorship,
};
pub(crate) use notes::{add_note, delete_note, list_notes, put_agenda, show_agenda, update_note};
pub(crate) use place::{Room, Wish, listing_session};
pub(crate) use proof::{
    Period, Session, certify, label, labels, own_certificate, revoke_certificate, sessions, totals,
};
pub use proof::{Verified, read_certificate_code, verify_certificate};
pub(crate) use transition::{Change, finish, lapse, transition, view};
