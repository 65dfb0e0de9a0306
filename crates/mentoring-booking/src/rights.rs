//! What becomes of mentoring when somebody leaves.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::UserId;

use crate::model::{Action, MentorshipState};
use crate::ops::{self, Change, Step};
use crate::queries::rights as queries;
use crate::{MentoringError, claims};

/// Why sessions are off, for the other side to read: as anybody may say who cancels.
const REASON: &str = "other";

/// Calls off everything that somebody has ahead, by the same rules and with the same notices as if they did it one by
/// one. Wants the account shut: what began before sees it under the lock of the calendar, so that nothing slips by.
///
/// Each thing is a transaction of its own; doing it again finds what is left. Says how many things there were.
pub async fn withdraw(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<usize, MentoringError> {
    let mut ended = 0;
    let bookings = conn
        .transaction(async |conn| {
            claims::lock(conn, now, &[user]).await?;
            let mut holds = claims::holds_on(conn, user).await?;
            let made = claims::holds_of(conn, now, user).await?;
            holds.extend(made.iter().map(|claim| claim.ref_id));
            claims::release(conn, &holds).await?;
            queries::bookings_ahead(conn, user, now).await
        })
        .await?;
    for booking in bookings {
        let cancel = Change {
            action: Action::Cancel,
            reason_code: Some(REASON.to_owned()),
            starts_at: None,
            expected: None,
        };
        let cancelled = ops::transition(conn, now, user, booking, cancel).await;
        ended += unless_over(cancelled.map(drop))?;
    }
    for session in queries::hosted_ahead(conn, user, now).await? {
        ended += unless_over(ops::groups::cancel(conn, now, user, session).await)?;
    }
    for session in queries::joined_ahead(conn, user, now).await? {
        ended += unless_over(ops::groups::leave(conn, now, user, session).await)?;
    }
    for mentorship in queries::mentorships_of(conn, user).await? {
        let was_asked = mentorship.side(user) != Some(mentorship.proposed_by);
        let step = if mentorship.state == MentorshipState::Proposed && was_asked {
            Step::Decline
        } else {
            Step::End
        };
        let stepped = ops::step_mentorship(conn, now, user, mentorship.id, step).await;
        ended += unless_over(stepped.map(drop))?;
    }
    Ok(ended)
}

/// What ended by itself meanwhile needs no ending, and does not count.
fn unless_over(outcome: Result<(), MentoringError>) -> Result<usize, MentoringError> {
    match outcome {
        Err(
            MentoringError::InvalidTransition
            | MentoringError::WrongTime
            | MentoringError::GroupClosed
            | MentoringError::MentorshipState,
        ) => Ok(0),
        outcome => outcome.map(|()| 1),
    }
}

/// Locks what is somebody's in mentoring, in the order of all who change it, before it is erased.
pub async fn lock(conn: &mut AsyncPgConnection, user: UserId) -> QueryResult<()> {
    queries::lock_hosted(conn, user).await?;
    queries::lock_calendar(conn, user).await?;
    Ok(())
}
