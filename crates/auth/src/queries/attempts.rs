use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::UserId;
use karya_db::schema::{known_devices, sign_in_attempts};

/// Makes sure that there is a counter.
pub(crate) async fn insert_attempts(
    conn: &mut AsyncPgConnection,
    key: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(sign_in_attempts::table)
        .values((
            sign_in_attempts::key.eq(key),
            sign_in_attempts::attempts.eq(0),
            sign_in_attempts::last_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
}

/// A counter, locked: attempts, the last of them, and the end of the pause.
pub(crate) async fn lock_attempts(
    conn: &mut AsyncPgConnection,
    key: &[u8],
) -> QueryResult<Option<(i32, DateTime<Utc>, Option<DateTime<Utc>>)>> {
    sign_in_attempts::table
        .find(key)
        .select((
            sign_in_attempts::attempts,
            sign_in_attempts::last_at,
            sign_in_attempts::blocked_until,
        ))
        .for_update()
        .first(conn)
        .await
        .optional()
}

pub(crate) async fn set_attempts(
    conn: &mut AsyncPgConnection,
    key: &[u8],
    (attempts, blocked_until): (i32, Option<DateTime<Utc>>),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(sign_in_attempts::table.find(key))
        .set((
            sign_in_attempts::attempts.eq(attempts),
            sign_in_attempts::last_at.eq(now),
            sign_in_attempts::blocked_until.eq(blocked_until),
        ))
        .execute(conn)
        .await
}

/// Takes one attempt back: it was the right password. A pause that only it had caused ends.
pub(crate) async fn forgive_attempt(
    conn: &mut AsyncPgConnection,
    key: &[u8],
    free: i32,
) -> QueryResult<usize> {
    let blocked_until = diesel::dsl::case_when(
        sign_in_attempts::attempts.gt(free),
        sign_in_attempts::blocked_until,
    );
    diesel::update(
        sign_in_attempts::table
            .find(key)
            .filter(sign_in_attempts::attempts.gt(0)),
    )
    .set((
        sign_in_attempts::blocked_until.eq(blocked_until),
        sign_in_attempts::attempts.eq(sign_in_attempts::attempts - 1),
    ))
    .execute(conn)
    .await
}

/// Starts counting anew.
pub(crate) async fn forget_attempts(
    conn: &mut AsyncPgConnection,
    key: &[u8],
) -> QueryResult<usize> {
    diesel::delete(sign_in_attempts::table.find(key))
        .execute(conn)
        .await
}

pub(crate) async fn delete_old_attempts(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(sign_in_attempts::table.filter(sign_in_attempts::last_at.lt(before)))
        .execute(conn)
        .await
}

/// Whose known device it is.
pub(crate) async fn device_user(
    conn: &AsyncPgConnection,
    token_hash: &[u8],
) -> QueryResult<Option<UserId>> {
    known_devices::table
        .find(token_hash)
        .select(known_devices::user_id)
        .first(&mut &*conn)
        .await
        .optional()
}

/// Remembers a device, or that it was seen again.
pub(crate) async fn remember_device(
    conn: &mut AsyncPgConnection,
    token_hash: &[u8],
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(known_devices::table)
        .values((
            known_devices::token_hash.eq(token_hash),
            known_devices::user_id.eq(user),
            known_devices::created_at.eq(now),
            known_devices::last_seen_at.eq(now),
        ))
        .on_conflict(known_devices::token_hash)
        .do_update()
        .set(known_devices::last_seen_at.eq(now))
        .execute(conn)
        .await
}

pub(crate) async fn forget_devices(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<usize> {
    diesel::delete(known_devices::table.filter(known_devices::user_id.eq(user)))
        .execute(conn)
        .await
}

pub(crate) async fn delete_old_devices(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(known_devices::table.filter(known_devices::last_seen_at.lt(before)))
        .execute(conn)
        .await
}
