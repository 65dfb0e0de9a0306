//! What holds for every request.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::Method;
use karya_web::{BodyLimits, TrustedProxies};
use serde_json::json;

use crate::harness::TestApp;

#[actix_web::test]
async fn every_reply_carries_the_same_headers() {
    let app = TestApp::new().await;
    for path in ["/v1/businesses", "/tidak-ada", "/livez", "/problems"] {
        let reply = app.anon().get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
        assert!(
            reply.header("x-frame-options").is_some()
                && reply.header("content-security-policy").is_some(),
            "{path}"
        );
        assert!(
            reply.header("strict-transport-security").is_some(),
            "{path}"
        );
        assert_eq!(reply.header("x-request-id").unwrap().len(), 36);
        assert_eq!(reply.header("content-language"), Some("id"));
    }
    let traced = app
        .anon()
        .with(
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        )
        .get("/livez")
        .await;
    assert!(
        traced
            .header("traceparent")
            .unwrap()
            .starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    );
}

#[actix_web::test]
async fn refusals_are_problems_in_the_language_of_the_caller() {
    let app = TestApp::new().await;
    let reply = app.anon().get("/v1/tidak-ada").await;
    let id = reply.header("x-request-id").unwrap().to_owned();
    let problem = reply.refused(404, "request.not_found");
    assert_eq!(problem["request_id"], json!(id));
    assert_eq!(problem["title"], "Tidak ditemukan");
    let english = app
        .anon()
        .with("accept-language", "en-GB,en;q=0.9")
        .get("/v1/tidak-ada")
        .await;
    assert_eq!(english.header("content-language"), Some("en"));
    assert_eq!(
        english.refused(404, "request.not_found")["title"],
        "Not found"
    );
    let wrong = app
        .anon()
        .send(Method::DELETE, "/v1/businesses", None, Vec::new())
        .await;
    assert_eq!(wrong.header("allow"), Some("GET, POST"));
    wrong.refused(405, "request.method_not_allowed");
    // A name that is no id: `DELETE` is for those.
    for path in ["/v1/me/factors/totp", "/v1/me/passkeys/begin"] {
        let wrong = app.anon().delete(path).await;
        assert_eq!(wrong.header("allow"), Some("POST"), "{path}");
        wrong.refused(405, "request.method_not_allowed");
    }
    let id = "/v1/businesses/0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b";
    let wrong = app.anon().send(Method::POST, id, None, Vec::new()).await;
    assert_eq!(wrong.header("allow"), Some("DELETE, GET, PATCH"));
}

#[actix_web::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let limits = BodyLimits {
        max_bytes: 1000,
        read_timeout: Duration::from_secs(1),
    };
    let app = TestApp::with(|parts| parts.body_limits = limits).await;
    let post = async |content_type: Option<&str>, body: &[u8]| {
        app.anon()
            .send(Method::POST, "/v1/auth/login", content_type, body.to_vec())
            .await
    };
    let json = Some("application/json");
    for body in [
        b"".as_slice(),
        b"{",
        b"{\"email\":\"\xff\xfe\"}",
        b"[1,2",
        b"nul",
        b"{\"a\":1}{}",
        b"\xef\xbb\xbf{}",
        b"{\"email\": NaN}",
    ] {
        let reply = post(json, body).await;
        assert!(
            matches!(reply.status.as_u16(), 400 | 422),
            "{:?} {}",
            String::from_utf8_lossy(body),
            reply.text()
        );
        assert_eq!(
            reply.header("content-type"),
            Some("application/problem+json")
        );
    }
    let deep = [vec![b'['; 900], vec![b']'; 90]].concat();
    post(json, &deep)
        .await
        .refused(422, "request.validation_failed");
    post(json, &vec![b' '; 1001])
        .await
        .refused(413, "request.body_too_large");
    post(None, b"")
        .await
        .refused(415, "request.unsupported_media_type");
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "text/json; charset=utf-16",
    ] {
        let reply = post(Some(content_type), b"{}").await;
        assert_eq!(reply.header("accept"), Some("application/json"));
        reply.refused(415, "request.unsupported_media_type");
    }
    let charset = post(Some("application/json; charset=utf-8"), b"{}").await;
    assert_eq!(charset.faults(), ["/password required"]);
    let unknown = post(
        json,
        br#"{"email":"a@b.id","password":"x","is_admin":true}"#,
    )
    .await;
    assert_eq!(unknown.faults(), ["/is_admin unknown"]);
    let twice = post(
        json,
        br#"{"email":"a@b.id","email":"c@d.id","password":"x"}"#,
    )
    .await;
    assert_eq!(twice.faults(), ["/email duplicate"]);
}

#[actix_web::test]
async fn a_client_that_asks_too_often_is_told_when_to_come_again() {
    let app = TestApp::with(|parts| {
        parts.requests_per_minute = NonZeroU32::new(5).unwrap();
        parts.credentials_per_minute = NonZeroU32::new(2).unwrap();
        parts.trusted_proxies = TrustedProxies(vec!["203.0.113.0/24".parse().unwrap()]);
    })
    .await;
    let login = || async {
        app.anon()
            .post(
                "/v1/auth/login",
                json!({ "email": "a@b.id", "password": "x" }),
            )
            .await
    };
    assert_eq!(
        login().await.header("ratelimit"),
        Some("\"credentials\";r=1;t=60")
    );
    login().await;
    let refused = login().await;
    refused.refused(429, "request.rate_limited");
    assert_eq!(
        refused.header("ratelimit-policy"),
        Some("\"credentials\";q=2;w=60")
    );
    assert!(
        refused
            .header("retry-after")
            .unwrap()
            .parse::<u32>()
            .unwrap()
            <= 31
    );
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    // The other budget is untouched, probes are free, and another client has its own.
    assert_eq!(app.anon().get("/v1/reference/subsectors").await.status, 200);
    for _ in 0..20 {
        assert_eq!(app.anon().get("/livez").await.status, 200);
    }
    let other = app.anon().with("x-forwarded-for", "6.6.6.6, 198.51.100.4");
    assert_eq!(
        other
            .post(
                "/v1/auth/login",
                json!({ "email": "a@b.id", "password": "x" })
            )
            .await
            .status,
        401
    );
}

#[actix_web::test]
async fn compression_starts_where_it_pays() {
    let app = TestApp::new().await;
    let client = app.anon().with("accept-encoding", "gzip");
    let long = client.get("/v1/reference/regions").await;
    assert_eq!(long.header("content-encoding"), Some("gzip"));
    let short = client.get("/livez").await;
    assert_eq!(
        (short.header("content-encoding"), short.body.as_slice()),
        (None, br#"{"status":"ok"}"#.as_slice())
    );
}

#[actix_web::test]
async fn browsers_may_call_from_listed_origins_only() {
    let app = TestApp::new().await;
    let preflight = async |origin: &str| {
        app.anon()
            .with("origin", origin)
            .with("access-control-request-method", "POST")
            .send(Method::OPTIONS, "/v1/businesses", None, Vec::new())
            .await
    };
    let listed = preflight("https://app.karya.test").await;
    assert_eq!(
        listed.header("access-control-allow-origin"),
        Some("https://app.karya.test")
    );
    assert_eq!(listed.header("access-control-allow-credentials"), None);
    assert_eq!(
        preflight("https://evil.example")
            .await
            .header("access-control-allow-origin"),
        None
    );
}

#[actix_web::test]
async fn readiness_follows_database_migrations_and_draining() {
    let app = TestApp::new().await;
    assert_eq!(
        app.anon().get("/readyz").await.ok(200),
        json!({ "status": "ok" })
    );
    let sql = app.db.sql().await;
    sql.batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)").await.unwrap();
    assert_eq!(
        app.anon().get("/readyz").await.ok(503),
        json!({ "status": "migrations" })
    );
    assert_eq!(
        app.anon().get("/livez").await.ok(200),
        json!({ "status": "ok" })
    );
}

#[actix_web::test]
async fn what_the_client_has_is_not_sent_again() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let tag = sari.get("/v1/me").await.header("etag").unwrap().to_owned();
    let same = sari
        .clone()
        .with("if-none-match", &format!("\"x\", {tag}"))
        .get("/v1/me")
        .await;
    assert_eq!(
        (same.status.as_u16(), same.body.len(), same.header("etag")),
        (304, 0, Some(tag.as_str()))
    );
    assert_eq!(
        sari.clone()
            .with("if-none-match", "\"9\"")
            .get("/v1/me")
            .await
            .status,
        200
    );
}
