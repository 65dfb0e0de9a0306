//! Background work: the jobs of every domain, and the upkeep that goes on for as long as a process runs.

use std::time::Duration;

use chrono::{DateTime, Utc};
use karya_auth::audit::chain;
use karya_db::AsyncPgConnection;
use karya_jobs::WorkerBuilder;
use karya_notifications::Mailer;
use karya_storage::Storage;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::rights;
use crate::state::Parts;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How old a stored reply to an `Idempotency-Key` may get: phones may repeat a request days later.
const KEEP_REPLIES: chrono::Duration = chrono::Duration::days(7);

/// How long clients may stay away and still be told what is gone.
const KEEP_TOMBSTONES: chrono::Duration = chrono::Duration::days(90);

/// Runs the jobs of every domain.
pub struct Worker {
    jobs: WorkerBuilder,
    upkeep: JoinHandle<()>,
}

impl Worker {
    pub fn new(config: &Config, parts: &Parts) -> Result<Self, Failure> {
        let mailer = Mailer::new(config.mail_options()?)?;
        let jobs = jobs(&config.database.url, parts, mailer).concurrency(config.worker.concurrency);
        Ok(Self {
            jobs,
            upkeep: upkeep(parts),
        })
    }

    /// Works until `stop` resolves, then lets running jobs finish.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), Failure> {
        let outcome = self.jobs.run(stop).await;
        self.upkeep.abort();
        Ok(outcome?)
    }
}

/// A job runner that knows the jobs of every domain.
#[must_use]
pub fn jobs(database_url: &str, parts: &Parts, mailer: Mailer) -> WorkerBuilder {
    let context = karya_auth::jobs::Context {
        db: parts.db.clone(),
        clock: parts.clock.clone(),
        random: parts.random.clone(),
        mailer,
        messenger: parts.messenger.clone(),
        master_key: parts.master_key.clone(),
        options: parts.auth.clone(),
    };
    let mentoring = karya_mentoring_booking::jobs::Context {
        db: parts.db.clone(),
        clock: parts.clock.clone(),
        mailer: context.mailer.clone(),
        public_url: parts.public_url.clone(),
        invitations: parts.invitations.clone(),
        master_key: parts.master_key.clone(),
        fetcher: parts.fetcher.clone(),
    };
    let rights = rights::Context {
        db: parts.db.clone(),
        clock: parts.clock.clone(),
        random: parts.random.clone(),
        master_key: parts.master_key.clone(),
        storage: parts.storage.clone(),
        mailer: context.mailer.clone(),
    };
    let worker = rights::register(WorkerBuilder::new(database_url), &rights);
    let webhooks = karya_webhooks::Context {
        db: parts.db.clone(),
        clock: parts.clock.clone(),
        random: parts.random.clone(),
        master_key: parts.master_key.clone(),
        fetcher: parts.fetcher.clone(),
        mailer: context.mailer.clone(),
    };
    let worker = karya_webhooks::register(worker, &webhooks);
    let worker = karya_auth::jobs::register(worker, &context);
    karya_mentoring_booking::jobs::register(worker, &mentoring)
}

/// Deletes what every domain no longer needs.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub async fn sweep(
    conn: &mut AsyncPgConnection,
    storage: &Storage,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    karya_web::idempotency::forget(conn, now - KEEP_REPLIES).await?;
    karya_auth::ops::sweep(conn, now).await?;
    karya_db::sync::forget(conn, now - KEEP_TOMBSTONES).await?;
    karya_mentoring_booking::sweep(conn, now).await?;
    karya_webhooks::sweep(conn, now).await?;
    let overdue = rights::sweep(conn, now).await?;
    metrics::gauge!("karya_data_requests_overdue").set(overdue as f64);
    karya_storage::objects::sweep(conn, storage, now).await?;
    Ok(())
}

/// Once a minute: sweeps, rotates signing keys where that is due, seals the security events, and publishes the state of
/// the queue and of delta sync.
fn upkeep(parts: &Parts) -> JoinHandle<()> {
    let (db, clock, storage) = (parts.db.clone(), parts.clock.clone(), parts.storage.clone());
    let (issuer, key) = (parts.issuer.clone(), parts.master_key.clone());
    let keep_events = parts.privacy.security_events;
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_mins(1));
        loop {
            tick.tick().await;
            let mut conn = match db.conn().await {
                Ok(conn) => conn,
                Err(error) => {
                    tracing::warn!(%error, "upkeep waits for the database");
                    continue;
                }
            };
            if let Err(error) = sweep(&mut conn, &storage, clock.now()).await {
                metrics::counter!("karya_upkeep_failures_total").increment(1);
                tracing::error!(%error, "what is out of date stays");
            }
            match issuer.tend(&mut conn, clock.now()).await {
                Ok(None) => {}
                Ok(Some(rotation)) => tracing::info!(?rotation, "the signing keys change"),
                Err(error) => tracing::error!(%error, "the signing keys are not rotated"),
            }
            if let Err(error) = chain::seal(&mut conn, &key).await {
                metrics::counter!("karya_upkeep_failures_total").increment(1);
                tracing::error!(%error, "security events wait for their seals");
            }
            let before = clock.now() - keep_events;
            if let Err(error) = chain::prune(&mut conn, &key, clock.now(), before).await {
                metrics::counter!("karya_upkeep_failures_total").increment(1);
                tracing::error!(%error, "old security events stay");
            }
            match karya_jobs::stats(&conn).await {
                Ok(stats) => karya_jobs::publish_stats(&stats),
                Err(error) => tracing::error!(%error, "the job queue cannot be counted"),
            }
            match karya_db::sync::watermark_lag(&conn).await {
                Ok(lag) => metrics::gauge!("karya_sync_watermark_lag_seconds").set(lag),
                Err(error) => tracing::error!(%error, "how far delta sync is behind is unknown"),
            }
        }
    })
}

/// Publishes the use of the connection pools, more often than anybody asks for metrics.
pub(crate) fn watch_pools(parts: &Parts) -> JoinHandle<()> {
    let db = parts.db.clone();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_secs(5));
        loop {
            tick.tick().await;
            db.publish_pools();
        }
    })
}

/// Reads the signing keys again once a minute, so that every replica follows a rotation.
pub(crate) fn keep_keys_fresh(parts: &Parts) -> JoinHandle<()> {
    let (db, issuer) = (parts.db.clone(), parts.issuer.clone());
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_mins(1));
        loop {
            tick.tick().await;
            let reloaded = match db.conn().await {
                Ok(mut conn) => issuer
                    .reload(&mut conn)
                    .await
                    .map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = reloaded {
                metrics::counter!("karya_signing_key_reload_failures_total").increment(1);
                tracing::error!(
                    error,
                    "the signing keys cannot be read; the known ones stay in force"
                );
            }
        }
    })
}

/// Starts collecting metrics. Once a process.
pub(crate) fn install_metrics() -> Result<PrometheusHandle, Failure> {
    use metrics_exporter_prometheus::Matcher;
    let builder = PrometheusBuilder::new().set_buckets_for_metric(
        Matcher::Suffix("_seconds".into()),
        &[
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
        ],
    )?;
    let handle = builder.install_recorder()?;
    start_counters();
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_secs(10));
        loop {
            tick.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

/// What alerts go by is there from the start: of a counter that appears with its first failure, Prometheus sees no rise.
fn start_counters() {
    for name in [
        "karya_hashing_shed_total",
        "karya_refresh_reuse_total",
        "karya_signing_key_reload_failures_total",
        "karya_upkeep_failures_total",
    ] {
        metrics::counter!(name).increment(0);
    }
    for outcome in ["sent", "refused", "failed"] {
        metrics::counter!("karya_messages_total", "outcome" => outcome).increment(0);
    }
    for reason in ["number", "account", "network", "day"] {
        metrics::counter!("karya_phone_codes_refused_total", "reason" => reason).increment(0);
    }
    for operation in ["put", "get", "delete"] {
        metrics::counter!("karya_storage_failures_total", "operation" => operation).increment(0);
    }
    for pool in ["requests", "searches"] {
        for reason in ["exhausted", "unreachable"] {
            metrics::counter!("karya_db_refused_total", "pool" => pool, "reason" => reason)
                .increment(0);
        }
    }
}
