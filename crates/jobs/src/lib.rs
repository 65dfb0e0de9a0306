//! Background jobs, kept in PostgreSQL: enqueued in the transaction of the change that causes them, retried with
//! backoff, visible in metrics. A thin layer over `graphile_worker`.

mod enqueue;
mod patient;
mod stats;
mod worker;

pub use enqueue::{Options, Prepared, enqueue, enqueue_all, enqueue_with};
pub use stats::{JobStats, publish_stats, stats};
pub use worker::{WorkerBuilder, WorkerError, migrate};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a run of a job failed; it will be tried again.
pub type JobError = Box<dyn std::error::Error + Send + Sync>;

/// A kind of job. The value is its payload: ids, not personal data, and never a secret.
///
/// Delivery is at least once: `run` must leave the same world behind when it runs twice.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Unique and stable: rows in the queue carry it.
    const NAME: &'static str;

    /// What running it needs besides the payload.
    type Context: Clone + Send + Sync + 'static;

    fn run(
        self,
        context: Self::Context,
    ) -> impl Future<Output = Result<(), JobError>> + Send + 'static;
}
