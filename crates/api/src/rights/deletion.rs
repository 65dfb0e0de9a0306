//! The deletion of an account, as its owner sees it: asked for, taken back, or done.
//!
//! From the moment it is asked for, nothing is done with the account any more (UU 27/2022 art. 40 and 41): others do not
//! see it, its sessions with others are called off, and its owner can only look, fetch what is theirs, and take it back.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use karya_auth::audit::{self, Event, EventKind};
use karya_auth::ops::{close_account, lock_account, reopen_account};
use karya_business_profile::rights as businesses;
use karya_core::{SessionId, UserId};
use karya_db::DbError;
use karya_jobs::{Options, Prepared, enqueue_all};
use karya_web::Problem;
use karya_web::codes::{NOT_FOUND, UNAUTHENTICATED};
use uuid::Uuid;

use super::LAST_ADMIN;
use super::jobs::{CloseAccount, DeletionNews, EraseAccount, RemindDeletion, TellDeletion};
use super::queries::{self, DataRequest, DataRequestKind, Deletion, DeletionState, RequestOutcome};
use super::requests::DUE;

/// How long before the end its owner is reminded.
pub(super) const REMIND_BEFORE: TimeDelta = TimeDelta::days(3);

/// Closes the account, to be erased after `grace`. Asking again changes nothing.
pub(super) async fn ask(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
    grace: TimeDelta,
) -> Result<Deletion, Problem> {
    if !lock_account(conn, user).await? {
        return Err(Problem::of(&UNAUTHENTICATED));
    }
    let last = queries::last_deletion(conn, user)
        .await
        .map_err(DbError::from)?;
    if let Some(pending) = last.filter(|last| last.state == DeletionState::Pending) {
        return Ok(pending);
    }
    keep_an_admin(conn, user).await?;
    let hidden = businesses::close(conn, now, user).await?;
    let deletion = Deletion {
        id: Uuid::now_v7(),
        user_id: user,
        state: DeletionState::Pending,
        asked_at: now,
        effective_at: now + grace,
        ended_at: None,
        paused_businesses: hidden.into_iter().map(Some).collect(),
        farewell_sealed: None,
    };
    close_account(conn, now, (user, session)).await?;
    write(conn, now, &deletion, session)
        .await
        .map_err(DbError::from)?;
    Ok(deletion)
}

/// Refuses the last one who can run the platform.
async fn keep_an_admin(conn: &mut AsyncPgConnection, user: UserId) -> Result<(), Problem> {
    let admins = queries::lock_admins(conn).await.map_err(DbError::from)?;
    if !admins.contains(&user) {
        return Ok(());
    }
    // A statement of its own: what others did while this waited for the lock counts.
    let active = queries::active_among(conn, &admins)
        .await
        .map_err(DbError::from)?;
    if active.iter().any(|admin| *admin != user) {
        Ok(())
    } else {
        Err(Problem::of(&LAST_ADMIN))
    }
}

async fn write(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    deletion: &Deletion,
    session: SessionId,
) -> diesel::QueryResult<()> {
    let of = (deletion.user_id, DataRequestKind::Erasure);
    let request = DataRequest {
        due_at: deletion.effective_at + DUE,
        ..DataRequest::new(deletion.id, of, now)
    };
    queries::insert_request(conn, &request).await?;
    queries::insert_deletion(conn, deletion).await?;
    let asked = Event::of(EventKind::DeletionAsked, deletion.user_id).session(session);
    audit::record(conn, now, asked).await?;
    let deletion_id = deletion.id;
    let later = |at: DateTime<Utc>| Options {
        delay: Some(at - now),
        ..Options::default()
    };
    let mut jobs = vec![
        Prepared::new(&CloseAccount { deletion_id }, Options::default())?,
        Prepared::new(
            &TellDeletion {
                deletion_id,
                news: DeletionNews::Asked,
            },
            Options::default(),
        )?,
        Prepared::new(&EraseAccount { deletion_id }, later(deletion.effective_at))?,
    ];
    let reminder = deletion.effective_at - REMIND_BEFORE;
    if reminder > now {
        jobs.push(Prepared::new(
            &RemindDeletion { deletion_id },
            later(reminder),
        )?);
    }
    enqueue_all(conn, jobs).await
}

/// Takes the deletion back, unless the account is erased. Doing it again changes nothing.
pub(super) async fn cancel(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
) -> Result<Deletion, Problem> {
    // Whoever erases holds it too, and leaves nothing to lock.
    if !lock_account(conn, user).await? {
        return Err(Problem::of(&UNAUTHENTICATED));
    }
    let mut deletion = show(conn, user).await?;
    if deletion.state != DeletionState::Pending {
        return Ok(deletion);
    }
    let hidden: Vec<_> = deletion
        .paused_businesses
        .iter()
        .flatten()
        .copied()
        .collect();
    businesses::reopen(conn, now, &hidden).await?;
    reopen_account(conn, now, user).await?;
    deletion.state = DeletionState::Cancelled;
    deletion.ended_at = Some(now);
    let ended = async {
        let state = (deletion.state, None);
        queries::end_deletion(conn, deletion.id, state, now).await?;
        queries::finish_request(conn, deletion.id, RequestOutcome::Withdrawn, now).await?;
        let cancelled = Event::of(EventKind::DeletionCancelled, user).session(session);
        audit::record(conn, now, cancelled).await?;
        let mail = TellDeletion {
            deletion_id: deletion.id,
            news: DeletionNews::Cancelled,
        };
        karya_jobs::enqueue(conn, &mail).await
    };
    ended.await.map_err(DbError::from)?;
    Ok(deletion)
}

/// The last deletion that somebody asked for.
pub(super) async fn show(conn: &AsyncPgConnection, user: UserId) -> Result<Deletion, Problem> {
    let last = queries::last_deletion(conn, user)
        .await
        .map_err(DbError::from)?;
    last.ok_or_else(|| Problem::of(&NOT_FOUND))
}
