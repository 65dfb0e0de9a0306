//! Second factors: adding, listing, removing.

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{Invalid, MasterKey, Random, Rule, SessionId, Text, UserId, Words};
use karya_notifications::FactorNotice;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::guard;
use super::second_factor::{open, seal};
use crate::audit::{self, Event, EventKind};
use crate::jobs::NotifyFactor;
use crate::model::{FactorMethod, TotpFactor};
use crate::{AuthError, queries, totp};

/// How many second factors an account may have: each is one more that a guess can hit.
pub(crate) const MAX: usize = 5;

/// How long an enrolment waits for its first code.
pub(crate) const ENROLMENT_TTL: Duration = Duration::minutes(15);

const WRONG: Rule = Rule::Other {
    code: "wrong_code",
    words: Words {
        id: "salah atau sudah dipakai; tunggu kode berikutnya",
        en: "is wrong or was used; wait for the next one",
    },
};

/// The refusal of a code in a request of somebody who is signed in: 401 would make apps sign them out.
pub(super) fn wrong_code() -> AuthError {
    Invalid::body("/code", WRONG).into()
}

/// An authenticator app that has yet to show that it has the secret.
pub(crate) struct Enrolment {
    pub(crate) id: Uuid,
    pub(crate) secret: Zeroizing<String>,
    pub(crate) uri: Zeroizing<String>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Begins to enrol an authenticator app. One that was begun before and not confirmed is forgotten.
pub(crate) async fn enrol_totp(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (master_key, random): (&MasterKey, &Random),
    user: UserId,
    label: Text,
) -> Result<Enrolment, AuthError> {
    let bytes = Zeroizing::new(random.bytes());
    let secret = bytes.first_chunk::<{ totp::SECRET }>();
    let secret = secret.ok_or_else(|| AuthError::Token("a secret is too short".into()))?;
    let id = Uuid::now_v7();
    let factor = TotpFactor {
        id,
        user_id: user,
        label: label.into_string(),
        secret_sealed: seal(master_key, id, secret),
        created_at: now,
        confirmed_at: None,
        last_step: None,
        last_used_at: None,
    };
    let account = conn
        .transaction(async |conn| {
            queries::lock_usable(conn, user)
                .await?
                .ok_or(AuthError::AccountGone)?;
            if queries::totp_factors(conn, user).await?.len() >= MAX {
                return Err(AuthError::TooManyFactors);
            }
            queries::delete_pending_totp(conn, user).await?;
            queries::insert_totp(conn, &factor).await?;
            queries::find_account(conn, user)
                .await?
                .ok_or(AuthError::AccountGone)
        })
        .await?;
    Ok(Enrolment {
        id,
        secret: totp::base32(secret).into(),
        uri: totp::uri(secret, &account.email).into(),
        expires_at: now + ENROLMENT_TTL,
    })
}

/// Makes an enrolment a factor, in a transaction of the caller's and after [`super::admit_code`]: the code shows that
/// the app has the secret, and is used up.
///
/// With the first factor, every other session ends and every device is forgotten: whoever knew only the password may
/// have been one of them.
pub(crate) async fn confirm_totp(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    master_key: &MasterKey,
    (user, session): (UserId, SessionId),
    (factor, code): (Uuid, &str),
) -> Result<TotpFactor, AuthError> {
    queries::lock_usable(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    let mut pending = queries::find_pending_totp(conn, (user, factor), now - ENROLMENT_TTL)
        .await?
        .ok_or(AuthError::FactorNotFound)?;
    let secret = open(master_key, pending.id, &pending.secret_sealed)?;
    let step = totp::matching(&secret, code, now, i64::MIN).ok_or_else(wrong_code)?;
    let others = queries::totp_factors(conn, user).await?.len();
    if others >= MAX {
        return Err(AuthError::TooManyFactors);
    }
    if queries::confirm_totp(conn, pending.id, step, now).await? == 0 {
        return Err(AuthError::FactorNotFound);
    }
    if others == 0 {
        queries::set_second_factor(conn, session, FactorMethod::Totp).await?;
        queries::forget_devices(conn, user).await?;
        let reason = "credential_change";
        let ended = queries::revoke_sessions(conn, user, Some(session), reason, now).await?;
        audit::sessions_ended(conn, now, user, &ended, reason).await?;
    }
    let added = Event::of(EventKind::FactorAdded, user).session(session);
    audit::record(conn, now, added.reason("totp")).await?;
    let event = FactorNotice::Added {
        label: pending.label.clone(),
    };
    NotifyFactor::enqueue(conn, user, now, event).await?;
    let counter = guard::code_counter(user, None);
    queries::forgive_attempt(conn, &counter, guard::CODES.free).await?;
    pending.confirmed_at = Some(now);
    pending.last_used_at = Some(now);
    Ok(pending)
}

/// Removes a factor; with the last one, the recovery codes go.
pub(crate) async fn remove_factor(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    factor: Uuid,
) -> Result<(), AuthError> {
    conn.transaction(async |conn| {
        queries::lock_usable(conn, user)
            .await?
            .ok_or(AuthError::AccountGone)?;
        let (label, confirmed) = queries::delete_totp(conn, (user, factor))
            .await?
            .ok_or(AuthError::FactorNotFound)?;
        if !confirmed {
            return Ok(());
        }
        if !queries::has_factors(conn, user).await? {
            queries::delete_recovery_codes(conn, user).await?;
        }
        let removed = Event::of(EventKind::FactorRemoved, user).reason("totp");
        audit::record(conn, now, removed).await?;
        NotifyFactor::enqueue(conn, user, now, FactorNotice::Removed { label }).await
    })
    .await
}
