use std::str::FromStr;

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::mentor::date;
use super::oracle::jiff;
use super::scenario::ZONES;
use crate::slots::DayWindow;
use crate::slots::zone::{LocalDates, LocalDay, local_date};

/// The instant of a local time by jiff, in seconds since 1970.
fn instant(zone: &TimeZone, local: DateTime, end: bool) -> i64 {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => ambiguous.unambiguous(),
        AmbiguousOffset::Fold { .. } if end => ambiguous.later(),
        AmbiguousOffset::Fold { .. } => ambiguous.earlier(),
        AmbiguousOffset::Gap { .. } => {
            let after = ambiguous.later().unwrap() + jiff::SignedDuration::from_nanos(1);
            Ok(zone.preceding(after).next().unwrap().timestamp())
        }
    }
    .unwrap()
    .as_second()
}

/// Every date from `first` to `last`, with each of the windows.
fn compare(zone: Tz, first: NaiveDate, last: NaiveDate, windows: &[(u16, u16)]) -> usize {
    let oracle = jiff(zone);
    let mut compared = 0;
    for day in LocalDay::between(zone, first, last) {
        let midnight: DateTime = format!("{}T00:00", day.date).parse().unwrap();
        for &(start, end) in windows {
            let local = |minute: u16| midnight + jiff::SignedDuration::from_mins(minute.into());
            let expected = (
                instant(oracle, local(start), false),
                instant(oracle, local(end), end != 1440),
            );
            let window = day.window(zone, DayWindow::new(start, end).unwrap());
            let expected = Some(expected).filter(|(start, end)| start < end);
            assert_eq!(window, expected, "{zone} {} {start} {end}", day.date);
            compared += 1;
        }
    }
    compared
}

#[test]
fn local_edges_are_those_of_jiff_in_indonesia() {
    let mut compared = 0;
    for zone in &ZONES[..4] {
        let windows = [(0, 1440), (420, 1020), (1320, 1440)];
        compared += compare(*zone, date("1970-01-01"), date("2039-12-31"), &windows);
    }
    assert_eq!(compared, 4 * 3 * 25_567);
}

#[test]
fn local_edges_are_those_of_jiff_where_clocks_change() {
    // Every quarter of an hour as a start and as an end.
    let mut windows: Vec<_> = (0..96).map(|at| (at * 15, at * 15 + 15)).collect();
    windows.extend((0..24).map(|at| (at * 15, at * 15 + 60)));
    for zone in &ZONES[4..] {
        let until = date("2037-12-31");
        let days = LocalDay::between(*zone, date("2005-01-01"), until);
        let changes: Vec<_> = days.filter(|day| !day.is_steady()).collect();
        assert!(!changes.is_empty() || !has_changes(*zone), "{zone}");
        for day in &changes {
            compare(*zone, day.date - TimeDelta::days(1), day.date, &windows);
        }
    }
    for zone in &ZONES[4..] {
        let windows = [(0, 1440), (0, 120), (150, 1380), (1410, 1440)];
        compare(*zone, date("2005-01-01"), date("2037-12-31"), &windows);
    }
}

#[test]
fn local_dates_are_those_of_jiff() {
    let first = date("1955-01-01");
    for zone in ZONES {
        let mut dates = LocalDates::new(zone);
        let mut judge = |second: i64| {
            let at = Timestamp::from_second(second).unwrap();
            let local = at.to_zoned_datetime(jiff(zone).clone()).date();
            let expected = local
                .duration_since(jiff::civil::date(1970, 1, 1))
                .as_hours()
                / 24;
            assert_eq!(dates.day(second), expected, "{zone} {at}");
            assert_eq!(local_date(zone, second).to_string(), local.to_string());
        };
        let days = LocalDay::between(zone, first, date("2037-12-31"));
        for day in days.filter(|day| !day.is_steady()) {
            // Every quarter of an hour of three dates, forwards, then backwards.
            let quarters = -96..192;
            quarters.clone().for_each(|at| judge(day.start + at * 900));
            quarters
                .rev()
                .for_each(|at| judge(day.start + at * 900 - 1));
        }
        (-9000..9000).for_each(|at| judge(at * 50_000));
    }
}

fn has_changes(zone: Tz) -> bool {
    let from: Timestamp = "2005-01-01T00:00Z".parse().unwrap();
    jiff(zone).following(from).next().is_some()
}

#[test]
fn no_zone_changes_its_clocks_twice_within_two_days() {
    let mut zones = 0;
    let from = Timestamp::from_second(-4_000_000_000).unwrap();
    let to: Timestamp = "2100-01-01T00:00Z".parse().unwrap();
    for name in jiff::tz::db().available() {
        let name = name.as_str();
        if Tz::from_str(name).is_err() {
            continue;
        }
        zones += 1;
        let zone = TimeZone::get(name).unwrap();
        let mut before = (from, zone.to_offset(from));
        for change in zone.following(from).take_while(|at| at.timestamp() < to) {
            let change = (change.timestamp(), change.offset());
            if change.1 != before.1 {
                let apart = change.0.duration_since(before.0).as_hours();
                assert!(
                    apart >= 48 || before.0 == from,
                    "{name} {} {}",
                    before.0,
                    change.0
                );
                before = change;
            }
        }
    }
    assert!(zones > 400, "{zones}");
}
