//! How sessions stand: what the database says of an access token's session and account, remembered for a moment.
//!
//! A token is good for minutes, but a lock, a lost role, a changed password or an ended session must count at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::role::Role;
use karya_core::{SessionId, UserId};
use karya_db::functions::roles_of;
use karya_db::schema::{sessions, users};
use karya_db::{Db, DbError};

use crate::actor::Claims;

/// How old an answer of the database may be: so long after its end, a session may still be served by another process.
const FRESH: Duration = Duration::seconds(3);

/// How many sessions are remembered at once, at about 150 bytes each.
const CAPACITY: usize = 50_000;

#[derive(Clone)]
struct Standing {
    user: UserId,
    epoch: i32,
    roles: Arc<[Role]>,
    expires_at: DateTime<Utc>,
    /// Neither is the session ended, nor the account shut.
    good: bool,
    /// A second factor or a passkey was shown in the session.
    strong: bool,
}

/// What an account may do in a session that goes on.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) roles: Vec<Role>,
    /// A second factor or a passkey was shown in the session.
    pub(crate) strong: bool,
}

struct Remembered {
    /// None: there is no such session.
    standing: Option<Standing>,
    read_at: DateTime<Utc>,
}

impl Remembered {
    /// A clock that was set back makes nothing young again.
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.read_at <= now && now - self.read_at < FRESH
    }
}

/// What this process remembers of sessions, for three seconds at most. Cheap to clone.
#[derive(Clone, Default)]
pub struct Standings {
    remembered: Arc<Mutex<HashMap<SessionId, Remembered>>>,
}

impl Standings {
    /// What the account of a sound token may do now; nothing if its session or its epoch is over.
    ///
    /// One statement at most, and none while the answer of the last one is fresh.
    pub(crate) async fn granted(
        &self,
        db: &Db,
        now: DateTime<Utc>,
        claims: &Claims,
    ) -> Result<Option<Granted>, DbError> {
        if let Some(verdict) = self.remembered(now, claims) {
            return Ok(verdict);
        }
        let reader = db.read().await?;
        let standing = find(&reader, claims.sid).await?;
        let verdict = standing
            .as_ref()
            .and_then(|standing| verdict(standing, now, claims));
        self.remember(now, claims.sid, standing);
        Ok(verdict)
    }

    /// Forgets a session that was just ended: here it is over at once.
    pub fn forget(&self, session: SessionId) {
        self.lock().remove(&session);
    }

    /// Forgets all sessions of an account.
    pub fn forget_user(&self, user: UserId) {
        self.lock().retain(|_, remembered| {
            remembered
                .standing
                .as_ref()
                .is_some_and(|standing| standing.user != user)
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Remembered>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self, now: DateTime<Utc>, claims: &Claims) -> Option<Option<Granted>> {
        let all = self.lock();
        let known = all.get(&claims.sid).filter(|known| known.is_fresh(now))?;
        match &known.standing {
            // The token was issued after what is remembered.
            Some(standing) if standing.epoch < claims.epoch => None,
            Some(standing) => Some(verdict(standing, now, claims)),
            None => Some(None),
        }
    }

    fn remember(&self, now: DateTime<Utc>, session: SessionId, standing: Option<Standing>) {
        let mut all = self.lock();
        if all.len() >= CAPACITY {
            all.retain(|_, remembered| remembered.is_fresh(now));
            if all.len() >= CAPACITY {
                all.clear();
            }
        }
        let remembered = Remembered {
            standing,
            read_at: now,
        };
        all.insert(session, remembered);
    }
}

fn verdict(standing: &Standing, now: DateTime<Utc>, claims: &Claims) -> Option<Granted> {
    let goes_on = standing.good
        && standing.expires_at > now
        && standing.user == claims.sub
        && standing.epoch == claims.epoch;
    goes_on.then(|| Granted {
        roles: standing.roles.to_vec(),
        strong: standing.strong,
    })
}

async fn find(conn: &AsyncPgConnection, session: SessionId) -> QueryResult<Option<Standing>> {
    type Row = (UserId, i32, Vec<String>, DateTime<Utc>, bool, bool);
    let good = sessions::revoked_at
        .is_null()
        .and(users::state.eq("active"));
    let strong = sessions::second_factor
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
            good,
            strong,
        ))
        .first(&mut &*conn)
        .await
        .optional()?;
    Ok(
        row.map(|(user, epoch, roles, expires_at, good, strong)| Standing {
            user,
            epoch,
            roles: roles
                .iter()
                // Another replica may be newer and know more roles.
                .filter_map(|role| Role::from_text(role))
                .collect(),
            expires_at,
            good,
            strong,
        }),
    )
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use karya_core::{Clock, SessionId, UserId};

    use super::{CAPACITY, Standing, Standings};
    use crate::actor::Claims;

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
            strong: false,
        };
        let of = |claims: &Claims, seconds: i64| {
            let verdict = standings.remembered(now + Duration::seconds(seconds), claims);
            verdict.map(|roles| roles.is_some())
        };
        assert_eq!(of(&claims, 0), None);
        standings.remember(now, claims.sid, Some(standing.clone()));
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
            standings.remember(now, SessionId::fresh(), Some(standing.clone()));
        }
        assert!(standings.lock().len() <= CAPACITY);
    }
}
