//! At the end of the story two of its people go, and nothing is left of them.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::Duration;
use karya::rights::erasures::{ERASURES, Step};
use serde_json::json;
use tokio_postgres::Client as Sql;

use super::{Look, Story, stage};
use crate::deletion::settle;
use crate::erasure::{Column, suspicious};
use crate::harness::TestApp;

/// What is written of whoever goes, wherever something can be.
const MARKER: &str = "zqpenandax";

/// Columns that take no words, as a constraint wants digits or codes.
const UNPLANTED: &[&str] = &[
    "api_key_secrets.prefix",
    "api_keys.scopes",
    "business_registrations.nib",
    "business_registrations.nik_last4",
    "business_registrations.npwp_last4",
    "businesses.phone",
    "mentors.languages",
    "phone_changes.new_number",
    "phone_changes.old_number",
    "phone_codes.number",
    "phones.number",
    // Of locked accounts alone, and those are not erased.
    "users.lock_note",
    "webhook_attempts.answer",
    "webhooks.event_types",
];

/// Values of this kind that hold the marker; the first that the constraints let in is taken.
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
            format!("'{MARKER}'"),
            format!("'$argon2id${MARKER}'"),
            format!("rpad('{MARKER}', 43, 'x')"),
        ],
        // Ids, hashes and seals hold no words.
        _ => Vec::new(),
    }
}

/// Writes the marker into a column of these rows, or else of one of them; says whether any took it.
async fn plant(sql: &Sql, table: &str, column: &Column, rows: &str) -> bool {
    let places = format!("SELECT ctid::text FROM {table} AS t WHERE ({rows})");
    let places = sql.query(&places, &[]).await.unwrap();
    let one_by_one = places
        .iter()
        .map(|row| format!("t.ctid = '{}'", row.get::<_, String>(0)));
    for rows in std::iter::once(rows.to_owned()).chain(one_by_one) {
        for value in values(&column.kind) {
            let statement = format!(
                "UPDATE {table} AS t SET {} = {value} WHERE ({rows})",
                column.name
            );
            let taken = sql.execute(&statement, &[]).await;
            if taken.is_ok_and(|rows| rows > 0) {
                return true;
            }
        }
    }
    false
}

/// Where a text is found, by table and column, in every schema of the database.
async fn found(sql: &Sql, text: &str) -> BTreeSet<String> {
    let columns = "SELECT table_schema::text, table_name::text, column_name::text, udt_name::text
        FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'";
    let mut all = BTreeSet::new();
    for row in sql.query(columns, &[]).await.unwrap() {
        let (schema, table): (String, String) = (row.get(0), row.get(1));
        let (column, kind): (String, String) = (row.get(2), row.get(3));
        let column = format!("\"{column}\"");
        // Bytes are compared as such: their text is hexadecimal.
        let holds = if kind == "bytea" {
            format!("position(convert_to($1, 'UTF8') IN {column}) > 0")
        } else {
            format!("{column}::text ILIKE '%' || $1 || '%'")
        };
        let count = format!("SELECT count(*) FROM \"{schema}\".\"{table}\" WHERE {holds}");
        let hits: i64 = sql.query_one(&count, &[&text]).await.unwrap().get(0);
        if hits > 0 {
            all.insert(format!("{table}.{}", column.trim_matches('"')));
        }
    }
    all
}

/// Files below a folder that hold a text.
fn files_with(folder: &Path, text: &str) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            if entry.file_type().unwrap().is_dir() {
                return files_with(&entry.path(), text);
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            let mut parts = bytes.windows(text.len());
            usize::from(parts.any(|part| part == text.as_bytes()))
        })
        .sum()
}

/// What the story leaves nothing of: ways to sign in, calendars elsewhere, an uploaded file.
async fn add_rows(app: &TestApp, sql: &Sql, user: &str) {
    let id = format!("'{user}'::uuid");
    let key = format!("documents/{user}");
    sql.batch_execute(&format!(
        "INSERT INTO passkeys (id, user_id, credential_id, label, credential, created_at)
            VALUES (gen_random_uuid(), {id}, sha256({id}::text::bytea), 'x', '{{}}', now());
         INSERT INTO totp_factors (id, user_id, label, secret_sealed, created_at)
            VALUES (gen_random_uuid(), {id}, 'x', 'x', now());
         INSERT INTO passkey_ceremonies (token_hash, user_id, state, created_at, expires_at)
            VALUES (sha256({id}::text::bytea), {id}, '{{}}', now(), now());
         INSERT INTO sign_in_challenges (token_hash, user_id, device_name, attempts, created_at, expires_at)
            VALUES (sha256({id}::text::bytea), {id}, 'x', 0, now(), now());
         INSERT INTO email_changes (id, user_id, old_address, new_address, asked_at, expires_at)
            VALUES (gen_random_uuid(), {id}, 'x@x', 'y@y', now(), now());
         INSERT INTO calendar_feeds (id, user_id, name, token_hash, created_at)
            VALUES (gen_random_uuid(), {id}, 'x', sha256({id}::text::bytea), now());
         INSERT INTO external_calendars (id, owner_id, url_sealed, host, etag, created_at)
            VALUES (gen_random_uuid(), {id}, 'x', 'x', 'x', now());
         INSERT INTO factor_resets (id, user_id, state, evidence, asked_at, not_before, expires_at)
            VALUES (gen_random_uuid(), {id}, 'open', 'KTP asli dilihat.', now(), now(), now() + interval '1 day');
         INSERT INTO identities (id, user_id, provider, issuer, subject, label, created_at)
            VALUES (gen_random_uuid(), {id}, 'x', 'x', {id}::text, 'x', now());
         INSERT INTO authorization_requests (state_hash, provider, user_id, code_challenge, redirect_uri, created_at, expires_at)
            VALUES (sha256({id}::text::bytea), 'x', {id}, rpad('x', 43, 'x'), 'x', now(), now());
         INSERT INTO api_keys (id, user_id, name, scopes, created_at, last_used_from)
            VALUES (gen_random_uuid(), {id}, 'x', ARRAY['profile:read'], now(), 'x');
         INSERT INTO stored_objects (key, created_at) VALUES ('{key}', now() - interval '1 year');
         INSERT INTO booking_documents
                (id, booking_id, uploader_id, place, object_key, name, kind, size, digest, remove_at, created_at)
            SELECT gen_random_uuid(), id, {id}, 5, '{key}', 'x', 'pdf', 1, rpad('x', 43, 'x'), now() + interval '1 year', now()
              FROM bookings WHERE {id} IN (mentor_id, mentee_id) LIMIT 1"
    ))
    .await
    .unwrap();
    let file = app.files.path().join(&key);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, MARKER).unwrap();
}

/// Writes the marker wherever there is something of an account that is to go: the columns that took it, and all.
async fn plant_all(
    app: &TestApp,
    sql: &Sql,
    user: &str,
    (planted, wanted): (&mut BTreeSet<String>, &mut BTreeSet<String>),
) {
    let suspicious = suspicious(app).await;
    for (table, erasure) in ERASURES {
        let columns = suspicious.get(*table).map_or(&[][..], Vec::as_slice);
        for step in erasure.steps {
            let (rows, only) = match step {
                Step::Delete(rows) => (rows, None),
                Step::Set(rows, values) => (rows, Some(values)),
            };
            let rows = rows.replace("$1", &format!("'{user}'::uuid"));
            for column in columns {
                let name = format!("{table}.{}", column.name);
                let is_meant =
                    only.is_none_or(|all| all.iter().any(|(name, _)| *name == column.name));
                // Addresses are looked for as they are.
                let is_address = column.name == "address";
                if is_address || !is_meant || values(&column.kind).is_empty() {
                    continue;
                }
                wanted.insert(name.clone());
                if plant(sql, table, column, &rows).await {
                    planted.insert(name);
                }
            }
        }
    }
}

#[actix_web::test]
async fn nothing_is_left_of_whoever_is_erased() {
    let stage = stage().await;
    let story = Story::tell(&stage, Look::Nothing).await;
    let app = &stage.0;
    let sql = app.db.sql().await;
    let mut gone = Vec::new();
    for who in ["owner", "mentor"] {
        let client = story.who(who).await;
        let me = client.get("/v1/me").await.ok(200);
        // Files of theirs, and what waits for the worker.
        client.post("/v1/me/data-exports", json!({})).await;
        let reset = json!({ "email": me["email"] });
        let reset = app.anon().post("/v1/auth/password-reset", reset).await;
        reset.ok(202);
        client.post("/v1/me/deletion", json!({})).await.ok(202);
        gone.push(me);
    }
    settle(app).await;
    let (mut planted, mut wanted) = (BTreeSet::new(), BTreeSet::new());
    for me in &gone {
        let user = me["id"].as_str().unwrap();
        add_rows(app, &sql, user).await;
        plant_all(app, &sql, user, (&mut planted, &mut wanted)).await;
    }
    let before = found(&sql, MARKER).await;
    let lost: Vec<&String> = planted.difference(&before).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(files_with(app.files.path(), MARKER), 2);
    let unplanted: Vec<&String> = wanted.difference(&planted).collect();
    assert_eq!(unplanted, UNPLANTED);

    app.clock.advance(Duration::days(15));
    settle(app).await;
    let mut conn = app.parts.db.conn().await.unwrap();
    for _ in 0..2 {
        let now = app.clock.now();
        let swept = karya::work::sweep(&mut conn, &app.parts.storage, now).await;
        swept.unwrap();
    }
    let state = "SELECT count(*) FROM users WHERE state = 'deleted'";
    let done: i64 = sql.query_one(state, &[]).await.unwrap().get(0);
    assert_eq!(done, 2);
    let kept: BTreeSet<String> = ERASURES
        .iter()
        .flat_map(|(table, erasure)| {
            let columns = erasure.kept.iter();
            columns.map(move |(column, _)| format!("{table}.{column}"))
        })
        .collect();
    let mut texts = vec![MARKER];
    for me in &gone {
        texts.extend([&me["email"], &me["display_name"]].map(|text| text.as_str().unwrap()));
    }
    let mut faults = Vec::new();
    for text in texts {
        let all = found(&sql, text).await;
        faults.extend(all.difference(&kept).map(|at| format!("{at} holds {text}")));
        if files_with(app.files.path(), text) > 0 {
            faults.push(format!("a file holds {text}"));
        }
    }
    assert_eq!(faults, [] as [String; 0]);
}
