//! Authenticator apps, and signing in with them.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Authenticator, PASSWORD, TestApp, email};

const SARI: &str = "sari@contoh.id";

#[actix_web::test]
async fn an_app_is_enrolled_confirmed_listed_and_removed() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let nothing = sari.get("/v1/me/factors").await.ok(200);
    assert_eq!(nothing, json!({ "items": [], "recovery_codes_left": 0 }));

    let begun = sari
        .post("/v1/me/factors/totp", json!({ "label": "HP lama" }))
        .await;
    assert_eq!(begun.header("cache-control"), Some("no-store"));
    let begun = begun.ok(201);
    let (secret, uri) = (&begun["secret"], begun["otpauth_uri"].as_str().unwrap());
    assert_eq!(secret.as_str().unwrap().len(), 32);
    assert!(uri.starts_with("otpauth://totp/Karya:sari%40contoh%2Eid?secret="));
    assert!(uri.contains(secret.as_str().unwrap()));
    assert_eq!(begun["expires_at"], "2026-06-01T05:15:00.000Z");

    // Begun anew, the old one is forgotten; unconfirmed, neither protects.
    let phone = Authenticator::begin(&app, &sari).await;
    app.login("sari", None).await.ok(200);
    let fault = phone.confirm(&sari, &phone.wrong()).await;
    fault.refused(422, "request.validation_failed");
    assert_eq!(fault.faults(), ["/code wrong_code"]);
    let old = format!(
        "/v1/me/factors/{}/confirm",
        begun["factor_id"].as_str().unwrap()
    );
    sari.post(&old, json!({ "code": phone.code() }))
        .await
        .refused(404, "request.not_found");
    let budi = app.user("budi").await;
    phone
        .confirm(&budi, &phone.code())
        .await
        .refused(404, "request.not_found");

    let view = phone.confirm(&sari, &phone.code()).await.ok(200);
    insta::assert_json_snapshot!(view, { ".id" => "[id]" }, @r#"
    {
      "created_at": "2026-06-01T05:00:00.000Z",
      "id": "[id]",
      "label": "HP Sari",
      "last_used_at": "2026-06-01T05:00:00.000Z",
      "method": "totp"
    }
    "#);
    let list = sari.get("/v1/me/factors").await.ok(200);
    assert_eq!(list, json!({ "items": [view], "recovery_codes_left": 0 }));
    app.challenge("sari", None).await;
    let dump = app.dump().await;
    assert!(dump.contains("HP Sari") && !dump.contains(&phone.secret));

    let path = format!("/v1/me/factors/{}", phone.factor);
    budi.delete(&path).await.refused(404, "request.not_found");
    sari.delete(&path).await.ok(204);
    sari.delete(&path).await.refused(404, "request.not_found");
    app.login("sari", None).await.ok(200);
    app.run_jobs().await;
    let mails = app.mails_to(SARI);
    let subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "Faktor kedua ditambahkan ke akun Anda",
            "Faktor kedua dihapus dari akun Anda"
        ]
    );
    assert!(mails[0].text.contains("HP Sari"));
}

#[actix_web::test]
async fn an_enrolment_waits_a_quarter_of_an_hour_and_an_account_has_five_factors() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    for (label, fault) in [
        ("", "required"),
        (&*"x".repeat(61), "too_long"),
        ("a\u{202e}b", "forbidden_character"),
    ] {
        let reply = sari
            .post("/v1/me/factors/totp", json!({ "label": label }))
            .await;
        assert_eq!(reply.faults(), [format!("/label {fault}")]);
    }
    let late = Authenticator::begin(&app, &sari).await;
    app.clock.advance(Duration::minutes(15));
    let sari = app.sign_in("sari").await;
    late.confirm(&sari, &late.code())
        .await
        .refused(404, "request.not_found");
    let mut conn = app.parts.db.conn().await.unwrap();
    karya_auth::ops::sweep(&mut conn, app.clock.now() + Duration::seconds(1))
        .await
        .unwrap();
    assert_eq!(app.count("SELECT count(*) FROM totp_factors").await, 0);

    for _ in 0..5 {
        Authenticator::enrol(&app, &sari).await;
    }
    let sixth = json!({ "label": "keenam" });
    sari.post("/v1/me/factors/totp", sixth)
        .await
        .refused(409, "auth.too_many_factors");
}

#[actix_web::test]
async fn signing_in_takes_the_password_and_then_a_code() {
    let app = TestApp::new().await;
    let phone = Authenticator::enrol(&app, &app.user("sari").await).await;
    let body = json!({ "email": SARI, "password": PASSWORD, "device_name": "Redmi", "platform": "android" });
    let reply = app
        .anon()
        .with("accept-language", "en")
        .post("/v1/auth/login", body)
        .await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let problem = reply.refused(401, "auth.factor_required");
    insta::assert_json_snapshot!(problem, { ".challenge.token" => "[token]", ".request_id" => "[id]" }, @r#"
    {
      "challenge": {
        "expires_at": "2026-06-01T05:05:30.000Z",
        "methods": [
          "totp"
        ],
        "token": "[token]"
      },
      "code": "auth.factor_required",
      "detail": "Ask for a code and send it with `challenge.token` to `POST /v1/auth/login/verify-factor`.",
      "errors": [],
      "request_id": "[id]",
      "retryable": false,
      "status": 401,
      "title": "Right so far; this account needs a second factor too",
      "type": "https://karya.test/problems/auth.factor_required"
    }
    "#);
    let token = problem["challenge"]["token"].as_str().unwrap();
    // Good for one thing alone.
    app.anon()
        .with_token(token)
        .get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
    let refresh = json!({ "refresh_token": token });
    app.anon()
        .post("/v1/auth/refresh", refresh)
        .await
        .refused(401, "auth.refresh_invalid");
    assert!(!app.dump().await.contains(token));

    app.answer(token, "totp", &phone.wrong())
        .await
        .refused(401, "auth.factor_invalid");
    let reply = app.answer(token, "totp", &phone.code()).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let tokens = reply.ok(200);
    let claims = |tokens: &serde_json::Value| {
        let token = tokens["access_token"].as_str().unwrap();
        app.parts.verifier.verify(token).unwrap()
    };
    assert_eq!(claims(&tokens).amr, ["pwd", "otp", "mfa"]);
    let signed_in = app.clock.now().timestamp();
    assert_eq!(claims(&tokens).auth_time, signed_in);
    let me = app.with_tokens(&tokens);
    let session = me.get("/v1/me/sessions").await.ok(200)["items"][0].clone();
    assert_eq!(
        (&session["device_name"], &session["platform"]),
        (&json!("Redmi"), &json!("android"))
    );
    app.clock.advance(Duration::minutes(1));
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    let next = app.anon().post("/v1/auth/refresh", refresh).await.ok(200);
    assert_eq!(claims(&next).amr, ["pwd", "otp", "mfa"]);
    assert_eq!(claims(&next).auth_time, signed_in);
    // Used up.
    app.answer(token, "totp", &phone.code())
        .await
        .refused(401, "auth.challenge_invalid");
    let plain = app.user("budi").await;
    drop(plain);
    let tokens = app.login("budi", None).await.ok(200);
    assert_eq!(claims(&tokens).amr, ["pwd"]);
}

#[actix_web::test]
async fn a_challenge_lives_five_minutes_five_answers_and_one_success() {
    let app = TestApp::new().await;
    let phone = Authenticator::enrol(&app, &app.user("sari").await).await;
    let late = app.challenge("sari", None).await;
    app.clock.advance(Duration::minutes(5));
    app.answer(&late, "totp", &phone.code())
        .await
        .refused(401, "auth.challenge_invalid");
    app.answer("karangan", "totp", &phone.code())
        .await
        .refused(401, "auth.challenge_invalid");

    let worn = app.challenge("sari", None).await;
    for _ in 0..5 {
        app.answer(&worn, "totp", &phone.wrong())
            .await
            .refused(401, "auth.factor_invalid");
    }
    app.clock.advance(Duration::seconds(60));
    app.answer(&worn, "totp", &phone.code())
        .await
        .refused(401, "auth.challenge_invalid");
    let fresh = app.challenge("sari", None).await;
    app.clock.advance(Duration::minutes(2));
    app.answer(&fresh, "totp", &phone.code()).await.ok(200);

    for body in [
        json!({ "challenge_token": fresh, "method": "sms", "code": "123456" }),
        json!({ "challenge_token": fresh, "code": "123456" }),
        json!({}),
    ] {
        app.anon()
            .post("/v1/auth/login/verify-factor", body)
            .await
            .refused(422, "request.validation_failed");
    }
    // Rows go a day later.
    app.clock.advance(Duration::days(2));
    let mut conn = app.parts.db.conn().await.unwrap();
    karya_auth::ops::sweep(&mut conn, app.clock.now())
        .await
        .unwrap();
    assert_eq!(
        app.count("SELECT count(*) FROM sign_in_challenges").await,
        0
    );
}

#[actix_web::test]
async fn a_challenge_of_a_known_device_is_that_devices_alone() {
    let app = TestApp::new().await;
    let phone = Authenticator::enrol(&app, &app.user("sari").await).await;
    let challenge = app.challenge("sari", None).await;
    let tokens = app.answer(&challenge, "totp", &phone.code()).await.ok(200);
    let device = tokens["device_token"].as_str().unwrap().to_owned();
    phone.next();

    let challenge = app.challenge("sari", Some(&device)).await;
    app.answer(&challenge, "totp", &phone.code())
        .await
        .refused(401, "auth.challenge_invalid");
    let mut body = json!({ "challenge_token": challenge, "method": "totp", "code": phone.code(), "device_token": "lain" });
    let verify = "/v1/auth/login/verify-factor";
    app.anon()
        .post(verify, body.clone())
        .await
        .refused(401, "auth.challenge_invalid");
    body["device_token"] = json!(device);
    let tokens = app.anon().post(verify, body).await.ok(200);
    assert_eq!(tokens["device_token"], device, "it stays known");
}

#[actix_web::test]
async fn the_first_factor_ends_other_sessions_and_forgets_devices() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let other = app.login("sari", None).await.ok(200);
    app.with_tokens(&other).get("/v1/me").await.ok(200);
    let phone = Authenticator::enrol(&app, &sari).await;
    app.with_tokens(&other)
        .get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
    let refresh = json!({ "refresh_token": other["refresh_token"] });
    app.anon()
        .post("/v1/auth/refresh", refresh)
        .await
        .refused(401, "auth.refresh_invalid");
    assert_eq!(app.count("SELECT count(*) FROM known_devices").await, 0);
    sari.get("/v1/me").await.ok(200);
    // A second one ends nothing.
    let challenge = app.challenge("sari", None).await;
    let tokens = app.answer(&challenge, "totp", &phone.code()).await.ok(200);
    Authenticator::enrol(&app, &sari).await;
    app.with_tokens(&tokens).get("/v1/me").await.ok(200);
}

#[actix_web::test]
async fn of_many_confirmations_one_counts_and_a_key_repeats_its_reply() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let phone = Authenticator::begin(&app, &sari).await;
    let code = phone.code();
    let race = join_all((0..20).map(|_| phone.confirm(&sari, &code))).await;
    let done = race.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(done, 1);
    for reply in race.iter().filter(|reply| reply.status != 200) {
        let status = reply.status.as_u16();
        assert!(
            status == 404 || status == 429,
            "{} {}",
            reply.text(),
            app.db.log()
        );
    }
    app.run_jobs().await;
    assert_eq!(
        app.mails_to(SARI)
            .iter()
            .filter(|m| m.subject.starts_with("Faktor kedua"))
            .count(),
        1
    );

    app.clock.advance(Duration::minutes(5));
    let second = Authenticator::begin(&app, &sari).await;
    let keyed = sari.clone().with("idempotency-key", "satu");
    let first = second.confirm(&keyed, &second.code()).await.ok(200);
    let again = second.confirm(&keyed, &second.code()).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.ok(200), first);
}

#[actix_web::test]
async fn begun_at_once_one_enrolment_remains() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let label = json!({ "label": "HP" });
    let race = join_all((0..10).map(|_| sari.post("/v1/me/factors/totp", label.clone()))).await;
    for reply in race {
        reply.ok(201);
    }
    assert_eq!(app.count("SELECT count(*) FROM totp_factors").await, 1);
}

#[actix_web::test]
async fn a_demo_token_is_refused_once_there_is_a_factor() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE users SET is_demo = true")
        .await
        .unwrap();
    let address = karya_core::EmailAddress::parse(&email("sari")).unwrap();
    let mut conn = app.parts.db.conn().await.unwrap();
    let user = karya_auth::queries::find_verified(&conn, &address)
        .await
        .unwrap()
        .unwrap();
    let parts = &app.parts;
    for expected in [true, false] {
        let token = karya_auth::ops::demo_token(
            &mut conn,
            app.clock.now(),
            &parts.random,
            &parts.issuer,
            &parts.auth,
            user,
        )
        .await;
        assert_eq!(token.is_ok(), expected);
        if let Ok(token) = token {
            assert_eq!(parts.verifier.verify(&token).unwrap().amr, [] as [&str; 0]);
            Authenticator::enrol(&app, &sari).await;
        }
    }
}
