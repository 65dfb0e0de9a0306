use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Client, TestApp};

/// A batik workshop in Pekalongan.
pub fn workshop() -> Value {
    json!({
        "name": "Batik Pesisir Ibu Sari",
        "legal_form": "perorangan",
        "description_id": "Batik tulis pewarna alam dari Pekalongan.",
        "nib": "8120 0012 34567",
        "npwp": "01.312.166.0-091.000",
        "nik": "3375016902000001",
        "kbli": [{ "code": "13134", "vintage": "2020" }],
        "main_subsector": "kriya",
        "further_subsectors": ["fesyen"],
        "declared_turnover": { "amount": 450_000_000, "currency": "IDR" },
        "founded_year": 1998,
        "phone": "0812-3456-7890",
        "email": "Toko@BatikSari.id",
        "website": "https://batiksari.id",
        "social_links": { "instagram": "https://instagram.com/batiksari", "whatsapp": "081234567890" },
        "address": { "region_code": "33.75.01.1004", "postal_code": "51112", "street": "Jl. Sapuro No. 12" },
        "location": { "latitude": -6.88861, "longitude": 109.67534 },
        "opening_hours": [{ "day": "monday", "opens": "08:00", "closes": "16:00" }],
    })
}

fn named(name: &str) -> Value {
    with(&[
        ("name", json!(name)),
        ("nib", Value::Null),
        ("npwp", Value::Null),
    ])
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut body = workshop();
    for (key, value) in changes {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(*key);
        } else {
            body[*key] = value.clone();
        }
    }
    body
}

async fn register(owner: &Client<'_>, body: Value) -> Value {
    owner.post("/v1/businesses", body).await.ok(201)
}

fn path(business: &Value) -> String {
    format!("/v1/businesses/{}", business["id"].as_str().unwrap())
}

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
async fn lists_filter_by_region_subsector_text_and_place() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let names = ["Batik Pesisir", "Kopi Ampenan", "Studio Gim Bandung"];
    register(&sari, named(names[0])).await;
    let lombok = [
        ("name", json!(names[1])),
        ("nib", Value::Null),
        ("npwp", Value::Null),
        ("main_subsector", json!("kuliner")),
        (
            "address",
            json!({ "region_code": "52.71.01.1004", "postal_code": "83112", "street": "Jl. Pabean" }),
        ),
        (
            "location",
            json!({ "latitude": -8.571, "longitude": 116.073 }),
        ),
        ("description_id", json!("Penyangrai kopi.")),
        ("further_subsectors", json!([])),
    ];
    register(&sari, with(&lombok)).await;
    let bandung = [
        ("name", json!(names[2])),
        ("nib", Value::Null),
        ("npwp", Value::Null),
        ("main_subsector", json!("pengembang_permainan")),
        (
            "address",
            json!({ "region_code": "32.73.01.1001", "postal_code": "40152", "street": "Jl. Sukarasa" }),
        ),
        ("location", Value::Null),
        ("description_id", json!("Permainan gawai.")),
        ("further_subsectors", json!(["aplikasi"])),
    ];
    register(&sari, with(&bandung)).await;
    for (query, expected) in [
        ("", vec![names[2], names[1], names[0]]),
        ("region=33", vec![names[0]]),
        ("region=33.75", vec![names[0]]),
        ("region=33.75.01.1004", vec![names[0]]),
        ("region=33.7", vec![]),
        ("subsector=kriya", vec![names[0]]),
        ("subsector=fesyen", vec![names[0]]),
        ("subsector=aplikasi&region=32", vec![names[2]]),
        ("subsector=aplikasi&region=33", vec![]),
        ("q=batik", vec![names[0]]),
        ("q=membatik", vec![names[0]]),
        ("q=batek+pesisr", vec![names[0]]),
        ("q=sangrai", vec![names[1]]),
        ("q=tidakada", vec![]),
        ("q=%22%27%3B--%26%7C!()", vec![]),
        ("near=-8.57,116.07", vec![names[1]]),
        ("near=-6.88,109.67&radius_m=200000", vec![names[0]]),
        ("near=0,100&radius_m=1000", vec![]),
    ] {
        let reply = app.anon().get(&format!("/v1/businesses?{query}")).await;
        if query == "region=33.7" {
            assert_eq!(reply.faults(), ["region format"]);
            continue;
        }
        assert!(
            reply
                .header("server-timing")
                .unwrap()
                .starts_with("sql;desc=\"1\"")
                || query.len() < 30
                || reply.status == 200
        );
        let found: Vec<String> = reply.ok(200)["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|b| b["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(found, expected, "{query}");
    }
    let near = app
        .anon()
        .get("/v1/businesses?near=-8.571,116.073")
        .await
        .ok(200);
    assert_eq!(
        near["items"][0]["distance_m"], 0,
        "a rounded location has a rounded distance"
    );
    for (query, fault) in [
        ("subsector=batik", "subsector not_found"),
        ("region=99", "region not_found"),
        ("q=a", "q too_short"),
        ("near=1", "near format"),
        ("near=91,100", "near out_of_range"),
        ("near=NaN,100", "near format"),
        ("radius_m=5", "radius_m needs_near"),
        ("near=0,100&radius_m=0", "radius_m out_of_range"),
        ("near=0,100&radius_m=1e99", "radius_m out_of_range"),
        ("limit=0", "limit out_of_range"),
        ("limit=-1", "limit out_of_range"),
        ("limit=101", "limit out_of_range"),
        ("limit=2147483648", "limit out_of_range"),
        ("limit=NaN", "limit wrong_type"),
        ("after=x", "after unknown"),
        ("limit=1&limit=2", "limit duplicate"),
        ("q=%00%00", "q forbidden_character"),
    ] {
        let reply = app.anon().get(&format!("/v1/businesses?{query}")).await;
        reply.refused(400, "request.invalid_query");
        assert_eq!(reply.faults(), [fault], "{query}");
    }
}

#[actix_web::test]
async fn every_read_is_one_statement() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let business = register(&sari, workshop()).await;
    let paths = [
        "/v1/businesses".to_owned(),
        "/v1/businesses?region=33.75&subsector=kriya".into(),
        "/v1/businesses?q=batik".into(),
        "/v1/businesses?near=-6.88,109.67".into(),
        path(&business),
        "/v1/businesses/by-slug/batik-pesisir-ibu-sari".into(),
        "/v1/me/businesses".into(),
        "/v1/me".into(),
    ];
    for path in paths {
        // The first time a connection sees a statement it also asks for the names of types.
        for _ in 0..4 {
            sari.get(&path).await.ok(200);
        }
        let reply = sari.get(&path).await;
        assert!(
            reply
                .header("server-timing")
                .unwrap()
                .starts_with("sql;desc=\"1\""),
            "{path} {:?}",
            reply.header("server-timing")
        );
    }
}

#[actix_web::test]
async fn pages_lose_and_repeat_nothing_while_others_register() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let mut expected = Vec::new();
    for n in 0..12 {
        expected.push(register(&sari, named(&format!("Batik Nomor {n}"))).await["id"].clone());
    }
    for query in ["", "q=batik&", "near=-6.8886,109.6753&", "region=33&"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app
                .anon()
                .get(&format!("/v1/businesses?{query}limit=5{cursor}"))
                .await
                .ok(200);
            seen.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["id"].clone()),
            );
            // A newcomer in the middle of the reading.
            register(&sari, named("Batik Pendatang")).await;
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        for id in &expected {
            assert_eq!(
                seen.iter().filter(|seen| *seen == id).count(),
                1,
                "{query} {id}"
            );
        }
    }
    let page = app.anon().get("/v1/businesses?limit=5").await.ok(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    for url in [
        format!("/v1/businesses?limit=5&region=33&cursor={cursor}"),
        "/v1/businesses?cursor=abc".into(),
        format!("/v1/me/businesses?cursor={cursor}"),
    ] {
        sari.get(&url).await.refused(400, "cursor.mismatch");
    }
}

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
            "/state staff_only",
            "/name too_short",
            "/slug format",
            "/legal_name forbidden_character",
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
