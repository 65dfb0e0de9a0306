use chrono::TimeDelta;
use diesel::QueryResult;
use diesel::sql_types::{Double, Integer, Json, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::Job;

/// After this many attempts (about 18 hours of growing pauses) a job is dead: it stays visible and is not tried again.
const MAX_ATTEMPTS: i32 = 14;

/// How a job is to run, where it is not the usual way.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Not before so much time has passed, on the database's clock: only that one is the same for all workers.
    pub delay: Option<TimeDelta>,
    /// A second job with the same key replaces the first, while that has not started.
    pub key: Option<String>,
    /// Jobs of one queue run one after the other.
    pub queue: Option<String>,
}

/// Adds a job, in the transaction that `conn` is in: it runs if and only if that commits.
pub async fn enqueue<J: Job>(conn: &mut AsyncPgConnection, job: &J) -> QueryResult<()> {
    enqueue_with(conn, job, Options::default()).await
}

/// The same, with options.
pub async fn enqueue_with<J: Job>(
    conn: &mut AsyncPgConnection,
    job: &J,
    options: Options,
) -> QueryResult<()> {
    let payload = serde_json::to_value(job)
        .map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))?;
    diesel::sql_query(
        "SELECT graphile_worker.add_job(identifier => $1, payload => $2, run_at => now() + $3 * interval '1 second', max_attempts => $4, \
         job_key => $5, queue_name => $6)",
    )
    .bind::<Text, _>(J::NAME)
    .bind::<Json, _>(payload)
    .bind::<Nullable<Double>, _>(options.delay.map(TimeDelta::as_seconds_f64))
    .bind::<Integer, _>(MAX_ATTEMPTS)
    .bind::<Nullable<Text>, _>(options.key)
    .bind::<Nullable<Text>, _>(options.queue)
    .execute(conn)
    .await?;
    Ok(())
}
