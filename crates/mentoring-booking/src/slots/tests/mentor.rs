use std::num::NonZeroU16;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::slots::{
    Busy, Calendar, Holiday, HolidayPolicy, Interval, Offering, Override, Refusal, Schedule, Slot,
    WeeklyRule, bookable, slots,
};

/// A calendar that owns its parts, what is booked in it, and the present.
#[derive(Debug, Clone)]
pub(super) struct Mentor {
    pub(super) zone: Tz,
    pub(super) weekly: Vec<WeeklyRule>,
    pub(super) schedules: Vec<Schedule>,
    pub(super) overrides: Vec<Override>,
    pub(super) offered: Vec<WeeklyRule>,
    pub(super) holidays: Vec<Holiday>,
    pub(super) holiday_policy: HolidayPolicy,
    pub(super) time_off: Vec<Interval>,
    pub(super) blackouts: Vec<Interval>,
    pub(super) busy: Vec<Busy>,
    pub(super) daily_cap: Option<u16>,
    pub(super) weekly_cap: Option<u16>,
    pub(super) paused_until: Option<DateTime<Utc>>,
    pub(super) offering: Offering,
    pub(super) now: DateTime<Utc>,
}

impl Mentor {
    /// Without any hours; sessions of an hour on the hour, in October 2026.
    pub(super) fn new(zone: Tz) -> Self {
        Self {
            zone,
            weekly: Vec::new(),
            schedules: Vec::new(),
            overrides: Vec::new(),
            offered: Vec::new(),
            holidays: Vec::new(),
            holiday_policy: HolidayPolicy::Closed,
            time_off: Vec::new(),
            blackouts: Vec::new(),
            busy: Vec::new(),
            daily_cap: None,
            weekly_cap: None,
            paused_until: None,
            offering: offering(60, 60),
            now: utc("2026-10-01T00:00"),
        }
    }

    pub(super) fn weekly(mut self, rules: &[(u8, u16, u16)]) -> Self {
        self.weekly = weekly(rules);
        self
    }

    pub(super) fn calendar(&self) -> Calendar<'_> {
        Calendar {
            zone: self.zone,
            weekly: &self.weekly,
            schedules: &self.schedules,
            overrides: &self.overrides,
            offered: &self.offered,
            holidays: &self.holidays,
            holiday_policy: self.holiday_policy,
            time_off: &self.time_off,
            blackouts: &self.blackouts,
            busy: &self.busy,
            daily_cap: self.daily_cap,
            weekly_cap: self.weekly_cap,
            paused_until: self.paused_until,
        }
    }

    pub(super) fn slots(&self, range: Interval) -> Vec<Slot> {
        slots(&self.calendar(), &self.offering, range, self.now).unwrap()
    }

    pub(super) fn bookable(&self, start: DateTime<Utc>) -> Result<(), Refusal> {
        bookable(&self.calendar(), &self.offering, start, self.now)
    }

    /// The local starts of the slots between two local times.
    pub(super) fn starts(&self, from: &str, to: &str) -> Vec<String> {
        self.slots(interval(self.at(from), self.at(to)))
            .iter()
            .map(|slot| {
                let local = slot.starts_at.with_timezone(&self.zone);
                local.format("%d %H:%M").to_string()
            })
            .collect()
    }

    /// A local time, the earlier of two.
    pub(super) fn at(&self, local: &str) -> DateTime<Utc> {
        let local: NaiveDateTime = format!("{local}:00").parse().unwrap();
        local
            .and_local_timezone(self.zone)
            .earliest()
            .unwrap()
            .to_utc()
    }

    pub(super) fn interval(&self, from: &str, to: &str) -> Interval {
        interval(self.at(from), self.at(to))
    }
}

pub(super) fn weekly(rules: &[(u8, u16, u16)]) -> Vec<WeeklyRule> {
    rules
        .iter()
        .map(|&(day, start, end)| WeeklyRule::new(day, start, end).unwrap())
        .collect()
}

pub(super) fn offering(duration: u16, interval: u16) -> Offering {
    Offering {
        duration_min: NonZeroU16::new(duration).unwrap(),
        interval_min: NonZeroU16::new(interval).unwrap(),
        before_min: 0,
        after_min: 0,
        notice_min: 0,
        horizon_days: 365,
    }
}

pub(super) fn interval(start: DateTime<Utc>, end: DateTime<Utc>) -> Interval {
    Interval::new(start, end).unwrap()
}

pub(super) fn busy(interval: Interval) -> Busy {
    Busy {
        counts: true,
        ..Busy::imported(interval)
    }
}

pub(super) fn utc(text: &str) -> DateTime<Utc> {
    format!("{text}:00Z").parse().unwrap()
}

pub(super) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn minutes(count: i64) -> TimeDelta {
    TimeDelta::minutes(count)
}

/// Monday, 5 October 2026, from 09:00 to 12:00.
pub(super) fn monday() -> Mentor {
    Mentor::new(Tz::Asia__Jakarta).weekly(&[(1, 540, 720)])
}

pub(super) fn on_monday(mentor: &Mentor) -> Vec<String> {
    mentor.starts("2026-10-05T00:00", "2026-10-06T00:00")
}

/// The refusal at a local time of that Monday.
pub(super) fn refusal(mentor: &Mentor, time: &str) -> Option<Refusal> {
    let start = mentor.at(&format!("2026-10-05T{time}"));
    mentor.bookable(start).err()
}

pub(super) fn busy_at(mentor: &Mentor, from: &str, to: &str) -> Busy {
    let at = |time| mentor.at(&format!("2026-10-05T{time}"));
    busy(interval(at(from), at(to)))
}
