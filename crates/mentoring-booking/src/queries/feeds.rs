//! Calendar feeds, and the sessions in them.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BookingId, Lang, UserId};
use karya_db::schema::{
    booking_events, bookings, calendar_feeds, group_seats, group_sessions, offerings, users,
};
use uuid::Uuid;

use crate::model::{BookingRow, BookingState, FeedRow, GroupRow, GroupState, SeatState};

pub(crate) async fn list(conn: &AsyncPgConnection, user: UserId) -> QueryResult<Vec<FeedRow>> {
    calendar_feeds::table
        .filter(calendar_feeds::user_id.eq(user))
        .select(FeedRow::as_select())
        .order(calendar_feeds::id)
        .load(&mut &*conn)
        .await
}

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &FeedRow) -> QueryResult<usize> {
    diesel::insert_into(calendar_feeds::table)
        .values(row)
        .execute(conn)
        .await
}

/// Gives the feed another token; the old one is nothing from then on.
pub(crate) async fn rotate(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, id): (UserId, Uuid),
    token_hash: &[u8],
) -> QueryResult<Option<FeedRow>> {
    diesel::update(
        calendar_feeds::table.filter(
            calendar_feeds::id
                .eq(id)
                .and(calendar_feeds::user_id.eq(user)),
        ),
    )
    .set((
        calendar_feeds::token_hash.eq(token_hash),
        calendar_feeds::rotated_at.eq(now),
    ))
    .returning(FeedRow::as_returning())
    .get_result(conn)
    .await
    .optional()
}

pub(crate) async fn delete(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: Uuid,
) -> QueryResult<usize> {
    diesel::delete(
        calendar_feeds::table.filter(
            calendar_feeds::id
                .eq(id)
                .and(calendar_feeds::user_id.eq(user)),
        ),
    )
    .execute(conn)
    .await
}

/// The feed with this token, and the language of its owner.
pub(crate) async fn find(
    conn: &AsyncPgConnection,
    token_hash: &[u8],
) -> QueryResult<Option<(FeedRow, Lang)>> {
    calendar_feeds::table
        .inner_join(users::table)
        .filter(calendar_feeds::token_hash.eq(token_hash))
        .select((FeedRow::as_select(), users::locale))
        .first(&mut &*conn)
        .await
        .optional()
}

/// How many sessions a feed shows.
const MAX_SESSIONS: i64 = 2000;

/// What a feed reaches over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    /// Cancelled sessions are shown if they were cancelled after this.
    pub(crate) cancelled_after: DateTime<Utc>,
}

/// The sessions of a person, as mentor and as mentee, with what they are called: those that are on or took place, and
/// those that were on and were cancelled lately.
pub(crate) async fn sessions(
    conn: &AsyncPgConnection,
    user: UserId,
    reach: Reach,
) -> QueryResult<Vec<(BookingRow, String)>> {
    let was_on = exists(
        booking_events::table.filter(
            booking_events::booking_id
                .eq(bookings::id)
                .and(booking_events::to_state.eq(BookingState::Confirmed)),
        ),
    );
    bookings::table
        .inner_join(offerings::table)
        .filter(
            bookings::mentor_id
                .eq(user)
                .or(bookings::mentee_id.eq(user)),
        )
        .filter(
            bookings::ends_at
                .gt(reach.from)
                .and(bookings::starts_at.lt(reach.to)),
        )
        .filter(
            bookings::state
                .eq_any([
                    BookingState::Confirmed,
                    BookingState::Completed,
                    BookingState::NoShow,
                ])
                // A request that is held up has never been on.
                .or(bookings::suspended_from.is_not_distinct_from(BookingState::Confirmed))
                .or(bookings::state
                    .eq(BookingState::Cancelled)
                    .and(bookings::updated_at.gt(reach.cancelled_after))
                    .and(was_on)),
        )
        .select((BookingRow::as_select(), offerings::title))
        .order((bookings::starts_at, bookings::id))
        .limit(MAX_SESSIONS)
        .load(&mut &*conn)
        .await
}

/// The group sessions of a person, as mentor and with a seat, with the mentor's name; those that were called off lately
/// too, where the person had a seat in them.
pub(crate) async fn groups(
    conn: &AsyncPgConnection,
    user: UserId,
    reach: Reach,
) -> QueryResult<Vec<(GroupRow, String)>> {
    let seat = || {
        group_seats::table
            .filter(group_seats::session_id.eq(group_sessions::id))
            .filter(group_seats::mentee_id.eq(user))
    };
    let is_off = group_sessions::state.eq(GroupState::Cancelled);
    let is_theirs = group_sessions::mentor_id.eq(user);
    let has_seat = exists(seat().filter(group_seats::state.eq(SeatState::Confirmed)));
    let is_on = group_sessions::state
        .ne(GroupState::Cancelled)
        .and(is_theirs.or(has_seat));
    let was_on = is_off
        .and(group_sessions::updated_at.gt(reach.cancelled_after))
        .and(is_theirs.or(exists(seat())));
    group_sessions::table
        .inner_join(users::table.on(users::id.eq(group_sessions::mentor_id)))
        .filter(group_sessions::ends_at.gt(reach.from))
        .filter(group_sessions::starts_at.lt(reach.to))
        .filter(is_on.or(was_on))
        .select((GroupRow::as_select(), users::display_name))
        .order((group_sessions::starts_at, group_sessions::id))
        .limit(MAX_SESSIONS)
        .load(&mut &*conn)
        .await
}

/// How these people are called.
pub(crate) async fn names(
    conn: &AsyncPgConnection,
    people: &[UserId],
) -> QueryResult<Vec<(UserId, String)>> {
    users::table
        .filter(users::id.eq_any(people))
        .select((users::id, users::display_name))
        .load(&mut &*conn)
        .await
}

/// Whether a booking was ever on: then its people have it in their calendars.
pub(crate) async fn was_confirmed(
    conn: &AsyncPgConnection,
    booking: BookingId,
) -> QueryResult<bool> {
    diesel::select(exists(
        booking_events::table.filter(
            booking_events::booking_id
                .eq(booking)
                .and(booking_events::to_state.eq(BookingState::Confirmed)),
        ),
    ))
    .get_result(&mut &*conn)
    .await
}
