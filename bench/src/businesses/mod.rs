//! A hundred thousand businesses, or a million, and those who look for one.

mod seed;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use karya_core::UserId;
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use self::seed::Dice;
use crate::baseline::{pgbench, watch};
use crate::raw::{Run, closed_loop, request};
use crate::server::{Apart, token};

/// Different requests of a kind; pgbench and the load take turns at the same ones.
const VARIANTS: usize = 40;

/// Clients of pgbench.
const CLIENTS: usize = 8;

/// How the connections for lists and searches are set.
const FRESH: &str =
    "-c plan_cache_mode=force_custom_plan -c pg_trgm.word_similarity_threshold=0.45";

pub async fn run(count: usize, seconds: u64, lock: Option<PathBuf>) {
    let started = Instant::now();
    let apart = Apart::start(async |url| seed::fill(&connect(url).await, count).await).await;
    let sql = connect(&apart.database_url).await;
    println!(
        "{count} businesses, seeded in {:.0} s; PostgreSQL {}\n",
        started.elapsed().as_secs_f64(),
        apart.installation.version
    );
    let _held = lock.map(|path| {
        let file = std::fs::File::create(path).expect("a lock");
        file.lock().expect("a lock");
        file
    });
    println!("| what | Karya | pgbench, same SQL | ratio | SQL | items |");
    println!("|---|---|---|---|---|---|");
    let bench = Bench { apart, seconds };
    let some = sample(&sql).await;

    let paths = some.iter().map(|one| format!("/v1/businesses/{}", one.id));
    bench.reads("point read", 32, paths, "").await;
    let list = |region: &str, subsector: &str| {
        format!("/v1/businesses?region={region}&subsector={subsector}")
    };
    let paths = some
        .iter()
        .map(|one| list(&one.region[..5], &one.subsector));
    bench
        .reads("list by regency and subsector", 32, paths, FRESH)
        .await;
    let paths = some
        .iter()
        .map(|one| list(&one.region[..2], &one.subsector));
    bench
        .reads("list by province and subsector", 32, paths, FRESH)
        .await;
    let paths = some
        .iter()
        .map(|one| format!("/v1/businesses?q={}", one.name.replace(' ', "%20")));
    bench.reads("text search by name", 16, paths, FRESH).await;
    let words = [
        "batik",
        "kopi",
        "keripik%20tempe",
        "anyaman",
        "halal",
        "sambal%20berkah",
        "jaya",
        "tenun",
    ];
    let paths = (0..VARIANTS).map(|n| format!("/v1/businesses?q={}", words[n % words.len()]));
    bench
        .reads("text search for common words", 16, paths, FRESH)
        .await;
    let near = |one: &Found, radius: &str| {
        format!(
            "/v1/businesses?near={},{}{radius}",
            one.latitude, one.longitude
        )
    };
    let paths = some.iter().map(|one| near(one, "&radius_m=3000"));
    bench.reads("near search, 3 km", 16, paths, FRESH).await;
    let paths = some.iter().map(|one| near(one, ""));
    bench.reads("near search, 10 km", 16, paths, FRESH).await;
    bench.sync().await;
    bench.create().await;
    println!(
        "\nthe most memory that the server held: {:.0} MB",
        bench.apart.peak()
    );
}

async fn connect(url: &str) -> Client {
    let (client, driver) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .expect("a connection");
    tokio::spawn(driver);
    client
}

/// One of the businesses.
struct Found {
    id: Uuid,
    name: String,
    region: String,
    subsector: String,
    latitude: f64,
    longitude: f64,
}

/// Businesses all over the table, the same ones every time.
async fn sample(sql: &Client) -> Vec<Found> {
    let statement = "SELECT id, name, region_code, main_subsector, latitude, longitude FROM businesses \
        WHERE is_listed AND id >= $1 ORDER BY id LIMIT 1";
    let (first, last): (Uuid, Uuid) = {
        let ends = "SELECT (SELECT id FROM businesses ORDER BY id LIMIT 1), (SELECT id FROM businesses ORDER BY id DESC LIMIT 1)";
        let row = sql.query_one(ends, &[]).await.expect("businesses");
        (row.get(0), row.get(1))
    };
    let (first, last) = (first.as_u128() >> 80, last.as_u128() >> 80);
    let mut dice = Dice::new(40);
    let mut some = Vec::new();
    while some.len() < VARIANTS {
        let at = first + u128::from(dice.roll()) % (last - first);
        let row = sql
            .query_opt(statement, &[&Uuid::from_u128(at << 80)])
            .await
            .expect("a row");
        some.extend(row.map(|row| Found {
            id: row.get(0),
            name: row.get(1),
            region: row.get(2),
            subsector: row.get(3),
            latitude: row.get(4),
            longitude: row.get(5),
        }));
    }
    some
}

struct Bench {
    apart: Apart,
    seconds: u64,
}

impl Bench {
    async fn reads(
        &self,
        what: &str,
        connections: usize,
        paths: impl Iterator<Item = String>,
        options: &str,
    ) {
        let requests = paths.map(|path| request("GET", &path, "", "")).collect();
        self.requests(what, connections, requests, options).await;
    }

    async fn requests(
        &self,
        what: &str,
        connections: usize,
        requests: Vec<Vec<u8>>,
        options: &str,
    ) {
        let (replies, statements) = watch(&self.apart, &requests).await;
        let mut items = 0;
        for reply in &replies {
            assert_eq!(
                reply.status,
                200,
                "{what}: {}{}",
                reply.headers,
                String::from_utf8_lossy(&reply.body)
            );
            let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
            let list = body["items"]
                .as_array()
                .or_else(|| body["changes"].as_array());
            items += list.map_or(1, Vec::len);
        }
        let alone = pgbench(&self.apart, &statements, CLIENTS, self.seconds, options);
        let requests: Vec<Arc<[u8]>> = requests.into_iter().map(Arc::from).collect();
        let time = Duration::from_secs(self.seconds);
        let run = closed_loop(&self.apart.address, connections, time, move |n| {
            Arc::clone(&requests[n % requests.len()])
        })
        .await;
        let items = items as f64 / replies.len() as f64;
        print(
            &format!("{what}, {connections} connections"),
            &run,
            alone,
            statements.count(),
            Some(items),
        );
    }

    /// Pages of 500 from all over the businesses.
    async fn sync(&self) {
        let token = token(&self.apart.parts, person(1)).await;
        let headers = format!("authorization: Bearer {token}\r\n");
        let page = |since: &str| {
            request(
                "GET",
                &format!("/v1/sync?limit=500&collections=businesses{since}"),
                &headers,
                "",
            )
        };
        let mut connection = crate::raw::Connection::open(&self.apart.address)
            .await
            .expect("the server listens");
        let mut requests = vec![page("")];
        while requests.len() < VARIANTS {
            let reply = connection
                .ask(requests.last().expect("a request"))
                .await
                .expect("a reply");
            let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
            requests.push(page(&format!(
                "&since={}",
                body["next_token"].as_str().expect("a token")
            )));
        }
        self.requests("sync, a page of 500", 4, requests, FRESH)
            .await;
    }

    async fn create(&self) {
        let mut tokens = Vec::new();
        for number in 0..64 {
            tokens.push(token(&self.apart.parts, person(2 + number)).await);
        }
        let make = move |n: usize| {
            let headers = format!(
                "authorization: Bearer {}\r\nidempotency-key: {}\r\n",
                tokens[n % tokens.len()],
                Uuid::now_v7()
            );
            let body = json!({
                "name": format!("Batik Bengkel {n}"), "legal_form": "perorangan", "main_subsector": "kriya",
                "description_id": "Batik tulis pewarna alam dari Pekalongan.",
                "kbli": [{ "code": "13134", "vintage": "2020" }], "phone": "0812-3456-7890",
                "declared_turnover": { "amount": 450_000_000, "currency": "IDR" },
                "address": { "region_code": "33.75.01.1004", "postal_code": "51112", "street": "Jl. Sapuro No. 12" },
                "location": { "latitude": -6.8886, "longitude": 109.6753 },
                "opening_hours": [{ "day": "monday", "opens": "08:00", "closes": "16:00" }],
            });
            Arc::from(request(
                "POST",
                "/v1/businesses",
                &headers,
                &body.to_string(),
            ))
        };
        // Two, as the first is sent twice, and the second time it is a repetition.
        let first: [Arc<[u8]>; 2] = [make(usize::MAX), make(usize::MAX - 1)];
        let (replies, statements) =
            watch(&self.apart, &first.map(|request| request.to_vec())).await;
        assert_eq!(
            replies[1].status,
            201,
            "{}",
            String::from_utf8_lossy(&replies[1].body)
        );
        let run = closed_loop(
            &self.apart.address,
            32,
            Duration::from_secs(self.seconds),
            make,
        )
        .await;
        print(
            "registering, 32 connections",
            &run,
            None,
            statements.count(),
            None,
        );
    }
}

fn person(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(
        0x0000_0000_0000_7000_8000_0000_0000_0000 + number,
    ))
}

/// A row of the table.
fn print(what: &str, run: &Run, alone: Option<f64>, statements: usize, items: Option<f64>) {
    let odd: Vec<String> = run
        .statuses
        .iter()
        .filter(|(status, _)| !(200..300).contains(*status))
        .map(|(status, count)| format!(", {count} × {status}"))
        .collect();
    println!(
        "| {what} | {:.0}/s, p50 {:.1} ms, p99 {:.1} ms{} | {} | {} | {statements} | {} |",
        run.rate,
        run.p50,
        run.p99,
        odd.concat(),
        alone.map_or_else(String::new, |rate| format!("{rate:.0}/s")),
        alone.map_or_else(String::new, |rate| format!("{:.2}", run.rate / rate)),
        items.map_or_else(String::new, |items| format!("{items:.1}")),
    );
}
