//! What staff must have shown before their roles are good for anything.

use karya_core::Role;
use karya_web::StaffFactor;
use serde_json::json;

use crate::contract::operations;
use crate::harness::{Authenticator, Client, Forgery, TestApp};
use crate::passkeys;

const LIST: &str = "/v1/mentor-applications";

async fn strict() -> TestApp {
    TestApp::with(|parts| parts.staff_factor = StaffFactor::Required).await
}

async fn is_told(client: &Client<'_>) {
    client
        .get(LIST)
        .await
        .refused(403, "auth.staff_factor_required");
}

#[test]
fn production_wants_it() {
    let auth = karya::Config::default().auth;
    assert_eq!(auth.staff_second_factor, StaffFactor::Required);
}

#[actix_web::test]
async fn staff_with_one_factor_are_told_what_to_do_and_get_in_with_two() {
    let app = strict().await;
    let rina = app.staff("rina", Role::Verifier).await;
    is_told(&rina).await;
    // What has nothing to do with the role goes on.
    rina.get("/v1/me").await.ok(200);
    // Nobody else learns of it.
    let budi = app.user("budi").await;
    budi.get(LIST).await.refused(403, "mentor.staff_required");

    let phone = Authenticator::enrol(&app, &rina).await;
    rina.get(LIST).await.ok(200);
    let challenge = app.challenge("rina", None).await;
    let tokens = app.answer(&challenge, "totp", &phone.code()).await.ok(200);
    app.with_tokens(&tokens).get(LIST).await.ok(200);
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    let next = app.anon().post("/v1/auth/refresh", body).await.ok(200);
    app.with_tokens(&next).get(LIST).await.ok(200);
}

#[actix_web::test]
async fn a_passkey_is_enough() {
    let app = strict().await;
    let rina = app.staff("rina", Role::Admin).await;
    let (passkey, _) = passkeys::add(&rina).await;
    // It has to be used, not only to be there.
    is_told(&rina).await;
    is_told(&app.sign_in("rina").await).await;
    let tokens = passkeys::sign_in(&app, &passkey, &Forgery::default()).await;
    app.with_tokens(&tokens.ok(200)).get(LIST).await.ok(200);
}

#[actix_web::test]
async fn a_code_in_a_step_up_counts_at_once_and_a_password_does_not() {
    let app = strict().await;
    let rina = app.staff("rina", Role::Verifier).await;
    let step_up = async |body| rina.post("/v1/auth/step-up", body).await.ok(200);
    step_up(json!({ "password": crate::harness::PASSWORD })).await;
    is_told(&rina).await;
    let phone = Authenticator::enrol(&app, &rina).await;
    // A session from before there were second factors.
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE sessions SET second_factor = NULL")
        .await
        .unwrap();
    app.clock.advance(chrono::Duration::seconds(30));
    is_told(&rina).await;
    step_up(json!({ "method": "totp", "code": phone.code() })).await;
    rina.get(LIST).await.ok(200);
}

/// By the table of who may do what: what strangers may not and some staff may.
#[actix_web::test]
async fn every_operation_of_staff_wants_it() {
    let app = strict().await;
    let table = include_str!("../../docs/permissions.md");
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let of_staff: Vec<&str> = rows
        .filter_map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let [_, id, _anonymous, stranger, owner, mentor, _, staff @ ..] = cells.as_slice()
            else {
                panic!("{row}")
            };
            let theirs = *stranger == "403" && [*owner, *mentor] == ["403"; 2];
            (theirs && staff.contains(&"ok")).then(|| id.trim_matches('`'))
        })
        .collect();
    assert!(of_staff.len() >= 7, "{of_staff:?}");
    let examples = karya::spec::examples::all().unwrap();
    let operations = operations();
    for role in [Role::Verifier, Role::Moderator, Role::Admin] {
        let staff = app.staff(role.as_str(), role).await.with("if-match", "*");
        let mut told = 0;
        for id in &of_staff {
            let operation = operations.iter().find(|one| one.id == *id).unwrap();
            let body = examples.get(*id).and_then(|one| one.request.clone());
            let reply = staff
                .send(
                    operation.method.clone(),
                    &operation.path,
                    body.is_some().then_some("application/json"),
                    body.map_or_else(Vec::new, |body| body.to_string().into_bytes()),
                )
                .await;
            assert_eq!(reply.status, 403, "{id} as {role:?}: {}", reply.text());
            told += usize::from(reply.json()["code"] == "auth.staff_factor_required");
        }
        assert!(told >= 2 && (told == of_staff.len() || role != Role::Admin));
    }
}
