//! Moving what is not agreed yet.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Mentor, assert_sound, book};
use crate::harness::{Client, Reply, TestApp};

const TUESDAY_10: &str = "2026-06-02T03:00:00.000Z";
const THURSDAY_14: &str = "2026-06-04T07:00:00.000Z";

async fn act(client: &Client<'_>, booking: &Value, verb: &str, body: Value) -> Reply {
    let path = format!("/v1/bookings/{}/{verb}", booking["id"].as_str().unwrap());
    client.post(&path, body).await
}

#[actix_web::test]
async fn a_mentor_who_moves_a_request_does_not_confirm_it() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "needs_approval": true })).await;
    let sari = app.user("sari").await;
    let request = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    app.run_jobs().await;
    let told = app.mails_to("sari@contoh.id").len();

    let to = json!({ "starts_at": THURSDAY_14 });
    let race = (0..10).map(|_| act(&mentor.client, &request, "reschedule", to.clone()));
    for reply in join_all(race).await {
        let moved = reply.ok(200);
        assert_eq!(
            (
                &moved["state"],
                &moved["starts_at"],
                &moved["expires_at"],
                &moved["reschedule_count"]
            ),
            (
                &json!("requested"),
                &json!(THURSDAY_14),
                &json!("2026-06-03T05:00:00.000Z"),
                &json!(0)
            ),
            "48 hours to answer"
        );
    }
    app.run_jobs().await;
    let mails = app.mails_to("sari@contoh.id");
    assert_eq!(mails.len(), told + 1, "moved once, told once");
    assert_eq!(mails[told].subject, "Permintaan sesi dipindahkan");
    assert!(mails[told].calendar.is_none(), "it is not on");
    assert_sound(&app).await;

    // The mentee may say no, or the mentor yes.
    let other = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    let friday = json!({ "starts_at": "2026-06-05T03:00:00Z" });
    act(&mentor.client, &other, "reschedule", friday)
        .await
        .ok(200);
    act(
        &sari,
        &other,
        "cancel",
        json!({ "reason": "schedule_conflict" }),
    )
    .await
    .ok(200);
    let approved = act(&mentor.client, &request, "approve", json!({}))
        .await
        .ok(200);
    assert_eq!(
        (&approved["state"], &approved["starts_at"]),
        (&json!("confirmed"), &json!(THURSDAY_14))
    );
    assert_sound(&app).await;
}

#[actix_web::test]
async fn a_moved_request_lapses_like_any_other_and_keeps_the_answers_slow() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "needs_approval": true })).await;
    let sari = app.user("sari").await;
    let request = book(&sari, mentor.booking("2026-06-05T03:00:00Z"))
        .await
        .ok(201);
    app.clock.advance(Duration::hours(40));
    let made = app.sign_in("made").await;
    let to = json!({ "starts_at": "2026-06-06T03:00:00Z" });
    act(&made, &request, "reschedule", to).await.ok(200);
    app.clock.advance(Duration::hours(48));
    app.run_all_jobs().await;
    let sari = app.sign_in("sari").await;
    let path = format!("/v1/bookings/{}", request["id"].as_str().unwrap());
    assert_eq!(sari.get(&path).await.ok(200)["state"], "expired");
    let shown = app
        .anon()
        .get(&format!("/v1/mentors/{}", mentor.user_id))
        .await
        .ok(200);
    assert_eq!(
        shown["response_minutes"],
        88 * 60,
        "counted from when the mentee asked"
    );
    assert_sound(&app).await;
}

#[actix_web::test]
async fn nobody_has_come_to_a_time_that_was_moved() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let booking = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    app.clock.advance(Duration::minutes(22 * 60 - 10));
    let sari = app.sign_in("sari").await;
    let made = app.sign_in("made").await;
    let came = act(&sari, &booking, "check-in", json!({})).await.ok(200);
    assert!(came["mentee_checked_in_at"].is_string(), "{came}");
    let to = json!({ "starts_at": THURSDAY_14 });
    let moved = act(&made, &booking, "reschedule", to).await.ok(200);
    assert!(moved["mentee_checked_in_at"].is_null(), "{moved}");
}
