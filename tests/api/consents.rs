//! What people agree to, and the proof of it.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, TestApp};

const PATH: &str = "/v1/me/consents";
const NOW: &str = "2026-06-01";

async fn state(client: &Client<'_>, document: &str) -> Value {
    let list = client.get(PATH).await.ok(200);
    let items = list["items"].as_array().unwrap();
    let of = items.iter().find(|item| item["document"] == document);
    of.unwrap().clone()
}

fn give(document: &str, version: &str) -> Value {
    json!({ "document": document, "version": version })
}

async fn count(app: &TestApp, query: &str) -> i64 {
    let sql = app.db.sql().await;
    sql.query_one(query, &[]).await.unwrap().get(0)
}

#[actix_web::test]
async fn a_consent_is_given_withdrawn_and_given_again() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let login = json!({ "email": "sari@contoh.id", "password": PASSWORD, "platform": "android" });
    let tokens = app.anon().post("/v1/auth/login", login).await.ok(200);
    let sari = app
        .anon()
        .with_token(tokens["access_token"].as_str().unwrap())
        .with("accept-language", "en");
    let all = sari.get(PATH).await.ok(200);
    assert_eq!(
        all["items"],
        json!([
            { "document": "terms", "is_required": true, "current_version": NOW, "state": "none" },
            { "document": "privacy", "is_required": true, "current_version": NOW, "state": "none" },
            { "document": "marketing", "is_required": false, "current_version": NOW, "state": "none" },
        ])
    );
    let given = sari.post(PATH, give("marketing", NOW)).await.ok(200);
    assert_eq!(
        given,
        json!({
            "document": "marketing", "is_required": false, "current_version": NOW, "state": "given", "version": NOW,
            "given_at": "2026-06-01T05:00:00.000Z", "locale": "en", "channel": "android",
        })
    );
    app.clock.advance(Duration::minutes(1));
    let again = sari.post(PATH, give("marketing", NOW)).await.ok(200);
    assert_eq!(again, given, "a second time changes nothing");
    let withdraw = "/v1/me/consents/marketing/withdraw";
    let withdrawn = sari.post(withdraw, json!({})).await.ok(200);
    assert_eq!(withdrawn["state"], "withdrawn");
    app.clock.advance(Duration::minutes(1));
    let again = sari.post(withdraw, json!({})).await.ok(200);
    assert_eq!(again, withdrawn, "nor does this");
    let given = sari.post(PATH, give("marketing", NOW)).await.ok(200);
    assert_eq!(
        (&given["state"], &given["given_at"]),
        (&json!("given"), &json!("2026-06-01T05:02:00.000Z"))
    );
    assert_eq!(count(&app, "SELECT count(*) FROM consents").await, 2);
    let events = sari.get("/v1/me/security-events?limit=3").await.ok(200);
    let kinds: Vec<&Value> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["kind"])
        .collect();
    assert_eq!(
        kinds,
        ["consent_given", "consent_withdrawn", "consent_given"]
    );
}

#[actix_web::test]
async fn only_the_version_in_force_can_be_agreed_to() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    for (body, fault) in [
        (give("terms", "2025-01-01"), "/version not_current"),
        (give("cookies", NOW), "/document wrong_type"),
        (json!({ "document": "terms" }), "/version required"),
    ] {
        let reply = sari.post(PATH, body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    sari.post(PATH, give("terms", NOW)).await.ok(200);
    let sql = app.db.sql().await;
    sql.batch_execute(
        "INSERT INTO legal_documents VALUES ('terms', '2026-07-01', '2026-07-01 00:00+07')",
    )
    .await
    .unwrap();
    assert_eq!(state(&sari, "terms").await["state"], "given");
    app.clock.advance(Duration::days(31));
    let sari = app.sign_in("sari").await;
    let terms = state(&sari, "terms").await;
    assert_eq!(
        (
            &terms["state"],
            &terms["version"],
            &terms["current_version"]
        ),
        (&json!("outdated"), &json!(NOW), &json!("2026-07-01"))
    );
    sari.post(PATH, give("terms", NOW))
        .await
        .refused(422, "request.validation_failed");
    sari.post(PATH, give("terms", "2026-07-01")).await.ok(200);
    assert_eq!(state(&sari, "terms").await["state"], "given");
}

#[actix_web::test]
async fn there_is_no_account_without_terms_and_privacy() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    for document in ["terms", "privacy"] {
        sari.post(PATH, give(document, NOW)).await.ok(200);
        sari.post(&format!("{PATH}/{document}/withdraw"), json!({}))
            .await
            .refused(409, "auth.consent_required");
        assert_eq!(state(&sari, document).await["state"], "given");
    }
    sari.post(&format!("{PATH}/cookies/withdraw"), json!({}))
        .await
        .refused(404, "request.not_found");
    // Never given: nothing to take back.
    let none = sari.post("/v1/me/consents/marketing/withdraw", json!({}));
    assert_eq!(none.await.ok(200)["state"], "none");
}

#[actix_web::test]
async fn who_registers_agrees_to_the_versions_that_were_shown() {
    let app = TestApp::new().await;
    let register = async |email: &str, accepted: Value| {
        let body = json!({
            "email": email, "password": PASSWORD, "display_name": "Sari", "locale": "en", "accepted": accepted,
        });
        app.anon().post("/v1/auth/register", body).await
    };
    let old = register(
        "sari@contoh.id",
        json!({ "terms": "2020-01-01", "privacy": NOW, "marketing": "x" }),
    )
    .await;
    old.refused(422, "request.validation_failed");
    let faults = [
        "/accepted/terms not_current",
        "/accepted/marketing not_current",
    ];
    assert_eq!(old.faults(), faults);
    assert_eq!(count(&app, "SELECT count(*) FROM users").await, 0);
    let accepted = json!({ "terms": NOW, "privacy": NOW });
    register("sari@contoh.id", accepted.clone()).await.ok(202);
    app.run_jobs().await;
    let mail = app.mails_to("sari@contoh.id").pop().unwrap().text;
    let token = mail.split("token=").nth(1).unwrap();
    let token = token.split_whitespace().next().unwrap();
    let verify = json!({ "token": token, "password": PASSWORD });
    app.anon()
        .post("/v1/auth/email-verification", verify)
        .await
        .ok(200);
    let sari = app.sign_in("sari").await;
    let terms = state(&sari, "terms").await;
    assert_eq!(
        (&terms["state"], &terms["channel"], &terms["locale"]),
        (&json!("given"), &json!("registration"), &json!("en"))
    );
    assert_eq!(state(&sari, "marketing").await["state"], "none");
    // It says nothing about the address.
    let (known, unknown) = (
        register("sari@contoh.id", accepted.clone()).await,
        register("baru@contoh.id", accepted).await,
    );
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    assert_eq!(known.statements(), unknown.statements());
}

#[actix_web::test]
async fn of_many_at_once_one_is_kept() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let withdraw = "/v1/me/consents/marketing/withdraw";
    let race = join_all((0..20).map(|n| {
        let client = sari.clone();
        async move {
            let reply = if n % 3 == 2 {
                client.post(withdraw, json!({})).await
            } else {
                client.post(PATH, give("marketing", NOW)).await
            };
            reply.ok(200);
        }
    }));
    race.await;
    sari.post(PATH, give("marketing", NOW)).await.ok(200);
    let open = "SELECT count(*) FROM consents WHERE withdrawn_at IS NULL";
    assert_eq!(count(&app, open).await, 1);
    let events = "SELECT count(*) FILTER (WHERE kind = 'consent_given') - count(*) FILTER (WHERE kind = 'consent_withdrawn') FROM auth_events";
    assert_eq!(count(&app, events).await, 1);
}
