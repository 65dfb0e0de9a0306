//! The slots again, one minute after the other and with the zones of jiff: slow, and without anything from the engine but its input types.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::mentor::Mentor;
use super::scenario::ZONES;
use crate::slots::{HolidayKind, HolidayPolicy, Interval, Refusal};

static JIFF: LazyLock<HashMap<&str, TimeZone>> = LazyLock::new(|| {
    let zone = |zone: &Tz| (zone.name(), TimeZone::get(zone.name()).unwrap());
    ZONES.iter().map(zone).collect()
});

pub(super) fn jiff(zone: Tz) -> &'static TimeZone {
    &JIFF[zone.name()]
}

const DAY: i64 = 1440;

pub(super) fn minute(instant: DateTime<Utc>) -> i64 {
    assert_eq!(instant.timestamp() % 60, 0);
    instant.timestamp() / 60
}

/// Days since 1970.
fn number(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

pub(super) struct Oracle<'a> {
    mentor: &'a Mentor,
    /// The minute since 1970 that comes first in each list.
    from: i64,
    /// Local minutes since 1970.
    local: Vec<i64>,
    open: Vec<bool>,
    /// The first minute of the availability window.
    opened: Vec<i64>,
    /// The first minute of the local date.
    dawn: Vec<i64>,
}

impl<'a> Oracle<'a> {
    pub(super) fn new(mentor: &'a Mentor, range: Interval) -> Self {
        let zone = jiff(mentor.zone);
        let from = minute(range.start()).div_euclid(15) * 15 - 5 * DAY;
        let to = minute(range.end()) + i64::from(mentor.offering.duration_min.get()) + 3 * DAY;
        let mut offset = 0;
        let local: Vec<_> = (from..to)
            .map(|minute| {
                if minute % 15 == 0 {
                    let at = Timestamp::from_second(minute * 60).unwrap();
                    offset = i64::from(zone.to_offset(at).seconds() / 60);
                }
                minute + offset
            })
            .collect();
        let mut oracle = Self {
            mentor,
            from,
            open: vec![false; local.len()],
            opened: Vec::new(),
            dawn: Vec::new(),
            local,
        };
        oracle.open();
        for at in 0..oracle.local.len() {
            let this = from + i64::try_from(at).unwrap();
            let joined = at > 0 && oracle.open[at - 1];
            let same = at > 0 && oracle.local[at - 1] / DAY == oracle.local[at] / DAY;
            oracle
                .opened
                .push(if joined { oracle.opened[at - 1] } else { this });
            oracle
                .dawn
                .push(if same { oracle.dawn[at - 1] } else { this });
        }
        oracle
    }

    fn open(&mut self) {
        let highest: Vec<i64> = self
            .local
            .iter()
            .scan(i64::MIN, |high, local| {
                *high = (*high).max(*local);
                Some(*high)
            })
            .collect();
        let mut lowest: Vec<i64> = self
            .local
            .iter()
            .rev()
            .scan(i64::MAX, |low, local| {
                *low = (*low).min(*local);
                Some(*low)
            })
            .collect();
        lowest.reverse();
        let first_from = |local: i64| highest.partition_point(|high| *high < local);
        let days = self.local[0] / DAY + 1..self.local[self.local.len() - 1] / DAY;
        for day in days {
            for (start, end) in self.offered(day) {
                let start = first_from(day * DAY + i64::from(start));
                let end_local = day * DAY + i64::from(end);
                let last = lowest
                    .partition_point(|low| *low <= end_local)
                    .saturating_sub(1);
                let end = if self.local[last] == end_local && end != 1440 {
                    last
                } else {
                    first_from(end_local)
                };
                for at in start..end {
                    self.open[at] = true;
                }
            }
        }
    }

    /// The windows of a day in which the offering is given.
    fn offered(&self, day: i64) -> Vec<(u16, u16)> {
        let hours = self.hours(day);
        if self.mentor.offered.is_empty() {
            return hours;
        }
        let within = |windows: &[(u16, u16)], minute: u16| {
            windows
                .iter()
                .any(|(start, end)| (*start..*end).contains(&minute))
        };
        let of_day = self
            .mentor
            .offered
            .iter()
            .filter(|rule| (day + 3) % 7 == i64::from(rule.weekday().num_days_from_monday()));
        let given: Vec<(u16, u16)> = of_day
            .map(|rule| (rule.window().start_min(), rule.window().end_min()))
            .collect();
        let mut windows: Vec<(u16, u16)> = Vec::new();
        for minute in (0..1440).filter(|minute| within(&hours, *minute) && within(&given, *minute))
        {
            match windows.last_mut() {
                Some((_, end)) if *end == minute => *end = minute + 1,
                _ => windows.push((minute, minute + 1)),
            }
        }
        windows
    }

    /// The windows of a day.
    fn hours(&self, day: i64) -> Vec<(u16, u16)> {
        let Mentor {
            overrides,
            schedules,
            weekly,
            ..
        } = self.mentor;
        let mut windows = Vec::new();
        if overrides.iter().any(|of| number(of.date) == day) {
            for of in overrides {
                if number(of.date) == day {
                    windows.extend(of.windows.iter().map(|of| (of.start_min(), of.end_min())));
                }
            }
        } else if !self.holiday(day) {
            let mut rules = weekly;
            for schedule in schedules.iter().rev() {
                if (number(schedule.valid_from)..=number(schedule.valid_to)).contains(&day) {
                    rules = &schedule.rules;
                }
            }
            for rule in rules {
                if (day + 3) % 7 == i64::from(rule.weekday().num_days_from_monday()) {
                    windows.push((rule.window().start_min(), rule.window().end_min()));
                }
            }
        }
        windows
    }

    fn holiday(&self, day: i64) -> bool {
        let overridden = self
            .mentor
            .overrides
            .iter()
            .any(|of| number(of.date) == day);
        !overridden
            && self.mentor.holidays.iter().any(|holiday| {
                number(holiday.date) == day
                    && match (self.mentor.holiday_policy, holiday.kind) {
                        (HolidayPolicy::Ignore, _)
                        | (HolidayPolicy::Closed, HolidayKind::CutiBersama) => false,
                        (HolidayPolicy::Closed | HolidayPolicy::ClosedAlsoCutiBersama, _) => true,
                    }
            })
    }

    fn at(&self, minute: i64) -> usize {
        usize::try_from(minute - self.from).unwrap()
    }

    fn day(&self, minute: i64) -> i64 {
        self.local[self.at(minute)] / DAY
    }

    /// The start of the grid at an open minute.
    fn anchor(&self, minute: i64) -> i64 {
        let opened = self.opened[self.at(minute)];
        let dawn = self.dawn[self.at(minute)];
        if opened >= dawn {
            return opened;
        }
        let yesterday = self.dawn[self.at(dawn - 1)];
        if opened <= yesterday { dawn } else { opened }
    }

    /// Why a session cannot start at a minute of the range.
    pub(super) fn judge(&self, start: i64) -> Result<(), Refusal> {
        let mentor = self.mentor;
        let offering = mentor.offering;
        let now = minute(mentor.now);
        if mentor
            .paused_until
            .is_some_and(|until| start < minute(until))
        {
            return Err(Refusal::Paused);
        }
        if start < now + i64::from(offering.notice_min) {
            return Err(Refusal::NoticeTooShort);
        }
        if start >= now + i64::from(offering.horizon_days) * DAY {
            return Err(Refusal::BeyondHorizon);
        }
        let end = start + i64::from(offering.duration_min.get());
        let hits = |of: &Interval| start < minute(of.end()) && minute(of.start()) < end;
        if mentor.blackouts.iter().any(hits) {
            return Err(Refusal::Blackout);
        }
        if let Some(closed) = (start..end).find(|minute| !self.open[self.at(*minute)]) {
            return Err(if self.holiday(self.day(closed)) {
                Refusal::Holiday
            } else {
                Refusal::OutsideHours
            });
        }
        if mentor.time_off.iter().any(hits) {
            return Err(Refusal::TimeOff);
        }
        if mentor.busy.iter().any(|busy| hits(&busy.interval)) {
            return Err(Refusal::Busy);
        }
        for busy in &mentor.busy {
            let gap = if minute(busy.interval.end()) <= start {
                let gap = start - minute(busy.interval.end());
                (gap, busy.after_min.max(offering.before_min))
            } else {
                let gap = minute(busy.interval.start()) - end;
                (gap, busy.before_min.max(offering.after_min))
            };
            if gap.0 < i64::from(gap.1) {
                return Err(Refusal::Buffer);
            }
        }
        if self.full(start) {
            return Err(Refusal::LimitReached);
        }
        if !self.is_on_grid(start) {
            return Err(Refusal::OffGrid);
        }
        Ok(())
    }

    /// Whether a session can start at a minute of the range: the same, without waiting for the reason.
    pub(super) fn offers(&self, start: i64) -> bool {
        self.open[self.at(start)] && self.is_on_grid(start) && self.judge(start).is_ok()
    }

    fn is_on_grid(&self, start: i64) -> bool {
        (start - self.anchor(start)) % i64::from(self.mentor.offering.interval_min.get()) == 0
    }

    fn full(&self, start: i64) -> bool {
        let date = |at: i64| {
            let at = Timestamp::from_second(at * 60).unwrap();
            at.to_zoned_datetime(jiff(self.mentor.zone).clone()).date()
        };
        let count = |same: &dyn Fn(jiff::civil::Date) -> bool| {
            let counted = self.mentor.busy.iter().filter(|busy| busy.counts);
            counted
                .filter(|busy| same(date(minute(busy.interval.start()))))
                .count()
        };
        let today = date(start);
        let monday = today - (i32::from(today.weekday().to_monday_zero_offset())).days();
        let next = monday + 7.days();
        let full = |cap: Option<u16>, same: &dyn Fn(jiff::civil::Date) -> bool| {
            cap.is_some_and(|cap| count(same) >= usize::from(cap))
        };
        full(self.mentor.daily_cap, &|date| date == today)
            || full(self.mentor.weekly_cap, &|date| {
                monday <= date && date < next
            })
    }
}
