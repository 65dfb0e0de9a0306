//! Signing in with accounts of other providers.

use chrono::Duration;
use serde_json::{Value, json};

use crate::harness::{
    Authenticator, MINE, PASSWORD, Provider, Reply, SIGN_IN, TestApp, begin, email, merged, verify,
};

const VERIFY: &str = "/v1/auth/social/verify";

const REGISTER: &str = "/v1/auth/social/register";

/// Google's word on somebody whose address it has not proved, with more members beside it.
async fn unproved(provider: &Provider, app: &TestApp, path: &str, more: Value) -> Reply {
    let other = json!({ "email_verified": false });
    let proof = provider.proof(&app.anon(), SIGN_IN, "sari", other).await;
    let body = merged(json!({ "proof": proof }), &more);
    app.anon().post(path, body).await
}

/// The code in the newest mail to an address.
fn mailed_code(app: &TestApp, address: &str) -> String {
    let mail = app.mails_to(address).pop().unwrap();
    assert!(!mail.text.contains("https://"), "{}", mail.text);
    let code = mail.text.split("Kode Anda:\n").nth(1).unwrap();
    code.lines().next().unwrap().to_owned()
}

#[actix_web::test]
async fn somebody_new_gets_an_account_and_signs_in_to_it_again() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let begun = begin(&app.anon(), SIGN_IN, "google").await;
    assert_eq!(begun["expires_at"], "2026-06-01T05:10:00.000Z");
    assert!(begun.get("authorization_url").is_none());
    let claims = provider.claims("sari", &begun["nonce"]);
    let body = json!({
        "proof": { "state": begun["state"], "id_token": provider.sign(&claims) },
        "registration": { "timezone": "Asia/Makassar", "locale": "en", "accepted": { "terms": "2026-06-01" } },
        "device_name": "Redmi", "platform": "android",
    });
    let reply = app.anon().post(VERIFY, body).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let tokens = reply.ok(200);
    let user = &tokens["user"];
    assert_eq!(
        (&user["email"], &user["display_name"], &user["timezone"]),
        (
            &json!(email("sari")),
            &json!("sari di Google"),
            &json!("Asia/Makassar")
        )
    );
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(app.parts.verifier.verify(token).unwrap().amr, [""; 0]);
    let sari = app.with_tokens(&tokens);
    let list = sari.get("/v1/me/identities").await.ok(200);
    insta::assert_json_snapshot!(list, { ".items[].id" => "[id]" }, @r#"
    {
      "items": [
        {
          "created_at": "2026-06-01T05:00:00.000Z",
          "id": "[id]",
          "label": "sari@contoh.id",
          "last_used_at": "2026-06-01T05:00:00.000Z",
          "provider": "google"
        }
      ]
    }
    "#);
    let session = sari.get("/v1/me/sessions").await.ok(200)["items"][0].clone();
    assert_eq!(session["device_name"], "Redmi");
    let events = sari.get("/v1/me/security-events").await.ok(200);
    let events: Vec<String> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| format!("{} {}", event["kind"].as_str().unwrap(), event["reason"]))
        .collect();
    assert_eq!(
        events,
        [
            "signed_in \"google\"",
            "email_verified \"google\"",
            "consent_given \"terms\"",
            "registered \"google\""
        ]
    );

    app.clock.advance(Duration::minutes(1));
    let again = provider.sign_in(&app, "sari").await.ok(200);
    assert_eq!(again["user"]["id"], user["id"]);
    let list = sari.get("/v1/me/identities").await.ok(200);
    assert_eq!(list["items"][0]["last_used_at"], "2026-06-01T05:01:00.000Z");
    app.run_jobs().await;
    let mails = app.mails_to(&email("sari"));
    let subjects: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(
        subjects,
        ["Somebody signed in on a new device"],
        "another device"
    );
    // What the provider says of names and addresses later changes nothing.
    let other = json!({ "email": "lain@contoh.id", "name": "Lain" });
    let proof = provider.proof(&app.anon(), SIGN_IN, "sari", other).await;
    let third = verify(&app, proof).await.ok(200);
    assert_eq!(third["user"]["email"], user["email"]);
    let refresh = json!({ "refresh_token": third["refresh_token"] });
    app.anon().post("/v1/auth/refresh", refresh).await.ok(200);
}

#[actix_web::test]
async fn apps_hear_which_providers_are_on() {
    let app = TestApp::new().await;
    let none = app.anon().get("/v1/auth/providers").await.ok(200);
    assert_eq!(none, json!({ "items": [] }));
    let fault = app
        .anon()
        .post(SIGN_IN, json!({ "provider": "google" }))
        .await;
    assert_eq!(fault.faults(), ["/provider provider_off"]);
    let provider = Provider::start().await;
    let app = provider
        .app_with(|options| options.facebook.app_secret.clear())
        .await;
    let list = app.anon().get("/v1/auth/providers").await.ok(200);
    let app_has = |id: &str| json!({ "android": id, "ios": id, "web": id });
    let expected = json!([
        {
            "provider": "google", "answers": ["id_token"], "needs_nonce": true, "proves_email": true,
            "client_ids": { "android": "google-android", "web": "google-web" },
            "scopes": ["openid", "email", "profile"], "redirect_uris": [],
        },
        {
            "provider": "apple", "answers": ["id_token"], "needs_nonce": true, "proves_email": true,
            "client_ids": { "ios": "id.karya" }, "scopes": ["email", "name"], "redirect_uris": [],
        },
        {
            "provider": "facebook", "answers": ["id_token"], "needs_nonce": true, "proves_email": false,
            "client_ids": app_has("4711"), "scopes": ["openid", "public_profile", "email"], "redirect_uris": [],
        },
        {
            "provider": "x", "answers": ["code"], "needs_nonce": false, "proves_email": false,
            "client_ids": app_has("klien-x"), "scopes": ["users.read", "tweet.read"],
            "redirect_uris": ["id.karya:/masuk", "https://karya.test/masuk"],
        },
    ]);
    assert_eq!(list["items"], expected);
    // Half configured is off.
    let app = provider
        .app_with(|options| {
            options.google.issuer = "https://login.test/{tenant}".into();
            options.x.redirect_uris.clear();
        })
        .await;
    let list = app.anon().get("/v1/auth/providers").await.ok(200);
    let on: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["provider"])
        .collect();
    assert_eq!(on, ["apple", "facebook"]);
    for faulty in [json!({}), json!({ "provider": "myspace" })] {
        assert_eq!(app.anon().post(SIGN_IN, faulty).await.status, 422);
    }
}

#[actix_web::test]
async fn apple_says_true_in_text_and_hides_the_address() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let relay = "q7xk2@privaterelay.appleid.com";
    let apple = |verified: Value, nonce: &Value| {
        let now = app.clock.now().timestamp();
        json!({
            "iss": provider.issuer("apple"), "aud": "id.karya", "sub": "001234.abc.0815", "nonce": nonce,
            "iat": now, "exp": now + 600, "email": relay, "email_verified": verified, "is_private_email": "true",
        })
    };
    for unproved in [
        json!("false"),
        json!("TRUE"),
        json!(1),
        Value::Null,
        json!(["true"]),
    ] {
        let begun = begin(&app.anon(), SIGN_IN, "apple").await;
        let token = provider.sign(&apple(unproved.clone(), &begun["nonce"]));
        let proof = json!({ "state": begun["state"], "id_token": token });
        verify(&app, proof)
            .await
            .refused(409, "auth.email_required");
    }
    let begun = begin(&app.anon(), SIGN_IN, "apple").await;
    let token = provider.sign(&apple(json!("true"), &begun["nonce"]));
    let body = json!({
        "proof": { "state": begun["state"], "id_token": token }, "registration": { "display_name": "Sari" },
    });
    let tokens = app.anon().post(VERIFY, body).await.ok(200);
    assert_eq!(
        (&tokens["user"]["email"], &tokens["user"]["display_name"]),
        (&json!(relay), &json!("Sari"))
    );
    // It has no name to tell, and the address has one.
    let begun = begin(&app.anon(), SIGN_IN, "apple").await;
    let mut claims = apple(json!(true), &begun["nonce"]);
    claims["sub"] = json!("001234.xyz.0815");
    claims["email"] = json!("budi@contoh.id");
    let proof = json!({ "state": begun["state"], "id_token": provider.sign(&claims) });
    let tokens = verify(&app, proof).await.ok(200);
    assert_eq!(tokens["user"]["display_name"], "budi");
    // Google says it in JSON.
    let other = json!({ "email_verified": "true" });
    let proof = provider.proof(&app.anon(), SIGN_IN, "joko", other).await;
    verify(&app, proof)
        .await
        .refused(409, "auth.email_required");
}

#[actix_web::test]
async fn where_the_provider_proves_no_address_a_mail_does() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    unproved(&provider, &app, VERIFY, json!({}))
        .await
        .refused(409, "auth.email_required");
    assert_eq!(app.count("SELECT count(*) FROM users").await, 0);
    let slip = json!({ "email": "sari@salah.id", "registration": { "display_name": "Sari" } });
    let sent = unproved(&provider, &app, REGISTER, slip).await.ok(202);
    assert_eq!(sent, json!({ "status": "verification_sent" }));
    // The identity alone signs in to nothing yet.
    unproved(&provider, &app, VERIFY, json!({}))
        .await
        .refused(409, "auth.email_required");
    let other = json!({ "email_verified": false });
    let proof = provider.proof(&app.anon(), SIGN_IN, "sari", other).await;
    let right =
        json!({ "proof": proof, "email": email("sari"), "registration": { "locale": "id" } });
    let keyed = app.anon().with("idempotency-key", "satu");
    keyed.post(REGISTER, right.clone()).await.ok(202);
    let again = keyed.post(REGISTER, right).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(
        app.count("SELECT count(*) FROM users").await,
        1,
        "a slip makes room"
    );
    app.run_jobs().await;
    assert!(app.mails_to("sari@salah.id").is_empty());
    let code = mailed_code(&app, &email("sari"));
    let with_code = |code: &str| json!({ "email_token": code });
    unproved(&provider, &app, VERIFY, with_code("karangan"))
        .await
        .refused(422, "auth.verification_invalid");
    // Whoever else has the code has not got the account of the provider.
    let other = json!({ "email_verified": false });
    let proof = provider.proof(&app.anon(), SIGN_IN, "budi", other).await;
    let body = json!({ "proof": proof, "email_token": code });
    app.anon()
        .post(VERIFY, body)
        .await
        .refused(409, "auth.email_required");
    let page = json!({ "token": code, "password": PASSWORD });
    app.anon()
        .post("/v1/auth/email-verification", page)
        .await
        .refused(422, "auth.verification_invalid");

    let signed_in = unproved(&provider, &app, VERIFY, with_code(&code)).await;
    let tokens = signed_in.ok(200);
    assert_eq!(tokens["user"]["email"], email("sari"));
    // Sent once more, it does no harm.
    let again = unproved(&provider, &app, VERIFY, with_code(&code)).await;
    assert_eq!(again.ok(200)["user"]["id"], tokens["user"]["id"]);
    let another = json!({ "email": "sari.lain@contoh.id" });
    unproved(&provider, &app, REGISTER, another)
        .await
        .refused(409, "auth.identity_in_use");
}

/// However good the provider's word is, it is one factor.
#[actix_web::test]
async fn a_second_factor_is_asked_for() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let first = provider.sign_in(&app, "sari").await.ok(200);
    let sari = app.with_tokens(&first);
    let phone = Authenticator::enrol(&app, &sari).await;
    let sign_in = async || {
        let reply = provider.sign_in(&app, "sari").await;
        let problem = reply.refused(401, "auth.factor_required");
        problem["challenge"]["token"].as_str().unwrap().to_owned()
    };
    let challenge = sign_in().await;
    app.answer(&challenge, "totp", &phone.wrong())
        .await
        .refused(401, "auth.factor_invalid");
    let tokens = app.answer(&challenge, "totp", &phone.code()).await.ok(200);
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        app.parts.verifier.verify(token).unwrap().amr,
        ["otp", "mfa"]
    );
    let origins =
        "SELECT count(*) FROM sessions WHERE first_factor = 'social' AND second_factor = 'totp'";
    assert_eq!(
        app.count(origins).await,
        2,
        "the session that enrolled, too"
    );
    // With a factor, the provider's word is no step-up.
    let me = app.with_tokens(&tokens);
    let proof = provider.proof(&me, MINE, "sari", json!({})).await;
    let fault = me.post("/v1/auth/step-up", json!({ "proof": proof })).await;
    assert_eq!(fault.faults(), ["/code required"]);

    // Once it is unlinked, what it began does not end in a session.
    app.db
        .sql()
        .await
        .batch_execute(
            "INSERT INTO passwords (user_id, phc, changed_at) SELECT id, '$argon2id$none', now() FROM users",
        )
        .await
        .unwrap();
    let challenge = sign_in().await;
    let list = me.get("/v1/me/identities").await.ok(200);
    let path = format!(
        "/v1/me/identities/{}",
        list["items"][0]["id"].as_str().unwrap()
    );
    me.delete(&path).await.ok(204);
    phone.next();
    app.answer(&challenge, "totp", &phone.code())
        .await
        .refused(401, "auth.challenge_invalid");
}

#[actix_web::test]
async fn a_locked_account_stays_locked() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    provider.sign_in(&app, "sari").await.ok(200);
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE users SET state = 'locked', lock_reason = 'abuse'")
        .await
        .unwrap();
    provider
        .sign_in(&app, "sari")
        .await
        .refused(403, "auth.account_locked");
    let refused =
        "SELECT count(*) FROM auth_events WHERE kind = 'sign_in_refused' AND reason = 'locked'";
    assert_eq!(app.count(refused).await, 1);
    sql.batch_execute("UPDATE users SET state = 'deleted'")
        .await
        .unwrap();
    provider
        .sign_in(&app, "sari")
        .await
        .refused(401, "auth.social_invalid");
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 1);
}

#[actix_web::test]
async fn a_known_device_stays_known_and_a_strangers_token_does_not_count() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let hers = provider.sign_in(&app, "sari").await.ok(200)["device_token"].clone();
    let his = provider.sign_in(&app, "budi").await.ok(200)["device_token"].clone();
    for (device, stays) in [(&hers, true), (&his, false), (&json!("karangan"), false)] {
        let proof = provider
            .proof(&app.anon(), SIGN_IN, "sari", json!({}))
            .await;
        let body = json!({ "proof": proof, "device_token": device });
        let tokens = app.anon().post(VERIFY, body).await.ok(200);
        assert_eq!(tokens["device_token"] == *device, stays);
    }
}

#[actix_web::test]
async fn what_is_sent_is_looked_at_before_anything_is_used_up() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let proof = provider
        .proof(&app.anon(), SIGN_IN, "sari", json!({}))
        .await;
    let state = &proof["state"];
    let long = "x".repeat(10_001);
    for (proof, fault) in [
        (json!({ "state": state }), "/proof/id_token required"),
        (
            json!({ "state": state, "id_token": long }),
            "/proof/id_token too_long",
        ),
        (
            json!({ "state": state, "id_token": "a", "code": "b" }),
            "/proof one_of",
        ),
        (
            json!({ "state": state, "code": "a" }),
            "/proof/code_verifier required",
        ),
        (
            json!({ "state": state, "code": "a", "code_verifier": "kurang" }),
            "/proof/code_verifier too_short",
        ),
        (
            json!({ "state": state, "code": "a", "code_verifier": "x".repeat(129) }),
            "/proof/code_verifier too_long",
        ),
        (
            json!({ "state": state, "access_token": "a" }),
            "/proof/id_token required",
        ),
    ] {
        assert_eq!(verify(&app, proof).await.faults(), [fault]);
    }
    let body = json!({
        "proof": proof, "registration": { "display_name": "" }, "device_name": "",
    });
    let faults = app.anon().post(VERIFY, body).await.faults();
    assert_eq!(
        faults,
        [
            "/registration/display_name required",
            "/device_name required"
        ]
    );
    let body = json!({ "proof": proof, "email": "bukan", "registration": { "display_name": "" } });
    let faults = app.anon().post(REGISTER, body).await.faults();
    assert_eq!(
        faults,
        ["/email format", "/registration/display_name required"]
    );
    let mut forged = proof.clone();
    forged["state"] = json!("karangan");
    let body = json!({ "proof": forged, "email": email("sari") });
    app.anon()
        .post(REGISTER, body)
        .await
        .refused(401, "auth.social_invalid");
    verify(&app, proof).await.ok(200);
}
