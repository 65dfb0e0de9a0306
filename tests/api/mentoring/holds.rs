//! Holds: whose they are, and who may let them go.

use futures_util::future::join_all;
use serde_json::Value;

use super::{Mentor, assert_sound, book};
use crate::harness::{Client, Reply, TestApp};

const TUESDAY_10: &str = "2026-06-02T03:00:00.000Z";
const TUESDAY_14: &str = "2026-06-02T07:00:00.000Z";
const WEDNESDAY_10: &str = "2026-06-03T03:00:00.000Z";

async fn hold(client: &Client<'_>, mentor: &Mentor<'_>, start: &str) -> Reply {
    client.post("/v1/slot-holds", mentor.booking(start)).await
}

fn path(hold: &Value) -> String {
    format!("/v1/slot-holds/{}", hold["id"].as_str().unwrap())
}

#[actix_web::test]
async fn a_mentor_who_books_elsewhere_leaves_the_holds_of_others_alone() {
    let app = TestApp::new().await;
    let (made, yosef) = (
        Mentor::new(&app, "made").await,
        Mentor::new(&app, "yosef").await,
    );
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let saris = hold(&sari, &made, TUESDAY_10).await.ok(201);
    hold(&budi, &made, TUESDAY_14).await.ok(201);

    // They do not count as Made's.
    hold(&made.client, &yosef, WEDNESDAY_10).await.ok(201);
    // Made cannot let them go, nor book over them.
    made.client
        .delete(&path(&saris))
        .await
        .refused(404, "booking.hold_not_found");
    book(&made.client, yosef.booking(TUESDAY_10))
        .await
        .refused(409, "booking.mentee_busy");
    hold(&made.client, &yosef, TUESDAY_10)
        .await
        .refused(409, "booking.mentee_busy");
    assert!(
        !made
            .starts(&app, "2026-06-02", "2026-06-02")
            .await
            .contains(&TUESDAY_10.to_owned())
    );

    book(&sari, made.booking(TUESDAY_10)).await.ok(201);
    // One's own give way wherever they are, on both sides.
    book(&made.client, yosef.booking(WEDNESDAY_10))
        .await
        .ok(201);
    let holds: i64 = app
        .db
        .sql()
        .await
        .query_one("SELECT count(*) FROM time_claims WHERE kind = 'hold'", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(holds, 2, "Budi's alone, on both sides");
    assert_sound(&app).await;
}

#[actix_web::test]
async fn a_hold_that_gives_way_frees_the_other_mentor_too() {
    let app = TestApp::new().await;
    let (made, yosef) = (
        Mentor::new(&app, "made").await,
        Mentor::new(&app, "yosef").await,
    );
    let sari = app.user("sari").await;
    hold(&sari, &made, TUESDAY_10).await.ok(201);
    book(&sari, yosef.booking(TUESDAY_10)).await.ok(201);
    assert!(
        made.starts(&app, "2026-06-02", "2026-06-02")
            .await
            .contains(&TUESDAY_10.to_owned())
    );
}

#[actix_web::test]
async fn of_many_who_let_a_hold_go_one_does() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    for _ in 0..3 {
        let held = hold(&sari, &mentor, TUESDAY_10).await.ok(201);
        let at = path(&held);
        let race = (0..12).map(|_| sari.delete(&at));
        let mut statuses: Vec<u16> = join_all(race)
            .await
            .iter()
            .map(|reply| reply.status.as_u16())
            .collect();
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (204, &[404; 11][..]));
    }

    // Letting go while others book: one of them gets it, or all were too early.
    for _ in 0..5 {
        let held = hold(&sari, &mentor, TUESDAY_10).await.ok(201);
        let at = path(&held);
        let (released, booked) = futures_util::join!(
            sari.delete(&at),
            join_all((0..6).map(|n| {
                let who = if n % 2 == 0 { &budi } else { &sari };
                book(who, mentor.booking(TUESDAY_10))
            }))
        );
        assert!(
            matches!(released.status.as_u16(), 204 | 404),
            "{}",
            released.text()
        );
        let won: Vec<&Reply> = booked.iter().filter(|reply| reply.status == 201).collect();
        assert!(
            won.len() <= 1
                && booked
                    .iter()
                    .all(|reply| matches!(reply.status.as_u16(), 201 | 409))
        );
        assert_sound(&app).await;
        if let Some(won) = won.first() {
            let cancel = format!("/v1/bookings/{}/cancel", won.json()["id"].as_str().unwrap());
            let reason = serde_json::json!({ "reason": "other" });
            mentor.client.post(&cancel, reason).await.ok(200);
        }
    }
}

#[actix_web::test]
async fn the_database_wants_a_maker_for_holds_alone() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    hold(&sari, &mentor, TUESDAY_10).await.ok(201);
    let sql = app.db.sql().await;
    for change in [
        "UPDATE time_claims SET held_by = NULL",
        "UPDATE time_claims SET kind = 'request'",
    ] {
        let refused = sql.batch_execute(change).await.unwrap_err();
        let constraint = refused.as_db_error().unwrap().constraint();
        assert_eq!(constraint, Some("time_claims_hold_has_maker"), "{change}");
    }
    // With many claims, the planner takes the index of makers for them.
    sql.batch_execute(
        "INSERT INTO time_claims (id, owner_id, kind, ref_id, starts_at, ends_at, expires_at, held_by)
             SELECT gen_random_uuid(), user_id, 'hold', gen_random_uuid(), at, at + interval '30 minutes', at, user_id
               FROM mentors, generate_series(timestamptz '2027-01-01', timestamptz '2027-12-31', interval '1 hour') AS at;
         ANALYZE time_claims",
    )
    .await
    .unwrap();
    let statement = "EXPLAIN SELECT * FROM time_claims WHERE expires_at > now()
        AND held_by = '00000000-0000-7000-8000-000000000000'";
    let plan = sql.query(statement, &[]).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    assert!(
        plan.iter()
            .any(|line| line.contains("time_claims_held_by_idx")),
        "{plan:#?}"
    );
}
