use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{path, register, with, workshop};
use crate::harness::TestApp;

#[actix_web::test]
async fn drafts_exist_for_their_members_only() {
    let app = TestApp::new().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let draft = register(&sari, with(&[("state", json!("draft"))])).await;
    sari.get(&path(&draft)).await.ok(200);
    for other in [app.anon(), budi.clone()] {
        other
            .get(&path(&draft))
            .await
            .refused(404, "business.not_found");
        other
            .get("/v1/businesses/by-slug/batik-pesisir-ibu-sari")
            .await
            .refused(404, "business.not_found");
    }
    let edit = budi.clone().with("if-match", "\"1\"");
    edit.patch(&path(&draft), json!({ "name": "Milik Budi" }))
        .await
        .refused(404, "business.not_found");
    edit.delete(&path(&draft))
        .await
        .refused(404, "business.not_found");
    assert_eq!(
        app.anon().get("/v1/businesses").await.ok(200)["items"],
        json!([])
    );
    for id in ["bukan-id", "00000000-0000-0000-0000-000000000000"] {
        let reply = app.anon().get(&format!("/v1/businesses/{id}")).await;
        assert_eq!(reply.status, 404, "{id}");
    }
    app.anon()
        .get("/v1/businesses/by-slug/%00")
        .await
        .refused(404, "business.not_found");
}

#[actix_web::test]
async fn owners_and_managers_change_it_and_owners_delete_it() {
    let app = TestApp::new().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let business = register(&sari, workshop()).await;
    let at = path(&business);
    sari.patch(&at, json!({ "name": "Batik" }))
        .await
        .refused(428, "request.version_required");
    let first = sari.clone().with("if-match", "\"1\"");
    let changed = first
        .patch(
            &at,
            json!({ "description_en": "Hand-drawn batik.", "landmark": "x" }),
        )
        .await;
    assert_eq!(changed.faults(), ["/landmark unknown"]);
    let reply = first.patch(&at, json!({ "description_en": "Hand-drawn batik.", "website": null, "declared_turnover": { "amount": 2_000_000_001, "currency": "IDR" } })).await;
    assert_eq!(reply.header("etag"), Some("\"2\""));
    let changed = reply.ok(200);
    assert_eq!(
        (&changed["version"], &changed["size_class"]),
        (&json!(2), &json!("kecil"))
    );
    assert!(changed.get("website").is_none());
    assert_eq!(
        changed["registration"]["npwp_last4"], "1000",
        "what is not mentioned stays"
    );
    first
        .patch(&at, json!({ "name": "Lain" }))
        .await
        .refused(412, "request.stale_version");

    // For clients that cannot send null.
    let second = sari.clone().with("if-match", "\"2\"");
    let cleared = second
        .patch(
            &format!("{at}?update_mask=phone,email"),
            json!({ "name": "Batik Sari" }),
        )
        .await
        .ok(200);
    assert!(cleared.get("phone").is_none() && cleared.get("email").is_none());
    assert_eq!(cleared["name"], "Batik Sari");
    let third = sari.clone().with("if-match", "\"3\"");
    third
        .patch(&format!("{at}?update_mask=id"), json!({}))
        .await
        .refused(422, "request.validation_failed");
    third
        .patch(&at, json!({ "name": null }))
        .await
        .refused(422, "request.validation_failed");
    third
        .patch(&at, json!({ "state": "suspended" }))
        .await
        .refused(422, "request.validation_failed");

    let stranger = budi.clone().with("if-match", "\"3\"");
    stranger
        .patch(&at, json!({ "name": "Milik Budi" }))
        .await
        .refused(403, "business.manager_required");
    stranger
        .delete(&at)
        .await
        .refused(403, "business.manager_required");
    let sql = app.db.sql().await;
    let role = async |role: &str| {
        let text = "INSERT INTO business_members SELECT (SELECT id FROM businesses), user_id, $1, now() FROM emails \
                    WHERE address = 'budi@contoh.id' ON CONFLICT (business_id, user_id) DO UPDATE SET role = excluded.role";
        sql.execute(text, &[&role]).await.unwrap();
    };
    role("staff").await;
    stranger
        .patch(&at, json!({ "name": "Toko" }))
        .await
        .refused(403, "business.manager_required");
    role("manager").await;
    stranger
        .patch(&at, json!({ "name": "Batik Sari dan Budi" }))
        .await
        .ok(200);
    let manager = budi.clone().with("if-match", "\"4\"");
    manager
        .delete(&at)
        .await
        .refused(403, "business.owner_required");

    sql.batch_execute("UPDATE businesses SET state = 'suspended'")
        .await
        .unwrap();
    sari.clone()
        .with("if-match", "\"4\"")
        .patch(&at, json!({ "state": "active" }))
        .await
        .refused(409, "business.suspended");
    sql.batch_execute("UPDATE businesses SET state = 'active'")
        .await
        .unwrap();

    sari.delete(&at)
        .await
        .refused(428, "request.version_required");
    sari.clone()
        .with("if-match", "\"3\"")
        .delete(&at)
        .await
        .refused(412, "request.stale_version");
    sari.clone()
        .with("if-match", "\"4\"")
        .delete(&at)
        .await
        .ok(204);
    sari.get(&at).await.refused(404, "business.not_found");
    let slug = [
        ("slug", json!("batik-pesisir-ibu-sari")),
        ("nib", Value::Null),
        ("npwp", Value::Null),
    ];
    sari.post("/v1/businesses", with(&slug))
        .await
        .refused(409, "business.slug_taken");
}

#[actix_web::test]
async fn of_many_edits_of_one_version_one_wins() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let at = path(&register(&sari, workshop()).await);
    let edits = (0..12).map(|n| {
        let (client, at) = (sari.clone().with("if-match", "\"1\""), &at);
        async move {
            client
                .patch(at, json!({ "name": format!("Batik {n}") }))
                .await
                .status
                .as_u16()
        }
    });
    let statuses = join_all(edits).await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| matches!(status, 200 | 412)),
        "{statuses:?}"
    );
}

#[actix_web::test]
async fn a_business_always_has_an_owner() {
    let app = TestApp::new().await;
    register(&app.user("sari").await, workshop()).await;
    let sql = app.db.sql().await;
    for statement in [
        "DELETE FROM business_members",
        "UPDATE business_members SET role = 'staff'",
    ] {
        let refused = sql.batch_execute(statement).await.unwrap_err();
        assert!(
            format!("{refused:?}").contains("businesses_have_an_owner"),
            "{refused:?}"
        );
    }
}

#[actix_web::test]
async fn an_old_slug_leads_to_its_business_for_ever() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let business = register(&sari, workshop()).await;
    let at = path(&business);
    let sari = sari.with("if-match", "*");
    let rename = async |slug: &str| sari.patch(&at, json!({ "slug": slug })).await;
    rename("batik-baru").await.ok(200);
    for slug in ["batik-pesisir-ibu-sari", "batik-baru"] {
        let by_slug = format!("/v1/businesses/by-slug/{slug}");
        let found = app.anon().get(&by_slug).await.ok(200);
        assert_eq!(found["slug"], "batik-baru", "{slug}");
    }
    let budi = app.user("budi").await;
    let taken = with(&[("slug", json!("batik-pesisir-ibu-sari"))]);
    budi.post("/v1/businesses", taken)
        .await
        .refused(409, "business.slug_taken");
    rename("batik-pesisir-ibu-sari").await.ok(200);
}

#[actix_web::test]
async fn mentioning_the_same_number_keeps_its_review() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let business = register(&sari, workshop()).await;
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE business_registrations SET status = 'reviewed'")
        .await
        .unwrap();
    let sari = sari.with("if-match", "*");
    let status = async |change: Value| {
        let changed = sari.patch(&path(&business), change).await.ok(200);
        changed["registration_status"].as_str().unwrap().to_owned()
    };
    let same =
        json!({ "nib": "8120001234567", "nik": "3375016902000001", "npwp": "013121660091000" });
    assert_eq!(status(same).await, "reviewed");
    assert_eq!(
        status(json!({ "nib": "9120001234567" })).await,
        "self_declared"
    );
}
