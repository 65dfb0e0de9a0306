use futures_util::future::join_all;
use serde_json::json;

use crate::businesses::workshop;
use crate::harness::TestApp;

#[actix_web::test]
async fn a_repeated_request_takes_effect_once() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await.with("idempotency-key", "0199-a");
    let first = sari.post("/v1/businesses", workshop()).await;
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = sari.post("/v1/businesses", workshop()).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    for name in ["location", "etag", "content-type"] {
        assert_eq!(first.header(name), again.header(name));
    }
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    let count: i64 = app
        .db
        .sql()
        .await
        .query_one("SELECT count(*) FROM businesses", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 1);
}

#[actix_web::test]
async fn a_key_belongs_to_one_request_of_one_account() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await.with("idempotency-key", "k");
    sari.post("/v1/businesses", workshop()).await.ok(201);
    let mut other = workshop();
    other["name"] = json!("Lain");
    sari.post("/v1/businesses", other)
        .await
        .refused(422, "idempotency.key_reused");
    let budi = app.user("budi").await.with("idempotency-key", "k");
    assert_eq!(
        budi.post("/v1/businesses", workshop())
            .await
            .header("idempotency-replayed"),
        None
    );
    // Elsewhere it is another request, whatever the body.
    sari.post("/v1/businesses?x=1", workshop())
        .await
        .refused(422, "idempotency.key_reused");
    for bad in ["", "dua kata", &"x".repeat(256)] {
        let reply = app
            .sign_in("sari")
            .await
            .with("idempotency-key", bad)
            .post("/v1/businesses", workshop())
            .await;
        reply.refused(400, "request.invalid_header");
        assert_eq!(reply.faults(), ["Idempotency-Key format"]);
    }
}

#[actix_web::test]
async fn a_refusal_does_not_use_the_key_up() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    sari.post("/v1/businesses", workshop()).await.ok(201);
    let keyed = sari.clone().with("idempotency-key", "k");
    keyed
        .post("/v1/businesses", workshop())
        .await
        .refused(409, "business.nib_already_registered");
    let mut corrected = workshop();
    corrected["nib"] = json!("8120001234568");
    corrected["npwp"] = json!("3375010101900001");
    keyed.post("/v1/businesses", corrected).await.ok(201);
}

#[actix_web::test]
async fn of_many_at_once_one_takes_effect() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await.with("idempotency-key", "k");
    let replies = join_all((0..20).map(|_| sari.post("/v1/businesses", workshop()))).await;
    let fresh = replies
        .iter()
        .filter(|r| r.status == 201 && r.header("idempotency-replayed").is_none())
        .count();
    assert_eq!(fresh, 1);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.refused(409, "idempotency.in_progress");
        assert_eq!(reply.header("retry-after"), Some("1"));
    }
    let count: i64 = app
        .db
        .sql()
        .await
        .query_one("SELECT count(*) FROM businesses", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 1);
}

#[actix_web::test]
async fn old_replies_are_forgotten() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await.with("idempotency-key", "k");
    sari.post("/v1/businesses", workshop()).await.ok(201);
    let mut conn = app.parts.db.conn().await.unwrap();
    let now = app.clock.now();
    assert_eq!(
        karya_web::idempotency::forget(&mut conn, now)
            .await
            .unwrap(),
        0
    );
    let later = now + chrono::Duration::milliseconds(1);
    assert_eq!(
        karya_web::idempotency::forget(&mut conn, later)
            .await
            .unwrap(),
        1
    );
}
