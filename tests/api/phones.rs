//! Phone numbers of accounts: proved, signed in with, changed, removed, and given back.

use actix_web::http::Method;
use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Authenticator, Client, PASSWORD, Reply, TestApp};

pub(crate) const NUMBER: &str = "+6281234567890";
const OTHER: &str = "+6281298765432";
const NEW_PASSWORD: &str = "perahu-kuning-di-teluk";
const SARI: &str = "sari@contoh.id";

pub(crate) async fn ask(client: &Client<'_>, number: &str) -> Reply {
    client
        .post("/v1/me/phone", json!({ "phone": number }))
        .await
}

pub(crate) async fn verify(client: &Client<'_>, code: &str) -> Reply {
    client
        .post("/v1/me/phone/verify", json!({ "code": code }))
        .await
}

/// The whole of it.
pub(crate) async fn prove(app: &TestApp, client: &Client<'_>, number: &str) -> Value {
    ask(client, number).await.ok(202);
    app.run_jobs().await;
    verify(client, &app.phones.code(number)).await.ok(200)
}

pub(crate) async fn login(app: &TestApp, phone: &str, password: &str) -> Reply {
    let body = json!({ "phone": phone, "password": password });
    app.anon().post("/v1/auth/login", body).await
}

async fn undo(app: &TestApp, token: &str, password: &str) -> Reply {
    let body = json!({ "token": token, "new_password": password });
    app.anon().post("/v1/auth/phone-change/undo", body).await
}

/// The token of the link in the newest message to a number.
fn way_back(app: &TestApp, number: &str) -> String {
    let message = app.phones.of(number).pop().expect("a message");
    let link = message.split("https://karya.test/undo-phone-change?token=");
    let token = link.last().unwrap().split_whitespace().next();
    token.expect("a link").to_owned()
}

fn kinds(events: &Value) -> Vec<&str> {
    let items = events["items"].as_array().unwrap().iter();
    items.map(|event| event["kind"].as_str().unwrap()).collect()
}

async fn is_out(client: &Client<'_>) {
    client
        .get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
}

#[actix_web::test]
async fn a_number_is_proved_by_a_code_and_signs_in() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    for (number, fault) in [
        ("", "/phone required"),
        ("bukan nomor", "/phone format"),
        ("+65 6123 4567", "/phone country_not_served"),
    ] {
        let reply = ask(&sari, number).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    let before = sari.get("/v1/me").await;
    assert!(before.json().get("phone").is_none());

    let asked = ask(&sari, "0812-3456-7890").await.ok(202);
    let expected = json!({
        "status": "code_sent", "expires_at": "2026-06-01T05:10:00.000Z", "resend_at": "2026-06-01T05:01:00.000Z",
    });
    assert_eq!(asked, expected);
    app.run_jobs().await;
    let code = app.phones.code(NUMBER);
    assert_eq!(
        app.phones.of(NUMBER),
        [format!(
            "{code} adalah kode Karya Anda. Berlaku 10 menit. Jangan berikan kepada siapa pun, juga tidak kepada petugas Karya."
        )]
    );
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for typed in [wrong, "abcdef", ""] {
        verify(&sari, typed)
            .await
            .refused(422, "auth.phone_code_invalid");
    }
    let long = verify(&sari, &"1".repeat(65)).await;
    assert_eq!(long.faults(), ["/code too_long"]);
    assert!(sari.get("/v1/me").await.json().get("phone").is_none());
    // As people type it.
    let spaced = format!(" {} {}\n", &code[..3], &code[3..]);
    let proved = verify(&sari, &spaced).await.ok(200);
    let at = "2026-06-01T05:00:00.000Z";
    assert_eq!(proved, json!({ "phone": NUMBER, "phone_verified_at": at }));
    verify(&sari, &code)
        .await
        .refused(422, "auth.phone_code_invalid");

    let etag = before.header("etag").unwrap();
    let me = sari.clone().with("if-none-match", etag).get("/v1/me").await;
    let me = me.ok(200);
    assert_eq!(
        (&me["phone"], &me["phone_verified_at"]),
        (&json!(NUMBER), &json!(at))
    );
    let again = ask(&sari, NUMBER).await;
    again.refused(422, "request.validation_failed");
    assert_eq!(again.faults(), ["/phone unchanged"]);

    for number in [NUMBER, "0812-3456-7890", "62 812 3456 7890"] {
        let body = login(&app, number, PASSWORD).await.ok(200);
        assert_eq!(body["user"]["phone"], NUMBER);
    }
    app.sign_in("sari").await;
    login(&app, NUMBER, "salah-salah-salah")
        .await
        .refused(401, "auth.invalid_credentials");
    for (body, fault) in [
        (json!({ "password": PASSWORD }), "/email required"),
        (
            json!({ "email": SARI, "phone": NUMBER, "password": PASSWORD }),
            "/phone one_of_two",
        ),
        (
            json!({ "phone": "x", "password": PASSWORD }),
            "/phone format",
        ),
    ] {
        let reply = app.anon().post("/v1/auth/login", body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    app.run_jobs().await;
    let notice = app.mails_to(SARI).pop().unwrap();
    assert_eq!(notice.subject, "Nomor telepon ditambahkan ke akun Anda");
    assert!(notice.text.contains("+62\u{2026}890") && !notice.text.contains(NUMBER));
    let events = sari.get("/v1/me/security-events").await.ok(200);
    let kinds = kinds(&events);
    assert!(kinds.contains(&"phone_asked") && kinds.contains(&"phone_verified"));
    // What would open something is not there to be read.
    assert!(!app.dump().await.contains(&code));
}

#[actix_web::test]
async fn a_change_ends_other_sessions_and_the_old_number_takes_it_back() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    prove(&app, &sari, NUMBER).await;
    let thief = app.sign_in("sari").await;
    prove(&app, &thief, OTHER).await;
    is_out(&sari).await;
    thief.get("/v1/me").await.ok(200);
    login(&app, NUMBER, PASSWORD)
        .await
        .refused(401, "auth.invalid_credentials");
    app.run_jobs().await;
    let notice = app.mails_to(SARI).pop().unwrap();
    assert_eq!(notice.subject, "Nomor telepon akun Anda diganti");
    assert!(
        !notice.text.contains("432"),
        "the new one is nobody's business"
    );
    let message = app.phones.of(NUMBER).pop().unwrap();
    assert!(message.starts_with("Akun Karya Anda tidak memakai nomor ini lagi"));
    assert!(!message.contains("432"));
    let back = way_back(&app, NUMBER);
    // A second change shall not help the thief.
    app.clock.advance(Duration::minutes(5));
    thief.delete("/v1/me/phone").await.ok(204);
    app.run_jobs().await;
    let thiefs_way_back = way_back(&app, OTHER);

    let weak = undo(&app, &back, "pendek").await;
    weak.refused(422, "request.validation_failed");
    assert_eq!(weak.faults(), ["/new_password too_short"]);
    let race = join_all((0..10).map(|_| undo(&app, &back, NEW_PASSWORD))).await;
    let won: Vec<&Reply> = race.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(won[0].json(), json!({ "status": "phone_restored" }));
    for lost in race.iter().filter(|reply| reply.status != 200) {
        lost.refused(422, "auth.phone_change_invalid");
    }
    is_out(&thief).await;
    for token in [&thiefs_way_back, &back] {
        undo(&app, token, NEW_PASSWORD)
            .await
            .refused(422, "auth.phone_change_invalid");
    }
    login(&app, NUMBER, PASSWORD)
        .await
        .refused(401, "auth.invalid_credentials");
    let body = login(&app, NUMBER, NEW_PASSWORD).await.ok(200);
    let sari = app.with_tokens(&body);
    let events = sari.get("/v1/me/security-events").await.ok(200);
    let kinds = kinds(&events);
    for kind in ["phone_changed", "phone_removed", "phone_change_undone"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

#[actix_web::test]
async fn removing_is_undone_on_a_page() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    sari.delete("/v1/me/phone")
        .await
        .refused(404, "request.not_found");
    prove(&app, &sari, NUMBER).await;
    sari.delete("/v1/me/phone").await.ok(204);
    login(&app, NUMBER, PASSWORD)
        .await
        .refused(401, "auth.invalid_credentials");
    app.run_jobs().await;
    let notice = app.mails_to(SARI).pop().unwrap();
    assert_eq!(notice.subject, "Nomor telepon dihapus dari akun Anda");
    let token = way_back(&app, NUMBER);
    for lang in ["id", "en"] {
        let path = format!("/undo-phone-change?token={token}");
        let page = app.anon().with("accept-language", lang).get(&path).await;
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let text = page.text();
        assert!(text.contains(&token) && !text.contains("<script"), "{text}");
    }
    let submit = async |password: &str| {
        let form = format!("token={token}&password={password}").into_bytes();
        let kind = Some("application/x-www-form-urlencoded");
        let reply = app
            .anon()
            .send(Method::POST, "/undo-phone-change", kind, form)
            .await;
        reply.text()
    };
    assert!(submit("pendek").await.contains("Kata sandi itu"));
    assert!(
        submit(NEW_PASSWORD)
            .await
            .contains("Nomor Anda sudah kembali")
    );
    assert!(submit(NEW_PASSWORD).await.contains("tidak berlaku"));
    login(&app, NUMBER, NEW_PASSWORD).await.ok(200);
}

#[actix_web::test]
async fn the_way_back_is_open_for_a_week() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    prove(&app, &sari, NUMBER).await;
    sari.delete("/v1/me/phone").await.ok(204);
    app.run_jobs().await;
    let back = way_back(&app, NUMBER);
    // Somebody else has it by now: whoever proved it last keeps it.
    let budi = app.user("budi").await;
    prove(&app, &budi, NUMBER).await;
    undo(&app, &back, NEW_PASSWORD)
        .await
        .refused(422, "auth.phone_change_invalid");
    app.sign_in("sari").await;
    budi.delete("/v1/me/phone").await.ok(204);
    app.clock.advance(Duration::days(7));
    undo(&app, &back, NEW_PASSWORD)
        .await
        .refused(422, "auth.phone_change_invalid");
    app.clock.advance(-Duration::seconds(1));
    undo(&app, &back, NEW_PASSWORD).await.ok(200);
    let mut conn = app.parts.db.conn().await.unwrap();
    let later = app.clock.now() + Duration::days(40);
    karya_auth::ops::sweep(&mut conn, later).await.unwrap();
    for table in ["phone_codes", "phone_changes"] {
        let query = format!("SELECT count(*) FROM {table}");
        assert_eq!(app.count(&query).await, 0, "{table}");
    }
    assert_eq!(app.count("SELECT count(*) FROM phones").await, 1);
}

pub(crate) async fn ask_for_reset(app: &TestApp, number: &str) -> Reply {
    let body = json!({ "phone": number });
    app.anon().post("/v1/auth/password-reset", body).await
}

pub(crate) async fn exchange(app: &TestApp, request: &Value, code: &str) -> Reply {
    let body = json!({ "request_id": request, "code": code });
    let path = "/v1/auth/password-reset/verify-code";
    app.anon().post(path, body).await
}

async fn set_password(app: &TestApp, token: &Value, password: &str) -> Reply {
    let body = json!({ "token": token, "new_password": password });
    app.anon()
        .post("/v1/auth/password-reset/confirm", body)
        .await
}

#[actix_web::test]
async fn a_code_replaces_a_lost_password_and_no_second_factor() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    prove(&app, &sari, NUMBER).await;
    Authenticator::enrol(&app, &sari).await;
    for (body, fault) in [
        (json!({}), "/email required"),
        (
            json!({ "email": SARI, "phone": NUMBER }),
            "/phone one_of_two",
        ),
        (
            json!({ "phone": "+1 202 555 0123" }),
            "/phone country_not_served",
        ),
    ] {
        let reply = app.anon().post("/v1/auth/password-reset", body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    let asked = ask_for_reset(&app, "0812 3456 7890").await.ok(202);
    assert_eq!(asked["status"], "code_sent");
    app.run_jobs().await;
    let code = app.phones.code(NUMBER);
    let request = &asked["request_id"];
    let elsewhere = json!("0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b");
    for (request, code) in [(&elsewhere, code.as_str()), (request, "bukan kode")] {
        exchange(&app, request, code)
            .await
            .refused(422, "auth.phone_code_invalid");
    }
    // It proves no number, in whatever session.
    verify(&sari, &code)
        .await
        .refused(422, "auth.phone_code_invalid");
    let reply = exchange(&app, request, &code).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let token = reply.ok(200)["token"].clone();
    exchange(&app, request, &code)
        .await
        .refused(422, "auth.phone_code_invalid");
    // Nor is the token good for anything else.
    let body = json!({ "token": token, "password": PASSWORD });
    app.anon()
        .post("/v1/auth/email-verification", body)
        .await
        .refused(422, "auth.verification_invalid");
    undo(&app, token.as_str().unwrap(), NEW_PASSWORD)
        .await
        .refused(422, "auth.phone_change_invalid");
    let weak = set_password(&app, &token, "pendek").await;
    assert_eq!(weak.faults(), ["/new_password too_short"]);
    let body = set_password(&app, &token, NEW_PASSWORD).await.ok(200);
    assert_eq!(body, json!({ "status": "password_changed" }));
    set_password(&app, &token, NEW_PASSWORD)
        .await
        .refused(422, "auth.reset_invalid");
    is_out(&sari).await;
    login(&app, NUMBER, PASSWORD)
        .await
        .refused(401, "auth.invalid_credentials");
    login(&app, NUMBER, NEW_PASSWORD)
        .await
        .refused(401, "auth.factor_required");
    app.run_jobs().await;
    let notice = app.mails_to(SARI).pop().unwrap();
    assert_eq!(notice.subject, "Kata sandi Anda diganti");
    let recorded =
        "SELECT count(*) FROM auth_events WHERE kind = 'password_reset' AND reason = 'phone'";
    assert_eq!(app.count(recorded).await, 1);
    let refused =
        "SELECT count(*) FROM auth_events WHERE kind = 'sign_in_refused' AND reason = 'phone_code'";
    assert_eq!(app.count(refused).await, 3);
}

#[actix_web::test]
async fn a_token_for_a_code_ends_after_ten_minutes_and_with_the_number() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    prove(&app, &sari, NUMBER).await;
    let asked = ask_for_reset(&app, NUMBER).await.ok(202);
    app.run_jobs().await;
    let code = app.phones.code(NUMBER);
    app.clock.advance(Duration::minutes(9));
    let reply = exchange(&app, &asked["request_id"], &code).await.ok(200);
    assert_eq!(reply["expires_at"], "2026-06-01T05:19:00.000Z");
    app.clock.advance(Duration::minutes(10));
    set_password(&app, &reply["token"], NEW_PASSWORD)
        .await
        .refused(422, "auth.reset_invalid");

    let mut left = Vec::new();
    for _ in 0..2 {
        app.clock.advance(Duration::minutes(2));
        let asked = ask_for_reset(&app, NUMBER).await.ok(202);
        app.run_jobs().await;
        left.push((asked["request_id"].clone(), app.phones.code(NUMBER)));
    }
    // Who else asks does not end the first.
    let token = exchange(&app, &left[0].0, &left[0].1).await.ok(200);
    exchange(&app, &left[1].0, &left[0].1)
        .await
        .refused(422, "auth.phone_code_invalid");
    let sari = app.sign_in("sari").await;
    sari.delete("/v1/me/phone").await.ok(204);
    exchange(&app, &left[1].0, &left[1].1)
        .await
        .refused(422, "auth.phone_code_invalid");
    set_password(&app, &token["token"], NEW_PASSWORD)
        .await
        .refused(422, "auth.reset_invalid");
}
