//! Local time and seconds since 1970.
//!
//! [`LocalDay`] and [`LocalDates`] rely on a zone never changing its clocks twice within a day; a test holds for every zone.

use std::ops::Range;

use chrono::{
    DateTime, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone,
};
use chrono_tz::{GapInfo, Tz};

use super::model::{DAY_MIN, DayWindow};

const DAY: i64 = 86_400;

#[derive(Clone, Copy)]
enum Edge {
    Start,
    End,
}

/// A date, from its first instant to the first of the next one. A date that the zone skips is empty.
pub(super) struct LocalDay {
    pub(super) date: NaiveDate,
    pub(super) start: i64,
    end: i64,
    /// All of it has one offset.
    steady: bool,
}

impl LocalDay {
    /// The dates from `first` to `last`, as far as they can be represented.
    pub(super) fn between(
        zone: Tz,
        first: NaiveDate,
        last: NaiveDate,
    ) -> impl Iterator<Item = Self> {
        let midnight =
            move |date: NaiveDate| instant(zone, date.and_time(NaiveTime::MIN), Edge::Start);
        let mut next = midnight(first);
        let dates = first.iter_days().take_while(move |date| *date <= last);
        dates.filter_map(move |date| {
            let this = next;
            next = date.succ_opt().and_then(midnight);
            let ((start, offset), (end, next_offset)) = this.zip(next)?;
            Some(Self {
                date,
                start,
                end,
                steady: offset.is_some() && offset == next_offset,
            })
        })
    }

    /// The window on this date, `None` if the zone skips all of it.
    pub(super) fn window(&self, zone: Tz, window: DayWindow) -> Option<(i64, i64)> {
        let start = self.at(zone, window.start_min(), Edge::Start)?;
        // Not the later of two midnights, which would lie within the next date.
        let end = if window.end_min() == DAY_MIN {
            self.end
        } else {
            self.at(zone, window.end_min(), Edge::End)?
        };
        (start < end).then_some((start, end))
    }

    #[cfg(test)]
    pub(super) fn is_steady(&self) -> bool {
        self.steady
    }

    fn at(&self, zone: Tz, minute: u16, edge: Edge) -> Option<i64> {
        if self.steady {
            return Some(self.start + i64::from(minute) * 60);
        }
        let midnight = self.date.and_time(NaiveTime::MIN);
        let local = midnight.checked_add_signed(TimeDelta::minutes(minute.into()))?;
        instant(zone, local, edge).map(|(at, _)| at)
    }
}

/// The instant of a local time, and the offset if there is but one.
///
/// A local time that the zone skips becomes the first instant after the gap; of two instants, a start takes the earlier and an end the later.
fn instant(zone: Tz, local: NaiveDateTime, edge: Edge) -> Option<(i64, Option<i64>)> {
    let utc = local.and_utc().timestamp();
    match zone.offset_from_local_datetime(&local) {
        MappedLocalTime::Single(offset) => {
            let offset = i64::from(offset.fix().local_minus_utc());
            Some((utc - offset, Some(offset)))
        }
        MappedLocalTime::Ambiguous(a, b) => {
            let [a, b] = [a, b].map(|offset| utc - i64::from(offset.fix().local_minus_utc()));
            let at = match edge {
                Edge::Start => a.min(b),
                Edge::End => a.max(b),
            };
            Some((at, None))
        }
        MappedLocalTime::None => Some((GapInfo::new(&local, &zone)?.end?.timestamp(), None)),
    }
}

fn offset_at(zone: Tz, second: i64) -> i64 {
    DateTime::from_timestamp(second, 0).map_or(0, |utc| {
        let offset = zone.offset_from_utc_datetime(&utc.naive_utc());
        i64::from(offset.fix().local_minus_utc())
    })
}

/// The local date, or the nearest that can be represented.
pub(super) fn local_date(zone: Tz, second: i64) -> NaiveDate {
    let nearest = if second < 0 {
        NaiveDate::MIN
    } else {
        NaiveDate::MAX
    };
    DateTime::from_timestamp(second + offset_at(zone, second), 0)
        .map_or(nearest, |local| local.date_naive())
}

/// The local dates of instants, as days since 1970; quick while the date stays the same.
pub(super) struct LocalDates {
    zone: Tz,
    known: Range<i64>,
    day: i64,
}

impl LocalDates {
    pub(super) fn new(zone: Tz) -> Self {
        Self {
            zone,
            known: 0..0,
            day: 0,
        }
    }

    pub(super) fn day(&mut self, second: i64) -> i64 {
        if !self.known.contains(&second) {
            let offset = offset_at(self.zone, second);
            let local = second + offset;
            self.day = local.div_euclid(DAY);
            let midnight = second + DAY - local.rem_euclid(DAY);
            self.known = if offset_at(self.zone, midnight - 1) == offset {
                second..midnight
            } else {
                second..second + 1
            };
        }
        self.day
    }
}

/// The ISO week of a day since 1970: weeks since the one of 1 January 1970, a Thursday.
pub(super) fn iso_week(day: i64) -> i64 {
    (day + 3).div_euclid(7)
}
