//! Outgoing webhooks: whose they are, what they are sent, and how it is signed.

use chrono::{Duration, TimeDelta};
use karya_db::AsyncPgConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::businesses::workshop;
use crate::harness::{Client, Received, Receiver, TestApp, noon};
use crate::mentoring::{Mentor, book};

pub(crate) const WEBHOOKS: &str = "/v1/webhooks";

pub(crate) async fn subscribe(owner: &Client<'_>, url: &str, types: &[&str]) -> Value {
    let body = json!({ "url": url, "event_types": types });
    owner.post(WEBHOOKS, body).await.ok(201)
}

pub(crate) fn path(made: &Value) -> String {
    format!("{WEBHOOKS}/{}", made["webhook"]["id"].as_str().unwrap())
}

pub(crate) async fn log(owner: &Client<'_>, made: &Value) -> Vec<Value> {
    let page = owner
        .get(&format!("{}/deliveries", path(made)))
        .await
        .ok(200);
    page["items"].as_array().unwrap().clone()
}

fn secret(made: &Value) -> &str {
    made["secret"].as_str().unwrap()
}

fn kinds(received: &[Received]) -> Vec<Value> {
    let mut kinds: Vec<Value> = received
        .iter()
        .map(|one| one.json()["type"].clone())
        .collect();
    kinds.sort_by_key(ToString::to_string);
    kinds
}

#[actix_web::test]
async fn both_sides_of_a_booking_are_told_by_signed_requests() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let made = Mentor::new(&app, "made").await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let types = ["booking.confirmed", "booking.cancelled"];
    let hers = subscribe(&sari, &receiver.url(), &types).await;
    let his = subscribe(&made.client, &receiver.url(), &types[..1]).await;
    subscribe(&budi, &receiver.url(), &types).await;
    let start = &made.starts(&app, "2026-06-03", "2026-06-03").await[0];
    let booking = book(&sari, made.booking(start)).await.ok(201);
    let id = booking["id"].as_str().unwrap();
    assert_eq!(receiver.take().len(), 0, "nothing leaves from a handler");
    app.run_jobs().await;
    let received = receiver.take();
    assert_eq!(received.len(), 2);
    assert_eq!(
        received[0].header("webhook-id"),
        received[1].header("webhook-id"),
        "one event"
    );
    for webhook in [&hers, &his] {
        let signed = received
            .iter()
            .filter(|one| one.is_signed_by(secret(webhook)));
        assert_eq!(signed.count(), 1);
    }
    let told = received[0].json();
    assert_eq!(
        (&told["type"], &told["timestamp"]),
        (
            &json!("booking.confirmed"),
            &json!("2026-06-01T05:00:00.000Z")
        )
    );
    assert_eq!(
        told["data"],
        json!({
            "booking_id": booking["id"], "state": "confirmed", "mentor_id": made.user_id,
            "mentee_id": sari.get("/v1/me").await.ok(200)["id"],
            "starts_at": booking["starts_at"], "ends_at": booking["ends_at"],
        })
    );
    assert_eq!(received[0].header("content-type"), "application/json");
    let at: i64 = received[0].header("webhook-timestamp").parse().unwrap();
    assert_eq!(at, noon().timestamp());

    let cancel = format!("/v1/bookings/{id}/cancel");
    let cancelled = sari.post(&cancel, json!({ "reason": "sick" })).await;
    assert!(cancelled.status.is_success(), "{}", cancelled.text());
    app.run_jobs().await;
    let received = receiver.take();
    assert_eq!(kinds(&received), ["booking.cancelled"]);
    let logged = log(&sari, &hers).await;
    assert_eq!(logged.len(), 2);
    assert_eq!(
        (&logged[0]["state"], &logged[0]["event_type"]),
        (&json!("delivered"), &json!("booking.cancelled"))
    );
    let attempt = &logged[0]["attempts"][0];
    assert_eq!(
        (&attempt["number"], &attempt["status"]),
        (&json!(1), &json!(204))
    );
    assert!(attempt["answer"].is_null() && attempt["error"].is_null());
    let dump = app.dump().await;
    let bare = secret(&hers).strip_prefix("whsec_").unwrap();
    assert!(!dump.contains(bare), "the secret is nowhere");
}

#[actix_web::test]
async fn an_event_is_there_if_and_only_if_its_effect_is() {
    use diesel_async::{AsyncConnection, SimpleAsyncConnection};
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let made = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    subscribe(
        &sari,
        &receiver.url(),
        &["booking.requested", "booking.confirmed"],
    )
    .await;
    let start = &made.starts(&app, "2026-06-03", "2026-06-03").await[0];
    book(&sari, made.booking(start)).await.ok(201);
    let count = "SELECT count(*) FROM webhook_deliveries";
    assert_eq!(app.count(count).await, 1);
    let mut conn = app.parts.db.conn().await.unwrap();
    let conn: &mut AsyncPgConnection = &mut conn;
    let again = "INSERT INTO booking_events (id, booking_id, at, to_state)
        SELECT gen_random_uuid(), id, created_at, 'requested' FROM bookings";
    let outcome: Result<(), diesel::result::Error> = conn
        .transaction(async |conn| {
            conn.batch_execute(again).await?;
            Err(diesel::result::Error::RollbackTransaction)
        })
        .await;
    assert!(outcome.is_err());
    app.run_jobs().await;
    assert_eq!(app.count(count).await, 1);
    assert_eq!(receiver.take().len(), 1);
}

#[actix_web::test]
async fn a_business_tells_its_members_and_its_own_webhooks() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let business = sari.post("/v1/businesses", workshop()).await.ok(201);
    let types = ["business.updated", "business.verified", "business.deleted"];
    let body = json!({
        "url": receiver.url(), "event_types": types, "business_id": business["id"],
    });
    let refused = budi.post(WEBHOOKS, body.clone()).await;
    refused.refused(403, "webhook.manager_required");
    let its = sari.post(WEBHOOKS, body).await.ok(201);
    let hers = subscribe(&sari, &receiver.url(), &types).await;
    subscribe(&budi, &receiver.url(), &types).await;
    let list = format!(
        "{WEBHOOKS}?business_id={}",
        business["id"].as_str().unwrap()
    );
    let listed = sari.get(&list).await.ok(200);
    assert_eq!(listed["items"][0]["id"], its["webhook"]["id"]);
    budi.get(&list)
        .await
        .refused(403, "webhook.manager_required");
    let own = sari.get(WEBHOOKS).await.ok(200);
    assert_eq!(own["items"].as_array().unwrap().len(), 1);

    let path = format!("/v1/businesses/{}", business["id"].as_str().unwrap());
    let change = json!({ "name": "Batik Pesisir Baru" });
    let owner = sari.clone().with("if-match", "*");
    owner.patch(&path, change).await.ok(200);
    // Staff will do this one day.
    let verify = "UPDATE business_registrations SET status = 'reviewed'";
    app.db.sql().await.batch_execute(verify).await.unwrap();
    owner.delete(&path).await.ok(204);
    app.run_jobs().await;
    let received = receiver.take();
    assert_eq!(
        kinds(&received),
        [
            "business.deleted",
            "business.deleted",
            "business.updated",
            "business.updated",
            "business.verified",
            "business.verified"
        ]
    );
    for webhook in [&its, &hers] {
        let signed = received
            .iter()
            .filter(|one| one.is_signed_by(secret(webhook)));
        assert_eq!(signed.count(), 3);
    }
    assert_eq!(
        received[0].json()["data"],
        json!({ "business_id": business["id"] })
    );
}

#[actix_web::test]
async fn both_secrets_sign_while_one_is_rotated() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let sari = app.user("sari").await;
    let first = subscribe(&sari, &receiver.url(), &["booking.confirmed"]).await;
    let rotate = async |hours: i32| {
        let body = json!({ "overlap_hours": hours });
        let path = format!("{}/rotate-secret", path(&first));
        app.sign_in("sari").await.post(&path, body).await.ok(201)
    };
    let sent = async || {
        let client = app.sign_in("sari").await;
        let test = format!("{}/test", path(&first));
        client.post(&test, json!({})).await.ok(202);
        app.run_jobs().await;
        receiver.take().pop().unwrap()
    };
    let second = rotate(2).await;
    assert_eq!(
        second["webhook"]["previous_secret_until"],
        "2026-06-01T07:00:00.000Z"
    );
    let received = sent().await;
    assert_eq!(received.json()["type"], "webhook.test");
    assert!(received.is_signed_by(secret(&first)) && received.is_signed_by(secret(&second)));
    let third = rotate(2).await;
    let received = sent().await;
    assert!(!received.is_signed_by(secret(&first)));
    assert!(received.is_signed_by(secret(&second)) && received.is_signed_by(secret(&third)));
    app.clock.advance(Duration::hours(2));
    let received = sent().await;
    assert!(!received.is_signed_by(secret(&second)) && received.is_signed_by(secret(&third)));
    let mut conn = app.parts.db.conn().await.unwrap();
    karya_webhooks::sweep(&mut conn, app.clock.now())
        .await
        .unwrap();
    let old = "SELECT count(*) FROM webhooks WHERE old_secret_sealed IS NOT NULL";
    assert_eq!(app.count(old).await, 0);
}

#[actix_web::test]
async fn a_webhook_is_its_owners_alone_and_what_is_deleted_gets_nothing() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let made = subscribe(&sari, &receiver.url(), &["booking.confirmed"]).await;
    let sent = sari
        .post(&format!("{}/test", path(&made)), json!({}))
        .await
        .ok(202);
    let retry = format!(
        "{}/deliveries/{}/retry",
        path(&made),
        sent["id"].as_str().unwrap()
    );
    let theirs = budi.clone().with("if-match", "*");
    theirs
        .get(&path(&made))
        .await
        .refused(404, "request.not_found");
    for (reply, what) in [
        (theirs.patch(&path(&made), json!({})).await, "change"),
        (theirs.delete(&path(&made)).await, "delete"),
        (
            theirs
                .post(&format!("{}/test", path(&made)), json!({}))
                .await,
            "test",
        ),
        (theirs.post(&retry, json!({})).await, "retry"),
        (
            theirs.get(&format!("{}/deliveries", path(&made))).await,
            "log",
        ),
        (
            theirs
                .post(&format!("{}/rotate-secret", path(&made)), json!({}))
                .await,
            "rotate",
        ),
    ] {
        assert_eq!(reply.status, 404, "{what}: {}", reply.text());
    }
    sari.delete(&path(&made)).await.ok(204);
    app.run_jobs().await;
    assert_eq!(receiver.take().len(), 0);
    sari.get(&path(&made))
        .await
        .refused(404, "request.not_found");
    assert_eq!(
        app.count("SELECT count(*) FROM webhook_deliveries").await,
        0
    );
}

#[actix_web::test]
async fn a_paused_webhook_gets_nothing_and_edits_build_on_the_newest_version() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let made = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let hers = subscribe(&sari, &receiver.url(), &["booking.confirmed"]).await;
    let test = format!("{}/test", path(&hers));
    sari.post(&test, json!({})).await.ok(202);
    let edit = sari.clone().with("if-match", "\"1\"");
    let paused = edit.patch(&path(&hers), json!({ "state": "paused" })).await;
    assert_eq!(paused.ok(200)["state"], "paused");
    let stale = edit.patch(&path(&hers), json!({ "state": "active" })).await;
    let stale = stale.refused(412, "request.stale_version");
    assert_eq!(stale["current"]["version"], 2);
    sari.patch(&path(&hers), json!({}))
        .await
        .refused(428, "request.version_required");
    sari.post(&test, json!({}))
        .await
        .refused(409, "webhook.not_active");
    let start = &made.starts(&app, "2026-06-03", "2026-06-03").await[0];
    book(&sari, made.booking(start)).await.ok(201);
    app.run_jobs().await;
    assert_eq!(receiver.take().len(), 0);
    let logged = log(&sari, &hers).await;
    assert_eq!((logged.len(), &logged[0]["state"]), (1, &json!("dropped")));
    for (body, fault) in [
        (json!({ "state": "disabled" }), "/state format"),
        (
            json!({ "url": "https://user@penerima.test" }),
            "/url format",
        ),
        (json!({ "url": null }), "/url required"),
        (json!({ "event_types": [] }), "/event_types required"),
    ] {
        let edit = sari.clone().with("if-match", "*");
        let reply = edit.patch(&path(&hers), body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
}

#[actix_web::test]
async fn addresses_that_are_not_public_https_are_refused_at_once() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    for url in [
        "http://toko.contoh.id/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://toko.contoh.id:8443/",
        "https://sari:rahasia@toko.contoh.id/",
        "http://localhost:9000/",
        "ftp://toko.contoh.id/",
        "toko",
    ] {
        let body = json!({ "url": url, "event_types": ["booking.confirmed"] });
        let reply = sari.post(WEBHOOKS, body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), ["/url format"], "{url}");
    }
    let body = json!({
        "url": "https://toko.contoh.id/", "description": "", "event_types": ["booking.confirmed", "booking.confirmed"],
    });
    let reply = sari.post(WEBHOOKS, body).await;
    assert_eq!(
        reply.faults(),
        ["/description required", "/event_types duplicate"]
    );
}

#[actix_web::test]
async fn there_are_twenty_however_many_are_made_at_once() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let body = json!({ "url": "https://toko.contoh.id/", "event_types": ["booking.confirmed"] });
    let replies =
        futures_util::future::join_all((0..24).map(|_| sari.post(WEBHOOKS, body.clone()))).await;
    let (made, refused): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!((made.len(), refused.len()), (20, 4));
    for reply in refused {
        reply.refused(409, "webhook.too_many");
    }
}

#[actix_web::test]
async fn making_and_rotating_needs_a_recent_proof() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let mut tokens = app.login("sari", None).await.ok(200);
    let url = "https://toko.contoh.id/";
    let made = subscribe(&app.with_tokens(&tokens), url, &["booking.confirmed"]).await;
    app.clock.advance(TimeDelta::minutes(10));
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    tokens = app.anon().post("/v1/auth/refresh", refresh).await.ok(200);
    let sari = app.with_tokens(&tokens);
    let body = json!({ "url": url, "event_types": ["booking.confirmed"] });
    sari.post(WEBHOOKS, body)
        .await
        .refused(403, "auth.step_up_required");
    sari.post(&format!("{}/rotate-secret", path(&made)), json!({}))
        .await
        .refused(403, "auth.step_up_required");
}

#[actix_web::test]
async fn a_test_that_is_asked_for_twice_is_sent_once() {
    let receiver = Receiver::start().await;
    let app = receiver.app().await;
    let sari = app.user("sari").await;
    let made = subscribe(&sari, &receiver.url(), &["booking.confirmed"]).await;
    let keyed = sari
        .clone()
        .with("idempotency-key", &Uuid::now_v7().to_string());
    for _ in 0..2 {
        let test = format!("{}/test", path(&made));
        keyed.post(&test, json!({})).await.ok(202);
    }
    app.run_jobs().await;
    assert_eq!(receiver.take().len(), 1);
}

/// What the document says of the body is what the database writes.
#[actix_web::test]
async fn events_look_as_their_document_says() {
    let document = karya_webhooks::document();
    for (event, item) in document["webhooks"].as_object().unwrap() {
        let mut schema =
            item["post"]["requestBody"]["content"]["application/json"]["schema"].clone();
        schema["components"] = document["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let id = Uuid::now_v7();
        let data = match event.split('.').next().unwrap() {
            "booking" => json!({
                "booking_id": id, "state": "confirmed", "mentor_id": id, "mentee_id": id,
                "starts_at": "2026-06-03T02:00:00.000Z", "ends_at": "2026-06-03T03:00:00.000Z",
            }),
            "business" => json!({ "business_id": id }),
            _ => json!({ "webhook_id": id }),
        };
        let body = json!({ "type": event, "timestamp": "2026-06-01T05:00:00.000Z", "data": data });
        assert!(validator.is_valid(&body), "{event}");
        let other = json!({ "type": "x", "timestamp": "2026-06-01T05:00:00.000Z", "data": data });
        assert!(!validator.is_valid(&other), "{event}");
    }
}
