//! The copy of everything that is stored on a person.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use futures_util::future::join_all;
use karya::rights::BuildExport;
use karya::rights::tables::{TABLES, Treatment};
use karya_jobs::enqueue;
use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, TestApp};
use crate::mentoring::{Mentor, book};

const PATH: &str = "/v1/me/data-exports";

async fn asked(client: &Client<'_>) -> String {
    let export = client.post(PATH, json!({})).await.ok(202);
    export["id"].as_str().unwrap().to_owned()
}

async fn downloaded(client: &Client<'_>, id: &str) -> Value {
    client.get(&format!("{PATH}/{id}/content")).await.ok(200)
}

/// Columns that hold the id of an account: those with a foreign key to `users`, or to such a column.
async fn columns_of_people(app: &TestApp) -> BTreeMap<String, BTreeSet<String>> {
    let query = "WITH RECURSIVE people(class, attribute) AS (
            SELECT 'users'::regclass::oid, attnum FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'id'
        UNION SELECT c.conrelid, c.conkey[place] FROM people
            JOIN pg_constraint c ON c.contype = 'f' AND c.confrelid = class
            CROSS JOIN LATERAL generate_subscripts(c.conkey, 1) AS place
            WHERE c.confkey[place] = attribute)
        SELECT class::regclass::text, attname::text FROM people JOIN pg_attribute ON attrelid = class AND attnum = attribute";
    let mut columns: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in app.db.sql().await.query(query, &[]).await.unwrap() {
        columns.entry(row.get(0)).or_default().insert(row.get(1));
    }
    columns
}

#[actix_web::test]
async fn every_table_is_exported_or_left_out_for_a_reason() {
    let app = TestApp::new().await;
    let sql = app.db.sql().await;
    let query = "SELECT c.relname::text, array_agg(a.attname::text) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
          AND c.relname <> '__diesel_schema_migrations' GROUP BY 1";
    let tables: BTreeMap<String, Vec<String>> = sql
        .query(query, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let listed: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
    let known: Vec<&str> = tables.keys().map(String::as_str).collect();
    assert_eq!(
        listed, known,
        "decide in rights/tables.rs what people get to see of a new table"
    );
    let people = columns_of_people(&app).await;
    let mut faults = Vec::new();
    for (name, treatment) in TABLES {
        match treatment {
            Treatment::Exempt(reason) => assert!(reason.len() > 10, "{name}"),
            Treatment::Export(rows) => {
                for column in people.get(*name).into_iter().flatten() {
                    let used = rows.filter.contains(&format!("t.{column} = $1"));
                    if !used && !rows.others.contains(&column.as_str()) {
                        faults.push(format!("{name}.{column} names an account"));
                    }
                }
                for column in rows.hide.iter().chain(rows.others) {
                    if !tables[*name].iter().any(|known| known == column) {
                        faults.push(format!("{name} has no {column}"));
                    }
                }
                for column in &tables[*name] {
                    let secret = ["_hash", "_sealed"].iter().any(|end| column.ends_with(end));
                    if (secret || column == "phc") && !rows.hide.contains(&column.as_str()) {
                        faults.push(format!("{name}.{column} is a secret"));
                    }
                }
            }
        }
    }
    assert_eq!(faults, [] as [String; 0]);
}

#[actix_web::test]
async fn it_holds_what_is_ones_own_and_nothing_of_others() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let budi = app.user("budi").await;
    let blocked = budi.get("/v1/me").await.ok(200)["id"].clone();
    let consent = json!({ "document": "marketing", "version": "2026-06-01" });
    sari.post("/v1/me/consents", consent).await.ok(200);
    let id = asked(&sari).await;
    app.run_jobs().await;
    // The mail is a job of the job's.
    app.run_jobs().await;
    let export = downloaded(&sari, &id).await;
    let tables = &export["tables"];
    assert_eq!(export["format"], "karya-export-1");
    assert_eq!(tables["users"][0]["display_name"], "sari");
    assert_eq!(tables["emails"][0]["address"], "sari@contoh.id");
    assert_eq!(tables["sessions"][0]["ip_prefix"], "203.0.113.0/24");
    assert_eq!(tables["consents"][0]["document"], "marketing");
    assert!(tables["auth_events"].as_array().unwrap().len() >= 3);
    assert!(tables["passwords"][0]["changed_at"].is_string());
    assert!(export["left_out"]["refresh_tokens"].is_string());
    let text = export.to_string();
    assert!(!text.contains("budi@contoh.id") && !text.contains(blocked.as_str().unwrap()));
    assert!(!text.contains("argon2id") && !text.contains("token_hash"));

    let mail = app.mails_to("sari@contoh.id").pop().unwrap();
    assert_eq!(mail.subject, "Salinan data Anda siap");
    let events = sari.get("/v1/me/security-events?limit=2").await.ok(200);
    let kinds: Vec<&Value> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["kind"])
        .collect();
    assert_eq!(kinds, ["export_downloaded", "export_asked"]);
    for path in [format!("{PATH}/{id}"), format!("{PATH}/{id}/content")] {
        budi.get(&path).await.refused(404, "request.not_found");
        app.anon()
            .get(&path)
            .await
            .refused(401, "auth.unauthenticated");
    }
    assert_eq!(budi.get(PATH).await.ok(200)["items"], json!([]));
    // In the storage nobody can read it.
    let object: String = app
        .db
        .sql()
        .await
        .query_one("SELECT object_key FROM data_exports", &[])
        .await
        .unwrap()
        .get(0);
    let stored = std::fs::read(app.files.path().join(&object)).unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("sari@contoh.id"));
}

/// Everything in the database that holds a text, with the table it stands in.
async fn tables_with(app: &TestApp, text: &str) -> BTreeSet<String> {
    let sql = app.db.sql().await;
    let mut found = BTreeSet::new();
    for (name, _) in TABLES {
        let query = format!(
            "SELECT count(*) FROM {name} AS t WHERE to_jsonb(t)::text ILIKE '%' || $1 || '%'"
        );
        let count: i64 = sql.query_one(&query, &[&text]).await.unwrap().get(0);
        if count > 0 {
            found.insert((*name).to_owned());
        }
    }
    found
}

#[actix_web::test]
async fn wherever_an_address_or_a_name_is_stored_it_is_exported() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let name = sari.clone().with("if-match", "\"1\"");
    let name = name.patch("/v1/me", json!({ "display_name": "Wulandari Unik" }));
    name.await.ok(200);
    let change = json!({ "current_password": PASSWORD, "new_email": "unik.sekali@contoh.id" });
    sari.post("/v1/me/email-change", change).await.ok(202);
    let id = asked(&sari).await;
    app.run_jobs().await;
    let export = downloaded(&sari, &id).await;
    for text in ["sari@contoh.id", "unik.sekali@contoh.id", "Wulandari Unik"] {
        let stored = tables_with(&app, text).await;
        assert!(!stored.is_empty(), "{text}");
        for table in stored {
            let rows = export["tables"][&table].to_string();
            assert!(rows.contains(text), "{table} holds {text}");
        }
    }
}

#[actix_web::test]
async fn identity_numbers_are_told_to_whoever_gave_them() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let budi = app.user("budi").await;
    let body = crate::businesses::workshop();
    sari.post("/v1/businesses", body).await.ok(201);
    let mut exports = Vec::new();
    for client in [&sari, &budi] {
        let id = asked(client).await;
        app.run_jobs().await;
        exports.push(downloaded(client, &id).await);
    }
    let numbers = &exports[0]["identity_numbers"][0];
    assert_eq!(
        (&numbers["npwp"], &numbers["nik"]),
        (&json!("0013121660091000"), &json!("3375016902000001"))
    );
    let business = &exports[0]["tables"]["businesses"][0];
    assert_eq!(business["name"], "Batik Pesisir Ibu Sari");
    assert_eq!(exports[1]["identity_numbers"], json!([]));
    assert_eq!(exports[1]["tables"]["businesses"], json!([]));
}

#[actix_web::test]
async fn both_sides_of_a_session_get_what_is_theirs() {
    let app = TestApp::new().await;
    let made = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let booking = book(&sari, made.booking("2026-06-02T10:00:00+07:00")).await;
    let booking = booking.ok(201);
    let path = format!("/v1/bookings/{}/notes", booking["id"].as_str().unwrap());
    for (visibility, text) in [
        ("private", "catatan-rahasia"),
        ("shared", "catatan-bersama"),
    ] {
        let note = json!({ "visibility": visibility, "body": text });
        made.client.post(&path, note).await.ok(201);
    }
    let mut texts = Vec::new();
    for client in [&sari, &made.client] {
        let id = asked(client).await;
        app.run_jobs().await;
        let export = downloaded(client, &id).await;
        assert_eq!(export["tables"]["bookings"][0]["code"], booking["code"]);
        texts.push(export.to_string());
    }
    assert!(texts[0].contains("catatan-bersama") && !texts[0].contains("catatan-rahasia"));
    assert!(texts[1].contains("catatan-bersama") && texts[1].contains("catatan-rahasia"));
    assert!(!texts[0].contains("made@contoh.id") && !texts[1].contains("sari@contoh.id"));
}

#[actix_web::test]
async fn one_at_a_time_three_a_day_and_gone_after_a_week() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let sari = app.sign_in("sari").await;
    let race = join_all((0..10).map(|_| sari.post(PATH, json!({})))).await;
    let won: Vec<_> = race.iter().filter(|reply| reply.status == 202).collect();
    assert_eq!(won.len(), 1);
    let export = won[0].json();
    assert_eq!(export["state"], "preparing");
    assert_eq!(export["due_at"], "2026-06-04T05:00:00.000Z");
    let first = export["id"].as_str().unwrap().to_owned();
    for reply in race.iter().filter(|reply| reply.status != 202) {
        reply.refused(409, "privacy.export_in_progress");
    }
    let content = format!("{PATH}/{first}/content");
    sari.get(&content)
        .await
        .refused(409, "privacy.export_not_ready");
    app.run_jobs().await;
    let shown = sari.get(&format!("{PATH}/{first}")).await.ok(200);
    assert_eq!(
        (&shown["state"], &shown["expires_at"]),
        (&json!("ready"), &json!("2026-06-08T05:00:00.000Z"))
    );
    for _ in 0..2 {
        asked(&sari).await;
        app.run_jobs().await;
    }
    let refused = sari.post(PATH, json!({})).await;
    refused.refused(429, "privacy.too_many_exports");
    assert!(refused.header("retry-after").is_some());
    app.clock.advance(Duration::days(1));
    let sari = app.sign_in("sari").await;
    asked(&sari).await;
    app.run_jobs().await;
    app.clock.advance(Duration::days(6));
    let sari = app.sign_in("sari").await;
    sari.get(&content).await.refused(404, "request.not_found");
    let left = sari.get(PATH).await.ok(200);
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    let mut conn = app.parts.db.conn().await.unwrap();
    let now = app.clock.now();
    karya::work::sweep(&mut conn, &app.parts.storage, now)
        .await
        .unwrap();
    let sql = app.db.sql().await;
    let rows: i64 = sql
        .query_one("SELECT count(*) FROM stored_objects", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(rows, 1);
    let files = walk(app.files.path());
    assert_eq!(files, 1, "the files are gone too");
}

fn walk(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { walk(&path) } else { 1 })
        .sum()
}

#[actix_web::test]
async fn a_job_that_runs_twice_makes_one_copy_and_one_that_does_not_run_is_told() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let id = asked(&sari).await;
    let overdue = async || {
        let mut conn = app.parts.db.conn().await.unwrap();
        let now = app.clock.now();
        karya::rights::sweep(&mut conn, now).await.unwrap()
    };
    assert_eq!(overdue().await, 0);
    app.clock
        .advance(Duration::hours(72) + Duration::seconds(1));
    assert_eq!(overdue().await, 1);
    let mut conn = app.parts.db.conn().await.unwrap();
    for _ in 0..3 {
        let job = BuildExport {
            export_id: id.parse().unwrap(),
        };
        enqueue(&mut conn, &job).await.unwrap();
    }
    app.run_jobs().await;
    app.run_jobs().await;
    assert_eq!(overdue().await, 0);
    assert_eq!(app.mails_to("sari@contoh.id").len(), 1);
    let sql = app.db.sql().await;
    let kept: i64 = sql
        .query_one(
            "SELECT count(*) FROM stored_objects WHERE remove_at IS NULL",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(kept, 1);
}
