use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::Mentor;
use super::growth::{TUESDAY_10, booked, later, me};
use crate::harness::{Client, TestApp};

fn to_mentor(mentor: &Mentor<'_>) -> Value {
    json!({ "mentor_id": mentor.user_id, "starts_on": "2026-06-08", "ends_on": "2026-08-31",
        "focus": "Menyiapkan ekspor", "accept_agreement": true })
}

async fn active(mentor: &Mentor<'_>, sari: &Client<'_>) -> String {
    let made = sari
        .post("/v1/mentorships", to_mentor(mentor))
        .await
        .ok(201);
    let path = format!("/v1/mentorships/{}", made["id"].as_str().unwrap());
    let accept = json!({ "accept_agreement": true });
    let accepted = mentor.client.post(&format!("{path}/accept"), accept).await;
    assert_eq!(accepted.ok(200)["state"], "active");
    path
}

#[actix_web::test]
async fn a_mentee_proposes_and_the_mentor_accepts() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let reply = sari.post("/v1/mentorships", to_mentor(&mentor)).await;
    assert_eq!(reply.header("etag"), Some("\"1\""));
    let made = reply.ok(201);
    assert_eq!(
        (&made["state"], &made["proposed_by"], &made["my_side"]),
        (&json!("proposed"), &json!("mentee"), &json!("mentee"))
    );
    assert!(made["mentor_agreed_at"].is_null() && made["mentee_agreed_at"].is_string());
    let path = format!("/v1/mentorships/{}", made["id"].as_str().unwrap());
    let accept = format!("{path}/accept");
    let yes = json!({ "accept_agreement": true });
    sari.post(&accept, yes.clone())
        .await
        .refused(409, "mentorship.wrong_state");
    let no = mentor
        .client
        .post(&accept, json!({ "accept_agreement": false }))
        .await;
    assert_eq!(no.faults(), ["/accept_agreement agreement_needed"]);
    for _ in 0..2 {
        let accepted = mentor.client.post(&accept, yes.clone()).await.ok(200);
        assert_eq!(
            (&accepted["state"], &accepted["version"]),
            (&json!("active"), &json!(2))
        );
    }
    sari.post("/v1/mentorships", to_mentor(&mentor))
        .await
        .refused(409, "mentorship.already_live");
    mentor
        .client
        .post(&format!("{path}/decline"), json!({}))
        .await
        .refused(409, "mentorship.wrong_state");

    let budi = app.user("budi").await;
    for request in [
        budi.get(&path).await,
        budi.post(&accept, yes.clone()).await,
        budi.post(&format!("{path}/decline"), json!({})).await,
        budi.post(&format!("{path}/end"), json!({})).await,
        budi.get(&format!("{path}/goals")).await,
        budi.post(&format!("{path}/goals"), json!({ "title": "Apa saja" }))
            .await,
    ] {
        request.refused(404, "mentorship.not_found");
    }
    assert_eq!(
        budi.get("/v1/mentorships").await.ok(200)["items"],
        json!([])
    );
    let list = mentor
        .client
        .get("/v1/mentorships?state=active")
        .await
        .ok(200);
    assert_eq!(list["items"][0]["my_side"], "mentor");

    let ended = sari.post(&format!("{path}/end"), json!({})).await.ok(200);
    assert_eq!(
        (&ended["state"], &ended["ended_by"]),
        (&json!("ended"), &json!("mentee"))
    );
    // Afterwards there is room for another one, and for many in a list.
    for _ in 0..2 {
        let next = sari
            .post("/v1/mentorships", to_mentor(&mentor))
            .await
            .ok(201);
        let next = format!("/v1/mentorships/{}", next["id"].as_str().unwrap());
        mentor
            .client
            .post(&format!("{next}/decline"), json!({}))
            .await
            .ok(200);
    }
    let first = sari.get("/v1/mentorships?limit=2").await.ok(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = sari
        .get(&format!("/v1/mentorships?limit=2&cursor={cursor}"))
        .await
        .ok(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    budi.get(&format!("/v1/mentorships?cursor={cursor}"))
        .await
        .refused(400, "cursor.mismatch");
}

#[actix_web::test]
async fn a_pair_has_one_live_mentorship_however_fast_they_are() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    booked(&mentor, &sari, TUESDAY_10).await;
    let to_mentee = json!({ "mentee_id": me(&sari).await, "starts_on": "2026-06-08", "ends_on": "2026-07-06",
        "focus": "Menata keuangan", "accept_agreement": true });
    let race = (0..20).map(|number| {
        let (client, body) = if number % 2 == 0 {
            (&sari, to_mentor(&mentor))
        } else {
            (&mentor.client, to_mentee.clone())
        };
        async move { client.post("/v1/mentorships", body).await }
    });
    let replies = join_all(race).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 201).count(),
        1
    );
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.refused(409, "mentorship.already_live");
    }
    // Both answers at once: one of them counts.
    let list = sari.get("/v1/mentorships").await.ok(200);
    let made = &list["items"][0];
    let path = format!("/v1/mentorships/{}", made["id"].as_str().unwrap());
    let asked = if made["proposed_by"] == "mentee" {
        &mentor.client
    } else {
        &sari
    };
    let (accepted, declined) = futures_util::future::join(
        asked.post(
            &format!("{path}/accept"),
            json!({ "accept_agreement": true }),
        ),
        asked.post(&format!("{path}/decline"), json!({})),
    )
    .await;
    let won = [&accepted, &declined]
        .iter()
        .filter(|reply| reply.status == 200)
        .count();
    assert_eq!(won, 1, "{} {}", accepted.text(), declined.text());
}

#[actix_web::test]
async fn what_cannot_be_proposed_is_refused() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    for (field, value, fault) in [
        ("starts_on", json!("2026-05-31"), "/starts_on wrong_start"),
        ("starts_on", json!("2028-01-01"), "/starts_on wrong_start"),
        ("ends_on", json!("2026-07-05"), "/ends_on wrong_length"),
        ("ends_on", json!("2027-06-08"), "/ends_on wrong_length"),
        ("ends_on", json!("+262142-12-31"), "/ends_on wrong_length"),
        ("focus", json!("x"), "/focus too_short"),
        (
            "accept_agreement",
            json!(false),
            "/accept_agreement agreement_needed",
        ),
        ("mentee_id", json!(mentor.user_id), "/mentor_id one_partner"),
        ("mentor_id", json!(null), "/mentor_id one_partner"),
        ("mentor_id", json!(me(&sari).await), "/mentor_id yourself"),
    ] {
        let mut body = to_mentor(&mentor);
        body[field] = value;
        let reply = sari.post("/v1/mentorships", body).await;
        reply.refused(422, "request.validation_failed");
        assert!(
            reply.faults().contains(&fault.to_owned()),
            "{:?}",
            reply.faults()
        );
    }
    let mut body = to_mentor(&mentor);
    body["mentor_id"] = json!(me(&budi).await);
    sari.post("/v1/mentorships", body)
        .await
        .refused(404, "mentor.not_found");
    // A mentor needs a session with the mentee first.
    let mut body = to_mentor(&mentor);
    body.as_object_mut().unwrap().remove("mentor_id");
    body["mentee_id"] = json!(me(&sari).await);
    let reply = mentor.client.post("/v1/mentorships", body.clone()).await;
    assert_eq!(reply.faults(), ["/mentee_id no_booking_together"]);
    budi.post("/v1/mentorships", body.clone())
        .await
        .refused(404, "mentor.not_found");
    booked(&mentor, &sari, TUESDAY_10).await;
    let made = mentor.client.post("/v1/mentorships", body).await.ok(201);
    assert_eq!(made["proposed_by"], "mentor");
    // Whoever proposed it takes it back by ending it; the other side declines instead.
    let path = format!("/v1/mentorships/{}", made["id"].as_str().unwrap());
    sari.post(&format!("{path}/end"), json!({}))
        .await
        .refused(409, "mentorship.wrong_state");
    mentor
        .client
        .post(&format!("{path}/end"), json!({}))
        .await
        .ok(200);
}

#[actix_web::test]
async fn mentorships_end_by_themselves() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let running = active(&mentor, &sari).await;
    let waiting = budi
        .post("/v1/mentorships", to_mentor(&mentor))
        .await
        .ok(201);
    let waiting = format!("/v1/mentorships/{}", waiting["id"].as_str().unwrap());
    for _ in 0..2 {
        app.run_all_jobs().await;
    }
    assert_eq!(sari.get(&running).await.ok(200)["state"], "active");
    app.clock.advance(Duration::days(14));
    app.run_all_jobs().await;
    let budi = app.sign_in("budi").await;
    assert_eq!(budi.get(&waiting).await.ok(200)["state"], "expired");
    // The last day, 31 August, to its end everywhere in Indonesia.
    let (_, sari) = later(&app, Duration::days(77)).await;
    app.run_all_jobs().await;
    assert_eq!(sari.get(&running).await.ok(200)["state"], "active");
    let (_, sari) = later(&app, Duration::days(1)).await;
    for _ in 0..2 {
        app.run_all_jobs().await;
    }
    let ended = sari.get(&running).await.ok(200);
    assert_eq!(
        (&ended["state"], &ended["ended_by"], &ended["version"]),
        (&json!("ended"), &json!("system"), &json!(3))
    );
}

#[actix_web::test]
async fn goals_have_steps() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let budi = app.user("budi").await;
    let path = active(&mentor, &sari).await;
    let goals = format!("{path}/goals");
    let body = json!({ "title": "Pesanan ekspor pertama", "target_on": "2026-08-01" });
    let goal = sari.post(&goals, body.clone()).await.ok(201);
    assert_eq!(goal["status"], "open");
    let goal_path = format!("/v1/goals/{}", goal["id"].as_str().unwrap());
    for (body, fault) in [
        (json!({ "title": "x" }), "/title too_short"),
        (
            json!({ "title": "Ekspor", "target_on": "1900-01-01" }),
            "/target_on out_of_range",
        ),
        (
            json!({ "title": "Ekspor", "target_on": "besok" }),
            "/target_on wrong_type",
        ),
    ] {
        let reply = sari.post(&goals, body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    let at = |version: &str| mentor.client.clone().with("if-match", version);
    let reached = at("\"1\"")
        .patch(
            &goal_path,
            json!({ "status": "reached", "target_on": null }),
        )
        .await
        .ok(200);
    assert_eq!(
        (&reached["status"], &reached["version"]),
        (&json!("reached"), &json!(2))
    );
    assert!(reached["target_on"].is_null());
    at("\"1\"")
        .patch(&goal_path, json!({ "status": "open" }))
        .await
        .refused(412, "request.stale_version");
    mentor
        .client
        .patch(&goal_path, json!({ "status": "open" }))
        .await
        .refused(428, "request.version_required");
    let cleared = at("\"2\"")
        .patch(&goal_path, json!({ "status": null }))
        .await;
    assert_eq!(cleared.faults(), ["/status required"]);

    let items = format!("{goal_path}/action-items");
    let step = json!({ "text": "Minta SKA", "due_on": "2026-06-20", "assignee": "mentee" });
    let item = mentor.client.post(&items, step.clone()).await.ok(201);
    let item_path = format!("/v1/action-items/{}", item["id"].as_str().unwrap());
    let race =
        (0..10).map(|_| async { sari.post(&format!("{item_path}/complete"), json!({})).await });
    for reply in join_all(race).await {
        assert_eq!(reply.ok(200)["version"], 2);
    }
    let list = mentor.client.get(&items).await.ok(200);
    assert!(list["items"][0]["done_at"].is_string());
    let open = sari
        .post(&format!("{item_path}/reopen"), json!({}))
        .await
        .ok(200);
    assert_eq!(open["version"], 3);
    assert!(open["done_at"].is_null());
    let bad = sari
        .post(&items, json!({ "text": "x", "assignee": "staff" }))
        .await;
    assert_eq!(bad.faults(), ["/assignee wrong_type"]);

    let stranger = budi.clone().with("if-match", "\"2\"");
    stranger
        .get(&items)
        .await
        .refused(404, "mentorship.goal_not_found");
    stranger
        .post(&items, step.clone())
        .await
        .refused(404, "mentorship.goal_not_found");
    stranger
        .patch(&goal_path, json!({ "status": "dropped" }))
        .await
        .refused(404, "mentorship.goal_not_found");
    for verb in ["complete", "reopen"] {
        stranger
            .post(&format!("{item_path}/{verb}"), json!({}))
            .await
            .refused(404, "mentorship.action_item_not_found");
    }
    // Fifty, however fast they come.
    let race = (0..60).map(|_| async { sari.post(&goals, body.clone()).await.status.as_u16() });
    let statuses = join_all(race).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 49);
    sari.post(&goals, body.clone())
        .await
        .refused(409, "mentorship.too_many");
    assert_eq!(
        sari.get(&format!("{goals}?limit=100")).await.ok(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        50
    );

    sari.post(&format!("{path}/end"), json!({})).await.ok(200);
    sari.post(&goals, body)
        .await
        .refused(409, "mentorship.wrong_state");
    sari.post(&items, step)
        .await
        .refused(409, "mentorship.wrong_state");
    sari.get(&goals).await.ok(200);
}
