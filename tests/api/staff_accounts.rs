//! What staff does with accounts of others: locks, sessions, roles, and help for who lost every factor.

use actix_web::http::Method;
use chrono::Duration;
use futures_util::future::join_all;
use karya_core::Role;
use serde_json::{Value, json};

use crate::harness::{Authenticator, Client, PASSWORD, TestApp};

async fn id_of(client: &Client<'_>) -> String {
    let me = client.get("/v1/me").await.ok(200);
    me["id"].as_str().unwrap().to_owned()
}

fn lock() -> Value {
    json!({ "reason": "compromised", "note": "Tiket 4711" })
}

const EVIDENCE: &str = "Panggilan video: KTP asli dan wajah cocok";

async fn ask(admin: &Client<'_>, user: &str) -> Value {
    let path = format!("/v1/accounts/{user}/factor-resets");
    let body = json!({ "evidence": EVIDENCE });
    admin.post(&path, body).await.ok(201)
}

async fn settle(staff: &Client<'_>, reset: &Value, verdict: &str) -> crate::harness::Reply {
    let id = reset["id"].as_str().unwrap();
    let path = format!("/v1/factor-resets/{id}/{verdict}");
    staff.post(&path, json!({})).await
}

#[actix_web::test]
async fn a_locked_account_does_nothing_at_once_until_it_is_unlocked() {
    let app = TestApp::new().await;
    let admin = app.staff("tuti", Role::Admin).await;
    let sari = app.user("sari").await;
    let tokens = app.login("sari", None).await.ok(200);
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    let id = id_of(&sari).await;
    let locked = admin
        .post(&format!("/v1/accounts/{id}/lock"), lock())
        .await
        .ok(200);
    assert_eq!(
        (
            &locked["state"],
            &locked["lock_reason"],
            &locked["lock_note"]
        ),
        (
            &json!("locked"),
            &json!("compromised"),
            &json!("Tiket 4711")
        )
    );
    sari.get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
    app.anon()
        .post("/v1/auth/refresh", refresh)
        .await
        .refused(401, "auth.refresh_invalid");
    app.login("sari", None)
        .await
        .refused(403, "auth.account_locked");
    let change = json!({ "reason": "fraud" });
    let again = admin
        .post(&format!("/v1/accounts/{id}/lock"), change)
        .await
        .ok(200);
    assert_eq!(again["lock_reason"], "fraud");
    assert!(again["lock_note"].is_null());
    let unlocked = admin
        .post(&format!("/v1/accounts/{id}/unlock"), json!({}))
        .await
        .ok(200);
    assert_eq!(unlocked["state"], "active");
    assert!(unlocked["lock_reason"].is_null());
    sari.get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
    app.sign_in("sari").await.get("/v1/me").await.ok(200);
    app.run_jobs().await;
    let mails = app.mails_to("sari@contoh.id");
    let subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(
        subjects,
        ["Akun Karya Anda dikunci", "Akun Karya Anda dibuka lagi"]
    );
    let events = admin
        .get(&format!("/v1/accounts/{id}/security-events?limit=100"))
        .await
        .ok(200);
    let by_staff: Vec<String> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["by_staff"] == true)
        .map(|event| format!("{} {}", event["kind"], event["reason"]).replace('"', ""))
        .collect();
    assert_eq!(
        by_staff,
        ["account_active null", "account_locked compromised"],
        "a new reason is no new lock"
    );
}

#[actix_web::test]
async fn only_admins_who_proved_themselves_lately_manage_accounts() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let id = id_of(&sari).await;
    app.staff("tuti", Role::Admin).await;
    let mut tokens = app.login("tuti", None).await.ok(200);
    app.clock.advance(Duration::minutes(11));
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    tokens = app.anon().post("/v1/auth/refresh", refresh).await.ok(200);
    let admin = app.with_tokens(&tokens);
    let sari = app.sign_in("sari").await;
    let verifier = app.staff("vera", Role::Verifier).await;
    let calls = [
        (Method::GET, "/v1/accounts".to_owned(), None),
        (Method::GET, format!("/v1/accounts/{id}"), None),
        (Method::GET, "/v1/factor-resets".to_owned(), None),
        (
            Method::POST,
            format!("/v1/accounts/{id}/lock"),
            Some(lock()),
        ),
        (
            Method::POST,
            format!("/v1/accounts/{id}/end-sessions"),
            Some(json!({})),
        ),
        (
            Method::PUT,
            format!("/v1/accounts/{id}/roles/verifier"),
            None,
        ),
    ];
    for (method, path, body) in &calls {
        let send = async |client: &Client<'_>| {
            let kind = body.as_ref().map(|_| "application/json");
            let body = body.as_ref().map_or(vec![], |b| b.to_string().into_bytes());
            client.send(method.clone(), path, kind, body).await
        };
        for client in [&sari, &verifier] {
            send(client).await.refused(403, "account.staff_required");
        }
        if *method != Method::GET {
            send(&admin).await.refused(403, "auth.step_up_required");
        }
    }
    let found = admin.get("/v1/accounts?email=sari@contoh.id").await.ok(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(found["items"][0]["id"], id.as_str());
    let found = admin.get("/v1/accounts?role=verifier").await.ok(200);
    assert_eq!(found["items"][0]["display_name"], "vera");
    let none = admin.get("/v1/accounts?state=locked").await.ok(200);
    assert_eq!(none["items"], json!([]));
    admin
        .get("/v1/accounts?email=sari")
        .await
        .refused(400, "request.invalid_query");
    let admin = app.sign_in("tuti").await;
    let nobody = "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b";
    admin
        .post(&format!("/v1/accounts/{nobody}/lock"), lock())
        .await
        .refused(404, "request.not_found");
}

#[actix_web::test]
async fn admins_do_not_lock_themselves_out() {
    let app = TestApp::new().await;
    let admin = app.staff("tuti", Role::Admin).await;
    let other = app.staff("wati", Role::Admin).await;
    let (mine, theirs) = (id_of(&admin).await, id_of(&other).await);
    let path = |id: &str, what: &str| format!("/v1/accounts/{id}/{what}");
    admin
        .post(&path(&mine, "lock"), lock())
        .await
        .refused(409, "account.own");
    admin
        .delete(&path(&mine, "roles/admin"))
        .await
        .refused(409, "account.own");
    // Each wants the other out: one of them stays.
    let outcomes = join_all([
        admin.post(&path(&theirs, "lock"), lock()),
        other.post(&path(&mine, "lock"), lock()),
    ])
    .await;
    let won = outcomes.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
    let left = app
        .count("SELECT count(*) FROM users JOIN user_roles ON user_id = id WHERE role = 'admin' AND state = 'active'")
        .await;
    assert_eq!(left, 1);
}

#[actix_web::test]
async fn the_last_admin_stays_one() {
    let app = TestApp::new().await;
    let admin = app.staff("tuti", Role::Admin).await;
    let other = app.staff("wati", Role::Admin).await;
    let theirs = id_of(&other).await;
    admin
        .delete(&format!("/v1/accounts/{theirs}/roles/admin"))
        .await
        .ok(200);
    other
        .get("/v1/accounts")
        .await
        .refused(401, "auth.unauthenticated");
    let mut conn = app.parts.db.conn().await.unwrap();
    let mine = id_of(&admin).await.parse::<uuid::Uuid>().unwrap();
    let mine = karya_core::UserId::from_uuid(mine);
    let refused = karya_auth::ops::revoke_role(&mut conn, None, mine, Role::Admin).await;
    assert!(matches!(refused, Err(karya_auth::AuthError::LastAdmin)));
    let refused = karya_auth::ops::lock_account(
        &mut conn,
        app.clock.now(),
        None,
        mine,
        (karya_auth::LockReason::Abuse, None),
    )
    .await;
    assert!(matches!(refused, Err(karya_auth::AuthError::LastAdmin)));
}

#[actix_web::test]
async fn roles_come_and_go_and_count_at_once() {
    let app = TestApp::new().await;
    let admin = app.staff("tuti", Role::Admin).await;
    let sari = app.user("sari").await;
    let id = id_of(&sari).await;
    let path = format!("/v1/accounts/{id}/roles/verifier");
    for _ in 0..2 {
        let account = admin.put(&path, json!({})).await.ok(200);
        assert_eq!(account["roles"], json!(["verifier"]));
    }
    sari.get("/v1/mentor-applications").await.ok(200);
    let account = admin.delete(&path).await.ok(200);
    assert_eq!(account["roles"], json!([]));
    sari.get("/v1/mentor-applications")
        .await
        .refused(401, "auth.unauthenticated");
    admin
        .put(&format!("/v1/accounts/{id}/roles/mentor"), json!({}))
        .await
        .refused(409, "account.mentor_role");
    admin
        .put(&format!("/v1/accounts/{id}/roles/emperor"), json!({}))
        .await
        .refused(404, "request.not_found");
}

#[actix_web::test]
async fn staff_sends_the_reset_mail_and_sees_no_password() {
    let app = TestApp::new().await;
    let admin = app.staff("tuti", Role::Admin).await;
    let id = id_of(&app.user("sari").await).await;
    let reply = admin
        .post(&format!("/v1/accounts/{id}/send-password-reset"), json!({}))
        .await
        .ok(202);
    assert_eq!(reply, json!({ "status": "mail_sent" }));
    app.run_jobs().await;
    let mails = app.mails_to("sari@contoh.id");
    assert_eq!(mails.len(), 1);
    assert!(mails[0].text.contains("/reset-password?token="));
    let ended = admin
        .post(&format!("/v1/accounts/{id}/end-sessions"), json!({}))
        .await
        .ok(200);
    assert_eq!(ended["ended"], 1);
}

#[actix_web::test]
async fn two_members_of_staff_and_a_day_stand_in_for_lost_factors() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let id = id_of(&sari).await;
    let admin = app.staff("tuti", Role::Admin).await;
    let path = format!("/v1/accounts/{id}/factor-resets");
    admin
        .post(&path, json!({ "evidence": EVIDENCE }))
        .await
        .refused(409, "auth.no_factor");
    Authenticator::enrol(&app, &sari).await;
    let faults = admin
        .post(&path, json!({ "evidence": "ya" }))
        .await
        .faults();
    assert_eq!(faults, ["/evidence too_short"]);
    let reset = ask(&admin, &id).await;
    assert_eq!(reset["state"], "open");
    admin
        .post(&path, json!({ "evidence": EVIDENCE }))
        .await
        .refused(409, "account.factor_reset_open");
    settle(&admin, &reset, "approve")
        .await
        .refused(409, "account.four_eyes");
    let other = app.staff("wati", Role::Admin).await;
    let early = settle(&other, &reset, "approve").await;
    assert_eq!(early.header("retry-after"), Some("86400"));
    early.refused(409, "account.factor_reset_early");
    app.login("sari", None)
        .await
        .refused(401, "auth.factor_required");
    app.clock.advance(Duration::hours(24));
    let other = app.sign_in("wati").await;
    let open = other.get("/v1/factor-resets").await.ok(200);
    assert_eq!(open["items"][0]["id"], reset["id"]);
    let approved = join_all((0..5).map(|_| settle(&other, &reset, "approve"))).await;
    let won = approved.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
    settle(&other, &reset, "refuse")
        .await
        .refused(409, "account.factor_reset_over");
    sari.get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
    app.login("sari", None).await.ok(200);
    app.run_jobs().await;
    let mails = app.mails_to("sari@contoh.id");
    let subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert!(
        subjects.contains(&"Permintaan menghapus faktor kedua akun Anda"),
        "{subjects:?}"
    );
    assert!(
        subjects.contains(&"Faktor kedua akun Anda dihapus"),
        "{subjects:?}"
    );
}

#[actix_web::test]
async fn whoever_shows_a_factor_ends_the_request_to_remove_it() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let id = id_of(&sari).await;
    let phone = Authenticator::enrol(&app, &sari).await;
    let admin = app.staff("tuti", Role::Admin).await;
    app.staff("wati", Role::Admin).await;
    let reset = ask(&admin, &id).await;
    phone.next();
    let challenge = app.challenge("sari", None).await;
    app.answer(&challenge, "totp", &phone.code()).await.ok(200);
    app.clock.advance(Duration::hours(25));
    let other = app.sign_in("wati").await;
    settle(&other, &reset, "approve")
        .await
        .refused(409, "account.factor_reset_over");
    // One that nobody decided on in a week is in nobody's way.
    let admin = app.sign_in("tuti").await;
    let reset = ask(&admin, &id).await;
    app.clock.advance(Duration::days(9));
    let (admin, other) = (app.sign_in("tuti").await, app.sign_in("wati").await);
    settle(&other, &reset, "approve")
        .await
        .refused(409, "account.factor_reset_over");
    let reset = ask(&admin, &id).await;
    settle(&other, &reset, "refuse").await.ok(200);
    let body = json!({ "email": "sari@contoh.id", "password": PASSWORD });
    app.anon()
        .post("/v1/auth/login", body)
        .await
        .refused(401, "auth.factor_required");
}

#[actix_web::test]
async fn a_lock_reaches_an_account_that_closes_and_its_end_does_not_open_it() {
    let app = TestApp::new().await;
    let admin = app.staff("tuti", Role::Admin).await;
    let sari = app.user("sari").await;
    let id = id_of(&sari).await;
    sari.post("/v1/me/deletion", json!({})).await.ok(202);
    let path = |what: &str| format!("/v1/accounts/{id}/{what}");
    admin.post(&path("lock"), lock()).await.ok(200);
    let unlocked = admin.post(&path("unlock"), json!({})).await.ok(200);
    assert_eq!(unlocked["state"], "closing");
    sari.get("/v1/me/deletion")
        .await
        .refused(401, "auth.unauthenticated");
}
