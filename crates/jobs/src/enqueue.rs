use chrono::TimeDelta;
use diesel::QueryResult;
use diesel::data_types::PgInterval;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_db::functions::enqueue_jobs;
use serde_json::Value;

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

/// A job that is ready to be added.
#[derive(Debug, Clone)]
pub struct Prepared {
    name: &'static str,
    payload: Value,
    options: Options,
}

impl Prepared {
    /// Fails if the job cannot be written as JSON.
    pub fn new<J: Job>(job: &J, options: Options) -> QueryResult<Self> {
        let payload = serde_json::to_value(job)
            .map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))?;
        Ok(Self {
            name: J::NAME,
            payload,
            options,
        })
    }
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
    enqueue_all(conn, [Prepared::new(job, options)?]).await
}

/// The same for many, in one statement, or none. Keys differ from each other.
pub async fn enqueue_all(
    conn: &AsyncPgConnection,
    jobs: impl IntoIterator<Item = Prepared>,
) -> QueryResult<()> {
    let (mut names, mut payloads) = (Vec::new(), Vec::new());
    let (mut queues, mut delays, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for job in jobs {
        names.push(job.name);
        payloads.push(job.payload);
        let Options { delay, key, queue } = job.options;
        queues.push(queue);
        let delay = delay.and_then(|delay| delay.num_microseconds());
        delays.push(PgInterval::from_microseconds(delay.unwrap_or_default()));
        keys.push(key);
    }
    if names.is_empty() {
        return Ok(());
    }
    diesel::select(enqueue_jobs(
        names,
        payloads,
        queues,
        delays,
        keys,
        MAX_ATTEMPTS,
    ))
    .execute(&mut &*conn)
    .await?;
    Ok(())
}
