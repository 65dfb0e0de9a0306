//! What the two sides say about a session: blind until both have spoken, or for two weeks.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{BookingId, UserId};
use karya_db::OnConstraint;

use super::tally;
use crate::jobs;
use crate::model::{BookingRow, BookingState, FeedbackId, FeedbackRow, Party, Side};
use crate::{MentoringError, queries};

/// How long neither side sees what the other wrote.
const BLIND_FOR: TimeDelta = TimeDelta::days(14);

/// How long feedback is taken.
const TAKEN_FOR: TimeDelta = TimeDelta::days(30);

/// Feedback whose values are in order.
#[derive(Debug)]
pub(crate) struct NewFeedback {
    pub(crate) rating: i16,
    pub(crate) body: Option<String>,
    pub(crate) tags: Vec<String>,
}

/// A booking and the side of `user` in it; for others it does not exist.
pub(crate) async fn participant(
    conn: &AsyncPgConnection,
    user: UserId,
    id: BookingId,
) -> Result<(BookingRow, Side), MentoringError> {
    let (booking, party) = super::view(conn, user, id).await?;
    let side = if party == Party::Mentor {
        Side::Mentor
    } else {
        Side::Mentee
    };
    Ok((booking, side))
}

/// Takes the feedback of one side. The second one reveals both.
pub(crate) async fn give_feedback(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: BookingId,
    new: NewFeedback,
) -> Result<FeedbackRow, MentoringError> {
    conn.transaction(async |conn| {
        let (_, side) = participant(conn, user, id).await?;
        // Of two who write at once the second sees the first.
        let booking = queries::feedback::lock_booking(conn, id)
            .await?
            .filter(|booking| booking.state == BookingState::Completed)
            .ok_or(MentoringError::FeedbackNotOpen)?;
        let completed_at = queries::feedback::since(conn, id, BookingState::Completed)
            .await?
            .unwrap_or(booking.updated_at);
        if completed_at + TAKEN_FOR < now {
            return Err(MentoringError::FeedbackClosed);
        }
        let others = queries::feedback::of_booking(conn, id).await?;
        let both = others.iter().any(|row| row.side != side);
        let reveal_at = if both {
            now
        } else {
            (completed_at + BLIND_FOR).max(now)
        };
        let row = FeedbackRow {
            id: FeedbackId::fresh(),
            booking_id: id,
            mentor_id: booking.mentor_id,
            author_id: user,
            side,
            rating: new.rating,
            body: new.body,
            tags: new.tags,
            reveal_at,
            counted: false,
            created_at: now,
        };
        queries::feedback::insert(conn, &row)
            .await
            .on_constraint("booking_feedback_once", || MentoringError::FeedbackGiven)?;
        if both {
            queries::feedback::reveal(conn, id, now).await?;
        }
        tally::count_rating(conn, now, id).await?;
        if reveal_at > now {
            jobs::plan_reveal(conn, id, reveal_at - now).await?;
        }
        Ok(row)
    })
    .await
}

/// One's own feedback, and the other's once it is revealed.
pub(crate) async fn show_feedback(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: BookingId,
) -> Result<(Option<FeedbackRow>, Option<FeedbackRow>), MentoringError> {
    let (_, side) = participant(conn, user, id).await?;
    let (mut own, mut other) = (None, None);
    for row in queries::feedback::of_booking(conn, id).await? {
        if row.side == side {
            own = Some(row);
        } else if row.reveal_at <= now {
            other = Some(row);
        }
    }
    Ok((own, other))
}

/// Counts a rating whose time has come. Where it has not come, it plans to come back.
pub(crate) async fn reveal_feedback(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: BookingId,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        let booking = queries::feedback::lock_booking(conn, id).await?;
        // What is not completed any more is counted when it is so again.
        if booking.is_none_or(|booking| booking.state != BookingState::Completed) {
            return Ok(());
        }
        tally::count_rating(conn, now, id).await?;
        let rest = queries::feedback::of_booking(conn, id).await?;
        let next = rest.iter().map(|row| row.reveal_at).filter(|at| *at > now);
        if let Some(reveal_at) = next.min() {
            jobs::plan_reveal(conn, id, reveal_at - now).await?;
        }
        Ok(())
    })
    .await
}
