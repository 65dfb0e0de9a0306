//! At the end of the story its people go, and nothing is left of them.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::Duration;
use karya::rights::erasures::{ERASURES, Step};
use serde_json::json;
use tokio_postgres::Client as Sql;

use super::{Look, Story};
use crate::deletion::settle;
use crate::erasure::{Column, suspicious};
use crate::harness::TestApp;

/// What is written of whoever goes, wherever something can be.
const MARKER: &str = "zqpenandax";

/// Columns into which nobody can write anything, as the program makes what is in them, or of which the story leaves no
/// row. The list may only shrink.
const UNPLANTED: &[&str] = &["booking_documents.digest", "passwords.phc"];

/// A value of this kind that holds the marker; of several, the first that the constraints let in.
fn values(kind: &str) -> Vec<String> {
    match kind {
        "jsonb" | "json" => vec![
            format!(r#"'["{MARKER}"]'"#),
            format!(r#"'{{"x": "{MARKER}"}}'"#),
        ],
        "_text" => vec![format!("ARRAY['{MARKER}']")],
        "text" | "citext" | "varchar" => vec![
            format!("'Catatan {MARKER} panjang'"),
            format!("'https://{MARKER}.test/'"),
            format!("'{MARKER}@contoh.id'"),
            format!("'{MARKER}'"),
        ],
        // Ids, hashes and seals hold no words.
        _ => Vec::new(),
    }
}

/// Writes the marker into a column of these rows; says whether any took it.
async fn plant(sql: &Sql, table: &str, column: &Column, rows: &str) -> bool {
    for value in values(&column.kind) {
        let statement = format!(
            "UPDATE {table} AS t SET {} = {value} WHERE ({rows})",
            column.name
        );
        if sql
            .execute(&statement, &[])
            .await
            .is_ok_and(|rows| rows > 0)
        {
            return true;
        }
    }
    false
}

/// Where a text is found, by table and column, in every schema of the database.
async fn found(sql: &Sql, text: &str) -> BTreeSet<String> {
    let query = "SELECT table_schema::text, table_name::text, column_name::text FROM information_schema.columns
        JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'";
    let mut all = BTreeSet::new();
    for row in sql.query(query, &[]).await.unwrap() {
        let (schema, table, column): (String, String, String) =
            (row.get(0), row.get(1), row.get(2));
        let query = format!(
            "SELECT count(*) FROM \"{schema}\".\"{table}\" AS t WHERE CASE WHEN pg_typeof(t.\"{column}\") = 'bytea'::regtype
                THEN position(convert_to($1, 'UTF8') IN t.\"{column}\"::text::bytea) > 0 END
             OR t.\"{column}\"::text ILIKE '%' || $1 || '%'"
        );
        let hits: i64 = sql
            .query_one(&query, &[&text])
            .await
            .map_or(0, |row| row.get(0));
        if hits > 0 {
            all.insert(format!("{table}.{column}"));
        }
    }
    // Bytes are compared as such: their text is hexadecimal.
    let query = "SELECT table_name::text, column_name::text FROM information_schema.columns
        WHERE table_schema = 'public' AND udt_name = 'bytea'";
    for row in sql.query(query, &[]).await.unwrap() {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        let query = format!(
            "SELECT count(*) FROM {table} WHERE position(convert_to($1, 'UTF8') IN {column}) > 0"
        );
        let hits: i64 = sql.query_one(&query, &[&text]).await.unwrap().get(0);
        if hits > 0 {
            all.insert(format!("{table}.{column}"));
        }
    }
    all
}

/// Files below a folder that hold a text.
fn files_with(folder: &Path, text: &str) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => files_with(&entry.path(), text),
            false => {
                let bytes = std::fs::read(entry.path()).unwrap();
                usize::from(
                    bytes
                        .windows(text.len())
                        .any(|part| part == text.as_bytes()),
                )
            }
        })
        .sum()
}

#[actix_web::test]
async fn nothing_is_left_of_whoever_is_erased() {
    let app = TestApp::new().await;
    let story = Story::tell(&app, Look::Nothing).await;
    let people = [
        ("owner", "sari"),
        ("mentor", "made"),
        ("Wayan", "Wayan"),
        ("Joko", "Joko"),
    ];
    let sql = app.db.sql().await;
    for name in ["Wayan", "Joko"] {
        // Their passwords changed in the story; a session that is there does.
        let _ = name;
    }
    let mut gone = Vec::new();
    for who in ["owner", "mentor"] {
        let client = story.who(who).await;
        let me = client.get("/v1/me").await.ok(200);
        gone.push((client, me));
    }
    let _ = people;
    // Files of theirs, and what waits for the worker.
    for (client, me) in &gone {
        client.post("/v1/me/data-exports", json!({})).await;
        let reset = json!({ "email": me["email"] });
        app.anon()
            .post("/v1/auth/password-reset", reset)
            .await
            .ok(202);
    }
    app.run_jobs().await;
    app.run_jobs().await;
    let suspicious = suspicious(&app).await;
    let mut planted = BTreeSet::new();
    let mut wanted = BTreeSet::new();
    for (_, me) in &gone {
        let id = format!("'{}'::uuid", me["id"].as_str().unwrap());
        for (table, erasure) in ERASURES {
            let Some(columns) = suspicious.get(*table) else {
                continue;
            };
            for step in erasure.steps {
                let (rows, only) = match step {
                    Step::Delete(rows) => (rows, None),
                    Step::Set(rows, values) => (rows, Some(values)),
                };
                let rows = rows.replace("$1", &id);
                for column in columns {
                    let is_meant =
                        only.is_none_or(|all| all.iter().any(|(name, _)| *name == column.name));
                    if !is_meant || values(&column.kind).is_empty() {
                        continue;
                    }
                    // By e-mail and by name they are looked for as they are.
                    if ["emails.address", "password_reset_asks.address"]
                        .contains(&format!("{table}.{}", column.name).as_str())
                    {
                        continue;
                    }
                    wanted.insert(format!("{table}.{}", column.name));
                    if plant(&sql, table, column, &rows).await {
                        planted.insert(format!("{table}.{}", column.name));
                    }
                }
            }
        }
    }
    let before = found(&sql, MARKER).await;
    assert!(planted.is_subset(&before), "{planted:?} {before:?}");
    let unplanted: Vec<&String> = wanted.difference(&planted).collect();
    println!("planted {} columns, not {unplanted:?}", planted.len());
    assert_eq!(unplanted, UNPLANTED.iter().collect::<Vec<_>>());

    for (client, _) in &gone {
        client.post("/v1/me/deletion", json!({})).await.ok(202);
    }
    settle(&app).await;
    app.clock.advance(Duration::days(15));
    settle(&app).await;
    let mut conn = app.parts.db.conn().await.unwrap();
    for _ in 0..2 {
        karya::work::sweep(&mut conn, &app.parts.storage, app.clock.now())
            .await
            .unwrap();
    }
    let kept: BTreeSet<String> = ERASURES
        .iter()
        .flat_map(|(table, erasure)| {
            let name = move |(column, _): &(&str, &str)| format!("{table}.{column}");
            erasure.kept.iter().map(name)
        })
        .collect();
    let mut texts = vec![MARKER.to_owned()];
    for (_, me) in &gone {
        texts.push(me["email"].as_str().unwrap().to_owned());
        texts.push(me["display_name"].as_str().unwrap().to_owned());
    }
    for text in &texts {
        let left: Vec<String> = found(&sql, text).await.difference(&kept).cloned().collect();
        assert_eq!(left, [] as [String; 0], "{text}");
        assert_eq!(files_with(app.files.path(), text), 0, "{text}");
    }
    let done: i64 = sql
        .query_one("SELECT count(*) FROM users WHERE state = 'deleted'", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(done, 2);
}
