//! Apps that are too old.

use karya_web::{AppPolicy, Version};

use crate::harness::{Reply, TestApp};

const STORE: &str = "https://play.google.com/store/apps/details?id=id.karya";

async fn app() -> TestApp {
    TestApp::with(|parts| {
        let policy = AppPolicy {
            refuse_below: Version::parse("2.0.0"),
            deprecate_below: Version::parse("2.4.0"),
            deprecated_on: "2026-06-01".parse().ok(),
            sunset_on: "2026-09-01".parse().ok(),
            store_url: Some(STORE.to_owned()),
        };
        parts.apps.insert("android".to_owned(), policy);
    })
    .await
}

async fn get(app: &TestApp, named: &str, path: &str) -> Reply {
    app.anon().with("x-app-version", named).get(path).await
}

#[actix_web::test]
async fn an_app_that_is_too_old_is_refused_and_led_to_the_newer_one() {
    let app = app().await;
    for named in ["android/1.9.9", "android/1", "android/1.10.0-beta"] {
        let reply = get(&app, named, "/v1/businesses").await;
        assert_eq!(reply.header("content-language"), Some("id"));
        let problem = reply.refused(426, "app.upgrade_required");
        assert_eq!(problem["upgrade_url"], STORE, "{named}");
    }
    // Before anything else, also without a token.
    let reply = get(&app, "android/1.0", "/v1/me").await;
    reply.refused(426, "app.upgrade_required");
    // What is not of a version stays: probes, and the page that explains the refusal.
    for path in ["/livez", "/openapi.json", "/problems/app.upgrade_required"] {
        assert_eq!(get(&app, "android/1.0", path).await.status, 200, "{path}");
    }
}

#[actix_web::test]
async fn an_app_that_will_be_refused_is_told() {
    let app = app().await;
    let reply = get(&app, "android/2.3.9", "/v1/businesses").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("deprecation"), Some("@1780272000"));
    assert_eq!(
        reply.header("sunset"),
        Some("Tue, 01 Sep 2026 00:00:00 GMT")
    );
    let link = format!("<{STORE}>; rel=\"deprecation\"");
    assert_eq!(reply.header("link"), Some(link.as_str()));
    for named in ["android/2.4.0", "android/10.0", "ios/1.0"] {
        let reply = get(&app, named, "/v1/businesses").await;
        assert_eq!(reply.status, 200, "{named}");
        assert_eq!(reply.header("sunset"), None, "{named}");
    }
    let nameless = app.anon().get("/v1/businesses").await;
    assert_eq!(
        (nameless.status.as_u16(), nameless.header("sunset")),
        (200, None)
    );
}

#[actix_web::test]
async fn a_name_without_a_version_is_no_app() {
    let app = app().await;
    for named in ["android", "android/", "android/baru", "1.0"] {
        let reply = get(&app, named, "/v1/businesses").await;
        assert_eq!(reply.faults(), ["X-App-Version format"], "{named}");
        reply.refused(400, "request.invalid_header");
    }
}
