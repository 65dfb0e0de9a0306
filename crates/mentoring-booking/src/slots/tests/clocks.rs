//! Days on which clocks change.

use chrono_tz::Tz;

use super::mentor::{Mentor, busy, interval, minutes, offering, utc, weekly};
use crate::slots::Override;

fn all_week(start: u16, end: u16) -> Vec<(u8, u16, u16)> {
    (1..=7).map(|day| (day, start, end)).collect()
}

fn mentor(zone: Tz, now: &str, hours: (u16, u16)) -> Mentor {
    Mentor {
        now: utc(now),
        offering: offering(30, 30),
        ..Mentor::new(zone).weekly(&all_week(hours.0, hours.1))
    }
}

fn utc_starts(mentor: &Mentor, from: &str, to: &str) -> Vec<String> {
    let slots = mentor.slots(mentor.interval(from, to));
    let starts = slots.iter().map(|slot| slot.starts_at);
    starts
        .map(|start| start.format("%d %H:%M").to_string())
        .collect()
}

#[test]
fn a_window_starts_and_ends_at_the_first_instant_after_a_gap() {
    // New York skips 02:00 to 03:00 on 8 March 2026, 07:00 UTC.
    let from = "2026-03-08T00:00";
    let to = "2026-03-09T00:00";
    let start_in_gap = mentor(Tz::America__New_York, "2026-03-01T00:00", (130, 240));
    assert_eq!(
        utc_starts(&start_in_gap, from, to),
        ["08 07:00", "08 07:30"]
    );
    let end_in_gap = mentor(Tz::America__New_York, "2026-03-01T00:00", (60, 170));
    assert_eq!(utc_starts(&end_in_gap, from, to), ["08 06:00", "08 06:30"]);
    let within_gap = mentor(Tz::America__New_York, "2026-03-01T00:00", (125, 175));
    assert!(utc_starts(&within_gap, from, to).is_empty());
}

#[test]
fn a_window_spans_a_repeated_hour() {
    // New York repeats 01:00 to 02:00 on 1 November 2026, the second time from 06:00 UTC.
    let from = "2026-11-01T00:00";
    let to = "2026-11-02T00:00";
    let inside = mentor(Tz::America__New_York, "2026-10-30T00:00", (60, 90));
    assert_eq!(
        utc_starts(&inside, from, to),
        ["01 05:00", "01 05:30", "01 06:00"]
    );
    let after = mentor(Tz::America__New_York, "2026-10-30T00:00", (120, 150));
    assert_eq!(utc_starts(&after, from, to), ["01 07:00"]);
}

#[test]
fn midnight_may_be_missing() {
    // Santiago goes from 24:00 on Saturday, 5 September 2026, to 01:00 on Sunday, at 04:00 UTC.
    let mut night = mentor(Tz::America__Santiago, "2026-09-01T00:00", (0, 90));
    night.weekly = weekly(&[(6, 1380, 1440), (7, 0, 90)]);
    assert_eq!(
        utc_starts(&night, "2026-09-05T12:00", "2026-09-06T12:00"),
        ["06 03:00", "06 03:30", "06 04:00"]
    );
}

#[test]
fn a_day_may_end_twice() {
    // Cairo goes from 24:00 on Thursday, 29 October 2026, back to 23:00, at 21:00 UTC.
    let mut night = mentor(Tz::Africa__Cairo, "2026-10-20T00:00", (0, 90));
    night.weekly = weekly(&[(4, 1380, 1440), (5, 0, 30)]);
    assert_eq!(
        utc_starts(&night, "2026-10-29T12:00", "2026-10-30T12:00"),
        ["29 20:00", "29 20:30", "29 21:00", "29 21:30", "29 22:00"]
    );
}

#[test]
fn a_closed_date_stays_closed_when_its_midnight_repeats() {
    // Havana repeats 00:00 to 01:00 on 1 November 2026.
    let mut night = mentor(Tz::America__Havana, "2026-10-20T00:00", (1380, 1440));
    night.overrides = vec![Override::closed("2026-11-01".parse().unwrap())];
    assert_eq!(
        utc_starts(&night, "2026-10-31T12:00", "2026-11-01T12:00"),
        ["01 03:00", "01 03:30"]
    );
}

#[test]
fn a_date_that_was_skipped_joins_its_neighbours() {
    // Apia went from 24:00 on 29 December 2011 to 00:00 on the 31st, at 10:00 UTC on the 30th.
    let mut night = mentor(Tz::Pacific__Apia, "2011-12-20T00:00", (0, 60));
    night.weekly = weekly(&[(4, 1380, 1440), (5, 0, 1440), (6, 0, 60)]);
    night.offering = offering(30, 45);
    assert_eq!(
        utc_starts(&night, "2011-12-29T12:00", "2011-12-31T12:00"),
        ["30 09:00", "30 09:45", "30 10:30"]
    );
    assert_eq!(
        utc_starts(&night, "2011-12-31T00:00", "2011-12-31T12:00"),
        ["30 10:30"]
    );
}

#[test]
fn half_an_hour_may_be_repeated() {
    // Lord Howe goes from 02:00 back to 01:30 on 5 April 2026, at 15:00 UTC on the 4th.
    let night = mentor(Tz::Australia__Lord_Howe, "2026-04-01T00:00", (60, 120));
    assert_eq!(
        utc_starts(&night, "2026-04-05T00:00", "2026-04-05T12:00"),
        ["04 14:00", "04 14:30", "04 15:00"]
    );
}

#[test]
fn a_date_that_comes_back_after_midnight_is_counted_as_one() {
    // St. John's went from 00:01 on 7 November 2010 back to 23:01 on the 6th, at 02:31 UTC.
    let mut night = mentor(Tz::America__St_Johns, "2010-11-01T00:00", (0, 1440));
    let minute = |at| interval(utc(at), utc(at) + minutes(1));
    night.busy = ["2010-11-07T02:00", "2010-11-07T02:30", "2010-11-07T03:00"]
        .map(|at| busy(minute(at)))
        .to_vec();
    night.offering = offering(5, 5);
    let free = |mentor: &Mentor| {
        ["2010-11-07T02:20", "2010-11-07T03:15", "2010-11-07T03:35"]
            .map(|at| mentor.bookable(utc(at)).is_ok())
    };
    assert_eq!(free(&night), [true, true, true]);
    night.daily_cap = Some(2);
    assert_eq!(free(&night), [false, false, true]);
    night.daily_cap = Some(1);
    assert_eq!(free(&night), [false, false, false]);
}
