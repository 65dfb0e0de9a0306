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

/// Ends all sessions of all accounts, for whoever runs the server; says how many.
pub async fn end_everybodys_sessions(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> Result<usize, AuthError> {
    let mut ended = 0;
    for user in queries::signed_in(conn, now).await? {
        ended += super::end_sessions_of(conn, now, user).await?;
    }
    Ok(ended)
}
