use chrono::Duration;
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use super::growth::{TUESDAY_10, booked, completed, later, tally};
use super::{Mentor, assert_sound};
use crate::harness::TestApp;

#[actix_web::test]
async fn feedback_is_blind_until_both_have_written() {
    let app = TestApp::new().await;
    let (mentor, sari, path) = completed(&app).await;
    let path = format!("{path}/feedback");
    assert_eq!(tally(&app, mentor.user_id).await, (1, 0, 0));
    let public = format!("/v1/mentors/{}/feedback", mentor.user_id);

    let given =
        json!({ "rating": 4, "body": "Jelas & <b>runtut</b>", "tags": ["clear", "practical"] });
    let mine = sari.post(&path, given.clone()).await.ok(201);
    assert_eq!(mine["author"], "mentee");
    // Tuesday, 10:45, and two weeks.
    assert_eq!(mine["reveal_at"], "2026-06-16T03:45:00.000Z");
    assert_eq!(sari.get(&path).await.ok(200)["mine"]["rating"], 4);
    assert_eq!(mentor.client.get(&path).await.ok(200), json!({}));
    assert_eq!(app.anon().get(&public).await.ok(200)["items"], json!([]));
    sari.post(&path, given)
        .await
        .refused(409, "feedback.already_given");
    assert_eq!(tally(&app, mentor.user_id).await, (1, 0, 0));

    mentor
        .client
        .post(&path, json!({ "rating": 5 }))
        .await
        .ok(201);
    for client in [&sari, &mentor.client] {
        let both = client.get(&path).await.ok(200);
        assert_ne!(both["mine"]["rating"], both["theirs"]["rating"]);
    }
    assert_eq!(tally(&app, mentor.user_id).await, (1, 4, 1));
    // The job that was planned finds nothing left to count.
    app.clock.advance(Duration::days(20));
    for _ in 0..2 {
        app.run_all_jobs().await;
    }
    assert_eq!(tally(&app, mentor.user_id).await, (1, 4, 1));

    let reply = app.anon().get(&public).await;
    assert!(!reply.text().contains("sari@contoh.id") && !reply.text().contains("booking"));
    let list = reply.ok(200);
    let item = &list["items"][0];
    assert_eq!(
        (&item["first_name"], &item["rating"], &item["tags"]),
        (&json!("sari"), &json!(4), &json!(["clear", "practical"]))
    );
    assert_eq!(
        list["items"].as_array().unwrap().len(),
        1,
        "not the mentor's"
    );
}

#[actix_web::test]
async fn what_one_side_wrote_is_revealed_and_counted_after_two_weeks() {
    let app = TestApp::new().await;
    let (mentor, sari, path) = completed(&app).await;
    let path = format!("{path}/feedback");
    sari.post(&path, json!({ "rating": 2 })).await.ok(201);
    // Too early: the job comes back later.
    app.run_all_jobs().await;
    assert_eq!(tally(&app, mentor.user_id).await, (1, 0, 0));
    let (made, _) = later(&app, Duration::days(14) - Duration::seconds(1)).await;
    assert_eq!(made.get(&path).await.ok(200), json!({}));
    app.clock.advance(Duration::seconds(1));
    assert_eq!(made.get(&path).await.ok(200)["theirs"]["rating"], 2);
    for _ in 0..3 {
        app.run_all_jobs().await;
    }
    assert_eq!(tally(&app, mentor.user_id).await, (1, 2, 1));
    let public = format!("/v1/mentors/{}/feedback", mentor.user_id);
    let list = app.anon().get(&public).await.ok(200);
    assert_eq!(list["items"][0]["rating"], 2);
    // The other side may still write, and is read at once.
    made.post(&path, json!({ "rating": 1 })).await.ok(201);
    let (_, sari) = later(&app, Duration::zero()).await;
    assert_eq!(sari.get(&path).await.ok(200)["theirs"]["rating"], 1);
    assert_eq!(tally(&app, mentor.user_id).await, (1, 2, 1));
}

#[actix_web::test]
async fn both_at_once_reveal_each_other_and_count_once() {
    let app = TestApp::new().await;
    let (mentor, sari, path) = completed(&app).await;
    let path = format!("{path}/feedback");
    let race = (0..20).map(|number| {
        let client = if number % 2 == 0 {
            &sari
        } else {
            &mentor.client
        };
        let path = &path;
        async move {
            client
                .post(path, json!({ "rating": 3 }))
                .await
                .status
                .as_u16()
        }
    });
    let statuses = join_all(race).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 2);
    assert!(statuses.iter().all(|status| matches!(status, 201 | 409)));
    assert_eq!(tally(&app, mentor.user_id).await, (1, 3, 1));
    for client in [&sari, &mentor.client] {
        assert!(client.get(&path).await.ok(200)["theirs"].is_object());
    }
}

#[actix_web::test]
async fn feedback_has_its_time_and_its_people() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let open = booked(&mentor, &sari, TUESDAY_10).await;
    let good = json!({ "rating": 5 });
    sari.post(&format!("{open}/feedback"), good.clone())
        .await
        .refused(409, "feedback.not_open");
    let budi = app.user("budi").await;
    for path in [
        format!("{open}/feedback"),
        format!("/v1/bookings/{}/feedback", Uuid::now_v7()),
    ] {
        budi.post(&path, good.clone())
            .await
            .refused(404, "booking.not_found");
        budi.get(&path).await.refused(404, "booking.not_found");
    }
    app.anon()
        .get(&format!("/v1/mentors/{}/feedback", Uuid::now_v7()))
        .await
        .refused(404, "mentor.not_found");

    app.clock.advance(Duration::minutes(22 * 60 + 45));
    let (made, sari) = later(&app, Duration::zero()).await;
    made.post(&format!("{open}/complete"), json!({}))
        .await
        .ok(200);
    let path = format!("{open}/feedback");
    for (body, fault) in [
        (json!({ "rating": 0 }), "/rating out_of_range"),
        (json!({ "rating": 6 }), "/rating out_of_range"),
        (
            json!({ "rating": 5, "tags": ["clear", "clear"] }),
            "/tags/1 duplicate",
        ),
        (
            json!({ "rating": 5, "tags": ["rude"] }),
            "/tags/0 wrong_type",
        ),
        (
            json!({ "rating": 5, "body": "a\u{202e}b" }),
            "/body forbidden_character",
        ),
        (
            json!({ "rating": 5, "body": "x".repeat(2001) }),
            "/body too_long",
        ),
    ] {
        let reply = sari.post(&path, body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    let (_, sari) = later(&app, Duration::days(30) + Duration::seconds(1)).await;
    sari.post(&path, good).await.refused(409, "feedback.closed");
    let count: i64 = app
        .db
        .sql()
        .await
        .query_one("SELECT count(*) FROM booking_feedback", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 0);
}

#[actix_web::test]
async fn a_session_is_counted_once_however_often_it_is_completed() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;
    app.clock.advance(Duration::minutes(22 * 60 + 45));
    let made = app.sign_in("made").await;
    let race = (0..20).map(|_| async { made.post(&format!("{path}/complete"), json!({})).await });
    for reply in join_all(race).await {
        assert!(
            matches!(reply.status.as_u16(), 200 | 409),
            "{}",
            reply.text()
        );
    }
    assert_eq!(tally(&app, mentor.user_id).await.0, 1);
    app.run_all_jobs().await;
    assert_eq!(tally(&app, mentor.user_id).await.0, 1);
    assert_sound(&app).await;
}

#[actix_web::test]
async fn the_public_list_is_paged() {
    let app = TestApp::new().await;
    let (mentor, sari, path) = completed(&app).await;
    sari.post(&format!("{path}/feedback"), json!({ "rating": 1 }))
        .await
        .ok(201);
    for (number, rating) in [(1, 2), (2, 3)] {
        let start = format!("2026-06-0{}T03:00:00.000Z", 2 + number);
        let next = booked(&mentor, &app.sign_in("sari").await, &start).await;
        app.clock.advance(Duration::days(1));
        let (made, sari) = later(&app, Duration::zero()).await;
        made.post(&format!("{next}/complete"), json!({}))
            .await
            .ok(200);
        sari.post(&format!("{next}/feedback"), json!({ "rating": rating }))
            .await
            .ok(201);
    }
    app.clock.advance(Duration::days(14));
    app.run_all_jobs().await;
    assert_eq!(tally(&app, mentor.user_id).await, (3, 6, 3));
    let public = format!("/v1/mentors/{}/feedback?limit=2", mentor.user_id);
    let first = app.anon().get(&public).await.ok(200);
    let ratings = |page: &serde_json::Value| -> Vec<i64> {
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["rating"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(ratings(&first), [3, 2]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app
        .anon()
        .get(&format!("{public}&cursor={cursor}"))
        .await
        .ok(200);
    assert_eq!(ratings(&second), [1]);
    assert!(second["next_cursor"].is_null());
}
