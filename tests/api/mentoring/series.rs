//! Series of bookings.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Mentor, assert_sound, book};
use crate::harness::{Client, Reply, TestApp};

/// Tuesday, 10:00 in Jakarta.
const TUESDAY_10: &str = "2026-06-02T03:00:00.000Z";

fn series(
    mentor: &Mentor<'_>,
    starts_at: &str,
    every: &str,
    count: u8,
    on_conflict: &str,
) -> Value {
    json!({
        "offering_id": mentor.offering, "starts_at": starts_at, "every": every, "count": count,
        "on_conflict": on_conflict, "topic": "Pendampingan ekspor",
    })
}

async fn ask(mentee: &Client<'_>, series: Value) -> Reply {
    let key = uuid::Uuid::now_v7().to_string();
    let keyed = mentee.clone().with("idempotency-key", &key);
    keyed.post("/v1/booking-series", series).await
}

fn starts(series: &Value) -> Vec<&str> {
    let bookings = series["bookings"].as_array().unwrap();
    bookings
        .iter()
        .map(|booking| booking["starts_at"].as_str().unwrap())
        .collect()
}

fn states(series: &Value) -> Vec<&str> {
    let bookings = series["bookings"].as_array().unwrap();
    bookings
        .iter()
        .map(|booking| booking["state"].as_str().unwrap())
        .collect()
}

async fn bookings(app: &TestApp) -> i64 {
    let sql = app.db.sql().await;
    sql.query_one("SELECT count(*) FROM bookings", &[])
        .await
        .unwrap()
        .get(0)
}

#[actix_web::test]
async fn a_series_is_booked_and_both_sides_get_one_mail() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let wish = series(&mentor, TUESDAY_10, "weekly", 4, "skip");
    sari.post("/v1/booking-series", wish.clone())
        .await
        .refused(400, "request.invalid_header");
    // The third Tuesday is the Islamic new year.
    let made = ask(&sari, wish).await.ok(201);
    assert_eq!(
        starts(&made),
        [
            TUESDAY_10,
            "2026-06-09T03:00:00.000Z",
            "2026-06-23T03:00:00.000Z"
        ]
    );
    assert_eq!(
        made["skipped"],
        json!([{ "starts_at": "2026-06-16T03:00:00.000Z", "code": "booking.holiday" }])
    );
    let first = &made["bookings"][0];
    assert_eq!(
        (&first["state"], &first["series_id"]),
        (&json!("confirmed"), &made["id"])
    );
    app.run_jobs().await;
    for address in ["sari@contoh.id", "made@contoh.id"] {
        let mails = app.mails_to(address);
        assert_eq!(mails.len(), 1, "{address}");
        for day in ["2 Juni", "9 Juni", "23 Juni"] {
            assert!(
                mails[0]
                    .text
                    .contains(&format!("Selasa, {day} 2026, 10.00–11.00 WIB"))
            );
        }
    }
    let path = format!("/v1/booking-series/{}", made["id"].as_str().unwrap());
    assert_eq!(mentor.client.get(&path).await.ok(200)["my_party"], "mentor");
    app.user("budi")
        .await
        .get(&path)
        .await
        .refused(404, "booking_series.not_found");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn refusing_books_nothing_and_says_what_is_in_the_way() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let budi = app.user("budi").await;
    book(&budi, mentor.booking("2026-06-09T03:30:00Z"))
        .await
        .ok(201);
    let reply = ask(&sari, series(&mentor, TUESDAY_10, "weekly", 3, "refuse")).await;
    let refused = reply.refused(409, "booking_series.conflict");
    assert_eq!(
        refused["conflicts"],
        json!([
            { "starts_at": "2026-06-09T03:00:00.000Z", "code": "booking.slot_taken" },
            { "starts_at": "2026-06-16T03:00:00.000Z", "code": "booking.holiday" },
        ])
    );
    assert_eq!(refused["alternatives"][0], "2026-06-09T04:30:00.000Z");
    assert_eq!(bookings(&app).await, 1);
    // Nothing to skip to either.
    let sunday = series(&mentor, "2026-06-07T03:00:00Z", "weekly", 3, "skip");
    ask(&sari, sunday)
        .await
        .refused(409, "booking_series.conflict");
    // What the mentee does elsewhere is in the way too.
    let other = Mentor::new(&app, "ayu").await;
    book(&sari, other.booking(TUESDAY_10)).await.ok(201);
    let made = ask(&sari, series(&mentor, TUESDAY_10, "biweekly", 3, "skip"))
        .await
        .ok(201);
    assert_eq!(made["skipped"][0]["code"], "booking.mentee_busy");
    assert_eq!(
        starts(&made).len() + made["skipped"].as_array().unwrap().len(),
        3
    );
    for (field, value, fault) in [
        ("count", json!(1), "/count out_of_range"),
        ("count", json!(13), "/count out_of_range"),
        ("duration_min", json!(45), "/duration_min not_offered"),
        (
            "business_id",
            json!(uuid::Uuid::now_v7()),
            "/business_id not_a_member",
        ),
    ] {
        let mut wish = series(&mentor, TUESDAY_10, "weekly", 3, "skip");
        wish[field] = value;
        let reply = ask(&sari, wish).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    for start in ["9999-12-31T23:59:59Z", "2027-06-09T03:00:00Z"] {
        let status = ask(&sari, series(&mentor, start, "monthly", 12, "refuse"))
            .await
            .status;
        assert!(matches!(status.as_u16(), 409 | 422), "{start}");
    }
    ask(
        &sari,
        series(&mentor, "1970-01-01T00:00:00Z", "weekly", 3, "refuse"),
    )
    .await
    .refused(409, "booking_series.conflict");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn the_time_of_day_is_kept_where_clocks_change() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "horizon_days": 365 })).await;
    let sari = app.user("sari").await;
    let sql = app.db.sql().await;
    sql.execute(
        "UPDATE calendars SET zone = 'America/New_York', holiday_policy = 'ignore' WHERE user_id = $1",
        &[&mentor.user_id],
    )
    .await
    .unwrap();
    // Nine in the morning in New York, across the end of summer time on 1 November.
    let made = ask(
        &sari,
        series(&mentor, "2026-10-20T13:00:00Z", "weekly", 3, "refuse"),
    )
    .await;
    assert_eq!(
        starts(&made.ok(201)),
        [
            "2026-10-20T13:00:00.000Z",
            "2026-10-27T13:00:00.000Z",
            "2026-11-03T14:00:00.000Z"
        ]
    );
    // The second Thursday of each month.
    let made = ask(
        &sari,
        series(&mentor, "2026-09-10T13:00:00Z", "monthly", 4, "refuse"),
    )
    .await;
    assert_eq!(
        starts(&made.ok(201)),
        [
            "2026-09-10T13:00:00.000Z",
            "2026-10-08T13:00:00.000Z",
            "2026-11-12T14:00:00.000Z",
            "2026-12-10T14:00:00.000Z"
        ]
    );
    assert_sound(&app).await;
}

#[actix_web::test]
async fn a_series_counts_as_its_sessions() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "horizon_days": 365 })).await;
    let sari = app.user("sari").await;
    for hour in 2..4 {
        let start = format!("2026-06-03T0{hour}:00:00Z");
        let made = ask(&sari, series(&mentor, &start, "weekly", 11, "refuse"))
            .await
            .ok(201);
        assert_eq!(starts(&made).len(), 11);
    }
    ask(
        &sari,
        series(&mentor, "2026-06-03T04:00:00Z", "weekly", 3, "refuse"),
    )
    .await
    .refused(409, "booking.too_many_active");
    ask(
        &sari,
        series(&mentor, "2026-06-03T04:00:00Z", "weekly", 2, "refuse"),
    )
    .await
    .ok(201);
    book(&sari, mentor.booking(TUESDAY_10))
        .await
        .refused(409, "booking.too_many_active");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn caps_see_the_sessions_before_them() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let sql = app.db.sql().await;
    sql.execute(
        "UPDATE calendars SET weekly_cap = 1 WHERE user_id = $1",
        &[&mentor.user_id],
    )
    .await
    .unwrap();
    book(
        &app.user("budi").await,
        mentor.booking("2026-06-10T03:00:00Z"),
    )
    .await
    .ok(201);
    let made = ask(&sari, series(&mentor, TUESDAY_10, "weekly", 2, "skip"))
        .await
        .ok(201);
    assert_eq!(starts(&made), [TUESDAY_10]);
    assert_eq!(made["skipped"][0]["code"], "booking.limit_reached");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn one_some_or_all_are_cancelled_with_one_mail() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let made = ask(
        &sari,
        series(&mentor, "2026-06-03T03:00:00Z", "weekly", 5, "refuse"),
    )
    .await
    .ok(201);
    let path = format!("/v1/booking-series/{}", made["id"].as_str().unwrap());
    let cancel = format!("{path}/cancel");
    let ids: Vec<&Value> = made["bookings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| &b["id"])
        .collect();
    app.run_jobs().await;
    for (body, fault) in [
        (
            json!({ "scope": "one", "reason": "sick" }),
            "/booking_id required",
        ),
        (
            json!({ "scope": "following", "booking_id": uuid::Uuid::now_v7(), "reason": "sick" }),
            "/booking_id not_found",
        ),
    ] {
        assert_eq!(sari.post(&cancel, body).await.faults(), [fault]);
    }
    app.user("budi")
        .await
        .post(&cancel, json!({ "scope": "all", "reason": "sick" }))
        .await
        .refused(404, "booking_series.not_found");
    let one = json!({ "scope": "one", "booking_id": ids[1], "reason": "sick" });
    let seen = sari.post(&cancel, one.clone()).await.ok(200);
    assert_eq!(
        states(&seen),
        [
            "confirmed",
            "cancelled",
            "confirmed",
            "confirmed",
            "confirmed"
        ]
    );
    sari.post(&cancel, one).await.ok(200);
    let rest = json!({ "scope": "following", "booking_id": ids[3], "reason": "other" });
    let seen = mentor.client.post(&cancel, rest).await.ok(200);
    assert_eq!(
        states(&seen),
        [
            "confirmed",
            "cancelled",
            "confirmed",
            "cancelled",
            "cancelled"
        ]
    );
    app.run_jobs().await;
    for name in ["sari", "made"] {
        let mails = app.mails_to(&format!("{name}@contoh.id"));
        assert_eq!(mails.len(), 3, "{name}");
        let last = &mails[2];
        assert_eq!(last.subject, "Rangkaian sesi dibatalkan");
        assert!(
            last.text.contains("24 Juni") && last.text.contains("1 Juli"),
            "{}",
            last.text
        );
    }
    assert_sound(&app).await;
    // What is over stays.
    app.clock.advance(Duration::days(3));
    let sari = app.sign_in("sari").await;
    let all = json!({ "scope": "all", "reason": "no_longer_needed" });
    let race = (0..6).map(|_| sari.post(&cancel, all.clone()));
    for reply in join_all(race).await {
        assert_eq!(
            states(&reply.ok(200)),
            [
                "confirmed",
                "cancelled",
                "cancelled",
                "cancelled",
                "cancelled"
            ]
        );
    }
    let first = json!({ "scope": "one", "booking_id": ids[0], "reason": "other" });
    sari.post(&cancel, first)
        .await
        .refused(409, "booking.invalid_transition");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn a_series_waits_for_consent_session_by_session() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "needs_approval": true })).await;
    let sari = app.user("sari").await;
    let made = ask(
        &sari,
        series(&mentor, "2026-06-03T03:00:00Z", "weekly", 2, "refuse"),
    )
    .await
    .ok(201);
    assert_eq!(states(&made), ["requested", "requested"]);
    let second = made["bookings"][1]["id"].as_str().unwrap();
    let approve = format!("/v1/bookings/{second}/approve");
    mentor.client.post(&approve, json!({})).await.ok(200);
    let path = format!("/v1/booking-series/{}", made["id"].as_str().unwrap());
    assert_eq!(
        states(&sari.get(&path).await.ok(200)),
        ["requested", "confirmed"]
    );
    assert_sound(&app).await;
}

#[actix_web::test]
async fn of_a_series_and_a_booking_one_has_the_hour() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let mut people = Vec::new();
    for number in 0..16 {
        people.push(app.user(&format!("orang{number}")).await);
    }
    // Wednesdays: series forwards from different weeks, and single bookings of hours within.
    let race = people.iter().enumerate().map(|(number, person)| {
        let mentor = &mentor;
        async move {
            let week = 3 + 7 * (number % 3);
            let start = format!("2026-06-{week:02}T03:00:00Z");
            match number % 4 {
                0 => ask(person, series(mentor, &start, "weekly", 4, "skip")).await,
                1 => ask(person, series(mentor, &start, "weekly", 3, "refuse")).await,
                _ => book(person, mentor.booking(&start)).await,
            }
        }
    });
    let replies = join_all(race).await;
    for reply in &replies {
        assert!(
            matches!(reply.status.as_u16(), 201 | 409),
            "{}",
            reply.text()
        );
    }
    let sql = app.db.sql().await;
    let hours: i64 = sql
        .query_one("SELECT count(DISTINCT starts_at) FROM bookings", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(hours, bookings(&app).await, "each hour has one booking");
    assert!(hours >= 3);
    assert_sound(&app).await;
}

#[actix_web::test]
async fn one_key_makes_one_series() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await.with("idempotency-key", "satu");
    let wish = series(&mentor, "2026-06-03T03:00:00Z", "weekly", 3, "refuse");
    let race = (0..10).map(|_| sari.post("/v1/booking-series", wish.clone()));
    let replies = join_all(race).await;
    assert!(replies.iter().any(|reply| reply.status == 201));
    assert!(
        replies
            .iter()
            .all(|reply| matches!(reply.status.as_u16(), 201 | 409))
    );
    assert_eq!(bookings(&app).await, 3);
}
