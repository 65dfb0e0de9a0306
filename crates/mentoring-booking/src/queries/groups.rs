use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{GroupSessionId, PageSize, UserId};
use karya_db::schema::{calendars, group_seats, group_sessions, mentors, users};
use uuid::Uuid;

use super::blocks::{blocked_by, blockers_of};
use crate::model::{GroupRow, GroupState, MentorState, Reach, SeatRow, SeatState};

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &GroupRow) -> QueryResult<usize> {
    diesel::insert_into(group_sessions::table)
        .values(row)
        .execute(conn)
        .await
}

/// With the name of the mentor.
pub(crate) async fn find(
    conn: &AsyncPgConnection,
    id: GroupSessionId,
) -> QueryResult<Option<(GroupRow, String)>> {
    group_sessions::table
        .inner_join(users::table.on(users::id.eq(group_sessions::mentor_id)))
        .filter(group_sessions::id.eq(id))
        .select((GroupRow::as_select(), users::display_name))
        .first(&mut &*conn)
        .await
        .optional()
}

/// Locks the row until the transaction ends.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    id: GroupSessionId,
) -> QueryResult<Option<GroupRow>> {
    group_sessions::table
        .find(id)
        .select(GroupRow::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
}

/// Writes all of a locked row.
pub(crate) async fn update(conn: &mut AsyncPgConnection, row: &GroupRow) -> QueryResult<usize> {
    diesel::update(group_sessions::table.find(row.id))
        .set(row)
        .execute(conn)
        .await
}

/// Counts one more seat, if there is one.
pub(crate) async fn count_in(
    conn: &mut AsyncPgConnection,
    id: GroupSessionId,
) -> QueryResult<usize> {
    diesel::update(
        group_sessions::table.find(id).filter(
            group_sessions::state
                .eq(GroupState::Open)
                .and(group_sessions::seats_taken.lt(group_sessions::capacity)),
        ),
    )
    .set(group_sessions::seats_taken.eq(group_sessions::seats_taken + 1))
    .execute(conn)
    .await
}

/// Counts so many seats less.
pub(crate) async fn count_out(
    conn: &mut AsyncPgConnection,
    id: GroupSessionId,
    seats: i16,
) -> QueryResult<usize> {
    diesel::update(group_sessions::table.find(id))
        .set(group_sessions::seats_taken.eq(group_sessions::seats_taken - seats))
        .execute(conn)
        .await
}

pub(crate) async fn insert_seat(conn: &mut AsyncPgConnection, row: &SeatRow) -> QueryResult<usize> {
    diesel::insert_into(group_seats::table)
        .values(row)
        .execute(conn)
        .await
}

/// The live seat of somebody, if they have one.
pub(crate) async fn seat_of(
    conn: &AsyncPgConnection,
    id: GroupSessionId,
    mentee: UserId,
) -> QueryResult<Option<SeatRow>> {
    group_seats::table
        .filter(
            group_seats::session_id
                .eq(id)
                .and(group_seats::mentee_id.eq(mentee))
                .and(group_seats::state.eq_any(SeatState::LIVE)),
        )
        .select(SeatRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The live seats, with the names of the people, by name.
pub(crate) async fn seats(
    conn: &AsyncPgConnection,
    id: GroupSessionId,
) -> QueryResult<Vec<(SeatRow, String)>> {
    group_seats::table
        .inner_join(users::table)
        .filter(
            group_seats::session_id
                .eq(id)
                .and(group_seats::state.eq_any(SeatState::LIVE)),
        )
        .select((SeatRow::as_select(), users::display_name))
        .order((users::display_name, group_seats::id))
        .load(&mut &*conn)
        .await
}

pub(crate) async fn set_seats(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    seats: &[Uuid],
    state: SeatState,
) -> QueryResult<usize> {
    diesel::update(group_seats::table.filter(group_seats::id.eq_any(seats)))
        .set((
            group_seats::state.eq(state),
            group_seats::updated_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// Notes for every confirmed seat whether its owner is among those who came.
pub(crate) async fn set_attendance(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: GroupSessionId,
    came: &[UserId],
) -> QueryResult<usize> {
    diesel::update(
        group_seats::table.filter(
            group_seats::session_id
                .eq(id)
                .and(group_seats::state.eq(SeatState::Confirmed)),
        ),
    )
    .set((
        group_seats::attended.eq(group_seats::mentee_id.eq_any(came).nullable()),
        group_seats::updated_at.eq(now),
    ))
    .execute(conn)
    .await
}

/// The sessions of a mentor that people may still join.
pub(crate) async fn ahead(
    conn: &AsyncPgConnection,
    mentor: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<GroupSessionId>> {
    group_sessions::table
        .filter(
            group_sessions::mentor_id
                .eq(mentor)
                .and(group_sessions::state.eq(GroupState::Open))
                .and(group_sessions::starts_at.gt(now)),
        )
        .select(group_sessions::id)
        .load(&mut &*conn)
        .await
}

/// The sessions that an alert reaches: where their mentor is.
pub(crate) async fn reached(
    conn: &AsyncPgConnection,
    reach: &Reach,
) -> QueryResult<Vec<GroupSessionId>> {
    group_sessions::table
        .inner_join(calendars::table.on(calendars::user_id.eq(group_sessions::mentor_id)))
        .filter(
            group_sessions::state
                .eq_any([GroupState::Open, GroupState::Suspended])
                .and(group_sessions::starts_at.lt(reach.to))
                .and(group_sessions::ends_at.gt(reach.from))
                .and(group_sessions::mode.eq_any(&reach.modes))
                .and(calendars::region_code.similar_to(reach.pattern())),
        )
        .select(group_sessions::id)
        .order(group_sessions::id)
        .load(&mut &*conn)
        .await
}

/// Which group sessions a list shows.
#[derive(Debug, Clone)]
pub(crate) struct GroupFilter {
    /// Only those that start at this instant or later.
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: Option<DateTime<Utc>>,
    pub(crate) mentor: Option<UserId>,
    pub(crate) subsector: Option<String>,
    /// Not those of mentors whom they have blocked, or who have blocked them.
    pub(crate) viewer: Option<UserId>,
}

/// Open ones of approved mentors who take no break then, by start. `after`: start and id of the last one of the page before.
pub(crate) async fn list(
    conn: &AsyncPgConnection,
    filter: GroupFilter,
    size: PageSize,
    after: Option<(DateTime<Utc>, GroupSessionId)>,
) -> QueryResult<Vec<(GroupRow, String)>> {
    let mut query = group_sessions::table
        .inner_join(mentors::table)
        .inner_join(users::table.on(users::id.eq(group_sessions::mentor_id)))
        .inner_join(calendars::table.on(calendars::user_id.eq(group_sessions::mentor_id)))
        .filter(
            group_sessions::state
                .eq(GroupState::Open)
                .and(mentors::state.eq(MentorState::Approved))
                .and(users::state.eq("active"))
                .and(group_sessions::starts_at.ge(filter.from)),
        )
        .filter(
            calendars::paused_until.is_null().or(calendars::paused_until
                .le(group_sessions::starts_at.nullable())
                .assume_not_null()),
        )
        .select((GroupRow::as_select(), users::display_name))
        .into_boxed();
    if let Some(to) = filter.to {
        query = query.filter(group_sessions::starts_at.lt(to));
    }
    if let Some(mentor) = filter.mentor {
        query = query.filter(group_sessions::mentor_id.eq(mentor));
    }
    if let Some(viewer) = filter.viewer {
        query = query.filter(
            group_sessions::mentor_id
                .ne_all(blocked_by(viewer))
                .and(group_sessions::mentor_id.ne_all(blockers_of(viewer))),
        );
    }
    if let Some(subsector) = filter.subsector {
        query = query.filter(mentors::subsectors.contains(vec![subsector]));
    }
    if let Some((starts_at, id)) = after {
        query = query.filter(
            group_sessions::starts_at
                .gt(starts_at)
                .or(group_sessions::starts_at
                    .eq(starts_at)
                    .and(group_sessions::id.gt(id))),
        );
    }
    query
        .order((group_sessions::starts_at, group_sessions::id))
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

/// Whether somebody had a seat at some time, or has one.
pub(crate) async fn had_seat(
    conn: &AsyncPgConnection,
    session: GroupSessionId,
    mentee: UserId,
) -> QueryResult<bool> {
    let seats = group_seats::table
        .filter(group_seats::session_id.eq(session))
        .filter(group_seats::mentee_id.eq(mentee));
    diesel::select(exists(seats)).get_result(&mut &*conn).await
}
