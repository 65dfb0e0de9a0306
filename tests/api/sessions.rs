use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, Reply, TestApp};

pub async fn tokens(app: &TestApp) -> Value {
    app.user("sari").await;
    app.anon()
        .post(
            "/v1/auth/login",
            json!({ "email": "sari@contoh.id", "password": PASSWORD }),
        )
        .await
        .ok(200)
}

pub async fn refresh(app: &TestApp, token: &Value) -> Reply {
    app.anon()
        .post("/v1/auth/refresh", json!({ "refresh_token": token }))
        .await
}

#[actix_web::test]
async fn each_refresh_token_leads_to_the_next() {
    let app = TestApp::new().await;
    let mut token = tokens(&app).await["refresh_token"].clone();
    for _ in 0..3 {
        app.clock.advance(Duration::minutes(11));
        let next = refresh(&app, &token).await;
        assert_eq!(next.header("cache-control"), Some("no-store"));
        let next = next.ok(200);
        assert_ne!(next["refresh_token"], token);
        app.anon()
            .with_token(next["access_token"].as_str().unwrap())
            .get("/v1/me")
            .await
            .ok(200);
        token = next["refresh_token"].clone();
    }
}

#[actix_web::test]
async fn a_lost_reply_costs_nobody_their_session() {
    let app = TestApp::new().await;
    let token = tokens(&app).await["refresh_token"].clone();
    let first = refresh(&app, &token).await.ok(200);
    app.clock.advance(Duration::seconds(29));
    let again = refresh(&app, &token).await.ok(200);
    assert_eq!(again["refresh_token"], first["refresh_token"]);
    refresh(&app, &first["refresh_token"]).await.ok(200);
}

#[actix_web::test]
async fn fifty_refreshes_at_once_get_one_successor() {
    let app = TestApp::new().await;
    let token = tokens(&app).await["refresh_token"].clone();
    let replies = join_all((0..50).map(|_| refresh(&app, &token))).await;
    let successors: std::collections::HashSet<String> = replies
        .into_iter()
        .map(|reply| reply.ok(200)["refresh_token"].to_string())
        .collect();
    assert_eq!(successors.len(), 1);
}

#[actix_web::test]
async fn a_token_that_turns_up_again_ends_the_session() {
    for (use_successor, pause) in [(true, Duration::zero()), (false, Duration::seconds(31))] {
        let app = TestApp::new().await;
        let token = tokens(&app).await["refresh_token"].clone();
        let next = refresh(&app, &token).await.ok(200);
        let mut newest = next["refresh_token"].clone();
        if use_successor {
            newest = refresh(&app, &newest).await.ok(200)["refresh_token"].clone();
        }
        app.clock.advance(pause);
        refresh(&app, &token)
            .await
            .refused(401, "auth.refresh_reused");
        refresh(&app, &newest)
            .await
            .refused(401, "auth.refresh_invalid");
        app.run_jobs().await;
        let mails = app.mails_to("sari@contoh.id");
        assert_eq!(
            mails.last().unwrap().subject,
            "Sebuah sesi diakhiri demi keamanan Anda"
        );
        // Another device is not concerned.
        app.sign_in("sari").await.get("/v1/me").await.ok(200);
    }
}

#[actix_web::test]
async fn sessions_end_by_idleness_age_logout_and_lock() {
    let app = TestApp::new().await;
    let idle = tokens(&app).await["refresh_token"].clone();
    app.clock.advance(Duration::days(30));
    refresh(&app, &idle)
        .await
        .refused(401, "auth.refresh_invalid");

    let login = || async {
        let body = json!({ "email": "sari@contoh.id", "password": PASSWORD });
        app.anon().post("/v1/auth/login", body).await.ok(200)
    };
    let mut old = login().await["refresh_token"].clone();
    for _ in 0..4 {
        app.clock.advance(Duration::days(20));
        old = refresh(&app, &old).await.ok(200)["refresh_token"].clone();
    }
    app.clock.advance(Duration::days(10));
    refresh(&app, &old)
        .await
        .refused(401, "auth.refresh_invalid");

    let left = login().await;
    let client = app
        .anon()
        .with_token(left["access_token"].as_str().unwrap());
    client.post("/v1/auth/logout", json!({})).await.ok(204);
    client
        .post("/v1/auth/logout", json!({}))
        .await
        .refused(401, "auth.unauthenticated");
    refresh(&app, &left["refresh_token"])
        .await
        .refused(401, "auth.refresh_invalid");

    let locked = login().await;
    app.db
        .sql()
        .await
        .batch_execute("UPDATE users SET state = 'locked', lock_reason = 'abuse'")
        .await
        .unwrap();
    refresh(&app, &locked["refresh_token"])
        .await
        .refused(401, "auth.refresh_invalid");
    refresh(&app, &json!("karangan"))
        .await
        .refused(401, "auth.refresh_invalid");
}

#[actix_web::test]
async fn access_tokens_expire_to_the_second() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    app.clock.advance(Duration::seconds(599));
    sari.get("/v1/me").await.ok(200);
    app.clock.advance(Duration::seconds(1));
    let reply = sari.get("/v1/me").await;
    reply.refused(401, "auth.unauthenticated");
    assert_eq!(
        reply.header("www-authenticate"),
        Some("Bearer realm=\"karya\"")
    );
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "Basic c2FyaTpzYXJp",
        "Bearer a.b.c",
        "Bearer \t x",
    ] {
        app.anon()
            .with("authorization", header)
            .get("/v1/me")
            .await
            .refused(401, "auth.unauthenticated");
    }
}

#[actix_web::test]
async fn the_key_set_holds_public_keys_only() {
    let app = TestApp::new().await;
    let reply = app.anon().get("/.well-known/jwks.json").await;
    assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
    let keys = reply.ok(200);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert_eq!(keys["keys"][0]["crv"], "Ed25519");
    assert!(keys["keys"][0].get("d").is_none());
}

#[actix_web::test]
async fn the_database_holds_nothing_that_signs_in() {
    let app = TestApp::new().await;
    let issued = tokens(&app).await;
    let next = refresh(&app, &issued["refresh_token"]).await.ok(200);
    app.anon()
        .post(
            "/v1/auth/register",
            json!({ "email": "baru@contoh.id", "password": PASSWORD, "display_name": "B" }),
        )
        .await
        .ok(202);
    app.run_jobs().await;
    let code = app.mails_to("baru@contoh.id")[0]
        .text
        .split("token=")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned();
    let dump = app.dump().await;
    assert!(dump.contains("sari@contoh.id"), "the dump is one");
    for secret in [
        issued["refresh_token"].as_str().unwrap(),
        issued["access_token"].as_str().unwrap(),
        next["refresh_token"].as_str().unwrap(),
        &code,
        PASSWORD,
    ] {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!dump.contains(secret) && !dump.contains(&hex));
    }
}
