use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BookingId, GroupSessionId, PageSize, UserId};
use karya_db::schema::{
    blocks, bookings, group_seats, group_sessions, mentorships, time_claims, users,
    waitlist_entries,
};
use uuid::Uuid;

use crate::model::{
    BlockId, BlockRow, BookingRow, BookingState, ClaimKind, GroupRow, GroupState, MentorshipRow,
    MentorshipState, SeatRow, SeatState, WaitlistRow, WaitlistState,
};

/// Whom somebody has blocked, to be left out of another query.
pub(crate) fn blocked_by(user: UserId) -> blocks::BoxedQuery<'static, Pg, SqlUuid> {
    blocks::table
        .filter(blocks::blocker_id.eq(user))
        .select(blocks::blocked_id)
        .into_boxed()
}

/// Who has blocked somebody, to be left out of another query.
pub(crate) fn blockers_of(user: UserId) -> blocks::BoxedQuery<'static, Pg, SqlUuid> {
    blocks::table
        .filter(blocks::blocked_id.eq(user))
        .select(blocks::blocker_id)
        .into_boxed()
}

/// Whether one of the two has blocked the other.
pub(crate) async fn between(
    conn: &AsyncPgConnection,
    one: UserId,
    other: UserId,
) -> QueryResult<bool> {
    let pair = [one, other];
    // Nobody blocks themself, so that both in the pair are two people.
    let either = blocks::table.filter(
        blocks::blocker_id
            .eq_any(pair)
            .and(blocks::blocked_id.eq_any(pair)),
    );
    diesel::select(diesel::dsl::exists(either))
        .get_result(&mut &*conn)
        .await
}

/// Writes a block unless there is one.
pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &BlockRow) -> QueryResult<usize> {
    diesel::insert_into(blocks::table)
        .values(row)
        .on_conflict((blocks::blocker_id, blocks::blocked_id))
        .do_nothing()
        .execute(conn)
        .await
}

pub(crate) async fn find(
    conn: &AsyncPgConnection,
    blocker: UserId,
    blocked: UserId,
) -> QueryResult<BlockRow> {
    blocks::table
        .filter(
            blocks::blocker_id
                .eq(blocker)
                .and(blocks::blocked_id.eq(blocked)),
        )
        .select(BlockRow::as_select())
        .first(&mut &*conn)
        .await
}

/// Whom somebody has blocked, with their names, the newest first. `after`: the last one of the page before.
pub(crate) async fn list(
    conn: &AsyncPgConnection,
    blocker: UserId,
    size: PageSize,
    after: Option<BlockId>,
) -> QueryResult<Vec<(BlockRow, String)>> {
    let mut query = blocks::table
        .inner_join(users::table)
        .filter(blocks::blocker_id.eq(blocker))
        .select((BlockRow::as_select(), users::display_name))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(blocks::id.lt(after));
    }
    query
        .order(blocks::id.desc())
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

pub(crate) async fn delete(
    conn: &mut AsyncPgConnection,
    blocker: UserId,
    id: BlockId,
) -> QueryResult<usize> {
    diesel::delete(
        blocks::table
            .find(id)
            .filter(blocks::blocker_id.eq(blocker)),
    )
    .execute(conn)
    .await
}

/// How somebody is called, if there is such an account.
pub(crate) async fn name(conn: &AsyncPgConnection, user: UserId) -> QueryResult<Option<String>> {
    users::table
        .find(user)
        .select(users::display_name)
        .first(&mut &*conn)
        .await
        .optional()
}

/// The sessions of these two with each other that are still to come, whoever is the mentor.
pub(crate) async fn bookings_ahead(
    conn: &AsyncPgConnection,
    pair: [UserId; 2],
    now: DateTime<Utc>,
) -> QueryResult<Vec<BookingRow>> {
    bookings::table
        .filter(
            bookings::mentor_id
                .eq_any(pair)
                .and(bookings::mentee_id.eq_any(pair))
                .and(bookings::starts_at.gt(now))
                .and(bookings::state.eq_any(BookingState::LIVE)),
        )
        .select(BookingRow::as_select())
        .order(bookings::id)
        .load(&mut &*conn)
        .await
}

/// Takes back that these were cancelled late.
pub(crate) async fn excuse(conn: &mut AsyncPgConnection, ids: &[BookingId]) -> QueryResult<usize> {
    diesel::update(bookings::table.filter(bookings::id.eq_any(ids).and(bookings::late)))
        .set(bookings::late.eq(false))
        .execute(conn)
        .await
}

/// What the holds are kept for that one of the two has with the other.
pub(crate) async fn holds(conn: &AsyncPgConnection, pair: [UserId; 2]) -> QueryResult<Vec<Uuid>> {
    let of = |owner: UserId| {
        time_claims::table
            .filter(
                time_claims::owner_id
                    .eq(owner)
                    .and(time_claims::kind.eq(ClaimKind::Hold)),
            )
            .select(time_claims::ref_id)
    };
    let [one, other] = pair;
    of(one).intersect(of(other)).load(&mut &*conn).await
}

/// Locks the group sessions of these mentors that are still to come, in the order of their ids.
pub(crate) async fn lock_groups(
    conn: &mut AsyncPgConnection,
    mentors: [UserId; 2],
    now: DateTime<Utc>,
) -> QueryResult<Vec<GroupRow>> {
    group_sessions::table
        .filter(
            group_sessions::mentor_id
                .eq_any(mentors)
                .and(group_sessions::state.ne(GroupState::Cancelled))
                .and(group_sessions::starts_at.gt(now)),
        )
        .select(GroupRow::as_select())
        .order(group_sessions::id)
        .for_no_key_update()
        .load(conn)
        .await
}

/// The live seats of these people in these group sessions.
pub(crate) async fn seats(
    conn: &AsyncPgConnection,
    sessions: &[GroupSessionId],
    people: [UserId; 2],
) -> QueryResult<Vec<SeatRow>> {
    group_seats::table
        .filter(
            group_seats::session_id
                .eq_any(sessions)
                .and(group_seats::mentee_id.eq_any(people))
                .and(group_seats::state.eq_any(SeatState::LIVE)),
        )
        .select(SeatRow::as_select())
        .load(&mut &*conn)
        .await
}

/// The places of these people in the lines of these group sessions.
pub(crate) async fn places(
    conn: &AsyncPgConnection,
    sessions: &[GroupSessionId],
    people: [UserId; 2],
) -> QueryResult<Vec<WaitlistRow>> {
    waitlist_entries::table
        .filter(
            waitlist_entries::session_id
                .eq_any(sessions)
                .and(waitlist_entries::mentee_id.eq_any(people))
                .and(waitlist_entries::state.eq_any(WaitlistState::LIVE)),
        )
        .select(WaitlistRow::as_select())
        .load(&mut &*conn)
        .await
}

/// Locks the mentorships of these two that are proposed or active.
pub(crate) async fn lock_mentorships(
    conn: &mut AsyncPgConnection,
    pair: [UserId; 2],
) -> QueryResult<Vec<MentorshipRow>> {
    mentorships::table
        .filter(
            mentorships::mentor_id
                .eq_any(pair)
                .and(mentorships::mentee_id.eq_any(pair))
                .and(
                    mentorships::state.eq_any([MentorshipState::Proposed, MentorshipState::Active]),
                ),
        )
        .select(MentorshipRow::as_select())
        .order(mentorships::id)
        .for_no_key_update()
        .load(conn)
        .await
}
