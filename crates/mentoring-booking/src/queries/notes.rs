use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BookingId, PageSize, UserId};
use karya_db::schema::{booking_agendas, booking_notes};

use crate::model::{AgendaRow, NoteId, NoteRow, NoteVisibility};

pub(crate) async fn agenda(
    conn: &AsyncPgConnection,
    id: BookingId,
) -> QueryResult<Option<AgendaRow>> {
    booking_agendas::table
        .find(id)
        .select(AgendaRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Writes the first agenda of a booking; none if there is one.
pub(crate) async fn insert_agenda(
    conn: &mut AsyncPgConnection,
    row: &AgendaRow,
) -> QueryResult<Option<AgendaRow>> {
    diesel::insert_into(booking_agendas::table)
        .values(row)
        .on_conflict_do_nothing()
        .returning(AgendaRow::as_returning())
        .get_result(conn)
        .await
        .optional()
}

/// Replaces an agenda that has the expected version, if one is expected.
pub(crate) async fn update_agenda(
    conn: &mut AsyncPgConnection,
    row: &AgendaRow,
    expected: Option<i32>,
) -> QueryResult<Option<AgendaRow>> {
    let changes = (
        booking_agendas::items.eq(&row.items),
        booking_agendas::updated_by.eq(row.updated_by),
        booking_agendas::version.eq(booking_agendas::version + 1),
        booking_agendas::updated_at.eq(row.updated_at),
    );
    let any = diesel::update(booking_agendas::table.find(row.booking_id));
    match expected {
        Some(expected) => {
            any.filter(booking_agendas::version.eq(expected))
                .set(changes)
                .returning(AgendaRow::as_returning())
                .get_result(conn)
                .await
        }
        None => {
            any.set(changes)
                .returning(AgendaRow::as_returning())
                .get_result(conn)
                .await
        }
    }
    .optional()
}

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &NoteRow) -> QueryResult<usize> {
    diesel::insert_into(booking_notes::table)
        .values(row)
        .execute(conn)
        .await
}

/// What `reader` may read: their own notes, and all shared ones, the oldest first.
pub(crate) async fn list(
    conn: &AsyncPgConnection,
    (booking, reader): (BookingId, UserId),
    size: PageSize,
    after: Option<NoteId>,
) -> QueryResult<Vec<NoteRow>> {
    let mut query = booking_notes::table
        .filter(
            booking_notes::booking_id.eq(booking).and(
                booking_notes::author_id
                    .eq(reader)
                    .or(booking_notes::visibility.eq(NoteVisibility::Shared)),
            ),
        )
        .select(NoteRow::as_select())
        .into_boxed();
    if let Some(id) = after {
        query = query.filter(booking_notes::id.gt(id));
    }
    query
        .order(booking_notes::id)
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

/// A note by `author`.
pub(crate) async fn find_own(
    conn: &AsyncPgConnection,
    author: UserId,
    id: NoteId,
) -> QueryResult<Option<NoteRow>> {
    booking_notes::table
        .find(id)
        .filter(booking_notes::author_id.eq(author))
        .select(NoteRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Writes the note if it still has the version before it.
pub(crate) async fn update(conn: &mut AsyncPgConnection, row: &NoteRow) -> QueryResult<usize> {
    diesel::update(
        booking_notes::table
            .find(row.id)
            .filter(booking_notes::version.eq(row.version - 1)),
    )
    .set((
        booking_notes::visibility.eq(row.visibility),
        booking_notes::body.eq(&row.body),
        booking_notes::version.eq(row.version),
        booking_notes::updated_at.eq(row.updated_at),
    ))
    .execute(conn)
    .await
}

pub(crate) async fn delete(conn: &mut AsyncPgConnection, row: &NoteRow) -> QueryResult<usize> {
    diesel::delete(
        booking_notes::table
            .find(row.id)
            .filter(booking_notes::version.eq(row.version)),
    )
    .execute(conn)
    .await
}
