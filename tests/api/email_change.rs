//! Another address for an account, and the way back.

use actix_web::http::Method;
use chrono::Duration;
use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Client, PASSWORD, Reply, TestApp};

const NEW_PASSWORD: &str = "perahu-kuning-di-teluk";
const OLD: &str = "sari@contoh.id";
const NEW: &str = "sari.baru@contoh.id";

async fn login(app: &TestApp, email: &str, password: &str) -> Reply {
    let body = json!({ "email": email, "password": password });
    app.anon().post("/v1/auth/login", body).await
}

async fn ask(client: &Client<'_>, email: &str) -> Reply {
    let body = json!({ "current_password": PASSWORD, "new_email": email });
    client.post("/v1/me/email-change", body).await
}

async fn confirm(app: &TestApp, token: &str, password: &str) -> Reply {
    let body = json!({ "token": token, "password": password });
    app.anon().post("/v1/auth/email-change/confirm", body).await
}

async fn undo(app: &TestApp, token: &str, password: &str) -> Reply {
    let body = json!({ "token": token, "new_password": password });
    app.anon().post("/v1/auth/email-change/undo", body).await
}

/// The tokens of the links to a page in the mails to an address, the newest last.
fn tokens(app: &TestApp, address: &str, page: &str) -> Vec<String> {
    let start = format!("https://karya.test/{page}?token=");
    let mails = app.mails_to(address);
    let of = |text: &str| {
        let token = text.split(&start).nth(1)?.split_whitespace().next()?;
        Some(token.to_owned())
    };
    mails.iter().filter_map(|mail| of(&mail.text)).collect()
}

/// Asks, and reads the mail at the new address.
async fn asked(app: &TestApp, client: &Client<'_>, email: &str) -> String {
    ask(client, email).await.ok(202);
    app.run_jobs().await;
    tokens(app, email, "confirm-email-change")
        .pop()
        .expect("a link")
}

/// The whole change; the token with which the old address undoes it.
async fn changed(app: &TestApp, client: &Client<'_>, old: &str, new: &str) -> String {
    let token = asked(app, client, new).await;
    confirm(app, &token, PASSWORD).await.ok(200);
    app.run_jobs().await;
    tokens(app, old, "undo-email-change").pop().expect("a link")
}

async fn email(client: &Client<'_>) -> String {
    let me = client.get("/v1/me").await.ok(200);
    me["email"].as_str().unwrap().to_owned()
}

async fn is_out(client: &Client<'_>) {
    client
        .get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
}

#[actix_web::test]
async fn an_address_changes_when_its_new_mailbox_and_the_password_say_so() {
    let app = TestApp::new().await;
    let here = app.user("sari").await;
    let there = app.sign_in("sari").await;
    there.get("/v1/me").await.ok(200);
    for (body, fault) in [
        (
            json!({ "current_password": "salah", "new_email": NEW }),
            "/current_password wrong_password",
        ),
        (
            json!({ "current_password": "x".repeat(129), "new_email": NEW }),
            "/current_password too_long",
        ),
        (
            json!({ "current_password": PASSWORD, "new_email": "bukan surel" }),
            "/new_email format",
        ),
        (
            json!({ "current_password": PASSWORD, "new_email": "Sari@Contoh.ID" }),
            "/new_email unchanged",
        ),
    ] {
        let reply = here.post("/v1/me/email-change", body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    let reset = json!({ "email": OLD });
    app.anon()
        .post("/v1/auth/password-reset", reset)
        .await
        .ok(202);
    app.run_jobs().await;
    let reset = tokens(&app, OLD, "reset-password").pop().unwrap();

    let body = ask(&here, NEW).await.ok(202);
    assert_eq!(body, json!({ "status": "mail_sent" }));
    app.run_jobs().await;
    let token = tokens(&app, NEW, "confirm-email-change").pop().unwrap();
    let before = here.get("/v1/me").await;
    assert_eq!(before.json()["email"], OLD);
    there.get("/v1/me").await.ok(200);
    confirm(&app, &token, "salah-salah-salah")
        .await
        .refused(401, "auth.invalid_credentials");
    let body = confirm(&app, &token, PASSWORD).await.ok(200);
    assert_eq!(body, json!({ "status": "email_changed" }));

    let etag = before.header("etag").unwrap();
    let after = here.clone().with("if-none-match", etag).get("/v1/me").await;
    assert_eq!(
        after.ok(200)["email"],
        NEW,
        "the session that asked goes on"
    );
    is_out(&there).await;
    login(&app, OLD, PASSWORD)
        .await
        .refused(401, "auth.invalid_credentials");
    login(&app, NEW, PASSWORD).await.ok(200);
    confirm(&app, &token, PASSWORD)
        .await
        .refused(422, "auth.email_change_invalid");
    let old_mail = json!({ "token": reset, "new_password": NEW_PASSWORD });
    app.anon()
        .post("/v1/auth/password-reset/confirm", old_mail)
        .await
        .refused(422, "auth.reset_invalid");
    app.run_jobs().await;
    let notice = app.mails_to(OLD).pop().unwrap();
    assert_eq!(notice.subject, "Alamat surel akun Anda diganti");
    assert!(
        !notice.text.contains(NEW),
        "the old mailbox may not be safe"
    );
    let events = here.get("/v1/me/security-events").await.ok(200);
    let kinds: Vec<&str> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    let expected = [
        "signed_in",
        "session_ended",
        "email_changed",
        "email_change_asked",
    ];
    assert_eq!(kinds[..4], expected);
}

#[actix_web::test]
async fn asking_says_nothing_about_the_new_address() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    app.user("budi").await;
    // Each connection has to learn the types first.
    for _ in 0..6 {
        ask(&sari, "lain@contoh.id").await.ok(202);
    }
    let (known, unknown) = (
        ask(&sari, "budi@contoh.id").await,
        ask(&sari, "siapa@contoh.id").await,
    );
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    assert_eq!(known.statements(), unknown.statements());
    // What is asked anew ends what was asked before.
    app.run_jobs().await;
    assert_eq!(app.mails_to("budi@contoh.id").len(), 0);
    assert_eq!(app.mails_to("siapa@contoh.id").len(), 1);
    ask(&sari, "budi@contoh.id").await.ok(202);
    app.run_jobs().await;
    let notice = app.mails_to("budi@contoh.id").pop().unwrap();
    assert_eq!(notice.subject, "Alamat ini sudah punya akun Karya");
    assert!(!notice.text.contains("token="));
    // Nobody fills a stranger's mailbox.
    for _ in 0..4 {
        ask(&sari, "budi@contoh.id").await.ok(202);
        app.run_jobs().await;
    }
    assert_eq!(app.mails_to("budi@contoh.id").len(), 2);
    app.clock.advance(Duration::hours(1));
    let sari = app.sign_in("sari").await;
    ask(&sari, "budi@contoh.id").await.ok(202);
    app.run_jobs().await;
    assert_eq!(app.mails_to("budi@contoh.id").len(), 3);
}

#[actix_web::test]
async fn whoever_lost_the_account_gets_it_back_from_the_old_address() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let thief = app.sign_in("sari").await;
    let back = changed(&app, &thief, OLD, "maling@contoh.id").await;
    // A second change shall not help the thief.
    let thiefs_way_back = changed(&app, &thief, "maling@contoh.id", "maling2@contoh.id").await;
    let pending = asked(&app, &thief, "maling3@contoh.id").await;
    let refused = undo(&app, &back, "pendek").await;
    refused.refused(422, "request.validation_failed");
    assert_eq!(refused.faults(), ["/new_password too_short"]);
    let race = join_all((0..10).map(|_| undo(&app, &back, NEW_PASSWORD))).await;
    let mut won = 0;
    for reply in race {
        if reply.status == 200 {
            won += 1;
            assert_eq!(reply.json(), json!({ "status": "email_restored" }));
        } else {
            reply.refused(422, "auth.email_change_invalid");
        }
    }
    assert_eq!(won, 1);
    is_out(&thief).await;
    for (token, password) in [
        (&thiefs_way_back, "jerapah-hijau-naik-bus"),
        (&back, PASSWORD),
    ] {
        undo(&app, token, password)
            .await
            .refused(422, "auth.email_change_invalid");
    }
    for password in [PASSWORD, NEW_PASSWORD] {
        confirm(&app, &pending, password)
            .await
            .refused(422, "auth.email_change_invalid");
    }
    for (address, password) in [
        (OLD, PASSWORD),
        ("maling@contoh.id", NEW_PASSWORD),
        ("maling2@contoh.id", NEW_PASSWORD),
    ] {
        login(&app, address, password)
            .await
            .refused(401, "auth.invalid_credentials");
    }
    login(&app, OLD, NEW_PASSWORD).await.ok(200);
}

#[actix_web::test]
async fn one_link_changes_once_and_one_address_has_one_account() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let budi = app.user("budi").await;
    let token = asked(&app, &sari, NEW).await;
    let race = join_all((0..20).map(|_| confirm(&app, &token, PASSWORD))).await;
    let won = race.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
    // Two accounts, one mailbox; and a stranger who has registered with it and not proved it.
    let wanted = "warung@contoh.id";
    let body = json!({ "email": wanted, "password": NEW_PASSWORD, "display_name": "Orang" });
    app.anon().post("/v1/auth/register", body).await.ok(202);
    let (one, two) = (
        asked(&app, &sari, wanted).await,
        asked(&app, &budi, wanted).await,
    );
    let race = (0..20).map(|n| {
        let token = if n % 2 == 0 { &one } else { &two };
        confirm(&app, token, PASSWORD)
    });
    let replies = join_all(race).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused(422, "auth.email_change_invalid");
    }
    let sql = app.db.sql().await;
    let count = async |query: &str| -> i64 { sql.query_one(query, &[]).await.unwrap().get(0) };
    let holders = "SELECT count(*) FROM emails WHERE address = 'warung@contoh.id'";
    assert_eq!(count(holders).await, 1);
    assert_eq!(count("SELECT count(*) FROM users").await, 2);
    let log = app.db.log();
    assert!(!log.contains("deadlock"), "{log}");
}

#[actix_web::test]
async fn links_end_with_time_with_another_wish_and_with_the_password() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let first = asked(&app, &sari, "satu@contoh.id").await;
    let second = asked(&app, &sari, "dua@contoh.id").await;
    confirm(&app, &first, PASSWORD)
        .await
        .refused(422, "auth.email_change_invalid");
    app.clock.advance(Duration::hours(1));
    confirm(&app, &second, PASSWORD)
        .await
        .refused(422, "auth.email_change_invalid");
    let sari = app.sign_in("sari").await;
    let third = asked(&app, &sari, "tiga@contoh.id").await;
    // It is good for nothing else.
    undo(&app, &third, NEW_PASSWORD)
        .await
        .refused(422, "auth.email_change_invalid");
    let body = json!({ "token": third, "password": PASSWORD });
    app.anon()
        .post("/v1/auth/email-verification", body)
        .await
        .refused(422, "auth.verification_invalid");
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    sari.post("/v1/me/password", change).await.ok(200);
    confirm(&app, &third, NEW_PASSWORD)
        .await
        .refused(422, "auth.email_change_invalid");

    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let back = changed(&app, &sari, OLD, NEW).await;
    confirm(&app, &back, PASSWORD)
        .await
        .refused(422, "auth.email_change_invalid");
    // A change of password takes nothing from whoever lost the account.
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    sari.post("/v1/me/password", change).await.ok(200);
    app.clock.advance(Duration::days(7));
    undo(&app, &back, PASSWORD)
        .await
        .refused(422, "auth.email_change_invalid");
    app.clock.advance(-Duration::seconds(1));
    undo(&app, &back, PASSWORD).await.ok(200);
}

#[actix_web::test]
async fn guessing_with_a_stolen_phone_gets_slower_and_locks_nobody_out() {
    let app = TestApp::new().await;
    let phone = app.user("sari").await;
    let guess = async || {
        let body = json!({ "current_password": "salah-salah-salah", "new_email": NEW });
        phone.post("/v1/me/email-change", body).await
    };
    for _ in 0..10 {
        guess().await.refused(422, "request.validation_failed");
    }
    let slow = guess().await;
    slow.refused(429, "auth.too_many_attempts");
    assert_eq!(slow.header("retry-after"), Some("1"));
    ask(&phone, NEW)
        .await
        .refused(429, "auth.too_many_attempts");
    login(&app, OLD, PASSWORD).await.ok(200);
    app.clock.advance(Duration::seconds(1));
    ask(&phone, NEW).await.ok(202);
}

#[actix_web::test]
async fn a_repeated_request_gets_its_reply() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let token = asked(&app, &sari, NEW).await;
    let once = app.anon().with("idempotency-key", "satu");
    for replayed in [None, Some("true")] {
        let body = json!({ "token": token, "password": PASSWORD });
        let reply = once.post("/v1/auth/email-change/confirm", body).await;
        assert_eq!(reply.header("idempotency-replayed"), replayed);
        reply.ok(200);
    }
}

#[actix_web::test]
async fn the_links_follow_no_request_and_ask_before_they_act() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let hostile = sari
        .clone()
        .with("host", "evil.example")
        .with("x-forwarded-host", "evil.example")
        .with("forwarded", "host=evil.example");
    ask(&hostile, NEW).await.ok(202);
    app.run_jobs().await;
    let mail = app.mails_to(NEW).pop().unwrap();
    assert!(!mail.text.contains("evil") && !mail.html.contains("evil"));
    assert!(!mail.text.contains("sari@"), "it names nobody");
    let submit = async |page: &str, token: &str, password: &str| {
        let form = format!("token={token}&password={password}").into_bytes();
        let kind = Some("application/x-www-form-urlencoded");
        app.anon()
            .send(Method::POST, &format!("/{page}"), kind, form)
            .await
            .text()
    };
    let token = tokens(&app, NEW, "confirm-email-change").pop().unwrap();
    for lang in ["id", "en"] {
        let client = app.anon().with("accept-language", lang);
        let page = client
            .get(&format!("/confirm-email-change?token={token}"))
            .await;
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let text = page.text();
        assert!(text.contains("<form method=\"post\"") && !text.contains("<script"));
    }
    assert_eq!(email(&sari).await, OLD);
    let page = "confirm-email-change";
    let wrong = submit(page, &token, "salah").await;
    assert!(wrong.contains("Kata sandi itu salah") && wrong.contains(&token));
    assert!(
        submit(page, &token, PASSWORD)
            .await
            .contains("sudah diganti")
    );
    assert!(
        submit(page, &token, PASSWORD)
            .await
            .contains("tidak berlaku")
    );
    app.run_jobs().await;
    let page = "undo-email-change";
    let token = tokens(&app, OLD, page).pop().unwrap();
    let form = app.anon().get(&format!("/{page}?token={token}")).await;
    assert!(form.text().contains("Kembalikan alamat surel"));
    let weak = submit(page, &token, "pendek").await;
    assert!(weak.contains("paling sedikit 12 karakter"));
    let done = submit(page, &token, NEW_PASSWORD).await;
    assert!(done.contains("sudah kembali"));
    assert!(
        submit(page, &token, NEW_PASSWORD)
            .await
            .contains("tidak berlaku")
    );
    login(&app, OLD, NEW_PASSWORD).await.ok(200);
}
