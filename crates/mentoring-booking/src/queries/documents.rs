use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BookingId, UserId};
use karya_db::schema::{booking_documents, bookings};

use crate::model::{DocumentId, DocumentRow};

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &DocumentRow) -> QueryResult<usize> {
    diesel::insert_into(booking_documents::table)
        .values(row)
        .execute(conn)
        .await
}

/// All documents of a booking, the oldest first; there are ten at most.
pub(crate) async fn list(
    conn: &AsyncPgConnection,
    booking: BookingId,
) -> QueryResult<Vec<DocumentRow>> {
    booking_documents::table
        .filter(booking_documents::booking_id.eq(booking))
        .select(DocumentRow::as_select())
        .order(booking_documents::id)
        .load(&mut &*conn)
        .await
}

pub(crate) async fn find(
    conn: &AsyncPgConnection,
    booking: BookingId,
    id: DocumentId,
) -> QueryResult<Option<DocumentRow>> {
    booking_documents::table
        .find(id)
        .filter(booking_documents::booking_id.eq(booking))
        .select(DocumentRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// What `uploader` gave for one booking is for another now, until `remove_at`, and nobody has been told.
pub(crate) async fn hand_on(
    conn: &mut AsyncPgConnection,
    uploader: UserId,
    (from, to): (BookingId, BookingId),
    remove_at: DateTime<Utc>,
) -> QueryResult<usize> {
    let theirs = booking_documents::table
        .filter(booking_documents::booking_id.eq(from))
        .filter(booking_documents::uploader_id.eq(uploader));
    diesel::update(theirs)
        .set((
            booking_documents::booking_id.eq(to),
            booking_documents::announced.eq(false),
            booking_documents::remove_at.eq(remove_at),
        ))
        .execute(conn)
        .await
}

/// Removes a document by `uploader`.
pub(crate) async fn delete_own(
    conn: &mut AsyncPgConnection,
    uploader: UserId,
    (booking, id): (BookingId, DocumentId),
) -> QueryResult<usize> {
    let own = booking_documents::table.find(id).filter(
        booking_documents::booking_id
            .eq(booking)
            .and(booking_documents::uploader_id.eq(uploader)),
    );
    diesel::delete(own).execute(conn).await
}

/// The other side has been told of these.
pub(crate) async fn mark_announced(
    conn: &mut AsyncPgConnection,
    ids: &[DocumentId],
) -> QueryResult<usize> {
    diesel::update(booking_documents::table.filter(booking_documents::id.eq_any(ids)))
        .set(booking_documents::announced.eq(true))
        .execute(conn)
        .await
}

/// Documents that are due, with the end of their session as it now is.
pub(crate) async fn due(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<(DocumentId, DateTime<Utc>)>> {
    booking_documents::table
        .inner_join(bookings::table)
        .filter(booking_documents::remove_at.le(now))
        .select((booking_documents::id, bookings::ends_at))
        .order(booking_documents::remove_at)
        .limit(limit)
        .load(&mut &*conn)
        .await
}

pub(crate) async fn delete_many(
    conn: &mut AsyncPgConnection,
    ids: &[DocumentId],
) -> QueryResult<usize> {
    diesel::delete(booking_documents::table.filter(booking_documents::id.eq_any(ids)))
        .execute(conn)
        .await
}

pub(crate) async fn postpone(
    conn: &mut AsyncPgConnection,
    id: DocumentId,
    remove_at: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(booking_documents::table.find(id))
        .set(booking_documents::remove_at.eq(remove_at))
        .execute(conn)
        .await
}
