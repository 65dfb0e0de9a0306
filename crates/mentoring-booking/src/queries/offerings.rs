use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{OfferingId, PageSize, UserId};
use karya_db::schema::{calendars, mentors, offerings, users};

use super::blocks::{blocked_by, blockers_of};
use crate::model::{CalendarRow, MentorState, OfferingRow};

/// An offering that can be booked: open, of an approved mentor; with the mentor's calendar. To whoever has blocked the
/// mentor, or is blocked by them, there is none.
pub(crate) async fn find_open(
    conn: &AsyncPgConnection,
    id: OfferingId,
    viewer: Option<UserId>,
) -> QueryResult<Option<(OfferingRow, CalendarRow)>> {
    let mut query = offerings::table
        .inner_join(mentors::table)
        .inner_join(users::table.on(users::id.eq(offerings::mentor_id)))
        .inner_join(calendars::table.on(calendars::user_id.eq(offerings::mentor_id)))
        .filter(
            offerings::id
                .eq(id)
                .and(offerings::active)
                .and(mentors::state.eq(MentorState::Approved))
                // A locked account offers nothing.
                .and(users::state.eq("active")),
        )
        .select((OfferingRow::as_select(), CalendarRow::as_select()))
        .into_boxed();
    if let Some(viewer) = viewer {
        query = query.filter(
            offerings::mentor_id
                .ne_all(blocked_by(viewer))
                .and(offerings::mentor_id.ne_all(blockers_of(viewer))),
        );
    }
    query.first(&mut &*conn).await.optional()
}

/// An offering in whatever state.
pub(crate) async fn find(
    conn: &AsyncPgConnection,
    id: OfferingId,
) -> QueryResult<Option<OfferingRow>> {
    offerings::table
        .find(id)
        .select(OfferingRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// An offering in whatever state, with what decides who may see it: the state of the mentor and of their account.
pub(crate) async fn find_with_mentor(
    conn: &AsyncPgConnection,
    id: OfferingId,
) -> QueryResult<Option<(OfferingRow, MentorState, String)>> {
    offerings::table
        .inner_join(mentors::table)
        .inner_join(users::table.on(users::id.eq(offerings::mentor_id)))
        .filter(offerings::id.eq(id))
        .select((OfferingRow::as_select(), mentors::state, users::state))
        .first(&mut &*conn)
        .await
        .optional()
}

/// The offerings of a mentor, oldest first; all, or the open ones. `after`: the last id of the page before.
pub(crate) async fn list_of_mentor(
    conn: &AsyncPgConnection,
    mentor: UserId,
    only_open: bool,
    size: PageSize,
    after: Option<OfferingId>,
) -> QueryResult<Vec<OfferingRow>> {
    let mut query = offerings::table
        .filter(offerings::mentor_id.eq(mentor))
        .select(OfferingRow::as_select())
        .into_boxed();
    if only_open {
        query = query.filter(offerings::active);
    }
    if let Some(id) = after {
        query = query.filter(offerings::id.gt(id));
    }
    query
        .order(offerings::id)
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

pub(crate) async fn count_open(conn: &AsyncPgConnection, mentor: UserId) -> QueryResult<i64> {
    offerings::table
        .filter(offerings::mentor_id.eq(mentor).and(offerings::active))
        .count()
        .get_result(&mut &*conn)
        .await
}

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &OfferingRow) -> QueryResult<usize> {
    diesel::insert_into(offerings::table)
        .values(row)
        .execute(conn)
        .await
}

/// Writes the row if the offering still has the version before it.
pub(crate) async fn update(conn: &mut AsyncPgConnection, row: &OfferingRow) -> QueryResult<usize> {
    diesel::update(
        offerings::table
            .find(row.id)
            .filter(offerings::version.eq(row.version - 1)),
    )
    .set(row)
    .execute(conn)
    .await
}
