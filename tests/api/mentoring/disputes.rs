use chrono::Duration;
use futures_util::future::join_all;
use serde_json::json;

use super::growth::{TUESDAY_10, booked, later, staff, tally};
use super::{Mentor, assert_sound};
use crate::harness::TestApp;

const STATEMENT: &str = "Saya hadir sejak pukul 09.55, tautannya rusak.";

#[actix_web::test]
async fn staff_turn_a_no_show_into_a_session_and_back() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;
    // Tuesday, 10:15.
    let (made, sari) = later(&app, Duration::minutes(22 * 60 + 15)).await;
    let body = json!({ "statement": STATEMENT });
    let dispute = format!("{path}/dispute");
    made.post(&dispute, body.clone())
        .await
        .refused(409, "booking.invalid_transition");
    let reported = sari
        .post(&format!("{path}/report-no-show"), json!({}))
        .await;
    assert_eq!(reported.ok(200)["no_show_party"], "mentor");
    // Not by the side that reported it, nor by strangers.
    sari.post(&dispute, body.clone())
        .await
        .refused(409, "booking.invalid_transition");
    let budi = app.user("budi").await;
    budi.post(&dispute, body.clone())
        .await
        .refused(404, "booking.not_found");
    let short = made.post(&dispute, json!({ "statement": "tidak" })).await;
    assert_eq!(short.faults(), ["/statement too_short"]);

    let race = (0..10).map(|_| async { made.post(&dispute, body.clone()).await.status.as_u16() });
    let statuses = join_all(race).await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    made.post(&dispute, body)
        .await
        .refused(409, "booking.already_disputed");

    for client in [&made, &sari, &budi] {
        client
            .get("/v1/booking-disputes")
            .await
            .refused(403, "booking.staff_required");
        client
            .post(
                &format!("{path}/resolve-dispute"),
                json!({ "outcome": "completed" }),
            )
            .await
            .refused(403, "booking.staff_required");
    }
    let moderator = staff(&app, "moderator", "moderator").await;
    let list = moderator
        .get("/v1/booking-disputes?state=open")
        .await
        .ok(200);
    assert_eq!(
        (&list["items"][0]["statement"], &list["items"][0]["accused"]),
        (&json!(STATEMENT), &json!("mentor"))
    );
    let resolve = format!("{path}/resolve-dispute");
    let decide = async |outcome: &str| {
        moderator
            .post(
                &resolve,
                json!({ "outcome": outcome, "note": "Ada buktinya." }),
            )
            .await
    };
    assert_eq!(tally(&app, mentor.user_id).await.0, 0);
    let race = (0..10).map(|_| decide("completed"));
    for reply in join_all(race).await {
        assert_eq!(reply.ok(200)["booking_state"], "completed");
    }
    assert_eq!(tally(&app, mentor.user_id).await.0, 1);
    assert_sound(&app).await;
    let booking = made.get(&path).await.ok(200);
    assert_eq!(booking["state"], "completed");
    assert!(booking["no_show_party"].is_null());
    // Feedback counts while the session does.
    for client in [&made, &sari] {
        client
            .post(&format!("{path}/feedback"), json!({ "rating": 5 }))
            .await
            .ok(201);
    }
    assert_eq!(tally(&app, mentor.user_id).await, (1, 5, 1));

    assert_eq!(decide("no_show").await.ok(200)["booking_state"], "no_show");
    assert_eq!(tally(&app, mentor.user_id).await, (0, 0, 0));
    assert_eq!(made.get(&path).await.ok(200)["no_show_party"], "mentor");
    decide("completed").await.ok(200);
    assert_eq!(tally(&app, mentor.user_id).await, (1, 5, 1));
    assert_sound(&app).await;
    let resolved = moderator
        .get("/v1/booking-disputes?state=resolved")
        .await
        .ok(200);
    assert_eq!(resolved["items"][0]["outcome"], "completed");
    // Nobody judges in a matter of their own.
    let grant = "INSERT INTO user_roles (user_id, role, granted_at) VALUES ($1, 'admin', now())";
    let sql = app.db.sql().await;
    sql.execute(grant, &[&mentor.user_id]).await.unwrap();
    app.sign_in("made")
        .await
        .post(&resolve, json!({ "outcome": "no_show" }))
        .await
        .refused(403, "booking.staff_required");
    let open = moderator
        .get("/v1/booking-disputes?state=open")
        .await
        .ok(200);
    assert_eq!(open["items"], json!([]));

    let sql = app.db.sql().await;
    let events = "SELECT string_agg(format('%s>%s', from_state, to_state), ' ' ORDER BY id) FROM booking_events
        WHERE from_state IN ('no_show', 'completed')";
    let events: String = sql.query_one(events, &[]).await.unwrap().get(0);
    assert_eq!(
        events,
        "no_show>completed completed>no_show no_show>completed"
    );
}

#[actix_web::test]
async fn a_dispute_comes_in_time_and_may_fail() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;
    let (made, _) = later(&app, Duration::minutes(22 * 60 + 15)).await;
    made.post(&format!("{path}/report-no-show"), json!({}))
        .await
        .ok(200);
    let admin = staff(&app, "admin", "admin").await;
    let resolve = format!("{path}/resolve-dispute");
    admin
        .post(&resolve, json!({ "outcome": "completed" }))
        .await
        .refused(404, "booking.dispute_not_found");
    let unknown = format!("/v1/bookings/{}/resolve-dispute", uuid::Uuid::now_v7());
    admin
        .post(&unknown, json!({ "outcome": "completed" }))
        .await
        .refused(404, "booking.not_found");

    let (_, sari) = later(&app, Duration::hours(72)).await;
    let dispute = format!("{path}/dispute");
    let body = json!({ "statement": STATEMENT });
    sari.post(&dispute, body.clone()).await.ok(201);
    let admin = app.sign_in("admin").await;
    let upheld = admin
        .post(&resolve, json!({ "outcome": "no_show" }))
        .await
        .ok(200);
    assert_eq!(
        (&upheld["booking_state"], &upheld["outcome"]),
        (&json!("no_show"), &json!("no_show"))
    );
    assert_eq!(tally(&app, mentor.user_id).await.0, 0);
    let sql = app.db.sql().await;
    let events = "SELECT count(*) FROM booking_events WHERE reason_code = 'dispute_rejected'";
    let events: i64 = sql.query_one(events, &[]).await.unwrap().get(0);
    assert_eq!(events, 1);

    // Another one, a second too late.
    let next = booked(
        &mentor_again(&app, &mentor).await,
        &sari,
        "2026-06-06T03:00:00.000Z",
    )
    .await;
    let (made, _) = later(&app, Duration::hours(24) - Duration::minutes(0)).await;
    made.post(&format!("{next}/report-no-show"), json!({}))
        .await
        .ok(200);
    let (_, sari) = later(&app, Duration::hours(72) + Duration::seconds(1)).await;
    sari.post(&format!("{next}/dispute"), body)
        .await
        .refused(409, "booking.wrong_time");
    assert_sound(&app).await;
}

/// The same mentor with a fresh token.
async fn mentor_again<'a>(app: &'a TestApp, mentor: &Mentor<'a>) -> Mentor<'a> {
    Mentor {
        client: app.sign_in("made").await,
        user_id: mentor.user_id,
        offering: mentor.offering.clone(),
    }
}
