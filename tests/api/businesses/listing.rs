use serde_json::{Value, json};

use super::{named, path, register, with, workshop};
use crate::harness::TestApp;

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
        ("region=33.75.01", vec![names[0]]),
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
async fn a_search_pages_to_the_end() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    for number in 0..7 {
        register(&sari, named(&format!("Batik Nomor {number}"))).await;
    }
    for query in ["batik", "batik+nomer"] {
        let mut names = std::collections::BTreeSet::new();
        let mut cursor = String::new();
        for page in 0.. {
            let path = format!("/v1/businesses?q={query}&limit=3{cursor}");
            let reply = app.anon().get(&path).await.ok(200);
            for item in reply["items"].as_array().unwrap() {
                assert!(names.insert(item["name"].to_string()), "{query}: twice");
            }
            match reply["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => {
                    assert_eq!(page, 2, "{query}");
                    break;
                }
            }
        }
        assert_eq!(names.len(), 7, "{query}");
    }
}

#[actix_web::test]
async fn searches_by_place_do_not_give_a_hidden_place_away() {
    let app = TestApp::new().await;
    register(&app.user("sari").await, workshop()).await;
    // The true place is 370 m from the one that is shown: no radius around the true one finds it, however small.
    let around = async |place: &str, radius: u32| {
        let path = format!("/v1/businesses?near={place}&radius_m={radius}&limit=1");
        let found = app.anon().get(&path).await.ok(200);
        found["items"].as_array().unwrap().len()
    };
    assert_eq!(around("-6.88861,109.67534", 100).await, 0);
    assert_eq!(around("-6.89,109.68", 100).await, 1);
}
