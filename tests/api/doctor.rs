//! `karya doctor` and `karya health`, against a real database.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use karya::config::Sources;
use karya::doctor::{Finding, Outcome, Report, examine};
use serde_json::Value;

use crate::harness::{TestApp, TestDb};

/// A configuration that is fit for production, but for its storage: tests write under `/tmp`.
fn settings(database_url: &str, storage: &Path, mail_port: u16) -> Vec<String> {
    vec![
        format!("database.url={database_url}"),
        format!("storage.url={}", storage.display()),
        format!("mail.port={mail_port}"),
        // As many as processors unless it is set, which can be too many for the cluster.
        "database.read_connections=2".into(),
        "mail.transport=smtp".into(),
        "mail.host=localhost".into(),
        "mail.from_address=halo@contoh.id".into(),
        "secrets.master_key=x3hmS1nJ0yRkWmq8fYQ2bVt7Zc4eLpUa9oGdTiNsE5A=".into(),
        "server.public_url=https://api.contoh.id".into(),
    ]
}

/// A mail relay that takes one visitor, and says what it offers.
fn relay(offers: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut visitor, _) = listener.accept().unwrap();
        visitor.write_all(b"220 relay.test ESMTP\r\n").unwrap();
        let mut said = [0; 200];
        let length = visitor.read(&mut said).unwrap();
        assert!(said[..length].starts_with(b"EHLO "));
        visitor.write_all(offers.as_bytes()).unwrap();
        let _quit = visitor.read(&mut said);
    });
    port
}

const STARTTLS: &str = "250-relay.test\r\n250-STARTTLS\r\n250 8BITMIME\r\n";

async fn look(assignments: Vec<String>) -> Report {
    let sources = Sources {
        assignments,
        ..Sources::default()
    };
    examine(&sources, None).await
}

fn of<'a>(report: &'a Report, check: &str) -> Vec<&'a Finding> {
    let of_check = |finding: &&Finding| finding.check == check;
    report.findings.iter().filter(of_check).collect()
}

#[track_caller]
fn assert_one(report: &Report, check: &str, outcome: Outcome, found: &str) {
    let findings = of(report, check);
    assert!(
        findings
            .iter()
            .any(|finding| finding.outcome == outcome && finding.found.contains(found)),
        "{check}: {findings:?}"
    );
}

#[actix_web::test]
async fn what_is_well_is_called_well() {
    let app = TestApp::new().await;
    let report = look(settings(&app.db.url(), app.files.path(), relay(STARTTLS))).await;
    for check in [
        "master_key",
        "sign_in_providers",
        "database",
        "database.version",
        "clock",
        "connections",
        "migrations",
        "extensions",
        "demo_accounts",
        "queue",
        "storage",
        "mail",
        "messages",
    ] {
        assert_one(&report, check, Outcome::Ok, "");
    }
    // Only that the files are under /tmp.
    let failed: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.outcome == Outcome::Fail && finding.check != "disk")
        .map(|finding| finding.found.as_str())
        .collect();
    assert_eq!(failed, ["storage.url is not a lasting directory"]);
    for finding in &report.findings {
        assert_eq!(
            finding.fix.is_none(),
            finding.outcome == Outcome::Ok,
            "{finding:?}"
        );
    }
    assert_eq!(
        std::fs::read_dir(app.files.path()).unwrap().count(),
        0,
        "it leaves nothing behind"
    );
}

#[actix_web::test]
async fn an_unmigrated_database_is_told_and_left_alone() {
    let db = TestDb::empty().await;
    let files = tempfile::tempdir().unwrap();
    let report = look(settings(&db.url(), files.path(), relay(STARTTLS))).await;
    assert_one(&report, "database", Outcome::Ok, "PostgreSQL");
    assert_one(&report, "extensions", Outcome::Ok, "citext");
    assert_one(&report, "migrations", Outcome::Fail, "never migrated");
    assert_eq!(
        of(&report, "migrations")[0].fix.as_deref(),
        Some("run `karya migrate up`")
    );
    assert_eq!(report.outcome, Outcome::Fail);
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    let count: i64 = db.sql().await.query_one(tables, &[]).await.unwrap().get(0);
    assert_eq!(count, 0);
}

#[actix_web::test]
async fn each_thing_amiss_is_found() {
    let app = TestApp::new().await;
    let sql = app.db.sql().await;
    sql.batch_execute(
        "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)",
    )
    .await
    .unwrap();
    let mut assignments = settings(
        &app.db.url(),
        Path::new("/not/there"),
        relay("250 relay\r\n"),
    );
    assignments.push("secrets.master_key=YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=".into());
    assignments.push("database.max_connections=100000".into());
    assignments.push("social.google.client_id_android=klien".into());
    assignments.push("social.x.client_id=klien".into());
    let report = look(assignments).await;
    assert_one(&report, "migrations", Outcome::Fail, "1 are missing");
    assert_one(&report, "configuration", Outcome::Fail, "repeats one byte");
    assert_one(
        &report,
        "configuration",
        Outcome::Fail,
        "social.x.client_id is set without social.x.redirect_uris",
    );
    assert_one(&report, "sign_in_providers", Outcome::Warn, "client_id_web");
    assert_one(&report, "master_key", Outcome::Warn, "does not look random");
    assert_one(&report, "connections", Outcome::Fail, "of ");
    assert_one(&report, "storage", Outcome::Warn, "is not there");
    assert_one(&report, "mail", Outcome::Fail, "does not offer STARTTLS");

    sql.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('30000101000000'), ('30000101000001')")
        .await
        .unwrap();
    let report = look(settings(&app.db.url(), app.files.path(), 1)).await;
    assert_one(&report, "migrations", Outcome::Fail, "1 are missing");
    assert_one(&report, "mail", Outcome::Fail, "localhost:1");
}

#[actix_web::test]
async fn a_gateway_to_phones_is_whole_or_not_there() {
    let app = TestApp::new().await;
    let with = |more: &[&str]| {
        let mut all = settings(&app.db.url(), app.files.path(), 1);
        all.extend(more.iter().map(|one| (*one).to_owned()));
        look(all)
    };
    let chosen = "messages.gateway=whatsapp";
    let report = with(&[chosen, "messages.whatsapp_phone_number_id=105954558954427"]).await;
    assert_one(
        &report,
        "messages",
        Outcome::Fail,
        "half configured: the token is empty",
    );
    assert_one(
        &report,
        "configuration",
        Outcome::Fail,
        "its settings do not make one",
    );
    let report = with(&["messages.whatsapp_token=EAAJB"]).await;
    assert_one(&report, "messages", Outcome::Warn, "does not choose it");
    let report = with(&["messages.gateway=folder", "messages.countries=[\"62\"]"]).await;
    assert_one(
        &report,
        "configuration",
        Outcome::Fail,
        "messages.gateway is `folder`",
    );
    assert_one(
        &report,
        "configuration",
        Outcome::Fail,
        "does not list starts",
    );
    let whole = [
        chosen,
        "messages.whatsapp_phone_number_id=105954558954427",
        "messages.whatsapp_token=EAAJBrahasia",
        // Nobody is there, whatever machine runs this.
        "messages.whatsapp_api=https://graph.invalid",
    ];
    let report = with(&whole).await;
    assert_one(&report, "messages", Outcome::Fail, "does not resolve");
    assert!(!format!("{report:?}").contains("EAAJBrahasia"));
}

#[actix_web::test]
async fn the_queue_and_delta_sync_are_looked_at() {
    let app = TestApp::new().await;
    let mut conn = app.parts.db.conn().await.unwrap();
    let job = karya_auth::jobs::SendVerification {
        user_id: karya_core::UserId::fresh(),
    };
    for _ in 0..2 {
        karya_jobs::enqueue(&mut conn, &job).await.unwrap();
    }
    let sql = app.db.sql().await;
    sql.batch_execute(
        "UPDATE graphile_worker._private_jobs SET run_at = now() - interval '1 hour'; \
         UPDATE graphile_worker._private_jobs SET attempts = max_attempts \
         WHERE id = (SELECT min(id) FROM graphile_worker._private_jobs)",
    )
    .await
    .unwrap();
    let stats = karya_jobs::stats(&conn).await.unwrap();
    assert_eq!((stats.ready, stats.dead), (1, 1));
    assert!(
        (3600..3660).contains(&stats.oldest_ready_seconds),
        "{stats:?}"
    );
    let report = look(settings(&app.db.url(), app.files.path(), 1)).await;
    assert_one(&report, "queue", Outcome::Fail, "the oldest for 36");
    assert_one(&report, "queue", Outcome::Warn, "1 jobs are dead");
}

#[actix_web::test]
async fn delta_sync_is_behind_as_long_as_somebody_writes() {
    let app = TestApp::new().await;
    let conn = app.parts.db.conn().await.unwrap();
    let writer = app.db.sql().await;
    writer
        .batch_execute("BEGIN; SELECT pg_current_xact_id()")
        .await
        .unwrap();
    writer.batch_execute("SELECT pg_sleep(1.2)").await.unwrap();
    let behind = karya_db::sync::watermark_lag(&conn).await.unwrap();
    assert!((1.2..600.0).contains(&behind), "{behind}");
    // Other tests write to the same cluster: their transactions are short, and count too.
    writer.batch_execute("COMMIT").await.unwrap();
    for _ in 0..1200 {
        if karya_db::sync::watermark_lag(&conn).await.unwrap() < 1.0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nobody writes, and the lag stays");
}

fn run(arguments: &[&str], assignments: &[String]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_karya-under-test"));
    command.args(arguments).current_dir(std::env::temp_dir());
    for assignment in assignments {
        command.arg("--set").arg(assignment);
    }
    command.output().unwrap()
}

#[actix_web::test]
async fn the_exit_code_tells_what_fails() {
    let files = tempfile::tempdir().unwrap();
    let nobody = "postgres://karya:rahasia@127.0.0.1:1/karya";
    let output = run(
        &["doctor", "--json"],
        &settings(nobody, files.path(), relay(STARTTLS)),
    );
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["outcome"], "fail");
    let findings = report["findings"].as_array().unwrap();
    let database = findings
        .iter()
        .find(|finding| finding["check"] == "database")
        .unwrap();
    assert_eq!(database["outcome"], "fail");
    let found = database["found"].as_str().unwrap();
    assert!(
        found.contains("127.0.0.1:1/karya") && found.contains("refused"),
        "{found}"
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("rahasia"), "{text}");

    let text = run(&["doctor"], &settings(nobody, files.path(), 1)).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains("fail  database") && text.contains("      fix: "),
        "{text}"
    );
    let broken = run(&["doctor"], &["server.bnid=1".into()]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&broken.stdout).contains("bnid"));
}

#[actix_web::test]
async fn health_asks_the_running_server() {
    let app = TestApp::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = [format!(
        "server.bind=0.0.0.0:{}",
        listener.local_addr().unwrap().port()
    )];
    app.listen(listener);
    let ask = async |arguments: &'static [&'static str]| {
        let bind = bind.clone();
        tokio::task::spawn_blocking(move || run(arguments, &bind).status.code())
            .await
            .unwrap()
    };
    assert_eq!(ask(&["health"]).await, Some(0));
    assert_eq!(ask(&["health", "--live"]).await, Some(0));
    let sql = app.db.sql().await;
    sql.batch_execute("DELETE FROM __diesel_schema_migrations")
        .await
        .unwrap();
    assert_eq!(ask(&["health"]).await, Some(1));
    assert_eq!(ask(&["health", "--live"]).await, Some(0));
    let nobody = ["worker.metrics_bind=127.0.0.1:1".to_owned()];
    assert_eq!(run(&["health", "--worker"], &nobody).status.code(), Some(1));
}
