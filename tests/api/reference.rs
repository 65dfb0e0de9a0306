use crate::harness::TestApp;

#[actix_web::test]
async fn reference_data_are_there_and_cached() {
    let app = TestApp::new().await;
    let reply = app.anon().get("/v1/reference/subsectors").await;
    assert!(
        reply
            .header("cache-control")
            .unwrap()
            .starts_with("public, max-age=86400")
    );
    assert!(
        reply
            .header("server-timing")
            .unwrap()
            .starts_with("sql;desc=\"0\"")
    );
    let tag = reply.header("etag").unwrap().to_owned();
    let subsectors = reply.ok(200);
    assert_eq!(subsectors["items"].as_array().unwrap().len(), 17);
    let english = app
        .anon()
        .with("accept-language", "en")
        .get("/v1/reference/subsectors")
        .await
        .ok(200);
    assert_eq!(english["items"][8]["name"], "Crafts");
    let unchanged = app
        .anon()
        .with("if-none-match", &tag)
        .get("/v1/reference/subsectors")
        .await;
    assert_eq!((unchanged.status.as_u16(), unchanged.body.len()), (304, 0));

    assert_eq!(
        app.anon().get("/v1/reference/regions").await.ok(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        38
    );
    let districts = app
        .anon()
        .get("/v1/reference/regions?parent=33.75")
        .await
        .ok(200);
    assert_eq!(districts["items"].as_array().unwrap().len(), 4);
    let village = app
        .anon()
        .get("/v1/reference/regions/33.75.01.1004")
        .await
        .ok(200);
    assert_eq!(
        (
            village["path"].as_array().unwrap().len(),
            village["timezone"].as_str()
        ),
        (4, Some("Asia/Jakarta"))
    );
    for path in [
        "/v1/reference/regions?parent=99",
        "/v1/reference/regions/33.99",
        "/v1/reference/regions/x",
    ] {
        app.anon()
            .get(path)
            .await
            .refused(404, "reference.region_not_found");
    }
    let kbli = app
        .anon()
        .get("/v1/reference/kbli?subsector=fotografi")
        .await
        .ok(200);
    let titles: Vec<_> = kbli["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|k| (k["vintage"].as_str().unwrap(), k["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        titles,
        [("2020", "74201"), ("2025", "74201"), ("2025", "74209")]
    );
    app.anon()
        .get("/v1/reference/kbli?subsector=x")
        .await
        .refused(400, "request.invalid_query");
    app.anon()
        .get("/v1/reference/kbli?vintage=2015")
        .await
        .refused(400, "request.invalid_query");
}

#[actix_web::test]
async fn the_tables_hold_what_the_program_ships() {
    let app = TestApp::new().await;
    let sql = app.db.sql().await;
    let count = |table: &'static str| {
        let sql = &sql;
        async move {
            sql.query_one(&format!("SELECT count(*) FROM {table}"), &[])
                .await
                .unwrap()
                .get::<_, i64>(0)
        }
    };
    assert_eq!(count("regions").await, 38 + 514 + 7285 + 83762);
    assert_eq!(count("subsectors").await, 17);
    // Again: nothing to do; after a change: mended.
    let again = karya::database::prepare(&app.db.url()).await.unwrap();
    assert!(
        again.migrations.is_empty() && again.datasets.is_empty(),
        "{again:?}"
    );
    sql.batch_execute("UPDATE regions SET name = 'Salah' WHERE code = '33'; UPDATE reference_datasets SET checksum = 'x'").await.unwrap();
    assert_eq!(
        karya::database::prepare(&app.db.url())
            .await
            .unwrap()
            .datasets,
        ["regions", "subsectors"]
    );
    let name: String = sql
        .query_one("SELECT name FROM regions WHERE code = '33'", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(name, "Jawa Tengah");
}
