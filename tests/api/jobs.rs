use diesel_async::AsyncConnection;
use karya_auth::jobs::SendVerification;
use karya_core::UserId;
use karya_jobs::{Job, JobError, Options, WorkerBuilder, enqueue, enqueue_with, stats};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::harness::TestApp;

/// Fails as often as its context says, then succeeds.
#[derive(Serialize, Deserialize)]
struct Stubborn;

impl Job for Stubborn {
    const NAME: &'static str = "test.stubborn";
    type Context = Arc<AtomicU32>;

    async fn run(self, failures_left: Arc<AtomicU32>) -> Result<(), JobError> {
        match failures_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        }) {
            Ok(_) => Err("not yet".into()),
            Err(_) => Ok(()),
        }
    }
}

#[actix_web::test]
async fn a_job_of_a_transaction_that_failed_never_was() {
    let app = TestApp::new().await;
    let mut conn = app.parts.db.conn().await.unwrap();
    let job = SendVerification {
        user_id: UserId::fresh(),
    };
    let outcome: Result<(), diesel::result::Error> = conn
        .transaction(async |conn| {
            enqueue(conn, &job).await?;
            Err(diesel::result::Error::RollbackTransaction)
        })
        .await;
    assert!(outcome.is_err());
    assert_eq!(stats(&conn).await.unwrap().ready, 0);
}

#[actix_web::test]
async fn a_failing_job_is_tried_again_and_a_dead_one_stays_visible() {
    let app = TestApp::new().await;
    let mut conn = app.parts.db.conn().await.unwrap();
    enqueue(&mut conn, &Stubborn).await.unwrap();
    assert_eq!(stats(&conn).await.unwrap().ready, 1);
    let failures = Arc::new(AtomicU32::new(1));
    let work = async || {
        WorkerBuilder::new(&app.db.url())
            .register::<Stubborn>(failures.clone())
            .run_once()
            .await
            .unwrap()
    };
    work().await;
    let after_failure = stats(&conn).await.unwrap();
    assert_eq!(
        (
            after_failure.failing,
            after_failure.scheduled,
            after_failure.dead
        ),
        (1, 1, 0)
    );
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE graphile_worker._private_jobs SET run_at = now()")
        .await
        .unwrap();
    work().await;
    let done = stats(&conn).await.unwrap();
    assert_eq!((done.ready, done.scheduled, done.failing), (0, 0, 0));

    enqueue(&mut conn, &Stubborn).await.unwrap();
    sql.batch_execute("UPDATE graphile_worker._private_jobs SET max_attempts = 1")
        .await
        .unwrap();
    failures.store(5, Ordering::SeqCst);
    work().await;
    assert_eq!(stats(&conn).await.unwrap().dead, 1);
}

#[actix_web::test]
async fn a_key_keeps_one_job() {
    let app = TestApp::new().await;
    let mut conn = app.parts.db.conn().await.unwrap();
    for _ in 0..3 {
        let options = Options {
            key: Some("one".into()),
            ..Options::default()
        };
        enqueue_with(&mut conn, &Stubborn, options).await.unwrap();
    }
    assert_eq!(stats(&conn).await.unwrap().ready, 1);
}

/// One connection: what it planned while the queue was short stays.
#[actix_web::test]
async fn a_queue_that_grew_is_not_read_for_each_new_job() {
    let app = TestApp::new().await;
    let mut conn = app.parts.db.conn().await.unwrap();
    let mut enqueue = async |number: usize| {
        let options = Options {
            key: Some(format!("job-{number}")),
            delay: Some(chrono::Duration::days(1)),
            queue: None,
        };
        enqueue_with(&mut conn, &Stubborn, options).await.unwrap();
    };
    for number in 0..10 {
        enqueue(number).await;
    }
    let sql = app.db.sql().await;
    let grow = "INSERT INTO graphile_worker._private_jobs (task_id, run_at, key)
        SELECT task_id, run_at, 'more-' || n FROM generate_series(1, 10000) n,
            (SELECT task_id, run_at FROM graphile_worker._private_jobs LIMIT 1) one";
    sql.batch_execute(grow).await.unwrap();
    let rows_read = async || {
        let statement =
            "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = '_private_jobs'";
        let row = sql.query_one(statement, &[]).await.unwrap();
        row.get::<_, i64>(0)
    };
    sql.batch_execute("SELECT pg_stat_force_next_flush()")
        .await
        .unwrap();
    let before = rows_read().await;
    for number in 10..20 {
        enqueue(number).await;
    }
    // The other connection reports what it did within a second, when it does something.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    enqueue(20).await;
    let read = rows_read().await - before;
    assert!(read < 10_000, "{read} rows read to add eleven jobs");
}

/// The log counts each attempt: the worker's and its listener's, which waits 50 ms at first and up to five seconds.
#[actix_web::test]
async fn a_worker_waits_while_its_database_is_away_and_goes_on_when_it_is_back() {
    let app = TestApp::new().await;
    let stop = Arc::new(tokio::sync::Notify::new());
    let stopped = stop.clone();
    let worker = WorkerBuilder::new(&app.db.url())
        .concurrency(2)
        .register::<Stubborn>(Arc::default())
        .run(async move { stopped.notified().await });
    let worker = tokio::spawn(worker);
    let work_is_done = async || {
        let mut conn = app.parts.db.conn().await.unwrap();
        enqueue(&mut conn, &Stubborn).await.unwrap();
        for _ in 0..200 {
            if stats(&conn).await.unwrap().ready == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nobody works");
    };
    work_is_done().await;

    app.db.accept_connections(false).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let attempts = app.db.log().matches("not currently accepting").count();
    assert!((3..=20).contains(&attempts), "{attempts} attempts");

    app.db.accept_connections(true).await;
    work_is_done().await;
    stop.notify_one();
    worker.await.unwrap().unwrap();
}
