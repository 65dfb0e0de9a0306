//! What is offered can be booked and nothing else, whoever looks and however many ask at once.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::oracle::odd;
use super::{Mentor, assert_sound, book};
use crate::harness::TestApp;

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[actix_web::test]
async fn a_start_can_be_booked_if_and_only_if_it_is_offered() {
    let app = TestApp::new().await;
    let mut rng = StdRng::seed_from_u64(23);
    let mentee = app.user("sari").await;
    let (mut made, mut refused) = (0, 0);
    for round in 0..10 {
        let odd = odd(&app, &mut rng, round).await;
        let offered = odd.mentor.starts(&app, odd.from, odd.to).await;
        let first = instant(&offered[0]);
        let mut starts: Vec<DateTime<Utc>> = (0..16)
            .map(|_| first + Duration::minutes(rng.random_range(0..30_000) / 5 * 5))
            .collect();
        starts.extend((0..8).map(|_| instant(&offered[rng.random_range(0..offered.len())])));
        for start in starts {
            let start = start.format("%Y-%m-%dT%H:%M:%S.000Z").to_string();
            let reply = book(&mentee, odd.mentor.booking(&start)).await;
            if offered.contains(&start) {
                made += 1;
                let id = reply.ok(201)["id"].as_str().unwrap().to_owned();
                let less = odd.mentor.starts(&app, odd.from, odd.to).await;
                assert!(!less.contains(&start) && less.iter().all(|slot| offered.contains(slot)));
                let reason = json!({ "reason": "schedule_conflict" });
                let path = format!("/v1/bookings/{id}/cancel");
                mentee.post(&path, reason).await.ok(200);
                let again = odd.mentor.starts(&app, odd.from, odd.to).await;
                assert_eq!(again, offered, "cancelling gives back just what was taken");
            } else {
                refused += 1;
                let (status, text) = (reply.status.as_u16(), reply.text());
                assert!(matches!(status, 409 | 422), "{start}: {status} {text}");
            }
        }
    }
    assert!(made >= 80 && refused >= 100, "{made} made, {refused} not");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn another_zone_shows_the_same_instants_under_its_own_dates() {
    let app = TestApp::new().await;
    let mut rng = StdRng::seed_from_u64(29);
    for round in 0..8 {
        let odd = odd(&app, &mut rng, round).await;
        let (from, to) = (odd.from, odd.to);
        let wide: Vec<DateTime<Utc>> = {
            let starts = odd.mentor.starts(&app, from, to).await;
            starts.iter().map(|start| instant(start)).collect()
        };
        // Two days within, so that every date of any zone lies wholly in what the mentor's own dates show.
        let (from, to): (NaiveDate, NaiveDate) = (from.parse().unwrap(), to.parse().unwrap());
        let (from, to) = (from + Duration::days(2), to - Duration::days(2));
        for zone in [
            Tz::Asia__Jakarta,
            Tz::Asia__Jayapura,
            Tz::America__New_York,
            Tz::Australia__Lord_Howe,
            Tz::Asia__Kathmandu,
            Tz::Pacific__Kiritimati,
            Tz::Pacific__Pago_Pago,
            Tz::Europe__London,
        ] {
            let mut expected: BTreeMap<NaiveDate, Vec<DateTime<Utc>>> = BTreeMap::new();
            for start in &wide {
                let date = start.with_timezone(&zone).date_naive();
                if from <= date && date <= to {
                    expected.entry(date).or_default().push(*start);
                }
            }
            let path = format!(
                "/v1/offerings/{}/slots?from={from}&to={to}&time_zone={zone}",
                odd.mentor.offering
            );
            let list = app.anon().get(&path).await.ok(200);
            let days = list["days"].as_array().unwrap().iter();
            let shown: BTreeMap<NaiveDate, Vec<DateTime<Utc>>> = days
                .map(|day| {
                    let starts = day["starts"].as_array().unwrap().iter();
                    let starts = starts.map(|start| instant(start.as_str().unwrap()));
                    (
                        day["date"].as_str().unwrap().parse().unwrap(),
                        starts.collect(),
                    )
                })
                .collect();
            assert_eq!(shown, expected, "{} seen from {zone}", odd.zone);
        }
    }
}

#[actix_web::test]
async fn caps_hold_however_many_ask_at_once() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let caps = "UPDATE calendars SET daily_cap = 3, weekly_cap = 5 WHERE user_id = $1";
    let sql = app.db.sql().await;
    sql.execute(caps, &[&mentor.user_id]).await.unwrap();
    let mut mentees = Vec::new();
    for number in 0..8 {
        mentees.push(app.user(&format!("orang{number}")).await);
    }
    // Eight people, six hours on each of three days of one week: 144 requests at once.
    let starts: Vec<String> = (2..5)
        .flat_map(|day| (2..8).map(move |hour| format!("2026-06-{day:02}T{hour:02}:00:00.000Z")))
        .collect();
    let requests = mentees.iter().flat_map(|mentee| {
        starts
            .iter()
            .map(|start| book(mentee, mentor.booking(start)))
    });
    let replies = join_all(requests).await;
    let made: Vec<String> = replies
        .iter()
        .filter(|reply| reply.status.as_u16() == 201)
        .map(|reply| reply.json()["starts_at"].as_str().unwrap()[..10].to_owned())
        .collect();
    assert_eq!(made.len(), 5, "{made:?}");
    for day in &made {
        assert!(made.iter().filter(|other| *other == day).count() <= 3);
    }
    assert!(
        replies
            .iter()
            .all(|reply| { matches!(reply.status.as_u16(), 201 | 409 | 422) })
    );
    assert_sound(&app).await;
}

#[actix_web::test]
async fn nobody_has_more_ahead_than_allowed_however_many_they_ask_at_once() {
    let app = TestApp::new().await;
    let mut mentors = Vec::new();
    for number in 0..4 {
        mentors.push(Mentor::new(&app, &format!("mentor{number}")).await);
    }
    let sari = app.user("sari").await;
    // Other mentors and other hours: only what one may have ahead stands against it.
    let wishes: Vec<_> = (0..4)
        .flat_map(|number| (0..6).map(move |hour| (number, hour)))
        .map(|(number, hour)| {
            let start = format!("2026-06-{:02}T{:02}:00:00.000Z", 2 + number, 2 + hour);
            mentors[number].booking(&start)
        })
        .collect();
    let replies = join_all(wishes.into_iter().map(|wish| book(&sari, wish))).await;
    let made = replies.iter().filter(|reply| reply.status.as_u16() == 201);
    let made = made.count();
    assert!(made > 0 && made < 24);
    for reply in replies.iter().filter(|reply| reply.status.as_u16() != 201) {
        reply.refused(409, "booking.too_many_active");
    }
    let one_more = book(&sari, mentors[0].booking("2026-06-06T03:00:00.000Z")).await;
    one_more.refused(409, "booking.too_many_active");
    let bookings = "SELECT count(*) FROM bookings";
    let count: i64 = app
        .db
        .sql()
        .await
        .query_one(bookings, &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(usize::try_from(count).unwrap(), made);
}
