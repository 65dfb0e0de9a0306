use chrono::TimeDelta;

use serde_json::json;

use super::{Mentor, book};
use crate::harness::TestApp;

#[actix_web::test]
async fn the_response_time_is_the_median_of_the_answers() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "needs_approval": true })).await;
    let sari = app.user("sari").await;
    let path = format!("/v1/mentors/{}", mentor.user_id);
    let mut bookings = Vec::new();
    for hour in 2..6 {
        let wish = mentor.booking(&format!("2026-06-03T0{hour}:00:00.000Z"));
        bookings.push(
            book(&sari, wish).await.ok(201)["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    // The clock stands; so the requests are made older.
    let sql = app.db.sql().await;
    for (booking, minutes) in bookings.iter().zip([10, 30, 240]) {
        sql.execute(
            "UPDATE booking_events SET at = at - $2::text::interval WHERE booking_id = $1::text::uuid",
            &[booking, &format!("{minutes} minutes")],
        )
        .await
        .unwrap();
    }
    for (booking, verb, median) in [
        (&bookings[0], "approve", 10),
        (&bookings[2], "decline", 125),
        (&bookings[1], "approve", 30),
    ] {
        let body = json!({ "reason": "sick" });
        let reply = mentor
            .client
            .post(&format!("/v1/bookings/{booking}/{verb}"), body)
            .await;
        reply.ok(200);
        let shown = app.anon().get(&path).await.ok(200);
        assert_eq!(shown["response_minutes"], median, "{verb}");
    }
    sari.post(
        &format!("/v1/bookings/{}/cancel", bookings[3]),
        json!({ "reason": "sick" }),
    )
    .await
    .ok(200);
    let shown = app.anon().get(&path).await.ok(200);
    assert_eq!(
        shown["response_minutes"], 30,
        "what mentees cancel is no answer"
    );
}

#[actix_web::test]
async fn letting_a_request_lapse_counts_as_a_slow_answer() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "needs_approval": true })).await;
    let sari = app.user("sari").await;
    let wish = mentor.booking("2026-06-05T03:00:00.000Z");
    book(&sari, wish).await.ok(201);
    app.clock.advance(TimeDelta::hours(48));
    app.run_all_jobs().await;
    let path = format!("/v1/mentors/{}", mentor.user_id);
    let shown = app.anon().get(&path).await.ok(200);
    assert_eq!(shown["response_minutes"], 48 * 60);
    assert_eq!(shown["version"], 1, "what is counted is no edit");
}
