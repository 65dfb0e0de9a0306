//! X, which gives authorization codes, and Facebook, whose classic login gives access tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use karya_core::sealing::sha256;
use serde_json::{Value, json};

use crate::harness::{
    Client, FACEBOOK_APP, MINE, Provider, Reply, SIGN_IN, TestApp, X_CLIENT, begin, email, merged,
    verify,
};

const VERIFY: &str = "/v1/auth/social/verify";
const REGISTER: &str = "/v1/auth/social/register";

/// The example of RFC 7636.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

async fn ask_x(client: &Client<'_>, path: &str) -> Value {
    let challenge = URL_SAFE_NO_PAD.encode(sha256(VERIFIER.as_bytes()));
    let body = json!({ "provider": "x", "code_challenge": challenge });
    client.post(path, body).await.ok(201)
}

fn sari() -> Value {
    json!({ "id": "2244994945", "name": "Sari Batik", "username": "saribatik" })
}

async fn proof(provider: &Provider, client: &Client<'_>, path: &str) -> Value {
    let begun = ask_x(client, path).await;
    let url = begun["authorization_url"].as_str().unwrap();
    let (code, query) = provider.authorize(url, &sari());
    json!({ "state": query["state"], "code": code, "code_verifier": VERIFIER })
}

async fn link(client: &Client<'_>, proof: Value) -> Reply {
    client
        .post("/v1/me/identities", json!({ "proof": proof }))
        .await
}

#[actix_web::test]
async fn x_is_linked_and_signs_in() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let client = app.user("sari").await;
    let begun = ask_x(&client, MINE).await;
    assert!(begun.get("nonce").is_none());
    let url = begun["authorization_url"].as_str().unwrap();
    assert!(
        url.starts_with("https://x.com/i/oauth2/authorize?"),
        "{url}"
    );
    let (code, query) = provider.authorize(url, &sari());
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", X_CLIENT),
        ("redirect_uri", "id.karya:/masuk"),
        ("scope", "users.read tweet.read"),
        ("code_challenge_method", "S256"),
        ("state", begun["state"].as_str().unwrap()),
    ] {
        assert_eq!(query[name], value);
    }
    let linked = json!({ "state": query["state"], "code": code, "code_verifier": VERIFIER });
    let linked = link(&client, linked).await.ok(201);
    assert_eq!(
        (&linked["provider"], &linked["label"]),
        (&json!("x"), &json!("@saribatik"))
    );
    let again = proof(&provider, &app.anon(), SIGN_IN).await;
    let tokens = verify(&app, again).await.ok(200);
    assert_eq!(tokens["user"]["email"], email("sari"));
}

/// X gives no address, so the app asks for one.
#[actix_web::test]
async fn somebody_new_comes_from_x_with_an_address_that_a_mail_proves() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let send = async |path: &str, more: Value| {
        let proof = proof(&provider, &app.anon(), SIGN_IN).await;
        let body = merged(json!({ "proof": proof }), &more);
        app.anon().post(path, body).await
    };
    send(VERIFY, json!({}))
        .await
        .refused(409, "auth.email_required");
    let address = json!({ "email": email("sari") });
    send(REGISTER, address).await.ok(202);
    app.run_jobs().await;
    let mail = app.mails_to(&email("sari")).pop().unwrap();
    let code = mail
        .text
        .split("Kode Anda:\n")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let tokens = send(VERIFY, json!({ "email_token": code })).await.ok(200);
    assert_eq!(tokens["user"]["display_name"], "Sari Batik");
}

#[actix_web::test]
async fn a_code_without_its_verifier_is_nothing() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let client = app.user("sari").await;
    let own = proof(&provider, &client, MINE).await;
    link(&client, own).await.ok(201);
    let refused = async |proof: Value| {
        verify(&app, proof)
            .await
            .refused(401, "auth.social_invalid");
    };
    let asked = provider.asked("POST /token");
    // Somebody who caught the address that X sent the browser to has the code and the state.
    let mut caught = proof(&provider, &app.anon(), SIGN_IN).await;
    caught["code_verifier"] = json!("x".repeat(43));
    refused(caught.clone()).await;
    assert_eq!(provider.asked("POST /token"), asked, "X is not even asked");
    caught["code_verifier"] = json!(VERIFIER);
    refused(caught).await;
    // The code of another question, whose verifier is another.
    let begun = ask_x(&app.anon(), SIGN_IN).await;
    let other =
        json!({ "provider": "x", "code_challenge": URL_SAFE_NO_PAD.encode(sha256(b"lain")) });
    let other = app.anon().post(SIGN_IN, other).await.ok(201);
    let (code, _) = provider.authorize(other["authorization_url"].as_str().unwrap(), &sari());
    refused(json!({ "state": begun["state"], "code": code, "code_verifier": VERIFIER })).await;
    // Invented, and used before.
    let begun = ask_x(&app.anon(), SIGN_IN).await;
    refused(json!({ "state": begun["state"], "code": "karangan", "code_verifier": VERIFIER }))
        .await;
    let good = proof(&provider, &app.anon(), SIGN_IN).await;
    let race = join_all((0..20).map(|_| verify(&app, good.clone()))).await;
    assert_eq!(race.iter().filter(|reply| reply.status == 200).count(), 1);
    refused(good).await;
}

#[actix_web::test]
async fn x_sends_people_only_where_it_is_written() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let challenge = URL_SAFE_NO_PAD.encode(sha256(VERIFIER.as_bytes()));
    for (body, fault) in [
        (json!({}), "/code_challenge required"),
        (
            json!({ "code_challenge": "=".repeat(43) }),
            "/code_challenge format",
        ),
        (
            json!({ "code_challenge": challenge, "redirect_uri": "https://karya.test/masuk/" }),
            "/redirect_uri not_registered",
        ),
        (
            json!({ "code_challenge": challenge, "redirect_uri": "https://evil.example" }),
            "/redirect_uri not_registered",
        ),
    ] {
        let body = merged(body, &json!({ "provider": "x" }));
        assert_eq!(app.anon().post(SIGN_IN, body).await.faults(), [fault]);
    }
    let web = json!({ "provider": "x", "code_challenge": challenge, "redirect_uri": "https://karya.test/masuk" });
    let begun = app.anon().post(SIGN_IN, web).await.ok(201);
    let (code, _) = provider.authorize(begun["authorization_url"].as_str().unwrap(), &sari());
    let proof = json!({ "state": begun["state"], "code": code, "code_verifier": VERIFIER });
    verify(&app, proof)
        .await
        .refused(409, "auth.email_required");
    // An ID token is not what X gives.
    let begun = ask_x(&app.anon(), SIGN_IN).await;
    let token = provider.sign(&provider.claims("sari", &json!("x")));
    let fault = verify(&app, json!({ "state": begun["state"], "id_token": token })).await;
    assert_eq!(fault.faults(), ["/proof/code required"]);
}

/// What Facebook says of a token of our app.
fn inspection(app: &TestApp) -> Value {
    json!({
        "app_id": FACEBOOK_APP, "type": "USER", "is_valid": true, "user_id": "1001",
        "expires_at": app.clock.now().timestamp() + 3600, "scopes": ["email", "public_profile"],
    })
}

fn me() -> Value {
    json!({ "id": "1001", "name": "Sari Dewi", "email": email("sari") })
}

async fn with_access_token(app: &TestApp, token: &str, more: Value) -> Reply {
    let begun = begin(&app.anon(), SIGN_IN, "facebook").await;
    let proof = json!({ "state": begun["state"], "access_token": token });
    let path = if more.get("email").is_some() {
        REGISTER
    } else {
        VERIFY
    };
    let body = merged(json!({ "proof": proof }), &more);
    app.anon().post(path, body).await
}

#[actix_web::test]
async fn facebooks_two_logins_are_one_identity() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let client = app.user("sari").await;
    // Limited Login: an ID token, whose word on the address is not taken.
    let begun = begin(&client, MINE, "facebook").await;
    let now = app.clock.now().timestamp();
    let limited = |nonce: &Value| {
        json!({
            "iss": provider.issuer("facebook"), "aud": FACEBOOK_APP, "sub": "1001", "nonce": nonce, "iat": now,
            "exp": now + 3600, "jti": "a.b", "email": email("sari"), "name": "Sari Dewi",
        })
    };
    let token = provider.sign(&limited(&begun["nonce"]));
    let linked = link(
        &client,
        json!({ "state": begun["state"], "id_token": token }),
    )
    .await;
    linked.ok(201);
    let token = provider.access_token(&inspection(&app), &me());
    let tokens = with_access_token(&app, &token, json!({})).await.ok(200);
    assert_eq!(tokens["user"]["email"], email("sari"));
    // It says nothing about now, so it is no step-up.
    let begun = begin(&client, MINE, "facebook").await;
    let body = json!({ "proof": { "state": begun["state"], "access_token": token } });
    let fault = client.post("/v1/auth/step-up", body).await;
    assert_eq!(fault.faults(), ["/proof/id_token required"]);
    let token = provider.sign(&limited(&begun["nonce"]));
    let body = json!({ "proof": { "state": begun["state"], "id_token": token } });
    client.post("/v1/auth/step-up", body).await.ok(200);
    // Without a secret there is no classic login.
    let app = provider
        .app_with(|options| options.facebook.app_secret.clear())
        .await;
    let fault = with_access_token(&app, "EAA", json!({})).await;
    assert_eq!(fault.faults(), ["/proof/id_token required"]);
}

#[actix_web::test]
async fn an_access_token_is_of_our_app_and_its_owner() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let good = inspection(&app);
    let now = app.clock.now().timestamp();
    for (what, other, me) in [
        ("another app's", json!({ "app_id": "666" }), me()),
        ("no app's", json!({ "app_id": null }), me()),
        ("not good", json!({ "is_valid": false }), me()),
        ("good in words", json!({ "is_valid": null }), me()),
        ("over", json!({ "expires_at": now }), me()),
        ("a page's", json!({ "type": "PAGE" }), me()),
        ("nobody's", json!({ "user_id": null }), me()),
        ("another's", json!({ "user_id": "1002" }), me()),
        (
            "of somebody without an id",
            json!({ "user_id": "" }),
            json!({ "id": "" }),
        ),
    ] {
        let token = provider.access_token(&merged(good.clone(), &other), &me);
        let reply = with_access_token(&app, &token, json!({})).await;
        assert_eq!(reply.status, 401, "{what}: {}", reply.text());
        reply.refused(401, "auth.social_invalid");
    }
    with_access_token(&app, "karangan", json!({}))
        .await
        .refused(401, "auth.social_invalid");
    // It does not say whether it has proved the address: that is not taken, and tells nothing of who has it.
    app.user("sari").await;
    let token = provider.access_token(&good, &me());
    with_access_token(&app, &token, json!({}))
        .await
        .refused(409, "auth.email_required");
    with_access_token(&app, &token, json!({ "email": "sari.baru@contoh.id" }))
        .await
        .ok(202);
    app.run_jobs().await;
    let mail = app.mails_to("sari.baru@contoh.id").pop().unwrap();
    let code = mail
        .text
        .split("Kode Anda:\n")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let tokens = with_access_token(&app, &token, json!({ "email_token": code }))
        .await
        .ok(200);
    assert_eq!(tokens["user"]["display_name"], "Sari Dewi");
}
