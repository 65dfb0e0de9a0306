//! The rules. Each operation takes a connection, then the time, then who and what.

pub(crate) mod blocks;
mod book;
pub(crate) mod calendar;
pub(crate) mod cascade;
pub(crate) mod discovery;
mod dispute;
mod documents;
pub(crate) mod external;
mod feedback;
pub(crate) mod feeds;
pub(crate) mod groups;
mod hold;
pub(crate) mod mentors;
mod mentorship;
mod notes;
pub(crate) mod offerings;
mod place;
mod proof;
pub(crate) mod series;
mod suspend;
mod tally;
mod transition;

pub(crate) use book::{NewBooking, book};
pub(crate) use dispute::{dispute, resolve_dispute, show_dispute};
pub(crate) use documents::{
    NewDocument, add_document, delete_document, list_documents, show_document,
};
pub(crate) use feedback::{NewFeedback, give_feedback, reveal_feedback, show_feedback};
pub(crate) use hold::{hold, release_hold};
pub(crate) use mentorship::{
    NewMentorship, Partner, Step, add_action_item, add_goal, close_mentorship, list_action_items,
    list_goals, mark_action_item, own_goal, propose, step_mentorship, update_goal, view_mentorship,
};
pub(crate) use notes::{
    add_note, delete_note, list_notes, own_note, put_agenda, show_agenda, update_note,
};
pub(crate) use place::{Wish, listing_session};
pub(crate) use proof::{
    Period, Session, certify, label, labels, own_certificate, revoke_certificate, sessions, totals,
};
pub use proof::{Verified, read_certificate_code, verify_certificate};
pub(crate) use suspend::{close_suspended, resume_sessions, suspend_sessions};
pub(crate) use transition::{Change, finish, lapse, party, transition, view};

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::MentoringError;

/// Removes what is no longer needed: documents of sessions that are long over, alerts of times that are long past.
pub async fn sweep(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<(), MentoringError> {
    documents::sweep(conn, now).await?;
    suspend::sweep(conn, now).await
}
