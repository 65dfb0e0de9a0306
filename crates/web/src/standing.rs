//! How sessions stand: what the database says of an access token's session and account, remembered for a moment.
//!
//! A token is good for minutes, but a lock, a lost role, a changed password or an ended session must count at once.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::role::Role;
use karya_core::{SessionId, UserId};
use karya_db::functions::roles_of;
use karya_db::schema::{sessions, users};
use karya_db::{Db, DbError};

use crate::actor::Claims;
use crate::api_key::KeyStanding;
use crate::memory::Memory;

#[derive(Clone)]
struct Standing {
    user: UserId,
    epoch: i32,
    roles: Arc<[Role]>,
    expires_at: DateTime<Utc>,
    /// Neither is the session ended, nor the account shut.
    good: bool,
    is_closing: bool,
    /// A second factor or a passkey was shown in the session.
    is_strong: bool,
}

/// The state of an account that is about to be deleted.
const CLOSING: &str = "closing";

/// Whose token it is, as the database knows them now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    pub roles: Vec<Role>,
    /// The account is about to be deleted: its owner may only look, fetch what is theirs, and take it back.
    pub is_closing: bool,
    /// A second factor or a passkey was shown in the session.
    pub is_strong: bool,
}

#[derive(Default)]
struct Known {
    sessions: Memory<SessionId, Standing>,
    /// By the prefix of the secret.
    keys: Memory<String, KeyStanding>,
}

/// What this process remembers of sessions and of API keys, for three seconds at most. Cheap to clone.
#[derive(Clone, Default)]
pub struct Standings(Arc<Known>);

impl Standings {
    /// What the account of a sound token may do now; nothing if its session or its epoch is over.
    ///
    /// One statement at most, and none while the answer of the last one is fresh.
    pub async fn bearer(
        &self,
        db: &Db,
        now: DateTime<Utc>,
        claims: &Claims,
    ) -> Result<Option<Bearer>, DbError> {
        if let Some(verdict) = self.remembered(now, claims) {
            return Ok(verdict);
        }
        let reader = db.read().await?;
        let standing = find(&reader, claims.sid).await?;
        let verdict = standing
            .as_ref()
            .and_then(|standing| verdict(standing, now, claims));
        self.0.sessions.remember(now, claims.sid, standing);
        Ok(verdict)
    }

    /// Forgets a session that was just ended: here it is over at once.
    pub fn forget(&self, session: SessionId) {
        self.0.sessions.forget_one(&session);
    }

    /// Forgets all sessions and keys of an account.
    pub fn forget_user(&self, user: UserId) {
        self.0.sessions.forget(|standing| standing.user == user);
        self.0.keys.forget(|standing| standing.user == user);
    }

    pub(crate) fn keys(&self) -> &Memory<String, KeyStanding> {
        &self.0.keys
    }

    fn remembered(&self, now: DateTime<Utc>, claims: &Claims) -> Option<Option<Bearer>> {
        match self.0.sessions.recall(now, &claims.sid)? {
            // The token was issued after what is remembered.
            Some(standing) if standing.epoch < claims.epoch => None,
            Some(standing) => Some(verdict(&standing, now, claims)),
            None => Some(None),
        }
    }
}

fn verdict(standing: &Standing, now: DateTime<Utc>, claims: &Claims) -> Option<Bearer> {
    let goes_on = standing.good
        && standing.expires_at > now
        && standing.user == claims.sub
        && standing.epoch == claims.epoch;
    goes_on.then(|| Bearer {
        roles: standing.roles.to_vec(),
        is_closing: standing.is_closing,
        is_strong: standing.is_strong,
    })
}

async fn find(conn: &AsyncPgConnection, session: SessionId) -> QueryResult<Option<Standing>> {
    type Row = (
        UserId,
        i32,
        Vec<String>,
        DateTime<Utc>,
        (bool, bool, String),
    );
    let good = sessions::revoked_at
        .is_null()
        .and(users::state.eq_any(["active", CLOSING]));
    let is_strong = sessions::second_factor
        .is_not_null()
        .or(sessions::first_factor.eq("passkey"));
    let row: Option<Row> = sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(session))
        .select((
            users::id,
            users::token_epoch,
            roles_of(users::id),
            sessions::expires_at,
            (good, is_strong, users::state),
        ))
        .first(&mut &*conn)
        .await
        .optional()?;
    Ok(row.map(
        |(user, epoch, roles, expires_at, (good, is_strong, state))| Standing {
            user,
            epoch,
            roles: roles
                .iter()
                // Another replica may be newer and know more roles.
                .filter_map(|role| Role::from_text(role))
                .collect(),
            expires_at,
            good,
            is_closing: state == CLOSING,
            is_strong,
        },
    ))
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use karya_core::{Clock, SessionId, UserId};

    use super::{Standing, Standings};
    use crate::actor::Claims;
    use crate::memory::CAPACITY;

    #[test]
    fn an_answer_is_believed_for_three_seconds() {
        let clock = Clock::fixed("2026-06-01T05:00:00Z".parse().unwrap());
        let now = clock.now();
        let standings = Standings::default();
        let claims = Claims {
            iss: String::new(),
            aud: String::new(),
            sub: UserId::fresh(),
            sid: SessionId::fresh(),
            jti: uuid::Uuid::now_v7(),
            iat: 0,
            exp: 0,
            epoch: 1,
            auth_time: 0,
            amr: Vec::new(),
            roles: Vec::new(),
        };
        let standing = Standing {
            user: claims.sub,
            epoch: 1,
            roles: Vec::new().into(),
            expires_at: now + Duration::days(1),
            good: true,
            is_closing: false,
            is_strong: false,
        };
        let of = |claims: &Claims, seconds: i64| {
            let verdict = standings.remembered(now + Duration::seconds(seconds), claims);
            verdict.map(|bearer| bearer.is_some())
        };
        assert_eq!(of(&claims, 0), None);
        standings
            .0
            .sessions
            .remember(now, claims.sid, Some(standing.clone()));
        for (seconds, expected) in [(0, Some(true)), (2, Some(true)), (3, None), (-1, None)] {
            assert_eq!(of(&claims, seconds), expected, "{seconds}");
        }
        let with_epoch = |epoch| Claims {
            epoch,
            ..claims.clone()
        };
        assert_eq!(of(&with_epoch(0), 0), Some(false));
        assert_eq!(of(&with_epoch(2), 0), None, "the database knows better");
        let stranger = Claims {
            sub: UserId::fresh(),
            ..claims.clone()
        };
        assert_eq!(of(&stranger, 0), Some(false));
        standings.forget_user(stranger.sub);
        assert_eq!(of(&claims, 0), Some(true));
        standings.forget_user(claims.sub);
        assert_eq!(of(&claims, 0), None);
        for _ in 0..CAPACITY + 10 {
            standings
                .0
                .sessions
                .remember(now, SessionId::fresh(), Some(standing.clone()));
        }
        assert!(standings.0.sessions.len() <= CAPACITY);
    }
}
