//! Captchas before who registers or asks for a new password.

use karya_auth::Captcha;
use karya_fetch::{Fetcher, Url};
use serde_json::{Value, json};

use crate::harness::{Client, HttpsServer, Reply, TestApp};

async fn app(server: &HttpsServer) -> TestApp {
    let url = Url::parse(&server.url("/siteverify")).unwrap();
    let captcha = Captcha::at(url, "rahasia/4711", Fetcher::new(server.policy()));
    TestApp::with(|parts| parts.captcha = captcha.clone()).await
}

fn account(name: &str) -> Value {
    json!({ "email": format!("{name}@contoh.id"), "password": "canting-dan-malam-panas", "display_name": name })
}

async fn register(client: &Client<'_>, name: &str) -> Reply {
    client.post("/v1/auth/register", account(name)).await
}

#[actix_web::test]
async fn who_registers_or_wants_mail_solves_the_captcha() {
    let server = HttpsServer::start().await;
    let app = app(&server).await;
    let reset = json!({ "email": "sari@contoh.id" });
    let anon = app.anon();
    register(&anon, "sari")
        .await
        .refused(403, "auth.captcha_required");
    anon.post("/v1/auth/password-reset", reset.clone())
        .await
        .refused(403, "auth.captcha_required");
    register(&anon.clone().with("captcha-token", ""), "sari")
        .await
        .refused(403, "auth.captcha_required");
    let long = "x".repeat(4097);
    let faults = register(&anon.clone().with("captcha-token", &long), "sari").await;
    assert_eq!(faults.status, 400);
    assert_eq!(server.asked().len(), 0, "nobody is asked about nothing");
    let person = anon.clone().with("captcha-token", "a&b=c");
    server.say(
        "200 OK",
        r#"{"success":false,"error-codes":["timeout-or-duplicate"]}"#,
    );
    register(&person, "sari")
        .await
        .refused(403, "auth.captcha_required");
    assert_eq!(app.count("SELECT count(*) FROM users").await, 0);
    server.say("200 OK", r#"{"success":true,"hostname":"karya.test"}"#);
    register(&person, "sari").await.ok(202);
    person.post("/v1/auth/password-reset", reset).await.ok(202);
    let asked = server.asked().pop().unwrap();
    assert!(
        asked.starts_with("POST /siteverify HTTP/1.1\r\n"),
        "{asked}"
    );
    let form = asked.rsplit("\r\n").next().unwrap();
    assert_eq!(
        form,
        "secret=rahasia%2F4711&response=a%26b%3Dc&remoteip=203.0.113.7"
    );
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
}

#[actix_web::test]
async fn an_outage_of_the_provider_shuts_nobody_out() {
    let server = HttpsServer::start().await;
    let app = app(&server).await;
    let person = app.anon().with("captcha-token", "x");
    for (number, (head, body)) in [
        ("500 Internal Server Error", ""),
        ("200 OK", "<html>"),
        ("302 Found\r\nlocation: https://169.254.169.254/", ""),
    ]
    .into_iter()
    .enumerate()
    {
        server.say(head, body);
        register(&person, &format!("orang{number}")).await.ok(202);
    }
    assert_eq!(server.asked().len(), 3);
}

#[actix_web::test]
async fn without_a_provider_nobody_is_asked() {
    let app = TestApp::new().await;
    register(&app.anon(), "sari").await.ok(202);
}
