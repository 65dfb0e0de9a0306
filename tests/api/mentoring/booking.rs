use futures_util::future::join_all;
use serde_json::json;

use super::{Mentor, assert_sound, book};
use crate::harness::TestApp;

/// Tuesday, 10:00 in Jakarta.
const TUESDAY_10: &str = "2026-06-02T03:00:00.000Z";

#[actix_web::test]
async fn an_owner_books_and_both_sides_hear_of_it() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let starts = mentor.starts(&app, "2026-06-02", "2026-06-02").await;
    assert_eq!(
        (starts.len(), starts[0].as_str()),
        (15, "2026-06-02T02:00:00.000Z")
    );
    assert!(starts.contains(&TUESDAY_10.to_owned()));

    let mut wish = mentor.booking(TUESDAY_10);
    wish["topic"] = json!("Cara ekspor batik ke Jepang");
    let reply = book(&sari, wish).await;
    assert_eq!(reply.header("etag"), Some("\"1\""));
    let booking = reply.ok(201);
    assert_eq!(
        (&booking["state"], &booking["ends_at"], &booking["my_party"]),
        (
            &json!("confirmed"),
            &json!("2026-06-02T04:00:00.000Z"),
            &json!("mentee")
        )
    );
    let starts = mentor.starts(&app, "2026-06-02", "2026-06-02").await;
    for taken in [
        "2026-06-02T02:30:00.000Z",
        TUESDAY_10,
        "2026-06-02T03:30:00.000Z",
    ] {
        assert!(!starts.contains(&taken.to_owned()), "{taken}");
    }
    assert_eq!(starts.len(), 12);

    let path = format!("/v1/bookings/{}", booking["id"].as_str().unwrap());
    assert_eq!(mentor.client.get(&path).await.ok(200)["my_party"], "mentor");
    app.user("budi")
        .await
        .get(&path)
        .await
        .refused(404, "booking.not_found");
    for client in [&sari, &mentor.client] {
        let list = client.get("/v1/bookings?state=confirmed").await.ok(200);
        assert_eq!(list["items"][0]["id"], booking["id"]);
    }
    app.run_jobs().await;
    for address in ["sari@contoh.id", "made@contoh.id"] {
        let mails = app.mails_to(address);
        assert_eq!(mails.len(), 1, "{address}");
        assert_eq!(mails[0].subject, "Sesi pendampingan dikonfirmasi");
        assert!(
            mails[0]
                .text
                .contains("Selasa, 2 Juni 2026, 10.00–11.00 WIB")
        );
    }
    assert_sound(&app).await;
}

#[actix_web::test]
async fn of_many_who_want_the_same_hour_one_gets_it() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let mut people = Vec::new();
    for number in 0..20 {
        people.push(app.user(&format!("orang{number}")).await);
    }
    let race = people
        .iter()
        .map(|person| async { book(person, mentor.booking(TUESDAY_10)).await });
    let replies = join_all(race).await;
    let won = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(won, 1);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        let body = reply.refused(409, "booking.slot_taken");
        let others = body["alternatives"].as_array().unwrap();
        assert!((1..=5).contains(&others.len()) && !others.contains(&json!(TUESDAY_10)));
    }
    assert_sound(&app).await;
}

#[actix_web::test]
async fn starts_fifteen_minutes_apart_neither_overlap_nor_deadlock() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "interval_min": 15 })).await;
    let mut people = Vec::new();
    for number in 0..20 {
        people.push(app.user(&format!("orang{number}")).await);
    }
    let race = people.iter().enumerate().map(|(number, person)| {
        let start = format!("2026-06-02T03:{:02}:00.000Z", (number % 4) * 15);
        let wish = mentor.booking(&start);
        async move { book(person, wish).await.status.as_u16() }
    });
    let statuses = join_all(race).await;
    let won = statuses.iter().filter(|status| **status == 201).count();
    assert_eq!(
        won, 1,
        "60-minute sessions that start within an hour overlap"
    );
    assert!(
        statuses.iter().all(|status| matches!(status, 201 | 409)),
        "{statuses:?}"
    );
    assert_sound(&app).await;
}

#[actix_web::test]
async fn a_mentee_cannot_be_in_two_sessions() {
    let app = TestApp::new().await;
    let mut mentors = Vec::new();
    for number in 0..6 {
        mentors.push(Mentor::new(&app, &format!("mentor{number}")).await);
    }
    let sari = app.user("sari").await;
    let race = mentors
        .iter()
        .map(|mentor| async { book(&sari, mentor.booking(TUESDAY_10)).await });
    let replies = join_all(race).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 201).count(),
        1
    );
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.refused(409, "booking.mentee_busy");
    }
    assert_sound(&app).await;
}

#[actix_web::test]
async fn one_key_makes_one_booking() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    sari.post("/v1/bookings", mentor.booking(TUESDAY_10))
        .await
        .refused(400, "request.invalid_header");
    let sari = sari.with("idempotency-key", "satu");
    let race =
        (0..20).map(|_| async { sari.post("/v1/bookings", mentor.booking(TUESDAY_10)).await });
    let replies = join_all(race).await;
    let first = replies.iter().find(|reply| reply.status == 201).unwrap();
    for reply in &replies {
        assert!(
            (reply.status == 201 && reply.body == first.body) || reply.status == 409,
            "{}",
            reply.text()
        );
    }
    let count: i64 = app
        .db
        .sql()
        .await
        .query_one("SELECT count(*) FROM bookings", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 1);
}

#[actix_web::test]
async fn what_is_not_offered_cannot_be_booked() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    for (start, status, code) in [
        ("2026-06-02T01:00:00Z", 422, "booking.outside_hours"),
        ("2026-06-02T03:10:00Z", 422, "booking.off_grid"),
        ("2026-06-01T06:00:00Z", 422, "booking.notice_too_short"),
        ("2025-06-02T03:00:00Z", 422, "booking.notice_too_short"),
        ("2026-09-01T03:00:00Z", 422, "booking.beyond_horizon"),
        // Iduladha's neighbour: Pancasila Day was Monday, 1 June; Tuesday 16 June is the Islamic new year.
        ("2026-06-16T03:00:00Z", 422, "booking.holiday"),
        ("9999-12-31T23:59:59Z", 422, "booking.beyond_horizon"),
    ] {
        book(&sari, mentor.booking(start))
            .await
            .refused(status, code);
    }
    for (field, value, fault) in [
        ("duration_min", json!(45), "/duration_min not_offered"),
        ("duration_min", json!(-1), "/duration_min not_offered"),
        (
            "starts_at",
            json!("2026-06-02T10:00:00"),
            "/starts_at wrong_type",
        ),
        ("topic", json!("a\u{202e}b"), "/topic forbidden_character"),
        (
            "answers",
            json!([{ "key": "x", "text": "y" }]),
            "/answers/0/key unknown",
        ),
        (
            "business_id",
            json!(uuid::Uuid::now_v7()),
            "/business_id not_a_member",
        ),
    ] {
        let mut wish = mentor.booking(TUESDAY_10);
        wish[field] = value;
        let reply = book(&sari, wish).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    let own = book(&mentor.client, mentor.booking(TUESDAY_10)).await;
    assert_eq!(own.faults(), ["/offering_id own_offering"]);
    let mut unknown = mentor.booking(TUESDAY_10);
    unknown["offering_id"] = json!(uuid::Uuid::now_v7());
    book(&sari, unknown)
        .await
        .refused(404, "offering.not_found");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn slots_are_sent_again_only_when_they_changed() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let path = format!(
        "/v1/offerings/{}/slots?from=2026-06-02&to=2026-06-08",
        mentor.offering
    );
    let tag = app.anon().get(&path).await;
    let tag = tag.header("etag").unwrap().to_owned();
    // Another time of day, but the same slots.
    app.clock.advance(chrono::Duration::seconds(7));
    let again = app.anon().with("if-none-match", &tag).get(&path).await;
    assert_eq!(again.status, 304);
    let sari = app.user("sari").await;
    book(&sari, mentor.booking("2026-06-02T03:00:00Z"))
        .await
        .ok(201);
    let changed = app.anon().with("if-none-match", &tag).get(&path).await;
    assert_eq!(changed.status, 200);
}
