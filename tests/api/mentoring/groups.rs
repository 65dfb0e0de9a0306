//! Group sessions.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Mentor, assert_sound, book};
use crate::harness::{Client, TestApp};

/// Tuesday a week later, 10:00 in Jakarta.
const FAR: &str = "2026-06-09T03:00:00.000Z";
/// Tomorrow, 10:00 in Jakarta: in less than a day.
const NEAR: &str = "2026-06-02T03:00:00.000Z";

fn session(starts_at: &str, capacity: i16) -> Value {
    json!({
        "title": "Kelas foto produk", "starts_at": starts_at, "duration_min": 60, "capacity": capacity,
        "waitlist_capacity": 3, "mode": "online", "meeting_url": "https://meet.karya.test/kelas",
    })
}

/// Opens a session and returns its path.
pub async fn open(mentor: &Mentor<'_>, starts_at: &str, capacity: i16) -> String {
    let body = session(starts_at, capacity);
    let made = mentor.client.post("/v1/group-sessions", body).await.ok(201);
    format!("/v1/group-sessions/{}", made["id"].as_str().unwrap())
}

async fn act(client: &Client<'_>, path: &str, what: &str) -> crate::harness::Reply {
    client.post(&format!("{path}/{what}"), json!({})).await
}

async fn people<'a>(app: &'a TestApp, count: usize) -> Vec<Client<'a>> {
    let mut people = Vec::new();
    for number in 0..count {
        people.push(app.user(&format!("orang{number}")).await);
    }
    people
}

/// What holds whenever nobody is at work: seats are counted right, fit, and every live one has its time, and no other.
pub async fn assert_seated(app: &TestApp) {
    assert_sound(app).await;
    let sql = app.db.sql().await;
    let faults: i64 = sql
        .query_one(
            "SELECT (SELECT count(*) FROM group_sessions g WHERE seats_taken > capacity OR seats_taken <>
                      (SELECT count(*) FROM group_seats s WHERE s.session_id = g.id AND s.state IN ('held', 'confirmed')))
                  + (SELECT count(*) FROM group_seats s JOIN group_sessions g ON g.id = s.session_id
                       WHERE s.state IN ('held', 'confirmed') AND 1 <> (SELECT count(*) FROM time_claims c
                         WHERE c.ref_id = s.id AND c.kind = 'seat' AND c.owner_id = s.mentee_id
                           AND c.starts_at = g.starts_at AND c.ends_at = g.ends_at))
                  + (SELECT count(*) FROM time_claims c WHERE c.kind = 'seat' AND NOT EXISTS
                       (SELECT FROM group_seats s WHERE s.id = c.ref_id AND s.state IN ('held', 'confirmed')))
                  + (SELECT count(*) FROM group_sessions g WHERE (state <> 'cancelled')::int <>
                       (SELECT count(*) FROM time_claims c WHERE c.ref_id = g.id AND c.kind = 'group' AND c.owner_id = g.mentor_id))
                  + (SELECT count(*) FROM waitlist_entries w WHERE (w.state = 'offered') <> EXISTS
                       (SELECT FROM group_seats s WHERE s.id = w.seat_id AND s.state = 'held'))",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(faults, 0);
}

#[actix_web::test]
async fn a_mentor_opens_a_class_and_people_join() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    // Sunday at six in the morning: outside the hours, which do not matter.
    let path = open(&mentor, "2026-06-06T23:00:00.000Z", 2).await;
    let seen = app.anon().get(&path).await.ok(200);
    assert_eq!(
        (&seen["seats_taken"], &seen["capacity"], &seen["waiting"]),
        (&json!(0), &json!(2), &json!(0))
    );
    assert!(seen["meeting_url"].is_null() && seen["my_seat"].is_null());
    let joined = act(&sari, &path, "join").await.ok(200);
    assert_eq!(joined["my_seat"], json!({ "state": "confirmed" }));
    assert_eq!(joined["meeting_url"], "https://meet.karya.test/kelas");
    assert_eq!(act(&sari, &path, "join").await.ok(200), joined);
    assert_seated(&app).await;

    let list = app.anon().get("/v1/group-sessions").await.ok(200);
    assert_eq!(list["items"][0]["id"], seen["id"]);
    assert_eq!(list["items"][0]["mentor_name"], "made");
    for (query, count) in [
        ("subsector=kriya", 1),
        ("subsector=kuliner", 0),
        ("to=2026-06-02T00:00:00Z", 0),
        ("from=2026-06-06T23:00:00Z", 1),
        (&format!("mentor_id={}", mentor.user_id), 1),
        (&format!("mentor_id={}", uuid::Uuid::now_v7()), 0),
    ] {
        let list = app.anon().get(&format!("/v1/group-sessions?{query}")).await;
        assert_eq!(
            list.ok(200)["items"].as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
    app.run_jobs().await;
    let mails = app.mails_to("sari@contoh.id");
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "Kursi Anda di sesi kelompok");
    assert!(
        mails[0]
            .text
            .contains("Minggu, 7 Juni 2026, 06.00–07.00 WIB")
    );
    assert!(mails[0].text.contains("https://meet.karya.test/kelas"));

    act(&mentor.client, &path, "join")
        .await
        .refused(409, "group_session.own_session");
    act(&sari, &path, "leave").await.ok(200);
    let left = act(&sari, &path, "leave").await.ok(200);
    assert!(left["my_seat"].is_null() && left["meeting_url"].is_null());
    assert_seated(&app).await;
}

#[actix_web::test]
async fn a_list_is_paged_by_start() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    for day in ["03", "05", "04"] {
        open(&mentor, &format!("2026-06-{day}T03:00:00.000Z"), 5).await;
    }
    let first = app.anon().get("/v1/group-sessions?limit=2").await.ok(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = app
        .anon()
        .get(&format!("/v1/group-sessions?limit=2&cursor={cursor}"))
        .await
        .ok(200);
    let starts: Vec<&str> = [&first, &rest]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|item| &item["starts_at"].as_str().unwrap()[..10])
        .collect();
    assert_eq!(starts, ["2026-06-03", "2026-06-04", "2026-06-05"]);
    assert!(rest["next_cursor"].is_null());
}

#[actix_web::test]
async fn what_cannot_be_opened_is_refused() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = "/v1/group-sessions";
    sari.post(path, session(FAR, 5))
        .await
        .refused(403, "group_session.mentor_required");
    book(&sari, mentor.booking(FAR)).await.ok(201);
    for start in ["2026-06-09T02:30:00Z", "2026-06-09T03:30:00Z", FAR] {
        mentor
            .client
            .post(path, session(start, 5))
            .await
            .refused(409, "booking.slot_taken");
    }
    for (start, code) in [
        ("2026-06-01T04:59:00Z", "booking.notice_too_short"),
        ("2028-06-01T04:59:00Z", "booking.beyond_horizon"),
    ] {
        mentor
            .client
            .post(path, session(start, 5))
            .await
            .refused(422, code);
    }
    let mut bad = session(NEAR, 1);
    bad["duration_min"] = json!(14);
    bad["waitlist_capacity"] = json!(201);
    bad["meeting_url"] = json!("http://x");
    bad["title"] = json!("ab");
    let reply = mentor.client.post(path, bad).await;
    reply.refused(422, "request.validation_failed");
    let mut faults = reply.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/capacity out_of_range",
            "/duration_min out_of_range",
            "/meeting_url format",
            "/title too_short",
            "/waitlist_capacity out_of_range"
        ]
    );
    // Its time is the mentor's: nobody books it.
    let near = open(&mentor, NEAR, 2).await;
    book(&sari, mentor.booking(NEAR))
        .await
        .refused(409, "booking.slot_taken");
    for what in ["cancel", "attendance"] {
        let body = if what == "cancel" {
            json!({})
        } else {
            json!({ "attended": [] })
        };
        sari.post(&format!("{near}/{what}"), body)
            .await
            .refused(403, "group_session.host_required");
    }
    sari.get(&format!("{near}/seats"))
        .await
        .refused(403, "group_session.host_required");
    let gone = format!("/v1/group-sessions/{}", uuid::Uuid::now_v7());
    act(&sari, &gone, "join")
        .await
        .refused(404, "group_session.not_found");
    assert_seated(&app).await;
}

#[actix_web::test]
async fn sixty_people_and_five_seats() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let path = open(&mentor, FAR, 5).await;
    let people = people(&app, 60).await;
    let replies = join_all(people.iter().map(|person| act(person, &path, "join"))).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 5);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused(409, "group_session.full");
    }
    assert_seated(&app).await;
}

#[actix_web::test]
async fn joining_many_times_at_once_is_one_seat() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let other = Mentor::new(&app, "ayu").await;
    let paths = [open(&mentor, FAR, 5).await, open(&other, FAR, 5).await];
    let sari = app.user("sari").await;
    let race = (0..12).map(|number| act(&sari, &paths[number % 2], "join"));
    let replies = join_all(race).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(
        won, 6,
        "of two sessions at the same hour one, as often as she asks"
    );
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused(409, "booking.mentee_busy");
    }
    assert_seated(&app).await;
}

#[actix_web::test]
async fn a_seat_that_is_given_back_goes_down_the_line() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let other = Mentor::new(&app, "ayu").await;
    let path = open(&mentor, FAR, 2).await;
    let p = people(&app, 7).await;
    act(&p[2], &path, "waitlist/join")
        .await
        .refused(409, "group_session.seats_free");
    for person in &p[..2] {
        act(person, &path, "join").await.ok(200);
    }
    act(&p[2], &path, "join")
        .await
        .refused(409, "group_session.full");
    for (at, person) in p[2..5].iter().enumerate() {
        let place = act(person, &path, "waitlist/join").await.ok(200);
        assert_eq!(
            place["my_waitlist_place"],
            json!({ "position": at + 1, "ahead": at })
        );
        act(person, &path, "waitlist/join").await.ok(200);
    }
    act(&p[5], &path, "waitlist/join")
        .await
        .refused(409, "group_session.waitlist_full");
    act(&p[3], &path, "offers/accept")
        .await
        .refused(409, "group_session.no_offer");
    // The first in line is busy by now, so the second is asked.
    book(&p[2], other.booking(FAR)).await.ok(201);
    act(&p[0], &path, "leave").await.ok(200);
    assert_seated(&app).await;
    let offered = p[3].get(&path).await.ok(200);
    assert_eq!(
        offered["my_seat"],
        json!({ "state": "held", "offer_expires_at": "2026-06-01T07:00:00.000Z" })
    );
    assert!(offered["meeting_url"].is_null());
    assert_eq!(offered["seats_taken"], 2);
    act(&p[6], &path, "join")
        .await
        .refused(409, "group_session.full");
    app.run_jobs().await;
    let mails = app.mails_to("orang3@contoh.id");
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].text.contains("sebelum pukul 14.00 WIB"),
        "{}",
        mails[0].text
    );

    let accepted = act(&p[3], &path, "offers/accept").await.ok(200);
    assert_eq!(accepted["my_seat"], json!({ "state": "confirmed" }));
    act(&p[3], &path, "offers/accept").await.ok(200);
    // A place that was given up is never given again.
    act(&p[4], &path, "waitlist/leave").await.ok(200);
    let again = act(&p[4], &path, "waitlist/join").await.ok(200);
    assert_eq!(
        again["my_waitlist_place"],
        json!({ "position": 4, "ahead": 1 })
    );
    assert_seated(&app).await;
}

#[actix_web::test]
async fn an_offer_that_nobody_takes_goes_to_the_next() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let path = open(&mentor, FAR, 2).await;
    let p = people(&app, 6).await;
    for person in &p[..2] {
        act(person, &path, "join").await.ok(200);
    }
    for person in &p[2..5] {
        act(person, &path, "waitlist/join").await.ok(200);
    }
    act(&p[0], &path, "leave").await.ok(200);
    app.clock.advance(Duration::hours(2));
    let late = app.sign_in("orang2").await;
    act(&late, &path, "offers/accept")
        .await
        .refused(409, "group_session.offer_expired");
    // By the job.
    app.run_all_jobs().await;
    assert_seated(&app).await;
    act(&late, &path, "offers/accept")
        .await
        .refused(409, "group_session.no_offer");
    let next = app.sign_in("orang3").await;
    assert_eq!(next.get(&path).await.ok(200)["my_seat"]["state"], "held");
    // By whoever comes along: the offer of the second lapses too, and the third is asked.
    app.clock.advance(Duration::hours(2));
    let last = app.sign_in("orang5").await;
    act(&last, &path, "waitlist/join").await.ok(200);
    assert_seated(&app).await;
    let third = app.sign_in("orang4").await;
    assert_eq!(third.get(&path).await.ok(200)["my_seat"]["state"], "held");
    // Joining takes an offer too.
    act(&third, &path, "join").await.ok(200);
    app.run_all_jobs().await;
    assert_eq!(
        third.get(&path).await.ok(200)["my_seat"]["state"],
        "confirmed"
    );
    assert_seated(&app).await;
}

#[actix_web::test]
async fn on_the_last_day_nobody_is_asked() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let path = open(&mentor, NEAR, 2).await;
    let p = people(&app, 4).await;
    for person in &p[..2] {
        act(person, &path, "join").await.ok(200);
    }
    for person in &p[2..] {
        act(person, &path, "waitlist/join").await.ok(200);
    }
    act(&p[1], &path, "leave").await.ok(200);
    assert_eq!(
        p[2].get(&path).await.ok(200)["my_seat"],
        json!({ "state": "confirmed" })
    );
    // More seats go to the line too; fewer than are taken there cannot be.
    let patch = |version: &str| mentor.client.clone().with("if-match", version);
    mentor
        .client
        .patch(&path, json!({ "capacity": 3 }))
        .await
        .refused(428, "request.version_required");
    let grown = patch("\"1\"")
        .patch(&path, json!({ "capacity": 3, "title": "Kelas besar" }))
        .await
        .ok(200);
    assert_eq!(
        (&grown["seats_taken"], &grown["title"]),
        (&json!(3), &json!("Kelas besar"))
    );
    patch("\"1\"")
        .patch(&path, json!({ "capacity": 9 }))
        .await
        .refused(412, "request.stale_version");
    patch("\"2\"")
        .patch(&path, json!({ "capacity": 2 }))
        .await
        .refused(409, "group_session.capacity_below_seats");
    patch("\"2\"")
        .patch(&path, json!({ "capacity": 1 }))
        .await
        .refused(422, "request.validation_failed");
    p[0].clone()
        .with("if-match", "\"2\"")
        .patch(&path, json!({ "capacity": 9 }))
        .await
        .refused(403, "group_session.host_required");
    assert_eq!(
        p[3].get(&path).await.ok(200)["my_seat"]["state"],
        "confirmed"
    );
    app.run_jobs().await;
    assert_eq!(
        app.mails_to("orang3@contoh.id")[0].subject,
        "Anda mendapat kursi sesi kelompok"
    );
    assert_seated(&app).await;
}

#[actix_web::test]
async fn calling_it_off_frees_everybody_and_mails_them_once() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let path = open(&mentor, FAR, 2).await;
    let p = people(&app, 3).await;
    for person in &p[..2] {
        act(person, &path, "join").await.ok(200);
    }
    act(&p[2], &path, "waitlist/join").await.ok(200);
    app.run_jobs().await;
    let race = (0..6).map(|_| act(&mentor.client, &path, "cancel"));
    for reply in join_all(race).await {
        assert_eq!(reply.ok(200)["state"], "cancelled");
    }
    assert_seated(&app).await;
    app.run_jobs().await;
    app.run_jobs().await;
    for name in ["orang0", "orang1", "orang2", "made"] {
        let mails = app.mails_to(&format!("{name}@contoh.id"));
        let told = mails
            .iter()
            .filter(|mail| mail.subject == "Sesi kelompok dibatalkan");
        assert_eq!(told.count(), 1, "{name}");
    }
    act(&p[2], &path, "join")
        .await
        .refused(409, "group_session.closed");
    book(&p[0], mentor.booking(FAR)).await.ok(201);
    let list = app.anon().get("/v1/group-sessions").await.ok(200);
    assert_eq!(list["items"], json!([]));
    assert_seated(&app).await;
}

#[actix_web::test]
async fn the_mentor_notes_who_came() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let path = open(&mentor, NEAR, 5).await;
    let p = people(&app, 2).await;
    let mut ids = Vec::new();
    for person in &p {
        act(person, &path, "join").await.ok(200);
        ids.push(person.get("/v1/me").await.ok(200)["id"].clone());
    }
    let attendance = format!("{path}/attendance");
    let who = json!({ "attended": [ids[1]] });
    mentor
        .client
        .post(&attendance, who.clone())
        .await
        .refused(409, "group_session.not_started");
    app.clock.advance(Duration::hours(22));
    let made = app.sign_in("made").await;
    let list = made.post(&attendance, who).await.ok(200);
    let came: Vec<&Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|seat| &seat["attended"])
        .collect();
    assert_eq!(came, [&json!(false), &json!(true)]);
    assert_eq!(made.get(&format!("{path}/seats")).await.ok(200), list);
    let stranger = made
        .post(&attendance, json!({ "attended": [mentor.user_id] }))
        .await;
    assert_eq!(stranger.faults(), ["/attended/0 not_found"]);
    let sari = app.sign_in("orang0").await;
    act(&sari, &path, "leave")
        .await
        .refused(409, "group_session.closed");
    app.clock.advance(Duration::hours(2));
    let made = app.sign_in("made").await;
    act(&made, &path, "cancel")
        .await
        .refused(409, "group_session.closed");
    assert_seated(&app).await;
}

#[actix_web::test]
async fn coming_and_going_at_once_keeps_the_count() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let path = open(&mentor, NEAR, 4).await;
    let p = people(&app, 20).await;
    for person in &p[..4] {
        act(person, &path, "join").await.ok(200);
    }
    for round in 0..3 {
        let race = p.iter().enumerate().map(|(at, person)| {
            let what = match (at + round) % 4 {
                0 | 1 => "join",
                2 => "waitlist/join",
                _ => "leave",
            };
            act(person, &path, what)
        });
        for reply in join_all(race).await {
            assert!(
                matches!(reply.status.as_u16(), 200 | 409),
                "{}",
                reply.text()
            );
        }
        assert_seated(&app).await;
    }
    // Nobody who is free waits while there is a seat.
    let seen = app.anon().get(&path).await.ok(200);
    assert!(
        seen["waiting"] == 0 || seen["seats_taken"] == seen["capacity"],
        "{seen}"
    );
}

#[actix_web::test]
async fn taking_an_offer_while_it_lapses() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    for round in 0..3 {
        let path = open(&mentor, &format!("2026-06-1{round}T03:00:00.000Z"), 2).await;
        let names: Vec<String> = (0..4).map(|at| format!("r{round}p{at}")).collect();
        let mut p = Vec::new();
        for name in &names {
            p.push(app.user(name).await);
        }
        for (person, what) in p
            .iter()
            .zip(["join", "join", "waitlist/join", "waitlist/join"])
        {
            act(person, &path, what).await.ok(200);
        }
        act(&p[0], &path, "leave").await.ok(200);
        // The clock passes the deadline while both are under way.
        let accepting = async {
            let reply = act(&p[2], &path, "offers/accept").await;
            assert!(
                matches!(reply.status.as_u16(), 200 | 409),
                "{}",
                reply.text()
            );
            reply.status == 200
        };
        let (taken, ()) = tokio::join!(accepting, async {
            if round > 0 {
                app.clock.advance(Duration::minutes(121));
            }
            app.run_all_jobs().await;
        });
        assert_seated(&app).await;
        let made = app.sign_in("made").await;
        let seats = made.get(&format!("{path}/seats")).await.ok(200);
        let next = seats["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|seat| seat["mentee_name"] == names[3]);
        assert_ne!(taken, next, "one of the two has it");
        if round > 0 {
            break;
        }
    }
}

#[actix_web::test]
async fn the_database_counts_too() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let path = open(&mentor, FAR, 2).await;
    let sari = app.user("sari").await;
    act(&sari, &path, "join").await.ok(200);
    let sql = app.db.sql().await;
    for (statement, constraint) in [
        (
            "UPDATE group_sessions SET seats_taken = 2",
            "group_sessions_seats_counted",
        ),
        (
            "UPDATE group_seats SET state = 'released'",
            "group_sessions_seats_counted",
        ),
        ("DELETE FROM group_seats", "group_sessions_seats_counted"),
        (
            "UPDATE group_sessions SET seats_taken = 3",
            "group_sessions_seats_fit",
        ),
    ] {
        let error = sql.batch_execute(statement).await.unwrap_err();
        assert_eq!(
            error.as_db_error().unwrap().constraint(),
            Some(constraint),
            "{statement}"
        );
    }
    assert_seated(&app).await;
}
