//! What a mentor's profile counts: completed sessions, and revealed ratings of completed sessions.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use karya_core::BookingId;

use crate::model::{BookingRow, BookingState};
use crate::{MentoringError, queries};

/// Makes the counts follow a booking that became or ceased to be completed. Wants the booking's row written in this
/// transaction: its version decides a race, so each change is counted once.
pub(super) async fn settle(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    before: &BookingRow,
    after: &BookingRow,
) -> Result<(), MentoringError> {
    let completed = |row: &BookingRow| row.state == BookingState::Completed;
    match (completed(before), completed(after)) {
        (false, true) => {
            queries::feedback::add_session(conn, after.mentor_id).await?;
            count_rating(conn, now, after.id).await?;
        }
        (true, false) => {
            queries::feedback::take_session(conn, after.mentor_id).await?;
            if let Some((mentor, rating)) =
                queries::feedback::mark_uncounted(conn, after.id).await?
            {
                queries::feedback::add_rating(conn, mentor, (-i32::from(rating), -1)).await?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Counts the mentee's rating if it is revealed and not counted yet. Wants the booking's row locked.
pub(super) async fn count_rating(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: BookingId,
) -> Result<(), MentoringError> {
    if let Some((mentor, rating)) = queries::feedback::mark_counted(conn, id, now).await? {
        queries::feedback::add_rating(conn, mentor, (i32::from(rating), 1)).await?;
    }
    Ok(())
}
