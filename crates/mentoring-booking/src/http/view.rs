use chrono::{DateTime, Utc};
use karya_core::{BookingId, BusinessId, OfferingId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{BookingRow, BookingState, NoShowParty, Party, SessionMode};

/// An answer to a question of the offering, with the question as it was asked.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BookingAnswer {
    #[schema(max_length = 40, example = "omzet")]
    key: String,
    #[schema(max_length = 200)]
    label: String,
    #[schema(max_length = 2000)]
    text: String,
}

/// A mentoring session, booked or asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookingView {
    pub id: BookingId,
    /// To read aloud: Crockford's base 32.
    #[schema(
        pattern = "^[0-9A-HJKMNP-TV-Z]{8}$",
        max_length = 8,
        example = "7F3K9Q2M"
    )]
    code: String,
    offering_id: OfferingId,
    mentor_id: UserId,
    mentee_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    business_id: Option<BusinessId>,
    /// What the caller is in it: `mentor` or `mentee`.
    my_party: Party,
    state: BookingState,
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    ends_at: DateTime<Utc>,
    /// IANA zone of the mentor when it was booked.
    #[schema(max_length = 40, example = "Asia/Makassar")]
    zone: String,
    mode: SessionMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 300)]
    place: Option<String>,
    /// What the mentee wants to talk about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2000)]
    topic: Option<String>,
    #[schema(max_items = 10)]
    answers: Vec<BookingAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    series_id: Option<Uuid>,
    /// Until when the mentor may answer; only while `requested`.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    expires_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cancelled_by: Option<Party>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 40, example = "sick")]
    reason_code: Option<String>,
    /// Cancelled within the notice that the offering asks for.
    late: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    no_show_party: Option<NoShowParty>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    mentor_checked_in_at: Option<DateTime<Utc>>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    mentee_checked_in_at: Option<DateTime<Utc>>,
    /// How often the mentee moved it; twice is the most.
    #[schema(minimum = 0)]
    reschedule_count: i16,
    /// Of the calendar invitation (RFC 5545).
    #[schema(minimum = 0)]
    sequence: i32,
    /// Goes up with every change; the `ETag` too.
    #[schema(minimum = 1)]
    pub(crate) version: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    updated_at: DateTime<Utc>,
    /// The request that came to nothing and in whose place the system made this booking.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cascaded_from: Option<BookingId>,
}

impl BookingView {
    pub(crate) fn new(row: BookingRow, my_party: Party) -> Self {
        Self {
            id: row.id,
            code: row.code,
            offering_id: row.offering_id,
            mentor_id: row.mentor_id,
            mentee_id: row.mentee_id,
            business_id: row.business_id,
            my_party,
            state: row.state,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            zone: row.zone,
            mode: row.mode,
            place: row.place,
            topic: row.topic,
            answers: serde_json::from_value(row.answers).unwrap_or_default(),
            series_id: row.series_id,
            expires_at: row.expires_at,
            cancelled_by: row.cancelled_by,
            reason_code: row.reason_code,
            late: row.late,
            no_show_party: row.no_show_party,
            mentor_checked_in_at: row.mentor_checked_in_at,
            mentee_checked_in_at: row.mentee_checked_in_at,
            reschedule_count: row.reschedule_count,
            sequence: row.sequence,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            cascaded_from: row.cascaded_from,
        }
    }
}

/// A page of bookings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingPage {
    #[schema(max_items = 100)]
    pub(crate) items: Vec<BookingView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    pub(crate) next_cursor: Option<String>,
}
