//! Disaster alerts: what they hold up, when it goes on, and what people and their calendars are told.

use chrono::Duration;
use futures_util::future::join_all;
use karya_mentoring_booking::jobs::{Reach, SuspendSessions};
use karya_mentoring_booking::model::SessionMode;
use serde_json::{Value, json};

use super::groups::{assert_seated, open};
use super::{Mentor, assert_sound, book, subjects};
use crate::harness::{Client, TestApp};
use crate::sync::settle;

const TUESDAY_10: &str = "2026-06-02T03:00:00.000Z";
const TUESDAY_14: &str = "2026-06-02T07:00:00.000Z";

/// Over all of Tuesday, for sessions of every kind.
fn alert(id: &str, region: &str, lift: bool) -> SuspendSessions {
    SuspendSessions {
        alert_id: id.into(),
        reach: Reach {
            regions: vec![region.into()],
            from: "2026-06-01T17:00:00Z".parse().unwrap(),
            to: "2026-06-02T17:00:00Z".parse().unwrap(),
            modes: SessionMode::ALL.to_vec(),
        },
        lift,
        again: false,
    }
}

async fn send(app: &TestApp, jobs: &[SuspendSessions]) {
    let mut conn = app.parts.db.conn().await.unwrap();
    for job in jobs {
        karya_jobs::enqueue(&mut conn, job).await.unwrap();
        app.run_jobs().await;
    }
    // The mails.
    app.run_jobs().await;
    app.run_jobs().await;
}

async fn settle_in(app: &TestApp, mentor: &Mentor<'_>, region: &str) {
    let statement = "UPDATE calendars SET region_code = $1 WHERE user_id = $2";
    let sql = app.db.sql().await;
    sql.execute(statement, &[&region, &mentor.user_id])
        .await
        .unwrap();
}

async fn show(client: &Client<'_>, booking: &Value) -> Value {
    let id = booking["id"].as_str().unwrap();
    client.get(&format!("/v1/bookings/{id}")).await.ok(200)
}

async fn act(client: &Client<'_>, booking: &Value, verb: &str, body: Value) -> Value {
    let path = format!("/v1/bookings/{}/{verb}", booking["id"].as_str().unwrap());
    client.post(&path, body).await.ok(200)
}

#[actix_web::test]
async fn a_session_goes_on_with_the_last_of_its_alerts() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    settle_in(&app, &mentor, "33.75").await;
    let sari = app.user("sari").await;
    let booking = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    for (step, state, sequence) in [
        (alert("flood", "33.75", false), "suspended", 1),
        (alert("quake", "33", false), "suspended", 1),
        (alert("flood", "33.75", false), "suspended", 1),
        (alert("elsewhere", "33", true), "suspended", 1),
        (alert("flood", "33.75", true), "suspended", 1),
        (alert("flood", "33.75", true), "suspended", 1),
        // It was lifted, and stays so.
        (alert("flood", "33.75", false), "suspended", 1),
        (alert("quake", "33", true), "confirmed", 2),
        (alert("quake", "33", true), "confirmed", 2),
        (alert("quake", "33", false), "confirmed", 2),
        // Came after its end.
        (alert("elsewhere", "33", false), "confirmed", 2),
    ] {
        let what = format!("{step:?}");
        send(&app, &[step]).await;
        let now = show(&sari, &booking).await;
        assert_eq!(
            (&now["state"], &now["sequence"]),
            (&json!(state), &json!(sequence)),
            "{what}"
        );
        assert_sound(&app).await;
    }
    app.run_all_jobs().await;
    for address in ["sari@contoh.id", "made@contoh.id"] {
        let told: Vec<String> = subjects(&app, address)
            .into_iter()
            .filter(|subject| subject != "Pengingat sesi pendampingan")
            .collect();
        assert_eq!(
            told,
            [
                "Sesi pendampingan dikonfirmasi",
                "Sesi pendampingan ditangguhkan",
                "Sesi pendampingan dilanjutkan"
            ],
            "{address}: one mail for each thing that happened"
        );
    }
    let sql = app.db.sql().await;
    let rest = sql
        .query("SELECT FROM booking_suspensions", &[])
        .await
        .unwrap();
    assert!(rest.is_empty());
}

#[actix_web::test]
async fn alerts_that_come_and_go_at_once_leave_nothing_held() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    settle_in(&app, &mentor, "33.75").await;
    let sari = app.user("sari").await;
    let mut bookings = Vec::new();
    for hour in 2..8 {
        let start = format!("2026-06-02T0{hour}:00:00Z");
        bookings.push(book(&sari, mentor.booking(&start)).await.ok(201));
    }
    let mailer = app.mailer.clone();
    let context = || karya_mentoring_booking::jobs::Context {
        db: app.parts.db.clone(),
        clock: app.clock.clone(),
        mailer: mailer.clone(),
        public_url: app.parts.public_url.clone(),
        invitations: app.parts.invitations.clone(),
        master_key: app.parts.master_key.clone(),
        fetcher: app.parts.fetcher.clone(),
    };
    for round in 0..4 {
        let ids: Vec<String> = (0..3).map(|n| format!("alert-{round}-{n}")).collect();
        let jobs = ids
            .iter()
            .flat_map(|id| [false, true, false, true].map(|lift| alert(id, "33", lift)));
        let moves = bookings.iter().map(|booking| {
            let path = format!("/v1/bookings/{}/check-in", booking["id"].as_str().unwrap());
            let sari = &sari;
            async move { sari.post(&path, json!({})).await }
        });
        let (done, replies) = futures_util::join!(
            join_all(jobs.map(|job| karya_jobs::Job::run(job, context()))),
            join_all(moves)
        );
        for outcome in done {
            outcome.unwrap();
        }
        assert!(replies.iter().all(|reply| reply.status.as_u16() < 500));
        for booking in &bookings {
            assert_eq!(show(&sari, booking).await["state"], "confirmed");
        }
        assert_sound(&app).await;
    }
    let sql = app.db.sql().await;
    let rest = sql
        .query("SELECT FROM booking_suspensions", &[])
        .await
        .unwrap();
    assert!(
        rest.is_empty(),
        "whichever came first, every alert was lifted"
    );
}

#[actix_web::test]
async fn calendars_show_what_is_held_up_as_tentative() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    settle_in(&app, &mentor, "33.75").await;
    let sari = app.user("sari").await;
    let booking = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    let request = Mentor::with(&app, "yosef", json!({ "needs_approval": true })).await;
    settle_in(&app, &request, "33.75").await;
    let asked = book(&sari, request.booking(TUESDAY_14)).await.ok(201);
    let feed = json!({ "name": "Karya" });
    let feed = sari.post("/v1/me/calendar-feeds", feed).await.ok(201);
    let feed = feed["url"].as_str().unwrap();
    let feed = feed.strip_prefix("https://karya.test").unwrap();
    let statuses = async || -> Vec<String> {
        let text = app.anon().get(feed).await.text();
        let lines = text
            .lines()
            .filter(|line| line.starts_with("STATUS") || line.starts_with("SEQ"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(statuses().await, ["SEQUENCE:0", "STATUS:CONFIRMED"]);
    settle(&app).await;
    let token = sari.get("/v1/sync?collections=bookings").await.ok(200)["next_token"].clone();
    let changed = async |token: &Value| {
        let path = format!(
            "/v1/sync?collections=bookings&since={}",
            token.as_str().unwrap()
        );
        sari.get(&path).await.ok(200)
    };

    send(&app, &[alert("flood", "33.75", false)]).await;
    assert_eq!(
        statuses().await,
        ["SEQUENCE:1", "STATUS:TENTATIVE"],
        "a request was never on"
    );
    settle(&app).await;
    let page = changed(&token).await;
    let states: Vec<&Value> = page["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["booking"]["state"])
        .collect();
    assert_eq!(states, [&json!("suspended"); 2]);
    send(&app, &[alert("flood", "33.75", true)]).await;
    assert_eq!(statuses().await, ["SEQUENCE:2", "STATUS:CONFIRMED"]);

    for address in ["sari@contoh.id", "made@contoh.id"] {
        let parts: Vec<Vec<String>> = app
            .mails_to(address)
            .iter()
            .filter_map(|mail| mail.calendar.as_ref())
            .map(|part| {
                part.text
                    .replace("\r\n ", "")
                    .lines()
                    .map(str::to_owned)
                    .collect()
            })
            .collect();
        let all = |name: &str| -> Vec<String> {
            let value = |lines: &Vec<String>| {
                lines
                    .iter()
                    .find_map(|line| line.strip_prefix(name))
                    .unwrap()
                    .to_owned()
            };
            parts.iter().map(value).collect()
        };
        assert_eq!(all("METHOD:"), ["REQUEST"; 3], "{address}");
        assert_eq!(all("SEQUENCE:"), ["0", "1", "2"]);
        assert_eq!(all("STATUS:"), ["CONFIRMED", "TENTATIVE", "CONFIRMED"]);
        assert_eq!(all("UID:")[0], all("UID:")[2]);
    }
    // The request waits for an answer again, with a new deadline.
    let again = show(&sari, &asked).await;
    assert_eq!(
        (&again["state"], &again["expires_at"]),
        (&json!("requested"), &json!("2026-06-02T05:00:00.000Z"))
    );
    act(&request.client, &asked, "approve", json!({})).await;
    assert_eq!(show(&sari, &booking).await["state"], "confirmed");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn nobody_books_into_an_alert() {
    let app = TestApp::new().await;
    let here = Mentor::with(
        &app,
        "made",
        json!({ "mode": "in_person", "place": "Dinas" }),
    )
    .await;
    let online = Mentor::new(&app, "yosef").await;
    for mentor in [&here, &online] {
        settle_in(&app, mentor, "33.75").await;
    }
    let sari = app.user("sari").await;
    let mut flood = alert("flood", "33", false);
    flood.reach.modes = vec![SessionMode::InPerson];
    send(&app, &[flood.clone()]).await;
    assert_eq!(
        here.starts(&app, "2026-06-02", "2026-06-02").await,
        [] as [String; 0]
    );
    let reply = book(&sari, here.booking(TUESDAY_10)).await;
    let problem = reply.refused(422, "booking.region_blackout");
    assert!(
        problem["alternatives"][0]
            .as_str()
            .unwrap()
            .starts_with("2026-06-03"),
        "{problem}"
    );
    let path = format!(
        "/v1/offerings/{}/slot-explanation?start={TUESDAY_10}",
        here.offering
    );
    let why = app.anon().get(&path).await;
    assert!(
        why.status == 404 || why.text().contains("blackout"),
        "{}",
        why.text()
    );
    let other = book(&sari, online.booking(TUESDAY_10)).await.ok(201);
    let later = book(&sari, here.booking("2026-06-03T03:00:00Z"))
        .await
        .ok(201);
    let to = json!({ "starts_at": TUESDAY_14 });
    let path = format!("/v1/bookings/{}/reschedule", later["id"].as_str().unwrap());
    sari.post(&path, to.clone())
        .await
        .refused(422, "booking.region_blackout");
    let class = json!({
        "title": "Kelas foto produk", "starts_at": TUESDAY_14, "duration_min": 60, "capacity": 5,
        "waitlist_capacity": 3, "mode": "in_person", "place": "Dinas",
    });
    here.client
        .post("/v1/group-sessions", class)
        .await
        .refused(422, "booking.region_blackout");

    flood.lift = true;
    send(&app, &[flood]).await;
    act(&sari, &later, "reschedule", to).await;
    // What was being booked when an alert came is found a minute later.
    send(&app, &[alert("quake", "73.71", false)]).await;
    settle_in(&app, &online, "73.71").await;
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE bookings SET region_code = '73.71' WHERE mode = 'online'")
        .await
        .unwrap();
    app.run_all_jobs().await;
    assert_eq!(show(&sari, &other).await["state"], "suspended");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn a_moved_session_is_no_longer_held() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    settle_in(&app, &mentor, "33.75").await;
    let sari = app.user("sari").await;
    let booking = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    send(&app, &[alert("flood", "33", false)]).await;
    let to = json!({ "starts_at": "2026-06-04T03:00:00Z" });
    act(&sari, &booking, "reschedule", to).await;
    let mut quake = alert("quake", "33", false);
    quake.reach.to = "2026-06-10T00:00:00Z".parse().unwrap();
    send(&app, &[quake.clone()]).await;
    assert_eq!(show(&sari, &booking).await["state"], "suspended");
    quake.lift = true;
    send(&app, &[quake]).await;
    assert_eq!(
        show(&sari, &booking).await["state"],
        "confirmed",
        "the flood is over for it"
    );
    assert_sound(&app).await;
}

#[actix_web::test]
async fn group_sessions_are_held_up_too() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = open(&mentor, TUESDAY_10, 2).await;
    let closing = open(&mentor, TUESDAY_14, 2).await;
    let post = async |client: &Client<'_>, what: &str| {
        client.post(&format!("{path}/{what}"), json!({})).await
    };
    post(&sari, "join").await.ok(200);
    settle_in(&app, &mentor, "33.75").await;
    send(&app, &[]).await;
    let told = app.mails_to("sari@contoh.id").len();
    let (flood, quake) = (alert("flood", "33.75", false), alert("quake", "33", false));
    send(&app, &[flood.clone(), quake.clone(), flood.clone()]).await;
    let seen = sari.get(&path).await.ok(200);
    assert_eq!(
        (&seen["state"], &seen["seats_taken"]),
        (&json!("suspended"), &json!(1))
    );
    let list = app.anon().get("/v1/group-sessions").await.ok(200);
    assert_eq!(list["items"], json!([]));
    let budi = app.user("budi").await;
    for what in ["join", "waitlist/join"] {
        post(&budi, what).await.refused(409, "group_session.closed");
    }
    assert_seated(&app).await;
    for (address, count) in [("sari@contoh.id", 1), ("made@contoh.id", 2)] {
        let held = subjects(&app, address);
        let held = held
            .iter()
            .filter(|subject| *subject == "Sesi kelompok ditangguhkan");
        assert_eq!(held.count(), count, "{address}");
    }
    assert_eq!(app.mails_to("sari@contoh.id").len(), told + 1);

    let lifted = |mut job: SuspendSessions| {
        job.lift = true;
        job
    };
    send(&app, &[lifted(flood.clone())]).await;
    assert_eq!(sari.get(&path).await.ok(200)["state"], "suspended");
    send(&app, &[lifted(quake.clone()), lifted(quake)]).await;
    assert_eq!(sari.get(&path).await.ok(200)["state"], "open");
    assert_eq!(
        subjects(&app, "sari@contoh.id")[told + 1..],
        ["Sesi kelompok dilanjutkan"]
    );
    post(&budi, "join").await.ok(200);
    assert_seated(&app).await;

    // Giving a seat back is possible meanwhile; what is held up at its start is called off.
    send(&app, &[alert("tsunami", "33", false)]).await;
    post(&budi, "leave").await.ok(200);
    app.clock.advance(Duration::minutes(22 * 60));
    app.run_all_jobs().await;
    app.run_jobs().await;
    let sari = app.sign_in("sari").await;
    assert_eq!(sari.get(&path).await.ok(200)["state"], "cancelled");
    assert_eq!(
        sari.get(&closing).await.ok(200)["state"],
        "suspended",
        "it has not begun"
    );
    assert_eq!(
        subjects(&app, "sari@contoh.id").last().unwrap(),
        "Sesi kelompok dibatalkan"
    );
    assert_seated(&app).await;
}

#[actix_web::test]
async fn alerts_and_seats_at_once_keep_the_count() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    settle_in(&app, &mentor, "33.75").await;
    let path = open(&mentor, TUESDAY_10, 3).await;
    let mut people = Vec::new();
    for number in 0..6 {
        people.push(app.user(&format!("orang{number}")).await);
    }
    let mut conn = app.parts.db.conn().await.unwrap();
    for round in 0..3 {
        for lift in [false, true] {
            let job = alert(&format!("alert-{round}"), "33", lift);
            karya_jobs::enqueue(&mut conn, &job).await.unwrap();
        }
        let moves = people.iter().enumerate().map(|(n, person)| {
            let verb = if (n + round) % 2 == 0 {
                "join"
            } else {
                "leave"
            };
            let path = format!("{path}/{verb}");
            async move { person.post(&path, json!({})).await }
        });
        let (replies, ()) = futures_util::join!(join_all(moves), app.run_jobs());
        for reply in replies {
            assert!(
                matches!(reply.status.as_u16(), 200 | 409),
                "{}",
                reply.text()
            );
        }
        app.run_jobs().await;
        assert_eq!(app.anon().get(&path).await.ok(200)["state"], "open");
        assert_seated(&app).await;
    }
}

#[actix_web::test]
async fn what_is_held_up_is_called_off_however_late_the_worker_is() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    settle_in(&app, &mentor, "33.75").await;
    let sari = app.user("sari").await;
    let booking = book(&sari, mentor.booking(TUESDAY_10)).await.ok(201);
    let class = open(&mentor, TUESDAY_14, 3).await;
    send(&app, &[alert("flood", "33", false)]).await;
    app.clock.advance(Duration::days(3));
    app.run_all_jobs().await;
    let sari = app.sign_in("sari").await;
    assert_eq!(show(&sari, &booking).await["state"], "cancelled");
    let mentor = app.sign_in("made").await;
    assert_eq!(mentor.get(&class).await.ok(200)["state"], "cancelled");
}

#[actix_web::test]
async fn an_alert_that_is_long_past_is_forgotten() {
    let app = TestApp::new().await;
    send(&app, &[alert("flood", "33.75", false)]).await;
    let known = async || {
        let mut conn = app.parts.db.conn().await.unwrap();
        karya_mentoring_booking::sweep(&mut conn, app.clock.now())
            .await
            .unwrap();
        let sql = app.db.sql().await;
        let row = sql.query_one("SELECT count(*) FROM session_alerts", &[]);
        row.await.unwrap().get::<_, i64>(0)
    };
    app.clock.advance(Duration::days(91));
    assert_eq!(known().await, 1, "it ended 90 days ago less ten hours");
    app.clock.advance(Duration::days(1));
    assert_eq!(known().await, 0);
}
