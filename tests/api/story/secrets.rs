//! The same story, with every version of every row, every line of the log and every stored file kept, and looked
//! through for every secret that was said in it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use karya::config::LogFormat;
use serde_json::Value;

use super::{Look, Story};
use crate::contract::walk;
use crate::harness::TestApp;
use crate::logs::Sink;

/// Keeps what every row ever was, jobs that are long done among them.
async fn keep_everything(app: &TestApp) {
    let sql = app.db.sql().await;
    sql.batch_execute(
        "CREATE TABLE ever (row text);
         CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN INSERT INTO public.ever VALUES (TG_TABLE_NAME || NEW::text); RETURN NULL; END $$;
         DO $$ DECLARE t regclass; BEGIN
             FOR t IN SELECT c.oid::regclass FROM pg_class c
                       WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'graphile_worker')
                         AND relname <> 'ever'
             LOOP
                 EXECUTE format('CREATE TRIGGER keep AFTER INSERT OR UPDATE ON %s
                     FOR EACH ROW EXECUTE FUNCTION public.keep()', t);
             END LOOP;
         END $$",
    )
    .await
    .unwrap();
}

/// Members of bodies that hold secrets of the caller or for the caller.
const SECRET: [&str; 12] = [
    "access_token",
    "ceremony_token",
    "challenge_token",
    "codes",
    "device_token",
    "feed_token",
    "new_password",
    "npwp",
    "password",
    "refresh_token",
    "secret",
    "token",
];

#[derive(Default)]
struct Secrets(BTreeMap<String, &'static str>);

impl Secrets {
    /// Those of a body of a request or a reply.
    fn said(&mut self, body: &[u8]) {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return;
        };
        walk(&body, "", &mut |path, value| {
            let Some(text) = value.as_str() else { return };
            let mut members = path.rsplit('/');
            let member = members.find(|name| name.parse::<usize>().is_err());
            // Six digits are everywhere.
            if let Some(name) = SECRET.iter().find(|name| Some(**name) == member)
                && text.len() >= 12
            {
                self.0.insert(text.to_owned(), name);
            }
            // Feeds have theirs in the address, and so does what an authenticator app scans.
            for (start, end, name) in [
                ("/v1/calendar-feeds/", ".ics", "feed_token"),
                ("secret=", "&", "secret"),
            ] {
                let found = text
                    .split_once(start)
                    .and_then(|(_, rest)| rest.split_once(end));
                if let Some((secret, _)) = found {
                    self.0.insert(secret.to_owned(), name);
                }
            }
        });
    }

    /// Those of the links in a mail.
    fn mailed(&mut self, text: &str) {
        for rest in text.split("token=").skip(1) {
            let secret = rest.split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c));
            self.0
                .extend(secret.take(1).map(|secret| (secret.to_owned(), "token")));
        }
    }
}

/// What a secret looks like as it is, as bytes of the database, and in base64.
fn forms(secret: &str) -> Vec<String> {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let mut forms = vec![
        secret.to_owned(),
        secret.replace('-', ""),
        hex(secret.as_bytes()),
    ];
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        let mut text = engine.encode(secret);
        // The last letters depend on what comes after.
        text.truncate(text.len() / 4 * 4);
        forms.push(text);
    }
    // The bytes that a token of ours stands for.
    if let Ok(bytes) = URL_SAFE_NO_PAD.decode(secret) {
        forms.push(hex(&bytes));
    }
    forms
}

#[actix_web::test]
async fn no_secret_of_the_story_is_in_the_database_or_the_log() {
    let sink = Sink::default();
    let _guard = sink.listen(LogFormat::Json, "info,karya=debug");
    let app = TestApp::new().await;
    keep_everything(&app).await;
    *app.heard.borrow_mut() = Some(Vec::new());
    // Kept replies are rows too.
    app.always
        .borrow_mut()
        .push(("idempotency-key", || uuid::Uuid::now_v7().to_string()));
    Story::tell(&app, Look::Nothing).await;
    app.run_all_jobs().await;

    let mut secrets = Secrets::default();
    for exchange in app.heard.borrow().iter().flatten() {
        secrets.said(&exchange.request);
        secrets.said(&exchange.response);
    }
    for mail in app.mailer.sent() {
        secrets.mailed(&mail.text);
        secrets.mailed(&mail.html);
    }
    let mut kinds = BTreeMap::<&str, usize>::new();
    for kind in secrets.0.values() {
        *kinds.entry(kind).or_default() += 1;
    }
    println!("{} secrets: {kinds:?}", secrets.0.len());
    for kind in SECRET {
        assert!(kinds.contains_key(kind), "the story says no {kind}");
    }
    assert!(secrets.0.len() >= 100, "{kinds:?}");

    let mut places = vec![
        ("the database as it is", app.dump().await),
        ("the application's log", sink.text()),
        ("the log of PostgreSQL", app.db.log()),
    ];
    let mut folders = vec![app.files.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(path).unwrap();
                places.push((
                    "a stored file",
                    String::from_utf8_lossy(&bytes).into_owned(),
                ));
            }
        }
    }
    assert!(places[0].1.contains("ibu.sari@contoh.id") && places[0].1.contains("_private_jobs"));
    assert!(places[1].1.matches("karya::access").count() >= 100);
    let mut hits = Vec::new();
    for (secret, kind) in &secrets.0 {
        for form in forms(secret) {
            for (place, text) in &places {
                if let Some(at) = text.find(&form) {
                    let from = (0..=at.saturating_sub(60))
                        .rev()
                        .find(|at| text.is_char_boundary(*at));
                    hits.push(format!(
                        "{kind} {secret} in {place}: {}",
                        &text[from.unwrap_or(0)..at]
                    ));
                }
            }
        }
    }
    assert!(hits.is_empty(), "{} hits: {hits:#?}", hits.len());
}
