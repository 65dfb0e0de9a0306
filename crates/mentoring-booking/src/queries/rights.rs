use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BookingId, GroupSessionId, UserId};
use karya_db::schema::{
    bookings, calendars, group_seats, group_sessions, mentorships, waitlist_entries,
};

use crate::model::{
    BookingState, GroupState, MentorshipRow, MentorshipState, SeatState, WaitlistState,
};

/// The sessions of somebody that are still to come, on whichever side.
pub(crate) async fn bookings_ahead(
    conn: &AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<BookingId>> {
    let theirs = bookings::mentor_id
        .eq(user)
        .or(bookings::mentee_id.eq(user));
    bookings::table
        .filter(
            theirs
                .and(bookings::starts_at.gt(now))
                .and(bookings::state.eq_any(BookingState::LIVE)),
        )
        .select(bookings::id)
        .order(bookings::id)
        .load(&mut &*conn)
        .await
}

/// The group sessions of a mentor that are still to come.
pub(crate) async fn hosted_ahead(
    conn: &AsyncPgConnection,
    mentor: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<GroupSessionId>> {
    group_sessions::table
        .filter(
            group_sessions::mentor_id
                .eq(mentor)
                .and(group_sessions::state.ne(GroupState::Cancelled))
                .and(group_sessions::starts_at.gt(now)),
        )
        .select(group_sessions::id)
        .order(group_sessions::id)
        .load(&mut &*conn)
        .await
}

/// The group sessions still to come in which somebody has a seat, or a place in the line.
pub(crate) async fn joined_ahead(
    conn: &AsyncPgConnection,
    mentee: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<GroupSessionId>> {
    let seated = group_seats::table
        .filter(
            group_seats::mentee_id
                .eq(mentee)
                .and(group_seats::state.eq_any(SeatState::LIVE)),
        )
        .select(group_seats::session_id);
    let waiting = waitlist_entries::table
        .filter(
            waitlist_entries::mentee_id
                .eq(mentee)
                .and(waitlist_entries::state.eq_any(WaitlistState::LIVE)),
        )
        .select(waitlist_entries::session_id);
    let joined = group_sessions::id
        .eq_any(seated)
        .or(group_sessions::id.eq_any(waiting));
    group_sessions::table
        .filter(joined.and(group_sessions::starts_at.gt(now)))
        .select(group_sessions::id)
        .order(group_sessions::id)
        .load(&mut &*conn)
        .await
}

/// The mentorships of somebody that are proposed or active.
pub(crate) async fn mentorships_of(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Vec<MentorshipRow>> {
    let theirs = mentorships::mentor_id
        .eq(user)
        .or(mentorships::mentee_id.eq(user));
    let live = [MentorshipState::Proposed, MentorshipState::Active];
    mentorships::table
        .filter(theirs.and(mentorships::state.eq_any(live)))
        .select(MentorshipRow::as_select())
        .order(mentorships::id)
        .load(&mut &*conn)
        .await
}

/// Locks every group session of a mentor, in the order of their ids.
pub(crate) async fn lock_hosted(
    conn: &mut AsyncPgConnection,
    mentor: UserId,
) -> QueryResult<usize> {
    let locked: Vec<GroupSessionId> = group_sessions::table
        .filter(group_sessions::mentor_id.eq(mentor))
        .select(group_sessions::id)
        .order(group_sessions::id)
        .for_no_key_update()
        .load(conn)
        .await?;
    Ok(locked.len())
}

/// Locks the calendar of somebody, if there is one, so that it can be deleted.
pub(crate) async fn lock_calendar(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<usize> {
    let locked: Vec<UserId> = calendars::table
        .find(user)
        .select(calendars::user_id)
        .for_update()
        .load(conn)
        .await?;
    Ok(locked.len())
}
