//! Second factors, and sign-ins that wait for one.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{SessionId, UserId};
use karya_db::schema::{recovery_codes, sessions, sign_in_challenges, totp_factors};
use uuid::Uuid;

use crate::model::{FactorMethod, SignInChallenge, TotpFactor};

pub(crate) async fn insert_totp(
    conn: &mut AsyncPgConnection,
    factor: &TotpFactor,
) -> QueryResult<usize> {
    diesel::insert_into(totp_factors::table)
        .values(factor)
        .execute(conn)
        .await
}

/// Forgets the enrolment that an account has begun and not confirmed.
pub(crate) async fn delete_pending_totp(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<usize> {
    let pending = totp_factors::user_id
        .eq(user)
        .and(totp_factors::confirmed_at.is_null());
    diesel::delete(totp_factors::table.filter(pending))
        .execute(conn)
        .await
}

/// An enrolment that began after `since` and is not confirmed.
pub(crate) async fn find_pending_totp(
    conn: &AsyncPgConnection,
    (user, id): (UserId, Uuid),
    since: DateTime<Utc>,
) -> QueryResult<Option<TotpFactor>> {
    totp_factors::table
        .find(id)
        .filter(
            totp_factors::user_id
                .eq(user)
                .and(totp_factors::confirmed_at.is_null())
                .and(totp_factors::created_at.gt(since)),
        )
        .select(TotpFactor::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Makes an enrolment a factor; the code that confirmed it is used up. Of many callers, one does it.
pub(crate) async fn confirm_totp(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    step: i64,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let pending = totp_factors::table
        .find(id)
        .filter(totp_factors::confirmed_at.is_null());
    diesel::update(pending)
        .set((
            totp_factors::confirmed_at.eq(now),
            totp_factors::last_step.eq(step),
            totp_factors::last_used_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// The authenticator apps of an account, the oldest first.
pub(crate) async fn totp_factors(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Vec<TotpFactor>> {
    totp_factors::table
        .filter(
            totp_factors::user_id
                .eq(user)
                .and(totp_factors::confirmed_at.is_not_null()),
        )
        .select(TotpFactor::as_select())
        .order(totp_factors::id)
        .load(&mut &*conn)
        .await
}

/// Whether the account has a second factor.
pub(crate) async fn has_factors(conn: &AsyncPgConnection, user: UserId) -> QueryResult<bool> {
    let factors = totp_factors::table.filter(
        totp_factors::user_id
            .eq(user)
            .and(totp_factors::confirmed_at.is_not_null()),
    );
    diesel::select(exists(factors))
        .get_result(&mut &*conn)
        .await
}

/// Uses up the code of a step and all before it. Of many callers with one code, one succeeds.
pub(crate) async fn use_step(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    step: i64,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let unused = totp_factors::table
        .find(id)
        .filter(totp_factors::last_step.lt(step));
    diesel::update(unused)
        .set((
            totp_factors::last_step.eq(step),
            totp_factors::last_used_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// Removes a factor: its label, and whether it was confirmed.
pub(crate) async fn delete_totp(
    conn: &mut AsyncPgConnection,
    (user, id): (UserId, Uuid),
) -> QueryResult<Option<(String, bool)>> {
    let one = totp_factors::table
        .find(id)
        .filter(totp_factors::user_id.eq(user));
    diesel::delete(one)
        .returning((
            totp_factors::label,
            totp_factors::confirmed_at.is_not_null(),
        ))
        .get_result(conn)
        .await
        .optional()
}

/// Enrolments that began before `before` and were never confirmed.
pub(crate) async fn delete_old_enrolments(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    let old = totp_factors::confirmed_at
        .is_null()
        .and(totp_factors::created_at.lt(before));
    diesel::delete(totp_factors::table.filter(old))
        .execute(conn)
        .await
}

/// Notes that the owner of a session has shown a second factor; when they last signed in stays.
pub(crate) async fn set_second_factor(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    second: FactorMethod,
) -> QueryResult<usize> {
    diesel::update(sessions::table.find(session))
        .set(sessions::second_factor.eq(second))
        .execute(conn)
        .await
}

pub(crate) async fn insert_challenge(
    conn: &mut AsyncPgConnection,
    challenge: &SignInChallenge,
) -> QueryResult<usize> {
    diesel::insert_into(sign_in_challenges::table)
        .values(challenge)
        .execute(conn)
        .await
}

/// A challenge that can still be answered, fewer than `max` times so far.
pub(crate) async fn find_challenge(
    conn: &AsyncPgConnection,
    hash: &[u8],
    max: i32,
    now: DateTime<Utc>,
) -> QueryResult<Option<SignInChallenge>> {
    sign_in_challenges::table
        .find(hash)
        .filter(
            sign_in_challenges::used_at
                .is_null()
                .and(sign_in_challenges::attempts.lt(max))
                .and(sign_in_challenges::expires_at.gt(now)),
        )
        .select(SignInChallenge::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Counts an answer before it is looked at; none beyond `max`.
pub(crate) async fn count_answer(
    conn: &mut AsyncPgConnection,
    hash: &[u8],
    max: i32,
) -> QueryResult<usize> {
    let open = sign_in_challenges::table
        .find(hash)
        .filter(sign_in_challenges::attempts.lt(max));
    diesel::update(open)
        .set(sign_in_challenges::attempts.eq(sign_in_challenges::attempts + 1))
        .execute(conn)
        .await
}

/// Uses a challenge up. Of many callers, one does it.
pub(crate) async fn use_challenge(
    conn: &mut AsyncPgConnection,
    hash: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let open = sign_in_challenges::table.find(hash).filter(
        sign_in_challenges::used_at
            .is_null()
            .and(sign_in_challenges::expires_at.gt(now)),
    );
    diesel::update(open)
        .set(sign_in_challenges::used_at.eq(now))
        .execute(conn)
        .await
}

/// Ends the sign-ins of an account that wait for a second factor: they were begun with another password.
pub(crate) async fn delete_challenges(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<usize> {
    let of_user = sign_in_challenges::user_id.eq(user);
    diesel::delete(sign_in_challenges::table.filter(of_user))
        .execute(conn)
        .await
}

/// Challenges that expired before `before`.
pub(crate) async fn delete_old_challenges(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    let old = sign_in_challenges::expires_at.lt(before);
    diesel::delete(sign_in_challenges::table.filter(old))
        .execute(conn)
        .await
}

pub(crate) async fn insert_recovery_codes(
    conn: &mut AsyncPgConnection,
    user: UserId,
    hashes: Vec<Vec<u8>>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let rows: Vec<_> = hashes
        .into_iter()
        .map(|hash| {
            (
                recovery_codes::code_hash.eq(hash),
                recovery_codes::user_id.eq(user),
                recovery_codes::created_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(recovery_codes::table)
        .values(rows)
        .execute(conn)
        .await
}

/// Uses a recovery code up. Of many callers with one code, one succeeds.
pub(crate) async fn use_recovery_code(
    conn: &mut AsyncPgConnection,
    (user, hash): (UserId, &[u8]),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let unused = recovery_codes::table.find(hash).filter(
        recovery_codes::user_id
            .eq(user)
            .and(recovery_codes::used_at.is_null()),
    );
    diesel::update(unused)
        .set(recovery_codes::used_at.eq(now))
        .execute(conn)
        .await
}

/// How many recovery codes of an account are good.
pub(crate) async fn count_recovery_codes(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<i64> {
    recovery_codes::table
        .filter(
            recovery_codes::user_id
                .eq(user)
                .and(recovery_codes::used_at.is_null()),
        )
        .count()
        .get_result(&mut &*conn)
        .await
}

pub(crate) async fn delete_recovery_codes(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<usize> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user)))
        .execute(conn)
        .await
}

/// Notes that the owner of a session has just proved who they are. A session that is over stays so.
pub(crate) async fn authenticate_session(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    second: Option<FactorMethod>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let open = sessions::table
        .find(session)
        .filter(sessions::revoked_at.is_null());
    match second {
        Some(second) => {
            diesel::update(open)
                .set((
                    sessions::authenticated_at.eq(now),
                    sessions::second_factor.eq(second),
                ))
                .execute(conn)
                .await
        }
        None => {
            diesel::update(open)
                .set(sessions::authenticated_at.eq(now))
                .execute(conn)
                .await
        }
    }
}
