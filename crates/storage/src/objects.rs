//! The list of what is in the storage, in the database.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_db::DbError;
use karya_db::schema::stored_objects;

use crate::{Key, Storage};

/// How long an object may be there without a row that refers to it.
const GRACE: TimeDelta = TimeDelta::days(1);

/// How many objects one sweep removes.
const BATCH: i64 = 200;

/// Announces an object, before it is written. Without `keep` it is swept after a day.
pub async fn reserve(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    key: &Key,
) -> QueryResult<()> {
    diesel::insert_into(stored_objects::table)
        .values((
            stored_objects::key.eq(key.as_str()),
            stored_objects::remove_at.eq(now + GRACE),
            stored_objects::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Keeps an object, in the transaction of what refers to it. `false`: it came too late and is being swept.
pub async fn keep(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    key: &Key,
) -> QueryResult<bool> {
    let waiting = stored_objects::table
        .find(key.as_str())
        .filter(stored_objects::remove_at.gt(now));
    let kept = diesel::update(waiting)
        .set(stored_objects::remove_at.eq(None::<DateTime<Utc>>))
        .execute(conn)
        .await?;
    Ok(kept == 1)
}

/// Gives up an object that was reserved and is not kept.
pub async fn release(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    key: &Key,
) -> QueryResult<()> {
    let waiting = stored_objects::table
        .find(key.as_str())
        .filter(stored_objects::remove_at.is_not_null());
    diesel::update(waiting)
        .set(stored_objects::remove_at.eq(now))
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes objects that nobody needs. Safe to run twice, and by several at once: what is due cannot be kept any more.
/// Returns how many went.
pub async fn sweep(
    conn: &mut AsyncPgConnection,
    storage: &Storage,
    now: DateTime<Utc>,
) -> Result<usize, DbError> {
    let due: Vec<String> = stored_objects::table
        .filter(stored_objects::remove_at.le(now))
        .select(stored_objects::key)
        .order(stored_objects::remove_at)
        .limit(BATCH)
        .load(conn)
        .await?;
    let mut gone = Vec::new();
    for key in due {
        let key = Key::stored(key);
        match storage.delete(&key).await {
            Ok(()) => gone.push(key.as_str().to_owned()),
            Err(error) => {
                tracing::error!(%error, "an object cannot be removed: it stays for the next time");
            }
        }
    }
    if gone.is_empty() {
        return Ok(0);
    }
    let rows = stored_objects::table
        .filter(stored_objects::key.eq_any(gone))
        .filter(stored_objects::remove_at.le(now));
    Ok(diesel::delete(rows).execute(conn).await?)
}
