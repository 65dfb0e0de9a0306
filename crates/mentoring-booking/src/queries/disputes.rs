use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BookingId, PageSize};
use karya_db::schema::{booking_disputes, bookings};

use crate::model::{BookingRow, DisputeRow};

pub(crate) async fn find(
    conn: &AsyncPgConnection,
    id: BookingId,
) -> QueryResult<Option<DisputeRow>> {
    booking_disputes::table
        .find(id)
        .select(DisputeRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &DisputeRow) -> QueryResult<usize> {
    diesel::insert_into(booking_disputes::table)
        .values(row)
        .execute(conn)
        .await
}

/// Writes what was decided.
pub(crate) async fn resolve(conn: &mut AsyncPgConnection, row: &DisputeRow) -> QueryResult<usize> {
    diesel::update(booking_disputes::table.find(row.booking_id))
        .set((
            booking_disputes::outcome.eq(row.outcome),
            booking_disputes::note.eq(&row.note),
            booking_disputes::resolved_by.eq(row.resolved_by),
            booking_disputes::resolved_at.eq(row.resolved_at),
        ))
        .execute(conn)
        .await
}

/// The oldest first, with their bookings. `resolved`: only those that are, or are not. `after`: opening and booking
/// of the last one of the page before.
pub(crate) async fn list(
    conn: &AsyncPgConnection,
    resolved: Option<bool>,
    size: PageSize,
    after: Option<(DateTime<Utc>, BookingId)>,
) -> QueryResult<Vec<(DisputeRow, BookingRow)>> {
    let mut query = booking_disputes::table
        .inner_join(bookings::table)
        .select((DisputeRow::as_select(), BookingRow::as_select()))
        .into_boxed();
    match resolved {
        Some(true) => query = query.filter(booking_disputes::resolved_at.is_not_null()),
        Some(false) => query = query.filter(booking_disputes::resolved_at.is_null()),
        None => {}
    }
    if let Some((opened_at, id)) = after {
        query = query.filter(
            booking_disputes::opened_at
                .gt(opened_at)
                .or(booking_disputes::opened_at
                    .eq(opened_at)
                    .and(booking_disputes::booking_id.gt(id))),
        );
    }
    query
        .order((booking_disputes::opened_at, booking_disputes::booking_id))
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}
