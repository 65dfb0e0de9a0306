//! How keys stand: what the database says of one, as it says it of sessions.

use std::num::NonZeroU32;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::role::Role;
use karya_core::{ApiKeyId, Scope, UserId};
use karya_db::functions::roles_of;
use karya_db::schema::{api_key_secrets, api_keys, users};
use karya_db::{Db, DbError, TextList};

use super::text::Presented;
use crate::Standings;

/// How coarse the time of the last use is: so seldom a key that is in use costs a write.
const COARSE: Duration = Duration::hours(1);

/// A key, or one of its two secrets while it is rotated.
#[derive(Clone)]
pub(crate) struct KeyStanding {
    pub(crate) key: ApiKeyId,
    pub(crate) user: UserId,
    pub(crate) scopes: Arc<[Scope]>,
    pub(crate) roles: Arc<[Role]>,
    pub(crate) per_minute: Option<NonZeroU32>,
    hash: Arc<[u8]>,
    expires_at: DateTime<Utc>,
    /// Whether the account is in use.
    good: bool,
}

impl KeyStanding {
    fn lets_in(&self, now: DateTime<Utc>, presented: &Presented<'_>) -> bool {
        presented.is(&self.hash) && self.good && self.expires_at > now
    }
}

impl Standings {
    /// How the key stands that somebody sent; none if it is unknown, over, or another one with the same prefix.
    ///
    /// One statement at most, and none while the answer of the last one is fresh; once an hour another one, which notes
    /// that the key is in use.
    pub(crate) async fn key(
        &self,
        db: &Db,
        now: DateTime<Utc>,
        presented: &Presented<'_>,
        network: &str,
    ) -> Result<Option<KeyStanding>, DbError> {
        let prefix = presented.prefix.to_owned();
        let lets_in = |standing: &KeyStanding| standing.lets_in(now, presented);
        if let Some(standing) = self.keys().recall(now, &prefix) {
            return Ok(standing.filter(lets_in));
        }
        let found = find(&*db.read().await?, &prefix).await?;
        let (standing, last_used_at) = found.map_or((None, None), |(standing, last_used_at)| {
            (Some(standing), last_used_at)
        });
        self.keys().remember(now, prefix, standing.clone());
        let standing = standing.filter(lets_in);
        if let Some(used) = &standing
            && last_used_at.is_none_or(|at| now - at >= COARSE)
        {
            // Not worth a refusal.
            if let Err(error) = note_use(db, now, used.key, network).await {
                tracing::warn!(%error, "the use of a key is not noted");
            }
        }
        Ok(standing)
    }

    /// Forgets a key that was just revoked or rotated: here it is over at once.
    pub fn forget_key(&self, key: ApiKeyId) {
        self.keys().forget(|standing| standing.key == key);
    }
}

async fn find(
    conn: &AsyncPgConnection,
    prefix: &str,
) -> QueryResult<Option<(KeyStanding, Option<DateTime<Utc>>)>> {
    type Row = (
        (ApiKeyId, UserId, TextList, Option<i32>),
        (Vec<u8>, DateTime<Utc>, Option<DateTime<Utc>>),
        (Vec<String>, bool),
    );
    let row: Option<Row> = api_key_secrets::table
        .inner_join(api_keys::table.inner_join(users::table))
        .filter(api_key_secrets::prefix.eq(prefix))
        .select((
            (
                api_keys::id,
                users::id,
                api_keys::scopes,
                api_keys::requests_per_minute,
            ),
            (
                api_key_secrets::hash,
                api_key_secrets::expires_at,
                api_keys::last_used_at,
            ),
            (roles_of(users::id), users::state.eq("active")),
        ))
        .first(&mut &*conn)
        .await
        .optional()?;
    Ok(row.map(|row| {
        let ((key, user, scopes, per_minute), (hash, expires_at, last_used_at), (roles, good)) =
            row;
        let standing = KeyStanding {
            key,
            user,
            // Another replica may be newer and know more scopes and roles.
            scopes: Vec::from(scopes)
                .iter()
                .filter_map(|scope| Scope::from_text(scope))
                .collect(),
            roles: roles
                .iter()
                .filter_map(|role| Role::from_text(role))
                .collect(),
            per_minute: per_minute
                .and_then(|limit| u32::try_from(limit).ok())
                .and_then(NonZeroU32::new),
            hash: hash.into(),
            expires_at,
            good,
        };
        (standing, last_used_at)
    }))
}

async fn note_use(
    db: &Db,
    now: DateTime<Utc>,
    key: ApiKeyId,
    network: &str,
) -> Result<(), DbError> {
    let long_ago = api_keys::last_used_at
        .is_null()
        .or(api_keys::last_used_at.le(now - COARSE));
    let mut conn = db.conn().await?;
    diesel::update(api_keys::table.find(key).filter(long_ago))
        .set((
            api_keys::last_used_at.eq(now),
            api_keys::last_used_from.eq(network),
        ))
        .execute(&mut conn)
        .await?;
    Ok(())
}
