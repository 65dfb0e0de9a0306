use chrono::TimeDelta;

use super::mentor::{date, interval, minutes, utc};
use crate::slots::{DayWindow, Interval, Invalid, Override, Refusal, WeeklyRule};

#[test]
fn values_that_cannot_be_are_refused() {
    let noon = utc("2026-10-05T12:00");
    assert_eq!(Interval::new(noon, noon), Err(Invalid::Interval));
    assert_eq!(
        Interval::new(noon, noon - minutes(1)),
        Err(Invalid::Interval)
    );
    for day in [0, 8, 255] {
        assert_eq!(WeeklyRule::new(day, 0, 1), Err(Invalid::Weekday));
    }
    for (start, end) in [
        (0, 0),
        (60, 60),
        (61, 60),
        (0, 1441),
        (1440, 1440),
        (1440, 1441),
    ] {
        assert_eq!(DayWindow::new(start, end), Err(Invalid::Window));
        assert_eq!(WeeklyRule::new(1, start, end), Err(Invalid::Window));
        assert!(Override::new(date("2026-10-05"), &[(0, 60), (start, end)]).is_err());
    }
    assert!(DayWindow::new(0, 1440).is_ok() && DayWindow::new(1439, 1440).is_ok());
}

#[test]
fn intervals_are_half_open() {
    let at = |hour: i64| utc("2026-10-05T00:00") + TimeDelta::hours(hour);
    let of = |from, to| interval(at(from), at(to));
    assert!(!of(1, 2).overlaps(of(2, 3)) && !of(2, 3).overlaps(of(1, 2)));
    assert!(of(1, 3).overlaps(of(2, 4)) && of(1, 4).overlaps(of(2, 3)));
    assert!(of(1, 2).contains(at(1)) && !of(1, 2).contains(at(2)));
}

#[test]
fn refusals_have_stable_names() {
    let names = [
        (Refusal::Paused, "paused"),
        (Refusal::NoticeTooShort, "notice_too_short"),
        (Refusal::BeyondHorizon, "beyond_horizon"),
        (Refusal::Blackout, "blackout"),
        (Refusal::Holiday, "holiday"),
        (Refusal::OutsideHours, "outside_hours"),
        (Refusal::TimeOff, "time_off"),
        (Refusal::Busy, "busy"),
        (Refusal::Buffer, "buffer"),
        (Refusal::LimitReached, "limit_reached"),
        (Refusal::OffGrid, "off_grid"),
    ];
    for (refusal, name) in names {
        assert_eq!(refusal.as_str(), name);
        assert_eq!(refusal.to_string(), name);
    }
}
