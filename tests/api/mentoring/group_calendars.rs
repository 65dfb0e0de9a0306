//! What group sessions do to the calendars of those who are in them.

use actix_web::http::Method;
use serde_json::json;

use super::Mentor;
use super::groups::open;
use crate::harness::{Client, TestApp, email};

const FAR: &str = "2026-06-09T03:00:00.000Z";

/// The mails are jobs of jobs.
async fn settle(app: &TestApp) {
    for _ in 0..2 {
        app.run_jobs().await;
    }
}

/// Method, sequence and status of the calendar parts that somebody was mailed, in their order; all of one event.
fn parts(app: &TestApp, name: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mails = app.mails_to(&email(name)).into_iter();
    let parts = mails.filter_map(|mail| mail.calendar).map(|part| {
        let text = part.text.replace("\r\n ", "");
        let value = |name: &str| {
            let mut lines = text.lines();
            let line = lines.find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().to_owned()
        };
        ids.push(value("UID:"));
        let method = value("METHOD:");
        assert!(part.content_type.ends_with(&method));
        format!("{method} {} {}", value("SEQUENCE:"), value("STATUS:"))
    });
    let parts = parts.collect();
    ids.dedup();
    assert!(ids.len() <= 1, "{ids:?}");
    parts
}

/// The events of somebody's feed: summary and status.
async fn feed(client: &Client<'_>) -> Vec<String> {
    let made = client
        .post("/v1/me/calendar-feeds", json!({ "name": "Kalender" }))
        .await
        .ok(201);
    let url = made["url"].as_str().unwrap();
    let path = url.strip_prefix("https://karya.test").unwrap();
    let text = client.get(path).await.text().replace("\r\n ", "");
    let all = |name: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(name));
        lines.map(str::to_owned).collect()
    };
    assert!(!text.contains("meet.karya.test"), "a feed holds no links");
    let (summaries, statuses) = (all("SUMMARY:"), all("STATUS:"));
    summaries
        .into_iter()
        .zip(statuses)
        .map(|(summary, status)| format!("{summary} {status}"))
        .collect()
}

#[actix_web::test]
async fn a_seat_comes_into_the_calendar_and_goes_out_of_it() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let (sari, ani) = (app.user("sari").await, app.user("ani").await);
    let path = open(&mentor, FAR, 2).await;
    for client in [&sari, &ani] {
        client
            .post(&format!("{path}/join"), json!({}))
            .await
            .ok(200);
    }
    settle(&app).await;
    assert_eq!(parts(&app, "sari"), ["REQUEST 1 CONFIRMED"]);
    let mails = app.mails_to(&email("sari"));
    let text = mails
        .last()
        .unwrap()
        .calendar
        .as_ref()
        .unwrap()
        .text
        .clone();
    let text = text.replace("\r\n ", "");
    assert!(text.contains("SUMMARY:Kelas foto produk · made"), "{text}");
    assert!(text.contains("URL:https://meet.karya.test/kelas"), "{text}");
    assert!(!text.contains("ani@"), "nobody learns who else is there");
    assert_eq!(feed(&sari).await, ["Kelas foto produk · made CONFIRMED"]);
    assert_eq!(feed(&mentor.client).await, ["Kelas foto produk CONFIRMED"]);

    // Another room: everybody with a seat gets the event anew.
    let version = sari.get(&path).await.header("etag").unwrap().to_owned();
    let change = json!({ "meeting_url": "https://meet.karya.test/lain" });
    let editor = mentor.client.clone().with("if-match", &version);
    editor.patch(&path, change).await.ok(200);
    let bad = json!({ "meeting_url": "http://meet.karya.test/lain" });
    let version = sari.get(&path).await.header("etag").unwrap().to_owned();
    let editor = mentor.client.clone().with("if-match", &version);
    let reply = editor.patch(&path, bad).await;
    assert_eq!(reply.faults(), ["/meeting_url format"]);
    // More seats are nobody's news.
    let version = sari.get(&path).await.header("etag").unwrap().to_owned();
    let editor = mentor.client.clone().with("if-match", &version);
    editor.patch(&path, json!({ "capacity": 3 })).await.ok(200);
    settle(&app).await;
    assert_eq!(
        parts(&app, "sari"),
        ["REQUEST 1 CONFIRMED", "REQUEST 3 CONFIRMED"]
    );
    let last = app.mails_to(&email("sari")).pop().unwrap();
    assert_eq!(last.subject, "Sesi kelompok diubah");
    assert!(last.text.contains("https://meet.karya.test/lain"));

    // Who leaves by their own will has it in their feed no more.
    ani.send(Method::POST, &format!("{path}/leave"), None, Vec::new())
        .await
        .ok(200);
    assert!(feed(&ani).await.is_empty());

    let reason = json!({});
    mentor
        .client
        .post(&format!("{path}/cancel"), reason)
        .await
        .ok(200);
    settle(&app).await;
    assert_eq!(
        parts(&app, "sari"),
        [
            "REQUEST 1 CONFIRMED",
            "REQUEST 3 CONFIRMED",
            "CANCEL 4 CANCELLED"
        ]
    );
    assert_eq!(feed(&sari).await, ["Kelas foto produk · made CANCELLED"]);
    assert!(parts(&app, "made").is_empty(), "the mentor has the feed");
}

#[actix_web::test]
async fn who_only_waited_is_told_without_an_event() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let ani = app.user("ani").await;
    let path = open(&mentor, FAR, 2).await;
    for name in ["sari", "budi"] {
        let client = app.user(name).await;
        client
            .post(&format!("{path}/join"), json!({}))
            .await
            .ok(200);
    }
    ani.post(&format!("{path}/waitlist/join"), json!({}))
        .await
        .ok(200);
    mentor
        .client
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .ok(200);
    settle(&app).await;
    let last = app.mails_to(&email("ani")).pop().unwrap();
    assert_eq!(last.subject, "Sesi kelompok dibatalkan");
    assert!(parts(&app, "ani").is_empty());
    assert!(feed(&ani).await.is_empty());
}
