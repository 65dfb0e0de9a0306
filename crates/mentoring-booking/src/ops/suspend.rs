//! What a disaster alert does to sessions: they are held up, nobody is to blame, and moving is free.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use karya_core::BookingId;
use serde::{Deserialize, Serialize};

use super::transition::by_system;
use crate::model::{Action, BookingState, SessionMode};
use crate::{MentoringError, queries};

const FORCE_MAJEURE: &str = "force_majeure";

/// What an alert reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Kemendagri codes; regions below count too.
    pub regions: Vec<String>,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// In person at any severity; the others when power and network are in doubt.
    pub modes: Vec<SessionMode>,
}

/// Holds up the sessions that an alert reaches. Returns how many that were; again, it is none.
///
/// Each in a transaction of its own: a thousand sessions keep nobody waiting.
pub(crate) async fn suspend_sessions(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    reach: &Reach,
) -> Result<usize, MentoringError> {
    let states = [BookingState::Requested, BookingState::Confirmed];
    each(conn, now, reach, &states, Action::Suspend).await
}

/// Lets the sessions go on that an alert held up and that have not begun.
pub(crate) async fn resume_sessions(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    reach: &Reach,
) -> Result<usize, MentoringError> {
    each(conn, now, reach, &[BookingState::Suspended], Action::Resume).await
}

async fn each(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    reach: &Reach,
    states: &[BookingState],
    action: Action,
) -> Result<usize, MentoringError> {
    let mut changed = 0;
    for id in queries::bookings::reached(conn, reach, states).await? {
        if by_system(conn, now, id, (action, Some(FORCE_MAJEURE))).await? {
            changed += 1;
        }
    }
    Ok(changed)
}

/// Ends a session that is still held up when it should begin.
pub(crate) async fn close_suspended(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: BookingId,
) -> Result<(), MentoringError> {
    let held_up = queries::bookings::find(conn, id)
        .await?
        .is_some_and(|booking| {
            booking.state == BookingState::Suspended && booking.starts_at <= now
        });
    if held_up {
        by_system(conn, now, id, (Action::Cancel, Some(FORCE_MAJEURE))).await?;
    }
    Ok(())
}
