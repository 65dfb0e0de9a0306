//! The keys that sign access tokens, and how they follow each other.

use std::cell::RefCell;

use chrono::Duration;
use futures_util::future::join_all;
use karya_auth::{Issuer, KeyError, Rotation};
use karya_core::MasterKey;
use karya_db::AsyncPgConnection;
use karya_web::TokenVerifier;

use crate::harness::TestApp;

/// An application whose replicas read the keys when told to.
struct Replicas {
    app: TestApp,
    issuers: Vec<Issuer>,
}

impl Replicas {
    async fn new() -> Self {
        let issuers = RefCell::default();
        let app = TestApp::with(|parts| {
            let issuers: &RefCell<Vec<Issuer>> = &issuers;
            issuers.borrow_mut().push(parts.issuer.clone());
        })
        .await;
        let issuers = issuers.into_inner();
        Self { app, issuers }
    }

    async fn reload(&self, conn: &mut AsyncPgConnection) {
        for issuer in &self.issuers {
            issuer.reload(conn).await.unwrap();
        }
    }
}

async fn states(conn: &mut AsyncPgConnection) -> Vec<&'static str> {
    let keys = Issuer::list(conn).await.unwrap();
    keys.into_iter().map(|key| key.state.as_str()).collect()
}

/// Hour by hour for a day and more, with tokens made before and after each step: nobody meets a 401.
#[actix_web::test]
async fn nobody_notices_a_rotation() {
    let replicas = Replicas::new().await;
    let (app, issuer) = (&replicas.app, &replicas.issuers[1]);
    let mut conn = app.parts.db.conn().await.unwrap();
    let first = app.user("sari").await;
    let Rotation::Announced { kid, signs_from } =
        issuer.rotate(&mut conn, app.clock.now()).await.unwrap()
    else {
        panic!("it must be published first")
    };
    assert_eq!(states(&mut conn).await, ["active", "next"]);
    replicas.reload(&mut conn).await;
    let set = app.anon().get("/.well-known/jwks.json").await.ok(200);
    assert_eq!(set["keys"][1]["kid"], *kid);

    app.clock.advance(Duration::minutes(9));
    let again = issuer.rotate(&mut conn, app.clock.now()).await.unwrap();
    let waiting = Rotation::Announced {
        kid: kid.clone(),
        signs_from,
    };
    assert_eq!(again, waiting, "asking again changes nothing");
    first.get("/v1/me").await.ok(200);

    app.clock.advance(Duration::minutes(1));
    let before = app.sign_in("sari").await;
    let done = issuer.tend(&mut conn, app.clock.now()).await.unwrap();
    assert_eq!(done, Some(Rotation::Done { kid }));
    assert_eq!(states(&mut conn).await, ["retiring", "active"]);
    // One replica signs with the new key already, the other still with the old one: both know both.
    replicas.issuers[1].reload(&mut conn).await.unwrap();
    let late = app.sign_in("sari").await;
    for client in [&before, &late] {
        client.get("/v1/me").await.ok(200);
    }
    replicas.reload(&mut conn).await;
    let after = app.sign_in("sari").await;
    for client in [&before, &late, &after] {
        client.get("/v1/me").await.ok(200);
    }

    app.clock.advance(Duration::minutes(59));
    assert_eq!(issuer.tend(&mut conn, app.clock.now()).await.unwrap(), None);
    assert_eq!(states(&mut conn).await, ["retiring", "active"]);
    app.clock.advance(Duration::minutes(1));
    issuer.tend(&mut conn, app.clock.now()).await.unwrap();
    assert_eq!(states(&mut conn).await, ["active"]);
}

#[actix_web::test]
async fn a_key_is_replaced_after_90_days_without_anybody_asking() {
    let replicas = Replicas::new().await;
    let (app, issuer) = (&replicas.app, &replicas.issuers[0]);
    let mut conn = app.parts.db.conn().await.unwrap();
    app.clock.advance(Duration::days(90) - Duration::seconds(1));
    assert_eq!(issuer.tend(&mut conn, app.clock.now()).await.unwrap(), None);
    app.clock.advance(Duration::seconds(1));
    issuer.tend(&mut conn, app.clock.now()).await.unwrap();
    assert_eq!(states(&mut conn).await, ["active", "next"]);
}

#[actix_web::test]
async fn all_who_rotate_at_once_make_one_key() {
    let replicas = Replicas::new().await;
    let app = &replicas.app;
    for expected in [vec!["active", "next"], vec!["retiring", "active"]] {
        let rotations = (0..10).map(async |number| {
            let mut conn = app.parts.db.conn().await.unwrap();
            let issuer = &replicas.issuers[number % 2];
            let now = app.clock.now();
            if number < 5 {
                issuer.rotate(&mut conn, now).await.map(Some)
            } else {
                issuer.tend(&mut conn, now).await
            }
        });
        for outcome in join_all(rotations).await {
            outcome.unwrap();
        }
        let mut conn = app.parts.db.conn().await.unwrap();
        let mut states = states(&mut conn).await;
        // Whoever came after the one that finished it began the next rotation.
        states.truncate(2);
        assert_eq!(states, expected);
        app.clock.advance(Duration::minutes(10));
    }
}

#[actix_web::test]
async fn a_compromised_key_is_refused_and_apps_refresh() {
    let replicas = Replicas::new().await;
    let app = &replicas.app;
    let issued = crate::sessions::tokens(app).await;
    let bearer = |tokens: &serde_json::Value| {
        let token = tokens["access_token"].as_str().unwrap();
        app.anon().with("authorization", &format!("Bearer {token}"))
    };
    bearer(&issued).get("/v1/me").await.ok(200);
    let mut conn = app.parts.db.conn().await.unwrap();
    let now = app.clock.now();
    let kid = replicas.issuers[0].replace(&mut conn, now).await.unwrap();
    replicas.reload(&mut conn).await;
    assert_eq!(states(&mut conn).await, ["active"]);
    let set = app.anon().get("/.well-known/jwks.json").await.ok(200);
    assert_eq!(set["keys"][0]["kid"], *kid);
    bearer(&issued)
        .get("/v1/me")
        .await
        .refused(401, "auth.unauthenticated");
    let refreshed = crate::sessions::refresh(app, &issued["refresh_token"])
        .await
        .ok(200);
    bearer(&refreshed).get("/v1/me").await.ok(200);
}

/// Whatever is wrong with keys or cryptography shows before anything is served: the parts of every process that serves
/// begin with this.
#[actix_web::test]
async fn jwt_roundtrip_smoke() {
    let app = TestApp::new().await;
    let mut conn = app.parts.db.conn().await.unwrap();
    let key = MasterKey::from_bytes([7; 32]);
    let mut load = async || {
        let verifier = TokenVerifier::new("https://karya.test", app.clock.clone());
        let loaded = Issuer::load(&mut conn, &key, verifier, app.clock.now()).await;
        loaded.map(|_issuer| ())
    };
    load().await.unwrap();
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE signing_keys SET public_key = sha256('another key')")
        .await
        .unwrap();
    let failed = load().await.unwrap_err();
    assert!(matches!(failed, KeyError::SelfTest(_)), "{failed}");
}
