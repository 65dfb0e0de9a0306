use serde_json::{Value, json};

use super::{Mentor, book};
use crate::harness::{Client, TestApp};

/// Sets columns of a mentor.
async fn set(app: &TestApp, mentor: &Mentor<'_>, columns: &str) {
    let statement = format!("UPDATE mentors SET {columns} WHERE user_id = $1");
    let sql = app.db.sql().await;
    sql.execute(&statement, &[&mentor.user_id]).await.unwrap();
}

async fn cards(client: &Client<'_>, query: &str) -> Vec<Value> {
    let list = client.get(&format!("/v1/mentors?{query}")).await.ok(200);
    list["items"].as_array().unwrap().clone()
}

async fn names(client: &Client<'_>, query: &str) -> Vec<String> {
    let name = |card: &Value| card["mentor"]["display_name"].as_str().unwrap().to_owned();
    cards(client, query).await.iter().map(name).collect()
}

#[actix_web::test]
async fn mentors_are_found_by_what_they_can_do() {
    let app = TestApp::new().await;
    let ayu = Mentor::new(&app, "ayu").await;
    set(&app, &ayu, "expertise = '{ekspor,harga}', subsectors = '{kriya,fesyen}', languages = '{id,jv}', regions = '{33.75}'").await;
    let budi = Mentor::with(
        &app,
        "budi",
        json!({ "mode": "phone", "durations": [15], "interval_min": 15 }),
    )
    .await;
    set(
        &app,
        &budi,
        "expertise = '{ekspor}', subsectors = '{kuliner}', languages = '{en}', regions = '{33}'",
    )
    .await;
    let citra = Mentor::with(
        &app,
        "citra",
        json!({ "mode": "in_person", "place": "Denpasar" }),
    )
    .await;
    set(
        &app,
        &citra,
        "expertise = '{pemasaran_digital}', languages = '{id,ban}', regions = '{51.71.01}'",
    )
    .await;
    let anon = app.anon();
    for (query, expected) in [
        ("expertise=ekspor,harga", vec!["ayu", "budi"]),
        ("expertise=Pemasaran%20Digital", vec!["citra"]),
        ("expertise=tidakada", vec![]),
        ("subsector=fesyen", vec!["ayu"]),
        ("language=ban,en,id&subsector=kriya", vec!["citra", "ayu"]),
        // Pekalongan: ayu is there, budi covers the province.
        ("region=33.75", vec!["ayu", "budi"]),
        ("region=33.75.01", vec!["ayu", "budi"]),
        ("region=33", vec!["budi", "ayu"]),
        ("region=33.26", vec!["budi"]),
        ("region=51", vec!["citra"]),
        ("region=51.71", vec!["citra"]),
        ("region=31", vec![]),
        ("mode=phone", vec!["budi"]),
        ("duration=15", vec!["budi"]),
        ("duration=45", vec![]),
        ("mode=phone&duration=60", vec![]),
        ("mode=in_person&expertise=ekspor", vec![]),
    ] {
        assert_eq!(names(&anon, query).await, expected, "{query}");
    }
    let query = "expertise=harga,ekspor,x&subsector=kriya&language=jv&region=33.75.01&duration=30";
    let found = cards(&anon, query).await;
    assert_eq!(
        found[0]["match_reasons"],
        json!([
            { "code": "expertise", "value": "harga" }, { "code": "expertise", "value": "ekspor" },
            { "code": "subsector", "value": "kriya" }, { "code": "language", "value": "jv" },
            { "code": "region", "value": "33.75" },
        ])
    );
    assert_eq!(found[0]["mentor"]["regions"][0]["name"], "Kota Pekalongan");
    let slots = found[0]["next_slots"].as_array().unwrap();
    assert_eq!(slots.len(), 3);
    assert_eq!(
        slots[0],
        json!({
            "starts_at": "2026-06-02T02:00:00.000Z", "ends_at": "2026-06-02T02:30:00.000Z",
            "offering_id": ayu.offering, "duration_min": 30, "mode": "online",
        })
    );
    assert_eq!(cards(&anon, "").await.len(), 3);
    assert_eq!(cards(&anon, "").await[0]["match_reasons"], json!([]));
}

#[actix_web::test]
async fn what_is_listed_can_be_booked_and_is_gone_then() {
    let app = TestApp::new().await;
    let mentor = Mentor::new(&app, "made").await;
    let sari = app.user("sari").await;
    let first = |found: &[Value]| {
        found[0]["next_slots"][0]["starts_at"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let start = first(&cards(&sari, "").await);
    book(&sari, mentor.booking(&start)).await.ok(201);
    assert_eq!(
        first(&cards(&app.anon(), "").await),
        "2026-06-02T03:00:00.000Z"
    );

    // Somebody else's mentor at the time that is now sari's: she does not see it, others do.
    Mentor::new(&app, "wayan").await;
    let wayans = |found: Vec<Value>| {
        let card = found
            .into_iter()
            .find(|card| card["mentor"]["display_name"] == "wayan")
            .unwrap();
        card["next_slots"][0]["starts_at"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        wayans(cards(&app.anon(), "").await),
        "2026-06-02T02:00:00.000Z"
    );
    assert_eq!(wayans(cards(&sari, "").await), "2026-06-02T03:00:00.000Z");
    assert_eq!(
        names(&mentor.client, "").await,
        ["wayan"],
        "nobody books themselves"
    );
}

#[actix_web::test]
async fn sorting_and_whoever_has_no_time() {
    let app = TestApp::new().await;
    let late = Mentor::with(&app, "late", json!({ "notice_min": 4320 })).await;
    set(
        &app,
        &late,
        "rating_sum = 50, rating_count = 10, completed_sessions = 20",
    )
    .await;
    Mentor::new(&app, "soon").await;
    let never = Mentor::new(&app, "never").await;
    set(&app, &never, "rating_sum = 500, rating_count = 100").await;
    let sql = app.db.sql().await;
    sql.execute(
        "UPDATE calendars SET weekly = '{}' WHERE user_id = $1",
        &[&never.user_id],
    )
    .await
    .unwrap();
    let anon = app.anon();
    assert_eq!(names(&anon, "sort=match").await, ["late", "soon", "never"]);
    assert_eq!(
        names(&anon, "sort=soonest").await,
        ["soon", "late", "never"]
    );
    let found = cards(&anon, "sort=soonest").await;
    assert_eq!(found[2]["next_slots"], json!([]));
    assert_eq!(found[1]["mentor"]["rating_average"], 5.0);

    // Each page goes on where the one before ended.
    for sort in ["match", "soonest"] {
        let all = names(&anon, &format!("sort={sort}")).await;
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/mentors?sort={sort}&limit=1{cursor}");
            let page = anon.get(&path).await.ok(200);
            seen.push(
                page["items"][0]["mentor"]["display_name"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, all);
        if sort == "match" {
            anon.get(&format!("/v1/mentors?sort=soonest{cursor}"))
                .await
                .refused(400, "cursor.mismatch");
        }
    }
}

#[actix_web::test]
async fn the_window_is_meant_in_the_callers_zone() {
    let app = TestApp::new().await;
    Mentor::new(&app, "made").await;
    let anon = app.anon();
    let starts = async |query: &str| -> Vec<String> {
        let found = cards(&anon, query).await;
        let slots = found[0]["next_slots"].as_array().unwrap().clone();
        slots
            .iter()
            .map(|slot| slot["starts_at"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = async |query: &str| starts(query).await.into_iter().next();
    assert_eq!(
        first("free_from=2026-06-05").await.as_deref(),
        Some("2026-06-05T02:00:00.000Z")
    );
    // Friday in Honolulu begins at 17:00 in Jakarta, when the mentor closes.
    assert_eq!(
        first("free_from=2026-06-05&time_zone=Pacific/Honolulu")
            .await
            .as_deref(),
        Some("2026-06-06T02:00:00.000Z")
    );
    assert_eq!(
        starts("free_from=2026-06-07&free_to=2026-06-07").await,
        [] as [String; 0],
        "closed on Sunday"
    );
    assert_eq!(first("free_from=2020-01-01&free_to=2020-01-03").await, None);
    for (query, status, code) in [
        (
            "free_from=2026-06-01&free_to=2026-07-06",
            400,
            "booking.range_too_long",
        ),
        ("free_to=2026-08-01", 400, "booking.range_too_long"),
        (
            "free_from=2026-06-02&free_to=2026-06-01",
            400,
            "request.invalid_query",
        ),
        ("free_from=2026-6-1", 400, "request.invalid_query"),
        ("free_from=9999-12-31", 400, "request.invalid_query"),
        ("time_zone=Mars/Olympus", 400, "request.invalid_query"),
        ("duration=0", 400, "request.invalid_query"),
        ("duration=99999", 400, "request.invalid_query"),
        ("expertise=", 400, "request.invalid_query"),
        (
            "expertise=a,b,c,d,e,f,g,h,i,j,k",
            400,
            "request.invalid_query",
        ),
        ("subsector=batik", 400, "request.invalid_query"),
        ("language=xx", 400, "request.invalid_query"),
        ("region=99", 400, "request.invalid_query"),
        ("mode=telepathy", 400, "request.invalid_query"),
        ("sort=best", 400, "request.invalid_query"),
        ("cursor=x", 400, "cursor.mismatch"),
        ("q=x", 400, "request.invalid_query"),
    ] {
        anon.get(&format!("/v1/mentors?{query}"))
            .await
            .refused(status, code);
    }
    starts("free_from=2026-06-01&free_to=2026-07-05").await;
}

#[actix_web::test]
async fn whoever_is_not_approved_or_offers_nothing_is_not_found() {
    let app = TestApp::new().await;
    let (anon, sari) = (app.anon(), app.user("sari").await);
    for (name, columns) in [("a", "state = 'suspended'"), ("b", "state = 'applied'")] {
        let mentor = Mentor::new(&app, name).await;
        set(&app, &mentor, columns).await;
        let wish = mentor.booking("2026-06-02T03:00:00.000Z");
        book(&sari, wish).await.refused(404, "offering.not_found");
    }
    Mentor::with(&app, "c", json!({ "active": false })).await;
    Mentor::new(&app, "d").await;
    let sql = app.db.sql().await;
    sql.execute(
        "UPDATE users SET state = 'locked', lock_reason = 'abuse' WHERE display_name = 'd'",
        &[],
    )
    .await
    .unwrap();
    assert_eq!(names(&anon, "").await, [] as [String; 0]);
}

#[actix_web::test]
async fn four_statements_whatever_the_number_of_mentors() {
    let app = TestApp::new().await;
    let sari = app.user("sari").await;
    let count = async |client: &Client<'_>, query: &str| -> usize {
        let path = format!("/v1/mentors?{query}");
        // The first time a connection sees a statement it also asks for the names of types.
        for _ in 0..8 {
            client.get(&path).await.ok(200);
        }
        let reply = client.get(&path).await;
        let count = reply.statements();
        reply.ok(200);
        count
    };
    let mut mentors = Vec::new();
    for number in 0..12 {
        mentors.push(Mentor::new(&app, &format!("mentor{number}")).await);
        if number == 0 {
            assert_eq!(count(&app.anon(), "").await, 4);
        }
    }
    book(&sari, mentors[0].booking("2026-06-02T03:00:00.000Z"))
        .await
        .ok(201);
    let query = "expertise=ekspor&subsector=kriya&language=id&mode=online&sort=soonest";
    assert_eq!(count(&app.anon(), "").await, 4);
    assert_eq!(count(&app.anon(), query).await, 4);
    assert_eq!(count(&sari, query).await, 4);
}
