use chrono::{DateTime, Utc};
use karya_core::{OfferingId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::calendar::{WeeklyWindow, weekly};
use crate::model::{OfferingRow, Question, SessionMode};

/// A kind of session that a mentor offers, with its rules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfferingView {
    pub(super) id: OfferingId,
    mentor_id: UserId,
    #[schema(max_length = 120, example = "Klinik ekspor")]
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2000)]
    description: Option<String>,
    mode: SessionMode,
    /// How long a session can be, in minutes; the first is usual.
    #[schema(max_items = 6, example = json!([60, 30]))]
    durations: Vec<i16>,
    /// Sessions start every so many minutes.
    #[schema(minimum = 5, maximum = 480, example = 30)]
    interval_min: i16,
    /// Minutes that the mentor keeps free before a session.
    #[schema(minimum = 0, maximum = 240)]
    before_min: i16,
    /// Minutes that the mentor keeps free after a session.
    #[schema(minimum = 0, maximum = 240)]
    after_min: i16,
    /// How many minutes ahead one books at the latest.
    #[schema(minimum = 0, maximum = 43_200, example = 720)]
    notice_min: i32,
    /// How many days ahead one books at the earliest.
    #[schema(minimum = 1, maximum = 365, example = 60)]
    horizon_days: i16,
    /// Whether the mentor answers each request; otherwise sessions are confirmed at once.
    needs_approval: bool,
    /// Who cancels later than so many minutes before the start counts as late.
    #[schema(minimum = 0, maximum = 43_200, example = 1440)]
    cancel_notice_min: i32,
    /// Address of the video room, for its mentor only; others get it with their booking. `{code}` stands for the code
    /// of the booking.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        max_length = 300,
        example = "https://meet.example.org/{code}"
    )]
    meeting_url: Option<String>,
    /// Where people meet in person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 300)]
    place: Option<String>,
    #[schema(max_items = 10)]
    questions: Vec<Question>,
    /// The hours of a week in which it is given, joined, on the clock of the mentor's calendar; none: whenever the
    /// mentor is open.
    #[schema(max_items = 84)]
    weekly: Vec<WeeklyWindow>,
    /// Whether it can be booked, once its mentor is approved.
    active: bool,
    /// Goes up with every change; the `ETag` too.
    #[schema(minimum = 1)]
    pub(super) version: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    updated_at: DateTime<Utc>,
}

impl OfferingView {
    /// As `viewer` may see it.
    pub(crate) fn new(row: OfferingRow, viewer: Option<UserId>) -> Self {
        Self {
            meeting_url: row.meeting_url.filter(|_| viewer == Some(row.mentor_id)),
            id: row.id,
            mentor_id: row.mentor_id,
            title: row.title,
            description: row.description,
            mode: row.mode,
            durations: row.durations,
            interval_min: row.interval_min,
            before_min: row.before_min,
            after_min: row.after_min,
            notice_min: row.notice_min,
            horizon_days: row.horizon_days,
            needs_approval: row.needs_approval,
            cancel_notice_min: row.cancel_notice_min,
            place: row.place,
            questions: serde_json::from_value(row.questions).unwrap_or_default(),
            weekly: weekly(&row.weekly),
            active: row.active,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A page of offerings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfferingPage {
    #[schema(max_items = 100)]
    pub(crate) items: Vec<OfferingView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    pub(crate) next_cursor: Option<String>,
}
