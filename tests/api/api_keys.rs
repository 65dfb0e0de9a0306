//! API keys: making them, using them, rotating them, and how they end.

use chrono::Duration;
use futures_util::future::join_all;
use karya_core::Role;
use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, TestApp, noon};

const KEYS: &str = "/v1/me/api-keys";

/// A key to make, good for 30 days.
fn key(scopes: &[&str]) -> Value {
    let expires_at = noon() + Duration::days(30);
    json!({ "name": "Toko daring", "scopes": scopes, "expires_at": expires_at.to_rfc3339() })
}

async fn make(owner: &Client<'_>, scopes: &[&str]) -> Value {
    owner.post(KEYS, key(scopes)).await.ok(201)
}

fn program<'a>(app: &'a TestApp, made: &Value) -> Client<'a> {
    app.anon().with_token(made["key"].as_str().unwrap())
}

fn path(made: &Value) -> String {
    format!("{KEYS}/{}", made["api_key"]["id"].as_str().unwrap())
}

async fn rotate(owner: &Client<'_>, made: &Value, overlap_hours: i32) -> Value {
    let expires_at = (noon() + Duration::days(60)).to_rfc3339();
    let body = json!({ "expires_at": expires_at, "overlap_hours": overlap_hours });
    let path = format!("{}/rotate", path(made));
    owner.post(&path, body).await.ok(201)
}

async fn is_out(program: &Client<'_>) {
    let reply = program.get("/v1/me").await;
    reply.refused(401, "auth.unauthenticated");
}

#[actix_web::test]
async fn a_program_acts_for_whoever_made_its_key() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let made = make(&sari, &["profile:read", "businesses:read"]).await;
    let text = made["key"].as_str().unwrap();
    assert!(text.starts_with("kry_live_"), "{text}");
    let program = program(&app, &made);
    let me = program.get("/v1/me").await.ok(200);
    assert_eq!(me, sari.get("/v1/me").await.ok(200));
    let own = program.get("/v1/me/businesses").await.ok(200);
    assert_eq!(own["items"], json!([]));

    let listed = sari.get(KEYS).await.ok(200);
    let listed = &listed["items"][0];
    assert_eq!(listed["prefix"], text[..17]);
    assert_eq!(
        listed["scopes"],
        json!(["profile:read", "businesses:read"]),
        "in the order of the vocabulary"
    );
    assert_eq!(
        (&listed["last_used_at"], &listed["last_used_from"]),
        (&json!("2026-06-01T05:00:00.000Z"), &json!("203.0.113.0/24"))
    );
    assert!(
        !app.dump().await.contains(&text[18..]),
        "the secret is nowhere"
    );

    app.run_jobs().await;
    let mail = app.mails_to("sari@contoh.id").pop().unwrap();
    assert_eq!(mail.subject, "Kunci API dibuat untuk akun Anda");
    assert!(
        mail.text.contains("Toko daring") && mail.text.contains("profile:read, businesses:read"),
        "{}",
        mail.text
    );
    assert!(!mail.text.contains("kry_live_"), "{}", mail.text);

    sari.delete(&path(&made)).await.ok(204);
    is_out(&program).await;
    sari.delete(&path(&made))
        .await
        .refused(404, "request.not_found");
    app.run_jobs().await;
    let mail = app.mails_to("sari@contoh.id").pop().unwrap();
    assert_eq!(mail.subject, "Kunci API akun Anda dicabut");
    let events = sari.get("/v1/me/security-events").await.ok(200);
    let kinds: Vec<&Value> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["kind"])
        .take(2)
        .collect();
    assert_eq!(kinds, ["api_key_revoked", "api_key_created"]);
}

#[actix_web::test]
async fn a_typing_error_costs_no_statement_and_a_wrong_secret_one() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let made = make(&sari, &["profile:read"]).await;
    let text = made["key"].as_str().unwrap();
    let end = if text.ends_with('0') { '1' } else { '0' };
    for wrong in [
        format!("{}{end}", &text[..text.len() - 1]),
        text.to_lowercase().replace("kry_live_", "KRY_LIVE_"),
        text[..60].to_owned(),
        "kry_live_".to_owned(),
        format!("{text}{end}"),
    ] {
        let reply = app.anon().with_token(&wrong).get("/v1/me").await;
        assert_eq!(reply.statements(), 0, "{wrong}");
        reply.refused(401, "auth.unauthenticated");
    }
    // Somebody else's key under her prefix: its checksum is in order, its secret is not.
    let sql = app.db.sql().await;
    let swap = "UPDATE api_key_secrets SET hash = sha256('another')";
    sql.batch_execute(swap).await.unwrap();
    let reply = program(&app, &made).get("/v1/me").await;
    assert_eq!(reply.statements(), 1);
    reply.refused(401, "auth.unauthenticated");
}

#[actix_web::test]
async fn both_keys_are_good_while_it_is_rotated_and_never_three() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let first = make(&sari, &["profile:read"]).await;
    let second = rotate(&sari, &first, 2).await;
    assert_eq!(second["api_key"]["id"], first["api_key"]["id"]);
    assert_eq!(
        second["api_key"]["previous_prefix"],
        first["api_key"]["prefix"]
    );
    assert_eq!(
        second["api_key"]["previous_expires_at"],
        "2026-06-01T07:00:00.000Z"
    );
    let (old, new) = (program(&app, &first), program(&app, &second));
    old.get("/v1/me").await.ok(200);
    new.get("/v1/me").await.ok(200);
    let third = rotate(&sari, &first, 168).await;
    is_out(&old).await;
    new.get("/v1/me").await.ok(200);
    let newest = program(&app, &third);
    newest.get("/v1/me").await.ok(200);
    app.clock.advance(Duration::hours(167));
    new.get("/v1/me").await.ok(200);
    app.clock.advance(Duration::hours(1));
    is_out(&new).await;
    newest.get("/v1/me").await.ok(200);
    let sari = app.sign_in("sari").await;
    let listed = sari.get(KEYS).await.ok(200);
    assert!(listed["items"][0]["previous_prefix"].is_null(), "{listed}");
    let fourth = rotate(&sari, &first, 0).await;
    is_out(&newest).await;
    program(&app, &fourth).get("/v1/me").await.ok(200);
    let events = app
        .count("SELECT count(*) FROM auth_events WHERE kind = 'api_key_rotated'")
        .await;
    assert_eq!(events, 3);
    sari.delete(&path(&first)).await.ok(204);
    is_out(&program(&app, &fourth)).await;
}

#[actix_web::test]
async fn rotating_does_not_let_a_key_live_on_that_would_have_expired() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let mut body = key(&["profile:read"]);
    body["expires_at"] = json!((noon() + Duration::hours(1)).to_rfc3339());
    let first = sari.post(KEYS, body).await.ok(201);
    rotate(&sari, &first, 168).await;
    let old = program(&app, &first);
    old.get("/v1/me").await.ok(200);
    app.clock.advance(Duration::hours(1));
    is_out(&old).await;
}

#[actix_web::test]
async fn of_many_who_rotate_at_once_the_last_two_secrets_are_good() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let made = make(&sari, &["profile:read"]).await;
    let all = join_all((0..8).map(|_| rotate(&sari, &made, 24))).await;
    let replies = join_all(all.iter().map(async |made| {
        let reply = program(&app, made).get("/v1/me").await;
        reply.status.as_u16()
    }))
    .await;
    let good = replies.iter().filter(|status| **status == 200).count();
    assert_eq!(good, 2, "{replies:?}");
    assert_eq!(app.count("SELECT count(*) FROM api_key_secrets").await, 2);
}

#[actix_web::test]
async fn an_account_has_twenty_keys_however_many_are_made_at_once() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let replies = join_all((0..24).map(|_| sari.post(KEYS, key(&["profile:read"])))).await;
    let (made, refused): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!((made.len(), refused.len()), (20, 4));
    for reply in refused {
        reply.refused(409, "auth.too_many_api_keys");
    }
    let listed = sari.get(KEYS).await.ok(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 20);
}

#[actix_web::test]
async fn whatever_ends_a_key_ends_it_within_three_seconds_everywhere() {
    for change in [
        "UPDATE users SET state = 'locked', lock_reason = 'abuse'",
        "UPDATE users SET state = 'deleted'",
        "DELETE FROM api_keys",
        "DELETE FROM api_key_secrets",
        "UPDATE api_key_secrets SET expires_at = created_at",
    ] {
        let app = TestApp::new().await;
        let sari = app.user("sari").await;
        let program = program(&app, &make(&sari, &["profile:read"]).await);
        program.get("/v1/me").await.ok(200);
        // Another process did it; this one remembers for three seconds at most.
        app.db.sql().await.batch_execute(change).await.unwrap();
        app.clock.advance(Duration::milliseconds(3000));
        is_out(&program).await;
    }
}

#[actix_web::test]
async fn a_lost_scope_counts_within_three_seconds() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let shown = make(&sari, &["businesses:read", "profile:read"]).await;
    let program = program(&app, &shown);
    program.get("/v1/me/businesses").await.ok(200);
    let sql = app.db.sql().await;
    let less = "UPDATE api_keys SET scopes = '{profile:read}'";
    sql.batch_execute(less).await.unwrap();
    app.clock.advance(Duration::seconds(3));
    let refused = program.get("/v1/me/businesses").await;
    let problem = refused.refused(403, "auth.scope_required");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("`businesses:read`")
    );
    program.get("/v1/me").await.ok(200);
}

#[actix_web::test]
async fn a_key_of_staff_does_no_work_of_staff() {
    let app = TestApp::new().await;
    let made = app.user("made").await;
    let body = json!({
        "headline": "Pendamping ekspor kriya", "expertise": ["ekspor"], "subsectors": ["kriya"],
        "languages": ["id"], "accept_code_of_ethics": true,
    });
    let mentor = made.post("/v1/mentors", body).await.ok(201);
    let applied = format!("/v1/mentors/{}", mentor["id"].as_str().unwrap());
    for role in [Role::Verifier, Role::Admin] {
        let staff = app.staff(role.as_str(), role).await;
        staff.get(&applied).await.ok(200);
        let program = program(&app, &make(&staff, &["mentors:read"]).await);
        let reply = program.get(&applied).await;
        reply.refused(404, "mentor.not_found");
    }
}

#[actix_web::test]
async fn whoever_gets_an_account_back_finds_no_keys_in_it() {
    let app = TestApp::new().await;
    let thief = app.user("sari").await;
    let program = program(&app, &make(&thief, &["profile:read"]).await);
    program.get("/v1/me").await.ok(200);
    let ask = json!({ "email": "sari@contoh.id" });
    let asked = app.anon().post("/v1/auth/password-reset", ask).await;
    assert!(asked.status.is_success(), "{}", asked.text());
    app.run_jobs().await;
    let mail = app.mails_to("sari@contoh.id").pop().unwrap();
    let token = mail.text.split("token=").nth(1).unwrap();
    let token = token.split_whitespace().next().unwrap();
    let body = json!({ "token": token, "new_password": "perahu-kuning-di-teluk" });
    let confirm = "/v1/auth/password-reset/confirm";
    app.anon().post(confirm, body).await.ok(200);
    is_out(&program).await;
    let reason = "SELECT count(*) FROM auth_events WHERE kind = 'api_key_revoked' AND reason = 'credential_change'";
    assert_eq!(app.count(reason).await, 1);
}

#[actix_web::test]
async fn the_last_use_is_noted_once_an_hour() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let program = program(&app, &make(&sari, &["profile:read"]).await);
    let used_at = "SELECT extract(epoch FROM last_used_at)::bigint FROM api_keys";
    let statements = async || program.get("/v1/me").await.statements();
    let first = statements().await;
    let warm = statements().await;
    // Once to find the key, once to note its use.
    assert_eq!(first, warm + 2);
    assert_eq!(app.count(used_at).await, noon().timestamp());
    for _ in 0..3 {
        app.clock.advance(Duration::minutes(19));
        assert_eq!(statements().await, warm + 1);
    }
    assert_eq!(app.count(used_at).await, noon().timestamp());
    app.clock.advance(Duration::minutes(3));
    let race = join_all((0..8).map(|_| program.get("/v1/me"))).await;
    race.into_iter().for_each(|reply| drop(reply.ok(200)));
    assert_eq!(app.count(used_at).await, noon().timestamp() + 3600);
}

#[actix_web::test]
async fn a_key_may_have_a_limit_of_its_own() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let mut body = key(&["profile:read"]);
    body["requests_per_minute"] = json!(2);
    let limited = program(&app, &sari.post(KEYS, body).await.ok(201));
    let other = program(&app, &make(&sari, &["profile:read"]).await);
    for left in [1, 0] {
        let reply = limited.get("/v1/me").await;
        let state = reply.header("ratelimit").unwrap().to_owned();
        assert!(
            state.ends_with(&format!(r#", "api_key";r={left};t=60"#)),
            "{state}"
        );
        let policy = reply.header("ratelimit-policy").unwrap();
        assert!(policy.ends_with(r#", "api_key";q=2;w=60"#), "{policy}");
        reply.ok(200);
    }
    // Refused operations count too.
    let reply = limited.get("/v1/me/sessions").await;
    assert!(
        reply
            .header("ratelimit")
            .unwrap()
            .contains(r#""api_key";r=0;"#)
    );
    assert!(reply.header("retry-after").is_some());
    reply.refused(429, "request.rate_limited");
    let reply = other.get("/v1/me").await;
    assert!(!reply.header("ratelimit").unwrap().contains("api_key"));
    reply.ok(200);
}

#[actix_web::test]
async fn making_and_rotating_a_key_needs_a_recent_proof_and_revoking_does_not() {
    let app = TestApp::new().await;
    app.user("sari").await;
    let mut tokens = app.login("sari", None).await.ok(200);
    let made = make(&app.with_tokens(&tokens), &["profile:read"]).await;
    app.clock.advance(Duration::minutes(10));
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    tokens = app.anon().post("/v1/auth/refresh", refresh).await.ok(200);
    let sari = app.with_tokens(&tokens);
    let expires_at = (noon() + Duration::days(1)).to_rfc3339();
    for (path, body) in [
        (KEYS.to_owned(), key(&["profile:read"])),
        (
            format!("{}/rotate", path(&made)),
            json!({ "expires_at": expires_at }),
        ),
    ] {
        let reply = sari.post(&path, body).await;
        reply.refused(403, "auth.step_up_required");
    }
    sari.delete(&path(&made)).await.ok(204);
    let password = json!({ "password": PASSWORD });
    let proved = sari.post("/v1/auth/step-up", password).await;
    assert!(proved.status.is_success(), "{}", proved.text());
    make(&sari, &["profile:read"]).await;
}

#[actix_web::test]
async fn keys_are_their_owners_alone() {
    let app = TestApp::new().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let made = make(&sari, &["profile:read"]).await;
    let expires_at = (noon() + Duration::days(1)).to_rfc3339();
    budi.delete(&path(&made))
        .await
        .refused(404, "request.not_found");
    let body = json!({ "expires_at": expires_at });
    budi.post(&format!("{}/rotate", path(&made)), body)
        .await
        .refused(404, "request.not_found");
    assert_eq!(budi.get(KEYS).await.ok(200)["items"], json!([]));
    program(&app, &made).get("/v1/me").await.ok(200);
}

#[actix_web::test]
async fn values_are_checked_all_at_once() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let day = Duration::days(1);
    let body = json!({
        "name": " ", "scopes": [], "requests_per_minute": 0, "expires_at": noon().to_rfc3339(),
    });
    let reply = sari.post(KEYS, body).await;
    reply.refused(422, "request.validation_failed");
    assert_eq!(
        reply.faults(),
        [
            "/name required",
            "/scopes required",
            "/expires_at out_of_time",
            "/requests_per_minute out_of_range",
        ]
    );
    for (member, value, fault) in [
        (
            "scopes",
            json!(["profile:read", "profile:read"]),
            "/scopes duplicate",
        ),
        ("scopes", json!(["users:write"]), "/scopes/0 wrong_type"),
        (
            "expires_at",
            json!((noon() + day * 366).to_rfc3339()),
            "/expires_at out_of_time",
        ),
        (
            "requests_per_minute",
            json!(10_001),
            "/requests_per_minute out_of_range",
        ),
    ] {
        let mut body = key(&["profile:read"]);
        body[member] = value;
        let reply = sari.post(KEYS, body).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    let mut body = key(&["profile:read"]);
    body["expires_at"] = json!((noon() + day * 365).to_rfc3339());
    let made = sari.post(KEYS, body).await.ok(201);
    let expires_at = (noon() + day).to_rfc3339();
    let body = json!({ "expires_at": expires_at, "overlap_hours": 169 });
    let reply = sari.post(&format!("{}/rotate", path(&made)), body).await;
    reply.refused(422, "request.validation_failed");
    assert_eq!(reply.faults(), ["/overlap_hours out_of_range"]);
}

#[actix_web::test]
async fn keys_that_are_over_are_forgotten_after_a_month() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let program = program(&app, &make(&sari, &["profile:read"]).await);
    let sweep = async || {
        let mut conn = app.parts.db.conn().await.unwrap();
        karya_auth::ops::sweep(&mut conn, app.clock.now())
            .await
            .unwrap();
        app.count("SELECT count(*) FROM api_keys").await
    };
    app.clock.advance(Duration::days(30));
    is_out(&program).await;
    app.clock.advance(Duration::days(30));
    assert_eq!(sweep().await, 1);
    app.clock.advance(Duration::seconds(1));
    assert_eq!(sweep().await, 0);
}
