//! The security events: what is recorded, who sees it, and that nobody changes it unnoticed.

use std::process::Command;

use actix_web::http::Method;
use diesel_async::AsyncConnection;
use futures_util::future::join_all;
use karya_auth::audit::chain::{self, Fault, Head, Verified};
use karya_auth::audit::{self, Event, EventKind};
use karya_core::{Role, UserId};
use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, TestApp};

const PATH: &str = "/v1/me/security-events";

async fn events(client: &Client<'_>) -> Vec<Value> {
    let page = client.get(&format!("{PATH}?limit=100")).await.ok(200);
    page["items"].as_array().unwrap().clone()
}

/// Kinds with their reasons, the newest first.
async fn kinds(client: &Client<'_>) -> Vec<String> {
    let kind = |event: &Value| {
        let kind = event["kind"].as_str().unwrap();
        let reason = event["reason"].as_str();
        reason.map_or_else(|| kind.to_owned(), |reason| format!("{kind} {reason}"))
    };
    events(client).await.iter().map(kind).collect()
}

async fn login(app: &TestApp, email: &str, password: &str) -> crate::harness::Reply {
    let body = json!({ "email": email, "password": password, "device_name": "Redmi" });
    app.anon().post("/v1/auth/login", body).await
}

#[actix_web::test]
async fn people_see_what_happened_to_their_account_and_nobody_elses() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let budi = app.user("budi").await;
    login(&app, "sari@contoh.id", "salah-salah-salah")
        .await
        .refused(401, "auth.invalid_credentials");
    let tokens = login(&app, "sari@contoh.id", PASSWORD).await.ok(200);
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    let (phone, refresh) = (tokens["access_token"].as_str().unwrap(), "/v1/auth/refresh");
    app.anon().post(refresh, body.clone()).await.ok(200);
    app.clock.advance(chrono::Duration::seconds(31));
    app.anon()
        .post(refresh, body)
        .await
        .refused(401, "auth.refresh_reused");
    let change = json!({ "current_password": PASSWORD, "new_password": "perahu-kuning-di-teluk" });
    sari.post("/v1/me/password", change).await.ok(200);
    sari.delete(&format!(
        "/v1/me/sessions/{}",
        tokens["session_id"].as_str().unwrap()
    ))
    .await
    .ok(204);
    assert_eq!(
        kinds(&sari).await,
        [
            "password_changed",
            "refresh_reused",
            "signed_in password",
            "sign_in_refused credentials",
            "signed_in password",
            "registered operator",
        ],
        "what was over is not ended again"
    );
    assert_eq!(
        kinds(&budi).await,
        ["signed_in password", "registered operator"]
    );
    app.anon()
        .with_token(phone)
        .get(PATH)
        .await
        .refused(401, "auth.unauthenticated");
    let first = events(&sari).await[2].clone();
    insta::assert_json_snapshot!(first, { ".id" => "[id]", ".session_id" => "[id]" }, @r#"
    {
      "at": "2026-06-01T05:00:00.000Z",
      "by_staff": false,
      "device_name": "Redmi",
      "id": "[id]",
      "ip_prefix": "203.0.113.0/24",
      "kind": "signed_in",
      "reason": "password",
      "session_id": "[id]"
    }
    "#);
    let page = sari.get(&format!("{PATH}?limit=4")).await.ok(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = format!("{PATH}?limit=4&cursor={cursor}");
    let rest = sari.get(&next).await.ok(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
    assert!(rest["next_cursor"].is_null());
    budi.get(&next).await.refused(400, "cursor.mismatch");
    sari.post("/v1/auth/logout", json!({})).await.ok(204);
    let again = login(&app, "sari@contoh.id", "perahu-kuning-di-teluk").await;
    let again = again.ok(200)["access_token"].as_str().unwrap().to_owned();
    let told = kinds(&app.anon().with_token(&again)).await;
    assert_eq!(told[..2], ["signed_in password", "session_ended logout"]);
}

#[actix_web::test]
async fn an_address_without_an_account_makes_the_same_work() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let wrong = async |email: &str| login(&app, email, "salah-salah-salah").await.statements();
    // Each connection has to learn the types first.
    for _ in 0..4 {
        wrong("lain@contoh.id").await;
    }
    assert_eq!(
        wrong("sari@contoh.id").await,
        wrong("siapa@contoh.id").await
    );
    let sql = app.db.sql().await;
    let rows = sql
        .query(
            "SELECT user_id IS NULL, request_id IS NULL, auth_events::text FROM auth_events WHERE kind = 'sign_in_refused'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(rows.iter().filter(|row| row.get(0)).count(), 5);
    for row in &rows {
        assert!(!row.get::<_, bool>(1));
        let text: String = row.get(2);
        assert!(!text.contains("contoh.id") && !text.contains("203.0.113.7"));
    }
}

#[actix_web::test]
async fn there_is_no_event_without_its_effect_and_no_effect_without_its_event() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let mut conn = app.parts.db.conn().await.unwrap();
    let now = app.clock.now();
    let user = UserId::fresh();
    let outcome: Result<(), diesel::result::Error> = conn
        .transaction(async |conn| {
            audit::record(conn, now, Event::of(EventKind::FactorAdded, user)).await?;
            Err(diesel::result::Error::RollbackTransaction)
        })
        .await;
    assert!(outcome.is_err());
    let sql = app.db.sql().await;
    let count = "SELECT count(*) FROM auth_events WHERE user_id = $1";
    let count: i64 = sql
        .query_one(count, &[&user.as_uuid()])
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 0);
    sql.batch_execute("ALTER TABLE auth_events ADD CHECK (kind <> 'signed_in') NOT VALID")
        .await
        .unwrap();
    assert_eq!(
        login(&app, "sari@contoh.id", PASSWORD)
            .await
            .status
            .as_u16(),
        500
    );
    let open: i64 = sql
        .query_one("SELECT count(*) FROM sessions", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(open, 1);
}

#[actix_web::test]
async fn whoever_changes_a_role_or_a_state_it_is_recorded() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let rina = app.staff("rina", Role::Admin).await;
    assert_eq!(kinds(&rina).await[1], "role_granted admin");
    let (sari_id, rina_id) = (id(&sari).await, id(&rina).await);
    let mut conn = app.parts.db.conn().await.unwrap();
    let now = app.clock.now();
    karya_db::roles::grant(&mut conn, now, sari_id, Role::Mentor, Some(rina_id))
        .await
        .unwrap();
    let granted = events(&sari).await[0].clone();
    assert_eq!(
        (&granted["kind"], &granted["reason"], &granted["by_staff"]),
        (&json!("role_granted"), &json!("mentor"), &json!(true))
    );
    let sql = app.db.sql().await;
    sql.batch_execute(
        "UPDATE users SET state = 'locked', lock_reason = 'abuse' WHERE display_name = 'sari';
         DELETE FROM user_roles WHERE role = 'mentor';
         UPDATE users SET state = 'active', locale = 'en' WHERE display_name = 'sari'",
    )
    .await
    .unwrap();
    let expected = [
        "account_active",
        "role_revoked mentor",
        "account_locked abuse",
    ];
    assert_eq!(kinds(&sari).await[..3], expected);
}

async fn id(client: &Client<'_>) -> UserId {
    let me = client.get("/v1/me").await.ok(200);
    UserId::from_uuid(me["id"].as_str().unwrap().parse().unwrap())
}

async fn seal(app: &TestApp) -> usize {
    let mut conn = app.parts.db.conn().await.unwrap();
    chain::seal(&mut conn, &app.parts.master_key).await.unwrap()
}

async fn verify(app: &TestApp, noted: Option<&Head>) -> Verified {
    let conn = app.parts.db.conn().await.unwrap();
    let now = app.clock.now();
    chain::verify(&conn, &app.parts.master_key, now, noted)
        .await
        .unwrap()
}

/// Some sealed events.
async fn with_events(count: usize) -> TestApp {
    let app = TestApp::new().await;
    let mut conn = app.parts.db.conn().await.unwrap();
    for _ in 0..count {
        let event = Event::of(EventKind::SignedIn, UserId::fresh());
        audit::record(&mut conn, app.clock.now(), event)
            .await
            .unwrap();
    }
    assert_eq!(seal(&app).await, count);
    assert_eq!(seal(&app).await, 0);
    app
}

/// What somebody does who may do everything in the database, but does not have the master key.
async fn tamper(app: &TestApp, statements: &str) {
    let sql = app.db.sql().await;
    let all = format!("SET session_replication_role = replica; {statements}");
    sql.batch_execute(&all).await.unwrap();
}

fn said(verified: &Verified) -> Vec<String> {
    let words = |fault: &Fault| match fault {
        Fault::Changed { position, .. } => format!("changed {position}"),
        Fault::EventRemoved { position, .. } => format!("event removed {position}"),
        Fault::SealsRemoved { position } => format!("seals removed before {position}"),
        Fault::Outside { .. } => "outside".to_owned(),
        Fault::Waiting { events } => format!("waiting {events}"),
        Fault::Forged { position } => format!("forged {position}"),
        Fault::NotTheHead { .. } => "not the head".to_owned(),
    };
    verified.faults.iter().map(words).collect()
}

#[actix_web::test]
async fn the_database_refuses_to_change_events() {
    let app = with_events(2).await;
    let sql = app.db.sql().await;
    for statement in [
        "UPDATE auth_events SET reason = 'x'",
        "DELETE FROM auth_events",
        "TRUNCATE auth_events CASCADE",
        "UPDATE auth_event_seals SET position = position + 10",
        "DELETE FROM auth_event_seals",
        "TRUNCATE auth_event_seals",
    ] {
        let error = sql.batch_execute(statement).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        assert!(error.message().contains("append-only"), "{error}");
    }
    assert!(verify(&app, None).await.faults.is_empty());
}

#[actix_web::test]
async fn a_changed_event_is_found() {
    for change in [
        "UPDATE auth_events SET kind = 'registered' WHERE id = (SELECT event_id FROM auth_event_seals WHERE position = 3)",
        "UPDATE auth_events SET at = at + interval '1 microsecond' WHERE id = (SELECT event_id FROM auth_event_seals WHERE position = 3)",
        "UPDATE auth_events SET user_id = NULL, session_id = user_id WHERE id = (SELECT event_id FROM auth_event_seals WHERE position = 3)",
        "UPDATE auth_events SET reason = 'x' WHERE id = (SELECT event_id FROM auth_event_seals WHERE position = 3)",
        "UPDATE auth_events SET ip_prefix = '10.0.0.0/24' WHERE id = (SELECT event_id FROM auth_event_seals WHERE position = 3)",
    ] {
        let app = with_events(5).await;
        tamper(&app, change).await;
        assert_eq!(said(&verify(&app, None).await), ["changed 3"], "{change}");
    }
}

#[actix_web::test]
async fn a_removed_event_is_found_with_its_seal_or_without() {
    let app = with_events(5).await;
    let head = verify(&app, None).await.head.unwrap();
    let of = |position: i64| {
        format!("id = (SELECT event_id FROM auth_event_seals WHERE position = {position})")
    };
    tamper(&app, &format!("DELETE FROM auth_events WHERE {}", of(2))).await;
    assert_eq!(said(&verify(&app, None).await), ["event removed 2"]);
    tamper(&app, "DELETE FROM auth_event_seals WHERE position = 2").await;
    assert_eq!(
        said(&verify(&app, None).await),
        ["seals removed before 3", "changed 3"]
    );
    let app = with_events(5).await;
    // As if there had never been one: the rest moves up.
    tamper(
        &app,
        &format!(
            "DELETE FROM auth_events WHERE {}; DELETE FROM auth_event_seals WHERE position = 2;
             UPDATE auth_event_seals SET position = -position WHERE position > 2;
             UPDATE auth_event_seals SET position = -position - 1 WHERE position < 0",
            of(2)
        )
        .replace("UPDATE auth_event_seals SET position = -position WHERE", "ALTER TABLE auth_event_seals DROP CONSTRAINT auth_event_seals_position_check; UPDATE auth_event_seals SET position = -position WHERE"),
    )
    .await;
    assert_eq!(
        said(&verify(&app, None).await),
        ["changed 2", "changed 3", "changed 4"]
    );
    // The end is missing: only who noted the head can tell.
    let app = with_events(5).await;
    let noted = verify(&app, None).await.head.unwrap();
    assert_eq!(noted.position, 5);
    assert!(verify(&app, Some(&noted)).await.faults.is_empty());
    assert_eq!(said(&verify(&app, Some(&head)).await), ["not the head"]);
    tamper(
        &app,
        &format!(
            "DELETE FROM auth_events WHERE {}; DELETE FROM auth_event_seals WHERE position = 5",
            of(5)
        ),
    )
    .await;
    assert!(verify(&app, None).await.faults.is_empty());
    assert_eq!(said(&verify(&app, Some(&noted)).await), ["not the head"]);
}

#[actix_web::test]
async fn events_that_are_swapped_or_put_in_are_found() {
    let app = with_events(5).await;
    tamper(
        &app,
        "CREATE TEMP TABLE was AS SELECT * FROM auth_event_seals;
         ALTER TABLE auth_event_seals DROP CONSTRAINT auth_event_seals_event_id_key;
         UPDATE auth_event_seals s SET event_id = w.event_id FROM was w
         WHERE (s.position, w.position) IN ((2, 4), (4, 2))",
    )
    .await;
    assert_eq!(said(&verify(&app, None).await), ["changed 2", "changed 4"]);
    let app = with_events(5).await;
    tamper(
        &app,
        "INSERT INTO auth_events (id, at, kind) VALUES (gen_random_uuid(), now(), 'signed_in')",
    )
    .await;
    assert_eq!(said(&verify(&app, None).await), ["outside"]);
    // A seal that somebody made without the key.
    tamper(
        &app,
        "INSERT INTO auth_event_seals SELECT 6, id, sha256('x') FROM auth_events
         WHERE id NOT IN (SELECT event_id FROM auth_event_seals)",
    )
    .await;
    assert_eq!(said(&verify(&app, None).await), ["changed 6"]);
}

#[actix_web::test]
async fn events_that_nobody_seals_are_told() {
    let app = with_events(1).await;
    app.user("sari").await;
    let fresh = verify(&app, None).await;
    assert_eq!((fresh.waiting, said(&fresh)), (2, vec![]));
    app.clock.advance(chrono::Duration::minutes(61));
    assert_eq!(said(&verify(&app, None).await), ["waiting 2"]);
    seal(&app).await;
    assert!(verify(&app, None).await.faults.is_empty());
}

#[actix_web::test]
async fn many_who_record_and_many_who_seal_make_one_chain() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let logins = join_all((0..30).map(async |n: usize| {
        let password = if n.is_multiple_of(3) {
            "salah-salah"
        } else {
            PASSWORD
        };
        login(&app, "sari@contoh.id", password)
            .await
            .status
            .as_u16()
    }));
    let sealers = join_all((0..8).map(async |_| {
        let mut sealed = 0;
        for _ in 0..5 {
            sealed += seal(&app).await;
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        sealed
    }));
    let (_, sealed) = tokio::join!(logins, sealers);
    let sealed: usize = sealed.iter().sum::<usize>() + seal(&app).await;
    let verified = verify(&app, None).await;
    assert_eq!((said(&verified), verified.waiting), (vec![], 0));
    let head = verified.head.unwrap();
    assert_eq!(usize::try_from(head.position).unwrap(), sealed);
    let sql = app.db.sql().await;
    let events: i64 = sql
        .query_one("SELECT count(*) FROM auth_events", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(events, head.position);
}

#[actix_web::test]
async fn the_command_tells_by_its_exit_code() {
    let app = with_events(3).await;
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_karya-under-test"))
            .args(["audit", "verify"])
            .args(arguments)
            .arg("--set")
            .arg(format!("database.url={}", app.db.url()))
            .arg("--set")
            .arg("secrets.master_key=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), said)
    };
    let (code, said) = run(&[]);
    assert_eq!(code, Some(0), "{said}");
    let head = said
        .lines()
        .find_map(|line| line.strip_prefix("head"))
        .unwrap();
    assert_eq!(run(&["--head", head.trim()]).0, Some(0));
    assert_eq!(run(&["--head", "x"]).0, Some(1));
    tamper(&app, "UPDATE auth_events SET reason = 'x' WHERE id = (SELECT event_id FROM auth_event_seals WHERE position = 2)").await;
    let (code, said) = run(&[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("changed   seal 2"), "{said}");
}

#[actix_web::test]
async fn only_reading_is_possible() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    for method in [Method::POST, Method::PATCH, Method::DELETE, Method::PUT] {
        sari.send(method, PATH, None, Vec::new())
            .await
            .refused(405, "request.method_not_allowed");
    }
}
