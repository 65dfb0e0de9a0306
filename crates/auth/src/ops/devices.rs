use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{SessionId, UserId};

use super::logout;
use crate::{AuthError, audit, queries};

/// Ends one of one's own sessions; one that is over stays as it is.
pub(crate) async fn end_session(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    session: SessionId,
) -> Result<(), AuthError> {
    queries::find_session(conn, session)
        .await?
        .filter(|session| session.user_id == user)
        .ok_or(AuthError::SessionNotFound)?;
    logout(conn, now, user, session).await
}

/// Ends all of one's own sessions, except one if it is named, and says how many.
pub(crate) async fn end_sessions(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    keep: Option<SessionId>,
) -> Result<usize, AuthError> {
    conn.transaction(async |conn| {
        let ended = queries::revoke_sessions(conn, user, keep, "logout", now).await?;
        audit::sessions_ended(conn, now, user, &ended, "logout").await?;
        Ok(ended.len())
    })
    .await
}

/// Ends all sessions of an account, or of all accounts, for whoever runs the server; says how many.
pub async fn end_sessions_of(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    whose: Option<UserId>,
) -> Result<usize, AuthError> {
    let (reason, mut count) = ("admin", 0);
    let users = match whose {
        Some(user) => vec![user],
        None => queries::signed_in(conn, now).await?,
    };
    for user in users {
        count += conn
            .transaction(async |conn| {
                let ended = queries::revoke_sessions(conn, user, None, reason, now).await?;
                audit::sessions_ended(conn, now, user, &ended, reason).await?;
                Ok::<_, AuthError>(ended.len())
            })
            .await?;
    }
    Ok(count)
}
