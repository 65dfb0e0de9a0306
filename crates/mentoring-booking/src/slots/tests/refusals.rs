use chrono_tz::Tz;

use super::mentor::{
    Mentor, busy, busy_at, date, interval, minutes, monday, offering, on_monday, refusal, utc,
};
use crate::slots::{Busy, Holiday, HolidayKind, Override, Refusal};

#[test]
fn time_off_and_blackouts_take_no_buffers_and_no_override_lifts_them() {
    let mut mentor = monday();
    mentor.offering.before_min = 30;
    mentor.offering.after_min = 30;
    mentor.overrides = vec![Override::new(date("2026-10-05"), &[(540, 720)]).unwrap()];
    let ten_to_eleven = mentor.interval("2026-10-05T10:00", "2026-10-05T11:00");
    mentor.time_off = vec![ten_to_eleven];
    assert_eq!(on_monday(&mentor), ["05 09:00", "05 11:00"]);
    assert_eq!(refusal(&mentor, "09:01"), Some(Refusal::TimeOff));
    mentor.blackouts = vec![ten_to_eleven];
    assert_eq!(on_monday(&mentor), ["05 09:00", "05 11:00"]);
    assert_eq!(refusal(&mentor, "10:59"), Some(Refusal::Blackout));
}

#[test]
fn the_larger_of_two_buffers_counts() {
    for (theirs, mine, free) in [
        ((0, 0), (0, 0), (60, 60)),
        ((15, 0), (0, 0), (75, 60)),
        ((0, 15), (0, 0), (60, 75)),
        ((0, 0), (15, 0), (60, 75)),
        ((0, 0), (0, 15), (75, 60)),
        ((10, 20), (25, 5), (70, 85)),
        ((10, 20), (5, 25), (85, 80)),
    ] {
        let mut mentor = Mentor::new(Tz::Asia__Jakarta).weekly(&[(1, 480, 1080)]);
        mentor.offering = offering(60, 1);
        (mentor.offering.before_min, mentor.offering.after_min) = mine;
        mentor.busy = vec![Busy {
            before_min: theirs.0,
            after_min: theirs.1,
            ..busy_at(&mentor, "12:00", "13:00")
        }];
        let noon = mentor.at("2026-10-05T12:00");
        let start = |from_noon: i64| mentor.bookable(noon + minutes(from_noon));
        let context = format!("{theirs:?} {mine:?}");
        assert_eq!(start(-free.0), Ok(()), "{context}");
        assert_eq!(start(free.1), Ok(()), "{context}");
        let near = |gap| {
            if gap == 60 {
                Refusal::Busy
            } else {
                Refusal::Buffer
            }
        };
        assert_eq!(start(1 - free.0), Err(near(free.0)), "{context}");
        assert_eq!(start(free.1 - 1), Err(near(free.1)), "{context}");
        assert_eq!(start(-59), Err(Refusal::Busy), "{context}");
    }
}

#[test]
fn busy_times_may_overlap_in_any_order() {
    let mut mentor = Mentor::new(Tz::Asia__Jakarta).weekly(&[(1, 540, 1080)]);
    mentor.busy = vec![
        busy_at(&mentor, "13:00", "13:05"),
        busy_at(&mentor, "09:00", "12:30"),
        busy_at(&mentor, "10:00", "10:30"),
        busy_at(&mentor, "10:00", "10:30"),
    ];
    // The grid stays where it was: a busy time that ends at 13:05 does not move it.
    assert_eq!(
        on_monday(&mentor),
        ["05 14:00", "05 15:00", "05 16:00", "05 17:00"]
    );
}

#[test]
fn caps_count_the_sessions_of_the_local_date_and_iso_week() {
    let mut mentor = Mentor::new(Tz::Asia__Jayapura).weekly(&[(1, 0, 180), (7, 1260, 1440)]);
    // Sunday 22:00 UTC is Monday 07:00 in Jayapura.
    mentor.busy = vec![
        busy(interval(utc("2026-10-04T22:00"), utc("2026-10-04T23:00"))),
        Busy::imported(mentor.interval("2026-10-04T12:00", "2026-10-04T13:00")),
        busy(mentor.interval("2026-10-04T23:30", "2026-10-05T00:30")),
    ];
    let both = |mentor: &Mentor| mentor.starts("2026-10-04T12:00", "2026-10-05T12:00");
    let free = ["04 21:00", "04 22:00", "05 01:00", "05 02:00"];
    assert_eq!(both(&mentor), free);
    mentor.daily_cap = Some(2);
    assert_eq!(both(&mentor), free);
    mentor.daily_cap = Some(1);
    assert!(both(&mentor).is_empty());
    assert_eq!(refusal(&mentor, "01:00"), Some(Refusal::LimitReached));

    mentor.daily_cap = None;
    mentor.weekly_cap = Some(2);
    assert_eq!(both(&mentor), free);
    // Sunday closes the week that Monday opens.
    mentor.busy.push(busy(
        mentor.interval("2026-10-10T12:00", "2026-10-10T13:00"),
    ));
    assert_eq!(both(&mentor), ["04 21:00", "04 22:00"]);
    mentor.weekly_cap = Some(0);
    assert!(both(&mentor).is_empty());
    mentor.weekly_cap = None;
    mentor.daily_cap = Some(0);
    assert!(
        mentor
            .starts("2026-10-12T00:00", "2026-10-13T00:00")
            .is_empty()
    );
}

#[test]
fn notice_horizon_and_pause_bound_the_start() {
    let mut mentor = monday();
    mentor.offering.interval_min = 30.try_into().unwrap();
    mentor.now = mentor.at("2026-10-05T09:30");
    assert_eq!(
        on_monday(&mentor),
        ["05 09:30", "05 10:00", "05 10:30", "05 11:00"]
    );
    assert_eq!(refusal(&mentor, "09:00"), Some(Refusal::NoticeTooShort));
    mentor.offering.notice_min = 60;
    assert_eq!(on_monday(&mentor), ["05 10:30", "05 11:00"]);
    assert_eq!(refusal(&mentor, "10:00"), Some(Refusal::NoticeTooShort));

    mentor.offering.horizon_days = 7;
    mentor.now = mentor.at("2026-09-28T10:00");
    assert_eq!(on_monday(&mentor), ["05 09:00", "05 09:30"]);
    assert_eq!(refusal(&mentor, "10:00"), Some(Refusal::BeyondHorizon));
    mentor.offering.horizon_days = 0;
    assert!(on_monday(&mentor).is_empty());

    mentor.offering.horizon_days = 30;
    mentor.paused_until = Some(mentor.at("2026-10-05T10:00"));
    assert_eq!(on_monday(&mentor), ["05 10:00", "05 10:30", "05 11:00"]);
    assert_eq!(refusal(&mentor, "09:30"), Some(Refusal::Paused));
}

#[test]
fn the_first_reason_is_given() {
    let mut mentor = monday();
    mentor.offering.before_min = 10;
    mentor.daily_cap = Some(1);
    mentor.busy = vec![busy_at(&mentor, "09:00", "10:00")];
    let nine = mentor.interval("2026-10-05T09:00", "2026-10-05T09:10");
    let holiday = Holiday {
        date: date("2026-10-05"),
        kind: HolidayKind::National,
    };
    assert_eq!(refusal(&mentor, "11:00"), Some(Refusal::LimitReached));
    assert_eq!(refusal(&mentor, "10:05"), Some(Refusal::Buffer));
    assert_eq!(refusal(&mentor, "09:05"), Some(Refusal::Busy));
    mentor.time_off = vec![nine];
    assert_eq!(refusal(&mentor, "09:05"), Some(Refusal::TimeOff));
    mentor.holidays = vec![holiday];
    assert_eq!(refusal(&mentor, "09:05"), Some(Refusal::Holiday));
    mentor.blackouts = vec![nine];
    assert_eq!(refusal(&mentor, "09:05"), Some(Refusal::Blackout));
    mentor.offering.horizon_days = 0;
    assert_eq!(refusal(&mentor, "09:05"), Some(Refusal::BeyondHorizon));
    mentor.now = mentor.at("2026-10-05T09:06");
    assert_eq!(refusal(&mentor, "09:05"), Some(Refusal::NoticeTooShort));
    mentor.paused_until = Some(mentor.now);
    assert_eq!(refusal(&mentor, "09:05"), Some(Refusal::Paused));
}
