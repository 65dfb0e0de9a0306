//! The phone number of an account: proved by a code, changed with a new proof, and given back from the old number.

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{Invalid, PhoneNumber, Rule, SessionId, UserId, Words};
use karya_db::{Db, OnConstraint};
use karya_notifications::PhoneNotice;
use karya_web::ClientIp;
use uuid::Uuid;

use super::hash_of;
use super::passwords::{after_change, end_access, hash_new};
use super::phone_codes::{self, Asker, CodeAsked};
use crate::audit::{self, Event, EventKind};
use crate::model::{CodePurpose, Phone, PhoneChange, PhoneCode};
use crate::{AuthError, PasswordPool, jobs, queries};

/// How long the link at the old number works.
pub(crate) const PHONE_UNDO_TTL: Duration = Duration::days(7);

const UNCHANGED: Rule = Rule::Other {
    code: "unchanged",
    words: Words {
        id: "sudah menjadi nomor akun Anda",
        en: "is the number of your account already",
    },
};

/// Sends a code to a number that the account shall have. What was asked before is void.
///
/// Whether somebody has the number already is found out by the worker, and told to its phone alone.
pub(crate) async fn ask_for_phone(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
    number: &PhoneNumber,
    place: ClientIp,
) -> Result<CodeAsked, AuthError> {
    queries::lock_usable(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    let present = queries::find_phone(conn, user).await?;
    if present.is_some_and(|phone| phone.number == number.as_str()) {
        return Err(Invalid::body("/phone", UNCHANGED).into());
    }
    queries::void_phone_codes(conn, user, now).await?;
    let what = (CodePurpose::VerifyPhone, Asker::Session(user, session));
    let asked = phone_codes::ask(conn, now, what, number, place).await?;
    let event = Event::of(EventKind::PhoneAsked, user).session(session);
    audit::record(conn, now, event).await?;
    Ok(asked)
}

/// Gives the account the number that a code has proved, after [`phone_codes::look_in_session`]. If it had another one,
/// all sessions end but this, and the old number gets a way back.
pub(crate) async fn verify_phone(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
    code: &PhoneCode,
) -> Result<Phone, AuthError> {
    queries::lock_usable(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    if queries::use_phone_code(conn, code.id, now).await? == 0 {
        return Err(AuthError::PhoneCodeInvalid);
    }
    phone_codes::forgive(conn, code).await?;
    let old = queries::find_phone(conn, user).await?;
    let phone = Phone {
        user_id: user,
        number: code.number.clone(),
        verified_at: now,
    };
    queries::set_phone(conn, &phone)
        .await
        .on_constraint("phones_number_key", || AuthError::PhoneCodeInvalid)?;
    queries::touch_user(conn, user, now).await?;
    if let Some(old) = old {
        let event = Event::of(EventKind::PhoneChanged, user).session(session);
        audit::record(conn, now, event).await?;
        end_access(conn, now, user, Some(session)).await?;
        let numbers = (old.number, Some(phone.number.clone()));
        gave_up(conn, now, user, numbers, PhoneNotice::Changed).await?;
    } else {
        let event = Event::of(EventKind::PhoneVerified, user).session(session);
        audit::record(conn, now, event).await?;
        notify(conn, now, user, PhoneNotice::Added, &phone.number).await?;
    }
    Ok(phone)
}

/// Takes the number from the account. What its phone was sent is void, and it gets a way back.
pub(crate) async fn remove_phone(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
) -> Result<(), AuthError> {
    conn.transaction(async |conn| {
        queries::lock_usable(conn, user)
            .await?
            .ok_or(AuthError::AccountGone)?;
        let old = queries::delete_phone(conn, user)
            .await?
            .ok_or(AuthError::PhoneNotFound)?;
        queries::touch_user(conn, user, now).await?;
        queries::void_phone_codes(conn, user, now).await?;
        queries::void_tokens(conn, user, now).await?;
        let event = Event::of(EventKind::PhoneRemoved, user).session(session);
        audit::record(conn, now, event).await?;
        gave_up(conn, now, user, (old, None), PhoneNotice::Removed).await
    })
    .await
}

/// Remembers the number that an account had, and tells its phone and the mailbox.
async fn gave_up(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    (old_number, new_number): (String, Option<String>),
    notice: PhoneNotice,
) -> Result<(), AuthError> {
    notify(conn, now, user, notice, &old_number).await?;
    let change = PhoneChange {
        id: Uuid::now_v7(),
        user_id: user,
        old_number,
        new_number,
        changed_at: now,
        undo_until: now + PHONE_UNDO_TTL,
        undone_at: None,
    };
    queries::insert_phone_change(conn, &change).await?;
    let way_back = jobs::SendPhoneUndo {
        change_id: change.id,
    };
    karya_jobs::enqueue(conn, &way_back).await?;
    Ok(())
}

async fn notify(
    conn: &mut AsyncPgConnection,
    at: DateTime<Utc>,
    user_id: UserId,
    notice: PhoneNotice,
    number: &str,
) -> Result<(), AuthError> {
    let number = PhoneNumber::parse(number).map_or_else(|_| String::new(), |n| n.masked());
    let job = jobs::NotifyPhone {
        user_id,
        at,
        notice,
        number,
    };
    Ok(karya_jobs::enqueue(conn, &job).await?)
}

async fn to_undo(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    hash: &[u8],
) -> Result<PhoneChange, AuthError> {
    let change = queries::phone_change_by_undo(conn, hash).await?;
    change
        .filter(|change| change.can_be_undone(now))
        .ok_or(AuthError::PhoneChangeInvalid)
}

/// Checks the token from the old number and the password that is to be set, and hashes that. Uses nothing up.
pub async fn prepare_phone_undo(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    (token, new_password): (&str, &str),
) -> Result<String, AuthError> {
    let conn = db.conn().await?;
    let change = to_undo(&conn, now, &hash_of(token)).await?;
    let hashed = hash_new(conn, passwords, change.user_id, new_password).await?;
    hashed.ok_or(AuthError::PhoneChangeInvalid)
}

/// Gives the account back the number that it had before a change, after [`prepare_phone_undo`], and another password:
/// whoever changed the number was signed in. Everybody is signed out, and later changes cannot be undone.
pub async fn undo_phone_change(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    token: &str,
    phc: &str,
) -> Result<UserId, AuthError> {
    let hash = hash_of(token);
    conn.transaction(async |conn| {
        let change = to_undo(conn, now, &hash).await?;
        let user = change.user_id;
        queries::lock_usable(conn, user)
            .await?
            .ok_or(AuthError::PhoneChangeInvalid)?;
        if queries::undo_phone_change(conn, &change, now).await? == 0 {
            return Err(AuthError::PhoneChangeInvalid);
        }
        let phone = Phone {
            user_id: user,
            number: change.old_number,
            verified_at: now,
        };
        queries::set_phone(conn, &phone)
            .await
            .on_constraint("phones_number_key", || AuthError::PhoneChangeInvalid)?;
        queries::touch_user(conn, user, now).await?;
        queries::set_password(conn, user, phc, now).await?;
        queries::raise_epoch(conn, user).await?;
        let undone = Event::of(EventKind::PhoneChangeUndone, user);
        audit::record(conn, now, undone).await?;
        after_change(conn, now, user, None).await?;
        Ok(user)
    })
    .await
}
