use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::sealing::{derive, open_with, seal_with, sha256};
use karya_core::{Check, Random, Rule, SessionId, Text, UserId};
use karya_db::Db;
use karya_web::ClientIp;

use super::guard;
use super::second_factor::{Issued, Proof};
use crate::audit::{self, Event, EventKind};
use crate::model::{
    Account, FirstFactor, Identifier, NewSession, Platform, RefreshToken, Session, UserState,
};
use crate::tokens::{self, Proved};
use crate::{AuthError, AuthOptions, Issuer, PasswordPool, jobs, queries};

const SUCCESSOR: &str = "refresh-successor";

/// What a client says about the device it runs on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Device {
    pub(crate) name: Option<String>,
    pub(crate) platform: Option<Platform>,
    pub(crate) ip_prefix: Option<String>,
    /// What this server gave it when it signed in before, or gives it now.
    pub(crate) token: Option<String>,
}

impl Device {
    /// What a request says: the name and the token from the last sign-in, and the platform.
    pub(crate) fn parse(
        check: &mut Check,
        (name, token): (Option<&str>, Option<&str>),
        platform: Option<Platform>,
        ip: ClientIp,
    ) -> Option<Self> {
        let name = check.optional("/device_name", name, |name| Text::line(name, 1, 100));
        if token.is_some_and(|token| token.len() > 100) {
            check.fail("/device_token", Rule::TooLong { max: 100 });
        }
        Some(Self {
            name: name?.map(Text::into_string),
            platform,
            ip_prefix: Some(ip.prefix()),
            token: token.map(str::to_owned),
        })
    }
}

/// Tokens, fresh from the press.
#[derive(Debug)]
pub(crate) struct IssuedSession {
    pub(crate) session_id: SessionId,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) refresh_expires_at: DateTime<Utc>,
}

/// A sign-in.
pub(crate) struct SignedIn {
    pub(crate) account: Account,
    pub(crate) issued: IssuedSession,
    /// By which the device is known from now on.
    pub(crate) device_token: String,
}

/// Signs in with a password. An account with a second factor gets [`AuthError::FactorRequired`] and no session.
///
/// An address or a number without an account costs the same hash as one with: the pool does the work and says no.
pub(crate) async fn login(
    db: &Db,
    passwords: &PasswordPool,
    tools: &Tools<'_>,
    now: DateTime<Utc>,
    (identifier, password): (Identifier, &str),
    device: Device,
) -> Result<SignedIn, AuthError> {
    // Before anything is read or counted: a storm is turned away without the database.
    let place = passwords.place()?;
    let mut conn = db.conn().await?;
    let found = queries::find_login(&conn, &identifier).await?;
    let token_hash = device
        .token
        .as_deref()
        .map(|token| sha256(token.as_bytes()));
    let owner = match &token_hash {
        Some(hash) => queries::device_user(&conn, hash).await?,
        None => None,
    };
    let user = found.as_ref().map(|(account, _)| account.user.id);
    let known = user.is_some() && owner == user;
    let token_hash = token_hash.filter(|_| known);
    let counter = guard::counter(&identifier, token_hash.as_deref());
    guard::admit(&mut conn, now, &counter, guard::PASSWORDS)
        .await
        .inspect_err(|_refused| failed("throttled"))?;
    // Back before the hash is computed.
    drop(conn);
    let (account, phc) = found.map_or((None, None), |(account, phc)| (Some(account), Some(phc)));
    let verdict = match passwords.verify_in(place, password, phc.clone()).await {
        Ok(verdict) => verdict,
        Err(error) => {
            // Nobody looked at the password.
            let mut conn = db.conn().await?;
            queries::forgive_attempt(&mut conn, &counter, guard::PASSWORDS.free).await?;
            return Err(error);
        }
    };
    let (Some(account), Some(phc), true) = (account, phc, verdict.matches) else {
        let (reason, refusal) = ("credentials", AuthError::InvalidCredentials);
        return Err(refuse(db, now, reason, Event::refused(user, reason), refusal).await);
    };
    match account.user.state {
        UserState::Active | UserState::Closing => {}
        UserState::Locked => {
            let (reason, refusal) = ("locked", AuthError::AccountLocked);
            return Err(refuse(db, now, reason, Event::refused(user, reason), refusal).await);
        }
        UserState::Deleted => return Err(AuthError::InvalidCredentials),
    }
    let upgraded = if verdict.outdated {
        passwords.hash(password).await.ok()
    } else {
        None
    };
    let mut conn = db.conn().await?;
    let phc = match upgraded {
        Some(new) if queries::upgrade_hash(&mut conn, account.user.id, &phc, &new).await? > 0 => {
            new
        }
        _ => phc,
    };
    let device_token = device.token.clone().filter(|_| known);
    let device_token = device_token.unwrap_or_else(|| tools.random.token());
    let device = Device {
        token: Some(device_token.clone()),
        ..device
    };
    let proof = Proof::Password {
        phc: &phc,
        known_device: token_hash.as_deref(),
    };
    let issued = issue_session(&mut conn, tools, now, &account, device, proof).await?;
    queries::forgive_attempt(&mut conn, &counter, guard::PASSWORDS.free).await?;
    let issued = match issued {
        Issued::Session(issued) => issued,
        Issued::Challenge(challenge) => return Err(AuthError::FactorRequired(Box::new(challenge))),
    };
    Ok(SignedIn {
        account,
        issued,
        device_token,
    })
}

/// Counts and records a sign-in that is refused after what was shown was looked at. An address without an account makes
/// the same work.
pub(super) async fn refuse(
    db: &Db,
    now: DateTime<Utc>,
    reason: &'static str,
    event: Event,
    refusal: AuthError,
) -> AuthError {
    failed(reason);
    let recorded = match db.conn().await {
        Ok(mut conn) => audit::record(&mut conn, now, event)
            .await
            .map_err(AuthError::from),
        Err(error) => Err(error.into()),
    };
    recorded.err().unwrap_or(refusal)
}

pub(super) fn failed(reason: &'static str) {
    metrics::counter!("karya_signin_failures_total", "reason" => reason).increment(1);
}

/// What making tokens needs.
pub(crate) struct Tools<'a> {
    pub(crate) random: &'a Random,
    pub(crate) issuer: &'a Issuer,
    pub(crate) options: &'a AuthOptions,
}

/// Opens a session: the one way to do so, whatever the credential was.
///
/// If the password that was checked is not the account's any more, or the account was shut since it was read, there is
/// no session: a change of password must not miss one that opens beside it. If the account has a second factor, there
/// is none without that either.
pub(super) async fn issue_session(
    conn: &mut AsyncPgConnection,
    tools: &Tools<'_>,
    now: DateTime<Utc>,
    account: &Account,
    device: Device,
    proof: Proof<'_>,
) -> Result<Issued, AuthError> {
    let (first_factor, second_factor) = proof.factors();
    let session = NewSession {
        id: SessionId::fresh(),
        user_id: account.user.id,
        device_name: device.name.clone(),
        platform: device.platform,
        ip_prefix: device.ip_prefix.clone(),
        created_at: now,
        last_seen_at: now,
        expires_at: now + tools.options.refresh_absolute,
        authenticated_at: now,
        first_factor,
        second_factor,
    };
    let refresh_token = tools.random.token();
    let token = RefreshToken {
        token_hash: sha256(refresh_token.as_bytes()),
        session_id: session.id,
        parent_hash: None,
        issued_at: now,
        expires_at: session.expires_at.min(now + tools.options.refresh_idle),
        used_at: None,
        successor_sealed: None,
    };
    let challenge = conn
        .transaction(async |conn| {
            queries::lock_sign_ins(conn, session.user_id).await?;
            if let Some(challenge) = proof.examine(conn, tools.random, now, &session).await? {
                return Ok(Some(challenge));
            }
            let (seen_before, on_this_device) = queries::knows_device(conn, &session).await?;
            queries::insert_session(conn, &session).await?;
            make_room(conn, tools.options, now, &session).await?;
            // The first device of all is no news, nor are tokens that an operator makes.
            if !matches!(proof, Proof::Operator) && seen_before && !on_this_device {
                let notice = jobs::NotifyNewDevice {
                    session_id: session.id,
                };
                karya_jobs::enqueue(conn, &notice).await?;
            }
            queries::insert_refresh_token(conn, &token).await?;
            if let Some(token) = &device.token {
                // Here, so that what forgets devices misses none that signs in beside it.
                let hash = sha256(token.as_bytes());
                queries::remember_device(conn, &hash, account.user.id, now).await?;
            }
            let signed_in = Event::of(EventKind::SignedIn, account.user.id).session(session.id);
            audit::record(conn, now, signed_in.reason(proof.shown())).await?;
            if second_factor.is_some() || first_factor == FirstFactor::Passkey {
                super::staff::void_factor_reset(conn, now, account.user.id).await?;
            }
            Ok::<_, AuthError>(None)
        })
        .await?;
    if let Some(challenge) = challenge {
        return Ok(Issued::Challenge(challenge));
    }
    let proved = Proved {
        at: now,
        first: first_factor,
        second: second_factor,
    };
    Ok(Issued::Session(IssuedSession {
        session_id: session.id,
        access_token: access_token(tools, now, account, session.id, &proved)?,
        refresh_token,
        refresh_expires_at: token.expires_at,
    }))
}

/// Ends what is beyond the sessions that an account may have: those that were not used for the longest time.
async fn make_room(
    conn: &mut AsyncPgConnection,
    options: &AuthOptions,
    now: DateTime<Utc>,
    new: &NewSession,
) -> Result<(), AuthError> {
    let (user, alive) = (new.user_id, (now, now - options.refresh_idle));
    let others = i64::from(options.max_sessions.saturating_sub(1));
    let beyond = queries::sessions_beyond(conn, user, alive, new.id, others).await?;
    let reason = "replaced";
    for session in &beyond {
        queries::revoke_session(conn, *session, reason, now).await?;
    }
    audit::sessions_ended(conn, now, user, &beyond, reason).await?;
    Ok(())
}

fn access_token(
    tools: &Tools<'_>,
    now: DateTime<Utc>,
    account: &Account,
    session: SessionId,
    proved: &Proved,
) -> Result<String, AuthError> {
    let Account { user, roles, .. } = account;
    tokens::access_token(
        tools.issuer,
        tools.options,
        now,
        user.id,
        session,
        user.token_epoch,
        proved,
        roles,
    )
}

enum Rotation {
    Rotated(IssuedSession),
    Reused,
}

/// Exchanges a refresh token for the next one.
///
/// A phone that lost the reply asks again with the old token and gets the same successor, for a short while and as
/// long as nobody has used that. After that, a token that turns up twice was copied: the whole session ends, and its
/// owner gets a mail.
pub(crate) async fn refresh(
    conn: &mut AsyncPgConnection,
    tools: &Tools<'_>,
    now: DateTime<Utc>,
    presented: &str,
) -> Result<IssuedSession, AuthError> {
    let hash = sha256(presented.as_bytes());
    let rotation = conn
        .transaction(async |conn| {
            let found = queries::lock_refresh_token(conn, &hash).await?;
            let (token, session) = found.ok_or(AuthError::RefreshInvalid)?;
            if session.revoked_at.is_some() || session.expires_at <= now || token.expires_at <= now
            {
                return Err(AuthError::RefreshInvalid);
            }
            let account = queries::find_account(conn, session.user_id)
                .await?
                .ok_or(AuthError::RefreshInvalid)?;
            if !account.user.state.is_usable() {
                return Err(AuthError::RefreshInvalid);
            }
            let next = match token.used_at {
                None => Some(rotate(conn, tools, now, &token, &session, presented).await?),
                Some(used_at) if now - used_at <= tools.options.refresh_grace => {
                    same_successor(conn, &token, presented).await?
                }
                Some(_) => None,
            };
            let Some((refresh_token, refresh_expires_at)) = next else {
                queries::revoke_session(conn, session.id, "reuse", now).await?;
                let reused = Event::of(EventKind::RefreshReused, session.user_id);
                audit::record(conn, now, reused.session(session.id)).await?;
                karya_jobs::enqueue(
                    conn,
                    &jobs::NotifySessionEnded {
                        session_id: session.id,
                    },
                )
                .await?;
                // Committed, not rolled back: the session must end.
                return Ok(Rotation::Reused);
            };
            let proved = Proved {
                at: session.authenticated_at,
                first: session.first_factor,
                second: session.second_factor,
            };
            Ok(Rotation::Rotated(IssuedSession {
                session_id: session.id,
                access_token: access_token(tools, now, &account, session.id, &proved)?,
                refresh_token,
                refresh_expires_at,
            }))
        })
        .await?;
    match rotation {
        Rotation::Rotated(issued) => Ok(issued),
        Rotation::Reused => {
            metrics::counter!("karya_refresh_reuse_total").increment(1);
            Err(AuthError::RefreshReused)
        }
    }
}

async fn rotate(
    conn: &mut AsyncPgConnection,
    tools: &Tools<'_>,
    now: DateTime<Utc>,
    token: &RefreshToken,
    session: &Session,
    presented: &str,
) -> Result<(String, DateTime<Utc>), AuthError> {
    let next = tools.random.token();
    let expires_at = session.expires_at.min(now + tools.options.refresh_idle);
    // Only who holds the old token can open this.
    let key = derive(presented.as_bytes(), SUCCESSOR);
    let sealed = seal_with(&key, &token.token_hash, next.as_bytes());
    queries::mark_used(conn, &token.token_hash, sealed, now).await?;
    let successor = RefreshToken {
        token_hash: sha256(next.as_bytes()),
        session_id: session.id,
        parent_hash: Some(token.token_hash.clone()),
        issued_at: now,
        expires_at,
        used_at: None,
        successor_sealed: None,
    };
    queries::insert_refresh_token(conn, &successor).await?;
    queries::touch_session(conn, session.id, now).await?;
    Ok((next, expires_at))
}

/// The token that replaced this one, if nobody has used it yet.
async fn same_successor(
    conn: &mut AsyncPgConnection,
    token: &RefreshToken,
    presented: &str,
) -> Result<Option<(String, DateTime<Utc>)>, AuthError> {
    let Some((None, expires_at)) = queries::successor_of(conn, &token.token_hash).await? else {
        return Ok(None);
    };
    let key = derive(presented.as_bytes(), SUCCESSOR);
    let sealed = token.successor_sealed.as_deref().unwrap_or_default();
    let next = open_with(&key, &token.token_hash, sealed)
        .ok()
        .and_then(|plain| String::from_utf8(plain.to_vec()).ok())
        .ok_or_else(|| AuthError::Token("a successor does not open".into()))?;
    Ok(Some((next, expires_at)))
}

/// Ends the session. A second time changes nothing.
pub async fn logout(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    session: SessionId,
) -> Result<(), AuthError> {
    conn.transaction(async |conn| {
        if queries::revoke_session(conn, session, "logout", now).await? > 0 {
            audit::sessions_ended(conn, now, user, &[session], "logout").await?;
        }
        Ok(())
    })
    .await
}

/// An access token for a demo account, without a password; accounts that are not demo accounts are refused.
pub async fn demo_token(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    random: &Random,
    issuer: &Issuer,
    options: &AuthOptions,
    user: UserId,
) -> Result<String, AuthError> {
    let account = queries::find_account(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    if !account.user.is_demo {
        return Err(AuthError::InvalidCredentials);
    }
    let device = Device {
        name: Some("karya token".into()),
        ..Device::default()
    };
    let tools = Tools {
        random,
        issuer,
        options,
    };
    match issue_session(conn, &tools, now, &account, device, Proof::Operator).await? {
        Issued::Session(issued) => Ok(issued.access_token),
        Issued::Challenge(_) => Err(AuthError::InvalidCredentials),
    }
}
