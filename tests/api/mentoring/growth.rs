//! What the tests of what comes after a session share.

use actix_web::http::Method;
use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Mentor, book};
use crate::harness::{Client, Reply, TestApp};

/// Tuesday, 10:00 in Jakarta.
pub const TUESDAY_10: &str = "2026-06-02T03:00:00.000Z";

/// The id of whoever calls.
pub async fn me(client: &Client<'_>) -> Uuid {
    let id = client.get("/v1/me").await.ok(200)["id"].clone();
    id.as_str().unwrap().parse().unwrap()
}

/// Books with `mentor` at `starts_at`; the address of the booking.
pub async fn booked(mentor: &Mentor<'_>, mentee: &Client<'_>, starts_at: &str) -> String {
    let booking = book(mentee, mentor.booking(starts_at)).await.ok(201);
    format!("/v1/bookings/{}", booking["id"].as_str().unwrap())
}

/// A made mentor, a mentee, and their session on Tuesday that is completed at 10:45. Tokens are fresh after it.
pub async fn completed<'a>(app: &'a TestApp) -> (Mentor<'a>, Client<'a>, String) {
    let mut mentor = Mentor::new(app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;
    app.clock.advance(Duration::minutes(22 * 60 + 45));
    mentor.client = app.sign_in("made").await;
    let sari = app.sign_in("sari").await;
    let done = mentor
        .client
        .post(&format!("{path}/complete"), json!({}))
        .await;
    assert_eq!(done.ok(200)["state"], "completed");
    (mentor, sari, path)
}

/// Time passes; both sign in again.
pub async fn later<'a>(app: &'a TestApp, by: Duration) -> (Client<'a>, Client<'a>) {
    app.clock.advance(by);
    (app.sign_in("made").await, app.sign_in("sari").await)
}

pub async fn put(client: &Client<'_>, path: &str, version: &str, body: Value) -> Reply {
    client
        .clone()
        .with("if-match", version)
        .send(
            Method::PUT,
            path,
            Some("application/json"),
            body.to_string().into_bytes(),
        )
        .await
}

/// Completed sessions, and sum and count of the ratings of a mentor.
pub async fn tally(app: &TestApp, mentor: Uuid) -> (i32, i32, i32) {
    let sql = "SELECT completed_sessions, rating_sum, rating_count FROM mentors WHERE user_id = $1";
    let row = app.db.sql().await.query_one(sql, &[&mentor]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

/// Somebody with a role, signed in.
pub async fn staff<'a>(app: &'a TestApp, name: &str, role: &str) -> Client<'a> {
    let id = me(&app.user(name).await).await;
    let sql = "INSERT INTO user_roles (user_id, role, granted_at) VALUES ($1, $2, now())";
    app.db
        .sql()
        .await
        .execute(sql, &[&id, &role])
        .await
        .unwrap();
    app.sign_in(name).await
}
