//! What is around and after a session: feedback, notes, mentorships, disputes, certificates.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use karya_core::{BookingId, UserId};
use karya_db::TextList;
use karya_db::schema::{
    action_items, booking_agendas, booking_disputes, booking_feedback, booking_notes, certificates,
    mentorship_goals, mentorships,
};

use super::{NoShowParty, Party};

karya_core::typed_id! {
    /// What one side says about a session.
    FeedbackId,
    /// A note on a session.
    NoteId,
    /// A mentor and a mentee who work together for some weeks.
    MentorshipId,
    /// What a mentorship is to reach.
    GoalId,
    /// A step towards a goal.
    ActionItemId,
    /// A certificate of mentoring.
    CertificateId,
}

karya_core::text_enum! {
    /// One of the two sides of a session or a mentorship.
    pub enum Side {
        Mentor = "mentor",
        Mentee = "mentee",
    }
}

impl Side {
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Mentor => Self::Mentee,
            Self::Mentee => Self::Mentor,
        }
    }
}

impl From<Side> for Party {
    fn from(side: Side) -> Self {
        match side {
            Side::Mentor => Self::Mentor,
            Side::Mentee => Self::Mentee,
        }
    }
}

impl From<Side> for NoShowParty {
    fn from(side: Side) -> Self {
        match side {
            Side::Mentor => Self::Mentor,
            Side::Mentee => Self::Mentee,
        }
    }
}

karya_core::text_enum! {
    /// What was good about the other side.
    pub enum FeedbackTag {
        Punctual = "punctual",
        Prepared = "prepared",
        Clear = "clear",
        Practical = "practical",
        Friendly = "friendly",
        Knowledgeable = "knowledgeable",
    }
}

karya_core::text_enum! {
    /// Who may read a note.
    pub enum NoteVisibility {
        /// Its author alone.
        Private = "private",
        /// Both sides of the session.
        Shared = "shared",
    }
}

karya_core::text_enum! {
    /// What staff decided about a no-show that was disputed.
    pub enum DisputeOutcome {
        /// The session took place.
        Completed = "completed",
        /// The accused did not come.
        NoShow = "no_show",
    }
}

karya_core::text_enum! {
    /// Where a mentorship stands.
    pub enum MentorshipState {
        /// Waits for the other side.
        Proposed = "proposed",
        Active = "active",
        /// The other side said no.
        Declined = "declined",
        /// The other side did not answer.
        Expired = "expired",
        Ended = "ended",
    }
}

karya_core::text_enum! {
    /// What became of a goal.
    pub enum GoalStatus {
        Open = "open",
        Reached = "reached",
        /// Given up, or no longer wanted.
        Dropped = "dropped",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = booking_feedback, check_for_backend(Pg))]
pub(crate) struct FeedbackRow {
    pub(crate) id: FeedbackId,
    pub(crate) booking_id: BookingId,
    pub(crate) mentor_id: UserId,
    pub(crate) author_id: UserId,
    pub(crate) side: Side,
    pub(crate) rating: i16,
    pub(crate) body: Option<String>,
    #[diesel(deserialize_as = TextList)]
    pub(crate) tags: Vec<String>,
    pub(crate) reveal_at: DateTime<Utc>,
    pub(crate) counted: bool,
    pub(crate) created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = booking_agendas, check_for_backend(Pg))]
pub(crate) struct AgendaRow {
    pub(crate) booking_id: BookingId,
    pub(crate) items: serde_json::Value,
    pub(crate) updated_by: Option<UserId>,
    pub(crate) version: i32,
    pub(crate) updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = booking_notes, check_for_backend(Pg))]
pub(crate) struct NoteRow {
    pub(crate) id: NoteId,
    pub(crate) booking_id: BookingId,
    pub(crate) author_id: UserId,
    pub(crate) visibility: NoteVisibility,
    pub(crate) body: String,
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = booking_disputes, check_for_backend(Pg))]
pub(crate) struct DisputeRow {
    pub(crate) booking_id: BookingId,
    pub(crate) opened_by: UserId,
    pub(crate) accused: Side,
    pub(crate) statement: String,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) outcome: Option<DisputeOutcome>,
    pub(crate) note: Option<String>,
    pub(crate) resolved_by: Option<UserId>,
    pub(crate) resolved_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = mentorships, check_for_backend(Pg), treat_none_as_null = true)]
pub(crate) struct MentorshipRow {
    pub(crate) id: MentorshipId,
    pub(crate) mentor_id: UserId,
    pub(crate) mentee_id: UserId,
    pub(crate) proposed_by: Side,
    pub(crate) state: MentorshipState,
    pub(crate) starts_on: NaiveDate,
    pub(crate) ends_on: NaiveDate,
    pub(crate) focus: String,
    pub(crate) mentor_agreed_at: Option<DateTime<Utc>>,
    pub(crate) mentee_agreed_at: Option<DateTime<Utc>>,
    pub(crate) ended_by: Option<Party>,
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl MentorshipRow {
    /// On which side `user` is, if on one.
    pub(crate) fn side(&self, user: UserId) -> Option<Side> {
        if self.mentor_id == user {
            Some(Side::Mentor)
        } else if self.mentee_id == user {
            Some(Side::Mentee)
        } else {
            None
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = mentorship_goals, check_for_backend(Pg), treat_none_as_null = true)]
pub(crate) struct GoalRow {
    pub(crate) id: GoalId,
    pub(crate) mentorship_id: MentorshipId,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) target_on: Option<NaiveDate>,
    pub(crate) status: GoalStatus,
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = action_items, check_for_backend(Pg))]
pub(crate) struct ActionItemRow {
    pub(crate) id: ActionItemId,
    pub(crate) goal_id: GoalId,
    pub(crate) text: String,
    pub(crate) due_on: Option<NaiveDate>,
    pub(crate) assignee: Side,
    pub(crate) done_at: Option<DateTime<Utc>>,
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = certificates, check_for_backend(Pg))]
pub(crate) struct CertificateRow {
    pub(crate) id: CertificateId,
    pub(crate) code: String,
    pub(crate) user_id: UserId,
    pub(crate) holder_name: String,
    pub(crate) side: Side,
    pub(crate) first_on: NaiveDate,
    pub(crate) last_on: NaiveDate,
    pub(crate) minutes: i32,
    pub(crate) sessions: i32,
    /// Codes of subsectors, the most frequent first.
    #[diesel(deserialize_as = TextList)]
    pub(crate) themes: Vec<String>,
    pub(crate) issued_on: NaiveDate,
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
}
