//! Calendars in: busy times of calendars elsewhere.

use chrono::TimeDelta;
use karya_fetch::Fetcher;
use serde_json::{Value, json};

use super::{Mentor, assert_sound, book};
use crate::harness::{HttpsServer, TestApp};

const BUSY: &str = "/v1/me/busy-calendars";

fn calendar(events: &[(&str, &str)]) -> String {
    let events: String = events
        .iter()
        .enumerate()
        .map(|(at, (from, to))| {
            format!("BEGIN:VEVENT\r\nUID:{at}@x\r\nSUMMARY:Operasi caesar\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{from}\r\nDTEND:{to}\r\nEND:VEVENT\r\n")
        })
        .collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\n{events}END:VCALENDAR\r\n")
}

/// Tuesday 10:00 to 12:00 in Jakarta.
fn tuesday() -> String {
    calendar(&[("20260602T030000Z", "20260602T050000Z")])
}

async fn only(client: &crate::harness::Client<'_>) -> Value {
    client.get(BUSY).await.ok(200)["items"][0].clone()
}

#[actix_web::test]
async fn an_uploaded_calendar_closes_its_owners_hours_and_nobody_elses() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "before_min": 15, "after_min": 15 })).await;
    let sari = app.user("sari").await;
    let all = mentor.starts(&app, "2026-06-02", "2026-06-02").await.len();
    let booked = book(&sari, mentor.booking("2026-06-02T02:00:00Z"))
        .await
        .ok(201);
    let text = calendar(&[
        ("20260602T020000Z", "20260602T050000Z"),
        ("20260602T043000Z", "20260602T053000Z"),
        ("20200101T000000Z", "20200101T010000Z"),
    ]);
    let added = mentor
        .client
        .post(BUSY, json!({ "ics": text }))
        .await
        .ok(201);
    assert_eq!(
        (&added["event_count"], &added["not_understood"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(added["covered_until"], "2026-09-29T05:00:00.000Z");
    assert!(added["host"].is_null());
    let starts = mentor.starts(&app, "2026-06-02", "2026-06-02").await;
    assert!(
        starts.len() < all
            && starts
                .iter()
                .all(|start| start.as_str() >= "2026-06-02T05:30"),
        "{starts:?}"
    );
    let taken = book(
        &app.user("budi").await,
        mentor.booking("2026-06-02T03:00:00Z"),
    )
    .await;
    taken.refused(409, "booking.slot_taken");
    // What was booked before stays, and is nobody's fault: the hours are what they were.
    let path = format!("/v1/bookings/{}", booked["id"].as_str().unwrap());
    assert_eq!(sari.get(&path).await.ok(200)["state"], "confirmed");
    assert_eq!(
        mentor.client.get("/v1/me/calendar").await.ok(200)["affected_bookings"],
        json!([])
    );
    // A busy calendar does not keep its owner from booking others.
    let other = Mentor::new(&app, "wayan").await;
    book(&mentor.client, other.booking("2026-06-02T04:00:00Z"))
        .await
        .ok(201);
    // Only times are kept.
    let kept: i64 = app
        .db
        .sql()
        .await
        .query_one(
            "SELECT count(*) FROM external_busy b WHERE b::text LIKE '%Operasi%'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(kept, 0);

    let of = |verb: &str| format!("{BUSY}/{}{verb}", added["id"].as_str().unwrap());
    mentor
        .client
        .post(&of("/refresh"), json!({}))
        .await
        .refused(409, "calendar.nothing_to_refresh");
    sari.delete(&of(""))
        .await
        .refused(404, "calendar.busy_calendar_not_found");
    sari.post(&of("/refresh"), json!({}))
        .await
        .refused(404, "calendar.busy_calendar_not_found");
    mentor.client.delete(&of("")).await.ok(204);
    mentor
        .client
        .delete(&of(""))
        .await
        .refused(404, "calendar.busy_calendar_not_found");
    assert!(mentor.starts(&app, "2026-06-02", "2026-06-02").await.len() > starts.len());
    assert_sound(&app).await;
}

#[actix_web::test]
async fn what_is_no_calendar_or_no_address_is_named() {
    let app = TestApp::new().await;
    let made = app.user("made").await;
    for (body, fault) in [
        (json!({}), "/url one_of_two"),
        (
            json!({ "url": "https://a.id", "ics": "x" }),
            "/url one_of_two",
        ),
        (json!({ "ics": "halo" }), "/ics not_a_calendar"),
        (
            json!({ "ics": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" }),
            "/ics not_a_calendar",
        ),
        (
            json!({ "url": "http://kalender.contoh.id/a.ics" }),
            "/url format",
        ),
        (
            json!({ "url": "ftp://kalender.contoh.id/a.ics" }),
            "/url format",
        ),
        (json!({ "url": "file:///etc/passwd" }), "/url format"),
        (
            json!({ "url": "https://kalender.contoh.id:8443/a.ics" }),
            "/url format",
        ),
        (
            json!({ "url": "https://sari:rahasia@kalender.contoh.id/a.ics" }),
            "/url format",
        ),
        (json!({ "url": "kalender" }), "/url format"),
        (
            json!({ "url": "https://127.0.0.1/a.ics" }),
            "/url refused_address",
        ),
        (
            json!({ "url": "https://0x7f.1/a.ics" }),
            "/url refused_address",
        ),
        (
            json!({ "url": "https://2130706433/a.ics" }),
            "/url refused_address",
        ),
        (
            json!({ "url": "https://169.254.169.254/latest/meta-data" }),
            "/url refused_address",
        ),
        (
            json!({ "url": "https://[::1]/a.ics" }),
            "/url refused_address",
        ),
        (
            json!({ "url": "https://[::ffff:10.0.0.1]/a.ics" }),
            "/url refused_address",
        ),
        (
            json!({ "url": format!("https://a.id/{}", "x".repeat(2000)) }),
            "/url too_long",
        ),
    ] {
        let reply = made.post(BUSY, body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    assert_eq!(made.get(BUSY).await.ok(200), json!({ "items": [] }));
    let race = (0..8).map(|_| async { made.post(BUSY, json!({ "ics": tuesday() })).await });
    let replies = futures_util::future::join_all(race).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 201).count(),
        5
    );
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.refused(409, "calendar.too_many");
    }
}

#[actix_web::test]
async fn a_calendar_elsewhere_is_read_again_and_a_failure_frees_nothing() {
    let server = HttpsServer::start().await;
    let app = TestApp::with(|parts| parts.fetcher = Fetcher::new(server.policy())).await;
    let mentor = Mentor::new(&app, "made").await;
    server.say("200 OK\r\netag: \"satu\"", &tuesday());
    let url = server
        .url("/rahasia-4711/basic.ics")
        .replace("https://", "webcal://");
    let added = mentor.client.post(BUSY, json!({ "url": url })).await;
    assert!(!added.text().contains("rahasia"));
    let added = added.ok(201);
    assert_eq!(
        (&added["host"], &added["last_tried_at"]),
        (&json!("lain.test"), &Value::Null)
    );
    app.run_jobs().await;
    let read = only(&mentor.client).await;
    assert_eq!(
        (
            &read["last_ok_at"],
            &read["event_count"],
            &read["last_error"]
        ),
        (&json!("2026-06-01T05:00:00.000Z"), &json!(1), &Value::Null)
    );
    let closed = mentor.starts(&app, "2026-06-02", "2026-06-02").await;
    assert!(!closed.contains(&"2026-06-02T03:00:00.000Z".to_owned()));
    assert!(server.asked()[0].starts_with("GET /rahasia-4711/basic.ics HTTP/1.1\r\n"));
    // The address is a secret.
    let sql = app.db.sql().await;
    let leaks: i64 = sql.query_one(
        "SELECT (SELECT count(*) FROM external_calendars c WHERE encode(url_sealed, 'escape') LIKE '%rahasia%' OR c::text LIKE '%rahasia%')
              + (SELECT count(*) FROM graphile_worker._private_jobs j WHERE j::text LIKE '%rahasia%')
              + (SELECT count(*) FROM idempotency_keys WHERE encode(body, 'escape') LIKE '%rahasia%')", &[],
    ).await.unwrap().get(0);
    assert_eq!(leaks, 0);

    let path = format!("{BUSY}/{}/refresh", added["id"].as_str().unwrap());
    for (head, body, code) in [
        ("404 Not Found", String::new(), "not_found"),
        ("401 Unauthorized", String::new(), "refused"),
        ("500 Oops", String::new(), "bad_response"),
        (
            "200 OK",
            "<html>Masuk dulu</html>".to_owned(),
            "not_a_calendar",
        ),
        ("200 OK", "BEGIN:VCALENDAR\r\n".to_owned(), "not_a_calendar"),
        ("200 OK", "x".repeat(2 * 1024 * 1024 + 1), "too_large"),
        (
            "302 Found\r\nlocation: https://10.0.0.1/a.ics",
            String::new(),
            "refused_address",
        ),
        (
            "302 Found\r\nlocation: http://lain.test/a.ics",
            String::new(),
            "bad_address",
        ),
        ("302 Found\r\nlocation: /lagi", String::new(), "redirects"),
    ] {
        server.say(head, &body);
        mentor.client.post(&path, json!({})).await.ok(202);
        app.run_jobs().await;
        let failed = only(&mentor.client).await;
        assert_eq!(
            (&failed["last_error"], &failed["event_count"]),
            (&json!(code), &json!(1)),
            "{head}"
        );
        assert_eq!(failed["last_ok_at"], "2026-06-01T05:00:00.000Z");
        assert_eq!(
            mentor.starts(&app, "2026-06-02", "2026-06-02").await,
            closed,
            "{head}"
        );
    }
    // Unchanged: the server's word is enough for a day.
    server.say("304 Not Modified", "");
    mentor.client.post(&path, json!({})).await.ok(202);
    app.run_jobs().await;
    assert_eq!(only(&mentor.client).await["last_error"], Value::Null);
    assert!(
        server
            .asked()
            .last()
            .unwrap()
            .contains("if-none-match: \"satu\"")
    );
    assert_eq!(
        mentor.starts(&app, "2026-06-02", "2026-06-02").await,
        closed
    );
    // Six hours later it is read by itself; a day later without asking whether it changed, and it did.
    app.clock.advance(TimeDelta::hours(25));
    server.say(
        "200 OK\r\netag: \"dua\"",
        &calendar(&[("20260603T030000Z", "20260603T050000Z")]),
    );
    app.run_all_jobs().await;
    assert!(!server.asked().last().unwrap().contains("if-none-match"));
    let wednesday = mentor.starts(&app, "2026-06-03", "2026-06-03").await;
    assert!(
        !wednesday.contains(&"2026-06-03T03:00:00.000Z".to_owned()),
        "{wednesday:?}"
    );
    let jobs: i64 = sql
        .query_one(
            "SELECT count(*) FROM graphile_worker._private_jobs WHERE key LIKE 'import_calendar:%'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(jobs, 1, "one next time, not more");
    // Once it is deleted, its job finds nothing and ends.
    app.sign_in("made")
        .await
        .delete(path.strip_suffix("/refresh").unwrap())
        .await
        .ok(204);
    app.run_all_jobs().await;
    let jobs: i64 = sql
        .query_one(
            "SELECT count(*) FROM graphile_worker._private_jobs WHERE key LIKE 'import_calendar:%'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(jobs, 0);
    assert_sound(&app).await;
}

#[actix_web::test]
async fn without_a_policy_for_tests_no_name_leads_to_this_machine() {
    let app = TestApp::new().await;
    let made = app.user("made").await;
    // Names are judged by what they resolve to, when they are fetched.
    made.post(BUSY, json!({ "url": "https://localhost/a.ics" }))
        .await
        .ok(201);
    app.run_jobs().await;
    assert_eq!(only(&made).await["last_error"], "refused_address");
}
