//! The role that comes with being a mentor.

use futures_util::future::join_all;
use karya_core::Role;
use serde_json::json;

use crate::harness::{PASSWORD, TestApp};

#[actix_web::test]
async fn an_approved_mentor_has_the_role_until_suspended() {
    let app = TestApp::new().await;
    let made = app.user("made").await;
    let rina = app.staff("rina", Role::Verifier).await;
    let body = json!({
        "headline": "Pendamping ekspor kriya", "expertise": ["ekspor"], "subsectors": ["kriya"],
        "languages": ["id"], "accept_code_of_ethics": true,
    });
    let mentor = made.post("/v1/mentors", body).await.ok(201);
    let path = format!("/v1/mentors/{}", mentor["id"].as_str().unwrap());
    let login = json!({ "email": "made@contoh.id", "password": PASSWORD });
    let mut session = app.anon().post("/v1/auth/login", login).await.ok(200);

    for (verb, roles) in [
        ("reject", json!([])),
        ("approve", json!(["mentor"])),
        ("suspend", json!([])),
        ("reinstate", json!(["mentor"])),
    ] {
        let body = json!({ "note": "Alasan." });
        let step = format!("{path}/{verb}");
        let race = (0..8).map(|_| rina.post(&step, body.clone()));
        for reply in join_all(race).await {
            reply.ok(200);
        }
        assert_eq!(made.get("/v1/me").await.ok(200)["roles"], roles, "{verb}");
        let refresh = json!({ "refresh_token": session["refresh_token"] });
        session = app.anon().post("/v1/auth/refresh", refresh).await.ok(200);
        let token = session["access_token"].as_str().unwrap();
        let claims = app.parts.verifier.verify(token).unwrap();
        assert_eq!(json!(claims.roles), roles, "{verb}, in the next token");
    }
    // A break is not the end of it.
    let calendar = made.get("/v1/me/calendar").await;
    assert_eq!(calendar.status, 200, "{}", calendar.text());
    let sql = app.db.sql().await;
    let pause = "UPDATE calendars SET paused_until = '2026-07-01T00:00:00Z'";
    sql.batch_execute(pause).await.unwrap();
    assert_eq!(made.get("/v1/me").await.ok(200)["roles"], json!(["mentor"]));
    let granted: i64 = sql
        .query_one(
            "SELECT count(*) FROM user_roles r JOIN emails e ON e.user_id = r.granted_by
              WHERE role = 'mentor' AND address = 'rina@contoh.id'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(granted, 1, "it says who decided");
}
