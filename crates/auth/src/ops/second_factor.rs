//! What a session takes, and second factors among it.

use chrono::{DateTime, Duration, Utc};
use diesel_async::AsyncPgConnection;
use karya_core::sealing::sha256;
use karya_core::{Challenge, MasterKey, Random, UserId};
use karya_db::Db;
use karya_notifications::FactorNotice;
use uuid::Uuid;

use super::passkeys::Assertion;
use super::sessions::{Device, IssuedSession, SignedIn, Tools, failed, issue_session, refuse};
use super::{guard, recovery};
use crate::audit::{Event, EventKind};
use crate::model::{FactorMethod, FirstFactor, IdentityProvider, NewSession, SignInChallenge};
use crate::{AuthError, jobs, queries, totp};

/// How long a sign-in waits for its second factor.
const CHALLENGE_TTL: Duration = Duration::minutes(5);

/// How many codes may be tried in one sign-in.
const ANSWERS: i32 = 5;

const SECRET: &str = "totp-secret";

/// A code that somebody typed, and the key that it takes to look at it.
#[derive(Clone, Copy)]
pub(crate) struct TypedCode<'a> {
    pub(crate) method: FactorMethod,
    pub(crate) code: &'a str,
    pub(crate) master_key: &'a MasterKey,
}

impl TypedCode<'_> {
    /// Uses the code up, and says whether it was good. Of many callers with one code, one hears yes.
    ///
    /// Whoever calls has asked [`admit_code`] first, and holds the account in the same transaction.
    pub(super) async fn redeem(
        &self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
        user: UserId,
    ) -> Result<bool, AuthError> {
        match self.method {
            FactorMethod::Totp => self.redeem_totp(conn, now, user).await,
            FactorMethod::RecoveryCode => {
                recovery::redeem(conn, now, self.master_key, user, self.code).await
            }
        }
    }

    async fn redeem_totp(
        &self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
        user: UserId,
    ) -> Result<bool, AuthError> {
        for factor in queries::totp_factors(conn, user).await? {
            let secret = open(self.master_key, factor.id, &factor.secret_sealed)?;
            let last = factor.last_step.unwrap_or(i64::MAX);
            if let Some(step) = totp::matching(&secret, self.code, now, last)
                && queries::use_step(conn, factor.id, step, now).await? > 0
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

pub(super) fn seal(master_key: &MasterKey, factor: uuid::Uuid, secret: &[u8]) -> Vec<u8> {
    master_key.seal(SECRET, factor.as_bytes(), secret)
}

pub(super) fn open(
    master_key: &MasterKey,
    factor: uuid::Uuid,
    sealed: &[u8],
) -> Result<zeroize::Zeroizing<Vec<u8>>, AuthError> {
    master_key
        .open(SECRET, factor.as_bytes(), sealed)
        .map_err(|_unsealable| {
            AuthError::Token(format!("the secret of factor {factor} does not open"))
        })
}

/// Counts a guess at a second factor, before it is looked at. The fifth in a row is told the owner by mail: whoever
/// guesses has the password.
pub(crate) async fn admit_code(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    counter: &[u8],
) -> Result<(), AuthError> {
    let attempts = guard::admit(conn, now, counter, guard::CODES).await?;
    if attempts == guard::CODES.free {
        // Not in the transaction that holds the counter: a queue may make it wait for somebody who waits for that.
        jobs::NotifyFactor::enqueue(conn, user, now, FactorNotice::Guessed).await?;
    }
    Ok(())
}

/// Why somebody gets a session.
pub(super) enum Proof<'a> {
    /// The hash of the password that was checked, and that of the token of the device, if it signed in before.
    Password {
        phc: &'a str,
        known_device: Option<&'a [u8]>,
    },
    /// The hash of a challenge, which says that the first factor was right, and a code.
    Factor {
        challenge: &'a [u8],
        first: FirstFactor,
        code: TypedCode<'a>,
    },
    /// A passkey that signed what was asked: a factor of two kinds by itself.
    Passkey(Assertion<'a>),
    /// An account at another provider, which said so just now, and the hash of the token of the device, if it signed in
    /// before. How many factors the provider asked for is not known: it counts as one.
    Social {
        provider: IdentityProvider,
        identity: Uuid,
        known_device: Option<&'a [u8]>,
    },
    /// Whoever runs the server wants it, for a demo account.
    Operator,
}

/// What came of a proof.
pub(super) enum Issued {
    Session(IssuedSession),
    Challenge(Challenge),
}

impl Proof<'_> {
    pub(super) const fn factors(&self) -> (FirstFactor, Option<FactorMethod>) {
        match self {
            Self::Password { .. } => (FirstFactor::Password, None),
            Self::Factor { first, code, .. } => (*first, Some(code.method)),
            Self::Passkey(_) => (FirstFactor::Passkey, None),
            Self::Social { .. } => (FirstFactor::Social, None),
            Self::Operator => (FirstFactor::Operator, None),
        }
    }

    /// What the security events call it.
    pub(super) const fn shown(&self) -> &'static str {
        match self {
            Self::Social { provider, .. } => provider.as_str(),
            Self::Factor { code, .. } => code.method.as_str(),
            Self::Password { .. } | Self::Passkey(_) | Self::Operator => self.factors().0.as_str(),
        }
    }

    /// Whether it is still good for `session`, in the transaction that opens it. A challenge: not yet.
    pub(super) async fn examine(
        &self,
        conn: &mut AsyncPgConnection,
        random: &Random,
        now: DateTime<Utc>,
        session: &NewSession,
    ) -> Result<Option<Challenge>, AuthError> {
        let user = session.user_id;
        let held = queries::hold_usable(conn, user).await?;
        match self {
            Self::Password { phc, known_device } => {
                held.ok_or(AuthError::InvalidCredentials)?;
                if queries::hold_password(conn, user).await?.as_deref() != Some(*phc) {
                    return Err(AuthError::InvalidCredentials);
                }
                challenge_if_enrolled(conn, random, now, session, *known_device).await
            }
            Self::Social {
                identity,
                known_device,
                ..
            } => {
                held.ok_or(AuthError::SocialInvalid)?;
                if queries::use_identity(conn, (user, *identity), now).await? == 0 {
                    return Err(AuthError::SocialInvalid);
                }
                challenge_if_enrolled(conn, random, now, session, *known_device).await
            }
            Self::Factor {
                challenge, code, ..
            } => {
                // Who changes what an account signs in with deletes its challenges.
                held.ok_or(AuthError::ChallengeInvalid)?;
                if !code.redeem(conn, now, user).await? {
                    return Err(AuthError::FactorInvalid);
                }
                if queries::use_challenge(conn, challenge, now).await? == 0 {
                    return Err(AuthError::ChallengeInvalid);
                }
                Ok(None)
            }
            Self::Passkey(assertion) => {
                held.ok_or(AuthError::PasskeyInvalid)?;
                assertion.redeem(conn, now, user).await?;
                Ok(None)
            }
            Self::Operator => {
                if held.is_none() || queries::has_factors(conn, user).await? {
                    return Err(AuthError::InvalidCredentials);
                }
                Ok(None)
            }
        }
    }
}

/// What an account with a second factor must answer. Asked after the lock and in a statement of its own: what was
/// enrolled while this waited counts.
async fn challenge_if_enrolled(
    conn: &mut AsyncPgConnection,
    random: &Random,
    now: DateTime<Utc>,
    session: &NewSession,
    known_device: Option<&[u8]>,
) -> Result<Option<Challenge>, AuthError> {
    if !queries::has_factors(conn, session.user_id).await? {
        return Ok(None);
    }
    open_challenge(conn, random, now, session, known_device)
        .await
        .map(Some)
}

async fn open_challenge(
    conn: &mut AsyncPgConnection,
    random: &Random,
    now: DateTime<Utc>,
    session: &NewSession,
    known_device: Option<&[u8]>,
) -> Result<Challenge, AuthError> {
    let token = random.token();
    let row = SignInChallenge {
        token_hash: sha256(token.as_bytes()),
        user_id: session.user_id,
        device_hash: known_device.map(<[u8]>::to_vec),
        device_name: session.device_name.clone(),
        platform: session.platform,
        created_at: now,
        expires_at: now + CHALLENGE_TTL,
        first_factor: session.first_factor,
    };
    queries::insert_challenge(conn, &row).await?;
    let mut methods = vec![FactorMethod::Totp.as_str()];
    if queries::count_recovery_codes(conn, session.user_id).await? > 0 {
        methods.push(FactorMethod::RecoveryCode.as_str());
    }
    Ok(Challenge {
        token,
        expires_at: row.expires_at,
        methods,
    })
}

/// Finishes a sign-in with a second factor. What the device is called stands in the challenge; a challenge that went to
/// a known device is that device's alone.
pub(crate) async fn verify_factor(
    db: &Db,
    tools: &Tools<'_>,
    now: DateTime<Utc>,
    (token, code): (&str, TypedCode<'_>),
    device_token: Option<&str>,
    ip_prefix: String,
) -> Result<SignedIn, AuthError> {
    let hash = sha256(token.as_bytes());
    let mut conn = db.conn().await?;
    let challenge = queries::find_challenge(&conn, &hash, ANSWERS, now)
        .await?
        .ok_or(AuthError::ChallengeInvalid)?;
    let presented = device_token.map(|token| sha256(token.as_bytes()));
    if challenge.device_hash.is_some() && challenge.device_hash != presented {
        return Err(AuthError::ChallengeInvalid);
    }
    let user = challenge.user_id;
    let counter = guard::code_counter(user, challenge.device_hash.as_deref());
    admit_code(&mut conn, now, user, &counter)
        .await
        .inspect_err(|_refused| failed("throttled"))?;
    if queries::count_answer(&mut conn, &hash, ANSWERS).await? == 0 {
        return Err(AuthError::ChallengeInvalid);
    }
    let account = queries::find_account(&conn, user)
        .await?
        .ok_or(AuthError::ChallengeInvalid)?;
    let device_token = device_token.filter(|_| challenge.device_hash.is_some());
    let device_token = device_token.map_or_else(|| tools.random.token(), str::to_owned);
    let device = Device {
        name: challenge.device_name,
        platform: challenge.platform,
        ip_prefix: Some(ip_prefix),
        token: Some(device_token.clone()),
    };
    let proof = Proof::Factor {
        challenge: &hash,
        first: challenge.first_factor,
        code,
    };
    let method = code.method.as_str();
    let issued = match issue_session(&mut conn, tools, now, &account, device, proof).await {
        Ok(issued) => issued,
        Err(refusal) => {
            // Back before another is asked for.
            drop(conn);
            let refused = Event::of(EventKind::FactorRefused, user).reason(method);
            return Err(refuse(db, now, "factor", refused, refusal).await);
        }
    };
    let Issued::Session(issued) = issued else {
        return Err(AuthError::ChallengeInvalid);
    };
    queries::forgive_attempt(&mut conn, &counter, guard::CODES.free).await?;
    Ok(SignedIn {
        account,
        issued,
        device_token,
    })
}
