//! Mentors with full calendars, and people who book.

use std::time::{Duration, Instant};

use chrono::{DateTime, Days, TimeDelta, Utc};
use karya_core::UserId;
use karya_jobs::Job;
use karya_mentoring_booking::jobs::{Context, Reach, SuspendSessions};
use karya_mentoring_booking::model::SessionMode;
use karya_notifications::{MailOptions, Mailer, Transport};
use serde_json::json;
use uuid::Uuid;

use crate::imports;
use crate::load::{Call, Http, burst, closed_loop};
use crate::server::{ACCOUNTS, Server};

/// Mentors in three time zones, open on weekdays from 08:00 to 17:00, with one offering each; booked sessions over
/// half a year back and ahead; overrides. Deterministic, apart from ids and the day it runs.
const SEED: &str = "
INSERT INTO users (id, display_name, is_demo, created_at, updated_at)
    SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Orang ' || n, true, now(), now()
    FROM generate_series(1, $MENTORS + 3000) n;
$ACCOUNTS;
INSERT INTO calendars (user_id, zone, weekly, holiday_policy, region_code, created_at, updated_at)
    SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        (ARRAY['Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura'])[1 + n % 3],
        '{[480,1020),[1920,2460),[3360,3900),[4800,5340),[6240,6780)}', 'ignore',
        (ARRAY['33.75', '51.71', '91.71'])[1 + n % 3], now(), now()
    FROM generate_series(1, $MENTORS + 3000) n;
INSERT INTO mentors (user_id, state, headline, expertise, subsectors, languages, ethics_accepted_at, created_at, updated_at)
    SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'approved', 'Mentor ' || n,
        ARRAY[(ARRAY['ekspor', 'pemasaran', 'keuangan', 'desain'])[1 + n % 4]],
        ARRAY[(ARRAY['kriya', 'kuliner', 'fesyen', 'musik', 'aplikasi'])[1 + n % 5]], '{id}', now(), now(), now()
    FROM generate_series(1, $MENTORS) n;
INSERT INTO offerings (id, mentor_id, title, mode, durations, interval_min, before_min, after_min, notice_min, horizon_days,
        needs_approval, cancel_notice_min, active, created_at, updated_at)
    SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid,
        ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Klinik', 'online', '{60}', 15, 0, 0, 60, 90,
        false, 1440, true, now(), now()
    FROM generate_series(1, $MENTORS) n;
INSERT INTO availability_overrides
    SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, current_date + d * 7, '{[600,900)}'
    FROM generate_series(1, $MENTORS) n, generate_series(1, 20) d;
INSERT INTO time_claims (id, owner_id, kind, ref_id, starts_at, ends_at)
    SELECT gen_random_uuid(), ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'booking', gen_random_uuid(), at, at + interval '1 hour'
    FROM generate_series(1, $MENTORS) n, generate_series(1, $BOOKINGS) b,
        LATERAL (SELECT date_trunc('day', now()) + (b * 365 / $BOOKINGS - 182) * interval '1 day' + (1 + (n * 7 + b * 3) % 8) * interval '1 hour' AS at) a
    ON CONFLICT DO NOTHING;
VACUUM ANALYZE;";

fn person(number: i32) -> UserId {
    UserId::from_uuid(Uuid::from_u128(
        0x0000_0000_0000_7000_8000_0000_0000_0000 + number as u128,
    ))
}

fn offering(number: i32) -> Uuid {
    Uuid::from_u128(0x0000_0000_0000_7000_9000_0000_0000_0000 + number as u128)
}

pub async fn run(mentors: i32, bookings: i32, seconds: u64) {
    let server = Server::start().await;
    let sql = server.sql().await;
    let started = Instant::now();
    let seed = SEED
        .replace("$MENTORS", &mentors.to_string())
        .replace("$BOOKINGS", &bookings.to_string())
        .replace("$ACCOUNTS", ACCOUNTS);
    for statement in seed.split(";\n") {
        sql.batch_execute(statement).await.expect("the seed fits");
    }
    let claims: i64 = sql
        .query_one("SELECT count(*) FROM time_claims", &[])
        .await
        .expect("a count")
        .get(0);
    println!(
        "{mentors} mentors, {claims} claims, seeded in {:.1} s\n",
        started.elapsed().as_secs_f64()
    );
    let http = Http::new(&server.url);
    let time = Duration::from_secs(seconds);
    let today = server.parts.clock.now().date_naive();
    let (from, to) = (today + Days::new(1), today + Days::new(28));
    let slots = move |number: i32| {
        format!(
            "/v1/offerings/{}/slots?from={from}&to={to}",
            offering(number)
        )
    };

    let at = move |n: usize| 1 + (n as i32 * 7919) % mentors;
    let run = closed_loop(&http, 32, time, move |n| Some(Call::get(slots(at(n))))).await;
    run.print("slots of one mentor, 28 days, 32 connections");
    let mut known = Vec::new();
    for number in 1..=mentors.min(200) {
        let path = slots(number);
        known.extend(http.tag(&path).await.map(|tag| (path, tag)));
    }
    let run = closed_loop(&http, 32, time, move |n| {
        let (path, tag) = &known[n % known.len()];
        Some(Call::get(path).with("if-none-match", tag.as_str()))
    })
    .await;
    run.print("the same, nothing new (304)");
    for sort in ["soonest", "match"] {
        let path = format!("/v1/mentors?subsector=kriya&sort={sort}&limit=20");
        let (status, _) = http.send(Call::get(&path)).await;
        if status == 200 {
            for connections in [1, 8] {
                let path = path.clone();
                let call = move |_| Some(Call::get(&path));
                let run = closed_loop(&http, connections, time, call).await;
                run.print(&format!(
                    "who is free, by {sort}, connections: {connections}"
                ));
            }
        }
    }

    let mut tokens = Vec::new();
    for number in 0..3000 {
        tokens.push(server.token(person(mentors + 1 + number)).await);
    }
    let free = free_slots(&http, &slots, mentors).await;
    let (booking_tokens, calls) = (tokens.clone(), free.clone());
    let run = closed_loop(&http, 32, time, move |n| {
        let (offering, start) = calls.get(n)?;
        let body = json!({ "offering_id": offering, "starts_at": start }).to_string();
        Some(Call::post(
            "/v1/bookings",
            &booking_tokens[n % booking_tokens.len()],
            body,
        ))
    })
    .await;
    run.print("booking at random mentors, 32 connections");

    contention(&http, &tokens, &slots).await;
    imports::print();
    suspension(&server).await;
    let faults: i64 = sql
        .query_one(
            "SELECT count(*) FROM time_claims a JOIN time_claims b ON a.owner_id = b.owner_id AND a.id < b.id AND a.during && b.during",
            &[],
        )
        .await
        .expect("a count")
        .get(0);
    println!("\noverlapping claims: {faults}");
}

/// Free starts of many mentors, so that bookings do not meet.
async fn free_slots(
    http: &Http,
    slots: &impl Fn(i32) -> String,
    mentors: i32,
) -> Vec<(Uuid, String)> {
    let mut free = Vec::new();
    for number in 1..=mentors.min(1500) {
        let (_, body) = http.send(Call::get(slots(number))).await;
        let list: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        for day in list["days"].as_array().into_iter().flatten() {
            let last = day["starts"].as_array().and_then(|starts| starts.last());
            let start = last.and_then(serde_json::Value::as_str);
            free.extend(start.map(|start| (offering(number), start.to_owned())));
        }
    }
    // Neighbours in the list are of different mentors and days.
    let stride = 997;
    (0..free.len())
        .map(|at| free[at * stride % free.len()].clone())
        .collect()
}

async fn contention(http: &Http, tokens: &[String], slots: &impl Fn(i32) -> String) {
    for (what, mentor, step) in [
        ("200 people, one time", 1, 0),
        ("200 people, starts 15 minutes apart", 2, 15),
    ] {
        let (_, body) = http.send(Call::get(slots(mentor))).await;
        let list: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let Some(first) = list["days"][5]["starts"][0].as_str() else {
            continue;
        };
        let first: DateTime<Utc> = first.parse().expect("an instant");
        let calls = (0..200).map(|n| {
            let start = first + TimeDelta::minutes(i64::from(step * (n % 5)));
            let body = json!({ "offering_id": offering(mentor), "starts_at": start }).to_string();
            Call::post("/v1/bookings", &tokens[1000 + (n as usize)], body)
        });
        burst(http, calls.collect()).await.print(what);
    }
}

async fn suspension(server: &Server) {
    let mailer = Mailer::new(MailOptions {
        transport: Transport::Memory,
        from_name: "Karya".into(),
        from_address: karya_core::EmailAddress::parse("halo@karya.test").expect("an address"),
    });
    let context = Context {
        db: server.parts.db.clone(),
        clock: server.parts.clock.clone(),
        mailer: mailer.expect("a mailer"),
        public_url: server.url.clone(),
        invitations: server.parts.invitations.clone(),
        master_key: server.parts.master_key.clone(),
        fetcher: server.parts.fetcher.clone(),
    };
    let now = server.parts.clock.now();
    let job = SuspendSessions {
        alert_id: "bench".into(),
        again: false,
        reach: Reach {
            regions: vec!["33".into(), "51".into(), "91".into()],
            from: now,
            to: now + TimeDelta::days(60),
            modes: SessionMode::ALL.to_vec(),
        },
        lift: false,
    };
    let sql = server.sql().await;
    let count = async |state: &str| -> i64 {
        let statement = "SELECT count(*) FROM bookings WHERE state = $1";
        sql.query_one(statement, &[&state])
            .await
            .expect("a count")
            .get(0)
    };
    let before = count("suspended").await;
    let started = Instant::now();
    job.run(context).await.expect("the alert");
    let suspended = count("suspended").await - before;
    let took = started.elapsed();
    println!(
        "{:<46} {suspended} sessions in {:.2} s, {:.2} s a thousand",
        "a disaster alert",
        took.as_secs_f64(),
        took.as_secs_f64() / (suspended.max(1) as f64) * 1000.0
    );
}
