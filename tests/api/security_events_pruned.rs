//! Old security events go, and the rest is still known to be whole.

use chrono::{DateTime, Duration, Utc};
use karya_auth::audit::chain::{self, Fault, Head, Verified};
use karya_auth::audit::{self, Event, EventKind};
use karya_core::{MasterKey, UserId};

use crate::harness::TestApp;

async fn record(app: &TestApp, count: usize) {
    let mut conn = app.parts.db.conn().await.unwrap();
    for _ in 0..count {
        let event = Event::of(EventKind::SignedIn, UserId::fresh());
        audit::record(&mut conn, app.clock.now(), event)
            .await
            .unwrap();
    }
    chain::seal(&mut conn, &app.parts.master_key).await.unwrap();
}

async fn prune(app: &TestApp, before: DateTime<Utc>) -> usize {
    let mut conn = app.parts.db.conn().await.unwrap();
    let now = app.clock.now();
    chain::prune(&mut conn, &app.parts.master_key, now, before)
        .await
        .unwrap()
}

async fn verify(app: &TestApp, noted: Option<&Head>) -> Verified {
    let conn = app.parts.db.conn().await.unwrap();
    let now = app.clock.now();
    chain::verify(&conn, &app.parts.master_key, now, noted)
        .await
        .unwrap()
}

/// Five old events, four new ones, and the time between.
async fn with_history() -> (TestApp, DateTime<Utc>) {
    let app = TestApp::new().await;
    record(&app, 5).await;
    app.clock.advance(Duration::days(100));
    let between = app.clock.now();
    app.clock.advance(Duration::days(1));
    record(&app, 4).await;
    (app, between)
}

async fn number(app: &TestApp, query: &str) -> i64 {
    app.db
        .sql()
        .await
        .query_one(query, &[])
        .await
        .unwrap()
        .get(0)
}

/// What somebody does who may do everything in the database, but does not have the master key.
async fn tamper(app: &TestApp, statements: &str) {
    let sql = app.db.sql().await;
    let all = format!("SET session_replication_role = replica; {statements}");
    sql.batch_execute(&all).await.unwrap();
}

#[actix_web::test]
async fn the_chain_goes_on_from_where_it_was_cut() {
    let (app, between) = with_history().await;
    let noted = verify(&app, None).await.head.unwrap();
    assert_eq!(prune(&app, between).await, 5);
    assert_eq!(prune(&app, between).await, 0);
    assert_eq!(number(&app, "SELECT count(*) FROM auth_events").await, 4);
    assert_eq!(
        number(&app, "SELECT count(*) FROM auth_event_seals").await,
        4
    );
    let verified = verify(&app, Some(&noted)).await;
    assert_eq!(verified.faults, []);
    let from = verified.from.unwrap();
    assert_eq!((from.head.position, from.events_before), (5, between));
    record(&app, 2).await;
    let verified = verify(&app, Some(&noted)).await;
    assert_eq!(verified.faults, []);
    assert_eq!(verified.head.unwrap().position, 11);
    // A head from before the cut is no longer there to compare with; the cut itself is.
    assert_eq!(verify(&app, Some(&from.head)).await.faults, []);
    // All of it is old one day: what comes then builds on what went.
    app.clock.advance(Duration::days(100));
    assert_eq!(prune(&app, app.clock.now()).await, 6);
    record(&app, 1).await;
    let verified = verify(&app, None).await;
    assert_eq!(verified.faults, []);
    assert_eq!(verified.head.unwrap().position, 12);
}

#[actix_web::test]
async fn nothing_else_can_be_removed_unnoticed() {
    let (app, between) = with_history().await;
    prune(&app, between).await;
    let sql = app.db.sql().await;
    for statement in [
        "DELETE FROM auth_events",
        "DELETE FROM auth_event_seals",
        "DELETE FROM auth_event_checkpoints",
        "UPDATE auth_event_checkpoints SET position = 8",
        "TRUNCATE auth_event_checkpoints",
    ] {
        let error = sql.batch_execute(statement).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        assert!(error.message().contains("append-only"), "{error}");
    }
    // Whoever can do that all the same has no key for a checkpoint.
    tamper(
        &app,
        "INSERT INTO auth_event_checkpoints SELECT position, hash, now(), now(), sha256('x') FROM auth_event_seals WHERE position = 7;
         DELETE FROM auth_events WHERE id IN (SELECT event_id FROM auth_event_seals WHERE position <= 7);
         DELETE FROM auth_event_seals WHERE position <= 7",
    )
    .await;
    let verified = verify(&app, None).await;
    assert_eq!(verified.faults, [Fault::Forged { position: 7 }]);
    tamper(&app, "DELETE FROM auth_event_checkpoints").await;
    let faults = verify(&app, None).await.faults;
    assert!(
        faults.contains(&Fault::SealsRemoved { position: 8 }),
        "{faults:?}"
    );
    // With another key nothing fits.
    let (app, between) = with_history().await;
    prune(&app, between).await;
    let conn = app.parts.db.conn().await.unwrap();
    let other = MasterKey::from_bytes([8; 32]);
    let verified = chain::verify(&conn, &other, app.clock.now(), None)
        .await
        .unwrap();
    assert_eq!(verified.faults[0], Fault::Forged { position: 5 });
}
