//! What changed since a client last asked (delta sync).
//!
//! Triggers note each change with the number of its transaction, and readers take those below the oldest transaction
//! that still runs. A time or a counter instead would lose what commits after something younger was read.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Double, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::UserId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::schema::{sync_changes, sync_horizon};

/// How far a client has read. The default is the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub xid: i64,
    pub collection: String,
    pub id: Uuid,
    /// Of the transactions before this one the client misses no deletion: all had ended when it began to read, or when
    /// it last read to the end.
    #[serde(default)]
    pub complete: i64,
}

impl Position {
    /// Whether what was forgotten matters to a client that is here.
    #[must_use]
    pub fn is_behind(&self, horizon: i64) -> bool {
        self.xid < horizon && self.complete <= horizon
    }
}

/// Something that changed as the reader sees it. Whether it is still there, only the thing itself tells.
#[derive(Debug, Clone, QueryableByName)]
pub struct Change {
    #[diesel(sql_type = BigInt)]
    pub row_xid: i64,
    #[diesel(sql_type = Text)]
    pub collection: String,
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
}

impl Change {
    /// The position right after it, on the way on from `before`.
    #[must_use]
    pub fn position(&self, before: &Position) -> Position {
        Position {
            xid: self.row_xid,
            collection: self.collection.clone(),
            id: self.id,
            complete: before.complete,
        }
    }
}

/// Which database this is, and up to which transaction its tombstones are incomplete.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct Epoch {
    /// Transaction numbers of another cluster mean nothing here.
    #[diesel(sql_type = BigInt)]
    pub system_identifier: i64,
    #[diesel(sql_type = BigInt)]
    pub horizon: i64,
    /// The oldest transaction that still runs: what is read after this goes up to it.
    #[diesel(sql_type = BigInt)]
    pub watermark: i64,
}

pub async fn epoch(conn: &AsyncPgConnection) -> QueryResult<Epoch> {
    diesel::sql_query(
        "SELECT system_identifier, row_xid AS horizon, \
             pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS watermark \
         FROM pg_control_system(), sync_horizon",
    )
    .get_result(&mut &*conn)
    .await
}

/// What changed after `after` for `reader`, oldest first: what everybody sees, and what only the reader does.
pub async fn changes(
    conn: &AsyncPgConnection,
    reader: UserId,
    collections: &[&str],
    after: &Position,
    limit: i64,
) -> QueryResult<Vec<Change>> {
    // One after the other: each is a walk along the index, and the two together would be a sort of everything.
    diesel::sql_query(
        "(SELECT row_xid, collection, id FROM sync_changes \
         WHERE scope = '00000000-0000-0000-0000-000000000000' AND collection = ANY($2) \
           AND (row_xid, collection, id) > ($3, $4, $5) \
           AND row_xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
         ORDER BY row_xid, collection, id LIMIT $6) \
         UNION ALL \
         (SELECT row_xid, collection, id FROM sync_changes \
         WHERE scope = $1 AND collection = ANY($2) \
           AND (row_xid, collection, id) > ($3, $4, $5) \
           AND row_xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
         ORDER BY row_xid, collection, id LIMIT $6) \
         ORDER BY row_xid, collection, id LIMIT $6",
    )
    .bind::<SqlUuid, _>(reader.as_uuid())
    .bind::<Array<Text>, _>(collections)
    .bind::<BigInt, _>(after.xid)
    .bind::<Text, _>(&after.collection)
    .bind::<SqlUuid, _>(after.id)
    .bind::<BigInt, _>(limit)
    .load(&mut &*conn)
    .await
}

/// How many seconds the readers of `changes` are behind: the age of the oldest transaction that writes, for whose end
/// they wait. Transactions of other accounts count if this one is a member of `pg_read_all_stats`.
pub async fn watermark_lag(conn: &AsyncPgConnection) -> QueryResult<f64> {
    #[derive(QueryableByName)]
    struct Lag {
        #[diesel(sql_type = Double)]
        seconds: f64,
    }
    let lag: Lag = diesel::sql_query(
        "WITH writing AS ( \
             SELECT backend_xid AS xid, xact_start AS since FROM pg_stat_activity WHERE backend_xid IS NOT NULL \
             UNION ALL SELECT transaction, prepared FROM pg_prepared_xacts), \
         oldest AS (SELECT since FROM writing WHERE since IS NOT NULL ORDER BY age(xid) DESC LIMIT 1) \
         SELECT greatest(coalesce(extract(epoch FROM clock_timestamp() - (SELECT since FROM oldest)), 0), 0)::float8 AS seconds",
    )
    .get_result(&mut &*conn)
    .await?;
    Ok(lag.seconds)
}

/// Forgets tombstones from before `before`, and remembers which tokens are too old for that. Returns how many.
pub async fn forget(conn: &mut AsyncPgConnection, before: DateTime<Utc>) -> QueryResult<usize> {
    use diesel_async::AsyncConnection;

    let forgotten = sync_changes::gone.and(sync_changes::changed_at.lt(before));
    conn.transaction(async |conn| {
        let newest: Option<i64> = sync_changes::table
            .filter(forgotten)
            .select(diesel::dsl::max(sync_changes::row_xid))
            .first(conn)
            .await?;
        let Some(newest) = newest else { return Ok(0) };
        diesel::update(sync_horizon::table.filter(sync_horizon::row_xid.lt(newest)))
            .set(sync_horizon::row_xid.eq(newest))
            .execute(conn)
            .await?;
        diesel::delete(sync_changes::table.filter(forgotten.and(sync_changes::row_xid.le(newest))))
            .execute(conn)
            .await
    })
    .await
}
