//! What attackers do with sign-in by other providers.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{
    Key, MINE, PASSWORD, Provider, Reply, SIGN_IN, TestApp, begin, email, hmac_token, merged,
    unsigned_token, verify,
};

fn refusal(reply: &Reply) -> Value {
    let mut problem = reply.refused(401, "auth.social_invalid");
    problem["request_id"] = json!("");
    problem
}

async fn assert_nobody(app: &TestApp) {
    for table in ["users", "identities", "sessions"] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(app.count(&count).await, 0, "{table}");
    }
}

#[actix_web::test]
async fn no_lie_of_a_token_is_believed_and_all_are_refused_alike() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let now = app.clock.now().timestamp();
    let issuer = provider.issuer("google");
    let mut refusals = Vec::new();
    for (what, claims) in [
        ("another issuer", json!({ "iss": "https://evil.example" })),
        (
            "another provider of ours",
            json!({ "iss": provider.issuer("apple") }),
        ),
        (
            "issuer with a slash",
            json!({ "iss": format!("{issuer}/") }),
        ),
        ("issuer as a pattern", json!({ "iss": "https://{tenant}" })),
        (
            "two issuers",
            json!({ "iss": [issuer, "https://evil.example"] }),
        ),
        ("no issuer", json!({ "iss": null })),
        ("another audience", json!({ "aud": "evil" })),
        ("another provider's audience", json!({ "aud": "id.karya" })),
        ("empty audience", json!({ "aud": "" })),
        ("no audiences", json!({ "aud": [] })),
        ("no audience", json!({ "aud": null })),
        (
            "several, unasked",
            json!({ "aud": ["google-web", "evil"], "azp": null }),
        ),
        (
            "several, asked by another",
            json!({ "aud": ["google-web", "evil"], "azp": "evil" }),
        ),
        ("asked by another", json!({ "azp": "evil" })),
        ("expired", json!({ "exp": now - 60 })),
        ("expiry as text", json!({ "exp": (now + 600).to_string() })),
        ("expiry as a float", json!({ "exp": 9e99 })),
        ("no expiry", json!({ "exp": null })),
        ("issued tomorrow", json!({ "iat": now + 86_400 })),
        ("no time of issue", json!({ "iat": null })),
        ("not yet", json!({ "nbf": now + 600 })),
        ("no nonce", json!({ "nonce": null })),
        ("empty nonce", json!({ "nonce": "" })),
        ("invented nonce", json!({ "nonce": "karangan" })),
        ("no subject", json!({ "sub": null })),
        ("empty subject", json!({ "sub": "" })),
        ("long subject", json!({ "sub": "x".repeat(256) })),
    ] {
        let proof = provider.proof(&app.anon(), SIGN_IN, "sari", claims).await;
        let reply = verify(&app, proof).await;
        assert_eq!(reply.status, 401, "{what}");
        refusals.push(refusal(&reply));
    }
    let kid = &provider.key.kid;
    let public = provider.key.jwk().to_string().into_bytes();
    let stranger = Key::ec(kid);
    let other_family = Key::rsa("satu");
    let header = |alg: &str| json!({ "alg": alg, "kid": kid, "typ": "JWT" });
    type Forger<'a> = Box<dyn Fn(&Value) -> String + 'a>;
    let forgers: Vec<(&str, Forger<'_>)> = vec![
        (
            "none",
            Box::new(|claims| unsigned_token(&header("none"), claims)),
        ),
        (
            "unsigned",
            Box::new(|claims| unsigned_token(&header("ES256"), claims)),
        ),
        (
            "HS256 with the public key",
            Box::new(|claims| hmac_token(&public, &header("HS256"), claims)),
        ),
        (
            "HS256 with nothing",
            Box::new(|claims| hmac_token(b"", &header("HS256"), claims)),
        ),
        (
            "another's key",
            Box::new(|claims| stranger.token(&header("ES256"), claims)),
        ),
        (
            "another family",
            Box::new(|claims| other_family.token(&header("RS256"), claims)),
        ),
        (
            "the header lies",
            Box::new(|claims| provider.key.token(&header("RS256"), claims)),
        ),
        (
            "PS256",
            Box::new(|claims| provider.key.token(&header("PS256"), claims)),
        ),
        (
            "a key of its own",
            Box::new(|claims| {
                let own = json!({ "jwk": stranger.jwk(), "jku": "https://evil.example", "x5u": "https://evil.example" });
                stranger.token(&merged(header("ES256"), &own), claims)
            }),
        ),
        (
            "crit",
            Box::new(|claims| {
                provider.key.token(
                    &merged(header("ES256"), &json!({ "crit": ["exp"] })),
                    claims,
                )
            }),
        ),
        (
            "an access token",
            Box::new(|claims| {
                provider.key.token(
                    &merged(header("ES256"), &json!({ "typ": "at+jwt" })),
                    claims,
                )
            }),
        ),
        (
            "no key id",
            Box::new(|claims| {
                provider
                    .key
                    .token(&merged(header("ES256"), &json!({ "kid": null })), claims)
            }),
        ),
        (
            "cut off",
            Box::new(|claims| {
                let token = provider.sign(claims);
                token[..token.len() - 4].to_owned()
            }),
        ),
        ("garbage", Box::new(|_| "a.b.c".into())),
        (
            "claims of another",
            Box::new(|claims| {
                let signed = provider.sign(&merged(claims.clone(), &json!({ "sub": "korban" })));
                let own = provider.sign(claims);
                let parts: Vec<&str> = own.split('.').collect();
                format!(
                    "{}.{}.{}",
                    parts[0],
                    parts[1],
                    signed.split('.').nth(2).unwrap()
                )
            }),
        ),
    ];
    for (what, forge) in forgers {
        let begun = begin(&app.anon(), SIGN_IN, "google").await;
        let token = forge(&provider.claims("sari", &begun["nonce"]));
        let reply = verify(&app, json!({ "state": begun["state"], "id_token": token })).await;
        assert_eq!(reply.status, 401, "{what}: {}", reply.text());
        refusals.push(refusal(&reply));
        // A step has one answer, whether or not it was good.
        let token = provider.sign(&provider.claims("sari", &begun["nonce"]));
        refusals.push(refusal(
            &verify(&app, json!({ "state": begun["state"], "id_token": token })).await,
        ));
    }
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert_nobody(&app).await;
    assert_eq!(provider.asked("GET /keys"), 1);
    // Several audiences, one of them ours, asked for by us; and clocks that differ a little.
    let good = json!({ "aud": ["google-web", "lain"], "azp": "google-android", "iat": now + 59, "exp": now - 59 });
    let proof = provider.proof(&app.anon(), SIGN_IN, "sari", good).await;
    verify(&app, proof).await.ok(200);
}

#[actix_web::test]
async fn an_answer_is_to_one_question_of_one_kind_once() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    app.user("sari").await;
    app.user("budi").await;
    let anon = app.anon();
    let proof = async |client, path| provider.proof(client, path, "joko", json!({})).await;
    // The nonce of another question: whoever has seen a token cannot answer theirs with it.
    let (mine, theirs) = (proof(&anon, SIGN_IN).await, proof(&anon, SIGN_IN).await);
    let mixed = json!({ "state": mine["state"], "id_token": theirs["id_token"] });
    refusal(&verify(&app, mixed).await);
    // Replayed.
    verify(&app, theirs.clone()).await.ok(200);
    refusal(&verify(&app, theirs).await);
    // Too late, to the millisecond.
    let late = proof(&anon, SIGN_IN).await;
    app.clock.advance(Duration::minutes(10));
    refusal(&verify(&app, late).await);
    let (sari, budi) = (app.sign_in("sari").await, app.sign_in("budi").await);
    // What links does not sign in, nor the other way round, nor for somebody else.
    let linking = proof(&sari, MINE).await;
    refusal(&verify(&app, linking.clone()).await);
    let link = async |client: &crate::harness::Client<'_>, proof: &Value| {
        client
            .post("/v1/me/identities", json!({ "proof": proof }))
            .await
    };
    let over = ["/proof proof_not_accepted"];
    assert_eq!(link(&budi, &linking).await.faults(), over);
    let signing_in = proof(&anon, SIGN_IN).await;
    assert_eq!(link(&budi, &signing_in).await.faults(), over);
    // None of that used another's up.
    verify(&app, signing_in).await.ok(200);
    // The answer of one provider to the question to another.
    let begun = begin(&app.anon(), SIGN_IN, "apple").await;
    let token = provider.sign(&provider.claims("joko", &begun["nonce"]));
    refusal(&verify(&app, json!({ "state": begun["state"], "id_token": token })).await);
    app.clock.advance(Duration::minutes(11));
    let mut conn = app.parts.db.conn().await.unwrap();
    karya_auth::ops::sweep(&mut conn, app.clock.now())
        .await
        .unwrap();
    assert_eq!(
        app.count("SELECT count(*) FROM authorization_requests")
            .await,
        0
    );
}

#[actix_web::test]
async fn of_twenty_redemptions_one_succeeds() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let proof = provider
        .proof(&app.anon(), SIGN_IN, "sari", json!({}))
        .await;
    let race = join_all((0..20).map(|_| verify(&app, proof.clone()))).await;
    assert_eq!(race.iter().filter(|reply| reply.status == 200).count(), 1);
    for reply in race.iter().filter(|reply| reply.status != 200) {
        refusal(reply);
    }
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 1);
    // Twenty questions, one person who is new: one account.
    let proofs = join_all((0..20).map(|_| async {
        provider
            .proof(&app.anon(), SIGN_IN, "budi", json!({}))
            .await
    }))
    .await;
    let race = join_all(proofs.into_iter().map(|proof| verify(&app, proof))).await;
    let users: std::collections::BTreeSet<String> = race
        .into_iter()
        .map(|reply| reply.ok(200)["user"]["id"].to_string())
        .collect();
    assert_eq!(users.len(), 1);
    assert_eq!(app.count("SELECT count(*) FROM users").await, 2);
}

#[actix_web::test]
async fn an_unknown_key_is_asked_for_once_a_minute_and_keys_rotate() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    provider.sign_in(&app, "sari").await.ok(200);
    assert_eq!(provider.asked("GET /keys"), 1);
    app.clock.advance(Duration::minutes(1));
    let mut rotated = provider.clone();
    rotated.key = Key::rsa("dua");
    let guesses = join_all((0..20).map(|_| rotated.sign_in(&app, "sari"))).await;
    guesses.iter().for_each(|reply| drop(refusal(reply)));
    assert_eq!(provider.asked("GET /keys"), 2);
    provider.publish(&[&provider.key, &rotated.key]);
    refusal(&rotated.sign_in(&app, "sari").await);
    app.clock.advance(Duration::seconds(59));
    refusal(&rotated.sign_in(&app, "sari").await);
    app.clock.advance(Duration::seconds(1));
    rotated.sign_in(&app, "sari").await.ok(200);
    provider.sign_in(&app, "sari").await.ok(200);
    assert_eq!(provider.asked("GET /keys"), 3);
    // Withdrawn, the old one is good until what was fetched is stale: an hour, as the provider says.
    provider.publish(&[&rotated.key]);
    app.clock.advance(Duration::minutes(59));
    provider.sign_in(&app, "sari").await.ok(200);
    app.clock.advance(Duration::minutes(1));
    refusal(&provider.sign_in(&app, "sari").await);
    rotated.sign_in(&app, "sari").await.ok(200);
    assert_eq!(provider.asked("GET /keys"), 4);
}

#[actix_web::test]
async fn a_provider_that_does_not_answer_well_is_503_and_uses_nothing_up() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let proof = provider
        .proof(&app.anon(), SIGN_IN, "sari", json!({}))
        .await;
    let good = {
        let mut good = None;
        provider.keys(|keys| good = Some(keys.clone()));
        good.unwrap()
    };
    let body = good.body.clone();
    let mut asked = 0;
    for change in [
        &(|keys: &mut crate::harness::Keys| keys.delay = std::time::Duration::from_secs(5))
            as &dyn Fn(&mut crate::harness::Keys),
        &|keys| keys.body = format!("{body}{}", " ".repeat(200_000)),
        &|keys| keys.status = "500 Internal Server Error",
        &|keys| keys.body = "<html>".into(),
        &|keys| keys.body = r#"{"keys":[]}"#.into(),
        &|keys| {
            keys.status = "302 Found";
            keys.headers = "location: /keys\r\n".into();
        },
    ] {
        provider.keys(|keys| {
            *keys = good.clone();
            change(keys);
        });
        let reply = verify(&app, proof.clone()).await;
        reply.refused(503, "auth.provider_unavailable");
        assert_eq!(reply.header("retry-after"), Some("5"));
        // It is left alone for a while.
        asked += 1;
        verify(&app, proof.clone())
            .await
            .refused(503, "auth.provider_unavailable");
        assert_eq!(provider.asked("GET /keys"), asked);
        app.clock.advance(Duration::seconds(5));
    }
    provider.keys(|keys| *keys = good.clone());
    verify(&app, proof).await.ok(200);
    // Known keys go on being good for an hour after they are stale.
    provider.keys(|keys| keys.status = "500 Internal Server Error");
    app.clock.advance(Duration::minutes(61));
    provider.sign_in(&app, "sari").await.ok(200);
    app.clock.advance(Duration::minutes(60));
    provider
        .sign_in(&app, "sari")
        .await
        .refused(503, "auth.provider_unavailable");
}

/// Somebody registers with a stranger's address, and waits for the stranger to come.
#[actix_web::test]
async fn who_registered_with_a_strangers_address_gets_nothing_of_the_strangers() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let body = json!({ "email": email("sari"), "password": PASSWORD, "display_name": "Penyerang" });
    app.anon().post("/v1/auth/register", body).await.ok(202);
    app.run_jobs().await;
    let mail = app.mails_to(&email("sari")).pop().unwrap();
    let token = mail
        .text
        .split("token=")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    // With an account of a provider too, which proves no address.
    let claims = json!({ "sub": "penyerang", "email_verified": false });
    let proof = provider
        .proof(&app.anon(), SIGN_IN, "sari", claims.clone())
        .await;
    let body = json!({ "proof": proof, "email": email("sari") });
    app.anon()
        .post("/v1/auth/social/register", body)
        .await
        .ok(202);

    let tokens = provider.sign_in(&app, "sari").await.ok(200);
    assert_eq!(tokens["user"]["display_name"], "sari di Google");
    app.login("sari", None)
        .await
        .refused(401, "auth.invalid_credentials");
    let body = json!({ "token": token, "password": PASSWORD });
    app.anon()
        .post("/v1/auth/email-verification", body)
        .await
        .refused(422, "auth.verification_invalid");
    let proof = provider.proof(&app.anon(), SIGN_IN, "sari", claims).await;
    verify(&app, proof)
        .await
        .refused(409, "auth.email_required");
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
    assert_eq!(app.count("SELECT count(*) FROM passwords").await, 0);
}

/// The same, and the stranger comes by "forgot my password".
#[actix_web::test]
async fn who_claimed_a_strangers_address_does_not_come_in_after_the_stranger_sets_a_password() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let claims = json!({ "sub": "penyerang", "email_verified": false });
    let proof = async || {
        let anon = app.anon();
        provider.proof(&anon, SIGN_IN, "sari", claims.clone()).await
    };
    let body = json!({ "proof": proof().await, "email": email("sari") });
    app.anon()
        .post("/v1/auth/social/register", body)
        .await
        .ok(202);
    let ask = json!({ "email": email("sari") });
    app.anon()
        .post("/v1/auth/password-reset", ask)
        .await
        .ok(202);
    app.run_jobs().await;
    let mails = app.mails_to(&email("sari"));
    let mail = mails.iter().find(|mail| mail.text.contains("token="));
    let token = mail.unwrap().text.split("token=").nth(1).unwrap();
    let body = json!({ "token": token.lines().next(), "new_password": PASSWORD });
    app.anon()
        .post("/v1/auth/password-reset/confirm", body)
        .await
        .ok(200);
    app.login("sari", None).await.ok(200);
    verify(&app, proof().await)
        .await
        .refused(409, "auth.email_required");
    assert_eq!(app.count("SELECT count(*) FROM identities").await, 0);
}

/// The other way round: whoever comes to have the address at the provider does not get the account.
#[actix_web::test]
async fn an_account_that_has_the_address_is_linked_by_its_owner_alone() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let sari = app.user("sari").await;
    provider
        .sign_in(&app, "sari")
        .await
        .refused(409, "auth.link_required");
    assert_eq!(app.count("SELECT count(*) FROM identities").await, 0);
    app.run_jobs().await;
    let mail = app.mails_to(&email("sari")).pop().unwrap();
    assert_eq!(mail.subject, "Masuk dengan akun yang belum ditautkan");
    assert!(mail.text.contains("Google"), "{}", mail.text);
    let events = sari.get("/v1/me/security-events").await.ok(200);
    assert_eq!(events["items"][0]["reason"], "link_required");
    // An address that the provider has not proved tells nothing about anybody, and reaches nobody.
    let other = json!({ "email_verified": false });
    let proof = provider.proof(&app.anon(), SIGN_IN, "sari", other).await;
    verify(&app, proof)
        .await
        .refused(409, "auth.email_required");
    app.run_jobs().await;
    assert_eq!(app.mails_to(&email("sari")).len(), 1);
    // Typed in, it does what registering with it does: the mailbox hears of it, and nobody else.
    let other = json!({ "sub": "penyerang", "email_verified": false });
    let proof = provider.proof(&app.anon(), SIGN_IN, "sari", other).await;
    let body = json!({ "proof": proof, "email": email("sari") });
    app.anon()
        .post("/v1/auth/social/register", body)
        .await
        .ok(202);
    app.run_jobs().await;
    assert_eq!(
        app.mails_to(&email("sari")).pop().unwrap().subject,
        "Anda sudah punya akun Karya"
    );
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
    let linking = provider.proof(&sari, MINE, "sari", json!({})).await;
    sari.post("/v1/me/identities", json!({ "proof": linking }))
        .await
        .ok(201);
    provider.sign_in(&app, "sari").await.ok(200);
}

#[actix_web::test]
async fn nothing_that_is_stored_answers_a_question() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let begun = begin(&app.anon(), SIGN_IN, "google").await;
    let dump = app.dump().await;
    for secret in [&begun["state"], &begun["nonce"]] {
        assert!(!dump.contains(secret.as_str().unwrap()));
    }
}
