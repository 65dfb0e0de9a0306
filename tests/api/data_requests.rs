//! What people ask for by their rights over their data, and the clock of it.

use chrono::Duration;
use futures_util::future::join_all;
use karya_core::Role;
use serde_json::{Value, json};

use crate::harness::{Client, TestApp};

const MINE: &str = "/v1/me/data-requests";
const ALL: &str = "/v1/data-requests";

fn wanted(kind: &str) -> Value {
    json!({ "kind": kind, "detail": "Nama saya di sertifikat salah tulis." })
}

async fn kinds(client: &Client<'_>, path: &str) -> Vec<String> {
    let page = client.get(path).await.ok(200);
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["kind"].as_str().unwrap().to_owned())
        .collect()
}

async fn overdue(app: &TestApp) -> i64 {
    let mut conn = app.parts.db.conn().await.unwrap();
    let now = app.clock.now();
    karya::rights::sweep(&mut conn, now).await.unwrap()
}

#[actix_web::test]
async fn staff_answer_within_three_days_and_whoever_asked_is_told() {
    let app = TestApp::new().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let made = sari.post(MINE, wanted("rectification")).await.ok(201);
    assert_eq!(made["received_at"], "2026-06-01T05:00:00.000Z");
    assert_eq!(made["due_at"], "2026-06-04T05:00:00.000Z");
    assert!(made["done_at"].is_null());
    let verifier = app.staff("wati", Role::Verifier).await;
    for client in [&budi, &verifier, &sari] {
        client.get(ALL).await.refused(403, "privacy.admin_required");
    }
    let rina = app.staff("rina", Role::Admin).await;
    let path = format!("{ALL}/{}/answer", made["id"].as_str().unwrap());
    let answer = json!({ "outcome": "fulfilled", "answer": "Sudah diperbaiki." });
    budi.post(&path, answer.clone())
        .await
        .refused(403, "privacy.admin_required");
    let listed = rina.get(&format!("{ALL}?state=open")).await.ok(200);
    assert_eq!(listed["items"][0]["display_name"], "sari");
    assert_eq!(listed["items"][0]["id"], made["id"]);
    let wrong = json!({ "outcome": "withdrawn", "answer": "x" });
    let faults = rina.post(&path, wrong).await;
    assert_eq!(
        faults.faults(),
        ["/outcome not_an_answer", "/answer too_short"]
    );
    let race = join_all((0..6).map(|n: usize| {
        let answer = json!({ "outcome": "fulfilled", "answer": format!("Jawaban {}.", n % 2) });
        rina.post(&path, answer)
    }))
    .await;
    let won = race.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 3, "the first answer counts, and its repetitions");
    for reply in race.iter().filter(|reply| reply.status != 200) {
        reply.refused(409, "privacy.request_closed");
    }
    assert_eq!(
        kinds(&rina, &format!("{ALL}?state=open")).await,
        [] as [&str; 0]
    );
    assert_eq!(
        kinds(&rina, &format!("{ALL}?state=done")).await,
        ["rectification"]
    );
    app.run_jobs().await;
    let mails = app.mails_to("sari@contoh.id");
    assert_eq!(mails.len(), 1);
    assert_eq!(
        mails[0].subject,
        "Permintaan Anda tentang data pribadi sudah dijawab"
    );
    let mine = sari.get(MINE).await.ok(200);
    assert_eq!(mine["items"][0]["outcome"], "fulfilled");
    assert!(
        mine["items"][0]["answer"]
            .as_str()
            .unwrap()
            .starts_with("Jawaban")
    );
    assert!(mine["items"][0].get("answered_by").is_none());
    assert_eq!(budi.get(MINE).await.ok(200)["items"], json!([]));
    let nobody = format!("{ALL}/0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b/answer");
    rina.post(&nobody, answer)
        .await
        .refused(404, "request.not_found");
}

#[actix_web::test]
async fn copies_and_deletions_are_requests_too_and_have_operations_of_their_own() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let rina = app.staff("rina", Role::Admin).await;
    for kind in ["export", "erasure"] {
        let reply = sari.post(MINE, wanted(kind)).await;
        assert_eq!(reply.faults(), ["/kind own_operation"]);
    }
    let export = sari.post("/v1/me/data-exports", json!({})).await.ok(202);
    let path = format!("{ALL}/{}/answer", export["id"].as_str().unwrap());
    let answer = json!({ "outcome": "fulfilled", "answer": "Sudah." });
    rina.post(&path, answer)
        .await
        .refused(404, "request.not_found");
    sari.post("/v1/me/deletion", json!({})).await.ok(202);
    assert_eq!(kinds(&sari, MINE).await, ["erasure", "export"]);
    let requests = sari.get(MINE).await.ok(200);
    assert_eq!(requests["items"][0]["due_at"], "2026-06-18T05:00:00.000Z");
    assert_eq!(requests["items"][1]["due_at"], export["due_at"]);
    app.run_jobs().await;
    let requests = sari.get(MINE).await.ok(200);
    assert_eq!(requests["items"][1]["outcome"], "fulfilled");
    sari.post("/v1/me/deletion/cancel", json!({})).await.ok(200);
    let requests = sari.get(MINE).await.ok(200);
    assert_eq!(requests["items"][0]["outcome"], "withdrawn");
}

#[actix_web::test]
async fn what_is_late_is_counted_whatever_it_is() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    sari.post(MINE, wanted("access")).await.ok(201);
    sari.post("/v1/me/data-exports", json!({})).await.ok(202);
    sari.post("/v1/me/deletion", json!({})).await.ok(202);
    assert_eq!(overdue(&app).await, 0);
    app.clock
        .advance(Duration::hours(72) + Duration::seconds(1));
    assert_eq!(overdue(&app).await, 2);
    let rina = app.staff("rina", Role::Admin).await;
    assert_eq!(
        kinds(&rina, &format!("{ALL}?state=overdue")).await,
        ["access", "export"]
    );
    // Nobody erased it in time.
    app.clock.advance(Duration::days(14));
    assert_eq!(overdue(&app).await, 3);
}

#[actix_web::test]
async fn five_wait_at_a_time() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let race = join_all((0..12).map(|_| sari.post(MINE, wanted("objection")))).await;
    let won = race.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(won, 5);
    for reply in race.iter().filter(|reply| reply.status != 201) {
        reply.refused(409, "privacy.too_many_requests");
    }
    let page = sari.get(&format!("{MINE}?limit=3")).await.ok(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = sari
        .get(&format!("{MINE}?limit=3&cursor={cursor}"))
        .await
        .ok(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
}
