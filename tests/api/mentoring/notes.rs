use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use super::Mentor;
use super::growth::{TUESDAY_10, booked, put};
use crate::harness::TestApp;

const SECRET: &str = "rahasia-mentor-4711";

#[actix_web::test]
async fn both_sides_write_one_agenda() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = format!("{}/agenda", booked(&mentor, &sari, TUESDAY_10).await);
    let empty = sari.get(&path).await.ok(200);
    assert_eq!(
        (&empty["version"], &empty["items"]),
        (&json!(0), &json!([]))
    );

    let items =
        json!({ "items": [{ "text": "Harga pokok", "minutes": 15 }, { "text": "Ekspor" }] });
    let first = put(&sari, &path, "\"0\"", items.clone()).await;
    assert_eq!(first.header("etag"), Some("\"1\""));
    assert_eq!(first.ok(200)["items"][1]["done"], false);
    put(&mentor.client, &path, "\"0\"", items.clone())
        .await
        .refused(412, "request.stale_version");
    let done = json!({ "items": [{ "text": "Harga pokok", "minutes": 15, "done": true }] });
    let second = put(&mentor.client, &path, "\"1\"", done.clone())
        .await
        .ok(200);
    assert_eq!(
        (&second["version"], &second["items"][0]["done"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(sari.get(&path).await.ok(200), second);
    assert_eq!(
        put(&sari, &path, "*", done.clone()).await.ok(200)["version"],
        3
    );

    sari.send(
        actix_web::http::Method::PUT,
        &path,
        Some("application/json"),
        done.to_string().into_bytes(),
    )
    .await
    .refused(428, "request.version_required");
    let budi = app.user("budi").await;
    budi.get(&path).await.refused(404, "booking.not_found");
    put(&budi, &path, "*", done)
        .await
        .refused(404, "booking.not_found");
    let many: Vec<_> = (0..21).map(|_| json!({ "text": "x" })).collect();
    for (body, fault) in [
        (json!({ "items": many }), "/items too_many"),
        (
            json!({ "items": [{ "text": " " }] }),
            "/items/0/text required",
        ),
        (
            json!({ "items": [{ "text": "x", "minutes": 0 }] }),
            "/items/0/minutes out_of_range",
        ),
        (
            json!({ "items": [{ "text": "x", "who": 1 }] }),
            "/items/0/who unknown",
        ),
    ] {
        let reply = put(&sari, &path, "\"3\"", body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    assert_eq!(sari.get(&path).await.ok(200)["version"], 3);
}

#[actix_web::test]
async fn of_many_who_write_over_one_version_one_wins() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = format!("{}/agenda", booked(&mentor, &sari, TUESDAY_10).await);
    for (version, after) in [("\"0\"", 1), ("\"1\"", 2)] {
        let race = (0..12).map(|number| {
            let client = if number % 2 == 0 {
                &sari
            } else {
                &mentor.client
            };
            let body = json!({ "items": [{ "text": format!("{number}") }] });
            let path = &path;
            async move { put(client, path, version, body).await.status.as_u16() }
        });
        let statuses = join_all(race).await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
        assert!(statuses.iter().all(|status| matches!(status, 200 | 412)));
        assert_eq!(sari.get(&path).await.ok(200)["version"], after);
    }
}

#[actix_web::test]
async fn a_private_note_reaches_its_author_alone() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let booking = booked(&mentor, &sari, TUESDAY_10).await;
    let path = format!("{booking}/notes");
    let private = json!({ "body": format!("{SECRET} ragu soal modal"), "visibility": "private" });
    let note = mentor.client.post(&path, private).await.ok(201);
    let shared = json!({ "body": "Kirim contoh kain", "visibility": "shared" });
    mentor.client.post(&path, shared.clone()).await.ok(201);
    sari.post(
        &path,
        json!({ "body": "Catatan Sari", "visibility": "private" }),
    )
    .await
    .ok(201);
    let note_path = format!("/v1/booking-notes/{}", note["id"].as_str().unwrap());

    let own = mentor.client.get(&path).await;
    assert!(own.text().contains(SECRET));
    assert_eq!(own.ok(200)["items"].as_array().unwrap().len(), 2);
    let hers = sari.get(&path).await.ok(200);
    assert_eq!(hers["items"].as_array().unwrap().len(), 2);

    // Whatever the others ask for, the text is nowhere in it, and neither is the note's id.
    let budi = app.user("budi").await;
    let admin = super::growth::staff(&app, "admin", "admin").await;
    let id = note["id"].as_str().unwrap();
    for client in [&sari, &budi, &admin, &app.anon()] {
        for address in [
            path.as_str(),
            &booking,
            "/v1/bookings",
            &format!("{booking}/agenda"),
            &format!("{booking}/feedback"),
            "/v1/me/mentoring-hours?from=2026-01-01&to=2026-12-31",
            "/v1/mentorships",
            "/v1/booking-disputes",
            &note_path,
        ] {
            let text = client.get(address).await.text();
            assert!(!text.contains(SECRET) && !text.contains(id), "{address}");
        }
        let tagged = client.clone().with("if-match", "\"1\"");
        let stolen = tagged
            .patch(&note_path, json!({ "visibility": "shared" }))
            .await;
        assert!(matches!(stolen.status.as_u16(), 401 | 404));
        assert!(!stolen.text().contains(SECRET));
        let deleted = tagged.delete(&note_path).await;
        assert!(matches!(deleted.status.as_u16(), 401 | 404));
    }
    sari.clone()
        .with("if-match", "\"1\"")
        .patch(&note_path, json!({ "body": "x" }))
        .await
        .refused(404, "booking.note_not_found");
    budi.get(&path).await.refused(404, "booking.not_found");
    budi.post(&path, shared)
        .await
        .refused(404, "booking.not_found");
}

#[actix_web::test]
async fn an_author_changes_shares_and_deletes_a_note() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = format!("{}/notes", booked(&mentor, &sari, TUESDAY_10).await);
    let body = json!({ "body": "Awal", "visibility": "private" });
    let note = mentor.client.post(&path, body).await.ok(201);
    let note_path = format!("/v1/booking-notes/{}", note["id"].as_str().unwrap());
    let at = |version: &str| mentor.client.clone().with("if-match", version);
    mentor
        .client
        .patch(&note_path, json!({ "body": "x" }))
        .await
        .refused(428, "request.version_required");
    let changed = at("\"1\"")
        .patch(&note_path, json!({ "visibility": "shared" }))
        .await
        .ok(200);
    assert_eq!(
        (&changed["version"], &changed["body"]),
        (&json!(2), &json!("Awal"))
    );
    assert_eq!(sari.get(&path).await.ok(200)["items"][0]["body"], "Awal");
    at("\"1\"")
        .patch(&note_path, json!({ "body": "x" }))
        .await
        .refused(412, "request.stale_version");
    for (body, fault) in [
        (json!({ "body": null }), "/body required"),
        (json!({ "body": "" }), "/body required"),
        (json!({ "visibility": null }), "/visibility required"),
        (json!({ "visibility": "public" }), "/visibility wrong_type"),
    ] {
        let reply = at("\"2\"").patch(&note_path, body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    at("\"1\"")
        .delete(&note_path)
        .await
        .refused(412, "request.stale_version");
    assert_eq!(at("\"2\"").delete(&note_path).await.status, 204);
    at("*")
        .delete(&note_path)
        .await
        .refused(404, "booking.note_not_found");
    assert_eq!(sari.get(&path).await.ok(200)["items"], json!([]));
    let unknown = format!("/v1/booking-notes/{}", Uuid::now_v7());
    at("*")
        .delete(&unknown)
        .await
        .refused(404, "booking.note_not_found");
}
