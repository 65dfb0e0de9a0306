//! Documents that the two sides of a session give each other.

use std::path::Path;

use actix_web::http::Method;
use chrono::Duration;
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use super::growth::{TUESDAY_10, booked, later};
use super::{Mentor, book, subjects};
use crate::harness::{Client, Reply, TestApp, email};

const PDF: &[u8] = b"%PDF-1.7\nRencana usaha";

async fn upload(client: &Client<'_>, path: &str, name: &str, bytes: &[u8]) -> Reply {
    let path = format!("{path}/documents?name={name}");
    let content_type = Some("application/octet-stream");
    client
        .send(Method::POST, &path, content_type, bytes.to_vec())
        .await
}

async fn names(client: &Client<'_>, path: &str) -> Vec<String> {
    let list = client.get(&format!("{path}/documents")).await.ok(200);
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

/// How many files there are on the disk.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path()),
            false => 1,
        })
        .sum()
}

async fn sweep(app: &TestApp) {
    let mut conn = app.parts.db.conn().await.unwrap();
    karya::work::sweep(&mut conn, &app.parts.storage, app.clock.now())
        .await
        .unwrap();
}

#[actix_web::test]
async fn what_one_side_gives_the_other_reads() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;
    app.run_all_jobs().await;
    // The jobs are run before their time, reminders too.
    let mails_to = |name: &str| {
        let mut mails = app.mails_to(&email(name));
        mails.retain(|mail| mail.subject != "Pengingat sesi pendampingan");
        mails
    };
    let before = (mails_to("made").len(), mails_to("sari").len());

    let reply = upload(&sari, &path, "../..%2FRencana%20usah%C3%A1.PDF", PDF).await;
    let location = reply.header("location").unwrap().to_owned();
    let document = reply.ok(201);
    assert_eq!(document["name"], "Rencana usahá.PDF");
    assert_eq!(
        (&document["kind"], &document["size"]),
        (&json!("pdf"), &json!(PDF.len()))
    );
    // Tuesday, 11:00, and 180 days.
    assert_eq!(document["remove_at"], "2026-11-29T04:00:00.000Z");
    upload(&sari, &path, "harga.csv", b"kain;30000\n")
        .await
        .ok(201);
    assert_eq!(
        names(&mentor.client, &path).await,
        ["Rencana usahá.PDF", "harga.csv"]
    );

    let reply = mentor.client.get(&location).await;
    assert_eq!((reply.status.as_u16(), reply.body.as_slice()), (200, PDF));
    for (header, value) in [
        ("content-type", "application/pdf"),
        (
            "content-disposition",
            "attachment; filename=\"Rencana usah_.PDF\"; filename*=UTF-8''Rencana%20usah%C3%A1%2EPDF",
        ),
        ("x-content-type-options", "nosniff"),
        (
            "content-security-policy",
            "default-src 'none'; sandbox; frame-ancestors 'none'",
        ),
        ("cache-control", "private, no-cache"),
    ] {
        assert_eq!(reply.header(header), Some(value), "{header}");
    }
    let etag = reply.header("etag").unwrap().to_owned();
    let again = mentor.client.clone().with("if-none-match", &etag);
    let again = again.get(&location).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));

    // One mail for both, to the other side alone, which names no file.
    app.run_all_jobs().await;
    app.run_all_jobs().await;
    let mails = mails_to("made");
    assert_eq!(mails.len(), before.0 + 1);
    let mail = mails.last().unwrap();
    assert_eq!(mail.subject, "Dokumen baru untuk sesi Anda");
    assert!(mail.text.contains("sari menambahkan 2 dokumen") && !mail.text.contains("usah"));
    assert_eq!(mails_to("sari").len(), before.1);

    // Nobody else knows of any of it.
    let ani = app.user("ani").await;
    for path in [format!("{path}/documents"), location.clone()] {
        ani.get(&path).await.refused(404, "booking.not_found");
        app.anon()
            .get(&path)
            .await
            .refused(401, "auth.unauthenticated");
    }
    upload(&ani, &path, "a.pdf", PDF)
        .await
        .refused(404, "booking.not_found");
    // A document of another booking is not found under this one.
    let other = booked(&mentor, &ani, "2026-06-03T03:00:00.000Z").await;
    let id = document["id"].as_str().unwrap();
    ani.get(&format!("{other}/documents/{id}"))
        .await
        .refused(404, "booking.document_not_found");

    // Only who added it removes it; its bytes go too.
    mentor
        .client
        .delete(&location)
        .await
        .refused(404, "booking.document_not_found");
    sari.delete(&location).await.ok(204);
    sari.get(&location)
        .await
        .refused(404, "booking.document_not_found");
    assert_eq!(names(&sari, &path).await, ["harga.csv"]);
    assert_eq!(files(app.files.path()), 2);
    sweep(&app).await;
    assert_eq!(files(app.files.path()), 1);
}

#[actix_web::test]
async fn bytes_that_are_not_taken_change_nothing() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;

    for bytes in [
        b"<html><script>".as_slice(),
        b"MZ\x90\0",
        b"PK\x03\x04",
        b"GIF89a\xff",
        b"\xff\xd8\xff\xe1\0",
        b"\x89PNG\r\n\x1a\nIDAT",
        b"a\0b",
    ] {
        upload(&sari, &path, "a.pdf", bytes)
            .await
            .refused(415, "booking.document_type");
    }
    upload(&sari, &path, "a.pdf", b"")
        .await
        .refused(422, "request.validation_failed");
    let documents = format!("{path}/documents");
    let send = async |query: &str, content_type: Option<&'static str>, bytes: &[u8]| {
        let path = format!("{documents}{query}");
        sari.send(Method::POST, &path, content_type, bytes.to_vec())
            .await
    };
    // What it is declared to be must be true, and among what is taken.
    send("?name=a.png", Some("image/png"), PDF)
        .await
        .refused(415, "booking.document_type");
    let reply = send("?name=a.svg", Some("image/svg+xml"), b"<svg/>").await;
    reply.refused(415, "booking.document_type");
    assert!(reply.header("accept").unwrap().contains("application/pdf"));
    let long = format!("?name={}", "a".repeat(256));
    for query in ["", "?name=a.pdf&path=x", long.as_str()] {
        send(query, Some("application/pdf"), PDF)
            .await
            .refused(400, "request.invalid_query");
    }
    let mut large = PDF.to_vec();
    large.resize(10 * 1024 * 1024 + 1, b' ');
    send("?name=a.pdf", Some("application/pdf"), &large)
        .await
        .refused(413, "request.body_too_large");
    large.pop();
    send("?name=a.pdf", Some("application/pdf"), &large)
        .await
        .ok(201);

    assert_eq!(names(&sari, &path).await, ["a.pdf"]);
    sweep(&app).await;
    assert_eq!(files(app.files.path()), 1);
}

#[actix_web::test]
async fn pictures_lose_where_they_were_taken() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;
    let photo = b"\xff\xd8\xff\xe1\0\x0fExif\0\0GPS-6.9\xff\xda\0\x02ab\xff\xd9after";
    let reply = upload(&sari, &path, "batik", photo).await;
    let location = reply.header("location").unwrap().to_owned();
    assert_eq!(reply.ok(201)["name"], "batik.jpg");
    let kept = mentor.client.get(&location).await.body;
    assert_eq!(kept, b"\xff\xd8\xff\xda\0\x02ab\xff\xd9");
}

#[actix_web::test]
async fn each_side_has_five_places_however_many_come_at_once() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;
    let race = (0..8).map(|_| async { upload(&sari, &path, "a.pdf", PDF).await.status.as_u16() });
    let statuses = join_all(race).await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        5,
        "{statuses:?}"
    );
    upload(&sari, &path, "a.pdf", PDF)
        .await
        .refused(409, "booking.too_many_documents");
    // They are one's own: the other side has five too, and one that goes makes room.
    upload(&mentor.client, &path, "b.pdf", PDF).await.ok(201);
    let list = sari.get(&format!("{path}/documents")).await.ok(200);
    let id = list["items"][0]["id"].as_str().unwrap();
    sari.delete(&format!("{path}/documents/{id}")).await.ok(204);
    upload(&sari, &path, "c.pdf", PDF).await.ok(201);
    sweep(&app).await;
    assert_eq!(files(app.files.path()), 6);
}

#[actix_web::test]
async fn an_upload_that_is_sent_again_is_one_document() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;
    let keyed = sari
        .clone()
        .with("idempotency-key", &Uuid::now_v7().to_string());
    let first = upload(&keyed, &path, "a.pdf", PDF).await.ok(201);
    let again = upload(&keyed, &path, "a.pdf", PDF).await.ok(201);
    assert_eq!(first, again);
    upload(&keyed, &path, "a.pdf", b"%PDF-1.7 more")
        .await
        .refused(422, "idempotency.key_reused");
    assert_eq!(names(&sari, &path).await, ["a.pdf"]);
    sweep(&app).await;
    assert_eq!(files(app.files.path()), 1);
}

#[actix_web::test]
async fn documents_go_180_days_after_the_session_as_it_was_moved() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;
    upload(&sari, &path, "a.pdf", PDF).await.ok(201);
    let moved = json!({ "starts_at": "2026-06-04T03:00:00.000Z" });
    sari.clone()
        .with("idempotency-key", &Uuid::now_v7().to_string())
        .post(&format!("{path}/reschedule"), moved)
        .await
        .ok(200);

    let (_, sari) = later(&app, Duration::days(181)).await;
    sweep(&app).await;
    assert_eq!(names(&sari, &path).await, ["a.pdf"]);
    let (_, sari) = later(&app, Duration::days(2)).await;
    upload(&sari, &path, "b.pdf", PDF)
        .await
        .refused(409, "booking.documents_closed");
    sweep(&app).await;
    assert!(names(&sari, &path).await.is_empty());
    assert_eq!(files(app.files.path()), 0);
}

#[actix_web::test]
async fn a_session_that_is_off_takes_no_documents() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;
    upload(&sari, &path, "a.pdf", PDF).await.ok(201);
    sari.post(
        &format!("{path}/cancel"),
        json!({ "reason": "schedule_conflict" }),
    )
    .await
    .ok(200);
    upload(&sari, &path, "b.pdf", PDF)
        .await
        .refused(409, "booking.documents_closed");
    // What is there can still be read, and removed.
    assert_eq!(names(&mentor.client, &path).await, ["a.pdf"]);
}

#[actix_web::test]
async fn documents_of_a_request_go_with_it_to_the_next_mentor() {
    let app = TestApp::new().await;
    let asked = json!({ "needs_approval": true });
    let mentor = Mentor::with(&app, "made", asked.clone()).await;
    let next = Mentor::with(&app, "dewi", asked).await;
    let sari = app.user("sari").await;
    let mut wish = mentor.booking(TUESDAY_10);
    wish["cascade"] = json!(true);
    let booking = book(&sari, wish).await.ok(201);
    let path = format!("/v1/bookings/{}", booking["id"].as_str().unwrap());
    upload(&sari, &path, "a.pdf", PDF).await.ok(201);
    upload(&mentor.client, &path, "b.pdf", PDF).await.ok(201);
    mentor
        .client
        .post(
            &format!("{path}/decline"),
            json!({ "reason": "schedule_conflict" }),
        )
        .await
        .ok(200);
    app.run_all_jobs().await;

    let list = next.client.get("/v1/bookings").await.ok(200);
    let id = list["items"][0]["id"].as_str().unwrap();
    let passed_on = format!("/v1/bookings/{id}");
    assert_eq!(names(&next.client, &passed_on).await, ["a.pdf"]);
    assert_eq!(names(&mentor.client, &path).await, ["b.pdf"]);
    app.run_all_jobs().await;
    let told = subjects(&app, &email("dewi"));
    assert!(
        told.contains(&"Dokumen baru untuk sesi Anda".to_owned()),
        "{told:?}"
    );
}

#[actix_web::test]
async fn a_storage_that_fails_leaves_nothing_behind() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let path = booked(&mentor, &sari, TUESDAY_10).await;
    // Where its folder should be, there is a file.
    let folder = app.files.path().join("booking-documents");
    std::fs::write(&folder, "").unwrap();
    let reply = upload(&sari, &path, "a.pdf", PDF).await;
    reply.refused(503, "booking.storage_unavailable");
    assert!(reply.header("retry-after").is_some());
    assert!(names(&sari, &path).await.is_empty());

    std::fs::remove_file(&folder).unwrap();
    let reply = upload(&sari, &path, "a.pdf", PDF).await;
    let location = reply.header("location").unwrap().to_owned();
    reply.ok(201);
    // An object that is lost is the server's fault, not the reader's.
    std::fs::remove_dir_all(&folder).unwrap();
    sari.get(&location)
        .await
        .refused(503, "booking.storage_unavailable");
    app.clock.advance(Duration::days(2));
    sweep(&app).await;
    assert_eq!(files(app.files.path()), 0);
}
