use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{named, path, register, with, workshop};
use crate::harness::TestApp;

#[actix_web::test]
async fn an_owner_registers_a_workshop_and_everybody_finds_it() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let reply = sari.post("/v1/businesses", workshop()).await;
    let location = reply.header("location").unwrap().to_owned();
    assert_eq!(reply.header("etag"), Some("\"1\""));
    let business = reply.ok(201);
    assert_eq!(location, path(&business));
    assert_eq!(
        business["registration"],
        json!({
            "nib": "8120001234567", "npwp_last4": "1000", "nik_last4": "0001",
            "declared_turnover": { "amount": 450_000_000, "currency": "IDR" },
        })
    );
    assert_eq!(
        business["location"],
        json!({ "latitude": -6.88861, "longitude": 109.67534 })
    );

    let public = app.anon().get(&location).await.ok(200);
    insta::assert_json_snapshot!(public, { ".id" => "[id]" }, @r#"
    {
      "address": {
        "postal_code": "51112",
        "region_code": "33.75.01.1004",
        "street": "Jl. Sapuro No. 12"
      },
      "created_at": "2026-06-01T05:00:00.000Z",
      "description_id": "Batik tulis pewarna alam dari Pekalongan.",
      "email": "toko@batiksari.id",
      "founded_year": 1998,
      "further_subsectors": [
        "fesyen"
      ],
      "id": "[id]",
      "kbli": [
        {
          "code": "13134",
          "vintage": "2020"
        }
      ],
      "legal_form": "perorangan",
      "location": {
        "latitude": -6.89,
        "longitude": 109.68
      },
      "location_is_exact": false,
      "main_subsector": "kriya",
      "name": "Batik Pesisir Ibu Sari",
      "opening_hours": [
        {
          "closes": "16:00",
          "day": "monday",
          "opens": "08:00"
        }
      ],
      "phone": "+6281234567890",
      "regions": [
        {
          "code": "33",
          "name": "Jawa Tengah"
        },
        {
          "code": "33.75",
          "name": "Kota Pekalongan"
        },
        {
          "code": "33.75.01",
          "name": "Pekalongan Barat"
        },
        {
          "code": "33.75.01.1004",
          "name": "Sapuro Kebulen"
        }
      ],
      "registration_status": "self_declared",
      "size_class": "mikro",
      "slug": "batik-pesisir-ibu-sari",
      "social_links": {
        "instagram": "batiksari",
        "whatsapp": "+6281234567890"
      },
      "state": "active",
      "timezone": "Asia/Jakarta",
      "updated_at": "2026-06-01T05:00:00.000Z",
      "version": 1,
      "website": "https://batiksari.id/"
    }
    "#);
    let by_slug = app
        .anon()
        .get("/v1/businesses/by-slug/batik-pesisir-ibu-sari")
        .await
        .ok(200);
    assert_eq!(by_slug, public);
    let mine = sari.get("/v1/me/businesses").await.ok(200);
    assert_eq!(
        (&mine["items"][0]["id"], &mine["items"][0]["my_role"]),
        (&business["id"], &json!("owner"))
    );
}

#[actix_web::test]
async fn a_chosen_slug_goes_to_one_and_namesakes_get_numbers() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let chosen = with(&[
        ("slug", json!("batik-sari")),
        ("nib", Value::Null),
        ("npwp", Value::Null),
    ]);
    let statuses = join_all((0..10).map(|_| async {
        sari.post("/v1/businesses", chosen.clone())
            .await
            .status
            .as_u16()
    }))
    .await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| matches!(status, 201 | 409)),
        "{statuses:?}"
    );
    let slugs = join_all((0..8).map(|_| register(&sari, named("Kopi Tirto")))).await;
    let slugs: std::collections::BTreeSet<String> = slugs
        .iter()
        .map(|b| b["slug"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(slugs.len(), 8, "{slugs:?}");
    assert!(
        slugs.contains("kopi-tirto") && slugs.contains("kopi-tirto-2"),
        "{slugs:?}"
    );
}

#[actix_web::test]
async fn an_account_claims_a_number_once_but_never_locks_others_out() {
    let app = TestApp::new().await;
    let (sari, budi) = (app.user("sari").await, app.user("budi").await);
    let statuses = join_all((0..10).map(|_| async {
        sari.post("/v1/businesses", workshop())
            .await
            .status
            .as_u16()
    }))
    .await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    sari.post("/v1/businesses", workshop())
        .await
        .refused(409, "business.nib_already_registered");
    sari.post("/v1/businesses", with(&[("nib", Value::Null)]))
        .await
        .refused(409, "business.npwp_already_registered");
    // Deleting sets it free again.
    let mine = sari.get("/v1/me/businesses").await.ok(200);
    let at = path(&mine["items"][0]);
    sari.clone().with("if-match", "*").delete(&at).await.ok(204);
    register(
        &sari,
        with(&[("slug", serde_json::json!("batik-sari-dua"))]),
    )
    .await;
    // Somebody else may claim it too: review decides whose it is.
    register(&budi, workshop()).await;
    let sql = app.db.sql().await;
    sql.batch_execute("UPDATE business_registrations SET status = 'reviewed' WHERE business_id = (SELECT min(id::text)::uuid FROM businesses)").await.unwrap();
    let second = sql
        .batch_execute("UPDATE business_registrations SET status = 'reviewed'")
        .await
        .unwrap_err();
    assert!(format!("{second:?}").contains("reviewed_n"), "{second:?}");
}

#[actix_web::test]
async fn registration_numbers_are_sealed() {
    let app = TestApp::new().await;
    register(&app.user("sari").await, workshop()).await;
    let row = app
        .db
        .sql()
        .await
        .query_one("SELECT t::text FROM business_registrations t", &[])
        .await
        .unwrap();
    let row: String = row.get(0);
    for number in ["0013121660091000", "013121660091000", "3375016902000001"] {
        let hex: String = number.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!row.contains(number) && !row.contains(&hex), "{row}");
    }
    let master = &app.parts.master_key;
    let sql = app.db.sql().await;
    let stored = sql
        .query_one(
            "SELECT business_id::text, npwp_sealed FROM business_registrations",
            &[],
        )
        .await
        .unwrap();
    let id: karya_core::BusinessId =
        serde_json::from_value(json!(stored.get::<_, String>(0))).unwrap();
    let opened = master
        .open("npwp", id.as_uuid().as_bytes(), stored.get::<_, &[u8]>(1))
        .unwrap();
    assert_eq!(opened.as_slice(), b"0013121660091000");
}

#[actix_web::test]
async fn bad_values_are_all_named_and_change_nothing() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let everything = json!({
        "name": "X", "slug": "Admin", "legal_name": "a\0b", "legal_form": "pt", "description_id": "x".repeat(4001),
        "nib": "123", "npwp": "12", "nik": "9999999999999999", "kbli": [{ "code": "1313", "vintage": "2020" }],
        "main_subsector": "batik", "further_subsectors": ["kriya", "kriya"],
        "declared_capital": { "amount": -1, "currency": "IDR" }, "founded_year": 2027, "phone": "12", "email": "x",
        "website": "javascript:alert(1)", "social_links": { "x": "a b" },
        "address": { "region_code": "33.75", "postal_code": "01234", "street": "J" },
        "location": { "latitude": 48.85, "longitude": 2.35 },
        "opening_hours": [{ "day": "monday", "opens": "9", "closes": "16:00" }], "state": "suspended",
    });
    let reply = sari.post("/v1/businesses", everything).await;
    reply.refused(422, "request.validation_failed");
    assert_eq!(
        reply.faults(),
        [
            "/nib format",
            "/npwp format",
            "/nik format",
            "/declared_capital/amount out_of_range",
            "/legal_name forbidden_character",
            "/state staff_only",
            "/name too_short",
            "/slug format",
            "/description_id too_long",
            "/main_subsector not_found",
            "/further_subsectors/1 duplicate",
            "/kbli/0/code format",
            "/founded_year out_of_range",
            "/phone format",
            "/email format",
            "/website format",
            "/social_links/x format",
            "/address/region_code village_needed",
            "/address/postal_code format",
            "/address/street too_short",
            "/location outside_indonesia",
            "/opening_hours/0/opens format",
        ]
    );
    let one = |key: &'static str, value: Value, fault: &'static str| (key, value, fault);
    for (key, value, fault) in [
        one("name", json!(5), "/name wrong_type"),
        one("name", json!("a\u{202e}b"), "/name forbidden_character"),
        one("pemilik", json!("x"), "/pemilik unknown"),
        one("legal_form", json!("ltd"), "/legal_form wrong_type"),
        one("founded_year", json!(f64::MAX), "/founded_year wrong_type"),
        one(
            "founded_year",
            json!(99_999_999_999_i64),
            "/founded_year wrong_type",
        ),
        one(
            "declared_turnover",
            json!({ "amount": 1.5, "currency": "IDR" }),
            "/declared_turnover/amount wrong_type",
        ),
        one(
            "declared_turnover",
            json!({ "amount": 1, "currency": "USD" }),
            "/declared_turnover/currency wrong_type",
        ),
        one(
            "address",
            json!({ "region_code": "33.75.01.9999", "postal_code": "51112", "street": "Jl. Sapuro" }),
            "/address/region_code not_found",
        ),
        one(
            "kbli",
            json!([{ "code": "13134" }]),
            "/kbli/0/vintage required",
        ),
        one(
            "kbli",
            json!(vec![json!({ "code": "13134", "vintage": "2020" }); 21]),
            "/kbli too_many",
        ),
        one(
            "further_subsectors",
            json!([
                "fesyen",
                "musik",
                "kuliner",
                "aplikasi",
                "seni_rupa",
                "periklanan"
            ]),
            "/further_subsectors too_many",
        ),
    ] {
        let reply = sari.post("/v1/businesses", with(&[(key, value)])).await;
        reply.refused(422, "request.validation_failed");
        assert_eq!(reply.faults(), [fault]);
    }
    let count: i64 = app
        .db
        .sql()
        .await
        .query_one("SELECT count(*) FROM businesses", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 0);
}
