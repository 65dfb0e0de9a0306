use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::mentor::{Mentor, interval, minutes};
use super::oracle::jiff;
use crate::slots::{
    Busy, Holiday, HolidayKind, HolidayPolicy, Interval, Offering, Override, Schedule, WeeklyRule,
};

pub(super) const ZONES: [Tz; 12] = [
    Tz::Asia__Jakarta,
    Tz::Asia__Pontianak,
    Tz::Asia__Makassar,
    Tz::Asia__Jayapura,
    Tz::America__New_York,
    Tz::Europe__London,
    Tz::Australia__Lord_Howe,
    Tz::Asia__Kathmandu,
    Tz::Pacific__Apia,
    Tz::America__Santiago,
    Tz::Africa__Cairo,
    Tz::Pacific__Kiritimati,
];

/// Days since 1970 on which a zone changes its clocks, from 2009 to 2030.
static CHANGES: LazyLock<Vec<(Tz, Vec<i64>)>> = LazyLock::new(|| {
    let from: Timestamp = "2009-01-01T00:00:00Z".parse().unwrap();
    let to: Timestamp = "2031-01-01T00:00:00Z".parse().unwrap();
    let changes = |zone: Tz| {
        let changes = jiff(zone).following(from).map(|change| change.timestamp());
        let days = changes
            .take_while(|at| *at < to)
            .map(|at| at.as_second() / 86_400);
        (zone, days.collect())
    };
    ZONES.map(changes).to_vec()
});

/// A mentor and a range of at most three days, often about a change of clocks. All is in whole minutes.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) mentor: Mentor,
    pub(super) range: Interval,
}

pub(super) fn scenario() -> impl Strategy<Value = Scenario> {
    let zone_and_day =
        (0..ZONES.len(), any::<u16>(), -2..=2_i64, 0..4_u8).prop_map(|(at, pick, jitter, kind)| {
            let (zone, changes) = &CHANGES[at];
            let day = if kind == 0 || changes.is_empty() {
                14_245 + i64::from(pick) % 7_800
            } else {
                changes[usize::from(pick) % changes.len()]
            };
            (*zone, day + jitter)
        });
    zone_and_day.prop_flat_map(|(zone, day)| {
        let midnight = DateTime::from_timestamp(day * 86_400, 0).unwrap();
        let range = (-1440..1440_i64, 1..4320_i64).prop_map(move |(from, length)| {
            let from = midnight + minutes(from);
            interval(from, from + minutes(length))
        });
        (mentor(zone, midnight), range).prop_map(|(mentor, range)| Scenario { mentor, range })
    })
}

fn mentor(zone: Tz, midnight: DateTime<Utc>) -> impl Strategy<Value = Mentor> {
    let day = move |offset: i64| midnight.date_naive() + TimeDelta::days(offset);
    let hours = (
        prop_oneof![
            9 => vec(rule(), 0..16),
            1 => Just((1..=7).map(|day| WeeklyRule::new(day, 0, 1440).unwrap()).collect()),
        ],
        vec(schedule(day), 0..3),
        (
            vec(overriding(day), 0..3),
            prop_oneof![3 => Just(Vec::new()), 1 => vec(rule(), 1..20)],
        ),
        vec(holiday(day), 0..3),
        select(&[
            HolidayPolicy::Closed,
            HolidayPolicy::ClosedAlsoCutiBersama,
            HolidayPolicy::Ignore,
        ]),
    );
    let blocks = (
        vec(block(midnight, 900), 0..2),
        vec(block(midnight, 900), 0..2),
        vec(busy(midnight), 0..10),
    );
    let limits = (
        option::weighted(0.3, 0..4_u16),
        option::weighted(0.3, 0..8_u16),
        option::weighted(0.1, -1440..3000_i64),
        -4320..600_i64,
    );
    (hours, blocks, limits, offering()).prop_map(move |(hours, blocks, limits, offering)| {
        let (weekly, schedules, (overrides, offered), holidays, holiday_policy) = hours;
        let (time_off, blackouts, busy) = blocks;
        let (daily_cap, weekly_cap, paused, now) = limits;
        Mentor {
            zone,
            weekly,
            schedules,
            overrides,
            offered,
            holidays,
            holiday_policy,
            time_off,
            blackouts,
            busy,
            daily_cap,
            weekly_cap,
            paused_until: paused.map(|at| midnight + minutes(at)),
            offering,
            now: midnight + minutes(now),
        }
    })
}

/// Half of them begin or end at midnight, or span the hours in which clocks change.
fn window() -> impl Strategy<Value = (u16, u16)> {
    let ordered = |(a, b): (u16, u16)| if a < b { (a, b) } else { (b, a + 1) };
    prop_oneof![
        2 => (0..1440_u16, 0..1440_u16).prop_map(ordered),
        2 => (0..20_u16, 0..20_u16).prop_map(move |(a, b)| ordered((a * 15, b * 15))),
        2 => (0..24_u16, 0..24_u16).prop_map(move |(a, b)| ordered((a * 60, b * 60))),
        1 => (1..=1440_u16).prop_map(|end| (0, end)),
        1 => (0..1440_u16).prop_map(|start| (start, 1440)),
        1 => Just((0, 1440)),
    ]
}

fn rule() -> impl Strategy<Value = WeeklyRule> {
    (1..=7_u8, window()).prop_map(|(day, (start, end))| WeeklyRule::new(day, start, end).unwrap())
}

fn schedule(day: impl Fn(i64) -> NaiveDate) -> impl Strategy<Value = Schedule> {
    (-6..6_i64, 0..6_i64, vec(rule(), 0..10)).prop_map(move |(from, length, rules)| Schedule {
        valid_from: day(from),
        valid_to: day(from + length),
        rules,
    })
}

fn overriding(day: impl Fn(i64) -> NaiveDate) -> impl Strategy<Value = Override> {
    (-3..5_i64, vec(window(), 0..3))
        .prop_map(move |(at, windows)| Override::new(day(at), &windows).unwrap())
}

fn holiday(day: impl Fn(i64) -> NaiveDate) -> impl Strategy<Value = Holiday> {
    let kinds = [
        HolidayKind::National,
        HolidayKind::CutiBersama,
        HolidayKind::Regional,
    ];
    (-3..5_i64, select(kinds.to_vec())).prop_map(move |(at, kind)| Holiday {
        date: day(at),
        kind,
    })
}

fn block(midnight: DateTime<Utc>, longest: i64) -> impl Strategy<Value = Interval> {
    (-2000..5000_i64, 1..longest).prop_map(move |(from, length)| {
        let from = midnight + minutes(from);
        interval(from, from + minutes(length))
    })
}

pub(super) fn busy(midnight: DateTime<Utc>) -> impl Strategy<Value = Busy> {
    let fields = (block(midnight, 240), buffer(), buffer(), any::<bool>());
    fields.prop_map(|(interval, before_min, after_min, counts)| Busy {
        interval,
        before_min,
        after_min,
        counts,
    })
}

fn buffer() -> impl Strategy<Value = u16> {
    prop_oneof![Just(0), select(vec![5, 10, 15, 30, 60]), 0..90_u16]
}

fn offering() -> impl Strategy<Value = Offering> {
    let length = || {
        prop_oneof![
            3 => select(vec![15, 20, 30, 45, 60, 90]),
            1 => 1..300_u16,
        ]
    };
    let notice = prop_oneof![Just(0), 0..2000_u16];
    let horizon = prop_oneof![2 => Just(30), 1 => 0..9_u16];
    (length(), length(), buffer(), buffer(), notice, horizon).prop_map(
        |(duration, interval, before_min, after_min, notice_min, horizon_days)| Offering {
            duration_min: duration.try_into().unwrap(),
            interval_min: interval.try_into().unwrap(),
            before_min,
            after_min,
            notice_min,
            horizon_days,
        },
    )
}
