//! How many SQL statements requests take: an upper bound for each, and the same however much there is.

use serde_json::json;

use super::{Mentor, book};
use crate::harness::{Client, TestApp};

/// The statements of a read, once every connection knows what types there are.
async fn read(client: &Client<'_>, path: &str) -> usize {
    for _ in 0..8 {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
    client.get(path).await.statements()
}

/// Seven starts of a mentor, an hour apart.
fn starts(day: usize) -> impl Iterator<Item = String> {
    (0..7).map(move |hour| format!("2026-06-{day:02}T{:02}:00:00Z", 2 + hour))
}

/// The reads that a session at the counter goes through, and how many statements each takes.
async fn reads(
    app: &TestApp,
    mentor: &Mentor<'_>,
    mentee: &Client<'_>,
) -> Vec<(&'static str, usize)> {
    let offering = &mentor.offering;
    let range = "from=2026-06-02&to=2026-06-29";
    let booking = mentee.get("/v1/bookings").await.ok(200)["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let anon = app.anon();
    vec![
        (
            "mentors",
            read(&anon, "/v1/mentors?sort=soonest&limit=50").await,
        ),
        (
            "mentors, signed in",
            read(mentee, "/v1/mentors?sort=match&limit=50").await,
        ),
        (
            "slots",
            read(&anon, &format!("/v1/offerings/{offering}/slots?{range}")).await,
        ),
        (
            "slots, signed in",
            read(mentee, &format!("/v1/offerings/{offering}/slots?{range}")).await,
        ),
        (
            "available days",
            read(
                &anon,
                &format!("/v1/offerings/{offering}/available-days?month=2026-06"),
            )
            .await,
        ),
        ("bookings", read(mentee, "/v1/bookings?limit=100").await),
        (
            "bookings of the mentor",
            read(&mentor.client, "/v1/bookings?limit=100").await,
        ),
        (
            "booking",
            read(mentee, &format!("/v1/bookings/{booking}")).await,
        ),
        (
            "invitation",
            read(mentee, &format!("/v1/bookings/{booking}/invitation.ics")).await,
        ),
    ]
}

#[actix_web::test]
async fn ten_times_as_much_takes_as_many_statements() {
    let app = TestApp::new().await;
    let mut mentors = vec![Mentor::new(&app, "mentor0").await];
    let sari = app.user("sari").await;
    book(&sari, mentors[0].booking("2026-06-02T02:00:00Z"))
        .await
        .ok(201);
    let few = reads(&app, &mentors[0], &sari).await;
    for number in 1..20 {
        mentors.push(Mentor::new(&app, &format!("mentor{number}")).await);
    }
    for start in starts(3) {
        book(&sari, mentors[0].booking(&start)).await.ok(201);
    }
    let budi = app.user("budi").await;
    for start in starts(4) {
        book(&budi, mentors[1].booking(&start)).await.ok(201);
    }
    let many = reads(&app, &mentors[0], &sari).await;
    assert_eq!(few, many);
    let most = [
        ("mentors", 4),
        ("mentors, signed in", 4),
        ("slots", 4),
        ("slots, signed in", 5),
        ("available days", 4),
        ("bookings", 1),
        ("bookings of the mentor", 1),
        ("booking", 1),
        ("invitation", 3),
    ];
    for ((what, most), (_, found)) in most.into_iter().zip(&many) {
        assert!(*found <= most, "{what}: {most} at most: {many:?}");
    }
}

#[actix_web::test]
async fn changes_take_as_many_statements_however_full_the_calendar_is() {
    let app = TestApp::new().await;
    let mentor = Mentor::with(&app, "made", json!({ "needs_approval": true })).await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    // Every connection has seen every statement.
    for start in starts(9).chain(starts(10)).take(9) {
        let made = book(&sari, mentor.booking(&start)).await.ok(201);
        let path = format!("/v1/bookings/{}", made["id"].as_str().unwrap());
        sari.post(&format!("{path}/cancel"), json!({ "reason": "other" }))
            .await
            .ok(200);
    }
    let mut found = Vec::new();
    for (round, day) in [(0, 3), (1, 4)] {
        let start = format!("2026-06-{day:02}T02:00:00Z");
        let wish = mentor.booking(&start);
        let hold = sari.post("/v1/slot-holds", wish.clone()).await;
        let booked = book(&sari, wish).await;
        let (hold, made) = (hold.statements(), (booked.statements(), booked.ok(201)));
        let path = format!("/v1/bookings/{}", made.1["id"].as_str().unwrap());
        let empty = || async {
            let verb = actix_web::http::Method::POST;
            mentor
                .client
                .send(verb, &format!("{path}/approve"), None, Vec::new())
                .await
        };
        let approved = empty().await;
        let to = json!({ "starts_at": format!("2026-06-{day:02}T04:00:00Z") });
        let moved = mentor.client.post(&format!("{path}/reschedule"), to).await;
        let cancelled = sari
            .post(&format!("{path}/cancel"), json!({ "reason": "other" }))
            .await;
        for reply in [&approved, &moved, &cancelled] {
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
        found.push([
            ("hold", hold),
            ("book", made.0),
            ("approve", approved.statements()),
            ("move", moved.statements()),
            ("cancel", cancelled.statements()),
        ]);
        if round == 0 {
            for start in starts(5).chain(starts(6)).take(9) {
                book(&budi, mentor.booking(&start)).await.ok(201);
            }
        }
    }
    assert_eq!(found[0], found[1]);
    let all = found[1];
    let most = [
        ("hold", 14),
        ("book", 21),
        ("approve", 11),
        ("move", 20),
        ("cancel", 9),
    ];
    for ((what, most), (_, found)) in most.into_iter().zip(all) {
        assert!(
            found <= most,
            "{what}: {most} at most, not {found}: {all:?}"
        );
    }
}
