use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_db::schema::signing_keys;

use crate::model::{KeyState, SigningKey};

pub(crate) async fn signing_keys(conn: &mut AsyncPgConnection) -> QueryResult<Vec<SigningKey>> {
    signing_keys::table
        .select(SigningKey::as_select())
        .order(signing_keys::created_at)
        .load(conn)
        .await
}

/// Does nothing when there is a key in that state already, unless keys retire.
pub(crate) async fn insert_signing_key(
    conn: &mut AsyncPgConnection,
    key: &SigningKey,
) -> QueryResult<usize> {
    diesel::insert_into(signing_keys::table)
        .values(key)
        .on_conflict_do_nothing()
        .execute(conn)
        .await
}

/// Lets nobody else change the keys before the transaction ends. Reading goes on.
pub(crate) async fn lock_signing_keys(conn: &mut AsyncPgConnection) -> QueryResult<usize> {
    diesel::sql_query("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")
        .execute(conn)
        .await
}

pub(crate) async fn set_signing_key_state(
    conn: &mut AsyncPgConnection,
    kid: &str,
    state: KeyState,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(signing_keys::table.find(kid))
        .set((
            signing_keys::state.eq(state),
            signing_keys::state_since.eq(now),
        ))
        .execute(conn)
        .await
}

/// Removes the keys that have been retiring since before then.
pub(crate) async fn forget_signing_keys(
    conn: &mut AsyncPgConnection,
    then: DateTime<Utc>,
) -> QueryResult<usize> {
    let retired = signing_keys::state
        .eq(KeyState::Retiring)
        .and(signing_keys::state_since.le(then));
    diesel::delete(signing_keys::table.filter(retired))
        .execute(conn)
        .await
}

/// Removes all keys.
pub(crate) async fn delete_signing_keys(conn: &mut AsyncPgConnection) -> QueryResult<usize> {
    diesel::delete(signing_keys::table).execute(conn).await
}
