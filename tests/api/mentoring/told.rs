//! Who is told what about mentorships, disputes and group sessions.

use chrono::Duration;
use serde_json::json;

use super::growth::{TUESDAY_10, booked, later, staff};
use super::{Mentor, book, subjects};
use crate::harness::{Client, TestApp};

/// The subjects of the mails to somebody so far, after the jobs that are due.
async fn told(app: &TestApp, name: &str) -> Vec<String> {
    app.run_jobs().await;
    let mails = app.mails_to(&format!("{name}@contoh.id"));
    mails.into_iter().map(|mail| mail.subject).collect()
}

async fn english(app: &TestApp, client: &Client<'_>) {
    let me = client.get("/v1/me").await;
    let version = me.header("etag").unwrap().to_owned();
    let client = client.clone().with("if-match", &version);
    client
        .patch(
            "/v1/me",
            json!({ "locale": "en", "timezone": "Asia/Makassar" }),
        )
        .await
        .ok(200);
    app.run_jobs().await;
}

async fn propose(mentor: &Mentor<'_>, sari: &Client<'_>) -> String {
    let body = json!({ "mentor_id": mentor.user_id, "starts_on": "2026-06-08", "ends_on": "2026-08-31",
        "focus": "Menyiapkan ekspor", "accept_agreement": true });
    let made = sari.post("/v1/mentorships", body).await.ok(201);
    format!("/v1/mentorships/{}", made["id"].as_str().unwrap())
}

async fn active(mentor: &Mentor<'_>, sari: &Client<'_>) -> String {
    let path = propose(mentor, sari).await;
    let yes = json!({ "accept_agreement": true });
    let accept = format!("{path}/accept");
    mentor.client.post(&accept, yes).await.ok(200);
    path
}

#[actix_web::test]
async fn both_sides_hear_of_a_mentorship() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    english(&app, &sari).await;
    let path = propose(&mentor, &sari).await;
    assert_eq!(told(&app, "made").await, ["Usulan pendampingan"]);
    assert!(told(&app, "sari").await.is_empty());
    let mail = app.mails_to("made@contoh.id").remove(0);
    for part in [
        "sari mengusulkan pendampingan",
        "Menyiapkan ekspor",
        "8 Juni 2026 sampai 31 Agustus 2026",
    ] {
        assert!(
            mail.text.contains(part) && mail.html.contains(part),
            "{part}"
        );
    }
    let yes = json!({ "accept_agreement": true });
    for _ in 0..2 {
        mentor
            .client
            .post(&format!("{path}/accept"), yes.clone())
            .await
            .ok(200);
    }
    assert_eq!(told(&app, "sari").await, ["Mentorship accepted"]);
    mentor
        .client
        .post(&format!("{path}/end"), json!({}))
        .await
        .ok(200);
    assert_eq!(
        told(&app, "sari").await,
        ["Mentorship accepted", "Mentorship ended"]
    );
    assert_eq!(told(&app, "made").await.len(), 1, "who ends it knows");

    let declined = propose(&mentor, &sari).await;
    told(&app, "made").await;
    mentor
        .client
        .post(&format!("{declined}/decline"), json!({}))
        .await
        .ok(200);
    assert_eq!(told(&app, "sari").await[2..], ["Mentorship declined"]);
    let withdrawn = propose(&mentor, &sari).await;
    told(&app, "made").await;
    sari.post(&format!("{withdrawn}/end"), json!({}))
        .await
        .ok(200);
    assert_eq!(
        told(&app, "made").await[2..],
        ["Usulan pendampingan", "Usulan pendampingan ditarik"]
    );
    // Nobody answers, and then nobody ends it.
    propose(&mentor, &sari).await;
    app.clock.advance(Duration::days(15));
    app.run_all_jobs().await;
    assert_eq!(
        told(&app, "sari").await[3..],
        ["Mentorship proposal expired"]
    );
}

#[actix_web::test]
async fn the_last_day_of_a_mentorship_is_told_to_both() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    active(&mentor, &sari).await;
    app.run_jobs().await;
    app.clock.advance(Duration::days(100));
    app.run_all_jobs().await;
    // Again, as after a crash: nothing is told twice.
    app.run_all_jobs().await;
    for name in ["made", "sari"] {
        let ended = told(&app, name).await;
        let ended = ended
            .iter()
            .filter(|subject| *subject == "Pendampingan berakhir");
        assert_eq!(ended.count(), 1, "{name}");
    }
}

#[actix_web::test]
async fn both_sides_hear_of_a_dispute_and_read_it() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;
    let (made, sari) = later(&app, Duration::minutes(22 * 60 + 15)).await;
    let dispute = format!("{path}/dispute");
    for client in [&made, &sari] {
        client
            .get(&dispute)
            .await
            .refused(404, "booking.dispute_not_found");
    }
    sari.post(&format!("{path}/report-no-show"), json!({}))
        .await
        .ok(200);
    told(&app, "sari").await;
    let statement = "Saya hadir sejak pukul 09.55, tautannya rusak.";
    let opened = made.post(&dispute, json!({ "statement": statement })).await;
    let location = opened.header("location").unwrap().to_owned();
    assert_eq!(location, dispute);
    let opened = opened.ok(201);
    let count = |subjects: Vec<String>, wanted: &str| {
        subjects
            .into_iter()
            .filter(|subject| subject == wanted)
            .count()
    };
    let subject = "Ketidakhadiran disanggah";
    assert_eq!(count(told(&app, "sari").await, subject), 1);
    assert_eq!(count(told(&app, "made").await, subject), 0);
    for client in [&made, &sari] {
        let seen = client.get(&dispute).await.ok(200);
        assert_eq!(seen, opened);
        assert_eq!(seen["statement"], statement);
    }
    let budi = app.user("budi").await;
    budi.get(&dispute).await.refused(404, "booking.not_found");
    app.anon()
        .get(&dispute)
        .await
        .refused(401, "auth.unauthenticated");

    let moderator = staff(&app, "moderator", "moderator").await;
    moderator
        .get(&dispute)
        .await
        .refused(404, "booking.not_found");
    let decide = json!({ "outcome": "completed", "note": "Tangkapan layarnya asli." });
    for _ in 0..2 {
        let decided = moderator
            .post(&format!("{path}/resolve-dispute"), decide.clone())
            .await
            .ok(200);
        assert_eq!(decided["note"], "Tangkapan layarnya asli.");
    }
    for (name, client) in [("made", &made), ("sari", &sari)] {
        let subjects = told(&app, name).await;
        assert_eq!(count(subjects, "Sanggahan diputuskan"), 1, "{name}");
        let mail = app.mails_to(&format!("{name}@contoh.id")).pop().unwrap();
        assert!(mail.text.contains("sesi ini berlangsung"), "{}", mail.text);
        let seen = client.get(&dispute).await.ok(200);
        assert_eq!(seen["outcome"], "completed");
        assert!(seen["note"].is_null() && seen["resolved_at"].is_string());
    }
    let otherwise = json!({ "outcome": "no_show" });
    moderator
        .post(&format!("{path}/resolve-dispute"), otherwise)
        .await
        .ok(200);
    assert_eq!(count(told(&app, "made").await, "Sanggahan diputuskan"), 2);
}

#[actix_web::test]
async fn goals_and_action_items_are_paged() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = active(&mentor, &sari).await;
    let mut goal = String::new();
    for number in 1..=5 {
        let body = json!({ "title": format!("Sasaran {number}") });
        let made = sari.post(&format!("{path}/goals"), body).await.ok(201);
        goal = format!("/v1/goals/{}", made["id"].as_str().unwrap());
    }
    for number in 1..=5 {
        let body = json!({ "text": format!("Langkah {number}"), "assignee": "mentee" });
        sari.post(&format!("{goal}/action-items"), body)
            .await
            .ok(201);
    }
    for (list, member, word) in [
        (format!("{path}/goals"), "title", "Sasaran"),
        (format!("{goal}/action-items"), "text", "Langkah"),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = format!("{list}?limit=2{cursor}");
            let page = mentor.client.get(&page).await.ok(200);
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            seen.extend(
                items
                    .iter()
                    .map(|item| item[member].as_str().unwrap().to_owned()),
            );
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        let expected: Vec<String> = (1..=5).map(|number| format!("{word} {number}")).collect();
        assert_eq!(seen, expected);
        let other = format!("{path}/goals?cursor={}", &cursor[8..]);
        if list.ends_with("action-items") {
            sari.get(&other).await.refused(400, "cursor.mismatch");
        }
        sari.get(&format!("{list}?limit=0"))
            .await
            .refused(400, "request.invalid_query");
        sari.get(&format!("{list}?page=2")).await.ok(400);
    }
}

/// Makes the jobs due whose key is like `pattern`.
async fn due(app: &TestApp, pattern: &str) {
    let sql = app.db.sql().await;
    let statement = format!(
        "UPDATE graphile_worker._private_jobs SET run_at = now() - interval '1 second' WHERE key LIKE '{pattern}'"
    );
    sql.batch_execute(&statement).await.unwrap();
    // What they fan out to comes after them.
    app.run_jobs().await;
    app.run_jobs().await;
}

#[actix_web::test]
async fn both_sides_are_reminded_a_day_and_an_hour_before() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    // Tuesday a week later, 10:00 in Jakarta.
    book(&sari, mentor.booking("2026-06-09T03:00:00.000Z"))
        .await
        .ok(201);
    app.run_jobs().await;
    let reminders = || {
        ["sari@contoh.id", "made@contoh.id"].map(|address| {
            let told = subjects(&app, address).into_iter();
            told.filter(|subject| subject == "Pengingat sesi pendampingan")
                .count()
        })
    };
    due(&app, "booking:%:remind-1").await;
    assert_eq!(
        reminders(),
        [0, 0],
        "the later one is planned by the earlier"
    );
    app.clock.advance(Duration::hours(7 * 24 - 2));
    due(&app, "booking:%:remind-24").await;
    assert_eq!(reminders(), [1, 1]);
    due(&app, "booking:%:remind-24").await;
    assert_eq!(reminders(), [1, 1], "it does not plan itself again");
    app.clock.advance(Duration::hours(23));
    due(&app, "booking:%:remind-1").await;
    assert_eq!(reminders(), [2, 2]);

    let sari = app.sign_in("sari").await;
    book(&sari, mentor.booking("2026-06-09T06:00:00.000Z"))
        .await
        .ok(201);
    due(&app, "booking:%:remind-1").await;
    assert_eq!(reminders(), [3, 3], "booked within the day: one reminder");
}

#[actix_web::test]
async fn everybody_in_a_group_session_is_reminded() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let (sari, budi, tuti) = (
        app.user("sari").await,
        app.user("budi").await,
        app.user("tuti").await,
    );
    english(&app, &budi).await;
    let body = json!({
        "title": "Kelas foto produk", "starts_at": "2026-06-09T03:00:00.000Z", "duration_min": 60, "capacity": 4,
        "waitlist_capacity": 3, "mode": "online", "meeting_url": "https://meet.karya.test/kelas",
    });
    let made = mentor.client.post("/v1/group-sessions", body).await.ok(201);
    let path = format!("/v1/group-sessions/{}", made["id"].as_str().unwrap());
    let join = format!("{path}/join");
    for client in [&sari, &budi, &tuti] {
        client.post(&join, json!({})).await.ok(200);
    }
    tuti.post(&format!("{path}/leave"), json!({})).await.ok(200);
    app.run_jobs().await;
    let reminders = |name: &str, subject: &str| {
        let mails = app.mails_to(&format!("{name}@contoh.id"));
        mails
            .into_iter()
            .filter(|mail| mail.subject == subject)
            .collect::<Vec<_>>()
    };
    let (id, en) = ("Pengingat sesi kelompok", "Group session reminder");
    // Monday, 10:00: a day before.
    app.clock.advance(Duration::hours(7 * 24 - 2));
    due(&app, "group:%:remind-24").await;
    let of_sari = reminders("sari", id);
    assert_eq!(of_sari.len(), 1);
    assert!(
        of_sari[0]
            .text
            .contains("Selasa, 9 Juni 2026, 10.00–11.00 WIB")
    );
    assert!(of_sari[0].text.contains("https://meet.karya.test/kelas"));
    let of_budi = reminders("budi", en);
    assert_eq!(of_budi.len(), 1);
    assert!(
        of_budi[0]
            .text
            .contains("Tuesday, 9 June 2026, 11:00–12:00 WITA"),
        "{}",
        of_budi[0].text
    );
    let of_made = reminders("made", id);
    assert_eq!(of_made.len(), 1);
    assert!(of_made[0].text.contains("2 peserta"));
    assert!(reminders("tuti", id).is_empty(), "she left");

    // Somebody joins late, and hears of it an hour before.
    let tuti = app.sign_in("tuti").await;
    tuti.post(&join, json!({})).await.ok(200);
    app.clock.advance(Duration::hours(23));
    due(&app, "group:%:remind-1").await;
    for (name, subject, count) in [
        ("sari", id, 2),
        ("budi", en, 2),
        ("tuti", id, 1),
        ("made", id, 2),
    ] {
        assert_eq!(reminders(name, subject).len(), count, "{name}");
    }
}

#[actix_web::test]
async fn nobody_is_reminded_of_a_class_that_is_called_off() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let body = json!({
        "title": "Kelas foto produk", "starts_at": "2026-06-09T03:00:00.000Z", "duration_min": 60, "capacity": 4,
        "waitlist_capacity": 3, "mode": "online",
    });
    let made = mentor.client.post("/v1/group-sessions", body).await.ok(201);
    let path = format!("/v1/group-sessions/{}", made["id"].as_str().unwrap());
    sari.post(&format!("{path}/join"), json!({})).await.ok(200);
    mentor
        .client
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .ok(200);
    app.run_jobs().await;
    app.clock.advance(Duration::hours(7 * 24 - 2));
    app.run_all_jobs().await;
    for name in ["sari", "made"] {
        let mails = app.mails_to(&format!("{name}@contoh.id"));
        let reminders = mails
            .iter()
            .filter(|mail| mail.subject == "Pengingat sesi kelompok");
        assert_eq!(reminders.count(), 0, "{name}");
    }
}
