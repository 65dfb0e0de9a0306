//! No input overflows or panics.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::mentor::{Mentor, date};
use crate::slots::{
    Busy, Holiday, HolidayKind, Interval, MAX_RANGE, Offering, Override, Schedule, WeeklyRule,
    bookable, slots,
};
use crate::tests::cases;

fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    let near = 0..10_000_000_000_000_000_i64;
    prop_oneof![
        near.clone()
            .prop_map(|nanos| DateTime::<Utc>::MIN_UTC + TimeDelta::nanoseconds(nanos)),
        near.prop_map(|nanos| DateTime::<Utc>::MAX_UTC - TimeDelta::nanoseconds(nanos)),
        Just(DateTime::<Utc>::MIN_UTC),
        Just(DateTime::<Utc>::MAX_UTC),
        any::<i64>().prop_map(DateTime::from_timestamp_nanos),
    ]
}

fn any_interval() -> impl Strategy<Value = Interval> {
    (instant(), instant()).prop_filter_map("empty", |(a, b)| Interval::new(a.min(b), a.max(b)).ok())
}

fn any_date() -> impl Strategy<Value = NaiveDate> {
    prop_oneof![
        Just(NaiveDate::MIN),
        Just(NaiveDate::MAX),
        instant().prop_map(|at| at.date_naive()),
    ]
}

fn rules() -> impl Strategy<Value = Vec<WeeklyRule>> {
    let rule = (1..=7_u8, 0..1440_u16, 0..1440_u16);
    let rule = rule.prop_map(|(day, a, b)| WeeklyRule::new(day, a.min(b), a.max(b) + 1).unwrap());
    prop_oneof![
        vec(rule, 0..10),
        Just(
            (1..=7)
                .map(|day| WeeklyRule::new(day, 0, 1440).unwrap())
                .collect()
        ),
    ]
}

fn mentor() -> impl Strategy<Value = Mentor> {
    let cap = || option::of(any::<u16>());
    let parts = (select(TZ_VARIANTS.to_vec()), rules(), rules());
    let dates = (any_date(), any_date(), any_date(), any_date());
    let busy = (any_interval(), any::<[u16; 2]>(), any::<bool>());
    let busy = busy.prop_map(|(interval, [before_min, after_min], counts)| Busy {
        interval,
        before_min,
        after_min,
        counts,
    });
    let blocks = (vec(any_interval(), 0..2), vec(busy, 0..4));
    let present = (cap(), cap(), option::of(instant()), instant());
    (parts, dates, blocks, present, any::<[u16; 6]>()).prop_map(
        |((zone, weekly, rules), dates, (blackouts, busy), present, numbers)| {
            let (valid_from, valid_to, overridden, holiday) = dates;
            let (daily_cap, weekly_cap, paused_until, now) = present;
            let [
                duration,
                interval,
                before_min,
                after_min,
                notice_min,
                horizon_days,
            ] = numbers;
            Mentor {
                weekly,
                schedules: vec![Schedule {
                    valid_from,
                    valid_to,
                    rules,
                }],
                overrides: vec![Override::new(overridden, &[(0, 1440)]).unwrap()],
                holidays: vec![Holiday {
                    date: holiday,
                    kind: HolidayKind::National,
                }],
                time_off: blackouts.iter().take(1).copied().collect(),
                blackouts,
                busy,
                daily_cap,
                weekly_cap,
                paused_until,
                now,
                offering: Offering {
                    duration_min: duration.max(1).try_into().unwrap(),
                    interval_min: interval.max(1).try_into().unwrap(),
                    before_min,
                    after_min,
                    notice_min,
                    horizon_days,
                },
                ..Mentor::new(zone)
            }
        },
    )
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn any_calendar_has_an_answer(
        mentor in mentor(),
        from in instant(),
        length in 1..3_024_000_i64,
        present in any::<bool>(),
        short in any::<bool>(),
    ) {
        let mut mentor = mentor;
        if short {
            mentor.offering.duration_min = 60.try_into().unwrap();
        }
        if present {
            mentor.now = from;
            mentor.paused_until = None;
        }
        let to = from.checked_add_signed(TimeDelta::seconds(length));
        let Ok(range) = Interval::new(from, to.unwrap_or(DateTime::<Utc>::MAX_UTC)) else {
            return Ok(());
        };
        let slots = mentor.slots(range);
        prop_assert!(slots.is_sorted());
        for slot in slots.iter().take(3) {
            prop_assert_eq!(mentor.bookable(slot.starts_at), Ok(()));
        }
        prop_assert_eq!(mentor.bookable(from).is_ok(), slots.iter().any(|slot| slot.starts_at == from));
    }
}

#[test]
fn the_ends_of_time_are_open_as_far_as_they_can_be_represented() {
    let every_day: Vec<_> = (1..=7).map(|day| (day, 0, 1440)).collect();
    for zone in [Tz::Asia__Jakarta, Tz::America__New_York, Tz::UTC] {
        let mut mentor = Mentor::new(zone).weekly(&every_day);
        for (from, now) in [
            (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MIN_UTC),
            (
                DateTime::<Utc>::MAX_UTC - MAX_RANGE,
                DateTime::<Utc>::MAX_UTC - MAX_RANGE,
            ),
        ] {
            mentor.now = now;
            let slots = mentor.slots(Interval::new(from, from + MAX_RANGE).unwrap());
            assert!(
                (32 * 24..=35 * 24 + 2).contains(&slots.len()),
                "{zone} {}",
                slots.len()
            );
        }
    }
}

#[test]
fn a_range_is_at_most_35_local_dates() {
    let mentor = Mentor::new(Tz::Asia__Jakarta);
    let from: DateTime<Utc> = date("2026-10-01").and_hms_opt(0, 0, 0).unwrap().and_utc();
    let up_to = |to| {
        let range = Interval::new(from, to).unwrap();
        slots(&mentor.calendar(), &mentor.offering, range, mentor.now)
    };
    assert!(up_to(from + MAX_RANGE).is_ok());
    assert!(up_to(from + MAX_RANGE + TimeDelta::nanoseconds(1)).is_err());
    assert!(up_to(DateTime::<Utc>::MAX_UTC).is_err());
    let all = Interval::new(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC).unwrap();
    assert!(slots(&mentor.calendar(), &mentor.offering, all, mentor.now).is_err());
    assert!(bookable(&mentor.calendar(), &mentor.offering, from, mentor.now).is_err());
}
