use chrono_tz::Tz;

use super::mentor::{Mentor, date, monday, offering, on_monday, refusal, weekly};
use crate::slots::{Holiday, HolidayKind, HolidayPolicy, Override, Refusal, Schedule};

#[test]
fn a_window_is_cut_into_a_grid_from_its_start() {
    let mut mentor = Mentor::new(Tz::Asia__Jakarta).weekly(&[(1, 545, 720), (1, 800, 900)]);
    assert_eq!(on_monday(&mentor), ["05 09:05", "05 10:05", "05 13:20"]);
    mentor.offering = offering(60, 45);
    assert_eq!(
        on_monday(&mentor),
        ["05 09:05", "05 09:50", "05 10:35", "05 13:20"]
    );
    assert_eq!(
        mentor.starts("2026-10-05T09:06", "2026-10-05T10:35"),
        ["05 09:50"]
    );
    assert_eq!(refusal(&mentor, "09:50"), None);
    assert_eq!(refusal(&mentor, "09:51"), Some(Refusal::OffGrid));
    assert_eq!(refusal(&mentor, "11:20"), Some(Refusal::OutsideHours));
    assert_eq!(refusal(&mentor, "12:30"), Some(Refusal::OutsideHours));
}

#[test]
fn windows_that_meet_are_one() {
    let mut mentor = Mentor::new(Tz::Asia__Jakarta).weekly(&[(1, 1350, 1440), (2, 0, 90)]);
    let night = |mentor: &Mentor| mentor.starts("2026-10-05T12:00", "2026-10-06T12:00");
    assert_eq!(night(&mentor), ["05 22:30", "05 23:30", "06 00:30"]);
    mentor.weekly = weekly(&[(1, 1350, 1439), (2, 0, 90)]);
    assert_eq!(night(&mentor), ["05 22:30", "06 00:00"]);
    mentor.weekly = weekly(&[(1, 540, 650), (1, 600, 720), (1, 720, 780)]);
    assert_eq!(
        on_monday(&mentor),
        ["05 09:00", "05 10:00", "05 11:00", "05 12:00"]
    );
}

#[test]
fn around_the_clock_the_grid_starts_anew_at_the_midnight_after_a_whole_date() {
    let mut mentor =
        Mentor::new(Tz::Asia__Jakarta).weekly(&[(1, 1200, 1440), (2, 0, 1440), (3, 0, 1440)]);
    mentor.offering = offering(60, 420);
    assert_eq!(
        mentor.starts("2026-10-05T00:00", "2026-10-09T00:00"),
        // Tuesday goes on from Monday evening, Wednesday does not.
        [
            "05 20:00", "06 03:00", "06 10:00", "06 17:00", "07 00:00", "07 07:00", "07 14:00",
            "07 21:00"
        ]
    );
    // A session may still run over the seam.
    mentor.offering = offering(480, 420);
    assert_eq!(refusal(&mentor, "20:00"), None);
    assert_eq!(mentor.bookable(mentor.at("2026-10-06T17:00")), Ok(()));
}

#[test]
fn the_day_is_decided_by_override_then_holiday_then_schedule_then_week() {
    let mut mentor = monday();
    assert_eq!(on_monday(&mentor), ["05 09:00", "05 10:00", "05 11:00"]);

    let ramadan = |from, to, rules| Schedule {
        valid_from: date(from),
        valid_to: date(to),
        rules: weekly(rules),
    };
    mentor.schedules = vec![
        ramadan("2026-09-01", "2026-10-04", &[(1, 0, 60)]),
        ramadan("2026-10-05", "2026-10-05", &[(1, 780, 900)]),
        ramadan("2026-10-05", "2026-11-05", &[(1, 0, 60)]),
    ];
    assert_eq!(on_monday(&mentor), ["05 13:00", "05 14:00"]);
    mentor.schedules = vec![ramadan("2026-10-01", "2026-10-09", &[(2, 780, 900)])];
    assert!(on_monday(&mentor).is_empty());
    assert_eq!(refusal(&mentor, "09:00"), Some(Refusal::OutsideHours));

    mentor.schedules = vec![ramadan("2026-10-01", "2026-10-09", &[(1, 780, 900)])];
    mentor.holidays = vec![Holiday {
        date: date("2026-10-05"),
        kind: HolidayKind::National,
    }];
    assert!(on_monday(&mentor).is_empty());
    assert_eq!(refusal(&mentor, "13:00"), Some(Refusal::Holiday));

    mentor.overrides =
        vec![Override::new(date("2026-10-05"), &[(600, 660), (1380, 1440)]).unwrap()];
    assert_eq!(on_monday(&mentor), ["05 10:00", "05 23:00"]);
    assert_eq!(refusal(&mentor, "13:00"), Some(Refusal::OutsideHours));
    mentor.overrides = vec![Override::closed(date("2026-10-05"))];
    assert!(on_monday(&mentor).is_empty());
    assert_eq!(refusal(&mentor, "10:00"), Some(Refusal::OutsideHours));
}

#[test]
fn the_policy_decides_which_holidays_close() {
    use HolidayKind::{CutiBersama, National, Regional};
    use HolidayPolicy::{Closed, ClosedAlsoCutiBersama, Ignore};
    for (policy, kind, closed) in [
        (Closed, National, true),
        (Closed, Regional, true),
        (Closed, CutiBersama, false),
        (ClosedAlsoCutiBersama, National, true),
        (ClosedAlsoCutiBersama, Regional, true),
        (ClosedAlsoCutiBersama, CutiBersama, true),
        (Ignore, National, false),
        (Ignore, Regional, false),
        (Ignore, CutiBersama, false),
    ] {
        let mut mentor = monday();
        mentor.holiday_policy = policy;
        mentor.holidays = vec![Holiday {
            date: date("2026-10-05"),
            kind,
        }];
        assert_eq!(on_monday(&mentor).is_empty(), closed, "{policy:?} {kind:?}");
        assert_eq!(
            refusal(&mentor, "09:00"),
            closed.then_some(Refusal::Holiday)
        );
    }
}

#[test]
fn a_session_that_would_run_into_a_holiday_names_it() {
    let mut mentor = Mentor::new(Tz::Asia__Jakarta).weekly(&[(1, 1380, 1440), (2, 0, 60)]);
    mentor.offering = offering(90, 30);
    assert_eq!(refusal(&mentor, "23:30"), None);
    mentor.holidays = vec![Holiday {
        date: date("2026-10-06"),
        kind: HolidayKind::National,
    }];
    assert_eq!(refusal(&mentor, "23:30"), Some(Refusal::Holiday));
    assert_eq!(refusal(&mentor, "22:00"), Some(Refusal::OutsideHours));
}

#[test]
fn an_offering_is_given_where_its_hours_and_the_mentors_meet() {
    // From nine to twelve, and given from half past nine, over noon and at night.
    let mut mentor = monday();
    mentor.offered = weekly(&[(1, 570, 600), (1, 630, 1440), (2, 540, 720)]);
    assert_eq!(on_monday(&mentor), ["05 10:30"]);
    assert_eq!(refusal(&mentor, "09:00"), Some(Refusal::OutsideHours));
    assert_eq!(refusal(&mentor, "09:30"), Some(Refusal::OutsideHours));
    assert_eq!(refusal(&mentor, "11:30"), Some(Refusal::OutsideHours));
    assert_eq!(refusal(&mentor, "10:45"), Some(Refusal::OffGrid));
    // Hours of other days close this one; none at all close nothing.
    mentor.offered = weekly(&[(2, 0, 1440)]);
    assert!(on_monday(&mentor).is_empty());
    mentor.offered.clear();
    assert_eq!(on_monday(&mentor).len(), 3);
}

#[test]
fn an_override_opens_no_more_than_the_offering() {
    let mut mentor = monday();
    mentor.offered = weekly(&[(1, 600, 720), (2, 600, 720)]);
    mentor.overrides = vec![Override::new(date("2026-10-06"), &[(480, 660)]).unwrap()];
    let tuesday = mentor.starts("2026-10-06T00:00", "2026-10-07T00:00");
    assert_eq!(tuesday, ["06 10:00"]);
    mentor.holidays = vec![Holiday {
        date: date("2026-10-05"),
        kind: HolidayKind::National,
    }];
    assert_eq!(refusal(&mentor, "08:00"), Some(Refusal::Holiday));
}

#[test]
fn hours_of_an_offering_over_midnight_are_one() {
    let mut mentor = Mentor::new(Tz::Asia__Jakarta).weekly(&[(1, 1200, 1440), (2, 0, 240)]);
    mentor.offered = weekly(&[(1, 1350, 1440), (2, 0, 120)]);
    let night = mentor.starts("2026-10-05T12:00", "2026-10-06T12:00");
    assert_eq!(night, ["05 22:30", "05 23:30", "06 00:30"]);
}
