use futures_util::future::join_all;
use karya_core::Role;
use karya_mentoring_booking::model::Language;
use serde_json::{Value, json};

use crate::harness::{Client, TestApp};

fn application() -> Value {
    json!({
        "headline": "Pendamping ekspor kriya", "about": "Dua belas tahun mengekspor kerajinan.",
        "expertise": ["Ekspor", "pemasaran  digital"], "subsectors": ["kriya", "fesyen"],
        "languages": ["id", "ban"], "regions": ["51.71", "51"], "accept_code_of_ethics": true,
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut body = application();
    body[field] = value;
    body
}

async fn apply(client: &Client<'_>) -> String {
    let mentor = client.post("/v1/mentors", application()).await.ok(201);
    format!("/v1/mentors/{}", mentor["id"].as_str().unwrap())
}

#[actix_web::test]
async fn an_applicant_is_approved_and_shown() {
    let app = TestApp::new().await;
    let made = app.user("made").await;
    let rina = app.staff("rina", Role::Verifier).await;
    made.get("/v1/me/mentor")
        .await
        .refused(404, "mentor.not_found");
    let reply = made.post("/v1/mentors", application()).await;
    assert_eq!(reply.header("etag"), Some("\"1\""));
    let path = reply.header("location").unwrap().to_owned();
    let mentor = reply.ok(201);
    assert_eq!(
        mentor["expertise"],
        json!(["ekspor", "pemasaran_digital"]),
        "tags are kept in one form"
    );
    assert_eq!(mentor["regions"][0]["name"], "Kota Denpasar");
    assert_eq!(mentor["state"], "applied");
    for absent in ["response_minutes", "rating_average", "review_note"] {
        assert!(mentor.get(absent).is_none(), "{absent}");
    }

    app.anon().get(&path).await.refused(404, "mentor.not_found");
    assert_eq!(made.get(&path).await.ok(200)["state"], "applied");
    let list = rina
        .get("/v1/mentor-applications?state=applied")
        .await
        .ok(200);
    assert_eq!(list["items"][0]["id"], mentor["id"]);

    let approved = rina.post(&format!("{path}/approve"), json!({})).await;
    assert_eq!(approved.header("etag"), Some("\"2\""));
    approved.ok(200);
    let again = rina
        .post(&format!("{path}/approve"), json!({}))
        .await
        .ok(200);
    assert_eq!(again["version"], 2, "the same again changes nothing");
    let shown = app.anon().get(&path).await.ok(200);
    assert_eq!(
        (&shown["display_name"], &shown["state"]),
        (&json!("made"), &json!("approved"))
    );
    app.run_jobs().await;
    let mails = app.mails_to("made@contoh.id");
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "Anda diterima sebagai mentor");
    let calendars: i64 = app
        .db
        .sql()
        .await
        .query_one("SELECT count(*) FROM calendars", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(calendars, 1);
}

#[actix_web::test]
async fn values_are_checked_all_at_once() {
    let app = TestApp::new().await;
    let made = app.user("made").await;
    let many: Vec<String> = (0..16).map(|n| format!("tag {n}")).collect();
    for (field, value, faults) in [
        ("headline", json!("ab"), vec!["/headline too_short"]),
        (
            "headline",
            json!("a\u{202e}bc"),
            vec!["/headline forbidden_character"],
        ),
        ("about", json!("x".repeat(4001)), vec!["/about too_long"]),
        ("expertise", json!([]), vec!["/expertise required"]),
        ("expertise", json!(many), vec!["/expertise too_many"]),
        (
            "expertise",
            json!(["a b", "A_B", "x,y", "x".repeat(41)]),
            vec![
                "/expertise/1 duplicate",
                "/expertise/2 format",
                "/expertise/3 too_long",
            ],
        ),
        (
            "subsectors",
            json!(["kriya", "batik"]),
            vec!["/subsectors/1 not_found"],
        ),
        (
            "languages",
            json!(["id", "xx", "id"]),
            vec!["/languages/1 not_found", "/languages/2 duplicate"],
        ),
        (
            "regions",
            json!(["99", "x"]),
            vec!["/regions/0 not_found", "/regions/1 format"],
        ),
        (
            "accept_code_of_ethics",
            json!(false),
            vec!["/accept_code_of_ethics must_accept"],
        ),
        ("state", json!("approved"), vec!["/state unknown"]),
    ] {
        let reply = made.post("/v1/mentors", with(field, value)).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), faults, "{field}");
    }
    made.get("/v1/me/mentor")
        .await
        .refused(404, "mentor.not_found");
}

#[actix_web::test]
async fn of_two_applications_at_once_one_wins() {
    let app = TestApp::new().await;
    let made = app.user("made").await;
    let race = (0..8).map(|_| async { made.post("/v1/mentors", application()).await });
    let replies = join_all(race).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 201).count(),
        1
    );
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.refused(409, "mentor.already_applied");
    }
}

#[actix_web::test]
async fn of_many_approvals_at_once_one_is_mailed() {
    let app = TestApp::new().await;
    let path = apply(&app.user("made").await).await;
    let (rina, admin) = (
        app.staff("rina", Role::Verifier).await,
        app.staff("admin", Role::Admin).await,
    );
    let approve = format!("{path}/approve");
    let race = (0..8).map(|n| {
        let staff = if n % 2 == 0 { &rina } else { &admin };
        let approve = &approve;
        async move { staff.post(approve, json!({})).await }
    });
    for reply in join_all(race).await {
        assert_eq!(reply.ok(200)["version"], 2);
    }
    app.run_jobs().await;
    assert_eq!(app.mails_to("made@contoh.id").len(), 1);
}

#[actix_web::test]
async fn only_staff_review_and_never_themselves() {
    let app = TestApp::new().await;
    let made = app.user("made").await;
    let path = apply(&made).await;
    let moderator = app.staff("yosef", Role::Moderator).await;
    let note = json!({ "note": "Belum cukup." });
    for client in [&made, &moderator] {
        for verb in ["approve", "reject", "suspend", "reinstate"] {
            client
                .post(&format!("{path}/{verb}"), note.clone())
                .await
                .refused(403, "mentor.staff_required");
        }
        client
            .get("/v1/mentor-applications")
            .await
            .refused(403, "mentor.staff_required");
    }
    let rina = app.staff("rina", Role::Verifier).await;
    let own = apply(&rina).await;
    rina.post(&format!("{own}/approve"), json!({}))
        .await
        .refused(403, "mentor.own_review");
    let nobody = format!("/v1/mentors/{}/approve", uuid::Uuid::now_v7());
    rina.post(&nobody, json!({}))
        .await
        .refused(404, "mentor.not_found");
}

#[actix_web::test]
async fn a_rejected_applicant_improves_and_a_suspended_mentor_vanishes() {
    let app = TestApp::new().await;
    let made = app.user("made").await;
    let rina = app.staff("rina", Role::Verifier).await;
    let path = apply(&made).await;
    let post = async |verb: &str, body: Value| rina.post(&format!("{path}/{verb}"), body).await;
    for (verb, body, fault) in [
        ("reject", json!({}), "/note required"),
        ("reject", json!({ "note": "" }), "/note required"),
        (
            "suspend",
            json!({ "note": "x".repeat(1001) }),
            "/note too_long",
        ),
    ] {
        let reply = post(verb, body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    let note = json!({ "note": "Sebutkan pengalaman Anda." });
    for verb in ["suspend", "reinstate"] {
        post(verb, note.clone())
            .await
            .refused(409, "mentor.invalid_transition");
    }
    rina.clone()
        .with("if-match", "\"7\"")
        .post(&format!("{path}/approve"), json!({}))
        .await
        .refused(412, "request.stale_version");
    post("reject", note.clone()).await.ok(200);
    let mine = made.get("/v1/me/mentor").await;
    assert_eq!(mine.json()["review_note"], "Sebutkan pengalaman Anda.");
    app.run_jobs().await;
    let mail = &app.mails_to("made@contoh.id")[0];
    assert!(
        mail.text
            .contains("Catatan petugas: Sebutkan pengalaman Anda."),
        "{}",
        mail.text
    );

    let change = json!({ "headline": "Pendamping ekspor, 12 tahun", "about": null });
    made.patch("/v1/me/mentor", change.clone())
        .await
        .refused(428, "request.version_required");
    let old = made.clone().with("if-match", "\"1\"");
    old.patch("/v1/me/mentor", change.clone())
        .await
        .refused(412, "request.stale_version");
    let current = made.clone().with("if-match", mine.header("etag").unwrap());
    let bad = current
        .patch(
            "/v1/me/mentor",
            json!({ "headline": null, "languages": ["xx"] }),
        )
        .await;
    assert_eq!(
        bad.faults(),
        ["/headline required", "/languages/0 not_found"]
    );
    let changed = current.patch("/v1/me/mentor", change).await.ok(200);
    assert_eq!(
        (&changed["state"], &changed["version"]),
        (&json!("applied"), &json!(3))
    );
    assert!(changed.get("about").is_none());
    app.user("sari")
        .await
        .with("if-match", "*")
        .patch("/v1/me/mentor", json!({}))
        .await
        .refused(404, "mentor.not_found");

    post("approve", json!({})).await.ok(200);
    let shown = app.anon().get(&path).await.ok(200);
    assert!(shown.get("review_note").is_none() && shown.get("reviewed_at").is_none());
    post("suspend", note.clone()).await.ok(200);
    post("suspend", note.clone()).await.ok(200);
    app.anon().get(&path).await.refused(404, "mentor.not_found");
    post("approve", json!({}))
        .await
        .refused(409, "mentor.invalid_transition");
    let current = made.clone().with("if-match", "*");
    let changed = current.patch("/v1/me/mentor", json!({})).await.ok(200);
    assert_eq!(
        changed["state"], "suspended",
        "a change does not lift a suspension"
    );
    post("reinstate", json!({})).await.ok(200);
    app.anon().get(&path).await.ok(200);
    app.run_jobs().await;
    assert_eq!(app.mails_to("made@contoh.id").len(), 4);
}

#[actix_web::test]
async fn applications_are_paged_oldest_first() {
    let app = TestApp::new().await;
    let rina = app.staff("rina", Role::Verifier).await;
    let mut expected = Vec::new();
    for number in 0..5 {
        expected.push(apply(&app.user(&format!("mentor{number}")).await).await);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/mentor-applications?state=applied&limit=2{cursor}");
        let page = rina.get(&path).await.ok(200);
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|mentor| format!("/v1/mentors/{}", mentor["id"].as_str().unwrap())),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, expected);
    rina.get(&format!("/v1/mentor-applications?state=approved{cursor}"))
        .await
        .refused(400, "cursor.mismatch");
}

#[actix_web::test]
async fn the_database_knows_the_same_languages() {
    let app = TestApp::new().await;
    let check: String = app
        .db
        .sql()
        .await
        .query_one(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'mentors_languages_known'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    let known: Vec<&str> = check.split('\'').skip(1).step_by(2).collect();
    let ours: Vec<&str> = Language::ALL
        .iter()
        .map(|language| language.as_str())
        .collect();
    assert_eq!(known, ours);
}

#[actix_web::test]
async fn the_demo_mentor_is_made_once() {
    let app = TestApp::new().await;
    let client = app.user("made").await;
    let id = client.get("/v1/me").await.ok(200)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut conn = app.parts.db.conn().await.unwrap();
    for _ in 0..2 {
        let id = karya_core::UserId::from_uuid(id.parse().unwrap());
        karya_mentoring_booking::seed_demo(&mut conn, app.clock.now(), id)
            .await
            .unwrap();
    }
    let offerings = app
        .anon()
        .get(&format!("/v1/mentors/{id}/offerings"))
        .await
        .ok(200);
    assert_eq!(offerings["items"].as_array().unwrap().len(), 2);
    let found = app
        .anon()
        .get("/v1/mentors?mode=phone&region=51")
        .await
        .ok(200);
    let card = &found["items"][0];
    assert_eq!(
        (&card["mentor"]["id"], &card["time_zone_label"]),
        (&json!(id), &json!("WITA"))
    );
    // Monday at noon in Jakarta is 13:00 in Denpasar; that Monday is a holiday, so Tuesday at 09:00.
    assert_eq!(
        card["next_slots"][0]["starts_at"],
        "2026-06-02T01:00:00.000Z"
    );
}
