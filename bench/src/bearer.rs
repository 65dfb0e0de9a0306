//! What proving who one is costs each request: an access token checked, its session looked up in memory.

use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::test::TestRequest;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use karya_web::{Actor, Standings};

use crate::server::Server;

const ROUNDS: usize = 50_000;

pub async fn run() {
    let server = Server::start().await;
    karya::demo::seed(&server.parts).await.expect("accounts");
    let account = &karya::demo::ACCOUNTS[0];
    let token = karya::demo::access_token(&server.parts, account)
        .await
        .expect("a token");
    let parts = &server.parts;
    let request = TestRequest::default()
        .insert_header(("authorization", format!("Bearer {token}")))
        .app_data(Data::new(parts.verifier.clone()))
        .app_data(Data::new(parts.db.clone()))
        .app_data(Data::new(parts.clock.clone()))
        .app_data(Data::new(Standings::default()))
        .to_http_request();
    let (_, first) = karya_db::statements::counted(identify(&request)).await;
    let (mut times, statements) = karya_db::statements::counted(async {
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            times.push(identify(&request).await);
        }
        times
    })
    .await;
    times.sort_unstable();
    let at = |share: usize| times[ROUNDS * share / 1000].as_nanos();
    println!("| what | p50 µs | p99 µs | statements |");
    println!("|---|---|---|---|");
    #[expect(clippy::cast_precision_loss, reason = "microseconds")]
    let micros = |nanos: u128| nanos as f64 / 1000.0;
    println!(
        "| bearer token of a session that is remembered | {:.1} | {:.1} | {statements} in {ROUNDS} (the first time {first}) |",
        micros(at(500)),
        micros(at(990)),
    );
}

/// As every operation does it that wants somebody signed in.
async fn identify(request: &HttpRequest) -> Duration {
    let started = Instant::now();
    let actor = Actor::from_request(request, &mut Payload::None).await;
    let took = started.elapsed();
    assert!(actor.is_ok(), "a good token");
    took
}
