use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::BookingId;
use karya_db::schema::{booking_cascades, bookings, mentors};

use crate::model::{BookingRow, CascadeRow, MentorSummaryRow};

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &CascadeRow) -> QueryResult<usize> {
    diesel::insert_into(booking_cascades::table)
        .values(row)
        .execute(conn)
        .await
}

/// A booking, its mentor, and whether and how it is passed on.
pub(crate) async fn find(
    conn: &AsyncPgConnection,
    id: BookingId,
) -> QueryResult<Option<(BookingRow, MentorSummaryRow, Option<CascadeRow>)>> {
    bookings::table
        .inner_join(mentors::table)
        .left_join(booking_cascades::table)
        .filter(bookings::id.eq(id))
        .select((
            BookingRow::as_select(),
            MentorSummaryRow::as_select(),
            Option::<CascadeRow>::as_select(),
        ))
        .first(&mut &*conn)
        .await
        .optional()
}

/// Whether a request is to be passed on and has not been.
pub(crate) async fn is_wanted(conn: &AsyncPgConnection, id: BookingId) -> QueryResult<bool> {
    let next = bookings::table.filter(bookings::cascaded_from.eq(id));
    let wanted = booking_cascades::table
        .find(id)
        .filter(booking_cascades::hops_left.gt(0))
        .filter(not(exists(next)));
    diesel::select(exists(wanted)).get_result(&mut &*conn).await
}

/// Passes a request on no more.
pub(crate) async fn stop(conn: &mut AsyncPgConnection, id: BookingId) -> QueryResult<usize> {
    diesel::update(booking_cascades::table.find(id))
        .set(booking_cascades::hops_left.eq(0))
        .execute(conn)
        .await
}
