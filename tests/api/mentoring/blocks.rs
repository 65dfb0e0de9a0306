//! People who want nothing to do with each other.

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::growth::{TUESDAY_10, booked, me};
use super::{Mentor, assert_sound, book};
use crate::harness::{Client, Reply, TestApp};

const TUESDAY_14: &str = "2026-06-02T07:00:00.000Z";

async fn block(client: &Client<'_>, person: Uuid) -> Reply {
    client
        .post("/v1/blocks", json!({ "user_id": person }))
        .await
}

async fn hold(client: &Client<'_>, mentor: &Mentor<'_>, starts_at: &str) -> Reply {
    client
        .post("/v1/slot-holds", mentor.booking(starts_at))
        .await
}

/// Opens a class and returns its path.
async fn class(mentor: &Mentor<'_>, starts_at: &str) -> String {
    let body = json!({
        "title": "Kelas foto produk", "starts_at": starts_at, "duration_min": 60, "capacity": 2,
        "waitlist_capacity": 3, "mode": "online",
    });
    let made = mentor.client.post("/v1/group-sessions", body).await.ok(201);
    format!("/v1/group-sessions/{}", made["id"].as_str().unwrap())
}

/// All that is left between the two: live bookings ahead, holds, seats and mentorships.
async fn left(app: &TestApp, one: Uuid, other: Uuid) -> i64 {
    app.db
        .sql()
        .await
        .query_one(
            "SELECT (SELECT count(*) FROM bookings WHERE state IN ('requested', 'confirmed', 'suspended')
                       AND starts_at > '2026-06-01T05:00Z' AND mentor_id = ANY ($1) AND mentee_id = ANY ($1))
                  + (SELECT count(*) FROM time_claims a JOIN time_claims b USING (ref_id)
                       WHERE a.kind = 'hold' AND a.owner_id < b.owner_id AND a.owner_id = ANY ($1) AND b.owner_id = ANY ($1))
                  + (SELECT count(*) FROM group_seats s JOIN group_sessions g ON g.id = s.session_id
                       WHERE s.state <> 'released' AND s.mentee_id = ANY ($1) AND g.mentor_id = ANY ($1))
                  + (SELECT count(*) FROM waitlist_entries w JOIN group_sessions g ON g.id = w.session_id
                       WHERE w.state IN ('waiting', 'offered') AND w.mentee_id = ANY ($1) AND g.mentor_id = ANY ($1))
                  + (SELECT count(*) FROM mentorships WHERE state IN ('proposed', 'active')
                       AND mentor_id = ANY ($1) AND mentee_id = ANY ($1))",
            &[&vec![one, other]],
        )
        .await
        .unwrap()
        .get(0)
}

#[actix_web::test]
async fn to_both_it_looks_as_if_the_other_offered_nothing() {
    let app = TestApp::new().await;
    let made = Mentor::new(&app, "made").await;
    let ayu = Mentor::new(&app, "ayu").await;
    let sari = app.user("sari").await;
    let saris = me(&sari).await;
    let class = class(&made, "2026-06-09T03:00:00.000Z").await;
    // Once by the mentee, once by the mentor: it makes no difference to either.
    for by_mentor in [false, true] {
        let blocked = if by_mentor {
            block(&made.client, saris).await
        } else {
            block(&sari, made.user_id).await
        };
        let location = blocked.header("location").unwrap().to_owned();
        let view = blocked.ok(201);
        assert_eq!(
            view["display_name"],
            if by_mentor { "sari" } else { "made" }
        );

        let offering = format!("/v1/offerings/{}", made.offering);
        for path in [
            offering.clone(),
            format!("{offering}/slots?from=2026-06-02&to=2026-06-03"),
            format!("{offering}/available-days?month=2026-06"),
            format!("{offering}/slot-explanation?start={TUESDAY_10}"),
        ] {
            sari.get(&path).await.refused(404, "offering.not_found");
            app.anon().get(&path).await.ok(200);
            made.client.get(&path).await.ok(200);
        }
        let mentor = format!("/v1/mentors/{}", made.user_id);
        for path in [
            mentor.clone(),
            format!("{mentor}/offerings"),
            format!("{mentor}/feedback"),
        ] {
            sari.get(&path).await.refused(404, "mentor.not_found");
            app.anon().get(&path).await.ok(200);
        }
        sari.get(&class)
            .await
            .refused(404, "group_session.not_found");
        for what in ["join", "waitlist/join"] {
            sari.post(&format!("{class}/{what}"), json!({}))
                .await
                .refused(404, "group_session.not_found");
        }
        let listed = sari.get("/v1/group-sessions").await.ok(200);
        assert_eq!(listed["items"], json!([]));
        let found = sari.get("/v1/mentors").await.ok(200);
        let names: Vec<&Value> = found["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|card| &card["mentor"]["display_name"])
            .collect();
        assert_eq!(names, ["ayu"]);
        for client in [&app.anon(), &ayu.client] {
            let found = client.get("/v1/mentors").await.ok(200);
            let names = found["items"].to_string();
            assert!(names.contains("\"made\""), "{names}");
        }

        book(&sari, made.booking(TUESDAY_10))
            .await
            .refused(404, "offering.not_found");
        hold(&sari, &made, TUESDAY_10)
            .await
            .refused(404, "offering.not_found");
        let series = json!({ "offering_id": made.offering, "starts_at": TUESDAY_10, "every": "weekly", "count": 2,
            "on_conflict": "skip" });
        let key = Uuid::now_v7().to_string();
        sari.clone()
            .with("idempotency-key", &key)
            .post("/v1/booking-series", series)
            .await
            .refused(404, "offering.not_found");
        let mut proposal = json!({ "mentor_id": made.user_id, "starts_on": "2026-06-08", "ends_on": "2026-08-31",
            "focus": "Menyiapkan ekspor", "accept_agreement": true });
        sari.post("/v1/mentorships", proposal.clone())
            .await
            .refused(404, "mentor.not_found");
        proposal["mentor_id"] = Value::Null;
        proposal["mentee_id"] = json!(saris);
        let refused = made.client.post("/v1/mentorships", proposal).await;
        assert_eq!(refused.faults(), ["/mentee_id no_booking_together"]);
        assert_eq!(left(&app, made.user_id, saris).await, 0);
        // Others are no worse off.
        book(
            &sari,
            ayu.booking(if by_mentor { TUESDAY_10 } else { TUESDAY_14 }),
        )
        .await
        .ok(201);

        let blocker = if by_mentor { &made.client } else { &sari };
        let (other, page) = if by_mentor {
            (&sari, blocker.get("/v1/blocks").await.ok(200))
        } else {
            (&made.client, blocker.get("/v1/blocks").await.ok(200))
        };
        assert_eq!(page["items"], json!([view]));
        assert_eq!(other.get("/v1/blocks").await.ok(200)["items"], json!([]));
        other
            .delete(&location)
            .await
            .refused(404, "block.not_found");
        assert_eq!(blocker.delete(&location).await.status, 204);
        blocker
            .delete(&location)
            .await
            .refused(404, "block.not_found");
        sari.get(&format!("/v1/mentors/{}", made.user_id))
            .await
            .ok(200);
    }
    // They may meet again.
    let again = format!("/v1/offerings/{}", made.offering);
    sari.get(&again).await.ok(200);
    book(&sari, made.booking("2026-06-03T03:00:00.000Z"))
        .await
        .ok(201);
    assert_sound(&app).await;
}

#[actix_web::test]
async fn what_they_had_ahead_is_off_and_nobody_is_told_why() {
    let app = TestApp::new().await;
    let made = Mentor::new(&app, "made").await;
    let ayu = Mentor::new(&app, "ayu").await;
    let sari = app.user("sari").await;
    let budi = app.user("budi").await;
    let saris = me(&sari).await;
    let past = booked(&made, &sari, TUESDAY_10).await;
    let ahead = booked(&made, &sari, TUESDAY_14).await;
    let elsewhere = booked(&ayu, &sari, "2026-06-03T03:00:00.000Z").await;
    let others = booked(&made, &budi, "2026-06-04T03:00:00.000Z").await;
    // Ayu is a mentee of Made's too.
    booked(&made, &ayu.client, "2026-06-05T03:00:00.000Z").await;
    let proposal = json!({ "mentor_id": made.user_id, "starts_on": "2026-06-08", "ends_on": "2026-08-31",
        "focus": "Menyiapkan ekspor", "accept_agreement": true });
    sari.post("/v1/mentorships", proposal).await.ok(201);
    let class = class(&made, "2026-06-09T03:00:00.000Z").await;
    for client in [&sari, &budi] {
        client
            .post(&format!("{class}/join"), json!({}))
            .await
            .ok(200);
    }
    ayu.client
        .post(&format!("{class}/waitlist/join"), json!({}))
        .await
        .ok(200);
    hold(&sari, &made, "2026-06-10T03:00:00.000Z").await.ok(201);
    app.run_jobs().await;

    // Tuesday, 10:30: the first session has begun. Sari knows nothing of Made but the booking.
    app.clock.advance(chrono::Duration::minutes(22 * 60 + 30));
    let (made_client, sari, budi) = (
        app.sign_in("made").await,
        app.sign_in("sari").await,
        app.sign_in("budi").await,
    );
    let id = past.rsplit('/').next().unwrap();
    let by_booking = json!({ "booking_id": id });
    budi.post("/v1/blocks", by_booking.clone())
        .await
        .refused(404, "booking.not_found");
    let blocked = sari.post("/v1/blocks", by_booking.clone()).await.ok(201);
    assert_eq!(blocked["user_id"], json!(made.user_id));
    let again = sari.post("/v1/blocks", by_booking).await.ok(200);
    assert_eq!(again, blocked);
    assert_eq!(block(&sari, made.user_id).await.ok(200), blocked);
    assert_sound(&app).await;

    let state = async |path: &str| {
        let booking = made_client.get(path).await.ok(200);
        (
            booking["state"].as_str().unwrap().to_owned(),
            booking["cancelled_by"].clone(),
            booking["reason_code"].clone(),
            booking["late"].clone(),
        )
    };
    assert_eq!(state(&past).await.0, "confirmed", "it has begun");
    assert_eq!(
        state(&ahead).await,
        (
            "cancelled".to_owned(),
            json!("mentee"),
            json!("other"),
            json!(false)
        )
    );
    assert_eq!(state(&others).await.0, "confirmed");
    let kept = sari.get(&elsewhere).await.ok(200);
    assert_eq!(kept["state"], "confirmed");
    let seats = made_client.get(&format!("{class}/seats")).await.ok(200);
    app.run_jobs().await;
    app.run_jobs().await;
    assert!(!seats.to_string().contains(&saris.to_string()));
    // The next in line gets the seat.
    let ayu_client = app.sign_in("ayu").await;
    let standing = ayu_client.get(&class).await.ok(200);
    assert_eq!(standing["my_seat"]["state"], "held");

    for (name, wanted) in [
        (
            "made",
            vec![
                "Sesi pendampingan dibatalkan",
                "Usulan pendampingan ditarik",
            ],
        ),
        (
            "sari",
            vec![
                "Kursi sesi kelompok dilepas",
                "Sesi pendampingan dibatalkan",
            ],
        ),
    ] {
        let mails = app.mails_to(&format!("{name}@contoh.id"));
        let mut told: Vec<&str> = mails
            .iter()
            .map(|mail| mail.subject.as_str())
            .filter(|subject| {
                ["dibatalkan", "ditarik", "dilepas", "berakhir"]
                    .iter()
                    .any(|end| subject.ends_with(end))
            })
            .collect();
        told.sort_unstable();
        assert_eq!(told, wanted, "{name}");
        for mail in &mails {
            let text = mail.text.to_lowercase();
            for word in ["blokir", "block", "memblok"] {
                assert!(!text.contains(word), "{}", mail.text);
            }
        }
    }
    let now_left = app
        .db
        .sql()
        .await
        .query_one(
            "SELECT count(*) FROM bookings WHERE state = 'confirmed' AND starts_at > '2026-06-02T04:00Z' AND mentee_id = $1 AND mentor_id = $2",
            &[&saris, &made.user_id],
        )
        .await
        .unwrap();
    assert_eq!(now_left.get::<_, i64>(0), 0);
    // Unblocking brings nothing back.
    let id = blocked["id"].as_str().unwrap();
    assert_eq!(sari.delete(&format!("/v1/blocks/{id}")).await.status, 204);
    assert_eq!(state(&ahead).await.0, "cancelled");
    book(&sari, made.booking("2026-06-03T07:00:00.000Z"))
        .await
        .ok(201);
    assert_sound(&app).await;
}

#[actix_web::test]
async fn whom_to_block_is_said_in_one_way() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let saris = me(&sari).await;
    let (some, other) = (Uuid::now_v7(), Uuid::now_v7());
    for (body, fault) in [
        (json!({}), "/user_id one_target"),
        (
            json!({ "user_id": some, "booking_id": other }),
            "/user_id one_target",
        ),
        (json!({ "user_id": saris }), "/user_id yourself"),
        (json!({ "user_id": some }), "/user_id not_found"),
    ] {
        let reply = sari.post("/v1/blocks", body.clone()).await;
        assert_eq!(reply.status, 422, "{body}");
        assert_eq!(reply.faults(), [fault], "{body}");
    }
    sari.post("/v1/blocks", json!({ "booking_id": some }))
        .await
        .refused(404, "booking.not_found");
    let mut people = Vec::new();
    for number in 0..5 {
        let person = me(&app.user(&format!("orang{number}")).await).await;
        people.push(person.to_string());
        block(&sari, person).await.ok(201);
    }
    people.reverse();
    let first = sari.get("/v1/blocks?limit=3").await.ok(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = format!("/v1/blocks?limit=3&cursor={cursor}");
    let rest = sari.get(&rest).await.ok(200);
    assert!(rest["next_cursor"].is_null());
    let ids: Vec<String> = [first, rest]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|item| item["user_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, people);
    app.anon()
        .get("/v1/blocks")
        .await
        .refused(401, "auth.unauthenticated");
}

#[actix_web::test]
async fn nothing_slips_by_while_somebody_blocks() {
    let app = TestApp::new().await;
    for round in 0..4 {
        let made = Mentor::new(&app, &format!("made{round}")).await;
        let sari = app.user(&format!("sari{round}")).await;
        let saris = me(&sari).await;
        let class = class(&made, "2026-06-09T03:00:00.000Z").await;
        let join = format!("{class}/join");
        let proposal = json!({ "mentor_id": made.user_id, "starts_on": "2026-06-08", "ends_on": "2026-08-31",
            "focus": "Menyiapkan ekspor", "accept_agreement": true });
        // Among those who book, hold, join and propose somebody blocks, at a different place each time.
        let race = (0..20).map(|at| {
            let (made, sari, join, proposal) = (&made, &sari, &join, &proposal);
            async move {
                let hour = 2 + at % 8;
                let starts_at = format!("2026-06-{:02}T{hour:02}:00:00.000Z", 2 + at / 8);
                let reply = if at == 3 + round * 4 {
                    if round % 2 == 0 {
                        block(sari, made.user_id).await
                    } else {
                        block(&made.client, saris).await
                    }
                } else {
                    match at % 4 {
                        0 => sari.post(join, json!({})).await,
                        1 => sari.post("/v1/mentorships", proposal.clone()).await,
                        2 => hold(sari, made, &starts_at).await,
                        _ => book(sari, made.booking(&starts_at)).await,
                    }
                };
                reply.status.as_u16()
            }
        });
        let statuses = join_all(race).await;
        assert!(
            statuses
                .iter()
                .all(|status| [200, 201, 404, 409].contains(status)),
            "{statuses:?}"
        );
        assert_eq!(left(&app, made.user_id, saris).await, 0, "round {round}");
        assert_sound(&app).await;
        app.run_jobs().await;
        app.run_jobs().await;
        assert_eq!(left(&app, made.user_id, saris).await, 0, "round {round}");
    }
}

#[actix_web::test]
async fn two_mentors_who_block_each_other_get_in_nobodys_way() {
    let app = TestApp::new().await;
    let made = Mentor::new(&app, "made").await;
    let ayu = Mentor::new(&app, "ayu").await;
    let classes = [
        class(&made, "2026-06-09T03:00:00.000Z").await,
        class(&ayu, "2026-06-10T03:00:00.000Z").await,
        class(&made, "2026-06-11T03:00:00.000Z").await,
        class(&ayu, "2026-06-12T03:00:00.000Z").await,
    ];
    for round in 0..3 {
        let race = (0..30).map(|at| {
            let (mine, other, class) = if at % 2 == 0 {
                (&made, &ayu, &classes[1 + at % 4 / 2 * 2])
            } else {
                (&ayu, &made, &classes[at % 4 / 2 * 2])
            };
            async move {
                let hour = 2 + at % 8;
                let starts_at = format!("2026-06-{:02}T{hour:02}:00:00.000Z", 2 + at / 8);
                let reply = match at % 10 {
                    0 | 1 => block(&mine.client, other.user_id).await,
                    2..4 => mine.client.post(&format!("{class}/join"), json!({})).await,
                    4 | 5 => mine.client.post(&format!("{class}/leave"), json!({})).await,
                    6 | 7 => hold(&mine.client, other, &starts_at).await,
                    _ => book(&mine.client, other.booking(&starts_at)).await,
                };
                assert!(
                    [200, 201, 404, 409].contains(&reply.status.as_u16()),
                    "{}",
                    reply.text()
                );
            }
        });
        join_all(race).await;
        assert_eq!(left(&app, made.user_id, ayu.user_id).await, 0);
        assert_sound(&app).await;
        let seats = "SELECT count(*) FROM group_sessions g WHERE seats_taken <>
            (SELECT count(*) FROM group_seats s WHERE s.session_id = g.id AND s.state IN ('held', 'confirmed'))";
        let sql = app.db.sql().await;
        let miscounted: i64 = sql.query_one(seats, &[]).await.unwrap().get(0);
        assert_eq!(miscounted, 0, "round {round}");
        // They make up, for the next round.
        for mentor in [&made, &ayu] {
            let list = mentor.client.get("/v1/blocks").await.ok(200);
            let id = list["items"][0]["id"].as_str().unwrap();
            let path = format!("/v1/blocks/{id}");
            assert_eq!(mentor.client.delete(&path).await.status, 204);
        }
    }
}
