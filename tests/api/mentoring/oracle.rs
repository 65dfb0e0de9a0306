//! The slot engine against PostgreSQL: another language, another time-zone database, set arithmetic instead of a sweep.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use uuid::Uuid;

use super::Mentor;
use crate::harness::TestApp;

/// Open hours as a multirange of instants, less what is taken; the grid starts with each merged stretch of open hours.
const SLOTS: &str = "
WITH days AS (
    SELECT d::date AS day FROM generate_series($2::text::date - 1, $3::text::date + 1, interval '1 day') d
), hours AS (
    SELECT day, unnest(coalesce(
        (SELECT windows FROM availability_overrides o WHERE o.user_id = $1 AND local_date = day),
        (SELECT range_agg(int4range(lower(w) - (extract(isodow FROM day)::int - 1) * 1440,
                                    upper(w) - (extract(isodow FROM day)::int - 1) * 1440))
           FROM (SELECT unnest(coalesce(
                    (SELECT weekly FROM availability_schedules s WHERE s.user_id = $1 AND day BETWEEN valid_from AND valid_to),
                    (SELECT weekly FROM calendars c WHERE c.user_id = $1))
                 * int4multirange(int4range((extract(isodow FROM day)::int - 1) * 1440, extract(isodow FROM day)::int * 1440)))
                 AS w) parts))
        * CASE WHEN o.weekly = '{}' THEN '{[0,1440)}' ELSE
            (SELECT coalesce(range_agg(int4range(lower(w) - (extract(isodow FROM day)::int - 1) * 1440,
                                                 upper(w) - (extract(isodow FROM day)::int - 1) * 1440)), '{}')
               FROM (SELECT unnest(o.weekly
                     * int4multirange(int4range((extract(isodow FROM day)::int - 1) * 1440, extract(isodow FROM day)::int * 1440)))
                     AS w) given) END) AS minutes
    FROM days, (SELECT weekly FROM offerings WHERE id = $4) o
), open AS (
    SELECT range_agg(tstzrange((day + lower(minutes) * interval '1 minute') AT TIME ZONE zone,
                               (day + upper(minutes) * interval '1 minute') AT TIME ZONE zone)) AS times
    FROM hours, calendars c WHERE c.user_id = $1
), taken AS (
    SELECT coalesce(range_agg(t), '{}') AS times FROM (
        SELECT during AS t FROM time_claims WHERE owner_id = $1
        UNION ALL SELECT tstzrange(starts_at, ends_at) FROM time_off WHERE user_id = $1) blocks
), starts AS (
    SELECT generate_series(lower(stretch), upper(stretch) - o.durations[1] * interval '1 minute',
                           o.interval_min * interval '1 minute') AS at, o.durations[1] * interval '1 minute' AS length
    FROM (SELECT unnest(times) AS stretch FROM open) s, offerings o WHERE o.id = $4
)
SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.000\"Z\"') FROM starts, taken, calendars c
WHERE c.user_id = $1 AND NOT tstzrange(at, at + length) && taken.times
  AND (at AT TIME ZONE c.zone)::date BETWEEN $2::text::date AND $3::text::date
  AND at >= '2026-06-01T07:00:00Z'
ORDER BY at";

const ZONES: [&str; 8] = [
    "Asia/Jakarta",
    "Asia/Makassar",
    "Asia/Jayapura",
    "Asia/Pontianak",
    "America/New_York",
    "Europe/London",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
];

/// A mentor with a calendar that nobody would think of.
pub struct Odd<'a> {
    pub mentor: Mentor<'a>,
    pub zone: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    /// What the offering and the week are open for, for those who look for the fault.
    pub hours: [String; 2],
}

/// Every round is another one; over the changes of the clocks in late October and early November too.
pub async fn odd<'a>(app: &'a TestApp, rng: &mut StdRng, round: usize) -> Odd<'a> {
    let sql = app.db.sql().await;
    let (interval, duration) = ([15, 20, 30, 45, 60][round % 5], [30, 45, 60, 90][round % 4]);
    let offering =
        json!({ "interval_min": interval, "durations": [duration], "horizon_days": 365 });
    let mentor = Mentor::with(app, &format!("mentor{round}"), offering).await;
    let user = mentor.user_id;
    let mut hours = |count: i32, length: i32| {
        let parts: Vec<String> = (0..count)
            .map(|_| {
                // Never a whole day: around the clock the engine starts the grid anew at midnight.
                let start = rng.random_range(0..length - 400);
                format!("[{start},{})", start + rng.random_range(30..400))
            })
            .collect();
        format!("{{{}}}", parts.join(","))
    };
    let (weekly, dated, single) = (hours(9, 10_080), hours(6, 10_080), hours(2, 1440));
    // Every third offering has hours of its own, over much of the week.
    let offered = if round % 3 == 2 {
        hours(40, 10_080)
    } else {
        "{}".to_owned()
    };
    let zone = ZONES[round % ZONES.len()];
    let (from, to) = if round.is_multiple_of(2) {
        ("2026-06-01", "2026-07-05")
    } else {
        ("2026-10-15", "2026-11-10")
    };
    let second = &from[..8];
    sql.batch_execute(&format!(
        "UPDATE calendars SET zone = '{zone}', weekly = '{weekly}', holiday_policy = 'ignore' WHERE user_id = '{user}';
         UPDATE offerings SET weekly = '{offered}' WHERE mentor_id = '{user}';
         INSERT INTO availability_schedules VALUES ('{}', '{user}', 'Jadwal', '{second}20', '{second}25', '{dated}');
         INSERT INTO availability_overrides VALUES ('{user}', '{second}22', '{single}'), ('{user}', '{second}23', '{{}}');",
        Uuid::now_v7()
    ))
    .await
    .unwrap();
    for day in 0..30 {
        let statement = format!(
            "INSERT INTO time_claims (id, owner_id, kind, ref_id, starts_at, ends_at) SELECT '{}', '{user}', 'booking', '{}', at, at + interval '{} minutes'
                 FROM (SELECT ('{from}'::date + {day} + interval '{} minutes') AT TIME ZONE 'UTC' AS at) a ON CONFLICT DO NOTHING",
            Uuid::now_v7(),
            Uuid::now_v7(),
            rng.random_range(10..300),
            rng.random_range(0..1000),
        );
        sql.batch_execute(&statement).await.unwrap();
    }
    sql.batch_execute(&format!(
        "INSERT INTO time_off VALUES ('{}', '{user}', '{second}27T01:00Z', '{second}27T09:30Z')",
        Uuid::now_v7()
    ))
    .await
    .unwrap();
    Odd {
        mentor,
        zone,
        from,
        to,
        hours: [weekly, offered],
    }
}

#[actix_web::test]
async fn postgresql_finds_the_same_slots() {
    let app = TestApp::new().await;
    let sql = app.db.sql().await;
    let mut rng = StdRng::seed_from_u64(7);
    for round in 0..24 {
        let odd = odd(&app, &mut rng, round).await;
        let engine = odd.mentor.starts(&app, odd.from, odd.to).await;
        let id: Uuid = odd.mentor.offering.parse().unwrap();
        let oracle: Vec<String> = sql
            .query(SLOTS, &[&odd.mentor.user_id, &odd.from, &odd.to, &id])
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        assert!(engine.len() > 25, "{}: {} slots", odd.zone, engine.len());
        let only = |a: &[String], b: &[String]| -> Vec<String> {
            a.iter()
                .filter(|start| !b.contains(start))
                .take(5)
                .cloned()
                .collect()
        };
        assert_eq!(
            (only(&engine, &oracle), only(&oracle, &engine)),
            (vec![], vec![]),
            "round {round} {} {:?}: only in the engine, only in PostgreSQL",
            odd.zone,
            odd.hours
        );
    }
}
