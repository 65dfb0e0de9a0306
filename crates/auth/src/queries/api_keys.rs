use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, exists, not};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{ApiKeyId, UserId};
use karya_db::functions::least;
use karya_db::schema::{api_key_secrets, api_keys};

use crate::model::{ApiKeyRow, ApiKeySecretRow};

pub(crate) async fn count_api_keys(conn: &AsyncPgConnection, user: UserId) -> QueryResult<i64> {
    api_keys::table
        .filter(api_keys::user_id.eq(user))
        .select(count_star())
        .get_result(&mut &*conn)
        .await
}

pub(crate) async fn insert_api_key(
    conn: &mut AsyncPgConnection,
    key: &ApiKeyRow,
) -> QueryResult<usize> {
    diesel::insert_into(api_keys::table)
        .values(key)
        .execute(conn)
        .await
}

pub(crate) async fn insert_api_key_secret(
    conn: &mut AsyncPgConnection,
    secret: &ApiKeySecretRow,
) -> QueryResult<usize> {
    diesel::insert_into(api_key_secrets::table)
        .values(secret)
        .execute(conn)
        .await
}

/// The keys of an account, the newest first.
pub(crate) async fn api_keys(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Vec<ApiKeyRow>> {
    api_keys::table
        .filter(api_keys::user_id.eq(user))
        .select(ApiKeyRow::as_select())
        .order(api_keys::id.desc())
        .load(&mut &*conn)
        .await
}

/// The secrets of an account's keys.
pub(crate) async fn api_key_secrets(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Vec<ApiKeySecretRow>> {
    api_key_secrets::table
        .inner_join(api_keys::table)
        .filter(api_keys::user_id.eq(user))
        .select(ApiKeySecretRow::as_select())
        .load(&mut &*conn)
        .await
}

/// A key of an account, locked: it is rotated by one at a time.
pub(crate) async fn lock_api_key(
    conn: &mut AsyncPgConnection,
    (user, key): (UserId, ApiKeyId),
) -> QueryResult<Option<ApiKeyRow>> {
    api_keys::table
        .find(key)
        .filter(api_keys::user_id.eq(user))
        .select(ApiKeyRow::as_select())
        .for_update()
        .first(conn)
        .await
        .optional()
}

/// Ends the secret that was superseded before.
pub(crate) async fn delete_superseded(
    conn: &mut AsyncPgConnection,
    key: ApiKeyId,
) -> QueryResult<usize> {
    let superseded = api_key_secrets::key_id
        .eq(key)
        .and(api_key_secrets::superseded_at.is_not_null());
    diesel::delete(api_key_secrets::table.filter(superseded))
        .execute(conn)
        .await
}

/// Marks the secret of a key as superseded, good until then at most, and returns it.
pub(crate) async fn supersede(
    conn: &mut AsyncPgConnection,
    key: ApiKeyId,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> QueryResult<ApiKeySecretRow> {
    let current = api_key_secrets::key_id
        .eq(key)
        .and(api_key_secrets::superseded_at.is_null());
    diesel::update(api_key_secrets::table.filter(current))
        .set((
            api_key_secrets::superseded_at.eq(now),
            api_key_secrets::expires_at.eq(least(api_key_secrets::expires_at, until)),
        ))
        .returning(ApiKeySecretRow::as_returning())
        .get_result(conn)
        .await
}

/// Removes a key: its name.
pub(crate) async fn delete_api_key(
    conn: &mut AsyncPgConnection,
    (user, key): (UserId, ApiKeyId),
) -> QueryResult<Option<String>> {
    diesel::delete(api_keys::table.find(key).filter(api_keys::user_id.eq(user)))
        .returning(api_keys::name)
        .get_result(conn)
        .await
        .optional()
}

/// Removes all keys of an account. Returns how many.
pub(crate) async fn delete_api_keys(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<usize> {
    diesel::delete(api_keys::table.filter(api_keys::user_id.eq(user)))
        .execute(conn)
        .await
}

/// Removes keys that ended before `ended`. Returns how many.
pub(crate) async fn delete_old_api_keys(
    conn: &mut AsyncPgConnection,
    ended: DateTime<Utc>,
) -> QueryResult<usize> {
    let later = api_key_secrets::table.filter(
        api_key_secrets::key_id
            .eq(api_keys::id)
            .and(api_key_secrets::expires_at.ge(ended)),
    );
    diesel::delete(api_keys::table.filter(not(exists(later))))
        .execute(conn)
        .await
}
