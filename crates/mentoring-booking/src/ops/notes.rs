//! Agenda and notes of a session.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{BookingId, PageSize, UserId};

use super::feedback::participant;
use crate::model::{AgendaRow, NoteId, NoteRow, NoteVisibility};
use crate::{MentoringError, queries};

/// The agenda; version 0 and nothing on it before somebody writes one.
pub(crate) async fn show_agenda(
    conn: &AsyncPgConnection,
    user: UserId,
    id: BookingId,
) -> Result<Option<AgendaRow>, MentoringError> {
    participant(conn, user, id).await?;
    Ok(queries::notes::agenda(conn, id).await?)
}

/// Replaces the agenda.
pub(crate) async fn put_agenda(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    (id, expected): (BookingId, Option<i32>),
    items: serde_json::Value,
) -> Result<AgendaRow, MentoringError> {
    conn.transaction(async |conn| {
        participant(conn, user, id).await?;
        let row = AgendaRow {
            booking_id: id,
            items,
            updated_by: Some(user),
            version: 1,
            updated_at: now,
        };
        if expected.is_none_or(|version| version == 0)
            && let Some(first) = queries::notes::insert_agenda(conn, &row).await?
        {
            return Ok(first);
        }
        queries::notes::update_agenda(conn, &row, expected)
            .await?
            .ok_or(MentoringError::StaleVersion)
    })
    .await
}

/// Writes a note.
pub(crate) async fn add_note(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: BookingId,
    (body, visibility): (String, NoteVisibility),
) -> Result<NoteRow, MentoringError> {
    participant(conn, user, id).await?;
    let row = NoteRow {
        id: NoteId::fresh(),
        booking_id: id,
        author_id: user,
        visibility,
        body,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    queries::notes::insert(conn, &row).await?;
    Ok(row)
}

/// The notes that `user` may read.
pub(crate) async fn list_notes(
    conn: &AsyncPgConnection,
    user: UserId,
    id: BookingId,
    size: PageSize,
    after: Option<NoteId>,
) -> Result<Vec<NoteRow>, MentoringError> {
    participant(conn, user, id).await?;
    Ok(queries::notes::list(conn, (id, user), size, after).await?)
}

/// A note of one's own, in the version that is expected.
pub(crate) async fn own_note(
    conn: &AsyncPgConnection,
    user: UserId,
    (id, expected): (NoteId, Option<i32>),
) -> Result<NoteRow, MentoringError> {
    let row = queries::notes::find_own(conn, user, id)
        .await?
        .ok_or(MentoringError::NoteNotFound)?;
    MentoringError::unless_fresh(expected, row.version)?;
    Ok(row)
}

/// Changes a note of one's own.
pub(crate) async fn update_note(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: (NoteId, Option<i32>),
    (body, visibility): (Option<String>, Option<NoteVisibility>),
) -> Result<NoteRow, MentoringError> {
    let current = own_note(conn, user, id).await?;
    let row = NoteRow {
        body: body.unwrap_or(current.body),
        visibility: visibility.unwrap_or(current.visibility),
        version: current.version + 1,
        updated_at: now,
        ..current
    };
    match queries::notes::update(conn, &row).await? {
        0 => Err(MentoringError::StaleVersion),
        _ => Ok(row),
    }
}

/// Removes a note of one's own.
pub(crate) async fn delete_note(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: (NoteId, Option<i32>),
) -> Result<(), MentoringError> {
    let row = own_note(conn, user, id).await?;
    match queries::notes::delete(conn, &row).await? {
        0 => Err(MentoringError::StaleVersion),
        _ => Ok(()),
    }
}
