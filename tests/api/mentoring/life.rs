//! What happens to a booking after it was made.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Mentor, assert_sound, book, subjects};
use crate::harness::{Client, Reply, TestApp};

const TUESDAY_10: &str = "2026-06-02T03:00:00.000Z";
const TUESDAY_14: &str = "2026-06-02T07:00:00.000Z";

fn path(booking: &Value, action: &str) -> String {
    format!("/v1/bookings/{}/{action}", booking["id"].as_str().unwrap())
}

async fn act(client: &Client<'_>, booking: &Value, action: &str) -> Reply {
    let body = match action {
        "decline" | "cancel" => json!({ "reason": "schedule_conflict" }),
        "reschedule" => json!({ "starts_at": TUESDAY_14 }),
        _ => {
            return client
                .send(
                    actix_web::http::Method::POST,
                    &path(booking, action),
                    None,
                    Vec::new(),
                )
                .await;
        }
    };
    client.post(&path(booking, action), body).await
}

#[actix_web::test]
async fn a_request_waits_for_the_mentor_and_keeps_the_time() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "needs_approval": true })).await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let request = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    assert_eq!(
        (&request["state"], &request["expires_at"]),
        (&json!("requested"), &json!("2026-06-02T01:00:00.000Z")),
        "two hours before the session"
    );
    book(&budi, mentor.booking(TUESDAY_10))
        .await
        .refused(409, "booking.slot_taken");
    act(&sari, &request, "approve")
        .await
        .refused(409, "booking.invalid_transition");
    let race = (0..20).map(|_| async { act(&mentor.client, &request, "approve").await });
    for reply in join_all(race).await {
        assert_eq!(reply.ok(200)["state"], "confirmed");
    }
    let events: i64 = app
        .db
        .sql()
        .await
        .query_one("SELECT count(*) FROM booking_events", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(events, 2, "made once, approved once");
    app.run_jobs().await;
    let told = [
        "Permintaan sesi pendampingan",
        "Sesi pendampingan dikonfirmasi",
    ];
    for address in ["sari@contoh.id", "made@contoh.id"] {
        let mut subjects = subjects(&app, address);
        subjects.sort();
        assert_eq!(subjects, told, "{address}");
    }
    assert_sound(&app).await;
}

#[actix_web::test]
async fn a_request_that_nobody_answers_lapses() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "needs_approval": true })).await;
    app.user("budi").await;
    let sari = app.user("sari").await;
    let first = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    let second = book(&sari, mentor.booking(TUESDAY_14)).await.ok(201);
    app.clock.advance(Duration::hours(24));
    let (sari, budi) = (app.sign_in("sari").await, app.sign_in("budi").await);
    let made = app.sign_in("made").await;
    // Before any job has run, the time is free for whoever comes.
    let budis = mentor.starts(&app, "2026-06-02", "2026-06-02").await;
    assert!(budis.contains(&TUESDAY_14.to_owned()), "{budis:?}");
    book(&budi, mentor.booking(TUESDAY_14)).await.ok(201);
    let state = async |booking: &Value| {
        let id = booking["id"].as_str().unwrap();
        sari.get(&format!("/v1/bookings/{id}")).await.ok(200)["state"].clone()
    };
    assert_eq!(state(&second).await, "expired");
    app.run_all_jobs().await;
    assert_eq!(state(&first).await, "expired");
    let lapsed = subjects(&app, "sari@contoh.id");
    let lapsed = lapsed
        .iter()
        .filter(|s| *s == "Permintaan sesi kedaluwarsa");
    assert_eq!(lapsed.count(), 2);
    act(&made, &first, "approve")
        .await
        .refused(409, "booking.invalid_transition");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn cancelling_frees_the_time_and_says_who_was_late() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let booking = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    act(&app.user("budi").await, &booking, "cancel")
        .await
        .refused(404, "booking.not_found");
    sari.clone()
        .with("if-match", "\"7\"")
        .post(&path(&booking, "cancel"), json!({ "reason": "sick" }))
        .await
        .refused(412, "request.stale_version");
    let cancelled = act(&sari, &booking, "cancel").await.ok(200);
    assert_eq!(
        (
            &cancelled["state"],
            &cancelled["cancelled_by"],
            &cancelled["late"],
            &cancelled["sequence"]
        ),
        (
            &json!("cancelled"),
            &json!("mentee"),
            &json!(true),
            &json!(1)
        ),
        "the offering asks for a day's notice"
    );
    assert_eq!(
        act(&sari, &booking, "cancel").await.ok(200),
        cancelled,
        "again"
    );
    act(&mentor.client, &booking, "cancel")
        .await
        .refused(409, "booking.invalid_transition");
    let next = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    let wednesday = "2026-06-03T03:00:00.000Z";
    let far = book(&sari, mentor.booking(wednesday)).await.ok(201);
    assert_eq!(
        act(&mentor.client, &far, "cancel").await.ok(200)["late"],
        false
    );
    app.run_jobs().await;
    let cancelled = subjects(&app, "made@contoh.id");
    let cancelled = cancelled
        .iter()
        .filter(|s| *s == "Sesi pendampingan dibatalkan");
    assert_eq!(cancelled.count(), 2);
    assert_ne!(next["id"], booking["id"]);
    assert_sound(&app).await;
}

#[actix_web::test]
async fn moving_keeps_the_booking_and_a_mentee_moves_twice() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let booking = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    book(&budi, mentor.booking(TUESDAY_14)).await.ok(201);
    let to = async |client: &Client<'_>, start: &str| {
        let body = json!({ "starts_at": start });
        client.post(&path(&booking, "reschedule"), body).await
    };
    to(&sari, TUESDAY_14)
        .await
        .refused(409, "booking.slot_taken");
    // Half an hour later overlaps with its own old time, which does not matter.
    let moved = to(&sari, "2026-06-02T03:30:00.000Z").await.ok(200);
    assert_eq!(
        (
            &moved["id"],
            &moved["code"],
            &moved["sequence"],
            &moved["reschedule_count"]
        ),
        (&booking["id"], &booking["code"], &json!(1), &json!(1))
    );
    let again = to(&sari, "2026-06-02T03:30:00.000Z").await.ok(200);
    assert_eq!(
        again["version"], moved["version"],
        "asked again, nothing changes"
    );
    to(&sari, "2026-06-03T03:00:00.000Z").await.ok(200);
    to(&sari, "2026-06-04T03:00:00.000Z")
        .await
        .refused(409, "booking.too_many_moves");
    to(&mentor.client, "2026-06-04T03:00:00.000Z").await.ok(200);
    let starts = mentor.starts(&app, "2026-06-02", "2026-06-04").await;
    assert!(starts.contains(&TUESDAY_10.to_owned()));
    assert!(!starts.contains(&"2026-06-04T03:00:00.000Z".to_owned()));
    assert_sound(&app).await;
}

#[actix_web::test]
async fn cancelling_and_moving_at_once_leave_one_truth() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    for _ in 0..5 {
        let booking = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
        let (cancelled, moved) = futures_util::join!(
            act(&sari, &booking, "cancel"),
            act(&mentor.client, &booking, "reschedule"),
        );
        assert!(
            matches!(cancelled.status.as_u16(), 200 | 409),
            "{}",
            cancelled.text()
        );
        assert!(
            matches!(moved.status.as_u16(), 200 | 409),
            "{}",
            moved.text()
        );
        assert_sound(&app).await;
        act(&sari, &booking, "cancel").await;
    }
}

#[actix_web::test]
async fn a_session_is_held_and_completed() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let booking = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    for action in ["check-in", "complete", "report-no-show"] {
        act(&mentor.client, &booking, action)
            .await
            .refused(409, "booking.wrong_time");
    }
    app.run_all_jobs().await;
    let told = subjects(&app, "sari@contoh.id");
    assert!(told.contains(&"Pengingat sesi pendampingan".to_owned()));
    // 10:20 on Tuesday.
    app.clock.advance(Duration::minutes(22 * 60 + 20));
    let checked = act(&app.sign_in("sari").await, &booking, "check-in")
        .await
        .ok(200);
    assert_eq!(checked["mentee_checked_in_at"], "2026-06-02T03:20:00.000Z");
    let made = app.sign_in("made").await;
    act(&made, &booking, "complete")
        .await
        .refused(409, "booking.wrong_time");
    app.clock.advance(Duration::minutes(10));
    let made = app.sign_in("made").await;
    assert_eq!(
        act(&made, &booking, "complete").await.ok(200)["state"],
        "completed"
    );
    act(&made, &booking, "cancel")
        .await
        .refused(409, "booking.invalid_transition");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn who_does_not_come_is_reported_by_the_other() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let booking = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    app.clock.advance(Duration::minutes(22 * 60 + 11));
    let made = app.sign_in("made").await;
    let reported = act(&made, &booking, "report-no-show").await.ok(200);
    assert_eq!(
        (&reported["state"], &reported["no_show_party"]),
        (&json!("no_show"), &json!("mentee"))
    );
    act(&app.sign_in("sari").await, &booking, "report-no-show")
        .await
        .refused(409, "booking.invalid_transition");
}

#[actix_web::test]
async fn a_hold_keeps_a_time_for_ten_minutes() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let hold = sari
        .post("/v1/slot-holds", mentor.booking(TUESDAY_10))
        .await
        .ok(201);
    assert_eq!(hold["expires_at"], "2026-06-01T05:10:00.000Z");
    book(&budi, mentor.booking(TUESDAY_10))
        .await
        .refused(409, "booking.slot_taken");
    sari.post("/v1/slot-holds", mentor.booking(TUESDAY_14))
        .await
        .ok(201);
    sari.post("/v1/slot-holds", mentor.booking("2026-06-03T03:00:00Z"))
        .await
        .refused(409, "booking.too_many_holds");
    let at = format!("/v1/slot-holds/{}", hold["id"].as_str().unwrap());
    budi.delete(&at)
        .await
        .refused(404, "booking.hold_not_found");
    // One's own hold gives way to one's own booking.
    book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    sari.delete(&at)
        .await
        .refused(404, "booking.hold_not_found");
    app.clock.advance(Duration::minutes(10));
    let dewi = app.user("dewi").await;
    let budi = app.sign_in("budi").await;
    let race = [&budi, &dewi].map(|person| book(person, mentor.booking(TUESDAY_14)));
    let mut statuses: Vec<u16> = join_all(race)
        .await
        .iter()
        .map(|reply| reply.status.as_u16())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "both waited for the hold to lapse");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn questions_are_answered_when_booking() {
    let app = TestApp::new().await;
    let questions = json!([
        { "key": "omzet", "label": "Berapa omzet usaha Anda sebulan?", "required": true },
        { "key": "tautan", "label": "Tautan toko", "required": false },
    ]);
    let mentor = Mentor::with(&app, "made", json!({ "questions": questions })).await;
    let sari = app.user("sari").await;
    let reply = book(&sari, mentor.booking(TUESDAY_10)).await;
    assert_eq!(reply.faults(), ["/answers/omzet required"]);
    let mut wish = mentor.booking(TUESDAY_10);
    wish["answers"] = json!([{ "key": "omzet", "text": "30 juta" }]);
    let booking = book(&sari, wish).await.ok(201);
    assert_eq!(
        booking["answers"],
        json!([{ "key": "omzet", "label": "Berapa omzet usaha Anda sebulan?", "text": "30 juta" }])
    );
}

#[actix_web::test]
async fn a_disaster_holds_sessions_up_and_nobody_is_to_blame() {
    use karya_mentoring_booking::jobs::{Reach, SuspendSessions};
    use karya_mentoring_booking::model::SessionMode;

    let app = TestApp::new().await;
    let here = Mentor::with(
        &app,
        "made",
        json!({ "mode": "in_person", "place": "Dinas" }),
    )
    .await;
    let elsewhere = Mentor::with(
        &app,
        "yosef",
        json!({ "mode": "in_person", "place": "Dinas" }),
    )
    .await;
    let sql = app.db.sql().await;
    for (mentor, region) in [(&here, "33.75"), (&elsewhere, "73.71")] {
        let statement = "UPDATE calendars SET region_code = $1 WHERE user_id = $2";
        sql.execute(statement, &[&region, &mentor.user_id])
            .await
            .unwrap();
    }
    let sari = app.user("sari").await;
    let hit = book(&sari, here.booking(TUESDAY_10)).await.ok(201);
    let later = book(&sari, here.booking("2026-06-04T03:00:00Z"))
        .await
        .ok(201);
    let spared = book(&sari, elsewhere.booking(TUESDAY_14)).await.ok(201);
    app.run_jobs().await;
    let told = app.mails_to("sari@contoh.id").len();

    let alert = |id: &str, lift| SuspendSessions {
        alert_id: id.into(),
        again: false,
        reach: Reach {
            regions: vec!["33".into(), "bukan kode".into()],
            from: "2026-06-02T00:00:00Z".parse().unwrap(),
            to: "2026-06-03T00:00:00Z".parse().unwrap(),
            modes: vec![SessionMode::InPerson],
        },
        lift,
    };
    let mut conn = app.parts.db.conn().await.unwrap();
    for _ in 0..2 {
        let job = alert("first", false);
        karya_jobs::enqueue(&mut conn, &job).await.unwrap();
        app.run_jobs().await;
    }
    app.run_jobs().await;
    let state = async |booking: &Value| {
        let id = booking["id"].as_str().unwrap();
        sari.get(&format!("/v1/bookings/{id}")).await.ok(200)["state"].clone()
    };
    assert_eq!(
        [state(&hit).await, state(&later).await, state(&spared).await],
        ["suspended", "confirmed", "confirmed"]
    );
    let mails = app.mails_to("sari@contoh.id");
    assert_eq!(
        mails.len(),
        told + 1,
        "one mail, however often the alert comes"
    );
    assert_eq!(mails[told].subject, "Sesi pendampingan ditangguhkan");
    assert_sound(&app).await;

    karya_jobs::enqueue(&mut conn, &alert("first", true))
        .await
        .unwrap();
    app.run_jobs().await;
    assert_eq!(state(&hit).await, "confirmed");
    let job = alert("second", false);
    karya_jobs::enqueue(&mut conn, &job).await.unwrap();
    app.run_jobs().await;
    // Moving it does not count, however often.
    for start in [
        "2026-06-05T03:00:00Z",
        "2026-06-05T05:00:00Z",
        "2026-06-05T07:00:00Z",
    ] {
        let body = json!({ "starts_at": start });
        let moved = sari.post(&path(&hit, "reschedule"), body).await;
        if start == "2026-06-05T03:00:00Z" {
            let moved = moved.ok(200);
            assert_eq!(
                (&moved["state"], &moved["reschedule_count"]),
                (&json!("confirmed"), &json!(0))
            );
        }
    }
    assert_sound(&app).await;
}

#[actix_web::test]
async fn what_is_still_held_up_when_it_should_begin_is_cancelled_by_the_system() {
    use karya_mentoring_booking::jobs::{Reach, SuspendSessions};
    use karya_mentoring_booking::model::SessionMode;

    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sql = app.db.sql().await;
    let statement = "UPDATE calendars SET region_code = '33.75'";
    sql.batch_execute(statement).await.unwrap();
    let sari = app.user("sari").await;
    let booking = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    let job = SuspendSessions {
        alert_id: "alert".into(),
        again: false,
        reach: Reach {
            regions: vec!["33.75".into()],
            from: "2026-06-01T00:00:00Z".parse().unwrap(),
            to: "2026-06-03T00:00:00Z".parse().unwrap(),
            modes: SessionMode::ALL.to_vec(),
        },
        lift: false,
    };
    let mut conn = app.parts.db.conn().await.unwrap();
    karya_jobs::enqueue(&mut conn, &job).await.unwrap();
    app.run_jobs().await;
    app.clock.advance(Duration::minutes(22 * 60));
    app.run_all_jobs().await;
    let id = booking["id"].as_str().unwrap();
    let sari = app.sign_in("sari").await;
    let closed = sari.get(&format!("/v1/bookings/{id}")).await.ok(200);
    assert_eq!(
        (
            &closed["state"],
            &closed["cancelled_by"],
            &closed["reason_code"],
            &closed["late"]
        ),
        (
            &json!("cancelled"),
            &json!("system"),
            &json!("force_majeure"),
            &json!(false)
        )
    );
    assert_sound(&app).await;
}
