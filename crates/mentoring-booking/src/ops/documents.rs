//! Documents that the two sides of a session give each other.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use karya_core::{BookingId, UserId};
use karya_db::OnConstraint;
use karya_storage::{Key, objects};

use super::feedback::participant;
use crate::model::{BookingRow, BookingState, DocumentId, DocumentKind, DocumentRow, Side};
use crate::{MentoringError, document_jobs, queries};

/// How many documents one side may have on one booking; a constraint says so too.
const MAX_EACH: i16 = 5;

/// How long after the session documents are kept.
const KEPT_FOR: TimeDelta = TimeDelta::days(180);

/// A document whose bytes are stored.
#[derive(Debug)]
pub(crate) struct NewDocument {
    pub(crate) key: Key,
    pub(crate) name: String,
    pub(crate) kind: DocumentKind,
    pub(crate) size: i32,
    pub(crate) digest: String,
}

/// Adds a document, in the transaction that `conn` is in.
pub(crate) async fn add_document(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: BookingId,
    new: NewDocument,
) -> Result<DocumentRow, MentoringError> {
    let (_, side) = participant(conn, user, id).await?;
    // Under the lock the state stands, and of two who add at once the second counts the first.
    let booking = queries::feedback::lock_booking(conn, id)
        .await?
        .ok_or(MentoringError::BookingNotFound)?;
    let is_off = matches!(
        booking.state,
        BookingState::Cancelled | BookingState::Declined | BookingState::Expired
    );
    let remove_at = booking.ends_at + KEPT_FOR;
    if is_off || remove_at <= now {
        return Err(MentoringError::DocumentsClosed);
    }
    let there = queries::documents::list(conn, id).await?;
    let is_free = |place: &i16| {
        !there
            .iter()
            .any(|row| row.uploader_id == user && row.place == *place)
    };
    let place = (1..=MAX_EACH)
        .find(is_free)
        .ok_or(MentoringError::TooManyDocuments)?;
    if !objects::keep(conn, now, &new.key).await? {
        return Err(MentoringError::StorageFailed);
    }
    let row = DocumentRow {
        id: DocumentId::fresh(),
        booking_id: id,
        uploader_id: user,
        place,
        object_key: new.key.as_str().to_owned(),
        name: new.name,
        kind: new.kind,
        size: new.size,
        digest: new.digest,
        announced: false,
        remove_at,
        created_at: now,
    };
    queries::documents::insert(conn, &row)
        .await
        .on_constraint("booking_documents_place", || {
            MentoringError::TooManyDocuments
        })?;
    document_jobs::announce(conn, id, side.other()).await?;
    Ok(row)
}

/// What the mentee gave for a request goes with it to the mentor who is asked next; the one before has it no more.
pub(super) async fn hand_on(
    conn: &mut AsyncPgConnection,
    from: BookingId,
    next: &BookingRow,
) -> Result<(), MentoringError> {
    let between = (from, next.id);
    let remove_at = next.ends_at + KEPT_FOR;
    if queries::documents::hand_on(conn, next.mentee_id, between, remove_at).await? > 0 {
        document_jobs::announce(conn, next.id, Side::Mentor).await?;
    }
    Ok(())
}

/// The documents of a booking, for its two sides.
pub(crate) async fn list_documents(
    conn: &AsyncPgConnection,
    user: UserId,
    id: BookingId,
) -> Result<Vec<DocumentRow>, MentoringError> {
    participant(conn, user, id).await?;
    Ok(queries::documents::list(conn, id).await?)
}

/// One of them.
pub(crate) async fn show_document(
    conn: &AsyncPgConnection,
    user: UserId,
    (booking, id): (BookingId, DocumentId),
) -> Result<DocumentRow, MentoringError> {
    participant(conn, user, booking).await?;
    queries::documents::find(conn, booking, id)
        .await?
        .ok_or(MentoringError::DocumentNotFound)
}

/// Removes a document of one's own; its bytes go with the next sweep.
pub(crate) async fn delete_document(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: (BookingId, DocumentId),
) -> Result<(), MentoringError> {
    participant(conn, user, id.0).await?;
    match queries::documents::delete_own(conn, user, id).await? {
        0 => Err(MentoringError::DocumentNotFound),
        _ => Ok(()),
    }
}

/// Removes documents of sessions that are long over.
pub(super) async fn sweep(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> Result<(), MentoringError> {
    let due = queries::documents::due(conn, now, 500).await?;
    let (over, moved): (Vec<_>, Vec<_>) = due
        .into_iter()
        .partition(|(_, ends_at)| *ends_at + KEPT_FOR <= now);
    for (id, ends_at) in moved {
        queries::documents::postpone(conn, id, ends_at + KEPT_FOR).await?;
    }
    let over: Vec<DocumentId> = over.into_iter().map(|(id, _)| id).collect();
    if !over.is_empty() {
        queries::documents::delete_many(conn, &over).await?;
    }
    Ok(())
}
