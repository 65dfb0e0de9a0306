use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::UserId;
use uuid::Uuid;

use super::place::{Room, Wish};
use crate::model::{ClaimKind, ClaimRow};
use crate::{MentoringError, claims};

/// How long a time is kept while a form is filled in. Never extended.
const HOLD_FOR: TimeDelta = TimeDelta::minutes(10);

/// How many times one person may keep at once.
const MAX_HOLDS: usize = 2;

/// A time that is kept for a few minutes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hold {
    pub(crate) id: Uuid,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Keeps a time for the mentee.
pub(crate) async fn hold(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mentee: UserId,
    wish: Wish,
) -> Result<Hold, MentoringError> {
    conn.transaction(async |conn| {
        let room = Room::find(conn, now, mentee, wish, None).await?;
        // Counted under the lock on the mentee's calendar.
        let holds = claims::holds_of(conn, now, mentee).await?;
        let is_own = |claim: &&ClaimRow| claim.owner_id == mentee;
        if holds.iter().filter(is_own).count() >= MAX_HOLDS {
            return Err(MentoringError::TooManyHolds);
        }
        let hold = Hold {
            id: Uuid::now_v7(),
            starts_at: room.starts_at,
            ends_at: room.ends_at,
            expires_at: now + HOLD_FOR,
        };
        room.take(conn, ClaimKind::Hold, hold.id, Some(hold.expires_at))
            .await?;
        Ok(hold)
    })
    .await
}

/// Lets a time go again.
pub(crate) async fn release_hold(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mentee: UserId,
    id: Uuid,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        let mut claims = claims::holds_of(conn, now, mentee).await?;
        claims.retain(|claim| claim.ref_id == id);
        let owners: Vec<UserId> = claims.iter().map(|claim| claim.owner_id).collect();
        if owners.is_empty() {
            return Err(MentoringError::HoldNotFound);
        }
        claims::lock(conn, now, &owners).await?;
        // While we waited it may have given way to a booking.
        if claims::release(conn, &[id]).await? == 0 {
            return Err(MentoringError::HoldNotFound);
        }
        Ok(())
    })
    .await
}
