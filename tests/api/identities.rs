//! Accounts at other providers that are linked to one's own.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Client, MINE, PASSWORD, Provider, Reply, SIGN_IN, TestApp, email};

async fn link(provider: &Provider, client: &Client<'_>, name: &str) -> Reply {
    let proof = provider.proof(client, MINE, name, json!({})).await;
    client
        .post("/v1/me/identities", json!({ "proof": proof }))
        .await
}

fn path(identity: &Value) -> String {
    format!("/v1/me/identities/{}", identity["id"].as_str().unwrap())
}

#[actix_web::test]
async fn an_identity_is_linked_signs_in_and_is_unlinked() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let sari = app.user("sari").await;
    // Whatever the address there is.
    let linked = link(&provider, &sari, "sari.pribadi").await.ok(201);
    assert_eq!(linked["label"], "sari.pribadi@contoh.id");
    let tokens = provider.sign_in(&app, "sari.pribadi").await.ok(200);
    assert_eq!(tokens["user"]["email"], email("sari"));
    assert_eq!(
        link(&provider, &sari, "sari.pribadi").await.ok(201)["id"],
        linked["id"]
    );
    let budi = app.user("budi").await;
    budi.delete(&path(&linked))
        .await
        .refused(404, "request.not_found");
    sari.delete(&path(&linked)).await.ok(204);
    sari.delete(&path(&linked))
        .await
        .refused(404, "request.not_found");
    assert_eq!(
        sari.get("/v1/me/identities").await.ok(200),
        json!({ "items": [] })
    );
    // The session that it began goes on; another account is what it signs in to from now on.
    app.with_tokens(&tokens).get("/v1/me").await.ok(200);
    let other = provider.sign_in(&app, "sari.pribadi").await.ok(200);
    assert_ne!(other["user"]["id"], tokens["user"]["id"]);
    app.run_jobs().await;
    let mails = app.mails_to(&email("sari"));
    for subject in [
        "Cara masuk baru ditautkan ke akun Anda",
        "Cara masuk dilepaskan dari akun Anda",
    ] {
        let found: Vec<_> = mails
            .iter()
            .filter(|mail| mail.subject == subject)
            .collect();
        assert_eq!(found.len(), 1, "{subject}");
        assert!(found[0].text.contains("Google"));
    }
    let events = sari.get("/v1/me/security-events").await.ok(200).to_string();
    assert!(
        events.contains("identity_linked") && events.contains("identity_unlinked"),
        "{events}"
    );
}

#[actix_web::test]
async fn an_identity_is_of_one_account_and_an_account_has_one_of_each_provider() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    link(&provider, &sari, "satu").await.ok(201);
    link(&provider, &budi, "satu")
        .await
        .refused(409, "auth.identity_in_use");
    link(&provider, &sari, "dua")
        .await
        .refused(409, "auth.provider_linked");
    // Of many at once, one account has it.
    let mut proofs = Vec::new();
    let mut clients = Vec::new();
    for n in 0..10 {
        let client = app.user(&format!("orang{n}")).await;
        proofs.push(provider.proof(&client, MINE, "tiga", json!({})).await);
        clients.push(client);
    }
    let race = join_all(
        clients
            .iter()
            .zip(proofs)
            .map(|(client, proof)| async move {
                client
                    .post("/v1/me/identities", json!({ "proof": proof }))
                    .await
            }),
    )
    .await;
    assert_eq!(race.iter().filter(|reply| reply.status == 201).count(), 1);
    for lost in race.iter().filter(|reply| reply.status != 201) {
        lost.refused(409, "auth.identity_in_use");
    }
    // An account that the same person began with it, and never proved, makes room.
    let other = json!({ "email_verified": false });
    let proof = provider.proof(&app.anon(), SIGN_IN, "empat", other).await;
    let body = json!({ "proof": proof, "email": "empat@contoh.id" });
    app.anon()
        .post("/v1/auth/social/register", body)
        .await
        .ok(202);
    link(&provider, &budi, "empat").await.ok(201);
    assert_eq!(
        app.count("SELECT count(*) FROM emails WHERE verified_at IS NULL")
            .await,
        0
    );
}

#[actix_web::test]
async fn changing_them_takes_a_recent_proof_and_a_key_repeats_the_reply() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    app.user("sari").await;
    let mut tokens = app.login("sari", None).await.ok(200);
    let sari = app.with_tokens(&tokens);
    let proof = provider.proof(&sari, MINE, "sari", json!({})).await;
    let keyed = sari.clone().with("idempotency-key", "satu");
    let body = json!({ "proof": proof });
    let linked = keyed.post("/v1/me/identities", body.clone()).await.ok(201);
    let again = keyed.post("/v1/me/identities", body.clone()).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.ok(201), linked);
    let fault = sari.post("/v1/me/identities", body).await;
    assert_eq!(fault.faults(), ["/proof proof_not_accepted"]);
    app.clock.advance(Duration::minutes(10));
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    tokens = app.anon().post("/v1/auth/refresh", refresh).await.ok(200);
    let sari = app.with_tokens(&tokens);
    link(&provider, &sari, "dua")
        .await
        .refused(403, "auth.step_up_required");
    sari.delete(&path(&linked))
        .await
        .refused(403, "auth.step_up_required");
}

#[actix_web::test]
async fn the_last_way_to_sign_in_stays() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let tokens = provider.sign_in(&app, "sari").await.ok(200);
    let sari = app.with_tokens(&tokens);
    let identity = sari.get("/v1/me/identities").await.ok(200)["items"][0].clone();
    sari.delete(&path(&identity))
        .await
        .refused(409, "auth.last_sign_in_method");
    provider.sign_in(&app, "sari").await.ok(200);
    // With a passkey one of the two may go, whichever; never both.
    let (_, passkey) = crate::passkeys::add(&sari).await;
    let passkey = format!("/v1/me/passkeys/{}", passkey["id"].as_str().unwrap());
    let identity = path(&identity);
    let (one, two) = futures_util::join!(sari.delete(&identity), sari.delete(&passkey));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    let ways = "SELECT (SELECT count(*) FROM identities) + (SELECT count(*) FROM passkeys)";
    assert_eq!(app.count(ways).await, 1);
}

#[actix_web::test]
async fn a_copy_of_ones_data_has_them() {
    let provider = Provider::start().await;
    let app: TestApp = provider.app().await;
    let sari = app.user("sari").await;
    link(&provider, &sari, "sari").await.ok(201);
    let export = sari.post("/v1/me/data-exports", json!({})).await.ok(202);
    app.run_jobs().await;
    app.run_jobs().await;
    let path = format!(
        "/v1/me/data-exports/{}/content",
        export["id"].as_str().unwrap()
    );
    let copy = sari.get(&path).await.ok(200);
    let identity = &copy["tables"]["identities"][0];
    assert_eq!(
        (
            &identity["provider"],
            &identity["subject"],
            &identity["label"]
        ),
        (&json!("google"), &json!("sub-sari"), &json!(email("sari")))
    );
}

#[actix_web::test]
async fn an_account_without_a_password_gets_one_by_mail_and_proves_itself_by_its_provider() {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let mut tokens = provider.sign_in(&app, "sari").await.ok(200);
    app.login("sari", None)
        .await
        .refused(401, "auth.invalid_credentials");
    app.clock.advance(Duration::minutes(11));
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    tokens = app.anon().post("/v1/auth/refresh", refresh).await.ok(200);
    let sari = app.with_tokens(&tokens);
    let label = json!({ "label": "HP" });
    sari.post("/v1/me/factors/totp", label.clone())
        .await
        .refused(403, "auth.step_up_required");
    let fault = sari
        .post("/v1/auth/step-up", json!({ "password": PASSWORD }))
        .await;
    assert_eq!(fault.faults(), ["/password wrong_password"]);
    let change = json!({ "current_password": PASSWORD, "new_password": "perahu-kuning-di-teluk" });
    let fault = sari.post("/v1/me/password", change).await;
    assert_eq!(fault.faults(), ["/current_password wrong_password"]);
    // A stranger's, and one of a sign-in.
    let his = provider.proof(&sari, MINE, "budi", json!({})).await;
    let fault = sari.post("/v1/auth/step-up", json!({ "proof": his })).await;
    assert_eq!(fault.faults(), ["/proof proof_not_accepted"]);
    let hers = provider
        .proof(&app.anon(), SIGN_IN, "sari", json!({}))
        .await;
    let fault = sari
        .post("/v1/auth/step-up", json!({ "proof": hers }))
        .await;
    assert_eq!(fault.faults(), ["/proof proof_not_accepted"]);
    let proof = provider.proof(&sari, MINE, "sari", json!({})).await;
    let keyed = sari.clone().with("idempotency-key", "satu");
    keyed
        .post("/v1/auth/step-up", json!({ "proof": proof }))
        .await
        .ok(200);
    let again = keyed
        .post("/v1/auth/step-up", json!({ "proof": proof }))
        .await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    sari.post("/v1/me/factors/totp", label).await.ok(201);

    let ask = json!({ "email": email("sari") });
    app.anon()
        .post("/v1/auth/password-reset", ask)
        .await
        .ok(202);
    app.run_jobs().await;
    let mail = app.mails_to(&email("sari")).pop().unwrap();
    let token = mail
        .text
        .split("token=")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let body = json!({ "token": token, "new_password": PASSWORD });
    app.anon()
        .post("/v1/auth/password-reset/confirm", body)
        .await
        .ok(200);
    app.login("sari", None).await.ok(200);
    provider.sign_in(&app, "sari").await.ok(200);
}
