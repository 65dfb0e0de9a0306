//! Passkeys: adding them, signing in with them, removing them.

use serde_json::{Value, json};

use crate::harness::{Authenticator, Client, Forgery, Reply, SoftPasskey, TestApp};

const SARI: &str = "sari@contoh.id";

/// The token of a ceremony and what the authenticator gets of it.
pub async fn begin(client: &Client<'_>, path: &str) -> (String, String) {
    let reply = client.post(path, json!({})).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let begun = reply.ok(201);
    let text = |name: &str| begun[name].as_str().unwrap().to_owned();
    (text("ceremony_token"), text("options_json"))
}

pub async fn finish(client: &Client<'_>, token: &str, credential: &str) -> Reply {
    let body = json!({ "ceremony_token": token, "label": "Redmi", "credential_json": credential });
    client.post("/v1/me/passkeys", body).await
}

pub async fn add(client: &Client<'_>) -> (SoftPasskey, Value) {
    let (token, options) = begin(client, "/v1/me/passkeys/begin").await;
    let (passkey, credential) = SoftPasskey::make(&options);
    let added = finish(client, &token, &credential).await.ok(201);
    (passkey, added)
}

pub async fn verify(app: &TestApp, token: &str, credential: &str) -> Reply {
    let body = json!({ "ceremony_token": token, "credential_json": credential });
    app.anon().post("/v1/auth/passkey/verify", body).await
}

pub async fn sign_in(app: &TestApp, passkey: &SoftPasskey, forgery: &Forgery) -> Reply {
    let (token, options) = begin(&app.anon(), "/v1/auth/passkey/begin").await;
    verify(app, &token, &passkey.forge(&options, forgery)).await
}

#[actix_web::test]
async fn a_passkey_is_added_signs_in_and_is_removed() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let (token, options) = begin(&sari, "/v1/me/passkeys/begin").await;
    let asked: Value = serde_json::from_str(&options).unwrap();
    assert_eq!(asked["rp"], json!({ "id": "karya.test", "name": "Karya" }));
    assert_eq!(asked["user"]["name"], SARI);
    assert_eq!(asked["attestation"], "none");
    let selection = &asked["authenticatorSelection"];
    assert_eq!(
        (&selection["residentKey"], &selection["userVerification"]),
        (&json!("required"), &json!("required"))
    );
    let (passkey, credential) = SoftPasskey::make(&options);
    let added = finish(&sari, &token, &credential).await.ok(201);
    insta::assert_json_snapshot!(added, { ".id" => "[id]" }, @r#"
    {
      "created_at": "2026-06-01T05:00:00.000Z",
      "id": "[id]",
      "label": "Redmi"
    }
    "#);
    // Begun again, the same authenticator is asked to refuse.
    let (_, options) = begin(&sari, "/v1/me/passkeys/begin").await;
    let asked: Value = serde_json::from_str(&options).unwrap();
    assert_eq!(asked["excludeCredentials"].as_array().unwrap().len(), 1);

    let (token, options) = begin(&app.anon(), "/v1/auth/passkey/begin").await;
    let asked: Value = serde_json::from_str(&options).unwrap();
    assert_eq!(asked["allowCredentials"], json!([]));
    assert_eq!(
        (&asked["rpId"], &asked["userVerification"]),
        (&json!("karya.test"), &json!("required"))
    );
    let body = json!({
        "ceremony_token": token, "credential_json": passkey.sign(&options), "device_name": "Redmi", "platform": "android",
    });
    let reply = app.anon().post("/v1/auth/passkey/verify", body).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let tokens = reply.ok(200);
    let claims = app
        .parts
        .verifier
        .verify(tokens["access_token"].as_str().unwrap());
    assert_eq!(claims.unwrap().amr, ["pop", "user", "mfa"]);
    assert_eq!(tokens["user"]["email"], SARI);
    let me = app.with_tokens(&tokens);
    let session = me.get("/v1/me/sessions").await.ok(200)["items"][0].clone();
    assert_eq!(session["device_name"], "Redmi");
    let list = me.get("/v1/me/passkeys").await.ok(200);
    assert_eq!(list["items"][0]["last_used_at"], "2026-06-01T05:00:00.000Z");
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    app.anon().post("/v1/auth/refresh", refresh).await.ok(200);

    let path = format!("/v1/me/passkeys/{}", added["id"].as_str().unwrap());
    app.user("budi")
        .await
        .delete(&path)
        .await
        .refused(404, "request.not_found");
    me.delete(&path).await.ok(204);
    me.delete(&path).await.refused(404, "request.not_found");
    sign_in(&app, &passkey, &Forgery::default())
        .await
        .refused(401, "auth.passkey_invalid");
    app.run_jobs().await;
    let mails = app.mails_to(SARI);
    for subject in [
        "Kunci sandi ditambahkan ke akun Anda",
        "Kunci sandi dihapus dari akun Anda",
    ] {
        assert!(
            mails
                .iter()
                .any(|mail| mail.subject == subject && mail.text.contains("Redmi"))
        );
    }
}

#[actix_web::test]
async fn an_account_has_five_and_each_ceremony_adds_one() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let (token, options) = begin(&sari, "/v1/me/passkeys/begin").await;
    let (_, credential) = SoftPasskey::make(&options);
    let body = json!({ "ceremony_token": token, "label": " ", "credential_json": credential });
    let fault = sari.post("/v1/me/passkeys", body).await;
    assert_eq!(fault.faults(), ["/label required"]);
    let keyed = sari.clone().with("idempotency-key", "satu");
    let first = finish(&keyed, &token, &credential).await.ok(201);
    let again = finish(&keyed, &token, &credential).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.ok(201), first);
    let fault = finish(&sari, &token, &credential).await;
    assert_eq!(fault.faults(), ["/ceremony_token ceremony_over"]);
    for _ in 0..4 {
        add(&sari).await;
    }
    sari.post("/v1/me/passkeys/begin", json!({}))
        .await
        .refused(409, "auth.too_many_factors");
}

#[actix_web::test]
async fn an_android_app_that_is_listed_may_use_them() {
    let android = "android:apk-key-hash:Vb4mNWXFkZqXNPjW1HTj9nOhPZl1jBC3EO2TSXCZuoE";
    let app = TestApp::with(|parts| {
        parts.auth.passkeys.origins = vec!["https://karya.test".into(), android.into()];
    })
    .await;
    let sari = app.user("sari").await;
    let from = |origin: &str, kind| Forgery {
        origin: origin.into(),
        kind,
        ..Forgery::default()
    };
    let (token, options) = begin(&sari, "/v1/me/passkeys/begin").await;
    let (passkey, credential) =
        SoftPasskey::make_forged(&options, &from(android, "webauthn.create"), b"satu");
    finish(&sari, &token, &credential).await.ok(201);
    for origin in [android, "https://karya.test"] {
        sign_in(&app, &passkey, &from(origin, "webauthn.get"))
            .await
            .ok(200);
    }
    for origin in [
        "android:apk-key-hash:AAAA",
        "android:apk-key-hash:",
        "https://x.karya.test",
        "http://karya.test",
        "https://karya.test:444",
        "null",
    ] {
        sign_in(&app, &passkey, &from(origin, "webauthn.get"))
            .await
            .refused(401, "auth.passkey_invalid");
    }
}

#[actix_web::test]
async fn a_known_device_stays_known_and_a_strangers_token_does_not_count() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let (passkey, _) = add(&sari).await;
    let hers = app.login("sari", None).await.ok(200)["device_token"].clone();
    app.user("budi").await;
    let his = app.login("budi", None).await.ok(200)["device_token"].clone();
    for (device, stays) in [(&hers, true), (&his, false), (&json!("karangan"), false)] {
        let (token, options) = begin(&app.anon(), "/v1/auth/passkey/begin").await;
        let body = json!({ "ceremony_token": token, "credential_json": passkey.sign(&options), "device_token": device });
        let tokens = app
            .anon()
            .post("/v1/auth/passkey/verify", body)
            .await
            .ok(200);
        assert_eq!(tokens["device_token"] == *device, stays);
    }
}

/// It is a second factor of its own: the app is not asked for, at sign-in.
#[actix_web::test]
async fn with_an_authenticator_app_a_passkey_still_signs_in_alone_and_the_password_does_not() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let (passkey, _) = add(&sari).await;
    let phone = Authenticator::enrol(&app, &sari).await;
    app.challenge("sari", None).await;
    let tokens = sign_in(&app, &passkey, &Forgery::default()).await.ok(200);
    let me = app.with_tokens(&tokens);
    me.delete(&format!("/v1/me/factors/{}", phone.factor))
        .await
        .ok(204);
}
