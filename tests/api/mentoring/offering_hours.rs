//! Hours of an offering of its own: it can be booked where they and the mentor's hours meet.

use serde_json::{Value, json};

use super::{Mentor, book};
use crate::harness::{Client, TestApp};

fn windows(hours: &[(&str, &str, &str)]) -> Value {
    let window = |(day, opens, closes): &(&str, &str, &str)| json!({ "day": day, "opens": opens, "closes": closes });
    hours.iter().map(window).collect()
}

/// Sets the hours of the mentor's offering.
async fn set(mentor: &Mentor<'_>, hours: &Value) -> Value {
    let path = format!("/v1/offerings/{}", mentor.offering);
    let version = mentor.client.get(&path).await;
    let version = version.header("etag").unwrap().to_owned();
    let client = mentor.client.clone().with("if-match", &version);
    let reply = client.patch(&path, json!({ "weekly": hours })).await;
    reply.ok(200)["weekly"].clone()
}

async fn explained(client: &Client<'_>, mentor: &Mentor<'_>, start: &str) -> Value {
    let path = format!(
        "/v1/offerings/{}/slot-explanation?start={start}",
        mentor.offering
    );
    client.get(&path).await.ok(200)["reason"].clone()
}

#[actix_web::test]
async fn slots_days_explanations_discovery_and_booking_agree() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let whole_week = mentor.starts(&app, "2026-06-02", "2026-06-07").await.len();
    // Tuesday morning, from before the mentor opens, Thursday afternoon, until after they close, and Sunday, when
    // they are closed.
    let hours = windows(&[
        ("tuesday", "07:00", "10:45"),
        ("thursday", "15:15", "20:00"),
        ("sunday", "09:00", "12:00"),
    ]);
    assert_eq!(set(&mentor, &hours).await, hours);
    let expected = [
        // From nine, an hour each, every half hour.
        "2026-06-02T02:00:00.000Z",
        "2026-06-02T02:30:00.000Z",
        // From a quarter past three: there the window starts.
        "2026-06-04T08:15:00.000Z",
        "2026-06-04T08:45:00.000Z",
    ];
    assert_eq!(
        mentor.starts(&app, "2026-06-02", "2026-06-07").await,
        expected
    );
    let path = format!(
        "/v1/offerings/{}/available-days?month=2026-06",
        mentor.offering
    );
    let counts = app.anon().get(&path).await.ok(200)["counts"].clone();
    for (day, count) in [(2, 2), (3, 0), (4, 2), (5, 0), (7, 0), (9, 2), (11, 2)] {
        assert_eq!(counts[day - 1], count, "June {day}");
    }
    let found = sari.get("/v1/mentors").await.ok(200);
    let slots: Vec<&str> = found["items"][0]["next_slots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|slot| slot["starts_at"].as_str().unwrap())
        .collect();
    assert_eq!(slots, expected[..3]);

    for (start, reason) in [
        (expected[0], Value::Null),
        ("2026-06-02T03:00:00.000Z", json!("outside_hours")),
        ("2026-06-02T01:30:00.000Z", json!("outside_hours")),
        ("2026-06-03T03:00:00.000Z", json!("outside_hours")),
        ("2026-06-07T03:00:00.000Z", json!("outside_hours")),
        ("2026-06-04T08:30:00.000Z", json!("off_grid")),
    ] {
        for client in [&sari, &mentor.client] {
            assert_eq!(explained(client, &mentor, start).await, reason, "{start}");
        }
    }
    let outside = book(&sari, mentor.booking("2026-06-03T03:00:00.000Z")).await;
    let refused = outside.refused(422, "booking.outside_hours");
    assert_eq!(
        refused["alternatives"][0], "2026-06-04T08:15:00.000Z",
        "{refused}"
    );
    let hold = mentor.booking("2026-06-03T03:00:00.000Z");
    sari.post("/v1/slot-holds", hold)
        .await
        .refused(422, "booking.outside_hours");
    book(&sari, mentor.booking("2026-06-04T08:30:00.000Z"))
        .await
        .refused(422, "booking.off_grid");
    let made = book(&sari, mentor.booking(expected[2])).await.ok(201);
    let path = format!("/v1/bookings/{}/reschedule", made["id"].as_str().unwrap());
    sari.post(&path, json!({ "starts_at": "2026-06-03T03:00:00.000Z" }))
        .await
        .refused(422, "booking.outside_hours");
    sari.post(&path, json!({ "starts_at": expected[1] }))
        .await
        .ok(200);
    assert_eq!(
        mentor.starts(&app, "2026-06-02", "2026-06-07").await,
        [expected[2], expected[3]]
    );

    // Without hours of its own it is given whenever the mentor is open; what is booked stays.
    assert_eq!(set(&mentor, &Value::Null).await, json!([]));
    let open = mentor.starts(&app, "2026-06-02", "2026-06-07").await.len();
    assert!(open > whole_week - 4, "{open} of {whole_week}");
}

#[actix_web::test]
async fn hours_of_an_offering_are_checked_as_those_of_a_calendar() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let offering = |weekly: Value| json!({ "title": "Klinik ekspor", "mode": "online", "durations": [60], "weekly": weekly });
    // Over midnight is two entries; what touches or overlaps is joined.
    let said = windows(&[
        ("monday", "22:00", "24:00"),
        ("tuesday", "00:00", "02:00"),
        ("friday", "10:00", "12:00"),
        ("friday", "09:00", "10:30"),
    ]);
    let reply = mentor
        .client
        .post("/v1/offerings", offering(said.clone()))
        .await;
    let path = reply.header("location").unwrap().to_owned();
    let made = reply.ok(201);
    let joined = windows(&[
        ("monday", "22:00", "24:00"),
        ("tuesday", "00:00", "02:00"),
        ("friday", "09:00", "12:00"),
    ]);
    assert_eq!(made["weekly"], joined);
    assert_eq!(app.anon().get(&path).await.ok(200)["weekly"], joined);
    for (weekly, fault) in [
        (
            windows(&[("monday", "10:00", "09:00")]),
            "/weekly/0/closes closes_before_opening",
        ),
        (
            windows(&[("monday", "9:00", "10:00")]),
            "/weekly/0/opens format",
        ),
        (Value::Array(vec![said[0].clone(); 85]), "/weekly too_many"),
    ] {
        let reply = mentor.client.post("/v1/offerings", offering(weekly)).await;
        assert_eq!(reply.faults(), [fault]);
        let kept = app.anon().get(&path).await.ok(200);
        assert_eq!(kept, made);
    }
}
