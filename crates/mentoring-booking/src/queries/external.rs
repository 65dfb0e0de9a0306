//! Calendars elsewhere, and when they say that somebody is busy.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::UserId;
use karya_db::schema::{external_busy, external_calendars};
use uuid::Uuid;

use crate::model::{ExternalBusyRow, ExternalCalendarRow};

pub(crate) async fn list(
    conn: &AsyncPgConnection,
    owner: UserId,
) -> QueryResult<Vec<ExternalCalendarRow>> {
    external_calendars::table
        .filter(external_calendars::owner_id.eq(owner))
        .select(ExternalCalendarRow::as_select())
        .order(external_calendars::id)
        .load(&mut &*conn)
        .await
}

pub(crate) async fn find(
    conn: &AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<ExternalCalendarRow>> {
    external_calendars::table
        .find(id)
        .select(ExternalCalendarRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    row: &ExternalCalendarRow,
) -> QueryResult<usize> {
    diesel::insert_into(external_calendars::table)
        .values(row)
        .execute(conn)
        .await
}

pub(crate) async fn update(
    conn: &mut AsyncPgConnection,
    row: &ExternalCalendarRow,
) -> QueryResult<usize> {
    diesel::update(external_calendars::table.find(row.id))
        .set(row)
        .execute(conn)
        .await
}

pub(crate) async fn delete(
    conn: &mut AsyncPgConnection,
    owner: UserId,
    id: Uuid,
) -> QueryResult<usize> {
    diesel::delete(
        external_calendars::table.filter(
            external_calendars::id
                .eq(id)
                .and(external_calendars::owner_id.eq(owner)),
        ),
    )
    .execute(conn)
    .await
}

pub(crate) async fn clear_busy(conn: &mut AsyncPgConnection, calendar: Uuid) -> QueryResult<usize> {
    diesel::delete(external_busy::table.filter(external_busy::calendar_id.eq(calendar)))
        .execute(conn)
        .await
}

/// A statement takes 65,535 values, four a row.
pub(crate) const BUSY_ROWS: usize = 5000;

pub(crate) async fn insert_busy(
    conn: &mut AsyncPgConnection,
    rows: &[ExternalBusyRow],
) -> QueryResult<usize> {
    diesel::insert_into(external_busy::table)
        .values(rows)
        .execute(conn)
        .await
}
