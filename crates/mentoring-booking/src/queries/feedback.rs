use chrono::{DateTime, Utc};
use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BookingId, PageSize, UserId};
use karya_db::schema::{booking_events, booking_feedback, bookings, mentors, users};

use crate::model::{BookingRow, BookingState, FeedbackId, FeedbackRow, MentorState, Side};

/// A booking, kept as it is until the transaction ends.
pub(crate) async fn lock_booking(
    conn: &mut AsyncPgConnection,
    id: BookingId,
) -> QueryResult<Option<BookingRow>> {
    bookings::table
        .find(id)
        .select(BookingRow::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
}

/// When a booking last came into a state.
pub(crate) async fn since(
    conn: &AsyncPgConnection,
    id: BookingId,
    state: BookingState,
) -> QueryResult<Option<DateTime<Utc>>> {
    booking_events::table
        .filter(
            booking_events::booking_id
                .eq(id)
                .and(booking_events::to_state.eq(state)),
        )
        .select(max(booking_events::at))
        .get_result(&mut &*conn)
        .await
}

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &FeedbackRow) -> QueryResult<usize> {
    diesel::insert_into(booking_feedback::table)
        .values(row)
        .execute(conn)
        .await
}

/// Of both sides.
pub(crate) async fn of_booking(
    conn: &AsyncPgConnection,
    id: BookingId,
) -> QueryResult<Vec<FeedbackRow>> {
    booking_feedback::table
        .filter(booking_feedback::booking_id.eq(id))
        .select(FeedbackRow::as_select())
        .load(&mut &*conn)
        .await
}

/// Lets both sides read, at once; what they may read already stays so since then.
pub(crate) async fn reveal(
    conn: &mut AsyncPgConnection,
    id: BookingId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(
        booking_feedback::table.filter(
            booking_feedback::booking_id
                .eq(id)
                .and(booking_feedback::reveal_at.gt(now)),
        ),
    )
    .set(booking_feedback::reveal_at.eq(now))
    .execute(conn)
    .await
}

/// Marks the mentee's feedback as counted if it is revealed and was not; its mentor and rating in that case.
pub(crate) async fn mark_counted(
    conn: &mut AsyncPgConnection,
    id: BookingId,
    now: DateTime<Utc>,
) -> QueryResult<Option<(UserId, i16)>> {
    diesel::update(
        booking_feedback::table.filter(
            booking_feedback::booking_id
                .eq(id)
                .and(booking_feedback::side.eq(Side::Mentee))
                .and(booking_feedback::counted.eq(false))
                .and(booking_feedback::reveal_at.le(now)),
        ),
    )
    .set(booking_feedback::counted.eq(true))
    .returning((booking_feedback::mentor_id, booking_feedback::rating))
    .get_result(conn)
    .await
    .optional()
}

/// The opposite.
pub(crate) async fn mark_uncounted(
    conn: &mut AsyncPgConnection,
    id: BookingId,
) -> QueryResult<Option<(UserId, i16)>> {
    diesel::update(
        booking_feedback::table.filter(
            booking_feedback::booking_id
                .eq(id)
                .and(booking_feedback::counted),
        ),
    )
    .set(booking_feedback::counted.eq(false))
    .returning((booking_feedback::mentor_id, booking_feedback::rating))
    .get_result(conn)
    .await
    .optional()
}

/// Adds to what a mentor's rating is made of.
pub(crate) async fn add_rating(
    conn: &mut AsyncPgConnection,
    mentor: UserId,
    (sum, count): (i32, i32),
) -> QueryResult<usize> {
    diesel::update(mentors::table.find(mentor))
        .set((
            mentors::rating_sum.eq(mentors::rating_sum + sum),
            mentors::rating_count.eq(mentors::rating_count + count),
        ))
        .execute(conn)
        .await
}

/// One completed session more.
pub(crate) async fn add_session(
    conn: &mut AsyncPgConnection,
    mentor: UserId,
) -> QueryResult<usize> {
    diesel::update(mentors::table.find(mentor))
        .set(mentors::completed_sessions.eq(mentors::completed_sessions + 1))
        .execute(conn)
        .await
}

/// One completed session less, never below none.
pub(crate) async fn take_session(
    conn: &mut AsyncPgConnection,
    mentor: UserId,
) -> QueryResult<usize> {
    diesel::update(
        mentors::table
            .find(mentor)
            .filter(mentors::completed_sessions.gt(0)),
    )
    .set(mentors::completed_sessions.eq(mentors::completed_sessions - 1))
    .execute(conn)
    .await
}

/// Whether people see this mentor.
pub(crate) async fn is_approved(conn: &AsyncPgConnection, mentor: UserId) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        mentors::table
            .inner_join(users::table.on(users::id.eq(mentors::user_id)))
            .filter(
                mentors::user_id
                    .eq(mentor)
                    .and(mentors::state.eq(MentorState::Approved))
                    .and(users::state.eq("active")),
            ),
    ))
    .get_result(&mut &*conn)
    .await
}

/// What everybody may read about a mentor, with the names of those who wrote it, the newest first. `after`: reveal
/// and id of the last one of the page before.
pub(crate) async fn list_public(
    conn: &AsyncPgConnection,
    mentor: UserId,
    size: PageSize,
    after: Option<(DateTime<Utc>, FeedbackId)>,
) -> QueryResult<Vec<(FeedbackRow, String)>> {
    let mut query = booking_feedback::table
        .inner_join(users::table)
        .filter(
            booking_feedback::mentor_id
                .eq(mentor)
                .and(booking_feedback::counted),
        )
        .select((FeedbackRow::as_select(), users::display_name))
        .into_boxed();
    if let Some((reveal_at, id)) = after {
        query = query.filter(
            booking_feedback::reveal_at
                .lt(reveal_at)
                .or(booking_feedback::reveal_at
                    .eq(reveal_at)
                    .and(booking_feedback::id.lt(id))),
        );
    }
    query
        .order((
            booking_feedback::reveal_at.desc(),
            booking_feedback::id.desc(),
        ))
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}
