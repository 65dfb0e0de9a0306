use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use karya_core::{BookingId, BusinessId, OfferingId, UserId};
use karya_db::TextList;
use karya_db::schema::{booking_events, bookings, calendars, mentors, offerings, time_claims};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    BookingState, ClaimKind, HolidayPolicy, MentorState, Minutes, NoShowParty, Party, SessionMode,
};

/// The time of a person.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = calendars, check_for_backend(Pg), primary_key(user_id), treat_none_as_null = true)]
pub(crate) struct CalendarRow {
    pub(crate) user_id: UserId,
    /// IANA name.
    pub(crate) zone: String,
    pub(crate) region_code: Option<String>,
    /// Open minutes of a week that starts on Monday at 00:00.
    pub(crate) weekly: Minutes,
    pub(crate) holiday_policy: HolidayPolicy,
    pub(crate) daily_cap: Option<i16>,
    pub(crate) weekly_cap: Option<i16>,
    pub(crate) paused_until: Option<DateTime<Utc>>,
    /// Goes up with every change that can change slots.
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl CalendarRow {
    /// Of somebody who only asks for others' time: where they are matters, and nothing else of it.
    pub(crate) fn of_mentee(
        user_id: UserId,
        region_code: Option<String>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            user_id,
            zone: "Asia/Jakarta".to_owned(),
            region_code,
            weekly: Minutes::default(),
            holiday_policy: HolidayPolicy::Ignore,
            daily_cap: None,
            weekly_cap: None,
            paused_until: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = mentors, check_for_backend(Pg), primary_key(user_id), treat_none_as_null = true)]
pub(crate) struct MentorRow {
    pub(crate) user_id: UserId,
    pub(crate) state: MentorState,
    pub(crate) headline: String,
    pub(crate) about: Option<String>,
    #[diesel(deserialize_as = TextList)]
    pub(crate) expertise: Vec<String>,
    #[diesel(deserialize_as = TextList)]
    pub(crate) subsectors: Vec<String>,
    #[diesel(deserialize_as = TextList)]
    pub(crate) languages: Vec<String>,
    #[diesel(deserialize_as = TextList)]
    pub(crate) regions: Vec<String>,
    pub(crate) ethics_accepted_at: DateTime<Utc>,
    pub(crate) review_note: Option<String>,
    pub(crate) reviewed_by: Option<UserId>,
    pub(crate) reviewed_at: Option<DateTime<Utc>>,
    pub(crate) response_minutes: Option<i32>,
    pub(crate) completed_sessions: i32,
    pub(crate) rating_sum: i32,
    pub(crate) rating_count: i32,
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A question that a mentee answers when booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// Unique within the offering; answers name it.
    #[schema(pattern = "^[a-z0-9_]{1,40}$", max_length = 40, example = "omzet")]
    pub(crate) key: String,
    #[schema(
        min_length = 1,
        max_length = 200,
        example = "Berapa omzet usaha Anda sebulan?"
    )]
    pub(crate) label: String,
    pub(crate) required: bool,
}

/// A kind of session with its rules.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = offerings, check_for_backend(Pg), treat_none_as_null = true)]
pub(crate) struct OfferingRow {
    pub(crate) id: OfferingId,
    pub(crate) mentor_id: UserId,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) mode: SessionMode,
    #[diesel(deserialize_as = Durations)]
    pub(crate) durations: Vec<i16>,
    pub(crate) interval_min: i16,
    pub(crate) before_min: i16,
    pub(crate) after_min: i16,
    pub(crate) notice_min: i32,
    pub(crate) horizon_days: i16,
    pub(crate) needs_approval: bool,
    pub(crate) cancel_notice_min: i32,
    pub(crate) meeting_url: Option<String>,
    pub(crate) place: Option<String>,
    pub(crate) questions: serde_json::Value,
    pub(crate) active: bool,
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// In which minutes of a week it is given; none: in all open ones.
    pub(crate) weekly: Minutes,
}

/// A `smallint[]` without nulls, as the constraint on the column has it.
#[derive(Debug, Clone, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Array<diesel::sql_types::Nullable<diesel::sql_types::SmallInt>>)]
pub(crate) struct Durations(Vec<i16>);

impl
    diesel::deserialize::FromSql<
        diesel::sql_types::Array<diesel::sql_types::Nullable<diesel::sql_types::SmallInt>>,
        Pg,
    > for Durations
{
    fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        type Minutes =
            diesel::sql_types::Array<diesel::sql_types::Nullable<diesel::sql_types::SmallInt>>;
        let minutes =
            <Vec<Option<i16>> as diesel::deserialize::FromSql<Minutes, Pg>>::from_sql(value)?;
        Ok(Self(minutes.into_iter().flatten().collect()))
    }
}

impl From<Durations> for Vec<i16> {
    fn from(durations: Durations) -> Self {
        durations.0
    }
}

/// A piece of somebody's time that is taken.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = time_claims, check_for_backend(Pg))]
pub(crate) struct ClaimRow {
    pub(crate) id: Uuid,
    pub(crate) owner_id: UserId,
    pub(crate) kind: ClaimKind,
    /// The hold, booking, group session or seat that it is for.
    pub(crate) ref_id: Uuid,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) before_min: i16,
    pub(crate) after_min: i16,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// Who made it, if it is a hold.
    pub(crate) held_by: Option<UserId>,
}

/// A booked session.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = bookings, check_for_backend(Pg), treat_none_as_null = true)]
pub(crate) struct BookingRow {
    pub(crate) id: BookingId,
    /// To read aloud.
    pub(crate) code: String,
    pub(crate) offering_id: OfferingId,
    pub(crate) mentor_id: UserId,
    pub(crate) mentee_id: UserId,
    pub(crate) business_id: Option<BusinessId>,
    pub(crate) state: BookingState,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    /// Of the mentor's calendar when it was booked.
    pub(crate) zone: String,
    pub(crate) mode: SessionMode,
    pub(crate) place: Option<String>,
    /// Of the mentor's calendar: what a disaster alert goes by.
    pub(crate) region_code: Option<String>,
    pub(crate) topic: Option<String>,
    pub(crate) answers: serde_json::Value,
    pub(crate) series_id: Option<Uuid>,
    pub(crate) series_index: Option<i16>,
    /// When a request lapses.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) suspended_from: Option<BookingState>,
    pub(crate) cancelled_by: Option<Party>,
    pub(crate) reason_code: Option<String>,
    /// Cancelled within the offering's notice.
    pub(crate) late: bool,
    pub(crate) no_show_party: Option<NoShowParty>,
    pub(crate) mentor_checked_in_at: Option<DateTime<Utc>>,
    pub(crate) mentee_checked_in_at: Option<DateTime<Utc>>,
    pub(crate) reschedule_count: i16,
    pub(crate) sequence: i32,
    pub(crate) version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// The request in whose place this one was made.
    pub(crate) cascaded_from: Option<BookingId>,
}

/// One thing that happened to a booking.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = booking_events, check_for_backend(Pg))]
pub(crate) struct BookingEvent {
    pub(crate) id: Uuid,
    pub(crate) booking_id: BookingId,
    pub(crate) at: DateTime<Utc>,
    /// None: the system.
    pub(crate) actor_id: Option<UserId>,
    pub(crate) from_state: Option<BookingState>,
    pub(crate) to_state: BookingState,
    pub(crate) reason_code: Option<String>,
}
