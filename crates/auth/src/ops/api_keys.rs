//! API keys: making, rotating, revoking.

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{ApiKeyId, Random, Scope, SessionId, Text, UserId};
use karya_notifications::ApiKeyNotice;
use karya_web::api_key::NewKey;
use zeroize::Zeroizing;

use crate::audit::{self, Event, EventKind};
use crate::jobs::NotifyApiKey;
use crate::model::{ApiKeyRow, ApiKeySecretRow};
use crate::{AuthError, queries};

/// How many keys an account may have: each is one more that can leak.
pub(crate) const MAX: i64 = 20;

/// How long a key lives at most.
pub(crate) const MAX_LIFE: Duration = Duration::days(365);

/// How long a key that was rotated may live on beside the new one.
pub(crate) const MAX_OVERLAP: Duration = Duration::days(7);

/// How long a key that is over stays in the list.
const LISTED: Duration = Duration::days(30);

/// A key to be made, its values in order.
#[derive(Debug)]
pub(crate) struct KeyToMake {
    pub(crate) name: Text,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) requests_per_minute: Option<i32>,
}

/// A key with the secrets that it has.
#[derive(Debug)]
pub(crate) struct ApiKey {
    pub(crate) row: ApiKeyRow,
    /// One, or two while it is rotated.
    pub(crate) secrets: Vec<ApiKeySecretRow>,
}

/// A key that was just made or rotated, and its text, which nobody sees again.
pub(crate) struct ShownKey {
    pub(crate) key: ApiKey,
    pub(crate) text: Zeroizing<String>,
}

/// A secret to show, and its row.
fn secret(
    random: &Random,
    now: DateTime<Utc>,
    key_id: ApiKeyId,
    expires_at: DateTime<Utc>,
) -> (Zeroizing<String>, ApiKeySecretRow) {
    let made = NewKey::make(random);
    let row = ApiKeySecretRow {
        prefix: made.prefix,
        key_id,
        hash: made.hash,
        created_at: now,
        expires_at,
        superseded_at: None,
    };
    (made.text, row)
}

/// Makes a key. The owner is told.
pub(crate) async fn create_api_key(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    random: &Random,
    (user, session): (UserId, SessionId),
    wanted: KeyToMake,
) -> Result<ShownKey, AuthError> {
    let id = ApiKeyId::fresh();
    let (text, secret) = secret(random, now, id, wanted.expires_at);
    let row = ApiKeyRow {
        id,
        user_id: user,
        name: wanted.name.into_string(),
        scopes: wanted.scopes.iter().map(ToString::to_string).collect(),
        requests_per_minute: wanted.requests_per_minute,
        created_at: now,
        last_used_at: None,
        last_used_from: None,
    };
    conn.transaction(async |conn| {
        queries::lock_usable(conn, user)
            .await?
            .ok_or(AuthError::AccountGone)?;
        if queries::count_api_keys(conn, user).await? >= MAX {
            return Err(AuthError::TooManyApiKeys);
        }
        queries::insert_api_key(conn, &row).await?;
        queries::insert_api_key_secret(conn, &secret).await?;
        let created = Event::of(EventKind::ApiKeyCreated, user).session(session);
        audit::record(conn, now, created).await?;
        let notice = ApiKeyNotice::Created {
            name: row.name.clone(),
            scopes: row.scopes.clone(),
            expires_at: wanted.expires_at,
        };
        NotifyApiKey::enqueue(conn, user, now, notice).await
    })
    .await?;
    let secrets = vec![secret];
    Ok(ShownKey {
        key: ApiKey { row, secrets },
        text,
    })
}

/// Gives a key another secret. The one before is good for `overlap` more, the one before that no longer.
pub(crate) async fn rotate_api_key(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    random: &Random,
    (user, session, key): (UserId, SessionId, ApiKeyId),
    (expires_at, overlap): (DateTime<Utc>, Duration),
) -> Result<ShownKey, AuthError> {
    let (text, secret) = secret(random, now, key, expires_at);
    let (row, superseded) = conn
        .transaction(async |conn| {
            let row = queries::lock_api_key(conn, (user, key))
                .await?
                .ok_or(AuthError::ApiKeyNotFound)?;
            queries::delete_superseded(conn, key).await?;
            let superseded = queries::supersede(conn, key, now, now + overlap).await?;
            queries::insert_api_key_secret(conn, &secret).await?;
            let rotated = Event::of(EventKind::ApiKeyRotated, user).session(session);
            audit::record(conn, now, rotated).await?;
            let notice = ApiKeyNotice::Rotated {
                name: row.name.clone(),
                old_until: superseded.expires_at,
            };
            NotifyApiKey::enqueue(conn, user, now, notice).await?;
            Ok::<_, AuthError>((row, superseded))
        })
        .await?;
    let secrets = vec![secret, superseded];
    Ok(ShownKey {
        key: ApiKey { row, secrets },
        text,
    })
}

/// Revokes a key, all of its secrets. The owner is told.
pub(crate) async fn revoke_api_key(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session, key): (UserId, SessionId, ApiKeyId),
) -> Result<(), AuthError> {
    conn.transaction(async |conn| {
        let name = queries::delete_api_key(conn, (user, key))
            .await?
            .ok_or(AuthError::ApiKeyNotFound)?;
        let revoked = Event::of(EventKind::ApiKeyRevoked, user).session(session);
        audit::record(conn, now, revoked).await?;
        NotifyApiKey::enqueue(conn, user, now, ApiKeyNotice::Revoked { name }).await
    })
    .await
}

/// Revokes all keys of an account whose owner got it back: whoever had it may have made them. In a transaction of the
/// caller's, whose mail says enough.
pub(super) async fn revoke_all(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<(), AuthError> {
    let revoked = queries::delete_api_keys(conn, user).await?;
    let event = Event::of(EventKind::ApiKeyRevoked, user).reason("credential_change");
    audit::record_all(conn, now, vec![event; revoked]).await?;
    Ok(())
}

/// Forgets keys that were over long ago. Returns how many.
pub(super) async fn sweep(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> Result<usize, AuthError> {
    Ok(queries::delete_old_api_keys(conn, now - LISTED).await?)
}
