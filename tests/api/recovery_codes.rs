//! Codes for when the authenticator app is lost.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Authenticator, Client, TestApp};

const SARI: &str = "sari@contoh.id";

async fn codes(client: &Client<'_>) -> Vec<String> {
    let reply = client.post("/v1/me/recovery-codes", json!({})).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let made = reply.ok(201);
    let text = |code: &Value| code.as_str().unwrap().to_owned();
    made["codes"].as_array().unwrap().iter().map(text).collect()
}

async fn left(client: &Client<'_>) -> i64 {
    let list = client.get("/v1/me/factors").await.ok(200);
    list["recovery_codes_left"].as_i64().unwrap()
}

#[actix_web::test]
async fn each_code_stands_in_for_the_app_once() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    sari.post("/v1/me/recovery-codes", json!({}))
        .await
        .refused(409, "auth.no_factor");
    let phone = Authenticator::enrol(&app, &sari).await;
    let codes = codes(&sari).await;
    assert_eq!((codes.len(), left(&sari).await), (10, 10));
    let distinct: std::collections::HashSet<&String> = codes.iter().collect();
    assert_eq!(distinct.len(), 10);
    let dump = app.dump().await;
    for code in &codes {
        assert!(!dump.contains(code) && !dump.contains(&code.replace('-', "")));
    }

    let reply = app.login("sari", None).await;
    let problem = reply.refused(401, "auth.factor_required");
    assert_eq!(
        problem["challenge"]["methods"],
        json!(["totp", "recovery_code"])
    );
    let challenge = problem["challenge"]["token"].as_str().unwrap();
    // A code is of its kind, and of its account.
    for (method, code) in [
        ("totp", codes[0].as_str()),
        ("recovery_code", &phone.code()),
        ("recovery_code", "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"),
    ] {
        app.answer(challenge, method, code)
            .await
            .refused(401, "auth.factor_invalid");
    }
    let typed = codes[0].to_lowercase().replace('-', " ");
    let tokens = app.answer(challenge, "recovery_code", &typed).await.ok(200);
    let claims = app
        .parts
        .verifier
        .verify(tokens["access_token"].as_str().unwrap());
    assert_eq!(claims.unwrap().amr, ["pwd", "otp", "mfa"]);
    assert_eq!(left(&sari).await, 9);
    let challenge = app.challenge("sari", None).await;
    app.answer(&challenge, "recovery_code", &codes[0])
        .await
        .refused(401, "auth.factor_invalid");
    app.run_jobs().await;
    let mails = app.mails_to(SARI);
    let used = mails
        .iter()
        .find(|mail| mail.subject == "Kode pemulihan dipakai")
        .unwrap();
    assert!(used.text.contains("Sisa: 9."), "{}", used.text);
    assert!(
        mails
            .iter()
            .any(|mail| mail.subject == "Kode pemulihan baru dibuat")
    );
}

#[actix_web::test]
async fn a_code_is_of_one_account_and_no_password() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    Authenticator::enrol(&app, &sari).await;
    let hers = codes(&sari).await;
    let budi = app.user("budi").await;
    Authenticator::enrol(&app, &budi).await;
    let challenge = app.challenge("budi", None).await;
    app.answer(&challenge, "recovery_code", &hers[0])
        .await
        .refused(401, "auth.factor_invalid");
    let body = json!({ "email": SARI, "password": hers[0] });
    app.anon()
        .post("/v1/auth/login", body)
        .await
        .refused(401, "auth.invalid_credentials");
    let body = json!({ "token": hers[0], "new_password": "perahu-kuning-di-teluk" });
    app.anon()
        .post("/v1/auth/password-reset/confirm", body)
        .await
        .refused(422, "auth.reset_invalid");
    assert_eq!(left(&sari).await, 10);
}

#[actix_web::test]
async fn recovery_code_20_concurrent_one_success() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    Authenticator::enrol(&app, &sari).await;
    let codes = codes(&sari).await;
    let sql = app.db.sql().await;
    let mut open = Vec::new();
    for number in 0..20 {
        let device = format!("perangkat-{number}");
        let hash = karya_core::sealing::sha256(device.as_bytes());
        let insert = "INSERT INTO known_devices SELECT $1, user_id, now(), now() FROM emails";
        sql.execute(insert, &[&hash]).await.unwrap();
        open.push((app.challenge("sari", Some(&device)).await, device));
    }
    let tries = open.iter().map(|(challenge, device)| {
        let body = json!({ "challenge_token": challenge, "method": "recovery_code", "code": codes[3], "device_token": device });
        let anon = app.anon();
        async move { anon.post("/v1/auth/login/verify-factor", body).await }
    });
    let replies = join_all(tries).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 200).count(),
        1
    );
    assert_eq!(left(&sari).await, 9);
}

#[actix_web::test]
async fn new_codes_replace_old_ones_and_go_with_the_last_factor() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let phone = Authenticator::enrol(&app, &sari).await;
    let old = codes(&sari).await;
    let race = join_all((0..10).map(|_| codes(&sari))).await;
    assert_eq!(left(&sari).await, 10, "of one making");
    let challenge = app.challenge("sari", None).await;
    app.answer(&challenge, "recovery_code", &old[0])
        .await
        .refused(401, "auth.factor_invalid");
    assert_eq!(race.len(), 10);
    let newest = codes(&sari).await;
    let spare = Authenticator::enrol(&app, &sari).await;
    for (factor, expected) in [(phone.factor, 10), (spare.factor, 0)] {
        let path = format!("/v1/me/factors/{factor}");
        sari.delete(&path).await.ok(204);
        assert_eq!(left(&sari).await, expected);
    }
    // Not with the next factor either.
    Authenticator::enrol(&app, &sari).await;
    let challenge = app.challenge("sari", None).await;
    app.answer(&challenge, "recovery_code", &newest[0])
        .await
        .refused(401, "auth.factor_invalid");
}

#[actix_web::test]
async fn who_lost_the_phone_gets_in_and_removes_it() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let phone = Authenticator::enrol(&app, &sari).await;
    let codes = codes(&sari).await;
    app.clock.advance(chrono::Duration::days(3));
    let challenge = app.challenge("sari", None).await;
    let tokens = app
        .answer(&challenge, "recovery_code", &codes[9])
        .await
        .ok(200);
    let path = format!("/v1/me/factors/{}", phone.factor);
    app.with_tokens(&tokens).delete(&path).await.ok(204);
    app.login("sari", None).await.ok(200);
}
