use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::businesses::workshop;
use crate::harness::{Client, TestApp};
use crate::mentoring::{Mentor, book};

/// A copy as a phone keeps it.
#[derive(Default)]
struct Copy {
    token: Option<String>,
    things: BTreeMap<(String, String), Value>,
}

impl Copy {
    /// Reads to the end, a few changes at a time.
    async fn update(&mut self, client: &Client<'_>) -> usize {
        let mut count = 0;
        loop {
            let since = self.token.as_ref().map(|token| format!("&since={token}"));
            let path = format!("/v1/sync?limit=2{}", since.unwrap_or_default());
            let page = client.get(&path).await.ok(200);
            for change in page["changes"].as_array().unwrap() {
                count += 1;
                let text = |name: &str| change[name].as_str().unwrap().to_owned();
                let key = (text("collection"), text("id"));
                match text("op").as_str() {
                    "delete" => self.things.remove(&key),
                    _ => {
                        let member = if key.0 == "bookings" {
                            "booking"
                        } else {
                            "business"
                        };
                        self.things.insert(key, change[member].clone())
                    }
                };
            }
            self.token = Some(page["next_token"].as_str().unwrap().to_owned());
            if page["has_more"] == false {
                return count;
            }
        }
    }

    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .things
            .values()
            .filter_map(|thing| thing["name"].as_str())
            .collect();
        names.sort_unstable();
        names
    }
}

/// Waits until all that has committed may be read. Transactions of the tests beside this one hold the watermark back
/// too: it is the cluster's.
pub async fn settle(app: &TestApp) {
    let sql = app.db.sql().await;
    let number = "SELECT pg_current_xact_id()::text::bigint";
    let mine: i64 = sql.query_one(number, &[]).await.unwrap().get(0);
    let oldest = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    while sql.query_one(oldest, &[]).await.unwrap().get::<_, i64>(0) <= mine {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn named(name: &str) -> Value {
    let mut body = workshop();
    body["name"] = json!(name);
    for number in ["nib", "npwp"] {
        body.as_object_mut().unwrap().remove(number);
    }
    body
}

#[actix_web::test]
async fn a_copy_follows_what_appears_changes_and_goes() {
    let app = TestApp::new().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let mut created = Vec::new();
    for name in ["Satu", "Dua", "Tiga", "Empat", "Lima"] {
        created.push(sari.post("/v1/businesses", named(name)).await.ok(201));
    }
    settle(&app).await;
    let (mut saris, mut budis) = (Copy::default(), Copy::default());
    saris.update(&sari).await;
    budis.update(&budi).await;
    assert_eq!(budis.names(), ["Dua", "Empat", "Lima", "Satu", "Tiga"]);
    assert_eq!(budis.update(&budi).await, 0, "nothing new");

    let path = |at: usize| format!("/v1/businesses/{}", created[at]["id"].as_str().unwrap());
    let owner = sari.clone().with("if-match", "*");
    owner
        .patch(&path(0), json!({ "name": "Satu Baru" }))
        .await
        .ok(200);
    owner
        .patch(&path(1), json!({ "state": "paused" }))
        .await
        .ok(200);
    owner.delete(&path(2)).await.ok(204);
    settle(&app).await;
    saris.update(&sari).await;
    budis.update(&budi).await;
    assert_eq!(budis.names(), ["Empat", "Lima", "Satu Baru"]);
    assert_eq!(
        saris.names(),
        ["Dua", "Empat", "Lima", "Satu Baru"],
        "she sees what is paused"
    );
    let private = |copy: &Copy| {
        copy.things
            .values()
            .any(|thing| thing.get("registration").is_some())
    };
    assert!(private(&saris) && !private(&budis));

    owner
        .patch(&path(1), json!({ "state": "active" }))
        .await
        .ok(200);
    settle(&app).await;
    budis.update(&budi).await;
    assert_eq!(budis.names(), ["Dua", "Empat", "Lima", "Satu Baru"]);
    let mut fresh = Copy::default();
    fresh.update(&budi).await;
    assert_eq!(
        fresh.things, budis.things,
        "a copy brought up to date is a new one"
    );
}

#[actix_web::test]
async fn bookings_reach_their_two_people_only() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let booking = book(&sari, mentor.booking("2026-06-02T03:00:00Z"))
        .await
        .ok(201);
    settle(&app).await;
    for (client, sees) in [(&sari, 1), (&mentor.client, 1), (&budi, 0)] {
        let page = client.get("/v1/sync?collections=bookings").await.ok(200);
        assert_eq!(page["changes"].as_array().unwrap().len(), sees);
    }
    let mut copy = Copy::default();
    copy.update(&mentor.client).await;
    let path = format!("/v1/bookings/{}/cancel", booking["id"].as_str().unwrap());
    sari.post(&path, json!({ "reason": "sick" })).await.ok(200);
    settle(&app).await;
    assert_eq!(copy.update(&mentor.client).await, 1);
    let state = copy.things.values().next().unwrap()["state"].clone();
    assert_eq!(state, "cancelled");
}

/// The trap of every cursor on a time or a counter: what commits after something younger was read.
#[actix_web::test]
async fn what_commits_late_is_not_lost() {
    let app = TestApp::new().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    for name in ["Lama", "Muda"] {
        sari.post("/v1/businesses", named(name)).await.ok(201);
    }
    settle(&app).await;
    let mut copy = Copy::default();
    copy.update(&budi).await;
    let (slow, fast) = (app.db.sql().await, app.db.sql().await);
    slow.batch_execute("BEGIN; UPDATE businesses SET name = 'Lama Baru' WHERE name = 'Lama'")
        .await
        .unwrap();
    fast.batch_execute("UPDATE businesses SET name = 'Muda Baru' WHERE name = 'Muda'")
        .await
        .unwrap();
    copy.update(&budi).await;
    assert_eq!(
        copy.names(),
        ["Lama", "Muda"],
        "the younger one waits for the older"
    );
    slow.batch_execute("COMMIT").await.unwrap();
    settle(&app).await;
    copy.update(&budi).await;
    assert_eq!(copy.names(), ["Lama Baru", "Muda Baru"]);
}

#[actix_web::test]
async fn tokens_that_are_foreign_or_too_old_start_anew() {
    let app = TestApp::new().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let business = sari.post("/v1/businesses", named("Satu")).await.ok(201);
    let token = async |client: &Client<'_>| {
        client.get("/v1/sync").await.ok(200)["next_token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    settle(&app).await;
    let (saris, budis) = (token(&sari).await, token(&budi).await);
    sari.get(&format!("/v1/sync?since={saris}")).await.ok(200);
    for path in [
        format!("/v1/sync?since={budis}"),
        format!("/v1/sync?since={saris}&collections=bookings"),
        "/v1/sync?since=karangan".to_owned(),
    ] {
        sari.get(&path).await.refused(410, "sync.reset_required");
    }
    for (query, fault) in [
        ("collections=produk", "collections not_found"),
        ("limit=0", "limit out_of_range"),
        ("limit=501", "limit out_of_range"),
    ] {
        let reply = sari.get(&format!("/v1/sync?{query}")).await;
        reply.refused(400, "request.invalid_query");
        assert_eq!(reply.faults(), [fault]);
    }
    // Three months after its deletion nobody is told of the business any more, so older tokens do not do.
    let at = format!("/v1/businesses/{}", business["id"].as_str().unwrap());
    sari.clone().with("if-match", "*").delete(&at).await.ok(204);
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE sync_changes SET changed_at = '2026-01-01'")
        .await
        .unwrap();
    let mut conn = app.parts.db.conn().await.unwrap();
    karya::work::sweep(&mut conn, &app.parts.storage, app.clock.now())
        .await
        .unwrap();
    sari.get(&format!("/v1/sync?since={saris}"))
        .await
        .refused(410, "sync.reset_required");
    let page = sari.get("/v1/sync").await.ok(200);
    assert_eq!(page["changes"], json!([]));
}

#[actix_web::test]
async fn what_was_forgotten_sends_nobody_back_who_never_had_it() {
    let app = TestApp::new().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let mut bookings = None;
    let idle = async |token: &Option<String>| {
        let since = token.as_ref().map(|token| format!("&since={token}"));
        let path = format!("/v1/sync?collections=bookings{}", since.unwrap_or_default());
        let page = budi.get(&path).await.ok(200);
        Some(page["next_token"].as_str().unwrap().to_owned())
    };
    bookings = idle(&bookings).await;
    for name in ["Satu", "Dua", "Tiga", "Empat", "Lima"] {
        sari.post("/v1/businesses", named(name)).await.ok(201);
    }
    settle(&app).await;
    let mut old = Copy::default();
    old.update(&budi).await;
    let old_token = old.token.clone().unwrap();
    bookings = idle(&bookings).await;
    // Later than all that, tombstones were forgotten, or a backup was restored.
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE sync_horizon SET row_xid = pg_current_xact_id()::text::bigint")
        .await
        .unwrap();
    let refused = budi.get(&format!("/v1/sync?since={old_token}")).await;
    refused.refused(410, "sync.reset_required");
    let path = format!("/v1/sync?collections=bookings&since={}", bookings.unwrap());
    budi.get(&path).await.refused(410, "sync.reset_required");
    settle(&app).await;
    // Who starts now reads page after page of what is older than that.
    let mut copy = Copy::default();
    copy.update(&budi).await;
    assert_eq!(copy.names(), ["Dua", "Empat", "Lima", "Satu", "Tiga"]);
    assert_eq!(copy.update(&budi).await, 0);
    // And who sees nothing is told so each time.
    let mut bookings = None;
    for _ in 0..3 {
        bookings = idle(&bookings).await;
    }
}
