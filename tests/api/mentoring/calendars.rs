//! A mentor's own time.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Mentor, assert_sound, book};
use crate::harness::{Client, TestApp};

const CALENDAR: &str = "/v1/me/calendar";

/// Monday to Wednesday 09:00–17:00 in Jakarta.
fn hours() -> Value {
    json!({
        "zone": "Asia/Jakarta",
        "weekly": [
            { "day": "wednesday", "opens": "09:00", "closes": "17:00" },
            { "day": "monday", "opens": "09:00", "closes": "17:00" },
            { "day": "tuesday", "opens": "09:00", "closes": "12:00" },
            { "day": "tuesday", "opens": "12:00", "closes": "17:00" },
        ],
    })
}

async fn put(client: &Client<'_>, version: &str, body: Value) -> crate::harness::Reply {
    client
        .clone()
        .with("if-match", version)
        .put(CALENDAR, body)
        .await
}

#[actix_web::test]
async fn a_calendar_comes_to_be_and_is_replaced_as_a_whole() {
    let app = TestApp::new().await;
    let made = app.user("made").await;
    let none = made.get(CALENDAR).await;
    assert!(none.header("etag").unwrap().starts_with("\"0-"));
    let none = none.ok(200);
    assert_eq!(
        (&none["version"], &none["zone"]),
        (&json!(0), &json!("Asia/Jakarta"))
    );
    let rows: i64 = app
        .db
        .sql()
        .await
        .query_one("SELECT count(*) FROM calendars", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(rows, 0, "looking makes nothing");

    made.put(CALENDAR, hours())
        .await
        .refused(428, "request.version_required");
    put(&made, "\"3\"", hours())
        .await
        .refused(412, "request.stale_version");
    assert_eq!(made.get(CALENDAR).await.ok(200)["version"], 0);
    let first = put(&made, "\"0\"", hours()).await;
    assert_eq!(first.header("etag"), Some("\"1\""));
    let first = first.ok(200);
    assert_eq!(
        first["weekly"],
        json!([
            { "day": "monday", "opens": "09:00", "closes": "17:00" },
            { "day": "tuesday", "opens": "09:00", "closes": "17:00" },
            { "day": "wednesday", "opens": "09:00", "closes": "17:00" },
        ])
    );
    put(&made, "\"0\"", hours())
        .await
        .refused(412, "request.stale_version");

    let whole = json!({
        "zone": "Asia/Makassar", "region_code": "51.71", "holiday_policy": "ignore", "daily_cap": 3, "weekly_cap": 9,
        "paused_until": "2026-06-05T00:00:00+08:00",
        "weekly": [
            { "day": "sunday", "opens": "22:00", "closes": "24:00" },
            { "day": "monday", "opens": "00:00", "closes": "02:00" },
        ],
        "schedules": [
            { "name": "Ramadan 2027", "valid_from": "2027-02-08", "valid_to": "2027-03-09",
              "weekly": [{ "day": "friday", "opens": "08:00", "closes": "11:30" }] },
            { "name": "Libur", "valid_from": "2026-12-01", "valid_to": "2026-12-01", "weekly": [] },
        ],
    });
    let second = put(&made, "\"1\"", whole.clone()).await.ok(200);
    assert_eq!(second["version"], 2);
    let shown = made.get(CALENDAR).await.ok(200);
    for member in [
        "zone",
        "region_code",
        "holiday_policy",
        "daily_cap",
        "weekly_cap",
    ] {
        assert_eq!(shown[member], whole[member], "{member}");
    }
    assert_eq!(shown["paused_until"], "2026-06-04T16:00:00.000Z");
    assert_eq!(shown["schedules"][0]["name"], "Libur", "by date");
    assert_eq!(shown["schedules"][1], whole["schedules"][0]);
    assert_eq!(shown["weekly"][1], whole["weekly"][0]);
    // What is absent goes back to its usual value.
    let third = put(&made, "*", hours()).await.ok(200);
    assert_eq!(third["version"], 3);
    assert!(third["daily_cap"].is_null() && third["schedules"] == json!([]));
    assert_eq!(third["holiday_policy"], "closed");
}

#[actix_web::test]
async fn of_many_who_replace_the_same_version_one_does() {
    let app = TestApp::new().await;
    let made = app.user("made").await;
    for version in ["\"0\"", "\"1\""] {
        let race = (0..10).map(|_| async { put(&made, version, hours()).await.status.as_u16() });
        let statuses = join_all(race).await;
        assert_eq!(
            statuses.iter().filter(|status| **status == 200).count(),
            1,
            "{statuses:?}"
        );
        assert!(
            statuses.iter().all(|status| matches!(status, 200 | 412)),
            "{statuses:?}"
        );
    }
    assert_eq!(made.get(CALENDAR).await.ok(200)["version"], 2);
}

#[actix_web::test]
async fn bad_hours_are_named_and_change_nothing() {
    let app = TestApp::new().await;
    let made = app.user("made").await;
    put(&made, "\"0\"", hours()).await.ok(200);
    let before = made.get(CALENDAR).await.ok(200);
    let window =
        |opens: &str, closes: &str| json!([{ "day": "monday", "opens": opens, "closes": closes }]);
    let dated = |from: &str, to: &str| json!({ "name": "x", "valid_from": from, "valid_to": to, "weekly": [] });
    for (member, value, fault) in [
        ("zone", json!("Asia/Atlantis"), "/zone format"),
        ("zone", json!("WIB"), "/zone format"),
        ("region_code", json!("99.99"), "/region_code not_found"),
        ("region_code", json!("Bali"), "/region_code format"),
        ("weekly", window("9:00", "17:00"), "/weekly/0/opens format"),
        ("weekly", window("24:00", "24:00"), "/weekly/0/opens format"),
        (
            "weekly",
            window("17:00", "09:00"),
            "/weekly/0/closes closes_before_opening",
        ),
        (
            "weekly",
            window("09:00", "25:00"),
            "/weekly/0/closes format",
        ),
        (
            "weekly",
            json!([{ "day": "senin", "opens": "09:00", "closes": "10:00" }]),
            "/weekly/0/day wrong_type",
        ),
        (
            "weekly",
            json!(vec![window("09:00", "10:00")[0].clone(); 85]),
            "/weekly too_many",
        ),
        ("daily_cap", json!(0), "/daily_cap out_of_range"),
        ("weekly_cap", json!(201), "/weekly_cap out_of_range"),
        (
            "paused_until",
            json!("2026-06-05T00:00:00"),
            "/paused_until wrong_type",
        ),
        (
            "paused_until",
            json!("9999-06-05T00:00:00Z"),
            "/paused_until format",
        ),
        (
            "schedules",
            json!([dated("2026-13-01", "2026-12-02")]),
            "/schedules/0/valid_from format",
        ),
        (
            "schedules",
            json!([dated("2026-12-02", "2026-12-01")]),
            "/schedules/0/valid_to ends_before_start",
        ),
        (
            "schedules",
            json!([
                dated("2026-12-01", "2026-12-05"),
                dated("2026-12-05", "2026-12-09")
            ]),
            "/schedules/1/valid_from overlap",
        ),
        (
            "schedules",
            json!(vec![dated("2026-12-01", "2026-12-05"); 11]),
            "/schedules too_many",
        ),
        ("hours", json!(1), "/hours unknown"),
    ] {
        let mut body = hours();
        body[member] = value;
        let reply = put(&made, "\"1\"", body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    assert_eq!(made.get(CALENDAR).await.ok(200), before);
}

#[actix_web::test]
async fn new_hours_make_new_slots_and_name_the_bookings_they_leave_out() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    // Tuesday and Thursday, 10:00 in Jakarta; Wednesday 16:00.
    let mut ids = Vec::new();
    for start in [
        "2026-06-02T03:00:00Z",
        "2026-06-03T09:00:00Z",
        "2026-06-04T03:00:00Z",
    ] {
        ids.push(book(&sari, mentor.booking(start)).await.ok(201)["id"].clone());
    }
    assert_eq!(
        mentor.client.get(CALENDAR).await.ok(200)["affected_bookings"],
        json!([])
    );
    let kept = put(&mentor.client, "\"1\"", hours()).await.ok(200);
    assert_eq!(
        kept["affected_bookings"],
        json!([{ "id": ids[2], "starts_at": "2026-06-04T03:00:00.000Z", "reason": "outside_hours" }])
    );
    assert_eq!(
        mentor.starts(&app, "2026-06-04", "2026-06-06").await,
        [] as [String; 0]
    );
    assert_eq!(
        mentor.starts(&app, "2026-06-02", "2026-06-02").await.len(),
        12
    );
    // Notice, caps and the grid say nothing about what is booked already.
    let mut tight = hours();
    tight["daily_cap"] = json!(1);
    tight["weekly"][3] = json!({ "day": "tuesday", "opens": "09:05", "closes": "11:00" });
    let kept = put(&mentor.client, "\"2\"", tight).await.ok(200);
    assert_eq!(
        kept["affected_bookings"].as_array().unwrap().len(),
        1,
        "{kept}"
    );
    // In another zone the same hours are other hours; a pause leaves out what is before its end.
    let mut moved = hours();
    moved["zone"] = json!("Asia/Jayapura");
    moved["paused_until"] = json!("2026-06-02T12:00:00Z");
    let kept = put(&mentor.client, "\"3\"", moved).await.ok(200);
    let reasons: Vec<&str> = kept["affected_bookings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["paused", "outside_hours", "outside_hours"]);
    for id in &ids {
        let path = format!("/v1/bookings/{}", id.as_str().unwrap());
        assert_eq!(sari.get(&path).await.ok(200)["state"], "confirmed");
    }
    // The mentee's own hours have nothing to do with it.
    let own = put(&sari, "*", hours()).await.ok(200);
    assert_eq!(own["affected_bookings"], json!([]));
    assert_sound(&app).await;
}

#[actix_web::test]
async fn a_date_can_have_hours_of_its_own() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let client = &mentor.client;
    let sari = app.user("sari").await;
    let booked = book(&sari, mentor.booking("2026-06-09T03:00:00Z"))
        .await
        .ok(201);
    let path = |date: &str| format!("/v1/me/availability-overrides/{date}");
    // Tuesday 16 June is a holiday, Sunday is closed: an override opens both.
    for date in ["2026-06-16", "2026-06-07"] {
        assert_eq!(mentor.starts(&app, date, date).await.len(), 0);
        let windows = json!({ "windows": [{ "opens": "10:00", "closes": "11:00" }, { "opens": "11:00", "closes": "12:00" }] });
        let set = client.put(&path(date), windows).await.ok(200);
        assert_eq!(
            set,
            json!({ "override": { "date": date, "closed": false, "windows": [{ "opens": "10:00", "closes": "12:00" }] }, "affected_bookings": [] })
        );
        assert_eq!(mentor.starts(&app, date, date).await.len(), 3);
    }
    let closed = client
        .put(&path("2026-06-09"), json!({ "windows": [] }))
        .await
        .ok(200);
    assert_eq!(closed["override"]["closed"], true);
    assert_eq!(closed["affected_bookings"][0]["id"], booked["id"]);
    assert_eq!(
        mentor.starts(&app, "2026-06-09", "2026-06-09").await.len(),
        0
    );
    let list = client
        .get("/v1/me/availability-overrides?from=2026-06-08&to=2026-06-30")
        .await
        .ok(200);
    let dates: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["date"].as_str().unwrap())
        .collect();
    assert_eq!(dates, ["2026-06-09", "2026-06-16"]);
    assert_eq!(
        client.delete(&path("2026-06-09")).await.ok(200),
        json!({ "affected_bookings": [] })
    );
    client
        .delete(&path("2026-06-09"))
        .await
        .refused(404, "calendar.override_not_found");
    // A booking of a Sunday that was opened is left out when it closes again.
    let sunday = book(&sari, mentor.booking("2026-06-07T03:00:00Z"))
        .await
        .ok(201);
    let left = client.delete(&path("2026-06-07")).await.ok(200);
    assert_eq!(left["affected_bookings"][0]["id"], sunday["id"]);

    let bad = client
        .put(
            &path("2026-06-09"),
            json!({ "windows": [{ "opens": "10:00", "closes": "10:00" }] }),
        )
        .await;
    bad.refused(422, "request.validation_failed");
    assert_eq!(bad.faults(), ["/windows/0/closes closes_before_opening"]);
    for date in ["2026-6-9", "besok", "9999-01-01", "2026-02-30"] {
        let reply = client.put(&path(date), json!({ "windows": [] })).await;
        reply.refused(400, "request.invalid_query");
        assert_eq!(reply.faults(), ["date format"]);
    }
    for (query, fault) in [
        ("from=2026-06-01", "to required"),
        ("from=2026-06-01&to=2027-06-02", "to range_too_long"),
        ("from=x&to=2027-06-02", "from format"),
    ] {
        let reply = client
            .get(&format!("/v1/me/availability-overrides?{query}"))
            .await;
        reply.refused(400, "request.invalid_query");
        assert_eq!(reply.faults(), [fault]);
    }
    assert_sound(&app).await;
}

#[actix_web::test]
async fn nobody_is_offered_in_their_time_off() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let client = &mentor.client;
    let sari = app.user("sari").await;
    let booked = book(&sari, mentor.booking("2026-06-02T03:00:00Z"))
        .await
        .ok(201);
    book(&sari, mentor.booking("2026-06-02T07:00:00Z"))
        .await
        .ok(201);
    let off = json!({ "starts_at": "2026-06-02T09:00:00+07:00", "ends_at": "2026-06-02T12:00:00+07:00", "reason": "Pameran" });
    let taken = client.post("/v1/me/time-off", off.clone()).await.ok(201);
    assert_eq!(
        taken["affected_bookings"],
        json!([{ "id": booked["id"], "starts_at": "2026-06-02T03:00:00.000Z", "reason": "time_off" }])
    );
    let starts = mentor.starts(&app, "2026-06-02", "2026-06-02").await;
    assert!(
        starts
            .iter()
            .all(|start| start.as_str() >= "2026-06-02T05:00:00.000Z"),
        "{starts:?}"
    );
    let later = json!({ "starts_at": "2026-07-02T02:00:00Z", "ends_at": "2026-07-03T02:00:00Z" });
    client.post("/v1/me/time-off", later).await.ok(201);
    let page = client.get("/v1/me/time-off?limit=1").await.ok(200);
    assert_eq!(
        (&page["items"][0]["id"], &page["items"][0]["reason"]),
        (&taken["time_off"]["id"], &json!("Pameran"))
    );
    let next = client
        .get(&format!(
            "/v1/me/time-off?limit=1&cursor={}",
            page["next_cursor"].as_str().unwrap()
        ))
        .await
        .ok(200);
    assert_eq!(next["items"][0]["starts_at"], "2026-07-02T02:00:00.000Z");
    assert!(next["next_cursor"].is_null());
    let path = format!(
        "/v1/me/time-off/{}",
        taken["time_off"]["id"].as_str().unwrap()
    );
    sari.delete(&path)
        .await
        .refused(404, "calendar.time_off_not_found");
    client.delete(&path).await.ok(204);
    client
        .delete(&path)
        .await
        .refused(404, "calendar.time_off_not_found");
    assert!(mentor.starts(&app, "2026-06-02", "2026-06-02").await.len() > starts.len());

    for (member, value, faults) in [
        (
            "ends_at",
            json!("2026-06-02T08:00:00+07:00"),
            vec!["/ends_at ends_before_start"],
        ),
        (
            "ends_at",
            json!("2027-09-02T08:00:00+07:00"),
            vec!["/ends_at too_long_off"],
        ),
        (
            "starts_at",
            json!("1999-12-31T08:00:00Z"),
            vec!["/starts_at format", "/ends_at too_long_off"],
        ),
        (
            "ends_at",
            json!("2026-06-02T12:00:00"),
            vec!["/ends_at wrong_type"],
        ),
        ("reason", json!("x".repeat(201)), vec!["/reason too_long"]),
    ] {
        let mut bad = off.clone();
        bad[member] = value;
        let reply = client.post("/v1/me/time-off", bad).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), faults);
    }
    let past = json!({ "starts_at": "2026-05-01T00:00:00Z", "ends_at": "2026-05-02T00:00:00Z" });
    assert_eq!(
        client.post("/v1/me/time-off", past).await.faults(),
        ["/ends_at in_the_past"]
    );
    assert_sound(&app).await;
}

#[actix_web::test]
async fn whoever_books_while_hours_change_gets_a_time_within_some_hours() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let mut people = Vec::new();
    for number in 0..8 {
        people.push(app.user(&format!("orang{number}")).await);
    }
    let bookings = people.iter().enumerate().map(|(number, person)| {
        let wish = mentor.booking(&format!("2026-06-04T{:02}:00:00Z", 2 + number % 7));
        async move { book(person, wish).await.status.as_u16() }
    });
    let change = async { put(&mentor.client, "\"1\"", hours()).await };
    let (statuses, change) = futures_util::join!(join_all(bookings), change);
    let named = change.ok(200)["affected_bookings"]
        .as_array()
        .unwrap()
        .len();
    let won = statuses.iter().filter(|status| **status == 201).count();
    assert!(
        statuses
            .iter()
            .all(|status| matches!(status, 201 | 409 | 422)),
        "{statuses:?}"
    );
    // Thursday is closed now: whoever came before the change is named, and nobody came after it.
    assert_eq!(named, won);
    assert_sound(&app).await;
}

#[actix_web::test]
async fn holidays_and_presets_are_public_and_speak_both_languages() {
    let app = TestApp::new().await;
    let english = app.anon().with("accept-language", "en");
    let all = app.anon().get("/v1/holidays?year=2027").await;
    assert!(all.header("cache-control").unwrap().starts_with("public"));
    assert_eq!(
        all.ok(200)["items"].as_array().unwrap().len(),
        18 + 8 + 10 + 1
    );
    let of = |list: Value| -> Vec<Value> { list["items"].as_array().unwrap().clone() };
    let bali = of(english
        .get("/v1/holidays?year=2027&region=51.71")
        .await
        .ok(200));
    assert_eq!(bali.len(), 37);
    let blackout = bali.iter().find(|one| one["kind"] == "blackout").unwrap();
    assert_eq!(
        (&blackout["starts_at"], &blackout["region_code"]),
        (&json!("2027-03-07T22:00:00.000Z"), &json!("51"))
    );
    let java = of(english
        .get("/v1/holidays?year=2027&region=33")
        .await
        .ok(200));
    assert_eq!(java.len(), 26);
    let eid = java.iter().find(|one| one["date"] == "2027-03-10").unwrap();
    assert_eq!(
        (&eid["name"], &eid["status"]),
        (&json!("Eid al-Fitr 1448"), &json!("perkiraan"))
    );
    app.anon()
        .get("/v1/holidays?region=99")
        .await
        .refused(400, "request.invalid_query");
    app.anon()
        .get("/v1/holidays?year=x")
        .await
        .refused(400, "request.invalid_query");
    let outside = app.anon().get("/v1/holidays?year=1999").await;
    outside.refused(400, "request.invalid_query");
    assert_eq!(
        of(app.anon().get("/v1/holidays?year=2199").await.ok(200)).len(),
        0
    );

    let presets = of(app
        .anon()
        .get("/v1/reference/calendar-presets")
        .await
        .ok(200));
    assert_eq!(presets[0]["name"], "Hari kerja dengan jeda salat Jumat");
    let ramadan = &presets[1];
    assert_eq!(
        (
            &ramadan["valid_from"],
            &ramadan["valid_to"],
            &ramadan["status"]
        ),
        (
            &json!("2027-02-08"),
            &json!("2027-03-09"),
            &json!("perkiraan")
        )
    );
    // They go in as they are.
    let made = app.user("made").await;
    let schedule = json!({ "name": ramadan["name"], "valid_from": ramadan["valid_from"], "valid_to": ramadan["valid_to"], "weekly": ramadan["weekly"] });
    let body =
        json!({ "zone": "Asia/Jakarta", "weekly": presets[0]["weekly"], "schedules": [schedule] });
    let kept = put(&made, "\"0\"", body).await.ok(200);
    assert_eq!(kept["weekly"], presets[0]["weekly"]);
    assert_eq!(kept["schedules"][0], schedule);
}
