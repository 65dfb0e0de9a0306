//! Guessing at passwords, and what it costs those who do not.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, Reply, TestApp};

const SARI: &str = "sari@contoh.id";

async fn login(app: &TestApp, email: &str, password: &str, device: Option<&Value>) -> Reply {
    let mut body = json!({ "email": email, "password": password });
    if let Some(device) = device {
        body["device_token"] = device.clone();
    }
    app.anon().post("/v1/auth/login", body).await
}

#[actix_web::test]
async fn an_attacker_slows_down_and_the_owner_on_a_known_device_does_not() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let device = login(&app, SARI, PASSWORD, None).await.ok(200)["device_token"].clone();
    let (mut tried, mut refused) = (0, 0);
    for _ in 0..200 {
        // One of many addresses, a second apart.
        app.clock.advance(Duration::seconds(1));
        let reply = login(&app, SARI, "salah-salah-salah", None).await;
        match reply.status.as_u16() {
            401 => tried += 1,
            _ => {
                reply.refused(429, "auth.too_many_attempts");
                refused += 1;
            }
        }
        let owner = login(&app, SARI, PASSWORD, Some(&device)).await.ok(200);
        assert_eq!(owner["device_token"], device, "it stays known");
    }
    assert!(
        (10..=18).contains(&tried),
        "{tried} passwords were looked at"
    );
    assert_eq!(tried + refused, 200);
    let reply = login(&app, SARI, PASSWORD, None).await;
    reply.refused(429, "auth.too_many_attempts");
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    // The right password on a new device works again after a quarter of an hour without tries.
    app.clock.advance(Duration::minutes(15));
    login(&app, SARI, PASSWORD, None).await.ok(200);
}

#[actix_web::test]
async fn many_tries_at_once_are_no_way_around() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let tries = (0..40).map(|_| login(&app, SARI, "salah-salah-salah", None));
    let replies = join_all(tries).await;
    let tried = replies.iter().filter(|reply| reply.status == 401).count();
    assert_eq!(tried, 10);
}

#[actix_web::test]
async fn an_unknown_address_is_slowed_down_like_a_known_one() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let mut answers = Vec::new();
    for email in [SARI, "siapa@contoh.id", "SIAPA@contoh.id"] {
        for _ in 0..12 {
            let reply = login(&app, email, "salah-salah-salah", None).await;
            let wait = reply.header("retry-after").map(str::to_owned);
            answers.push((reply.status.as_u16(), wait));
        }
    }
    assert_eq!(answers[..12], answers[12..24]);
    assert!(
        answers[24..].iter().all(|(status, _)| *status == 429),
        "case is no way around"
    );
}

#[actix_web::test]
async fn the_right_password_is_never_counted() {
    let app = TestApp::new().await;
    app.user("sari").await;
    for _ in 0..15 {
        login(&app, SARI, PASSWORD, None).await.ok(200);
    }
    for _ in 0..9 {
        login(&app, SARI, "salah-salah-salah", None).await;
    }
    // The tenth try is right, so no pause follows it.
    for _ in 0..3 {
        login(&app, SARI, PASSWORD, None).await.ok(200);
    }
}

#[actix_web::test]
async fn a_device_token_is_of_one_account_limits_itself_and_goes_with_the_password() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    app.user("budi").await;
    let hers = login(&app, SARI, PASSWORD, None).await.ok(200)["device_token"].clone();
    let his = login(&app, "budi@contoh.id", PASSWORD, None).await.ok(200)["device_token"].clone();
    for _ in 0..10 {
        login(&app, SARI, "salah-salah-salah", None).await;
    }
    for stranger in [&his, &json!("karangan")] {
        login(&app, SARI, PASSWORD, Some(stranger))
            .await
            .refused(429, "auth.too_many_attempts");
    }
    login(&app, SARI, PASSWORD, Some(&hers)).await.ok(200);
    // Stolen, it is good for ten tries as well, and no more.
    for _ in 0..10 {
        login(&app, SARI, "salah-salah-salah", Some(&hers))
            .await
            .refused(401, "auth.invalid_credentials");
    }
    login(&app, SARI, PASSWORD, Some(&hers))
        .await
        .refused(429, "auth.too_many_attempts");
    let new = "perahu-kuning-di-teluk";
    let body = json!({ "current_password": PASSWORD, "new_password": new });
    sari.post("/v1/me/password", body).await.ok(200);
    app.clock.advance(Duration::milliseconds(500));
    login(&app, SARI, new, Some(&hers))
        .await
        .refused(429, "auth.too_many_attempts");
    app.clock.advance(Duration::minutes(15));
    let next = login(&app, SARI, new, Some(&hers)).await.ok(200)["device_token"].clone();
    assert_ne!(next, hers);
    let stored: i64 = app
        .db
        .sql()
        .await
        .query_one(
            "SELECT count(*) FROM known_devices WHERE token_hash = $1",
            &[&next.as_str().unwrap().as_bytes()],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(stored, 0, "only the hash is stored");
}
