use chrono::{DateTime, Utc};
use karya_core::{GroupSessionId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{GroupRow, GroupState, SeatRow, SeatState, SessionMode, WaitlistState};
use crate::ops::groups::Standing;

/// The caller's seat in a group session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MySeat {
    /// `held` until the caller accepts, `confirmed` after that.
    state: SeatState,
    /// Until when an offered seat is held.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    offer_expires_at: Option<DateTime<Utc>>,
}

/// The caller's place on the waitlist.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MyWaitlistPlace {
    /// A number that only goes up; who has a smaller one is served first.
    #[schema(minimum = 1, example = 3)]
    position: i32,
    /// How many wait before the caller.
    #[schema(minimum = 0, example = 2)]
    ahead: usize,
}

/// A mentoring session with many seats.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupSessionView {
    pub(crate) id: GroupSessionId,
    mentor_id: UserId,
    #[schema(max_length = 100, example = "Made Wirawan")]
    mentor_name: String,
    #[schema(max_length = 120, example = "Kelas foto produk")]
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2000)]
    description: Option<String>,
    mode: SessionMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 300)]
    place: Option<String>,
    /// For the mentor and those with a confirmed seat.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 300)]
    meeting_url: Option<String>,
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    ends_at: DateTime<Utc>,
    state: GroupState,
    #[schema(minimum = 2, maximum = 200)]
    capacity: i16,
    /// Seats that are held count.
    #[schema(minimum = 0, maximum = 200)]
    seats_taken: i16,
    #[schema(minimum = 0, maximum = 200)]
    waitlist_capacity: i16,
    /// How many wait for a seat; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    waiting: Option<usize>,
    /// Absent where the caller has none, and in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    my_seat: Option<MySeat>,
    /// Absent where the caller does not wait, and in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    my_waitlist_place: Option<MyWaitlistPlace>,
    /// Goes up when the mentor changes it; the `ETag` too.
    #[schema(minimum = 1)]
    pub(crate) version: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    updated_at: DateTime<Utc>,
}

impl GroupSessionView {
    /// As a list shows it.
    pub(crate) fn listed(row: GroupRow, mentor_name: String) -> Self {
        Self {
            id: row.id,
            mentor_id: row.mentor_id,
            mentor_name,
            title: row.title,
            description: row.description,
            mode: row.mode,
            place: row.place,
            meeting_url: None,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            state: row.state,
            capacity: row.capacity,
            seats_taken: row.seats_taken,
            waitlist_capacity: row.waitlist_capacity,
            waiting: None,
            my_seat: None,
            my_waitlist_place: None,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// As `viewer` sees it.
    pub(crate) fn new(standing: Standing, viewer: Option<UserId>) -> Self {
        let Standing {
            session,
            mentor_name,
            seat,
            place,
            waiting,
        } = standing;
        let is_in = seat
            .as_ref()
            .is_some_and(|seat| seat.state == SeatState::Confirmed);
        let sees_room = is_in || viewer == Some(session.mentor_id);
        let meeting_url = session.meeting_url.clone().filter(|_| sees_room);
        let offer_expires_at = place.as_ref().and_then(|(entry, _)| entry.offer_expires_at);
        Self {
            meeting_url,
            waiting: Some(waiting),
            my_seat: seat.map(|seat| MySeat {
                state: seat.state,
                offer_expires_at,
            }),
            my_waitlist_place: place
                .filter(|(entry, _)| entry.state == WaitlistState::Waiting)
                .map(|(entry, ahead)| MyWaitlistPlace {
                    position: entry.position,
                    ahead,
                }),
            ..Self::listed(session, mentor_name)
        }
    }
}

/// A page of group sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupSessionPage {
    #[schema(max_items = 100)]
    pub(crate) items: Vec<GroupSessionView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    pub(crate) next_cursor: Option<String>,
}

/// A seat, as the mentor sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupSeatView {
    mentee_id: UserId,
    #[schema(max_length = 100, example = "Sari")]
    mentee_name: String,
    state: SeatState,
    /// Absent until the mentor said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attended: Option<bool>,
}

/// The seats of a group session that are taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupSeatList {
    #[schema(max_items = 200)]
    items: Vec<GroupSeatView>,
}

impl From<Vec<(SeatRow, String)>> for GroupSeatList {
    fn from(seats: Vec<(SeatRow, String)>) -> Self {
        let view = |(seat, mentee_name): (SeatRow, String)| GroupSeatView {
            mentee_id: seat.mentee_id,
            mentee_name,
            state: seat.state,
            attended: seat.attended,
        };
        Self {
            items: seats.into_iter().map(view).collect(),
        }
    }
}
