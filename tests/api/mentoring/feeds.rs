//! Calendars out: invitations in mails, and feeds.

use std::collections::HashSet;

use calcard::icalendar::{ICalendar, ICalendarProperty};
use chrono::TimeDelta;
use karya_notifications::{CalendarPart, SentMail};
use serde_json::{Value, json};

use super::{Mentor, assert_sound, book};
use crate::harness::{Client, TestApp};

const TUESDAY_10: &str = "2026-06-02T03:00:00.000Z";

/// What is unfolded of a line that starts so.
fn line<'a>(lines: &'a [String], name: &str) -> Option<&'a str> {
    lines
        .iter()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

/// The lines of a calendar, after checking that another program reads it too.
fn lines(text: &str) -> Vec<String> {
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "{line}");
    }
    let parsed = ICalendar::parse(text).expect("a calendar");
    let has_uid = parsed
        .components
        .iter()
        .any(|one| one.property(&ICalendarProperty::Uid).is_some());
    assert!(has_uid || !text.contains("BEGIN:VEVENT"));
    text.replace("\r\n ", "")
        .split("\r\n")
        .map(str::to_owned)
        .collect()
}

fn part(mail: &SentMail) -> Vec<String> {
    let CalendarPart { content_type, text } = mail.calendar.as_ref().expect("a calendar part");
    let lines = lines(text);
    let method = line(&lines, "METHOD").unwrap();
    assert_eq!(
        *content_type,
        format!("text/calendar; charset=utf-8; method={method}")
    );
    lines
}

async fn act(client: &Client<'_>, id: &Value, verb: &str, body: Value) -> Value {
    let path = format!("/v1/bookings/{}/{verb}", id.as_str().unwrap());
    client.post(&path, body).await.ok(200)
}

#[actix_web::test]
async fn an_invitation_keeps_its_id_and_counts_up() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(
        &app,
        "made",
        json!({ "title": "Klinik ekspor; untuk pemula, dari Sabang sampai Merauke yang panjang" }),
    )
    .await;
    let sari = app.user("sari").await;
    let id = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201)["id"].clone();
    app.run_jobs().await;
    act(
        &sari,
        &id,
        "reschedule",
        json!({ "starts_at": "2026-06-03T03:00:00Z" }),
    )
    .await;
    app.run_jobs().await;
    act(&mentor.client, &id, "cancel", json!({ "reason": "sick" })).await;
    app.run_jobs().await;
    for address in ["sari@contoh.id", "made@contoh.id"] {
        let mails = app.mails_to(address);
        assert_eq!(mails.len(), 3);
        let parts: Vec<Vec<String>> = mails.iter().map(part).collect();
        let all = |name| {
            parts
                .iter()
                .map(|lines| line(lines, name).unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(all("METHOD"), ["REQUEST", "REQUEST", "CANCEL"]);
        assert_eq!(all("SEQUENCE"), ["0", "1", "2"]);
        assert_eq!(all("STATUS"), ["CONFIRMED", "CONFIRMED", "CANCELLED"]);
        assert_eq!(
            all("DTSTART"),
            ["20260602T030000Z", "20260603T030000Z", "20260603T030000Z"]
        );
        let uids: HashSet<String> = all("UID").into_iter().collect();
        assert_eq!(
            uids,
            HashSet::from([format!("{}@karya.test", id.as_str().unwrap())])
        );
        // It is the platform that invites, and it invites the reader alone.
        let other = if address.starts_with("sari") {
            "made@"
        } else {
            "sari@"
        };
        assert!(parts.iter().flatten().all(|line| !line.contains(other)));
        assert!(parts[0].iter().any(
            |line| line.starts_with("ATTENDEE") && line.ends_with(&format!("mailto:{address}"))
        ));
        assert!(
            parts[0]
                .iter()
                .any(|line| line.starts_with("ORGANIZER")
                    && line.ends_with("mailto:halo@karya.test"))
        );
    }
    assert_sound(&app).await;
}

#[actix_web::test]
async fn what_was_never_on_is_in_nobodys_calendar() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "needs_approval": true })).await;
    let sari = app.user("sari").await;
    let first = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201)["id"].clone();
    app.run_jobs().await;
    act(
        &mentor.client,
        &first,
        "decline",
        json!({ "reason": "schedule_conflict" }),
    )
    .await;
    app.run_jobs().await;
    let mails = app.mails_to("sari@contoh.id");
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.calendar.is_none()));

    // Confirmed, moved by the mentee so that the mentor is asked again, and declined: it was on, and is not.
    let second = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201)["id"].clone();
    act(&mentor.client, &second, "approve", json!({})).await;
    app.run_jobs().await;
    act(
        &sari,
        &second,
        "reschedule",
        json!({ "starts_at": "2026-06-03T03:00:00Z" }),
    )
    .await;
    app.run_jobs().await;
    act(
        &mentor.client,
        &second,
        "decline",
        json!({ "reason": "schedule_conflict" }),
    )
    .await;
    app.run_jobs().await;
    let mails = app.mails_to("sari@contoh.id");
    let parts: Vec<Vec<String>> = mails
        .iter()
        .filter(|mail| mail.calendar.is_some())
        .map(part)
        .collect();
    let all = |name| {
        parts
            .iter()
            .map(|lines| line(lines, name).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (all("METHOD"), all("SEQUENCE")),
        (
            vec!["REQUEST".into(), "CANCEL".into()],
            vec!["0".into(), "1".into()]
        )
    );
}

#[actix_web::test]
async fn the_two_sides_can_download_the_invitation() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "needs_approval": true })).await;
    let sari = app.user("sari").await;
    let id = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201)["id"].clone();
    let path = format!("/v1/bookings/{}/invitation.ics", id.as_str().unwrap());
    app.anon()
        .get(&path)
        .await
        .refused(401, "auth.unauthenticated");
    app.user("budi")
        .await
        .get(&path)
        .await
        .refused(404, "booking.not_found");
    let reply = sari.get(&path).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/calendar; charset=utf-8; method=REQUEST")
    );
    assert_eq!(line(&lines(&reply.text()), "STATUS"), Some("TENTATIVE"));
    let tag = reply.header("etag").unwrap().to_owned();
    assert!(tag.starts_with("\"1-"));
    assert_eq!(
        sari.clone()
            .with("if-none-match", &tag)
            .get(&path)
            .await
            .status,
        304
    );
    act(&mentor.client, &id, "approve", json!({})).await;
    let reply = sari.clone().with("if-none-match", &tag).get(&path).await;
    let confirmed = lines(&reply.text());
    assert_eq!(line(&confirmed, "STATUS"), Some("CONFIRMED"));
    assert!(
        line(&confirmed, "URL")
            .unwrap()
            .starts_with("https://meet.karya.test/")
    );
    act(&sari, &id, "cancel", json!({ "reason": "other" })).await;
    let reply = mentor.client.get(&path).await;
    assert_eq!(
        reply.header("content-type"),
        Some("text/calendar; charset=utf-8; method=CANCEL")
    );
    assert_eq!(line(&lines(&reply.text()), "SEQUENCE"), Some("1"));
}

/// The path of an address that was handed out.
fn path(address: &Value) -> String {
    address["url"]
        .as_str()
        .unwrap()
        .strip_prefix("https://karya.test")
        .unwrap()
        .to_owned()
}

#[actix_web::test]
async fn a_feed_shows_the_sessions_of_its_owner() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let mut wish = mentor.booking(TUESDAY_10);
    wish["topic"] = json!("Rahasia dapur");
    let confirmed = book(&sari, wish).await.ok(201);
    let cancelled = book(&budi, mentor.booking("2026-06-02T05:00:00Z"))
        .await
        .ok(201);
    act(
        &budi,
        &cancelled["id"],
        "cancel",
        json!({ "reason": "other" }),
    )
    .await;
    // Made is a mentee too.
    let other = Mentor::new(&app, "wayan").await;
    let own = book(&mentor.client, other.booking("2026-06-05T03:00:00Z"))
        .await
        .ok(201);

    let feed = mentor
        .client
        .post(
            "/v1/me/calendar-feeds",
            json!({ "name": "Sesi Karya, di HP" }),
        )
        .await;
    assert_eq!(feed.header("cache-control"), Some("no-store"));
    let feed = feed.ok(201);
    let address = path(&feed);
    assert_eq!(address.len(), "/v1/calendar-feeds/.ics".len() + 43);
    let reply = app.anon().get(&address).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(
        reply.header("content-type"),
        Some("text/calendar; charset=utf-8; method=PUBLISH")
    );
    assert_eq!(reply.header("cache-control"), Some("private, max-age=300"));
    let tag = reply.header("etag").unwrap().to_owned();
    assert_eq!(
        app.anon()
            .with("if-none-match", &tag)
            .get(&address)
            .await
            .status,
        304
    );
    let text = reply.text();
    let shown = lines(&text);
    assert_eq!(line(&shown, "NAME"), Some("Sesi Karya\\, di HP"));
    let all = |name: &str| {
        shown
            .iter()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .collect::<Vec<_>>()
    };
    let uid = |booking: &Value| format!("{}@karya.test", booking["id"].as_str().unwrap());
    assert_eq!(all("UID"), [uid(&confirmed), uid(&cancelled), uid(&own)]);
    assert_eq!(all("STATUS"), ["CONFIRMED", "CANCELLED", "CONFIRMED"]);
    assert_eq!(
        all("SUMMARY"),
        [
            "Klinik ekspor · sari",
            "Klinik ekspor · budi",
            "Klinik ekspor · wayan"
        ]
    );
    assert!(
        shown
            .iter()
            .any(|line| line.contains(confirmed["code"].as_str().unwrap()))
    );
    for private in ["Rahasia", "meet.karya.test", "contoh.id", "ATTENDEE"] {
        assert!(!text.contains(private), "{private}");
    }
    // What was cancelled long ago, or is over for long, is gone.
    app.clock.advance(TimeDelta::days(40));
    let later = lines(&app.anon().get(&address).await.text());
    assert_eq!(line(&later, "UID"), None);
    // The database knows no address.
    let tokens: i64 = app
        .db
        .sql()
        .await
        .query_one(
            "SELECT count(*) FROM calendar_feeds f WHERE f::text LIKE '%' || $1 || '%'",
            &[&&address[19..62]],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(tokens, 0);
}

#[actix_web::test]
async fn a_feed_can_get_another_address_and_go() {
    let app = TestApp::new().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let feed = sari
        .post("/v1/me/calendar-feeds", json!({ "name": "HP" }))
        .await
        .ok(201);
    let first = path(&feed);
    let of = |verb: &str| {
        format!(
            "/v1/me/calendar-feeds/{}{verb}",
            feed["id"].as_str().unwrap()
        )
    };
    budi.post(&of("/rotate"), json!({}))
        .await
        .refused(404, "calendar.feed_not_found");
    budi.delete(&of(""))
        .await
        .refused(404, "calendar.feed_not_found");
    let second = path(&sari.post(&of("/rotate"), json!({})).await.ok(200));
    app.anon()
        .get(&first)
        .await
        .refused(404, "calendar.feed_not_found");
    assert_eq!(app.anon().get(&second).await.status, 200);
    let list = sari.get("/v1/me/calendar-feeds").await;
    assert!(!list.text().contains("url") && !list.text().contains("token"));
    assert_eq!(
        list.ok(200)["items"][0]["rotated_at"],
        "2026-06-01T05:00:00.000Z"
    );
    sari.delete(&of("")).await.ok(204);
    app.anon()
        .get(&second)
        .await
        .refused(404, "calendar.feed_not_found");
    for stranger in [
        "/v1/calendar-feeds/x.ics",
        "/v1/calendar-feeds/.ics",
        "/v1/calendar-feeds/%00.ics",
    ] {
        assert_eq!(app.anon().get(stranger).await.status, 404, "{stranger}");
    }
    let bad = sari
        .post("/v1/me/calendar-feeds", json!({ "name": " " }))
        .await;
    assert_eq!(bad.faults(), ["/name required"]);
    let race = (0..8).map(|_| async {
        sari.post("/v1/me/calendar-feeds", json!({ "name": "HP" }))
            .await
    });
    let replies = futures_util::future::join_all(race).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 201).count(),
        5
    );
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.refused(409, "calendar.too_many");
    }
    assert_eq!(
        budi.get("/v1/me/calendar-feeds").await.ok(200),
        json!({ "items": [] })
    );
}
