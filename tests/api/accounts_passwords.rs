//! Forgotten and changed passwords.

use actix_web::http::Method;
use chrono::Duration;
use futures_util::future::join_all;
use karya_core::sealing::sha256;
use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, Reply, TestApp};

const NEW: &str = "perahu-kuning-di-teluk";
const SARI: &str = "sari@contoh.id";

async fn login(app: &TestApp, password: &str) -> Reply {
    let body = json!({ "email": SARI, "password": password });
    app.anon().post("/v1/auth/login", body).await
}

async fn ask(app: &TestApp, email: &str) -> Reply {
    let body = json!({ "email": email });
    app.anon().post("/v1/auth/password-reset", body).await
}

async fn confirm(app: &TestApp, token: &str, password: &str) -> Reply {
    let body = json!({ "token": token, "new_password": password });
    app.anon()
        .post("/v1/auth/password-reset/confirm", body)
        .await
}

fn tokens(app: &TestApp) -> Vec<String> {
    let of = |text: &str| {
        let token = text.split("token=").nth(1)?.split_whitespace().next()?;
        Some(token.to_owned())
    };
    let mails = app.mails_to(SARI);
    mails.iter().filter_map(|mail| of(&mail.text)).collect()
}

async fn reset_token(app: &TestApp) -> String {
    ask(app, SARI).await.ok(202);
    app.run_jobs().await;
    tokens(app).pop().expect("a link")
}

struct Phone<'a> {
    client: Client<'a>,
    refresh: Value,
}

async fn phone(app: &TestApp) -> Phone<'_> {
    let tokens = login(app, PASSWORD).await.ok(200);
    let access = tokens["access_token"].as_str().unwrap();
    Phone {
        client: app.anon().with_token(access),
        refresh: json!({ "refresh_token": tokens["refresh_token"] }),
    }
}

impl Phone<'_> {
    async fn is_out(&self, app: &TestApp) {
        self.client
            .get("/v1/me")
            .await
            .refused(401, "auth.unauthenticated");
        app.anon()
            .post("/v1/auth/refresh", self.refresh.clone())
            .await
            .refused(401, "auth.refresh_invalid");
    }
}

async fn count(app: &TestApp, query: &str) -> i64 {
    let sql = app.db.sql().await;
    sql.query_one(query, &[]).await.unwrap().get(0)
}

#[actix_web::test]
async fn who_reads_the_mail_sets_the_password_and_everybody_is_out() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let (one, two) = (phone(&app).await, phone(&app).await);
    one.client.get("/v1/me").await.ok(200);
    let token = reset_token(&app).await;
    confirm(&app, &token, "pendek")
        .await
        .refused(422, "request.validation_failed");
    let fault = confirm(&app, &token, "sari sari sari").await;
    assert_eq!(fault.faults(), ["/new_password too_guessable"]);
    one.client.get("/v1/me").await.ok(200);

    let body = confirm(&app, &token, NEW).await.ok(200);
    assert_eq!(body, json!({ "status": "password_changed" }), "no tokens");
    one.is_out(&app).await;
    two.is_out(&app).await;
    login(&app, PASSWORD)
        .await
        .refused(401, "auth.invalid_credentials");
    login(&app, NEW).await.ok(200);
    confirm(&app, &token, NEW)
        .await
        .refused(422, "auth.reset_invalid");
    app.run_jobs().await;
    let notice = app.mails_to(SARI).pop().unwrap();
    assert_eq!(notice.subject, "Kata sandi Anda diganti");
    assert_eq!(
        count(&app, "SELECT count(*) FROM password_reset_asks").await,
        0
    );
}

#[actix_web::test]
async fn asking_says_nothing_about_the_address() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let work = |reply: &Reply| {
        let timing = reply.header("server-timing").unwrap();
        timing.split(',').next().unwrap().to_owned()
    };
    // Each connection has to learn the types first.
    for _ in 0..6 {
        ask(&app, "lain@contoh.id").await.ok(202);
    }
    let (known, unknown) = (ask(&app, SARI).await, ask(&app, "siapa@contoh.id").await);
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    assert_eq!(work(&known), work(&unknown));
    app.run_jobs().await;
    assert_eq!(app.mails_to("siapa@contoh.id").len(), 0);
    assert_eq!(app.mails_to(SARI).len(), 1);
    ask(&app, "bukan surel")
        .await
        .refused(422, "request.validation_failed");
    // Nobody fills a stranger's mailbox, and a locked account stays locked.
    for _ in 0..4 {
        ask(&app, SARI).await.ok(202);
        app.run_jobs().await;
    }
    assert_eq!(app.mails_to(SARI).len(), 3);
    app.clock.advance(Duration::hours(1));
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE users SET state = 'locked', lock_reason = 'abuse'")
        .await
        .unwrap();
    ask(&app, SARI).await.ok(202);
    app.run_jobs().await;
    assert_eq!(app.mails_to(SARI).len(), 3);
}

#[actix_web::test]
async fn a_reset_code_works_once_for_half_an_hour_and_for_nothing_else() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let (first, token) = (reset_token(&app).await, reset_token(&app).await);
    app.anon()
        .post(
            "/v1/auth/email-verification",
            json!({ "token": token, "password": PASSWORD }),
        )
        .await
        .refused(422, "auth.verification_invalid");
    app.clock.advance(Duration::minutes(30));
    confirm(&app, &token, NEW)
        .await
        .refused(422, "auth.reset_invalid");
    app.clock.advance(-Duration::seconds(1));
    // Two links, ten tries each: one wins.
    let race = (0..20).map(|n| {
        let token = if n % 2 == 0 { &first } else { &token };
        confirm(&app, token, NEW)
    });
    let replies = join_all(race).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused(422, "auth.reset_invalid");
    }
    assert_eq!(
        count(
            &app,
            "SELECT count(*) FROM one_time_tokens WHERE used_at IS NOT NULL"
        )
        .await,
        1
    );
    confirm(&app, "karangan", NEW)
        .await
        .refused(422, "auth.reset_invalid");
    // A verification code sets no password.
    let body = json!({ "email": "baru@contoh.id", "password": PASSWORD, "display_name": "B" });
    app.anon().post("/v1/auth/register", body).await.ok(202);
    app.run_jobs().await;
    let mail = app.mails_to("baru@contoh.id").pop().unwrap().text;
    let code = mail.split("token=").nth(1).unwrap();
    confirm(&app, code.split_whitespace().next().unwrap(), NEW)
        .await
        .refused(422, "auth.reset_invalid");
}

#[actix_web::test]
async fn the_mail_proves_an_address_that_was_only_claimed() {
    let app = TestApp::new().await;
    for (password, name) in [
        ("gajah-makan-payung-biru", "Bukan Sari"),
        (PASSWORD, "Sari"),
    ] {
        let body = json!({ "email": SARI, "password": password, "display_name": name });
        app.anon().post("/v1/auth/register", body).await.ok(202);
        app.clock.advance(Duration::seconds(1));
    }
    app.run_jobs().await;
    let token = reset_token(&app).await;
    confirm(&app, &token, NEW).await.ok(200);
    assert_eq!(count(&app, "SELECT count(*) FROM users").await, 1);
    let me = login(&app, NEW).await.ok(200);
    assert_eq!(me["user"]["display_name"], "Sari", "the newest claim");
}

#[actix_web::test]
async fn no_session_opens_beside_a_reset_with_the_old_password() {
    let app = TestApp::new().await;
    app.user("sari").await;
    for _ in 0..5 {
        let token = reset_token(&app).await;
        let sql = app.db.sql().await;
        let hash = app.parts.passwords.hash(PASSWORD).await.unwrap();
        sql.execute("UPDATE passwords SET phc = $1", &[&hash])
            .await
            .unwrap();
        let logins = join_all((0..8).map(|_| login(&app, PASSWORD)));
        let (reset, logins) = tokio::join!(confirm(&app, &token, NEW), logins);
        reset.ok(200);
        assert!(
            logins
                .iter()
                .all(|l| matches!(l.status.as_u16(), 200 | 401))
        );
        let open = "SELECT count(*) FROM sessions WHERE revoked_at IS NULL";
        assert_eq!(count(&app, open).await, 0);
        app.clock.advance(Duration::hours(1));
    }
}

#[actix_web::test]
async fn a_change_keeps_this_session_and_ends_the_others() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let (here, there) = (phone(&app).await, phone(&app).await);
    there.client.get("/v1/me").await.ok(200);
    let pending = reset_token(&app).await;
    let change = async |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        here.client.post("/v1/me/password", body).await
    };
    for (current, new, fault) in [
        ("salah-salah-salah", NEW, "/current_password wrong_password"),
        (PASSWORD, "pendek", "/new_password too_short"),
        (PASSWORD, "karya karya karya", "/new_password too_guessable"),
        (&"x".repeat(129), NEW, "/current_password too_long"),
    ] {
        let reply = change(current, new).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    let race = join_all((0..10).map(|_| change(PASSWORD, NEW))).await;
    let won = race.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
    here.client.get("/v1/me").await.ok(200);
    there.is_out(&app).await;
    login(&app, NEW).await.ok(200);
    confirm(&app, &pending, NEW)
        .await
        .refused(422, "auth.reset_invalid");
    app.run_jobs().await;
    let notices = app.mails_to(SARI);
    let notices = notices
        .iter()
        .filter(|mail| mail.subject == "Kata sandi Anda diganti");
    assert_eq!(notices.count(), 1);
}

#[actix_web::test]
async fn a_repeated_request_gets_its_reply_and_its_key_tells_nothing() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let token = reset_token(&app).await;
    let once = app.anon().with("idempotency-key", "satu");
    for replayed in [None, Some("true")] {
        let body = json!({ "token": token, "new_password": NEW });
        let reply = once.post("/v1/auth/password-reset/confirm", body).await;
        assert_eq!(reply.header("idempotency-replayed"), replayed);
        reply.ok(200);
    }
    let stored: Vec<u8> = app
        .db
        .sql()
        .await
        .query_one("SELECT token_hash FROM one_time_tokens", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(stored, sha256(token.as_bytes()));
}

#[actix_web::test]
async fn the_reset_link_follows_no_request_and_asks_before_it_acts() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let hostile = app
        .anon()
        .with("host", "evil.example")
        .with("x-forwarded-host", "evil.example")
        .with("x-forwarded-proto", "http")
        .with("forwarded", "host=evil.example");
    let body = json!({ "email": SARI });
    hostile.post("/v1/auth/password-reset", body).await.ok(202);
    app.run_jobs().await;
    let mail = app.mails_to(SARI).pop().unwrap();
    assert!(!mail.text.contains("evil") && !mail.html.contains("evil"));
    let token = tokens(&app).pop().unwrap();
    let path = format!("/reset-password?token={token}");
    assert!(mail.text.contains(&format!("https://karya.test{path}")));
    for _ in 0..2 {
        let page = app.anon().get(&path).await;
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"));
        let text = page.text();
        assert!(text.contains("<form method=\"post\"") && !text.contains("<script"));
    }
    let submit = async |password: &str| {
        let form = format!("token={token}&new_password={password}").into_bytes();
        let kind = Some("application/x-www-form-urlencoded");
        app.anon()
            .send(Method::POST, "/reset-password", kind, form)
            .await
            .text()
    };
    assert!(
        submit("pendek")
            .await
            .contains("paling sedikit 12 karakter")
    );
    assert!(submit(NEW).await.contains("sudah diganti"));
    assert!(submit(NEW).await.contains("tidak berlaku"));
    login(&app, NEW).await.ok(200);
    let hostile = app
        .anon()
        .get("/reset-password?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
        .await
        .text();
    assert!(!hostile.contains("<script"), "{hostile}");
}

#[actix_web::test]
async fn a_reset_ends_the_wait_that_strangers_caused() {
    let app = TestApp::new().await;
    app.user("sari").await;
    for _ in 0..12 {
        login(&app, "salah-salah-salah").await;
        app.clock.advance(Duration::milliseconds(1));
    }
    login(&app, PASSWORD)
        .await
        .refused(429, "auth.too_many_attempts");
    let token = reset_token(&app).await;
    confirm(&app, &token, NEW).await.ok(200);
    login(&app, NEW).await.ok(200);
}
