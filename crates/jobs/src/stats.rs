use diesel::sql_types::BigInt;
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// How many jobs are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct JobStats {
    /// Due and waiting for a worker.
    #[diesel(sql_type = BigInt)]
    pub ready: i64,
    /// Due later, retries included.
    #[diesel(sql_type = BigInt)]
    pub scheduled: i64,
    #[diesel(sql_type = BigInt)]
    pub running: i64,
    /// Failed at least once and will be tried again.
    #[diesel(sql_type = BigInt)]
    pub failing: i64,
    /// Failed too often: nobody tries any more until a person looks.
    #[diesel(sql_type = BigInt)]
    pub dead: i64,
    /// For how many seconds the oldest of the ready ones has been due.
    #[diesel(sql_type = BigInt)]
    pub oldest_ready_seconds: i64,
}

/// Counts the queue, in one statement.
pub async fn stats(conn: &AsyncPgConnection) -> QueryResult<JobStats> {
    diesel::sql_query(
        "SELECT count(*) FILTER (WHERE locked_at IS NULL AND attempts < max_attempts AND run_at <= now()) AS ready, \
                count(*) FILTER (WHERE locked_at IS NULL AND attempts < max_attempts AND run_at > now()) AS scheduled, \
                count(*) FILTER (WHERE locked_at IS NOT NULL) AS running, \
                count(*) FILTER (WHERE attempts BETWEEN 1 AND max_attempts - 1 AND last_error IS NOT NULL) AS failing, \
                count(*) FILTER (WHERE locked_at IS NULL AND attempts >= max_attempts) AS dead, \
                coalesce(extract(epoch FROM now() - min(run_at) \
                    FILTER (WHERE locked_at IS NULL AND attempts < max_attempts AND run_at <= now())), 0)::bigint AS oldest_ready_seconds \
         FROM graphile_worker._private_jobs",
    )
    .get_result(&mut &*conn)
    .await
}

/// Sets the gauges `karya_jobs{state}` and `karya_jobs_oldest_ready_seconds`.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub fn publish_stats(stats: &JobStats) {
    let JobStats {
        ready,
        scheduled,
        running,
        failing,
        dead,
        oldest_ready_seconds,
    } = *stats;
    let states = [
        ("ready", ready),
        ("scheduled", scheduled),
        ("running", running),
        ("failing", failing),
        ("dead", dead),
    ];
    for (state, count) in states {
        metrics::gauge!("karya_jobs", "state" => state).set(count as f64);
    }
    metrics::gauge!("karya_jobs_oldest_ready_seconds").set(oldest_ready_seconds as f64);
}
