use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use karya_core::{BookingId, UserId};
use karya_db::schema::{blocks, booking_cascades};
use uuid::Uuid;

karya_core::typed_id! {
    /// That somebody wants nothing to do with somebody.
    BlockId,
}

/// Somebody who wants nothing to do with somebody.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = blocks, check_for_backend(Pg))]
pub(crate) struct BlockRow {
    pub(crate) id: BlockId,
    pub(crate) blocker_id: UserId,
    pub(crate) blocked_id: UserId,
    pub(crate) created_at: DateTime<Utc>,
}

/// That a request is passed on when its mentor cannot.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = booking_cascades, check_for_backend(Pg))]
pub(crate) struct CascadeRow {
    pub(crate) booking_id: BookingId,
    /// To how many more mentors.
    pub(crate) hops_left: i16,
    /// The start that the mentee asked for first.
    pub(crate) wished_at: DateTime<Utc>,
    /// Who was asked, the mentor of the booking included; no nulls, by the constraint on the column.
    pub(crate) asked: Vec<Option<Uuid>>,
}

impl CascadeRow {
    /// Whether this mentor was asked.
    pub(crate) fn has_asked(&self, mentor: UserId) -> bool {
        self.asked.contains(&Some(mentor.as_uuid()))
    }
}
