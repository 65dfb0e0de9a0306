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
