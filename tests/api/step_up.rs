//! Proving again who one is, before what is sensitive.

use actix_web::http::Method;
use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Authenticator, Client, PASSWORD, Reply, TestApp};

const NEW: &str = "perahu-kuning-di-teluk";

/// The session with a new access token, so long after.
async fn later<'a>(app: &'a TestApp, tokens: &mut Value, minutes: i64) -> Client<'a> {
    app.clock.advance(Duration::minutes(minutes));
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    *tokens = app.anon().post("/v1/auth/refresh", refresh).await.ok(200);
    app.with_tokens(tokens)
}

async fn step_up(client: &Client<'_>, body: Value) -> Reply {
    client.post("/v1/auth/step-up", body).await
}

/// What is sensitive, and what it answers when it is allowed.
fn sensitive() -> Vec<(Method, String, Value, u16)> {
    let passkey = "/v1/me/passkeys/0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b".to_owned();
    let factor = "/v1/me/factors/0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b".to_owned();
    let export = "/v1/me/data-exports/0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b/content".to_owned();
    vec![
        (
            Method::POST,
            "/v1/me/factors/totp".into(),
            json!({ "label": "HP" }),
            201,
        ),
        (Method::POST, "/v1/me/passkeys/begin".into(), json!({}), 201),
        (Method::DELETE, passkey, json!({}), 404),
        (Method::POST, "/v1/me/recovery-codes".into(), json!({}), 409),
        (Method::DELETE, factor, json!({}), 404),
        (
            Method::POST,
            "/v1/me/phone".into(),
            json!({ "phone": "0812-3456-7890" }),
            202,
        ),
        (Method::DELETE, "/v1/me/phone".into(), json!({}), 404),
        (Method::POST, "/v1/me/data-exports".into(), json!({}), 202),
        (Method::GET, export, json!({}), 404),
        (
            Method::POST,
            "/v1/me/sessions/revoke-others".into(),
            json!({}),
            200,
        ),
        (
            Method::POST,
            "/v1/me/sessions/revoke-all".into(),
            json!({}),
            200,
        ),
    ]
}

async fn call(
    client: &Client<'_>,
    (method, path, body, _): &(Method, String, Value, u16),
) -> Reply {
    let body = body.to_string().into_bytes();
    client
        .send(method.clone(), path, Some("application/json"), body)
        .await
}

#[actix_web::test]
async fn what_is_sensitive_needs_a_recent_proof() {
    let app = TestApp::new().await;
    app.user("sari").await;
    for operation in sensitive() {
        let mut tokens = app.login("sari", None).await.ok(200);
        let client = later(&app, &mut tokens, 10).await;
        let reply = call(&client, &operation).await;
        reply.refused(403, "auth.step_up_required");
        assert_eq!(
            reply.header("www-authenticate"),
            Some(
                r#"Bearer realm="karya", error="insufficient_user_authentication", max_age="600""#
            )
        );
        let done = step_up(&client, json!({ "password": PASSWORD })).await;
        let at = done.ok(200)["authenticated_at"].clone();
        assert_eq!(at, json!(karya_core::instant::format(&app.clock.now())));
        // With the access token that one has.
        assert_eq!(
            call(&client, &operation).await.status.as_u16(),
            operation.3,
            "{operation:?}"
        );
    }
    // Ten minutes, to the millisecond.
    let mut tokens = app.login("sari", None).await.ok(200);
    app.clock.advance(Duration::milliseconds(599_999));
    let client = later(&app, &mut tokens, 0).await;
    let label = json!({ "label": "HP" });
    client
        .post("/v1/me/factors/totp", label.clone())
        .await
        .ok(201);
    app.clock.advance(Duration::milliseconds(1));
    client
        .post("/v1/me/factors/totp", label)
        .await
        .refused(403, "auth.step_up_required");
}

#[actix_web::test]
async fn a_step_up_is_of_its_session_and_shows_in_the_next_token() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let mut one = app.login("sari", None).await.ok(200);
    let mut two = app.login("sari", None).await.ok(200);
    let first = later(&app, &mut one, 60).await;
    let second = later(&app, &mut two, 0).await;
    let label = json!({ "label": "HP" });
    step_up(&first, json!({ "password": PASSWORD }))
        .await
        .ok(200);
    second
        .post("/v1/me/factors/totp", label.clone())
        .await
        .refused(403, "auth.step_up_required");
    let auth_time = |tokens: &Value| {
        let token = tokens["access_token"].as_str().unwrap();
        app.parts.verifier.verify(token).unwrap().auth_time
    };
    let stepped = app.clock.now().timestamp();
    assert_eq!(auth_time(&one), stepped - 3600);
    later(&app, &mut one, 1).await;
    assert_eq!(auth_time(&one), stepped);
}

#[actix_web::test]
async fn with_a_factor_the_password_alone_is_no_proof() {
    let app = TestApp::new().await;
    let phone = Authenticator::enrol(&app, &app.user("sari").await).await;
    let challenge = app.challenge("sari", None).await;
    let mut tokens = app.answer(&challenge, "totp", &phone.code()).await.ok(200);
    let client = later(&app, &mut tokens, 11).await;
    let change = json!({ "current_password": PASSWORD, "new_password": NEW });
    client
        .post("/v1/me/password", change.clone())
        .await
        .refused(403, "auth.step_up_required");
    let address = json!({ "current_password": PASSWORD, "new_email": "baru@contoh.id" });
    client
        .post("/v1/me/email-change", address.clone())
        .await
        .refused(403, "auth.step_up_required");
    let fault = step_up(&client, json!({ "password": PASSWORD })).await;
    fault.refused(422, "request.validation_failed");
    assert_eq!(fault.faults(), ["/code required"]);
    let fault = step_up(&client, json!({ "code": phone.wrong() })).await;
    assert_eq!(fault.faults(), ["/code wrong_code"]);
    client
        .delete(&format!("/v1/me/factors/{}", phone.factor))
        .await
        .refused(403, "auth.step_up_required");

    let code = phone.code();
    let keyed = client.clone().with("idempotency-key", "satu");
    step_up(&keyed, json!({ "code": code })).await.ok(200);
    let again = step_up(&keyed, json!({ "code": code })).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let fault = step_up(&client, json!({ "code": code })).await;
    assert_eq!(fault.faults(), ["/code wrong_code"], "used up");
    client.post("/v1/me/email-change", address).await.ok(202);
    client.post("/v1/me/password", change).await.ok(200);
}

#[actix_web::test]
async fn without_a_factor_the_password_is_asked_for_and_guessing_gets_slow() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    for (body, fault) in [
        (json!({}), "/password required"),
        (json!({ "code": "123456" }), "/password required"),
        (json!({ "password": "x".repeat(129) }), "/password too_long"),
        (json!({ "code": "x".repeat(65) }), "/code too_long"),
        (json!({ "password": "salah" }), "/password wrong_password"),
    ] {
        assert_eq!(step_up(&sari, body).await.faults(), [fault]);
    }
    // With both ways of asking together.
    let change = json!({ "current_password": "salah-salah", "new_password": NEW });
    let mut tried = 1;
    let guesses = (0..20).map(|n| {
        let (sari, change) = (&sari, change.clone());
        async move {
            if n % 2 == 0 {
                step_up(sari, json!({ "password": "salah-salah" })).await
            } else {
                sari.post("/v1/me/password", change).await
            }
        }
    });
    for reply in join_all(guesses).await {
        if reply.status == 422 {
            tried += 1;
        } else {
            reply.refused(429, "auth.too_many_attempts");
        }
    }
    assert_eq!(tried, 10);
    app.clock.advance(Duration::minutes(5));
    step_up(&sari, json!({ "password": PASSWORD }))
        .await
        .ok(200);
}

#[actix_web::test]
async fn one_code_steps_up_once() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let phone = Authenticator::enrol(&app, &sari).await;
    let made = sari.post("/v1/me/recovery-codes", json!({})).await.ok(201);
    let code = json!({ "method": "recovery_code", "code": made["codes"][0] });
    let replies = join_all((0..20).map(|_| step_up(&sari, code.clone()))).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 200).count(),
        1
    );
    app.clock.advance(Duration::minutes(5));
    let code = json!({ "code": phone.code() });
    let replies = join_all((0..20).map(|_| step_up(&sari, code.clone()))).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 200).count(),
        1
    );
}
