use std::fmt;
use std::time::{Duration, Instant};

use graphile_worker::{
    Database, IntoTaskHandlerResult, LocalQueueConfig, RefetchDelayConfig, TaskHandler,
    WorkerContext, WorkerOptions,
};
use serde::{Deserialize, Serialize};

use crate::Job;
use crate::patient::Patient;

/// How often an idle worker looks by itself; new jobs announce themselves by NOTIFY.
const POLL: Duration = Duration::from_secs(1);

/// How often a worker says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How long running jobs may take to finish when the program stops.
const GRACE: Duration = Duration::from_secs(20);

/// What a worker needs beside one connection for each running job: to fetch jobs and to say that it lives.
const SPARE_CONNECTIONS: usize = 2;

/// The queue could not be prepared, or the worker gave up.
#[derive(Debug, thiserror::Error)]
#[error("the job queue: {0}")]
pub struct WorkerError(String);

fn failed(error: impl fmt::Display) -> WorkerError {
    WorkerError(error.to_string())
}

/// Brings the queue's own tables up to date.
pub async fn migrate(database_url: &str) -> Result<(), WorkerError> {
    WorkerBuilder::new(database_url)
        .prepared()?
        .init()
        .await
        .map(drop)
        .map_err(failed)
}

/// Collects what a worker knows before it starts.
pub struct WorkerBuilder {
    options: WorkerOptions,
    database_url: String,
    connections: usize,
}

impl WorkerBuilder {
    #[must_use]
    pub fn new(database_url: &str) -> Self {
        let options = WorkerOptions::default()
            .poll_interval(POLL)
            // A worker that died gives its jobs back after minutes instead of four hours.
            .heartbeat_interval(HEARTBEAT)
            .sweep_interval(HEARTBEAT * 2)
            .sweep_threshold(HEARTBEAT * 4)
            .listen_os_shutdown_signals(false)
            .shutdown_grace_period(GRACE);
        let database_url = database_url.to_owned();
        Self {
            options,
            database_url,
            connections: SPARE_CONNECTIONS + 1,
        }
    }

    /// How many jobs run at once.
    #[must_use]
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.connections = jobs.saturating_add(SPARE_CONNECTIONS);
        // Without a local queue every slot polls for itself: 16 jobs a second instead of thousands. Without the delay
        // an empty queue is polled in a tight loop; an announced job ends the delay at once.
        let delay = RefetchDelayConfig::default()
            .with_duration(POLL)
            .with_max_abort_threshold(1);
        let queue = LocalQueueConfig::default()
            .with_size((jobs * 4).max(16))
            .with_refetch_delay(delay);
        self.options = self.options.local_queue(queue).concurrency(jobs.max(1));
        self
    }

    /// Teaches the worker a kind of job.
    #[must_use]
    pub fn register<J: Job>(mut self, context: J::Context) -> Self {
        self.options = self
            .options
            .define_job::<Task<J>>()
            .add_extension(Context::<J>(context));
        self
    }

    fn prepared(self) -> Result<WorkerOptions, WorkerError> {
        let patient = Patient::new(&self.database_url, self.connections).map_err(failed)?;
        Ok(self.options.database(Database::new(patient)))
    }

    /// Runs jobs until `stop` resolves, then lets running ones finish.
    pub async fn run(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), WorkerError> {
        let worker = self
            .prepared()?
            .shutdown_signal(stop)
            .init()
            .await
            .map_err(failed)?;
        worker.run().await.map_err(failed)
    }

    /// Runs what is due now, then returns: for tests and one-off commands.
    pub async fn run_once(self) -> Result<(), WorkerError> {
        let worker = self.prepared()?.init().await.map_err(failed)?;
        worker.run_once().await.map_err(failed)
    }
}

/// What a kind of job needs, as `graphile_worker` keeps it.
struct Context<J: Job>(J::Context);

impl<J: Job> Clone for Context<J> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<J: Job> fmt::Debug for Context<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({})", J::NAME)
    }
}

/// A payload, as `graphile_worker` calls it.
#[derive(Serialize, Deserialize)]
#[serde(transparent, bound = "")]
struct Task<J: Job>(J);

impl<J: Job> TaskHandler for Task<J> {
    const IDENTIFIER: &'static str = J::NAME;

    async fn run(self, worker: WorkerContext) -> impl IntoTaskHandlerResult {
        let context = worker.get_ext::<Context<J>>().cloned();
        let (id, attempt) = (*worker.job().id(), *worker.job().attempts());
        let started = Instant::now();
        let outcome = match context {
            Some(Context(context)) => self.0.run(context).await.map_err(|error| error.to_string()),
            None => Err("nobody registered this job's context".to_owned()),
        };
        let result = if outcome.is_ok() { "done" } else { "failed" };
        metrics::counter!("karya_jobs_finished_total", "job" => J::NAME, "outcome" => result)
            .increment(1);
        metrics::histogram!("karya_job_seconds", "job" => J::NAME)
            .record(started.elapsed().as_secs_f64());
        match &outcome {
            Ok(()) => tracing::info!(job = J::NAME, id, attempt, "job done"),
            Err(error) => tracing::warn!(
                job = J::NAME,
                id,
                attempt,
                error,
                "job failed; it will be tried again"
            ),
        }
        outcome
    }
}
