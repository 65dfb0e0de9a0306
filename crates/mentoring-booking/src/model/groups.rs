use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use karya_core::{GroupSessionId, UserId};
use karya_db::schema::{group_seats, group_sessions, waitlist_entries};
use uuid::Uuid;

use super::{GroupState, SeatState, SessionMode, WaitlistState};

/// A session with many seats.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = group_sessions, check_for_backend(Pg), treat_none_as_null = true)]
pub(crate) struct GroupRow {
    pub(crate) id: GroupSessionId,
    pub(crate) mentor_id: UserId,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) mode: SessionMode,
    pub(crate) place: Option<String>,
    pub(crate) meeting_url: Option<String>,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) capacity: i16,
    pub(crate) waitlist_capacity: i16,
    /// Held or confirmed ones.
    pub(crate) seats_taken: i16,
    /// What the next to join the waitlist gets.
    pub(crate) next_position: i32,
    pub(crate) state: GroupState,
    pub(crate) attendance_taken_at: Option<DateTime<Utc>>,
    /// Of what the mentor says about it; seats do not change it.
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl GroupRow {
    /// Whether people may still come and go.
    pub(crate) fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.state == GroupState::Open && now < self.starts_at
    }

    pub(crate) fn free(&self) -> i16 {
        self.capacity - self.seats_taken
    }
}

/// Somebody's seat in a group session.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = group_seats, check_for_backend(Pg))]
pub(crate) struct SeatRow {
    pub(crate) id: Uuid,
    pub(crate) session_id: GroupSessionId,
    pub(crate) mentee_id: UserId,
    pub(crate) state: SeatState,
    /// Whether they came, once the mentor said so.
    pub(crate) attended: Option<bool>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// Somebody's place in the line for a seat.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = waitlist_entries, check_for_backend(Pg), treat_none_as_null = true)]
pub(crate) struct WaitlistRow {
    pub(crate) id: Uuid,
    pub(crate) session_id: GroupSessionId,
    pub(crate) mentee_id: UserId,
    /// Goes up within a session and is never given twice.
    pub(crate) position: i32,
    pub(crate) state: WaitlistState,
    /// The seat that they are offered or got.
    pub(crate) seat_id: Option<Uuid>,
    pub(crate) offer_expires_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}
