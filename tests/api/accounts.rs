use chrono::Duration;
use futures_util::future::join_all;
use karya_auth::{HashingOptions, PasswordPool};
use serde_json::{Value, json};

use crate::harness::{PASSWORD, TestApp};

fn registration(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "display_name": "Sari" })
}

/// The code in the newest verification mail to an address.
fn code_in_mail(app: &TestApp, address: &str) -> String {
    let mail = app.mails_to(address).pop().expect("a mail");
    let link = mail
        .text
        .split_whitespace()
        .find(|word| word.contains("token="))
        .expect("a link")
        .to_owned();
    link.split("token=").nth(1).unwrap().to_owned()
}

#[actix_web::test]
async fn register_prove_sign_in() {
    let app = TestApp::new().await;
    let anon = app.anon();
    let body = anon
        .post("/v1/auth/register", registration("sari@contoh.id"))
        .await
        .ok(202);
    assert_eq!(body, json!({ "status": "verification_sent" }));
    let login = json!({ "email": "Sari@Contoh.id", "password": PASSWORD, "device_name": "Redmi", "platform": "android" });
    anon.post("/v1/auth/login", login.clone())
        .await
        .refused(401, "auth.invalid_credentials");

    app.run_jobs().await;
    let code = code_in_mail(&app, "sari@contoh.id");
    let body = anon
        .post(
            "/v1/auth/email-verification",
            json!({ "token": code, "password": PASSWORD }),
        )
        .await
        .ok(200);
    assert_eq!(body, json!({ "status": "verified" }));

    let tokens = anon.post("/v1/auth/login", login).await.ok(200);
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"]),
        (&json!("Bearer"), &json!(600))
    );
    let me = anon
        .with_token(tokens["access_token"].as_str().unwrap())
        .get("/v1/me")
        .await;
    assert!(me.header("etag").unwrap().starts_with("\"1-"));
    insta::assert_json_snapshot!(me.ok(200), { ".id" => "[id]" }, @r#"
    {
      "created_at": "2026-06-01T05:00:00.000Z",
      "display_name": "Sari",
      "email": "sari@contoh.id",
      "email_verified_at": "2026-06-01T05:00:00.000Z",
      "id": "[id]",
      "locale": "id",
      "roles": [],
      "state": "active",
      "timezone": "Asia/Jakarta",
      "version": 1
    }
    "#);
}

#[actix_web::test]
async fn registering_a_known_address_tells_only_its_mailbox() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let known = app
        .anon()
        .post("/v1/auth/register", registration("sari@contoh.id"))
        .await;
    let unknown = app
        .anon()
        .post("/v1/auth/register", registration("baru@contoh.id"))
        .await;
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    assert_eq!(
        known.header("server-timing").unwrap().split(',').next(),
        unknown.header("server-timing").unwrap().split(',').next()
    );
    app.run_jobs().await;
    assert_eq!(
        app.mails_to("sari@contoh.id")[0].subject,
        "Anda sudah punya akun Karya"
    );
    assert_eq!(
        app.mails_to("baru@contoh.id")[0].subject,
        "Verifikasi alamat surel Anda"
    );
    let users: i64 = app
        .db
        .sql()
        .await
        .query_one("SELECT count(*) FROM users", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(users, 2, "the claim on the known address is forgotten");
}

#[actix_web::test]
async fn an_account_that_never_proves_its_address_goes() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let body = registration("baru@contoh.id");
    app.anon().post("/v1/auth/register", body).await.ok(202);
    let sql = app.db.sql().await;
    let count = async || -> i64 {
        let row = sql.query_one("SELECT count(*) FROM users", &[]);
        row.await.unwrap().get(0)
    };
    let mut conn = app.parts.db.conn().await.unwrap();
    for (days, left) in [(6, 2), (2, 1), (300, 1)] {
        app.clock.advance(chrono::Duration::days(days));
        karya::work::sweep(&mut conn, &app.parts.storage, app.clock.now())
            .await
            .unwrap();
        assert_eq!(count().await, left, "{days}");
    }
    let sessions = sql.query_one("SELECT count(*) FROM sessions", &[]);
    assert_eq!(sessions.await.unwrap().get::<_, i64>(0), 0);
}

#[actix_web::test]
async fn registration_names_every_fault() {
    let app = TestApp::new().await;
    let body =
        json!({ "email": "bukan surel", "password": "pendek", "display_name": "a\u{202e}b" });
    let reply = app.anon().post("/v1/auth/register", body).await;
    reply.refused(422, "request.validation_failed");
    assert_eq!(
        reply.faults(),
        ["/email format", "/display_name forbidden_character"]
    );
    for (password, rule) in [
        ("pendek", "too_short"),
        ("password1234", "too_guessable"),
        (&"x y".repeat(50), "too_long"),
    ] {
        let body =
            json!({ "email": "sari@contoh.id", "password": password, "display_name": "Sari" });
        let reply = app.anon().post("/v1/auth/register", body).await;
        assert_eq!(reply.faults(), [format!("/password {rule}")]);
    }
    let users: i64 = app
        .db
        .sql()
        .await
        .query_one("SELECT count(*) FROM users", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(users, 0);
}

#[actix_web::test]
async fn a_verification_code_works_once_and_for_a_day() {
    let app = TestApp::new().await;
    app.anon()
        .post("/v1/auth/register", registration("sari@contoh.id"))
        .await
        .ok(202);
    app.run_jobs().await;
    let code = code_in_mail(&app, "sari@contoh.id");
    let verify = || async {
        app.anon()
            .post(
                "/v1/auth/email-verification",
                json!({ "token": code, "password": PASSWORD }),
            )
            .await
    };
    app.clock.advance(Duration::hours(24));
    verify().await.refused(422, "auth.verification_invalid");
    app.clock.advance(-Duration::seconds(1));
    let replies = join_all((0..20).map(|_| async { verify().await.status.as_u16() })).await;
    assert_eq!(
        replies.iter().filter(|status| **status == 200).count(),
        1,
        "{replies:?}"
    );
    app.anon()
        .post(
            "/v1/auth/email-verification",
            json!({ "token": "karangan", "password": PASSWORD }),
        )
        .await
        .refused(422, "auth.verification_invalid");
}

#[actix_web::test]
async fn of_many_claims_on_an_address_the_proved_one_wins() {
    let app = TestApp::new().await;
    // A stranger registers first, then the owner of the mailbox.
    const STRANGERS: &str = "gajah-makan-payung-biru";
    let stranger =
        json!({ "email": "sari@contoh.id", "password": STRANGERS, "display_name": "Bukan Sari" });
    app.anon().post("/v1/auth/register", stranger).await.ok(202);
    app.anon()
        .post("/v1/auth/register", registration("sari@contoh.id"))
        .await
        .ok(202);
    app.run_jobs().await;
    let mails = app.mails_to("sari@contoh.id");
    assert_eq!(mails.len(), 2);
    assert_eq!(
        mails[0].text.split("token=").next(),
        mails[1].text.split("token=").next(),
        "nobody is named"
    );
    let sql = app.db.sql().await;
    let mut claims = Vec::new();
    for mail in &mails {
        let token = mail.text.split("token=").nth(1).unwrap();
        let token = token.split_whitespace().next().unwrap().to_owned();
        let hash = karya_core::sealing::sha256(token.as_bytes());
        let statement = "SELECT display_name FROM users JOIN one_time_tokens ON user_id = id WHERE token_hash = $1";
        let name: String = sql.query_one(statement, &[&hash]).await.unwrap().get(0);
        let is_stranger = name == "Bukan Sari";
        claims.push((
            token,
            if is_stranger { STRANGERS } else { PASSWORD },
            is_stranger,
        ));
    }
    let verify = async |token: &str, password: &str| {
        let body = json!({ "token": token, "password": password });
        app.anon().post("/v1/auth/email-verification", body).await
    };
    // The owner of the mailbox follows the stranger's link, and the stranger gets nothing.
    let (strangers, _, _) = claims.iter().find(|claim| claim.2).unwrap();
    verify(strangers, PASSWORD)
        .await
        .refused(401, "auth.invalid_credentials");
    let race = claims
        .iter()
        .map(|(token, password, _)| async { verify(token, password).await.status.as_u16() });
    let mut statuses = join_all(race).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    let users: i64 = app
        .db
        .sql()
        .await
        .query_one("SELECT count(*) FROM users", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(users, 1, "the other claim is gone with its account");
}

#[actix_web::test]
async fn a_mailbox_is_not_flooded() {
    let app = TestApp::new().await;
    for _ in 0..5 {
        let body = registration("sari@contoh.id");
        app.anon().post("/v1/auth/register", body).await.ok(202);
        app.run_jobs().await;
    }
    assert_eq!(app.mails_to("sari@contoh.id").len(), 3);
    app.clock.advance(Duration::hours(1));
    let body = registration("sari@contoh.id");
    app.anon().post("/v1/auth/register", body).await.ok(202);
    app.run_jobs().await;
    assert_eq!(app.mails_to("sari@contoh.id").len(), 4);
}

#[actix_web::test]
async fn wrong_password_and_unknown_address_look_the_same() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let body = |email: &str| json!({ "email": email, "password": "salah-salah-salah-terus" });
    let mut known = app
        .anon()
        .post("/v1/auth/login", body("sari@contoh.id"))
        .await
        .refused(401, "auth.invalid_credentials");
    let mut unknown = app
        .anon()
        .post("/v1/auth/login", body("siapa@contoh.id"))
        .await
        .refused(401, "auth.invalid_credentials");
    known["request_id"] = Value::Null;
    unknown["request_id"] = Value::Null;
    assert_eq!(known, unknown);
}

#[actix_web::test]
async fn a_locked_account_is_told_only_to_who_knows_the_password() {
    let app = TestApp::new().await;
    app.user("sari").await;
    app.db
        .sql()
        .await
        .batch_execute("UPDATE users SET state = 'locked', lock_reason = 'abuse'")
        .await
        .unwrap();
    let login = async |password: &str| {
        app.anon()
            .post(
                "/v1/auth/login",
                json!({ "email": "sari@contoh.id", "password": password }),
            )
            .await
    };
    login(PASSWORD).await.refused(403, "auth.account_locked");
    login("salah-salah-salah")
        .await
        .refused(401, "auth.invalid_credentials");
}

#[actix_web::test]
async fn an_old_hash_is_renewed_at_sign_in() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let dear = HashingOptions {
        memory_kib: 128,
        iterations: 2,
        ..HashingOptions::default()
    };
    let old = PasswordPool::start(dear)
        .unwrap()
        .hash(PASSWORD)
        .await
        .unwrap();
    let sql = app.db.sql().await;
    sql.execute("UPDATE passwords SET phc = $1", &[&old])
        .await
        .unwrap();
    app.sign_in("sari").await;
    let phc: String = sql
        .query_one("SELECT phc FROM passwords", &[])
        .await
        .unwrap()
        .get(0);
    assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{phc}");
    app.sign_in("sari").await;
}

#[actix_web::test]
async fn a_full_hashing_pool_says_when_to_come_again() {
    let app = TestApp::with(|parts| {
        let slow = HashingOptions {
            threads: 1,
            queue: 1,
            memory_kib: 64 * 1024,
            iterations: 4,
            ..HashingOptions::default()
        };
        parts.passwords = PasswordPool::start(slow).unwrap();
    })
    .await;
    let login = || async {
        app.anon()
            .post(
                "/v1/auth/login",
                json!({ "email": "siapa@contoh.id", "password": PASSWORD }),
            )
            .await
    };
    let replies = join_all((0..12).map(|_| login())).await;
    let refused: Vec<_> = replies.iter().filter(|reply| reply.status == 503).collect();
    assert!(!refused.is_empty());
    for reply in refused {
        assert_eq!(reply.refused(503, "auth.busy")["retryable"], true);
        assert!(matches!(reply.header("retry-after"), Some("1" | "2" | "3")));
    }
}

#[actix_web::test]
async fn me_changes_only_by_who_saw_the_newest_version() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    sari.patch("/v1/me", json!({ "display_name": "S" }))
        .await
        .refused(428, "request.version_required");
    let first = sari.clone().with("if-match", "\"1\"");
    let body = first
        .patch(
            "/v1/me",
            json!({ "display_name": "Ibu Sari", "locale": "en" }),
        )
        .await
        .ok(200);
    assert_eq!(
        (&body["display_name"], &body["locale"], &body["version"]),
        (&json!("Ibu Sari"), &json!("en"), &json!(2))
    );
    first
        .patch("/v1/me", json!({ "display_name": "S" }))
        .await
        .refused(412, "request.stale_version");
    // Compressing proxies weaken tags.
    let weak = sari.clone().with("if-match", "W/\"2\"");
    weak.patch("/v1/me", json!({ "timezone": "Asia/Makassar" }))
        .await
        .ok(200);
    sari.clone()
        .with("if-match", "seven")
        .patch("/v1/me", json!({}))
        .await
        .refused(400, "request.invalid_header");
    let any = sari.clone().with("if-match", "*");
    for (body, fault) in [
        (json!({ "display_name": null }), "/display_name required"),
        (json!({ "display_name": 7 }), "/display_name wrong_type"),
        (
            json!({ "display_name": "a\0b" }),
            "/display_name forbidden_character",
        ),
        (json!({ "roles": ["admin"] }), "/roles unknown"),
        (json!({ "locale": "jv" }), "/locale wrong_type"),
    ] {
        let reply = any.patch("/v1/me", body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    let race = join_all((0..10).map(|n| {
        let client = sari.clone().with("if-match", "\"3\"");
        async move {
            client
                .patch("/v1/me", json!({ "display_name": format!("Sari {n}") }))
                .await
                .status
                .as_u16()
        }
    }))
    .await;
    assert_eq!(
        race.iter().filter(|status| **status == 200).count(),
        1,
        "{race:?}"
    );
}
