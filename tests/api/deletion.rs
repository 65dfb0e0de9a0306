//! The deletion of an account: asked for, taken back, done.

use chrono::Duration;
use futures_util::future::join_all;
use karya::rights::EraseAccount;
use karya_core::Role;
use karya_jobs::enqueue;
use serde_json::{Value, json};

use crate::businesses::workshop;
use crate::harness::{Client, PASSWORD, TestApp};
use crate::mentoring::{Mentor, book};

pub const PATH: &str = "/v1/me/deletion";

/// Beyond the session of the deletion, which is fourteen days and a little.
pub const GRACE: Duration = Duration::minutes(14 * 24 * 60 + 1);

const TUESDAY_10: &str = "2026-06-02T03:00:00.000Z";

pub async fn ask(client: &Client<'_>) -> Value {
    client.post(PATH, json!({})).await.ok(202)
}

pub async fn login(app: &TestApp, name: &str) -> crate::harness::Reply {
    let body = json!({ "email": format!("{name}@contoh.id"), "password": PASSWORD });
    app.anon().post("/v1/auth/login", body).await
}

/// Runs all jobs, with those that they leave behind.
pub async fn settle(app: &TestApp) {
    for _ in 0..4 {
        app.run_all_jobs().await;
    }
}

/// Everything that the deletion ends in.
async fn erased(app: &TestApp) {
    settle(app).await;
    app.clock.advance(GRACE);
    settle(app).await;
}

pub async fn number(app: &TestApp, query: &str) -> i64 {
    app.db
        .sql()
        .await
        .query_one(query, &[])
        .await
        .unwrap()
        .get(0)
}

pub fn subjects(app: &TestApp, name: &str) -> Vec<String> {
    let mails = app.mails_to(&format!("{name}@contoh.id"));
    mails.into_iter().map(|mail| mail.subject).collect()
}

async fn kinds(client: &Client<'_>) -> Vec<Value> {
    let events = client.get("/v1/me/security-events?limit=4").await.ok(200);
    let items = events["items"].as_array().unwrap();
    items.iter().map(|event| event["kind"].clone()).collect()
}

#[actix_web::test]
async fn it_closes_the_account_at_once_and_its_owner_may_still_take_it_back() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let elsewhere = app.sign_in("sari").await;
    sari.get(PATH).await.refused(404, "request.not_found");
    sari.post(&format!("{PATH}/cancel"), json!({}))
        .await
        .refused(404, "request.not_found");
    let asked = ask(&sari).await;
    assert_eq!(
        asked,
        json!({ "state": "pending", "asked_at": "2026-06-01T05:00:00.000Z", "effective_at": "2026-06-15T05:00:00.000Z" })
    );
    app.clock.advance(Duration::minutes(1));
    assert_eq!(ask(&sari).await, asked, "asking again changes nothing");
    elsewhere
        .get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
    // Still signed in here, and able to sign in elsewhere.
    let again = login(&app, "sari").await.ok(200);
    assert_eq!(again["user"]["state"], "closing");
    let again = app
        .anon()
        .with_token(again["access_token"].as_str().unwrap());
    for client in [&sari, &again] {
        assert_eq!(client.get("/v1/me").await.ok(200)["state"], "closing");
        assert_eq!(client.get(PATH).await.ok(200), asked);
        client
            .post("/v1/businesses", workshop())
            .await
            .refused(403, "auth.account_closing");
    }
    again.post("/v1/me/data-exports", json!({})).await.ok(202);
    settle(&app).await;
    let export = again.get("/v1/me/data-exports").await.ok(200);
    let id = export["items"][0]["id"].as_str().unwrap();
    let content = again
        .get(&format!("/v1/me/data-exports/{id}/content"))
        .await;
    let content = content.ok(200);
    assert_eq!(
        content["tables"]["account_deletions"][0]["state"],
        "pending"
    );

    let cancelled = again
        .post(&format!("{PATH}/cancel"), json!({}))
        .await
        .ok(200);
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(cancelled["ended_at"], "2026-06-01T05:01:00.000Z");
    let repeated = again.post(&format!("{PATH}/cancel"), json!({})).await;
    assert_eq!(repeated.ok(200), cancelled);
    assert_eq!(again.get("/v1/me").await.ok(200)["state"], "active");
    again.post("/v1/businesses", workshop()).await.ok(201);
    assert_eq!(
        kinds(&again).await[..2],
        ["deletion_cancelled", "account_active"]
    );
    erased(&app).await;
    let told = subjects(&app, "sari");
    let of = |subject: &str| told.iter().filter(|told| *told == subject).count();
    assert_eq!(of("Akun Anda ditutup dan akan dihapus"), 1, "{told:?}");
    assert_eq!(of("Akun Anda tidak jadi dihapus"), 1, "{told:?}");
    assert_eq!(of("Akun Anda sudah dihapus"), 0, "{told:?}");
    login(&app, "sari").await.ok(200);
}

#[actix_web::test]
async fn it_wants_a_recent_proof_and_an_account() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    app.clock.advance(Duration::minutes(11));
    let tokens = login(&app, "sari").await.ok(200);
    let refused = sari.post(PATH, json!({})).await;
    // The access token is over before the proof is.
    refused.refused(401, "auth.unauthenticated");
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    app.clock.advance(Duration::minutes(10));
    let later = app.anon().post("/v1/auth/refresh", refresh).await.ok(200);
    let later = app
        .anon()
        .with_token(later["access_token"].as_str().unwrap());
    later
        .post(PATH, json!({}))
        .await
        .refused(403, "auth.step_up_required");
    let proof = json!({ "password": PASSWORD });
    later.post("/v1/auth/step-up", proof).await.ok(200);
    ask(&later).await;
}

#[actix_web::test]
async fn what_was_planned_with_others_is_called_off_and_they_are_told() {
    let app = TestApp::new().await;
    let made = Mentor::new(&app, "made").await;
    let komang = Mentor::new(&app, "komang").await;
    let sari = app.user("sari").await;
    let booked = async |mentor: &Mentor<'_>, at: &str| {
        let booking = book(&sari, mentor.booking(at)).await.ok(201);
        format!("/v1/bookings/{}", booking["id"].as_str().unwrap())
    };
    let with_made = booked(&made, TUESDAY_10).await;
    let with_komang = booked(&komang, "2026-06-03T03:00:00.000Z").await;
    let mentorship = json!({ "mentor_id": made.user_id, "starts_on": "2026-06-08", "ends_on": "2026-08-31",
        "focus": "Menyiapkan ekspor", "accept_agreement": true });
    let mentorship = sari.post("/v1/mentorships", mentorship).await.ok(201);
    app.run_jobs().await;
    ask(&made.client).await;
    // At once, before any job: nobody sees or books the mentor.
    let anon = app.anon();
    anon.get(&format!("/v1/mentors/{}", made.user_id))
        .await
        .refused(404, "mentor.not_found");
    let path = format!(
        "/v1/offerings/{}/slots?from=2026-06-02&to=2026-06-03",
        made.offering
    );
    assert_eq!(anon.get(&path).await.status, 404);
    let refused = book(&sari, made.booking("2026-06-04T03:00:00.000Z")).await;
    assert_eq!(refused.status, 404, "{}", refused.text());
    app.run_jobs().await;
    app.run_jobs().await;
    let off = sari.get(&with_made).await.ok(200);
    assert_eq!(
        (&off["state"], &off["cancelled_by"]),
        (&json!("cancelled"), &json!("mentor"))
    );
    assert_eq!(sari.get(&with_komang).await.ok(200)["state"], "confirmed");
    let path = format!("/v1/mentorships/{}", mentorship["id"].as_str().unwrap());
    assert_eq!(sari.get(&path).await.ok(200)["state"], "declined");
    let told = subjects(&app, "sari");
    assert!(
        told.iter().any(|subject| subject.contains("batal")),
        "{told:?}"
    );
    // The other side, by the same rule.
    let sari = app.sign_in("sari").await;
    ask(&sari).await;
    app.run_jobs().await;
    app.run_jobs().await;
    let off = komang.client.get(&with_komang).await.ok(200);
    assert_eq!(off["cancelled_by"], "mentee");
    erased(&app).await;
    assert_eq!(number(&app, "SELECT count(*) FROM time_claims").await, 0);
}

#[actix_web::test]
async fn after_the_days_of_grace_nothing_signs_in_and_the_address_is_free() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let tokens = login(&app, "sari").await.ok(200);
    let phone = app
        .anon()
        .with_token(tokens["access_token"].as_str().unwrap());
    sari.post("/v1/me/calendar-feeds", json!({ "name": "Ponsel" }))
        .await;
    ask(&phone).await;
    settle(&app).await;
    assert_eq!(
        subjects(&app, "sari"),
        ["Akun Anda ditutup dan akan dihapus"]
    );
    // Jobs that run early wait for their time.
    assert_eq!(number(&app, "SELECT count(*) FROM emails").await, 1);
    app.clock.advance(Duration::days(11) + Duration::minutes(1));
    settle(&app).await;
    assert_eq!(
        subjects(&app, "sari").last().unwrap(),
        "Akun Anda segera dihapus"
    );
    assert_eq!(number(&app, "SELECT count(*) FROM emails").await, 1);
    app.clock.advance(Duration::days(3));
    settle(&app).await;
    let told = subjects(&app, "sari");
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told.last().unwrap(), "Akun Anda sudah dihapus");
    login(&app, "sari")
        .await
        .refused(401, "auth.invalid_credentials");
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    app.anon()
        .post("/v1/auth/refresh", refresh)
        .await
        .refused(401, "auth.refresh_invalid");
    let left = "SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM passwords) + (SELECT count(*) FROM known_devices)
        + (SELECT count(*) FROM one_time_tokens) + (SELECT count(*) FROM calendar_feeds) + (SELECT count(*) FROM emails)
        + (SELECT count(*) FROM account_deletions WHERE farewell_sealed IS NOT NULL)";
    assert_eq!(number(&app, left).await, 0);
    let done = "SELECT count(*) FROM data_requests WHERE kind = 'erasure' AND outcome = 'fulfilled' AND done_at < due_at";
    assert_eq!(number(&app, done).await, 1);
    // A job that runs again finds nothing to do.
    let id: uuid::Uuid = {
        let sql = app.db.sql().await;
        let row = sql.query_one("SELECT id FROM account_deletions", &[]).await;
        row.unwrap().get(0)
    };
    let mut conn = app.parts.db.conn().await.unwrap();
    enqueue(&mut conn, &EraseAccount { deletion_id: id })
        .await
        .unwrap();
    settle(&app).await;
    assert_eq!(subjects(&app, "sari").len(), 3);
    // A stranger to the old account, with the same address.
    let sari = app.user("sari").await;
    assert_eq!(sari.get("/v1/me").await.ok(200)["display_name"], "sari");
    sari.get(PATH).await.refused(404, "request.not_found");
}

#[actix_web::test]
async fn whoever_was_robbed_of_the_account_gets_it_back_by_mail() {
    let app = TestApp::new().await;
    let thief = app.user("sari").await;
    ask(&thief).await;
    let reset = json!({ "email": "sari@contoh.id" });
    app.anon()
        .post("/v1/auth/password-reset", reset)
        .await
        .ok(202);
    app.run_jobs().await;
    let mails = app.mails_to("sari@contoh.id");
    // The mail about the deletion is there too, before it or after it.
    let link = mails
        .iter()
        .find_map(|mail| mail.text.split("token=").nth(1));
    let link = link.unwrap();
    let token = link.split_whitespace().next().unwrap();
    let confirm = json!({ "token": token, "new_password": "tenun-gringsing-dobel-ikat" });
    app.anon()
        .post("/v1/auth/password-reset/confirm", confirm)
        .await
        .ok(200);
    let body = json!({ "email": "sari@contoh.id", "password": "tenun-gringsing-dobel-ikat" });
    let tokens = app.anon().post("/v1/auth/login", body).await.ok(200);
    let sari = app
        .anon()
        .with_token(tokens["access_token"].as_str().unwrap());
    sari.post(&format!("{PATH}/cancel"), json!({}))
        .await
        .ok(200);
    thief
        .get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
}

#[actix_web::test]
async fn the_last_administrator_stays() {
    let app = TestApp::new().await;
    let rina = app.staff("rina", Role::Admin).await;
    rina.post(PATH, json!({}))
        .await
        .refused(409, "privacy.last_admin");
    let budi = app.staff("budi", Role::Admin).await;
    for _ in 0..5 {
        let both = join_all([&rina, &budi].map(|client| client.post(PATH, json!({})))).await;
        let won = both.iter().filter(|reply| reply.status == 202).count();
        assert_eq!(won, 1, "of two who leave at once, one stays");
        for reply in both.iter().filter(|reply| reply.status != 202) {
            reply.refused(409, "privacy.last_admin");
        }
        for client in [&rina, &budi] {
            let _ = client.post(&format!("{PATH}/cancel"), json!({})).await;
        }
    }
}

/// Adds somebody to the one business there is.
async fn join(app: &TestApp, name: &str, role: &str) {
    let query = "INSERT INTO business_members (business_id, user_id, role, created_at)
        SELECT b.id, u.id, $2, now() FROM businesses b, users u WHERE u.display_name = $1";
    app.db
        .sql()
        .await
        .execute(query, &[&name, &role])
        .await
        .unwrap();
}

#[actix_web::test]
async fn a_business_of_ones_own_is_hidden_and_then_gone() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let business = sari.post("/v1/businesses", workshop()).await.ok(201);
    let path = format!("/v1/businesses/{}", business["id"].as_str().unwrap());
    ask(&sari).await;
    app.anon()
        .get(&path)
        .await
        .refused(404, "business.not_found");
    sari.post(&format!("{PATH}/cancel"), json!({}))
        .await
        .ok(200);
    assert_eq!(app.anon().get(&path).await.ok(200)["state"], "active");
    ask(&sari).await;
    erased(&app).await;
    app.anon()
        .get(&path)
        .await
        .refused(404, "business.not_found");
    let left = "SELECT count(*) FROM business_members";
    assert_eq!(number(&app, left).await, 0);
    let left = "SELECT count(*) FROM businesses WHERE name = 'Usaha terhapus' AND deleted_at IS NOT NULL AND phone IS NULL";
    assert_eq!(number(&app, left).await, 1);
    assert_eq!(
        number(&app, "SELECT count(*) FROM business_registrations").await,
        0
    );
}

#[actix_web::test]
async fn a_business_with_others_keeps_an_owner() {
    let app = TestApp::new().await;
    let (sari, budi, _) = (
        app.user("sari").await,
        app.user("budi").await,
        app.user("dewi").await,
    );
    sari.post("/v1/businesses", workshop()).await.ok(201);
    join(&app, "dewi", "manager").await;
    sari.post(PATH, json!({}))
        .await
        .refused(409, "business.last_owner");
    join(&app, "budi", "owner").await;
    for _ in 0..5 {
        let both = join_all([&sari, &budi].map(|client| client.post(PATH, json!({})))).await;
        let won = both.iter().filter(|reply| reply.status == 202).count();
        assert_eq!(won, 1, "of two owners who leave at once, one stays");
        for client in [&sari, &budi] {
            let _ = client.post(&format!("{PATH}/cancel"), json!({})).await;
        }
    }
    ask(&sari).await;
    settle(&app).await;
    // The other owner is gone by the time it comes to it: whoever manages the business has it.
    let sql = app.db.sql().await;
    sql.batch_execute(
        "DELETE FROM business_members USING users WHERE id = user_id AND display_name = 'budi'",
    )
    .await
    .unwrap();
    app.clock.advance(GRACE);
    settle(&app).await;
    let owners = "SELECT count(*) FROM business_members JOIN users ON id = user_id WHERE role = 'owner' AND display_name = 'dewi'";
    assert_eq!(number(&app, owners).await, 1);
    assert_eq!(
        number(&app, "SELECT count(*) FROM business_members").await,
        1
    );
    let kept = "SELECT count(*) FROM business_registrations
        WHERE nib IS NOT NULL AND npwp_sealed IS NOT NULL AND nik_sealed IS NULL AND nik_last4 IS NULL";
    assert_eq!(number(&app, kept).await, 1, "the number of the person goes");
}
