//! What a disaster alert does to a group session: seats and everybody's time stay as they are, and nobody comes in.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{GroupSessionId, UserId};

use super::host::call_off;
use crate::group_jobs::{self, Notice};
use crate::model::{GroupRow, GroupState};
use crate::{MentoringError, queries};

/// Holds a session up on behalf of an alert. Says whether it was on until now.
pub(in crate::ops) async fn hold_up(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    alert: &str,
    id: GroupSessionId,
) -> Result<bool, MentoringError> {
    conn.transaction(async |conn| {
        if !queries::alerts::lock_standing(conn, alert).await? {
            return Ok(false);
        }
        let Some(session) = queries::groups::lock(conn, id).await? else {
            return Ok(false);
        };
        if session.state == GroupState::Cancelled || session.ends_at <= now {
            return Ok(false);
        }
        queries::alerts::hold_group(conn, alert, id).await?;
        if session.state == GroupState::Suspended {
            return Ok(false);
        }
        let session = turn(conn, now, session, GroupState::Suspended).await?;
        group_jobs::close_at_start(conn, now, &session).await?;
        Ok(true)
    })
    .await
}

/// Lets go of a session on behalf of an alert. Says whether it goes on.
pub(in crate::ops) async fn let_go(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    alert: &str,
    id: GroupSessionId,
) -> Result<bool, MentoringError> {
    conn.transaction(async |conn| {
        let Some(session) = queries::groups::lock(conn, id).await? else {
            return Ok(false);
        };
        queries::alerts::free_group(conn, alert, id).await?;
        let goes_on = session.state == GroupState::Suspended
            && now < session.starts_at
            && !queries::alerts::is_group_held(conn, id).await?;
        if goes_on {
            turn(conn, now, session, GroupState::Open).await?;
            // Seats may have become free meanwhile.
            group_jobs::tend_soon(conn, id).await?;
        }
        Ok(goes_on)
    })
    .await
}

/// Writes the new state, and tells the mentor and everybody with a seat.
async fn turn(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mut session: GroupRow,
    state: GroupState,
) -> Result<GroupRow, MentoringError> {
    session.state = state;
    session.version += 1;
    session.updated_at = now;
    queries::groups::update(conn, &session).await?;
    let seats = queries::groups::seats(conn, session.id).await?;
    let mut people: Vec<UserId> = seats.iter().map(|(seat, _)| seat.mentee_id).collect();
    people.push(session.mentor_id);
    let notice = match state {
        GroupState::Suspended => Notice::Suspended,
        _ => Notice::Resumed,
    };
    group_jobs::tell_all(conn, session.id, people, notice).await?;
    Ok(session)
}

/// Ends a session that is still held up when it should begin.
pub(crate) async fn close_suspended(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: GroupSessionId,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| match queries::groups::lock(conn, id).await? {
        Some(session) if session.state == GroupState::Suspended && session.starts_at <= now => {
            call_off(conn, now, session).await
        }
        _ => Ok(()),
    })
    .await
}
