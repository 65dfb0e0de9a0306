//! Another address for an account: asked for with the password, confirmed at the new address with the password too,
//! and undone from the old one.

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{EmailAddress, Invalid, Rule, SessionId, UserId, Words};
use karya_db::{Db, OnConstraint};
use uuid::Uuid;

use super::hash_of;
use super::passwords::{after_change, end_access, hash_new};
use super::step_up::{check_own_password, wrong_current_password};
use crate::audit::{self, Event, EventKind};
use crate::model::EmailChange;
use crate::{AuthError, PasswordPool, jobs, queries};

/// How long the link at the new address works.
pub(crate) const CONFIRM_TTL: Duration = Duration::hours(1);

/// How long the link at the old address works.
pub(crate) const UNDO_TTL: Duration = Duration::days(7);

const UNCHANGED: Rule = Rule::Other {
    code: "unchanged",
    words: Words {
        id: "sudah menjadi alamat akun Anda",
        en: "is the address of your account already",
    },
};

/// Notes that an account shall have another address, after [`super::check_current_password`] gave `phc`. What was asked before is void.
///
/// Whether somebody has the address already is found out by the worker, and told to its mailbox alone.
pub(crate) async fn ask_for_email_change(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
    new_address: &EmailAddress,
    phc: &str,
) -> Result<(), AuthError> {
    queries::lock_usable(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    // A change of password ends what was asked with the old one, so nothing may be asked with it afterwards.
    if queries::find_hash(conn, user).await?.as_deref() != Some(phc) {
        return Err(wrong_current_password());
    }
    let account = queries::find_account(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    if account.email.eq_ignore_ascii_case(new_address.as_str()) {
        return Err(Invalid::body("/new_email", UNCHANGED).into());
    }
    queries::void_email_changes(conn, user, now).await?;
    let change = EmailChange {
        id: Uuid::now_v7(),
        user_id: user,
        session_id: Some(session),
        old_address: account.email,
        new_address: new_address.as_str().to_owned(),
        asked_at: now,
        expires_at: now + CONFIRM_TTL,
        confirmed_at: None,
        undo_until: None,
        undone_at: None,
    };
    queries::insert_email_change(conn, &change).await?;
    let asked = Event::of(EventKind::EmailChangeAsked, user).session(session);
    audit::record(conn, now, asked).await?;
    let mail = jobs::SendEmailChange {
        change_id: change.id,
    };
    karya_jobs::enqueue(conn, &mail).await?;
    Ok(())
}

async fn to_confirm(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    hash: &[u8],
) -> Result<EmailChange, AuthError> {
    let change = queries::change_by_confirm(conn, hash).await?;
    change
        .filter(|change| change.is_open(now))
        .ok_or(AuthError::EmailChangeInvalid)
}

async fn to_undo(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    hash: &[u8],
) -> Result<EmailChange, AuthError> {
    let change = queries::change_by_undo(conn, hash).await?;
    change
        .filter(|change| change.can_be_undone(now))
        .ok_or(AuthError::EmailChangeInvalid)
}

/// Whether `password` is that of the account whose change a token confirms.
///
/// The mailbox alone must not do: a stranger could give their own account the address, and would share with its owner
/// whatever the owner builds up after following the link.
pub async fn check_email_change(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    (token, password): (&str, &str),
) -> Result<(), AuthError> {
    let conn = db.conn().await?;
    let change = to_confirm(&conn, now, &hash_of(token)).await?;
    drop(conn);
    check_own_password(db, passwords, now, change.user_id, password)
        .await?
        .map(drop)
        .ok_or(AuthError::InvalidCredentials)
}

/// Gives the account its new address, after [`check_email_change`]. Other claims on it end.
///
/// Links in older mails are void, and all sessions end but the one that asked; the old address gets a way back.
pub async fn confirm_email_change(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    token: &str,
) -> Result<UserId, AuthError> {
    let hash = hash_of(token);
    conn.transaction(async |conn| {
        let change = to_confirm(conn, now, &hash).await?;
        let user = change.user_id;
        move_to(conn, now, user, &change.new_address).await?;
        if queries::confirm_change(conn, change.id, now, now + UNDO_TTL).await? == 0 {
            return Err(AuthError::EmailChangeInvalid);
        }
        let mut changed = Event::of(EventKind::EmailChanged, user);
        if let Some(session) = change.session_id {
            changed = changed.session(session);
        }
        audit::record(conn, now, changed).await?;
        end_access(conn, now, user, change.session_id).await?;
        let notice = jobs::NotifyEmailChanged {
            change_id: change.id,
        };
        karya_jobs::enqueue(conn, &notice).await?;
        Ok(user)
    })
    .await
}

/// Gives an account an address whose mailbox was proved, in the order of everybody who does so.
async fn move_to(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    address: &str,
) -> Result<(), AuthError> {
    queries::lock_claims_on(conn, address).await?;
    queries::lock_usable(conn, user)
        .await?
        .ok_or(AuthError::EmailChangeInvalid)?;
    queries::set_address(conn, user, address, now)
        .await
        .on_constraint("emails_verified_address_key", || {
            AuthError::EmailChangeInvalid
        })?;
    queries::touch_user(conn, user, now).await?;
    queries::delete_other_claims(conn, address, user).await?;
    Ok(())
}

/// Checks the token from the old address and the password that is to be set, and hashes that. Uses nothing up.
pub async fn prepare_undo(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    (token, new_password): (&str, &str),
) -> Result<String, AuthError> {
    let conn = db.conn().await?;
    let change = to_undo(&conn, now, &hash_of(token)).await?;
    let hashed = hash_new(conn, passwords, change.user_id, new_password).await?;
    hashed.ok_or(AuthError::EmailChangeInvalid)
}

/// Gives the account back the address that it had before a change, after [`prepare_undo`], and another password:
/// whoever changed the address knew the old one. Everybody is signed out, and later changes cannot be undone.
pub async fn undo_email_change(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    token: &str,
    phc: &str,
) -> Result<UserId, AuthError> {
    let hash = hash_of(token);
    conn.transaction(async |conn| {
        let change = to_undo(conn, now, &hash).await?;
        let user = change.user_id;
        move_to(conn, now, user, &change.old_address).await?;
        if queries::undo_change(conn, change.id, now).await? == 0 {
            return Err(AuthError::EmailChangeInvalid);
        }
        queries::void_later_undos(conn, user, change.id, now).await?;
        queries::set_password(conn, user, phc, now).await?;
        queries::raise_epoch(conn, user).await?;
        super::api_keys::revoke_all(conn, now, user).await?;
        audit::record(conn, now, Event::of(EventKind::EmailChangeUndone, user)).await?;
        after_change(conn, now, user, None).await?;
        Ok(user)
    })
    .await
}
