//! Blocks, ranges and the present to the nanosecond.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::prelude::*;

use super::mentor::{Mentor, interval, minutes, offering};
use crate::slots::{Busy, Interval};
use crate::tests::cases;

const ZONE: chrono_tz::Tz = chrono_tz::Tz::Asia__Makassar;

/// Near a multiple of five minutes, often on it, before or after it by a nanosecond or some seconds.
fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    let off = prop_oneof![
        Just(0_i64),
        Just(1),
        Just(-1),
        -1_999_999_999..2_000_000_000_i64
    ];
    let base: DateTime<Utc> = "2026-10-05T00:00:00Z".parse().unwrap();
    (0..432_i64, off)
        .prop_map(move |(at, off)| base + minutes(at * 5) + TimeDelta::nanoseconds(off))
}

fn any_interval() -> impl Strategy<Value = Interval> {
    (instant(), instant()).prop_filter_map("empty", |(a, b)| Interval::new(a.min(b), a.max(b)).ok())
}

fn brief() -> impl Strategy<Value = Interval> {
    (
        instant(),
        prop_oneof![Just(1_i64), 1..7_200_000_000_000_i64],
    )
        .prop_map(|(start, length)| interval(start, start + TimeDelta::nanoseconds(length)))
}

fn any_busy() -> impl Strategy<Value = Busy> {
    (brief(), 0..4_u16, 0..4_u16).prop_map(|(interval, before, after)| Busy {
        before_min: before * 5,
        after_min: after * 5,
        ..Busy::imported(interval)
    })
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn instants_need_not_be_whole_seconds(
        (range, now, paused) in (any_interval(), instant(), prop::option::of(instant())),
        (time_off, blackouts, busy) in (vec(brief(), 0..3), vec(brief(), 0..3), vec(any_busy(), 0..8)),
        (duration, step, before_min, after_min) in (1..20_u16, 1..12_u16, 0..20_u16, 0..20_u16),
        (notice_min, horizon_days) in (0..600_u16, 0..3_u16),
    ) {
        let mut mentor = Mentor::new(ZONE).weekly(&[(1, 300, 1440), (2, 0, 700), (2, 720, 1000)]);
        mentor.offering = crate::slots::Offering {
            before_min,
            after_min,
            ..offering(duration * 5, step * 5)
        };
        let all = mentor.slots(mentor.interval("2026-10-01T00:00", "2026-10-30T00:00"));
        mentor.time_off = time_off;
        mentor.blackouts = blackouts;
        mentor.busy = busy;
        mentor.now = now;
        mentor.paused_until = paused;
        mentor.offering.notice_min = notice_min;
        mentor.offering.horizon_days = horizon_days;
        let expected: Vec<_> = all
            .into_iter()
            .filter(|slot| {
                let session = interval(slot.starts_at, slot.ends_at);
                let start = slot.starts_at;
                range.contains(start)
                    && paused.is_none_or(|until| until <= start)
                    && now + minutes(notice_min.into()) <= start
                    && start < now + TimeDelta::days(horizon_days.into())
                    && !mentor.time_off.iter().any(|of| of.overlaps(session))
                    && !mentor.blackouts.iter().any(|of| of.overlaps(session))
                    && mentor.busy.iter().all(|of| {
                        of.interval.end() + minutes(of.after_min.max(before_min).into()) <= start
                            || slot.ends_at + minutes(of.before_min.max(after_min).into())
                                <= of.interval.start()
                    })
            })
            .collect();
        for slot in &expected {
            prop_assert_eq!(mentor.bookable(slot.starts_at), Ok(()));
        }
        prop_assert_eq!(mentor.slots(range), expected);
    }
}
