use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use karya_core::UserId;
use karya_db::schema::{
    availability_overrides, availability_schedules, calendar_feeds, external_busy,
    external_calendars, time_off,
};
use uuid::Uuid;

use super::{ImportFailure, Minutes};

/// Weekly hours that replace the usual ones on some dates.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = availability_schedules, check_for_backend(Pg))]
pub(crate) struct ScheduleRow {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) name: String,
    pub(crate) valid_from: NaiveDate,
    /// Inclusive.
    pub(crate) valid_to: NaiveDate,
    pub(crate) weekly: Minutes,
}

/// The hours of one date.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = availability_overrides, check_for_backend(Pg), primary_key(user_id, local_date))]
pub(crate) struct OverrideRow {
    pub(crate) user_id: UserId,
    pub(crate) local_date: NaiveDate,
    /// Empty: closed.
    pub(crate) windows: Minutes,
}

/// A time in which somebody takes no sessions.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = time_off, check_for_backend(Pg))]
pub(crate) struct TimeOffRow {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) reason: Option<String>,
}

/// An address under which calendar programs read somebody's sessions.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = calendar_feeds, check_for_backend(Pg))]
pub(crate) struct FeedRow {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) name: String,
    /// SHA-256 of the token.
    pub(crate) token_hash: Vec<u8>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) rotated_at: Option<DateTime<Utc>>,
}

/// A calendar elsewhere whose busy times close somebody's own.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = external_calendars, check_for_backend(Pg), treat_none_as_null = true)]
pub(crate) struct ExternalCalendarRow {
    pub(crate) id: Uuid,
    pub(crate) owner_id: UserId,
    /// None: it was uploaded.
    pub(crate) url_sealed: Option<Vec<u8>>,
    /// Of the address, to tell calendars apart.
    pub(crate) host: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) last_ok_at: Option<DateTime<Utc>>,
    pub(crate) last_tried_at: Option<DateTime<Utc>>,
    /// Busy times after this are not known.
    pub(crate) covered_until: Option<DateTime<Utc>>,
    pub(crate) last_error: Option<ImportFailure>,
    pub(crate) event_count: i32,
    /// Events of which some time may be missing or wrong.
    pub(crate) not_understood: i32,
    pub(crate) created_at: DateTime<Utc>,
}

/// A busy time of such a calendar.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = external_busy, check_for_backend(Pg))]
pub(crate) struct ExternalBusyRow {
    pub(crate) calendar_id: Uuid,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) owner_id: UserId,
}
