//! The list of one's devices, ending them, and mails about new ones.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, TestApp};

async fn device<'a>(app: &'a TestApp, name: &str) -> (Client<'a>, Value) {
    let body = json!({ "email": "sari@contoh.id", "password": PASSWORD, "device_name": name, "platform": "android" });
    let tokens = app.anon().post("/v1/auth/login", body).await.ok(200);
    let client = app
        .anon()
        .with_token(tokens["access_token"].as_str().unwrap());
    (client, tokens)
}

async fn names(client: &Client<'_>) -> Vec<(String, bool)> {
    let page = client.get("/v1/me/sessions").await.ok(200);
    let view = |item: &Value| {
        let name = item["device_name"].as_str().unwrap_or("-").to_owned();
        (name, item["current"].as_bool().unwrap())
    };
    page["items"].as_array().unwrap().iter().map(view).collect()
}

fn listed(all: &[(&str, bool)]) -> Vec<(String, bool)> {
    all.iter()
        .map(|(name, current)| ((*name).to_owned(), *current))
        .collect()
}

#[actix_web::test]
async fn devices_are_listed_and_ended() {
    let app = TestApp::new().await;
    let first = app.user("sari").await;
    let budi = app.user("budi").await;
    let (phone, tokens) = device(&app, "Redmi").await;
    let (desk, _) = device(&app, "Laptop").await;
    let all = [("Laptop", false), ("Redmi", true), ("-", false)];
    assert_eq!(names(&phone).await, listed(&all));
    let page = phone.get("/v1/me/sessions?limit=1").await.ok(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = format!("/v1/me/sessions?limit=1&cursor={cursor}");
    let next = phone.get(&next).await.ok(200)["items"][0].clone();
    insta::assert_json_snapshot!(next, { ".id" => "[id]" }, @r#"
    {
      "created_at": "2026-06-01T05:00:00.000Z",
      "current": true,
      "device_name": "Redmi",
      "expires_at": "2026-08-30T05:00:00.000Z",
      "id": "[id]",
      "ip_prefix": "203.0.113.0/24",
      "last_seen_at": "2026-06-01T05:00:00.000Z",
      "platform": "android"
    }
    "#);

    let path = format!("/v1/me/sessions/{}", tokens["session_id"].as_str().unwrap());
    budi.delete(&path).await.refused(404, "request.not_found");
    desk.delete("/v1/me/sessions/bukan-id")
        .await
        .refused(404, "request.not_found");
    phone.get("/v1/me").await.ok(200);
    for _ in 0..2 {
        desk.delete(&path).await.ok(204);
    }
    phone
        .get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    app.anon()
        .post("/v1/auth/refresh", refresh)
        .await
        .refused(401, "auth.refresh_invalid");
    let left = [("Laptop", true), ("-", false)];
    assert_eq!(names(&desk).await, listed(&left));
    first.get("/v1/me").await.ok(200);
    budi.get("/v1/me").await.ok(200);
}

#[actix_web::test]
async fn all_devices_end_at_once_with_or_without_this_one() {
    let app = TestApp::new().await;
    let first = app.user("sari").await;
    let (phone, _) = device(&app, "Redmi").await;
    let (desk, _) = device(&app, "Laptop").await;
    let others = "/v1/me/sessions/revoke-others";
    let race = join_all((0..10).map(|_| desk.post(others, json!({})))).await;
    let mut ended = Vec::new();
    for reply in race {
        ended.push(reply.ok(200)["ended"].as_u64().unwrap());
    }
    assert_eq!(ended.iter().sum::<u64>(), 2, "each ends once: {ended:?}");
    for out in [&first, &phone] {
        out.get("/v1/me").await.refused(401, "auth.unauthenticated");
    }
    desk.get("/v1/me").await.ok(200);
    device(&app, "Redmi").await;
    let all = "/v1/me/sessions/revoke-all";
    assert_eq!(
        desk.post(all, json!({})).await.ok(200),
        json!({ "ended": 2 })
    );
    desk.get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
}

#[actix_web::test]
async fn sessions_that_nobody_can_refresh_are_not_listed() {
    let app = TestApp::new().await;
    app.user("sari").await;
    device(&app, "Lama").await;
    app.clock.advance(Duration::days(30));
    let (phone, _) = device(&app, "Redmi").await;
    assert_eq!(names(&phone).await, listed(&[("Redmi", true)]));
}

#[actix_web::test]
async fn a_new_device_is_told_by_mail_and_a_known_one_is_not() {
    let app = TestApp::new().await;
    app.user("sari").await;
    app.sign_in("sari").await;
    app.run_jobs().await;
    let mails = || app.mails_to("sari@contoh.id");
    assert_eq!(mails().len(), 0, "the first device is no news");
    for _ in 0..3 {
        device(&app, "Redmi").await;
        app.run_jobs().await;
    }
    let mail = mails().pop().unwrap();
    assert_eq!(mails().len(), 1);
    assert_eq!(mail.subject, "Ada yang masuk dari perangkat baru");
    assert!(mail.text.contains("Redmi") && mail.text.contains("203.0.113.0/24"));
    assert!(!mail.text.contains("203.0.113.7"));
}

#[actix_web::test]
async fn one_session_too_many_ends_the_one_that_was_idle_for_longest() {
    assert_eq!(karya_auth::AuthOptions::default().max_sessions, 50);
    let app = TestApp::with(|parts| parts.auth.max_sessions = 3).await;
    app.user("sari").await;
    let mut tokens = vec![];
    for _ in 0..2 {
        app.clock.advance(Duration::minutes(1));
        tokens.push(app.login("sari", None).await.ok(200));
    }
    let refresh = async |tokens: &Value| {
        let body = json!({ "refresh_token": tokens["refresh_token"] });
        app.anon().post("/v1/auth/refresh", body).await
    };
    // The first of the two is used, the second is not; the one of `user` is older than both.
    app.clock.advance(Duration::minutes(1));
    tokens[0] = refresh(&tokens[0]).await.ok(200);
    app.login("sari", None).await.ok(200);
    app.clock.advance(Duration::minutes(1));
    app.login("sari", None).await.ok(200);
    refresh(&tokens[1])
        .await
        .refused(401, "auth.refresh_invalid");
    tokens[0] = refresh(&tokens[0]).await.ok(200);
    let listed = app.with_tokens(&tokens[0]).get("/v1/me/sessions").await;
    assert_eq!(listed.ok(200)["items"].as_array().unwrap().len(), 3);
    let ended =
        "SELECT count(*) FROM auth_events WHERE kind = 'session_ended' AND reason = 'replaced'";
    assert_eq!(app.count(ended).await, 2);
}

#[actix_web::test]
async fn many_sign_ins_at_once_are_no_more_sessions_than_there_may_be() {
    let app = TestApp::with(|parts| parts.auth.max_sessions = 3).await;
    app.user("sari").await;
    // More at once would be taken for guesses.
    for reply in join_all((0..9).map(|_| app.login("sari", None))).await {
        reply.ok(200);
    }
    let open = "SELECT count(*) FROM sessions WHERE revoked_at IS NULL";
    assert_eq!(app.count(open).await, 3);
}

/// On the command line.
#[actix_web::test]
async fn whoever_runs_the_server_signs_somebody_or_everybody_out() {
    let app = TestApp::new().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_karya-under-test"))
            .args(["user", "end-sessions"])
            .args(arguments)
            .arg("--set")
            .arg(format!("database.url={}", app.db.url()))
            .arg("--set")
            .arg("secrets.master_key=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (output.status.success(), said)
    };
    let (sql, at) = (app.db.sql().await, app.clock.now().to_rfc3339());
    // The command goes by the time of the day.
    let later =
        format!("UPDATE sessions SET expires_at = now() + interval '1 day', created_at = '{at}'");
    sql.batch_execute(&later).await.unwrap();
    assert!(!run(&[]).0);
    assert!(!run(&["siapa@contoh.id"]).0);
    let ended = run(&["sari@contoh.id"]);
    assert_eq!(ended, (true, "1 sessions ended".to_owned()));
    app.clock.advance(Duration::seconds(3));
    sari.get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
    budi.get("/v1/me").await.ok(200);
    assert_eq!(run(&["--all"]), (true, "1 sessions ended".to_owned()));
    app.clock.advance(Duration::seconds(3));
    budi.get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
    let recorded =
        "SELECT count(*) FROM auth_events WHERE kind = 'session_ended' AND reason = 'admin'";
    assert_eq!(app.count(recorded).await, 2);
}

/// Whatever the credential: the checks of the state of the account stand in one place.
#[test]
fn tokens_are_signed_in_one_place_only() {
    let mut callers = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crates"
    ))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                for call in [
                    "issuer.sign(",
                    "tokens::access_token(",
                    "issue_session(",
                    "queries::insert_session(",
                    "queries::insert_refresh_token(",
                ] {
                    let count =
                        text.matches(call).count() - text.matches(&format!("fn {call}")).count();
                    if count > 0 {
                        callers.push(format!("{name} {call} {count}"));
                    }
                }
            }
        }
    }
    callers.sort_unstable();
    assert_eq!(
        callers,
        [
            // With a passkey; with a second factor; with a password alone, and demo accounts on the command line; below,
            // with an account at another provider.
            "passkeys.rs issue_session( 1",
            "second_factor.rs issue_session( 1",
            "sessions.rs issue_session( 2",
            // A session, and a rotation within one.
            "sessions.rs queries::insert_refresh_token( 2",
            "sessions.rs queries::insert_session( 1",
            "sessions.rs tokens::access_token( 1",
            "social.rs issue_session( 1",
            "tokens.rs issuer.sign( 1",
        ]
    );
}
