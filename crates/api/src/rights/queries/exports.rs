use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Jsonb, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::UserId;
use karya_db::schema::data_exports;
use uuid::Uuid;

use crate::rights::tables::Rows;

karya_core::text_enum! {
    /// How far an export is.
    pub enum ExportState {
        Preparing = "preparing",
        Ready = "ready",
    }
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = data_exports, check_for_backend(diesel::pg::Pg))]
pub(in crate::rights) struct Export {
    pub(in crate::rights) id: Uuid,
    pub(in crate::rights) user_id: UserId,
    pub(in crate::rights) state: ExportState,
    pub(in crate::rights) asked_at: DateTime<Utc>,
    pub(in crate::rights) ready_at: Option<DateTime<Utc>>,
    pub(in crate::rights) expires_at: Option<DateTime<Utc>>,
    pub(in crate::rights) object_key: Option<String>,
    pub(in crate::rights) size: Option<i32>,
}

pub(in crate::rights) async fn insert_export(
    conn: &mut AsyncPgConnection,
    export: &Export,
) -> QueryResult<usize> {
    diesel::insert_into(data_exports::table)
        .values(export)
        .execute(conn)
        .await
}

pub(in crate::rights) async fn count_exports(
    conn: &AsyncPgConnection,
    user: UserId,
    since: DateTime<Utc>,
) -> QueryResult<i64> {
    data_exports::table
        .filter(
            data_exports::user_id
                .eq(user)
                .and(data_exports::asked_at.gt(since)),
        )
        .count()
        .get_result(&mut &*conn)
        .await
}

pub(in crate::rights) async fn find_export(
    conn: &AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<Export>> {
    data_exports::table
        .find(id)
        .select(Export::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The exports of an account that have not expired, the newest first.
pub(in crate::rights) async fn exports_of(
    conn: &AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Export>> {
    let alive = data_exports::expires_at
        .is_null()
        .or(data_exports::expires_at.gt(now).assume_not_null());
    data_exports::table
        .filter(data_exports::user_id.eq(user).and(alive))
        .select(Export::as_select())
        .order(data_exports::id.desc())
        .limit(100)
        .load(&mut &*conn)
        .await
}

/// Makes an export ready; of several that made it, one does.
pub(in crate::rights) async fn set_ready(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    (object_key, size): (&str, i32),
    (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> QueryResult<usize> {
    let preparing = data_exports::table
        .find(id)
        .filter(data_exports::state.eq(ExportState::Preparing));
    diesel::update(preparing)
        .set((
            data_exports::state.eq(ExportState::Ready),
            data_exports::ready_at.eq(now),
            data_exports::expires_at.eq(expires_at),
            data_exports::object_key.eq(object_key),
            data_exports::size.eq(size),
        ))
        .execute(conn)
        .await
}

/// A trigger gives their objects up.
pub(in crate::rights) async fn delete_expired(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(data_exports::table.filter(data_exports::expires_at.le(now)))
        .execute(conn)
        .await
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Jsonb)]
    rows: serde_json::Value,
}

/// The rows of a table that are about a person, as they are stored.
///
/// SQL text, from constants: the query builder cannot read a table that is named at run time.
pub(in crate::rights) async fn rows_about(
    conn: &AsyncPgConnection,
    user: UserId,
    table: &'static str,
    rows: &Rows,
) -> QueryResult<serde_json::Value> {
    let filter = rows.filter;
    let found: Found = diesel::sql_query(format!(
        "SELECT coalesce(jsonb_agg(to_jsonb(t) - $2), '[]') AS rows FROM {table} AS t WHERE {filter}"
    ))
    .bind::<SqlUuid, _>(user.as_uuid())
    .bind::<Array<Text>, _>(rows.hide)
    .get_result(&mut &*conn)
    .await?;
    Ok(found.rows)
}
