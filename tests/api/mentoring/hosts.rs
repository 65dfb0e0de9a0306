//! Group sessions of mentors who are off or take a break.

use karya_core::Role;
use serde_json::{Value, json};

use super::Mentor;
use super::groups::{assert_seated, open};
use crate::harness::{Client, TestApp};

const FAR: &str = "2026-06-09T03:00:00.000Z";

async fn listed(app: &TestApp) -> usize {
    let list = app.anon().get("/v1/group-sessions").await.ok(200);
    list["items"].as_array().map_or(0, Vec::len)
}

#[actix_web::test]
async fn classes_of_a_mentor_who_is_off_take_nobody_in() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let (sari, budi, dewi) = (
        app.user("sari").await,
        app.user("budi").await,
        app.user("dewi").await,
    );
    let path = open(&mentor, FAR, 2).await;
    let act = async |client: &Client<'_>, what: &str| {
        client.post(&format!("{path}/{what}"), json!({})).await
    };
    act(&sari, "join").await.ok(200);
    act(&budi, "join").await.ok(200);
    act(&dewi, "waitlist/join").await.ok(200);
    let rina = app.staff("rina", Role::Verifier).await;
    let review = async |verb: &str| -> Value {
        let path = format!("/v1/mentors/{}/{verb}", mentor.user_id);
        rina.post(&path, json!({ "note": "Alasan." })).await.ok(200)
    };
    review("suspend").await;
    assert_eq!(listed(&app).await, 0);
    app.anon()
        .get(&path)
        .await
        .refused(404, "group_session.not_found");
    rina.get(&path)
        .await
        .refused(404, "group_session.not_found");
    for client in [&sari, &dewi, &mentor.client] {
        client.get(&path).await.ok(200);
    }
    let hadi = app.user("hadi").await;
    for what in ["join", "waitlist/join", "offers/accept"] {
        act(&hadi, what)
            .await
            .refused(404, "group_session.not_found");
    }
    // Whoever goes is not replaced.
    act(&budi, "leave").await.ok(200);
    app.run_jobs().await;
    let seen = dewi.get(&path).await.ok(200);
    assert_eq!(
        (&seen["seats_taken"], &seen["waiting"]),
        (&json!(1), &json!(1))
    );
    assert_seated(&app).await;

    review("reinstate").await;
    app.run_jobs().await;
    assert_eq!(listed(&app).await, 1);
    act(&hadi, "join").await.refused(409, "group_session.full");
    let seen = dewi.get(&path).await.ok(200);
    assert_eq!(seen["my_seat"]["state"], "held", "the line goes on");
    let sql = app.db.sql().await;
    sql.execute(
        "UPDATE users SET state = 'locked', lock_reason = 'abuse' WHERE id = $1",
        &[&mentor.user_id],
    )
    .await
    .unwrap();
    assert_eq!(listed(&app).await, 0);
    act(&hadi, "join")
        .await
        .refused(404, "group_session.not_found");
    assert_seated(&app).await;
}

#[actix_web::test]
async fn a_break_closes_the_classes_in_it() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let path = open(&mentor, FAR, 2).await;
    let after = open(&mentor, "2026-06-11T03:00:00.000Z", 2).await;
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE calendars SET paused_until = '2026-06-10T00:00:00Z'")
        .await
        .unwrap();
    assert_eq!(listed(&app).await, 1);
    let sari = app.user("sari").await;
    for what in ["join", "waitlist/join"] {
        sari.post(&format!("{path}/{what}"), json!({}))
            .await
            .refused(409, "booking.mentor_paused");
    }
    sari.post(&format!("{after}/join"), json!({})).await.ok(200);
    assert_eq!(app.anon().get(&path).await.ok(200)["state"], "open");
    let class = json!({
        "title": "Kelas foto produk", "starts_at": "2026-06-08T03:00:00Z", "duration_min": 60,
        "capacity": 5, "waitlist_capacity": 3, "mode": "online",
    });
    mentor
        .client
        .post("/v1/group-sessions", class)
        .await
        .refused(409, "booking.mentor_paused");

    // Whoever went in the break is replaced once it is over.
    let full = open(&mentor, "2026-06-12T03:00:00.000Z", 2).await;
    let people = [sari, app.user("budi").await, app.user("dewi").await];
    for (person, what) in people.iter().zip(["join", "join", "waitlist/join"]) {
        person
            .post(&format!("{full}/{what}"), json!({}))
            .await
            .ok(200);
    }
    let hours =
        |until: Value| json!({ "zone": "Asia/Jakarta", "weekly": [], "paused_until": until });
    let own = mentor.client.clone().with("if-match", "*");
    let calendar = "/v1/me/calendar";
    own.put(calendar, hours(json!("2026-06-30T00:00:00Z")))
        .await
        .ok(200);
    let leave = format!("{full}/leave");
    people[0].post(&leave, json!({})).await.ok(200);
    app.run_jobs().await;
    let waiting = people[2].get(&full).await.ok(200);
    assert_eq!(waiting["my_waitlist_place"]["ahead"], 0);
    own.put(calendar, hours(Value::Null)).await.ok(200);
    app.run_jobs().await;
    let offered = people[2].get(&full).await.ok(200);
    assert_eq!(offered["my_seat"]["state"], "held");
    assert_seated(&app).await;
}
