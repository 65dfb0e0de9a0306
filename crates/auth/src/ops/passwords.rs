use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{EmailAddress, Invalid, PhoneNumber, SessionId, UserId};
use karya_db::{Conn, Db, OnConstraint};
use uuid::Uuid;

use super::step_up::{check_current_password, wrong_current_password};
use super::{guard, hash_of};
use crate::audit::{self, Event, EventKind};
use crate::model::{Account, Identifier};
use crate::queries::Purpose;
use crate::{AuthError, PasswordPool, jobs, password, queries};

/// How long the link in a reset mail works.
pub(crate) const RESET_TTL: Duration = Duration::minutes(30);

/// Notes that somebody wants a new password for an address. The worker finds out whether it has an account: here, a
/// known address and an unknown one make the same work.
pub(crate) async fn ask_for_reset(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    email: &EmailAddress,
) -> Result<(), AuthError> {
    let ask_id = Uuid::now_v7();
    queries::insert_reset_ask(conn, ask_id, email, now).await?;
    karya_jobs::enqueue(conn, &jobs::SendPasswordReset { ask_id }).await?;
    Ok(())
}

/// Checks a reset token and the password that is to be set, and hashes that. Uses nothing up.
pub async fn prepare_reset(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    (token, new_password): (&str, &str),
) -> Result<String, AuthError> {
    let conn = db.conn().await?;
    let (user, _purpose) = queries::reset_user(&conn, &hash_of(token), now)
        .await?
        .ok_or(AuthError::ResetInvalid)?;
    let hashed = hash_new(conn, passwords, user, new_password).await?;
    hashed.ok_or(AuthError::ResetInvalid)
}

/// Checks the password that an account is to have, and hashes it; none if there is no such account.
pub(super) async fn hash_new(
    conn: Conn,
    passwords: &PasswordPool,
    user: UserId,
    new_password: &str,
) -> Result<Option<String>, AuthError> {
    let account = queries::find_account(&conn, user).await?;
    // Back before the hash is computed.
    drop(conn);
    let Some(account) = account else {
        return Ok(None);
    };
    check_new(&account, new_password)?;
    passwords.hash(new_password).await.map(Some)
}

/// Sets a password with the token from a reset mail or for a code to the phone, after [`prepare_reset`]: once, and never
/// signs in.
///
/// Every session and access token of the account ends. A mail proves the address too: other claims on it end.
pub async fn reset_password(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    token: &str,
    phc: &str,
) -> Result<UserId, AuthError> {
    let hash = hash_of(token);
    conn.transaction(async |conn| {
        let (user, purpose) = queries::reset_user(conn, &hash, now)
            .await?
            .ok_or(AuthError::ResetInvalid)?;
        // In the order of everybody who proves an address or changes how an account signs in.
        queries::lock_claims(conn, user).await?;
        queries::lock_usable(conn, user)
            .await?
            .ok_or(AuthError::ResetInvalid)?;
        queries::set_password(conn, user, phc, now).await?;
        queries::consume_token(conn, (&hash, purpose), now)
            .await?
            .ok_or(AuthError::ResetInvalid)?;
        queries::raise_epoch(conn, user).await?;
        forgive_strangers(conn, user).await?;
        super::api_keys::revoke_all(conn, now, user).await?;
        let proved = if let Purpose::ResetByPhone = purpose {
            None
        } else {
            queries::verify_claim(conn, user, now)
                .await
                .on_constraint("emails_verified_address_key", || AuthError::ResetInvalid)?
        };
        if let Some(address) = proved {
            queries::delete_other_claims(conn, &address, user).await?;
            // Whoever began the account at another provider is not known to be who reads the mailbox.
            queries::delete_identities(conn, user).await?;
            let proved = Event::of(EventKind::EmailVerified, user).reason("password_reset");
            audit::record(conn, now, proved).await?;
        }
        let mut reset = Event::of(EventKind::PasswordReset, user);
        if let Purpose::ResetByPhone = purpose {
            reset = reset.reason("phone");
        }
        audit::record(conn, now, reset).await?;
        after_change(conn, now, user, None).await?;
        Ok(user)
    })
    .await
}

/// Strangers may have guessed at the password that is no more; its owner, who proved the mailbox, need not wait for them.
async fn forgive_strangers(conn: &mut AsyncPgConnection, user: UserId) -> Result<(), AuthError> {
    let Some(account) = queries::find_account(conn, user).await? else {
        return Ok(());
    };
    let email = EmailAddress::parse(&account.email).ok();
    let phone = account.phone.as_ref();
    let phone = phone.and_then(|phone| PhoneNumber::parse(&phone.number).ok());
    let names = [email.map(Identifier::Email), phone.map(Identifier::Phone)];
    for name in names.iter().flatten() {
        queries::forget_attempts(conn, &guard::counter(name, None)).await?;
    }
    Ok(())
}

/// A change of password whose values are in order.
#[derive(Debug)]
pub(crate) struct PasswordChange {
    old_phc: String,
    new_phc: String,
}

/// Checks the present password and the new one, and hashes that.
pub(crate) async fn prepare_change(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    user: UserId,
    (current, new): (&str, &str),
) -> Result<PasswordChange, AuthError> {
    let conn = db.conn().await?;
    let account = queries::find_account(&conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    drop(conn);
    check_new(&account, new)?;
    let old_phc = check_current_password(db, passwords, now, user, current).await?;
    let new_phc = passwords.hash(new).await?;
    Ok(PasswordChange { old_phc, new_phc })
}

/// Changes the password, after [`prepare_change`]. Sessions other than `keep` end; of many changes at once, one wins.
pub(crate) async fn change_password(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, keep): (UserId, SessionId),
    change: &PasswordChange,
) -> Result<(), AuthError> {
    queries::lock_usable(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    let phcs = (change.old_phc.as_str(), change.new_phc.as_str());
    if queries::swap_password(conn, user, phcs, now).await? == 0 {
        return Err(wrong_current_password());
    }
    // Whoever guessed at codes knew the old password; its owner need not wait for them. Not so after a reset: who only
    // has the mailbox would guess on and on.
    queries::forget_attempts(conn, &guard::code_counter(user, None)).await?;
    let changed = Event::of(EventKind::PasswordChanged, user).session(keep);
    audit::record(conn, now, changed).await?;
    after_change(conn, now, user, Some(keep)).await
}

/// What a new password ends, and who is told.
pub(super) async fn after_change(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    keep: Option<SessionId>,
) -> Result<(), AuthError> {
    end_access(conn, now, user, keep).await?;
    let notice = jobs::NotifyPasswordChanged {
        user_id: user,
        at: now,
    };
    karya_jobs::enqueue(conn, &notice).await?;
    Ok(())
}

/// Ends whatever the credentials that are no more had opened, except one session.
pub(super) async fn end_access(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    keep: Option<SessionId>,
) -> Result<(), AuthError> {
    end_access_for(conn, now, user, keep, "credential_change").await
}

/// The same for another reason.
pub(super) async fn end_access_for(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    keep: Option<SessionId>,
    reason: &'static str,
) -> Result<(), AuthError> {
    queries::void_tokens(conn, user, now).await?;
    queries::void_email_changes(conn, user, now).await?;
    queries::void_phone_codes(conn, user, now).await?;
    // Whoever knew the old password may have been one of them.
    queries::forget_devices(conn, user).await?;
    queries::delete_challenges(conn, user).await?;
    let ended = queries::revoke_sessions(conn, user, keep, reason, now).await?;
    audit::sessions_ended(conn, now, user, &ended, reason).await?;
    Ok(())
}

fn check_new(account: &Account, password: &str) -> Result<(), AuthError> {
    let email =
        EmailAddress::parse(&account.email).map_err(|rule| Invalid::body("/email", rule))?;
    password::check(password, &email, &account.user.display_name)
        .map_err(|rule| Invalid::body("/new_password", rule).into())
}
