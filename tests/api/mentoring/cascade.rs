//! When the asked mentor cannot: who else there is, and asking them in the mentee's name.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::growth::TUESDAY_10;
use super::{Mentor, assert_sound, book};
use crate::harness::{Client, TestApp};

const TUESDAY_14: &str = "2026-06-02T07:00:00.000Z";
const WEDNESDAY_10: &str = "2026-06-03T03:00:00.000Z";

/// A mentor who is asked for consent.
async fn asked<'a>(app: &'a TestApp, name: &str) -> Mentor<'a> {
    Mentor::with(app, name, json!({ "needs_approval": true })).await
}

fn wish(mentor: &Mentor<'_>, starts_at: &str) -> Value {
    let mut booking = mentor.booking(starts_at);
    booking["cascade"] = json!(true);
    booking["topic"] = json!("Cara ekspor batik");
    booking
}

async fn decline(client: &Client<'_>, booking: &Value) {
    let path = format!("/v1/bookings/{}/decline", booking["id"].as_str().unwrap());
    let reply = client
        .post(&path, json!({ "reason": "schedule_conflict" }))
        .await;
    assert_eq!(reply.ok(200)["state"], "declined");
}

/// What a request was passed on to, once the jobs have run.
async fn next(app: &TestApp, mentee: &Client<'_>, booking: &Value) -> Option<Value> {
    app.run_jobs().await;
    app.run_jobs().await;
    let list = mentee.get("/v1/bookings?limit=100").await.ok(200);
    let mut next = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|other| other["cascaded_from"] == booking["id"])
        .cloned();
    let found = next.next();
    assert!(next.next().is_none(), "one at most");
    found
}

#[actix_web::test]
async fn a_request_that_is_declined_goes_to_the_best_other_mentor() {
    let app = TestApp::new().await;
    let made = asked(&app, "made").await;
    let (ayu, citra, dewi) = (
        asked(&app, "ayu").await,
        asked(&app, "citra").await,
        asked(&app, "dewi").await,
    );
    // Dewi knows something else, and Citra is liked better than Ayu.
    let sql = app.db.sql().await;
    sql.batch_execute(&format!(
        "UPDATE mentors SET expertise = '{{pajak}}', subsectors = '{{kuliner}}' WHERE user_id = '{}';
         UPDATE mentors SET rating_sum = 500, rating_count = 100 WHERE user_id = '{}'",
        dewi.user_id, citra.user_id
    ))
    .await
    .unwrap();
    let sari = app.user("sari").await;
    let first = book(&sari, wish(&made, TUESDAY_10)).await.ok(201);
    assert!(first["cascaded_from"].is_null());
    assert_eq!(next(&app, &sari, &first).await, None);
    decline(&made.client, &first).await;
    let second = next(&app, &sari, &first).await.unwrap();
    assert_eq!(
        (
            &second["mentor_id"],
            &second["state"],
            &second["starts_at"],
            &second["topic"]
        ),
        (
            &json!(citra.user_id),
            &json!("requested"),
            &json!(TUESDAY_10),
            &json!("Cara ekspor batik")
        )
    );
    assert_sound(&app).await;
    let mails = app.mails_to("sari@contoh.id");
    let mail = mails
        .iter()
        .find(|mail| mail.subject == "Mentor lain kami tanyakan")
        .unwrap();
    assert!(mail.text.contains("bersama citra"), "{}", mail.text);
    let told: Vec<String> = app
        .mails_to("citra@contoh.id")
        .into_iter()
        .map(|mail| mail.subject)
        .collect();
    assert_eq!(
        told,
        ["Permintaan sesi pendampingan"],
        "to her it is like any other"
    );

    // Ayu is next, then nobody is left: neither Dewi nor those who were asked.
    decline(&citra.client, &second).await;
    let third = next(&app, &sari, &second).await.unwrap();
    assert_eq!(third["mentor_id"], json!(ayu.user_id));
    decline(&ayu.client, &third).await;
    assert_eq!(next(&app, &sari, &third).await, None);
    assert_sound(&app).await;
}

#[actix_web::test]
async fn a_request_is_passed_on_three_times_at_most() {
    let app = TestApp::new().await;
    let mut mentors = Vec::new();
    for name in ["satu", "dua", "tiga", "empat", "lima", "enam"] {
        mentors.push(asked(&app, name).await);
    }
    let sari = app.user("sari").await;
    let mut booking = book(&sari, wish(&mentors[0], TUESDAY_10)).await.ok(201);
    let mut hops = 0;
    loop {
        let id = booking["mentor_id"].as_str().unwrap().to_owned();
        let mentor = mentors
            .iter()
            .find(|mentor| mentor.user_id.to_string() == id)
            .unwrap();
        decline(&mentor.client, &booking).await;
        let Some(found) = next(&app, &sari, &booking).await else {
            break;
        };
        booking = found;
        hops += 1;
    }
    assert_eq!(hops, 3);
    let sql = app.db.sql().await;
    let asked: i64 = sql
        .query_one("SELECT count(DISTINCT mentor_id) FROM bookings", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(asked, 4);
}

#[actix_web::test]
async fn where_nobody_is_free_then_it_is_the_soonest_within_two_days() {
    let app = TestApp::new().await;
    let made = asked(&app, "made").await;
    let ayu = Mentor::new(&app, "ayu").await;
    let citra = Mentor::with(
        &app,
        "citra",
        json!({ "questions": [{ "key": "omzet", "label": "Omzet?", "required": true }] }),
    )
    .await;
    // Ayu opens on Wednesday at ten only; Citra would be free, but asks what Sari has not answered.
    let sql = app.db.sql().await;
    sql.batch_execute(&format!(
        "UPDATE calendars SET weekly = '{{[3480,3540)}}' WHERE user_id = '{}'",
        ayu.user_id
    ))
    .await
    .unwrap();
    let sari = app.user("sari").await;
    let first = book(&sari, wish(&made, TUESDAY_10)).await.ok(201);
    decline(&made.client, &first).await;
    let second = next(&app, &sari, &first).await.unwrap();
    assert_eq!(
        (&second["mentor_id"], &second["starts_at"], &second["state"]),
        (
            &json!(ayu.user_id),
            &json!(WEDNESDAY_10),
            &json!("confirmed")
        ),
        "{}",
        citra.user_id
    );
    let mails = app.mails_to("sari@contoh.id");
    let mail = mails
        .iter()
        .find(|mail| mail.subject == "Sesi dengan mentor lain dikonfirmasi")
        .unwrap();
    assert!(mail.calendar.is_some(), "it goes into her calendar");

    // A week later nobody opens within two days.
    let far = book(&sari, wish(&made, "2026-06-11T03:00:00.000Z"))
        .await
        .ok(201);
    sql.batch_execute(&format!(
        "UPDATE offerings SET active = false WHERE mentor_id = '{}'",
        citra.user_id
    ))
    .await
    .unwrap();
    decline(&made.client, &far).await;
    assert_eq!(next(&app, &sari, &far).await, None);
    assert_sound(&app).await;
}

#[actix_web::test]
async fn a_request_that_nobody_answers_is_passed_on_too() {
    let app = TestApp::new().await;
    let made = asked(&app, "made").await;
    let ayu = asked(&app, "ayu").await;
    let sari = app.user("sari").await;
    let first = book(&sari, wish(&made, WEDNESDAY_10)).await.ok(201);
    app.clock.advance(Duration::hours(45));
    let sari = app.sign_in("sari").await;
    // The first run lets it lapse, later ones pass it on and mail. Again, as after a crash, nothing more happens.
    let sql = app.db.sql().await;
    let lapse = "UPDATE graphile_worker._private_jobs SET run_at = now() - interval '1 second' WHERE key LIKE '%lapse'";
    sql.batch_execute(lapse).await.unwrap();
    let second = next(&app, &sari, &first).await.unwrap();
    // It is nine; who is asked wants two hours' notice.
    assert_eq!(second["starts_at"], "2026-06-03T04:00:00.000Z");
    assert_sound(&app).await;
    let far = book(&sari, wish(&made, "2026-06-08T03:00:00.000Z"))
        .await
        .ok(201);
    app.clock.advance(Duration::hours(49));
    let sari = app.sign_in("sari").await;
    sql.batch_execute(lapse).await.unwrap();
    let second = next(&app, &sari, &far).await.unwrap();
    assert_eq!(second["mentor_id"], json!(ayu.user_id));
    let again = format!(
        "SELECT graphile_worker.add_job('mentoring.follow_cascade', json_build_object('booking_id', '{}'))",
        far["id"].as_str().unwrap()
    );
    for _ in 0..3 {
        sql.batch_execute(&again).await.unwrap();
    }
    assert_eq!(next(&app, &sari, &far).await.unwrap()["id"], second["id"]);
    let subjects = app.mails_to("sari@contoh.id");
    let told = subjects
        .iter()
        .filter(|mail| mail.subject == "Mentor lain kami tanyakan");
    assert_eq!(told.count(), 2, "once for each request");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn it_stops_when_the_mentee_makes_other_plans() {
    let app = TestApp::new().await;
    let made = asked(&app, "made").await;
    let ayu = asked(&app, "ayu").await;
    let sari = app.user("sari").await;
    let cancel = json!({ "reason": "no_longer_needed" });
    // She cancels: nobody else is asked.
    let first = book(&sari, wish(&made, TUESDAY_10)).await.ok(201);
    let path = format!("/v1/bookings/{}/cancel", first["id"].as_str().unwrap());
    sari.post(&path, cancel.clone()).await.ok(200);
    assert_eq!(next(&app, &sari, &first).await, None);
    // She books elsewhere at that time before anybody is asked.
    let first = book(&sari, wish(&made, TUESDAY_10)).await.ok(201);
    decline(&made.client, &first).await;
    let other = book(&sari, ayu.booking(TUESDAY_10)).await.ok(201);
    assert_eq!(next(&app, &sari, &first).await, None);
    let path = format!("/v1/bookings/{}/cancel", other["id"].as_str().unwrap());
    sari.post(&path, cancel.clone()).await.ok(200);
    // She cancels what was made for her: that is the end of it.
    let first = book(&sari, wish(&made, TUESDAY_14)).await.ok(201);
    decline(&made.client, &first).await;
    let second = next(&app, &sari, &first).await.unwrap();
    let path = format!("/v1/bookings/{}/cancel", second["id"].as_str().unwrap());
    sari.post(&path, cancel).await.ok(200);
    assert_eq!(next(&app, &sari, &second).await, None);
    // She changes her mind, before and after the mentor declines.
    for declined in [false, true] {
        let first = book(&sari, wish(&made, TUESDAY_14)).await.ok(201);
        let path = format!("/v1/bookings/{}/cascade", first["id"].as_str().unwrap());
        for stranger in [&made.client, &ayu.client] {
            stranger
                .delete(&path)
                .await
                .refused(404, "booking.not_found");
        }
        if declined {
            decline(&made.client, &first).await;
        }
        made.client
            .get(&path)
            .await
            .refused(404, "booking.not_found");
        let on = json!({ "is_on": true, "hops_left": 3 });
        assert_eq!(sari.get(&path).await.ok(200), on);
        for _ in 0..2 {
            assert_eq!(sari.delete(&path).await.status, 204);
        }
        let off = json!({ "is_on": false, "hops_left": 0 });
        assert_eq!(sari.get(&path).await.ok(200), off);
        if !declined {
            decline(&made.client, &first).await;
        }
        assert_eq!(next(&app, &sari, &first).await, None);
    }
    // Without her wish nothing is passed on.
    let first = book(&sari, made.booking(TUESDAY_10)).await.ok(201);
    decline(&made.client, &first).await;
    assert_eq!(next(&app, &sari, &first).await, None);
    assert_sound(&app).await;
}

#[actix_web::test]
async fn only_requests_are_passed_on() {
    let app = TestApp::new().await;
    let made = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let reply = book(&sari, wish(&made, TUESDAY_10)).await;
    assert_eq!(reply.status, 422);
    assert_eq!(reply.faults(), ["/cascade not_asked"]);
    let list = sari.get("/v1/bookings").await.ok(200);
    assert_eq!(list["items"], json!([]));
    assert_sound(&app).await;
}

#[actix_web::test]
async fn declining_and_cancelling_at_once_is_one_or_the_other() {
    let app = TestApp::new().await;
    let made = asked(&app, "made").await;
    let _ayu = asked(&app, "ayu").await;
    let sari = app.user("sari").await;
    for round in 0..6 {
        let hour = 2 + round;
        let first = book(
            &sari,
            wish(&made, &format!("2026-06-04T{hour:02}:00:00.000Z")),
        )
        .await
        .ok(201);
        let path =
            |action: &str| format!("/v1/bookings/{}/{action}", first["id"].as_str().unwrap());
        let race = (0..8).map(|at| {
            let (client, action, reason) = if (at + round) % 2 == 0 {
                (&made.client, "decline", "schedule_conflict")
            } else {
                (&sari, "cancel", "no_longer_needed")
            };
            let path = path(action);
            async move {
                let reply = client.post(&path, json!({ "reason": reason })).await;
                assert!(
                    [200, 409].contains(&reply.status.as_u16()),
                    "{}",
                    reply.text()
                );
            }
        });
        join_all(race).await;
        let id = first["id"].as_str().unwrap();
        let state = sari.get(&format!("/v1/bookings/{id}")).await.ok(200)["state"].clone();
        // Workers race too.
        let (_, _) = tokio::join!(app.run_jobs(), app.run_jobs());
        let found = next(&app, &sari, &first).await;
        assert_eq!(
            found.is_some(),
            state == "declined",
            "{state}: a cascade if and only if it was declined"
        );
        if let Some(found) = found {
            let path = format!("/v1/bookings/{}/cancel", found["id"].as_str().unwrap());
            sari.post(&path, json!({ "reason": "other" })).await.ok(200);
        }
        assert_sound(&app).await;
    }
}

#[actix_web::test]
async fn nobody_is_asked_whom_the_mentee_blocks_meanwhile() {
    let app = TestApp::new().await;
    let made = asked(&app, "made").await;
    let sari = app.user("sari").await;
    for round in 0..5 {
        let ayu = asked(&app, &format!("ayu{round}")).await;
        let starts_at = format!("2026-06-04T{:02}:00:00.000Z", 2 + round);
        let first = book(&sari, wish(&made, &starts_at)).await.ok(201);
        decline(&made.client, &first).await;
        let block = sari.post("/v1/blocks", json!({ "user_id": ayu.user_id }));
        let (blocked, ()) = tokio::join!(block, app.run_jobs());
        blocked.ok(201);
        next(&app, &sari, &first).await;
        let live = "SELECT count(*) FROM bookings WHERE mentor_id = $1 AND state IN ('requested', 'confirmed')";
        let sql = app.db.sql().await;
        let live: i64 = sql.query_one(live, &[&ayu.user_id]).await.unwrap().get(0);
        assert_eq!(live, 0, "round {round}");
        assert_sound(&app).await;
    }
}

#[actix_web::test]
async fn the_mentee_is_shown_other_mentors() {
    let app = TestApp::new().await;
    let made = asked(&app, "made").await;
    let mut others = Vec::new();
    for name in ["ayu", "budi", "citra", "dewi"] {
        others.push(Mentor::new(&app, name).await);
    }
    let phone = Mentor::with(&app, "eka", json!({ "mode": "phone" })).await;
    let sql = app.db.sql().await;
    // Eka fits best, but by telephone; Dewi knows something else.
    sql.batch_execute(&format!(
        "UPDATE mentors SET rating_sum = 500, rating_count = 100 WHERE user_id = '{}';
         UPDATE mentors SET expertise = '{{pajak}}' WHERE user_id = '{}'",
        phone.user_id, others[3].user_id
    ))
    .await
    .unwrap();
    let sari = app.user("sari").await;
    let me = sari.get("/v1/me").await;
    let version = me.header("etag").unwrap().to_owned();
    sari.clone()
        .with("if-match", &version)
        .patch("/v1/me", json!({ "timezone": "Asia/Jayapura" }))
        .await
        .ok(200);
    // What she has at the time is not offered to her.
    book(&sari, others[0].booking(TUESDAY_10)).await.ok(201);
    let request = book(&sari, made.booking(TUESDAY_14)).await.ok(201);
    let path = format!(
        "/v1/bookings/{}/alternatives",
        request["id"].as_str().unwrap()
    );
    let reply = sari.get(&path).await;
    let found = reply.ok(200);
    let names: Vec<&str> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|card| card["mentor"]["display_name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 3);
    assert!(!names.contains(&"made") && !names.contains(&"eka") && !names.contains(&"dewi"));
    for card in found["items"].as_array().unwrap() {
        let slots = card["next_slots"].as_array().unwrap();
        assert_eq!(slots.len(), 3);
        assert_eq!(slots[0]["mode"], "online");
        assert!(slots.iter().all(|slot| slot["starts_at"] != TUESDAY_10));
    }
    // Fewer who meet by video: the telephone will do.
    sql.batch_execute(&format!(
        "UPDATE offerings SET active = false WHERE mentor_id = '{}'",
        others[2].user_id
    ))
    .await
    .unwrap();
    let found = sari.get(&path).await.ok(200);
    assert_eq!(found["items"][2]["mentor"]["display_name"], "eka");

    made.client
        .get(&path)
        .await
        .refused(404, "booking.not_found");
    let budi = app.user("tuti").await;
    budi.get(&path).await.refused(404, "booking.not_found");
    app.anon()
        .get(&path)
        .await
        .refused(401, "auth.unauthenticated");

    decline(&made.client, &request).await;
    app.run_jobs().await;
    let mails = app.mails_to("sari@contoh.id");
    let mail = mails
        .iter()
        .find(|mail| mail.subject == "Permintaan sesi ditolak")
        .unwrap();
    let first = found["items"][0]["next_slots"][0]["starts_at"]
        .as_str()
        .unwrap();
    let link = format!("https://karya.test/v1/mentors/{}", phone.user_id);
    for part in ["ayu: ", "eka: ", " WIT", &link] {
        assert!(mail.text.contains(part), "{part} {first}: {}", mail.text);
    }
    let mail = app.mails_to("made@contoh.id").pop().unwrap();
    assert!(!mail.text.contains("Mentor lain"), "{}", mail.text);
}

#[actix_web::test]
async fn other_mentors_take_five_statements_whatever_their_number() {
    let app = TestApp::new().await;
    let made = asked(&app, "made").await;
    let sari = app.user("sari").await;
    let request = book(&sari, made.booking(TUESDAY_14)).await.ok(201);
    let path = format!(
        "/v1/bookings/{}/alternatives",
        request["id"].as_str().unwrap()
    );
    for round in 0..3 {
        Mentor::new(&app, &format!("lain{round}")).await;
        // The first time a connection sees a statement it also asks for the names of types.
        for _ in 0..8 {
            sari.get(&path).await.ok(200);
        }
        let reply = sari.get(&path).await;
        let timing = reply.header("server-timing").unwrap().to_owned();
        assert!(timing.contains("\"5\""), "{timing}");
    }
}

#[actix_web::test]
async fn nobody_is_sent_to_another_place() {
    let app = TestApp::new().await;
    let in_person = json!({ "needs_approval": true, "mode": "in_person", "place": "Balai kota" });
    let made = Mentor::with(&app, "made", in_person.clone()).await;
    let far = Mentor::with(&app, "jauh", in_person.clone()).await;
    let near = Mentor::with(&app, "dekat", in_person).await;
    let online = asked(&app, "daring").await;
    let sql = app.db.sql().await;
    for (mentor, region, ratings) in [
        (&made, "33.75", 0),
        (&far, "51.71", 100),
        (&near, "33.75.01", 0),
        (&online, "51", 50),
    ] {
        let statement = format!(
            "UPDATE mentors SET regions = '{{{region}}}', rating_sum = 5 * {ratings}, rating_count = {ratings} WHERE user_id = $1"
        );
        sql.execute(&statement, &[&mentor.user_id]).await.unwrap();
    }
    let sari = app.user("sari").await;
    let first = book(&sari, wish(&made, TUESDAY_10)).await.ok(201);
    let path = format!(
        "/v1/bookings/{}/alternatives",
        first["id"].as_str().unwrap()
    );
    let found = sari.get(&path).await.ok(200);
    let names: Vec<&str> = (0..3)
        .map(|at| {
            found["items"][at]["mentor"]["display_name"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(names, ["dekat", "daring", "jauh"]);
    decline(&made.client, &first).await;
    let second = next(&app, &sari, &first).await.unwrap();
    assert_eq!(second["mentor_id"], json!(near.user_id));
    decline(&near.client, &second).await;
    let third = next(&app, &sari, &second).await.unwrap();
    assert_eq!(third["mentor_id"], json!(online.user_id));
    decline(&online.client, &third).await;
    assert_eq!(next(&app, &sari, &third).await, None);
}
