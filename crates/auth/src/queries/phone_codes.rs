use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{SessionId, UserId};
use karya_db::schema::phone_codes;
use uuid::Uuid;

use crate::model::{CodePurpose, PhoneCode};

pub(crate) async fn insert_phone_code(
    conn: &mut AsyncPgConnection,
    code: &PhoneCode,
) -> QueryResult<usize> {
    diesel::insert_into(phone_codes::table)
        .values(code)
        .execute(conn)
        .await
}

pub(crate) async fn find_phone_code(
    conn: &AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<PhoneCode>> {
    phone_codes::table
        .find(id)
        .select(PhoneCode::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// How many codes were asked for to a number since `since`, and when the first of them was.
pub(crate) async fn count_phone_codes(
    conn: &AsyncPgConnection,
    number: &str,
    since: DateTime<Utc>,
) -> QueryResult<(i64, Option<DateTime<Utc>>)> {
    phone_codes::table
        .filter(
            phone_codes::number
                .eq(number)
                .and(phone_codes::asked_at.gt(since)),
        )
        .select((count_star(), min(phone_codes::asked_at)))
        .first(&mut &*conn)
        .await
}

/// The code that goes to the phone, and whose account it is for.
pub(crate) async fn set_code_hash(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    hash: &[u8],
    user: UserId,
) -> QueryResult<usize> {
    diesel::update(phone_codes::table.find(id))
        .set((
            phone_codes::code_hash.eq(hash),
            phone_codes::user_id.eq(user),
        ))
        .execute(conn)
        .await
}

pub(crate) async fn set_code_sent(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(phone_codes::table.find(id))
        .set(phone_codes::sent_at.eq(now))
        .execute(conn)
        .await
}

/// Counts a guess at the code that one session waits for. None: there is none, it is dead, or it was guessed at so
/// often that no guess is left.
pub(crate) async fn try_session_code(
    conn: &mut AsyncPgConnection,
    (user, session): (UserId, SessionId),
    (tries, now): (i16, DateTime<Utc>),
) -> QueryResult<Option<PhoneCode>> {
    let of_session = phone_codes::purpose
        .eq(CodePurpose::VerifyPhone)
        .and(phone_codes::user_id.eq(user))
        .and(phone_codes::session_id.eq(session))
        .and(phone_codes::used_at.is_null())
        .and(phone_codes::expires_at.gt(now))
        .and(phone_codes::tries.lt(tries));
    diesel::update(phone_codes::table.filter(of_session))
        .set(phone_codes::tries.eq(phone_codes::tries + 1))
        .returning(PhoneCode::as_returning())
        .get_result(conn)
        .await
        .optional()
}

/// The same for the code of a request.
pub(crate) async fn try_request_code(
    conn: &mut AsyncPgConnection,
    (request, purpose): (Uuid, CodePurpose),
    (tries, now): (i16, DateTime<Utc>),
) -> QueryResult<Option<PhoneCode>> {
    let open = phone_codes::purpose
        .eq(purpose)
        .and(phone_codes::used_at.is_null())
        .and(phone_codes::expires_at.gt(now))
        .and(phone_codes::tries.lt(tries));
    diesel::update(phone_codes::table.find(request).filter(open))
        .set(phone_codes::tries.eq(phone_codes::tries + 1))
        .returning(PhoneCode::as_returning())
        .get_result(conn)
        .await
        .optional()
}

/// Uses a code up; of many callers, one does.
pub(crate) async fn use_phone_code(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let open = phone_codes::used_at
        .is_null()
        .and(phone_codes::expires_at.gt(now));
    diesel::update(phone_codes::table.find(id).filter(open))
        .set(phone_codes::used_at.eq(now))
        .execute(conn)
        .await
}

/// Ends the codes of an account that were not used.
pub(crate) async fn void_phone_codes(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let unused = phone_codes::user_id
        .eq(user)
        .and(phone_codes::used_at.is_null())
        .and(phone_codes::expires_at.gt(now));
    diesel::update(phone_codes::table.filter(unused))
        .set(phone_codes::expires_at.eq(now))
        .execute(conn)
        .await
}

/// Codes that were asked for before `before`.
pub(crate) async fn delete_old_phone_codes(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(phone_codes::table.filter(phone_codes::asked_at.lt(before)))
        .execute(conn)
        .await
}
