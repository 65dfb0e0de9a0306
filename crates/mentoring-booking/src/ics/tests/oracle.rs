//! The same rules, expanded by the `rrule` crate.

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{event, read, utc};
use crate::tests::cases;

fn join<T: ToString>(values: &[T]) -> String {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    values.join(",")
}

const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// Rules of the part that both understand alike: `rrule` differs on positions in the week of the
/// start, and takes BYDAY with and without ordinals together as both at once.
fn rule() -> impl Strategy<Value = String> {
    let week_days = subsequence(DAYS.to_vec(), 1..4);
    let nth = proptest::collection::vec(
        (select(vec![-2, -1, 1, 2, 3, 4, 5]), select(DAYS.to_vec())),
        1..3,
    );
    let month_days = proptest::collection::btree_set(prop_oneof![1..=31_i32, -31..=-1_i32], 1..4);
    let months = subsequence((1..=12).collect::<Vec<u32>>(), 1..5);
    let by = (
        0..4_u8,
        0..4_u8,
        week_days,
        nth,
        month_days,
        months,
        select(vec![-2, -1, 1, 2]),
    );
    (
        select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        1..5_u32,
        0..3_u8,
        1..40_u32,
        by,
    )
        .prop_map(
            |(
                frequency,
                interval,
                end,
                count,
                (which, limits, days, nth, month_days, months, position),
            )| {
                let mut rule = vec![format!("FREQ={frequency};INTERVAL={interval}")];
                match end {
                    0 => {}
                    1 => rule.push(format!("COUNT={count}")),
                    _ => rule.push(format!("UNTIL=2026{:02}15T120000Z", count % 12 + 1)),
                }
                let coarse = matches!(frequency, "MONTHLY" | "YEARLY");
                if which & 1 == 1 && coarse && limits & 1 == 0 {
                    let nth: Vec<String> = nth.iter().map(|(n, day)| format!("{n}{day}")).collect();
                    rule.push(format!("BYDAY={}", join(&nth)));
                } else if which & 1 == 1 {
                    rule.push(format!("BYDAY={}", join(&days)));
                }
                if which & 2 == 2 && frequency != "WEEKLY" {
                    let month_days: Vec<i32> = month_days.into_iter().collect();
                    rule.push(format!("BYMONTHDAY={}", join(&month_days)));
                }
                if limits & 2 == 2 {
                    rule.push(format!("BYMONTH={}", join(&months)));
                }
                if limits == 1 && coarse && which != 0 {
                    rule.push(format!("BYSETPOS={position}"));
                }
                rule.join(";")
            },
        )
}

fn expanded(rule: &str, start: &str, zone: Tz) -> Vec<DateTime<Utc>> {
    let text = format!("DTSTART;TZID={zone}:{start}\nRRULE:{rule}");
    let set: rrule::RRuleSet = text.parse().unwrap();
    let first = utc(start).naive_utc();
    let first = zone.from_local_datetime(&first).unwrap().to_utc();
    let (from, to) = (utc("20250101T000000"), utc("20260701T000000"));
    let mut found: Vec<_> = set
        .limit()
        .into_iter()
        .map(|at| at.to_utc())
        .take_while(|at| *at < to)
        .chain([first])
        .filter(|at| *at >= from)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn rules_give_what_the_rrule_crate_gives(
        rule in rule(),
        (year, month, day) in (2021..2026_u32, 1..=12_u32, 1..=28_u32),
        zone in select(vec![Tz::Asia__Jakarta, Tz::America__New_York, Tz::Europe__London]),
    ) {
        let start = format!("{year}{month:02}{day:02}T090000");
        let text = event(&format!("DTSTART;TZID={zone}:{start};;DURATION:PT1H;;RRULE:{rule}"));
        let read = read(&text, zone).unwrap();
        let starts: Vec<_> = read.busy.iter().map(|(start, _)| *start).collect();
        prop_assert_eq!(starts, expanded(&rule, &start, zone), "{} {}", start, rule);
        prop_assert_eq!(read.not_understood, 0);
    }
}
