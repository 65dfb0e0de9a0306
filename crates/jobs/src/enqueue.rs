use chrono::TimeDelta;
use diesel::data_types::PgInterval;
use diesel::sql_types::{Interval, Timestamptz};
use diesel::{IntoSql, NullableExpressionMethods, QueryResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::Job;
use karya_db::functions::add_job;

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
    let delay = options
        .delay
        .and_then(|delay| delay.num_microseconds())
        .unwrap_or_default();
    let run_at = diesel::dsl::now.into_sql::<Timestamptz>()
        + PgInterval::from_microseconds(delay).into_sql::<Interval>();
    // Built rather than written as text, so that it is prepared once for each connection.
    diesel::select(add_job(
        J::NAME,
        payload,
        options.queue,
        run_at.nullable(),
        MAX_ATTEMPTS,
        options.key,
    ))
    .execute(conn)
    .await?;
    Ok(())
}
