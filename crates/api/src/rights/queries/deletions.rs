use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BusinessId, Role, UserId};
use karya_db::schema::{account_deletions, user_roles, users};
use uuid::Uuid;

karya_core::text_enum! {
    /// How far the deletion of an account is.
    pub enum DeletionState {
        /// The account is closed, and it can be taken back.
        Pending = "pending",
        Cancelled = "cancelled",
        /// Everything personal is erased.
        Done = "done",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = account_deletions, check_for_backend(diesel::pg::Pg))]
pub(in crate::rights) struct Deletion {
    pub(in crate::rights) id: Uuid,
    pub(in crate::rights) user_id: UserId,
    pub(in crate::rights) state: DeletionState,
    pub(in crate::rights) asked_at: DateTime<Utc>,
    pub(in crate::rights) effective_at: DateTime<Utc>,
    pub(in crate::rights) ended_at: Option<DateTime<Utc>>,
    pub(in crate::rights) paused_businesses: Vec<Option<BusinessId>>,
    pub(in crate::rights) farewell_sealed: Option<Vec<u8>>,
}

pub(in crate::rights) async fn insert_deletion(
    conn: &mut AsyncPgConnection,
    deletion: &Deletion,
) -> QueryResult<usize> {
    diesel::insert_into(account_deletions::table)
        .values(deletion)
        .execute(conn)
        .await
}

pub(in crate::rights) async fn find_deletion(
    conn: &AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<Deletion>> {
    account_deletions::table
        .find(id)
        .select(Deletion::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The last deletion that an account asked for.
pub(in crate::rights) async fn last_deletion(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Option<Deletion>> {
    account_deletions::table
        .filter(account_deletions::user_id.eq(user))
        .select(Deletion::as_select())
        .order(account_deletions::id.desc())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Ends a deletion that is pending; of cancelling and erasing, one does.
pub(in crate::rights) async fn end_deletion(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    (state, farewell): (DeletionState, Option<Vec<u8>>),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let pending = account_deletions::table
        .find(id)
        .filter(account_deletions::state.eq(DeletionState::Pending));
    diesel::update(pending)
        .set((
            account_deletions::state.eq(state),
            account_deletions::ended_at.eq(now),
            account_deletions::farewell_sealed.eq(farewell),
        ))
        .execute(conn)
        .await
}

pub(in crate::rights) async fn forget_farewell(
    conn: &mut AsyncPgConnection,
    id: Uuid,
) -> QueryResult<usize> {
    diesel::update(account_deletions::table.find(id))
        .set(account_deletions::farewell_sealed.eq(None::<Vec<u8>>))
        .execute(conn)
        .await
}

/// Last mails that could not be sent until `before`.
pub(in crate::rights) async fn forget_old_farewells(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    let old = account_deletions::farewell_sealed
        .is_not_null()
        .and(account_deletions::ended_at.lt(before).assume_not_null());
    diesel::update(account_deletions::table.filter(old))
        .set(account_deletions::farewell_sealed.eq(None::<Vec<u8>>))
        .execute(conn)
        .await
}

/// Locks the administrators, in the order of their ids: two of them cannot leave at once.
pub(in crate::rights) async fn lock_admins(
    conn: &mut AsyncPgConnection,
) -> QueryResult<Vec<UserId>> {
    user_roles::table
        .filter(user_roles::role.eq(Role::Admin))
        .select(user_roles::user_id)
        .order(user_roles::user_id)
        .for_update()
        .load(conn)
        .await
}

/// Which of these accounts may be used.
pub(in crate::rights) async fn active_among(
    conn: &AsyncPgConnection,
    accounts: &[UserId],
) -> QueryResult<Vec<UserId>> {
    users::table
        .filter(users::id.eq_any(accounts).and(users::state.eq("active")))
        .select(users::id)
        .load(&mut &*conn)
        .await
}

/// Runs one statement about what is stored on somebody.
///
/// SQL text, from constants: the query builder cannot write a table that is named at run time. What is added names the
/// time, so that every statement takes the same two parameters; statements end with their condition.
pub(in crate::rights) async fn erase(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
    statement: &str,
) -> QueryResult<usize> {
    diesel::sql_query(format!("{statement} AND $2 IS NOT NULL"))
        .bind::<SqlUuid, _>(user.as_uuid())
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await
}
