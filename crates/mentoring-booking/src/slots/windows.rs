use std::ops::Range;

use chrono::{Datelike, Days as Span, NaiveDate};

use super::model::{Calendar, DayWindow, Override, WeeklyRule};
use super::zone::{LocalDay, local_date};

/// Part of an availability window: the starts in `anchor..until` lie on the grid of `anchor`, and sessions end by `end`, the end of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) anchor: i64,
    pub(super) until: i64,
    pub(super) end: i64,
}

/// What decides the hours of a date.
pub(super) enum Day<'a> {
    Overrides(&'a [&'a Override]),
    Holiday,
    Rules(&'a [WeeklyRule]),
}

/// The local dates that can matter to sessions starting within a range.
pub(super) struct Days<'a> {
    calendar: &'a Calendar<'a>,
    first: NaiveDate,
    last: NaiveDate,
    overrides: Vec<&'a Override>,
    holidays: Vec<NaiveDate>,
}

impl<'a> Days<'a> {
    /// Two dates before the range, as the one before may not exist (Apia, 30 December 2011), and one after.
    pub(super) fn new(calendar: &'a Calendar<'a>, starts: &Range<i64>, duration: i64) -> Self {
        let first = local_date(calendar.zone, starts.start)
            .checked_sub_days(Span::new(2))
            .unwrap_or(NaiveDate::MIN);
        let last = local_date(calendar.zone, starts.end + duration)
            .succ_opt()
            .unwrap_or(NaiveDate::MAX);
        let dates = first..=last;
        let mut overrides: Vec<_> = calendar
            .overrides
            .iter()
            .filter(|of| dates.contains(&of.date))
            .collect();
        overrides.sort_unstable_by_key(|of| of.date);
        let mut holidays: Vec<_> = calendar
            .holidays
            .iter()
            .filter(|of| dates.contains(&of.date) && calendar.holiday_policy.closes(of.kind))
            .map(|of| of.date)
            .collect();
        holidays.sort_unstable();
        Self {
            calendar,
            first,
            last,
            overrides,
            holidays,
        }
    }

    pub(super) fn day(&self, date: NaiveDate) -> Day<'_> {
        let overrides = self.overrides.partition_point(|of| of.date < date)
            ..self.overrides.partition_point(|of| of.date <= date);
        if !overrides.is_empty() {
            return Day::Overrides(self.overrides.get(overrides).unwrap_or_default());
        }
        if self.holidays.binary_search(&date).is_ok() {
            return Day::Holiday;
        }
        let schedules = self.calendar.schedules.iter();
        let rules = schedules
            .filter(|of| of.valid_from <= date && date <= of.valid_to)
            .map(|of| of.rules.as_slice())
            .next();
        Day::Rules(rules.unwrap_or(self.calendar.weekly))
    }

    /// The availability windows, joined where they touch or overlap, in order.
    ///
    /// The grid of a window starts where the window starts. Only a window that has covered a whole local date starts a new one at the midnight after it: open around the clock has no start, and without one the grid would depend on the range asked for.
    pub(super) fn stretches(&self) -> Vec<Stretch> {
        let (windows, midnights) = self.windows();
        let mut stretches = Vec::with_capacity(windows.len());
        for window in windows {
            let mut anchor = window.start;
            if window.parts > 1 {
                for (before, midnight) in midnights.iter().zip(midnights.iter().skip(1)) {
                    if window.start <= *before && *midnight < window.end {
                        stretches.push(window.stretch(anchor, *midnight));
                        anchor = *midnight;
                    }
                }
            }
            stretches.push(window.stretch(anchor, window.end));
        }
        stretches
    }

    /// The joined windows, and the instants at which the dates begin, without those that the zone skips.
    fn windows(&self) -> (Vec<Joined>, Vec<i64>) {
        let zone = self.calendar.zone;
        let mut windows = Vec::new();
        let mut midnights = Vec::new();
        for day in LocalDay::between(zone, self.first, self.last) {
            midnights.push(day.start);
            let of_day = |rules: &'a [WeeklyRule]| {
                let of_day = rules.iter();
                of_day.filter(move |rule| rule.weekday() == day.date.weekday())
            };
            let offered = self.calendar.offered;
            let mut add = |window: DayWindow| {
                if offered.is_empty() {
                    windows.extend(day.window(zone, window));
                }
                for rule in of_day(offered) {
                    let both = window.intersect(rule.window());
                    windows.extend(both.and_then(|both| day.window(zone, both)));
                }
            };
            match self.day(day.date) {
                Day::Overrides(overrides) => overrides
                    .iter()
                    .flat_map(|of| &of.windows)
                    .for_each(|window| add(*window)),
                Day::Holiday => {}
                Day::Rules(rules) => rules
                    .iter()
                    .filter(|rule| rule.weekday() == day.date.weekday())
                    .for_each(|rule| add(rule.window())),
            }
        }
        midnights.dedup();
        windows.sort_unstable();
        (join(&windows), midnights)
    }
}

struct Joined {
    start: i64,
    end: i64,
    parts: usize,
}

impl Joined {
    fn stretch(&self, anchor: i64, until: i64) -> Stretch {
        Stretch {
            anchor,
            until,
            end: self.end,
        }
    }
}

fn join(windows: &[(i64, i64)]) -> Vec<Joined> {
    let mut joined: Vec<Joined> = Vec::with_capacity(windows.len());
    for &(start, end) in windows {
        match joined.last_mut() {
            Some(last) if start <= last.end => {
                last.end = last.end.max(end);
                last.parts += 1;
            }
            _ => joined.push(Joined {
                start,
                end,
                parts: 1,
            }),
        }
    }
    joined
}
