use chrono::{DateTime, Utc};
use diesel::dsl::{count, exists, not};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{SessionId, UserId};
use karya_db::functions::pg_try_advisory_xact_lock;
use karya_db::schema::{
    auth_event_checkpoints, auth_event_seals, auth_events, auth_events_to_seal, sessions,
};
use uuid::Uuid;

use crate::model::{CheckpointRow, Seal, SecurityEvent};

pub(crate) async fn insert_events(
    conn: &mut AsyncPgConnection,
    events: &[SecurityEvent],
) -> QueryResult<usize> {
    diesel::insert_into(auth_events::table)
        .values(events)
        .execute(conn)
        .await
}

/// A page of what happened to an account, the newest first.
pub(crate) async fn events_of(
    conn: &AsyncPgConnection,
    user: UserId,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<SecurityEvent>> {
    let mut query = auth_events::table
        .filter(auth_events::user_id.eq(user))
        .select(SecurityEvent::as_select())
        .order(auth_events::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(auth_events::id.lt(after));
    }
    query.load(&mut &*conn).await
}

/// What the devices of an account called themselves, by session, as far as those are still known.
pub(crate) async fn device_names(
    conn: &AsyncPgConnection,
    user: UserId,
    of: Vec<SessionId>,
) -> QueryResult<Vec<(SessionId, Option<String>)>> {
    sessions::table
        .filter(sessions::user_id.eq(user).and(sessions::id.eq_any(of)))
        .select((sessions::id, sessions::device_name))
        .load(&mut &*conn)
        .await
}

/// Whether this transaction is the one that seals.
pub(crate) async fn lock_sealing(conn: &mut AsyncPgConnection, lock: i64) -> QueryResult<bool> {
    diesel::select(pg_try_advisory_xact_lock(lock))
        .get_result(conn)
        .await
}

pub(crate) async fn events_to_seal(
    conn: &AsyncPgConnection,
    limit: i64,
) -> QueryResult<Vec<SecurityEvent>> {
    auth_events_to_seal::table
        .inner_join(auth_events::table)
        .select(SecurityEvent::as_select())
        .order(auth_events_to_seal::event_id)
        .limit(limit)
        .load(&mut &*conn)
        .await
}

pub(crate) async fn last_seal(conn: &AsyncPgConnection) -> QueryResult<Option<Seal>> {
    auth_event_seals::table
        .select(Seal::as_select())
        .order(auth_event_seals::position.desc())
        .first(&mut &*conn)
        .await
        .optional()
}

pub(crate) async fn insert_seals(
    conn: &mut AsyncPgConnection,
    seals: &[Seal],
) -> QueryResult<usize> {
    diesel::insert_into(auth_event_seals::table)
        .values(seals)
        .execute(conn)
        .await
}

pub(crate) async fn delete_waiting(
    conn: &mut AsyncPgConnection,
    events: Vec<Uuid>,
) -> QueryResult<usize> {
    let sealed = auth_events_to_seal::event_id.eq_any(events);
    diesel::delete(auth_events_to_seal::table.filter(sealed))
        .execute(conn)
        .await
}

/// The next seals of the chain with their events, as far as those are there.
pub(crate) async fn seals_after(
    conn: &AsyncPgConnection,
    position: i64,
    limit: i64,
) -> QueryResult<Vec<(Seal, Option<SecurityEvent>)>> {
    auth_event_seals::table
        .left_join(auth_events::table)
        .filter(auth_event_seals::position.gt(position))
        .select((Seal::as_select(), Option::<SecurityEvent>::as_select()))
        .order(auth_event_seals::position)
        .limit(limit)
        .load(&mut &*conn)
        .await
}

/// Events that neither have a seal nor wait for one.
pub(crate) async fn events_outside(conn: &AsyncPgConnection, limit: i64) -> QueryResult<Vec<Uuid>> {
    let seals = auth_event_seals::table.filter(auth_event_seals::event_id.eq(auth_events::id));
    let waiting =
        auth_events_to_seal::table.filter(auth_events_to_seal::event_id.eq(auth_events::id));
    auth_events::table
        .filter(not(exists(seals)).and(not(exists(waiting))))
        .select(auth_events::id)
        .order(auth_events::id)
        .limit(limit)
        .load(&mut &*conn)
        .await
}

/// The first seals of the chain, with the times of their events.
pub(crate) async fn first_seals(
    conn: &AsyncPgConnection,
    limit: i64,
) -> QueryResult<Vec<(Seal, DateTime<Utc>)>> {
    auth_event_seals::table
        .inner_join(auth_events::table)
        .select((Seal::as_select(), auth_events::at))
        .order(auth_event_seals::position)
        .limit(limit)
        .load(&mut &*conn)
        .await
}

/// Where the chain was cut last.
pub(crate) async fn last_checkpoint(
    conn: &AsyncPgConnection,
) -> QueryResult<Option<CheckpointRow>> {
    auth_event_checkpoints::table
        .select(CheckpointRow::as_select())
        .order(auth_event_checkpoints::position.desc())
        .first(&mut &*conn)
        .await
        .optional()
}

pub(crate) async fn insert_checkpoint(
    conn: &mut AsyncPgConnection,
    row: &CheckpointRow,
) -> QueryResult<usize> {
    diesel::insert_into(auth_event_checkpoints::table)
        .values(row)
        .execute(conn)
        .await
}

/// Deletes the seals up to a position, and says of which events. The database refuses what no checkpoint stands for.
pub(crate) async fn delete_seals(
    conn: &mut AsyncPgConnection,
    up_to: i64,
) -> QueryResult<Vec<Uuid>> {
    diesel::delete(auth_event_seals::table.filter(auth_event_seals::position.le(up_to)))
        .returning(auth_event_seals::event_id)
        .load(conn)
        .await
}

pub(crate) async fn delete_events(
    conn: &mut AsyncPgConnection,
    events: Vec<Uuid>,
) -> QueryResult<usize> {
    diesel::delete(auth_events::table.filter(auth_events::id.eq_any(events)))
        .execute(conn)
        .await
}

/// How many events wait for their seals, and how many of them are older than `before`.
pub(crate) async fn count_waiting(
    conn: &AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<(i64, i64)> {
    auth_events_to_seal::table
        .inner_join(auth_events::table)
        .select((
            count(auth_events::id),
            count(auth_events::id).aggregate_filter(auth_events::at.lt(before)),
        ))
        .get_result(&mut &*conn)
        .await
}
