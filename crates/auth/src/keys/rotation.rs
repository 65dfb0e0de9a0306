//! How signing keys follow each other: `next` → `active` → `retiring` → gone.
//!
//! A key is published before it signs and after it has signed, so that whoever checks tokens knows it whenever it
//! matters. The states are rows, so that all replicas go by the same ones.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use super::{Issuer, KeyError, generate};
use crate::model::{KeyState, SigningKey};
use crate::queries::signing_keys as queries;

/// How long a key is published before it signs: replicas read the keys once a minute, and others may keep the key set
/// for its `max-age` of five minutes.
const PUBLISHED_FIRST: TimeDelta = TimeDelta::minutes(10);

/// How long a key stays published after its last signature: longer than any access token is valid.
const PUBLISHED_AFTER: TimeDelta = TimeDelta::hours(1);

/// How long a key signs before it is replaced without anybody asking.
const SIGNS_FOR: TimeDelta = TimeDelta::days(90);

/// Where a rotation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The key is published and signs from then on; workers see to it.
    Announced {
        kid: String,
        signs_from: DateTime<Utc>,
    },
    /// The key signs now.
    Done { kid: String },
}

/// What may be told of a signing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    pub kid: String,
    pub state: KeyState,
    pub since: DateTime<Utc>,
}

impl Issuer {
    /// The keys in the database, the oldest first.
    pub async fn list(conn: &mut AsyncPgConnection) -> Result<Vec<KeyInfo>, KeyError> {
        let keys = queries::signing_keys(conn).await?;
        let info = |key: SigningKey| KeyInfo {
            kid: key.kid,
            state: key.state,
            since: key.state_since,
        };
        Ok(keys.into_iter().map(info).collect())
    }

    /// Begins to replace the key that signs, or goes on with it where that is due. Asking again changes nothing.
    pub async fn rotate(
        &self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
    ) -> Result<Rotation, KeyError> {
        conn.transaction(async |conn| self.advance(conn, now, true).await)
            .await?
            .ok_or(KeyError::NoActive)
    }

    /// What is due without anybody asking: a key that waited signs, one that is done with goes, an old one is replaced.
    pub async fn tend(
        &self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
    ) -> Result<Option<Rotation>, KeyError> {
        conn.transaction(async |conn| self.advance(conn, now, false).await)
            .await
    }

    /// Puts a new key in force at once and forgets all others: every access token made with them is refused, from the
    /// moment a replica reads the keys again. Apps refresh; nobody has to sign in. Returns the new key's id.
    pub async fn replace(
        &self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
    ) -> Result<String, KeyError> {
        let fresh = generate(&self.master_key, KeyState::Active, now)?;
        conn.transaction(async |conn| {
            queries::lock_signing_keys(conn).await?;
            queries::delete_signing_keys(conn).await?;
            queries::insert_signing_key(conn, &fresh).await?;
            Ok(fresh.kid)
        })
        .await
    }

    async fn advance(
        &self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
        asked: bool,
    ) -> Result<Option<Rotation>, KeyError> {
        // Nearly always there is nothing to do: no lock for that.
        if !asked && !is_due(&queries::signing_keys(conn).await?, now) {
            return Ok(None);
        }
        queries::lock_signing_keys(conn).await?;
        queries::forget_signing_keys(conn, now - PUBLISHED_AFTER).await?;
        let keys = queries::signing_keys(conn).await?;
        let Some(active) = in_state(&keys, KeyState::Active) else {
            return Err(KeyError::NoActive);
        };
        let Some(next) = in_state(&keys, KeyState::Next) else {
            if !asked && now - active.state_since < SIGNS_FOR {
                return Ok(None);
            }
            let fresh = generate(&self.master_key, KeyState::Next, now)?;
            queries::insert_signing_key(conn, &fresh).await?;
            return Ok(Some(announced(&fresh)));
        };
        if now - next.state_since < PUBLISHED_FIRST {
            return Ok(Some(announced(next)));
        }
        queries::set_signing_key_state(conn, &active.kid, KeyState::Retiring, now).await?;
        queries::set_signing_key_state(conn, &next.kid, KeyState::Active, now).await?;
        let kid = next.kid.clone();
        Ok(Some(Rotation::Done { kid }))
    }
}

fn in_state(keys: &[SigningKey], state: KeyState) -> Option<&SigningKey> {
    keys.iter().find(|key| key.state == state)
}

fn announced(next: &SigningKey) -> Rotation {
    Rotation::Announced {
        kid: next.kid.clone(),
        signs_from: next.state_since + PUBLISHED_FIRST,
    }
}

fn is_due(keys: &[SigningKey], now: DateTime<Utc>) -> bool {
    let has_next = in_state(keys, KeyState::Next).is_some();
    keys.iter().any(|key| {
        let age = now - key.state_since;
        match key.state {
            KeyState::Next => age >= PUBLISHED_FIRST,
            KeyState::Retiring => age >= PUBLISHED_AFTER,
            KeyState::Active => age >= SIGNS_FOR && !has_next,
        }
    })
}
