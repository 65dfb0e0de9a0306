//! What is ended, ends at once.

use chrono::Duration;
use karya_core::Role;
use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, Reply, TestApp};

struct Device<'a> {
    client: Client<'a>,
    refresh_token: Value,
}

async fn device(app: &TestApp) -> Device<'_> {
    let body = json!({ "email": "sari@contoh.id", "password": PASSWORD });
    let tokens = app.anon().post("/v1/auth/login", body).await.ok(200);
    Device {
        client: app
            .anon()
            .with_token(tokens["access_token"].as_str().unwrap()),
        refresh_token: tokens["refresh_token"].clone(),
    }
}

async fn refresh(app: &TestApp, device: &Device<'_>) -> Reply {
    let body = json!({ "refresh_token": device.refresh_token });
    app.anon().post("/v1/auth/refresh", body).await
}

#[actix_web::test]
async fn whatever_ends_a_session_ends_its_access_token_within_three_seconds() {
    for (change, refreshes) in [
        (
            "UPDATE users SET state = 'locked', lock_reason = 'abuse'",
            false,
        ),
        ("UPDATE users SET state = 'deleted'", false),
        ("UPDATE users SET token_epoch = token_epoch + 1", true),
        (
            "UPDATE sessions SET revoked_at = now(), revoke_reason = 'admin'",
            false,
        ),
        ("DELETE FROM sessions", false),
        (
            "UPDATE sessions SET expires_at = '2026-06-01T05:00:00Z'",
            false,
        ),
    ] {
        let app = TestApp::new().await;
        app.user("sari").await;
        let phone = device(&app).await;
        phone.client.get("/v1/me").await.ok(200);
        app.db.sql().await.batch_execute(change).await.unwrap();
        // Another process did it; this one remembers for three seconds at most.
        app.clock.advance(Duration::milliseconds(3000));
        phone
            .client
            .get("/v1/me")
            .await
            .refused(401, "auth.unauthenticated");
        let next = refresh(&app, &phone).await;
        if refreshes {
            let token = next.ok(200)["access_token"].as_str().unwrap().to_owned();
            app.anon().with_token(&token).get("/v1/me").await.ok(200);
        } else {
            next.refused(401, "auth.refresh_invalid");
        }
    }
}

#[actix_web::test]
async fn a_session_that_is_left_is_over_at_once() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let (phone, desk) = (device(&app).await, device(&app).await);
    phone.client.get("/v1/me").await.ok(200);
    phone
        .client
        .post("/v1/auth/logout", json!({}))
        .await
        .ok(204);
    phone
        .client
        .get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
    desk.client.get("/v1/me").await.ok(200);
}

#[actix_web::test]
async fn roles_are_those_of_the_database_not_of_the_token() {
    let app = TestApp::new().await;
    let rina = app.staff("rina", Role::Verifier).await;
    let made = app.user("made").await;
    let path = "/v1/mentor-applications";
    let allowed = async |client: &Client<'_>| client.get(path).await.status.as_u16();
    assert_eq!((allowed(&rina).await, allowed(&made).await), (200, 403));
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE user_roles SET user_id = (SELECT user_id FROM emails WHERE address = 'made@contoh.id')")
        .await
        .unwrap();
    app.clock.advance(Duration::seconds(3));
    assert_eq!((allowed(&rina).await, allowed(&made).await), (403, 200));
}

#[actix_web::test]
async fn a_remembered_session_costs_no_statement() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let phone = device(&app).await;
    // Each shared connection has to learn the statements first.
    for _ in 0..8 {
        phone.client.get("/v1/me").await;
    }
    let warm = phone.client.get("/v1/me").await;
    app.clock.advance(Duration::seconds(3));
    let cold = phone.client.get("/v1/me").await;
    assert_eq!((warm.statements(), cold.statements()), (1, 2));
    let anon = app.anon().with_token("a.b.c").get("/v1/me").await;
    assert_eq!(anon.statements(), 0, "forged tokens never reach it");
}
