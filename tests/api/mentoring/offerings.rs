use karya_core::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Mentor, book};
use crate::harness::{Client, TestApp};

fn offering() -> Value {
    json!({ "title": "Klinik ekspor", "mode": "online", "durations": [60, 30] })
}

fn with(field: &str, value: Value) -> Value {
    let mut body = offering();
    body[field] = value;
    body
}

async fn applicant<'a>(app: &'a TestApp, name: &str) -> (Client<'a>, String) {
    let client = app.user(name).await;
    let body = json!({
        "headline": "Pendamping ekspor", "expertise": ["ekspor"], "subsectors": ["kriya"], "languages": ["id"],
        "accept_code_of_ethics": true,
    });
    let mentor = client.post("/v1/mentors", body).await.ok(201);
    let path = format!("/v1/mentors/{}", mentor["id"].as_str().unwrap());
    (client, path)
}

async fn count(app: &TestApp) -> i64 {
    app.db
        .sql()
        .await
        .query_one("SELECT count(*) FROM offerings", &[])
        .await
        .unwrap()
        .get(0)
}

#[actix_web::test]
async fn offerings_are_prepared_and_shown_once_the_mentor_is_approved() {
    let app = TestApp::new().await;
    let (made, mentor) = applicant(&app, "made").await;
    let mut body = offering();
    body["meeting_url"] = json!("https://meet.example.org/{code}");
    let reply = made.post("/v1/offerings", body).await;
    let path = reply.header("location").unwrap().to_owned();
    let mine = reply.ok(201);
    for (field, value) in [
        ("interval_min", json!(30)),
        ("notice_min", json!(720)),
        ("horizon_days", json!(60)),
        ("cancel_notice_min", json!(1440)),
        ("needs_approval", json!(false)),
        ("before_min", json!(0)),
        ("active", json!(true)),
        ("questions", json!([])),
        ("meeting_url", json!("https://meet.example.org/{code}")),
        ("version", json!(1)),
    ] {
        assert_eq!(mine[field], value, "{field}");
    }
    let of_mentor = format!("{mentor}/offerings");
    app.anon()
        .get(&path)
        .await
        .refused(404, "offering.not_found");
    app.anon()
        .get(&of_mentor)
        .await
        .refused(404, "mentor.not_found");
    made.get(&path).await.ok(200);
    assert_eq!(
        made.get("/v1/me/offerings").await.ok(200)["items"][0]["id"],
        mine["id"]
    );

    let rina = app.staff("rina", Role::Verifier).await;
    rina.post(&format!("{mentor}/approve"), json!({}))
        .await
        .ok(200);
    let shown = app.anon().get(&path).await.ok(200);
    assert!(shown.get("meeting_url").is_none(), "a room is not public");
    let list = app.anon().get(&of_mentor).await.ok(200);
    assert_eq!(list["items"][0]["id"], mine["id"]);
    assert!(list["items"][0].get("meeting_url").is_none());
    let none = made.post("/v1/offerings", offering()).await.ok(201);
    assert!(none.get("meeting_url").is_none(), "no room unless given");
}

#[actix_web::test]
async fn only_mentors_who_are_not_rejected_offer() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    sari.post("/v1/offerings", offering())
        .await
        .refused(403, "mentor.required");
    assert_eq!(
        sari.get("/v1/me/offerings").await.ok(200)["items"],
        json!([])
    );
    let (made, mentor) = applicant(&app, "made").await;
    let rina = app.staff("rina", Role::Verifier).await;
    rina.post(&format!("{mentor}/reject"), json!({ "note": "Belum." }))
        .await
        .ok(200);
    made.post("/v1/offerings", offering())
        .await
        .refused(403, "mentor.required");
}

#[actix_web::test]
async fn values_are_checked_all_at_once() {
    let app = TestApp::new().await;
    let (made, _) = applicant(&app, "made").await;
    let question = |key: &str| json!({ "key": key, "label": "Berapa omzet?", "required": true });
    let eleven: Vec<Value> = (0..11).map(|n| question(&format!("q{n}"))).collect();
    for (field, value, faults) in [
        ("title", json!("ab"), vec!["/title too_short"]),
        ("mode", json!("telepathy"), vec!["/mode wrong_type"]),
        ("mode", json!("in_person"), vec!["/place required"]),
        ("durations", json!([]), vec!["/durations required"]),
        (
            "durations",
            json!([60, 4, 60, 481]),
            vec![
                "/durations/1 out_of_range",
                "/durations/2 duplicate",
                "/durations/3 out_of_range",
            ],
        ),
        (
            "durations",
            json!([5, 10, 15, 20, 25, 30, 35]),
            vec!["/durations too_many"],
        ),
        ("interval_min", json!(0), vec!["/interval_min out_of_range"]),
        ("before_min", json!(-1), vec!["/before_min out_of_range"]),
        ("after_min", json!(70_000), vec!["/after_min out_of_range"]),
        (
            "notice_min",
            json!(43_201),
            vec!["/notice_min out_of_range"],
        ),
        ("horizon_days", json!(0), vec!["/horizon_days out_of_range"]),
        (
            "meeting_url",
            json!("http://meet.example.org"),
            vec!["/meeting_url format"],
        ),
        ("questions", json!(eleven), vec!["/questions too_many"]),
        (
            "questions",
            json!([question("omzet"), question("omzet"), question("Omzet!")]),
            vec!["/questions/1/key duplicate", "/questions/2/key format"],
        ),
        (
            "questions",
            json!([{ "key": "a", "label": "", "required": false }]),
            vec!["/questions/0/label required"],
        ),
        ("price", json!(1), vec!["/price unknown"]),
    ] {
        let reply = made.post("/v1/offerings", with(field, value)).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), faults, "{field}");
    }
    assert_eq!(count(&app).await, 0, "a refusal changes nothing");
}

#[actix_web::test]
async fn a_mentor_changes_and_closes_their_own() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let other = Mentor::new(&app, "wayan").await;
    let path = format!("/v1/offerings/{}", mentor.offering);
    let change =
        json!({ "mode": "in_person", "place": "Rumah Kreatif Denpasar", "durations": [45] });
    mentor
        .client
        .patch(&path, change.clone())
        .await
        .refused(428, "request.version_required");
    let made = mentor.client.clone().with("if-match", "\"1\"");
    let faults = made
        .patch(&path, json!({ "mode": "in_person", "title": null }))
        .await;
    faults.refused(422, "request.validation_failed");
    assert_eq!(faults.faults(), ["/title required", "/place required"]);
    let stranger = other.client.clone().with("if-match", "\"1\"");
    for reply in [
        stranger.patch(&path, change.clone()).await,
        stranger.delete(&path).await,
    ] {
        reply.refused(403, "offering.owner_required");
    }
    let changed = made.patch(&path, change.clone()).await.ok(200);
    assert_eq!(
        (&changed["durations"], &changed["version"]),
        (&json!([45]), &json!(2))
    );
    made.patch(&path, change)
        .await
        .refused(412, "request.stale_version");

    let sari = app.user("sari").await;
    let booking = book(&sari, mentor.booking("2026-06-02T03:00:00.000Z"))
        .await
        .ok(201);
    made.delete(&path)
        .await
        .refused(412, "request.stale_version");
    let made = mentor.client.clone().with("if-match", "\"2\"");
    assert_eq!(made.delete(&path).await.status, 204);
    assert_eq!(made.delete(&path).await.status, 204, "closed is closed");
    for reply in [
        sari.get(&path).await,
        stranger.patch(&path, json!({})).await,
        book(&sari, mentor.booking("2026-06-03T03:00:00.000Z")).await,
    ] {
        reply.refused(404, "offering.not_found");
    }
    assert_eq!(made.get(&path).await.ok(200)["active"], false);
    let kept = format!("/v1/bookings/{}", booking["id"].as_str().unwrap());
    assert_eq!(sari.get(&kept).await.ok(200)["state"], "confirmed");
    let made = mentor.client.clone().with("if-match", "\"3\"");
    made.patch(&path, json!({ "active": true })).await.ok(200);
    sari.get(&path).await.ok(200);
    let nowhere = format!("/v1/offerings/{}", Uuid::now_v7());
    made.patch(&nowhere, json!({}))
        .await
        .refused(404, "offering.not_found");
    made.delete(&nowhere)
        .await
        .refused(404, "offering.not_found");
}

#[actix_web::test]
async fn twenty_are_open_at_most_even_at_once() {
    let app = TestApp::new().await;
    let (made, _) = applicant(&app, "made").await;
    for _ in 0..18 {
        made.post("/v1/offerings", offering()).await.ok(201);
    }
    let race = (0..6).map(|_| async { made.post("/v1/offerings", offering()).await });
    let replies = futures_util::future::join_all(race).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 201).count(),
        2
    );
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.refused(409, "offering.too_many");
    }
    let closed = made
        .post("/v1/offerings", with("active", json!(false)))
        .await
        .ok(201);
    let path = format!("/v1/offerings/{}", closed["id"].as_str().unwrap());
    made.clone()
        .with("if-match", "\"1\"")
        .patch(&path, json!({ "active": true }))
        .await
        .refused(409, "offering.too_many");
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = made.get(&format!("/v1/me/offerings?limit=8{cursor}")).await;
        let page = page.ok(200);
        count += page["items"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(count, 21);
}

#[actix_web::test]
async fn the_database_wants_a_place_for_meeting_in_person() {
    let app = TestApp::new().await;
    Mentor::new(&app, "made").await;
    let refused = app
        .db
        .sql()
        .await
        .execute("UPDATE offerings SET mode = 'in_person'", &[])
        .await
        .unwrap_err();
    let refused = refused.as_db_error().unwrap();
    assert_eq!(refused.constraint(), Some("offerings_place_in_person"));
}
