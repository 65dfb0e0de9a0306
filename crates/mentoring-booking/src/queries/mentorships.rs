use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{PageSize, UserId};
use karya_db::schema::{action_items, bookings, mentorship_goals, mentorships, users};

use crate::model::{
    ActionItemId, ActionItemRow, GoalId, GoalRow, MentorshipId, MentorshipRow, MentorshipState,
};

/// Whether these two have ever booked a session.
pub(crate) async fn have_booked(
    conn: &AsyncPgConnection,
    mentor: UserId,
    mentee: UserId,
) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        bookings::table.inner_join(users::table).filter(
            bookings::mentor_id
                .eq(mentor)
                .and(bookings::mentee_id.eq(mentee))
                // Whose account is shut hears of nothing.
                .and(users::state.eq("active")),
        ),
    ))
    .get_result(&mut &*conn)
    .await
}

pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    row: &MentorshipRow,
) -> QueryResult<usize> {
    diesel::insert_into(mentorships::table)
        .values(row)
        .execute(conn)
        .await
}

pub(crate) async fn find(
    conn: &AsyncPgConnection,
    id: MentorshipId,
) -> QueryResult<Option<MentorshipRow>> {
    mentorships::table
        .find(id)
        .select(MentorshipRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The same, kept as it is until the transaction ends.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    id: MentorshipId,
) -> QueryResult<Option<MentorshipRow>> {
    mentorships::table
        .find(id)
        .select(MentorshipRow::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
}

/// Writes a row that is locked.
pub(crate) async fn update(
    conn: &mut AsyncPgConnection,
    row: &MentorshipRow,
) -> QueryResult<usize> {
    diesel::update(mentorships::table.find(row.id))
        .set(row)
        .execute(conn)
        .await
}

/// Those of a person, the newest first. `after`: the last one of the page before.
pub(crate) async fn list(
    conn: &AsyncPgConnection,
    user: UserId,
    state: Option<MentorshipState>,
    size: PageSize,
    after: Option<MentorshipId>,
) -> QueryResult<Vec<MentorshipRow>> {
    let mut query = mentorships::table
        .filter(
            mentorships::mentor_id
                .eq(user)
                .or(mentorships::mentee_id.eq(user)),
        )
        .select(MentorshipRow::as_select())
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(mentorships::state.eq(state));
    }
    if let Some(id) = after {
        query = query.filter(mentorships::id.lt(id));
    }
    query
        .order(mentorships::id.desc())
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

/// The goals of a mentorship, the oldest first. `after`: the last one of the page before.
pub(crate) async fn goals(
    conn: &AsyncPgConnection,
    id: MentorshipId,
    size: PageSize,
    after: Option<GoalId>,
) -> QueryResult<Vec<GoalRow>> {
    let mut query = mentorship_goals::table
        .filter(mentorship_goals::mentorship_id.eq(id))
        .select(GoalRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(mentorship_goals::id.gt(after));
    }
    query
        .order(mentorship_goals::id)
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

pub(crate) async fn count_goals(conn: &AsyncPgConnection, id: MentorshipId) -> QueryResult<i64> {
    mentorship_goals::table
        .filter(mentorship_goals::mentorship_id.eq(id))
        .count()
        .get_result(&mut &*conn)
        .await
}

pub(crate) async fn insert_goal(conn: &mut AsyncPgConnection, row: &GoalRow) -> QueryResult<usize> {
    diesel::insert_into(mentorship_goals::table)
        .values(row)
        .execute(conn)
        .await
}

/// A goal with its mentorship.
pub(crate) async fn find_goal(
    conn: &AsyncPgConnection,
    id: GoalId,
) -> QueryResult<Option<(GoalRow, MentorshipRow)>> {
    mentorship_goals::table
        .inner_join(mentorships::table)
        .filter(mentorship_goals::id.eq(id))
        .select((GoalRow::as_select(), MentorshipRow::as_select()))
        .first(&mut &*conn)
        .await
        .optional()
}

/// Writes the goal if it still has the version before it.
pub(crate) async fn update_goal(conn: &mut AsyncPgConnection, row: &GoalRow) -> QueryResult<usize> {
    diesel::update(
        mentorship_goals::table
            .find(row.id)
            .filter(mentorship_goals::version.eq(row.version - 1)),
    )
    .set(row)
    .execute(conn)
    .await
}

/// The action items of a goal, the oldest first. `after`: the last one of the page before.
pub(crate) async fn items(
    conn: &AsyncPgConnection,
    id: GoalId,
    size: PageSize,
    after: Option<ActionItemId>,
) -> QueryResult<Vec<ActionItemRow>> {
    let mut query = action_items::table
        .filter(action_items::goal_id.eq(id))
        .select(ActionItemRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(action_items::id.gt(after));
    }
    query
        .order(action_items::id)
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

pub(crate) async fn count_items(conn: &AsyncPgConnection, id: GoalId) -> QueryResult<i64> {
    action_items::table
        .filter(action_items::goal_id.eq(id))
        .count()
        .get_result(&mut &*conn)
        .await
}

pub(crate) async fn insert_item(
    conn: &mut AsyncPgConnection,
    row: &ActionItemRow,
) -> QueryResult<usize> {
    diesel::insert_into(action_items::table)
        .values(row)
        .execute(conn)
        .await
}

/// An action item, kept as it is until the transaction ends, with its mentorship.
pub(crate) async fn lock_item(
    conn: &mut AsyncPgConnection,
    id: ActionItemId,
) -> QueryResult<Option<ActionItemRow>> {
    action_items::table
        .find(id)
        .select(ActionItemRow::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
}

/// Writes a row that is locked.
pub(crate) async fn update_item(
    conn: &mut AsyncPgConnection,
    row: &ActionItemRow,
) -> QueryResult<usize> {
    diesel::update(action_items::table.find(row.id))
        .set((
            action_items::done_at.eq(row.done_at),
            action_items::version.eq(row.version),
            action_items::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
        .await
}
