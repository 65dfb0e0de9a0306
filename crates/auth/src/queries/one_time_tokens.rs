//! Tokens in mails, and those that codes are exchanged for. Each is good for one purpose, once.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{EmailAddress, UserId};
use karya_db::schema::{emails, one_time_tokens, passwords};

/// What a token is good for; it is good for nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    VerifyEmail,
    ResetPassword,
    /// For a code that went to the phone: it proves no address.
    ResetByPhone,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ResetByPhone => "reset_by_phone",
        }
    }
}

pub(crate) async fn insert_token(
    conn: &mut AsyncPgConnection,
    (hash, purpose): (&[u8], Purpose),
    user: UserId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(one_time_tokens::table)
        .values((
            one_time_tokens::token_hash.eq(hash),
            one_time_tokens::purpose.eq(purpose.as_str()),
            one_time_tokens::user_id.eq(user),
            one_time_tokens::issued_at.eq(now),
            one_time_tokens::expires_at.eq(expires_at),
        ))
        .execute(conn)
        .await
}

/// Ends the verification tokens that an account has not used.
pub(crate) async fn void_verifications(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let unused = one_time_tokens::user_id
        .eq(user)
        .and(one_time_tokens::purpose.eq(Purpose::VerifyEmail.as_str()))
        .and(one_time_tokens::used_at.is_null());
    diesel::update(one_time_tokens::table.filter(unused))
        .set(one_time_tokens::expires_at.eq(now))
        .execute(conn)
        .await
}

/// Ends every token in a mail that the account has not used.
pub(crate) async fn void_tokens(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(
        one_time_tokens::table.filter(
            one_time_tokens::user_id
                .eq(user)
                .and(one_time_tokens::used_at.is_null())
                .and(one_time_tokens::expires_at.gt(now)),
        ),
    )
    .set(one_time_tokens::expires_at.eq(now))
    .execute(conn)
    .await
}

/// Forgets a token that reached nobody.
pub(crate) async fn delete_token(conn: &mut AsyncPgConnection, hash: &[u8]) -> QueryResult<usize> {
    diesel::delete(one_time_tokens::table.find(hash))
        .execute(conn)
        .await
}

/// How many verification mails went to the address since `since`, whichever account asked for them.
pub(crate) async fn count_verifications(
    conn: &AsyncPgConnection,
    email: &EmailAddress,
    since: DateTime<Utc>,
) -> QueryResult<i64> {
    one_time_tokens::table
        .inner_join(emails::table.on(emails::user_id.eq(one_time_tokens::user_id)))
        .filter(
            emails::address
                .eq(email.as_str())
                .and(one_time_tokens::purpose.eq(Purpose::VerifyEmail.as_str()))
                .and(one_time_tokens::issued_at.gt(since)),
        )
        .count()
        .get_result(&mut &*conn)
        .await
}

/// How many reset mails went to the account since `since`.
pub(crate) async fn count_resets(
    conn: &AsyncPgConnection,
    user: UserId,
    since: DateTime<Utc>,
) -> QueryResult<i64> {
    one_time_tokens::table
        .filter(
            one_time_tokens::user_id
                .eq(user)
                .and(one_time_tokens::purpose.eq(Purpose::ResetPassword.as_str()))
                .and(one_time_tokens::issued_at.gt(since)),
        )
        .count()
        .get_result(&mut &*conn)
        .await
}

/// The password hash of the account that a verification token is for, in whatever state the token is.
pub(crate) async fn find_verification(
    conn: &AsyncPgConnection,
    hash: &[u8],
) -> QueryResult<Option<String>> {
    one_time_tokens::table
        .inner_join(passwords::table.on(passwords::user_id.eq(one_time_tokens::user_id)))
        .filter(
            one_time_tokens::token_hash
                .eq(hash)
                .and(one_time_tokens::purpose.eq(Purpose::VerifyEmail.as_str())),
        )
        .select(passwords::phc)
        .first(&mut &*conn)
        .await
        .optional()
}

/// Whose verification token it is, in whatever state.
pub(crate) async fn verification_user(
    conn: &AsyncPgConnection,
    hash: &[u8],
) -> QueryResult<Option<UserId>> {
    one_time_tokens::table
        .find(hash)
        .filter(one_time_tokens::purpose.eq(Purpose::VerifyEmail.as_str()))
        .select(one_time_tokens::user_id)
        .first(&mut &*conn)
        .await
        .optional()
}

/// Whose reset token it is and how it came about, if it is good.
pub(crate) async fn reset_user(
    conn: &AsyncPgConnection,
    hash: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<Option<(UserId, Purpose)>> {
    let resets = [Purpose::ResetPassword, Purpose::ResetByPhone];
    let found: Option<(UserId, String)> = one_time_tokens::table
        .find(hash)
        .filter(
            one_time_tokens::purpose
                .eq_any(resets.map(Purpose::as_str))
                .and(one_time_tokens::used_at.is_null())
                .and(one_time_tokens::expires_at.gt(now)),
        )
        .select((one_time_tokens::user_id, one_time_tokens::purpose))
        .first(&mut &*conn)
        .await
        .optional()?;
    Ok(found.and_then(|(user, text)| {
        let purpose = resets.into_iter().find(|one| one.as_str() == text)?;
        Some((user, purpose))
    }))
}

/// Uses a token up; of many callers, one gets the account.
pub(crate) async fn consume_token(
    conn: &mut AsyncPgConnection,
    (hash, purpose): (&[u8], Purpose),
    now: DateTime<Utc>,
) -> QueryResult<Option<UserId>> {
    diesel::update(
        one_time_tokens::table.find(hash).filter(
            one_time_tokens::purpose
                .eq(purpose.as_str())
                .and(one_time_tokens::used_at.is_null())
                .and(one_time_tokens::expires_at.gt(now)),
        ),
    )
    .set(one_time_tokens::used_at.eq(now))
    .returning(one_time_tokens::user_id)
    .get_result(conn)
    .await
    .optional()
}

/// One-time tokens that expired before `before`.
pub(crate) async fn delete_expired_tokens(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(one_time_tokens::table.filter(one_time_tokens::expires_at.lt(before)))
        .execute(conn)
        .await
}
