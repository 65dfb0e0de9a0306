use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::property::Property;
use super::zone::{Zones, instant};

/// A DATE or a DATE-TIME (RFC 5545 sections 3.3.4 and 3.3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Date(NaiveDate),
    Time { local: NaiveDateTime, zone: Tz },
}

impl Moment {
    pub(super) fn local(self) -> NaiveDateTime {
        match self {
            Self::Date(date) => date.and_time(NaiveTime::MIN),
            Self::Time { local, .. } => local,
        }
    }

    pub(super) fn date(self) -> NaiveDate {
        self.local().date()
    }

    /// A date is its midnight in `dates_in`.
    pub(super) fn instant(self, dates_in: Tz) -> Option<DateTime<Utc>> {
        let zone = match self {
            Self::Date(_) => dates_in,
            Self::Time { zone, .. } => zone,
        };
        instant(zone, self.local())
    }

    pub(super) fn is_date(self) -> bool {
        matches!(self, Self::Date(_))
    }
}

/// In which zone the times of a property are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    zone: Tz,
    /// Whether that is what the feed says, and not what is left to assume.
    pub(super) known: bool,
}

impl Clock {
    pub(super) fn of(property: &Property<'_>, zones: Zones) -> Self {
        let (zone, known) = match property.parameter("TZID") {
            None => (zones.floating, true),
            Some(id) => Zones::named(id).map_or((zones.floating, false), |zone| (zone, true)),
        };
        Self { zone, known }
    }

    pub(super) fn moment(self, text: &str) -> Option<Moment> {
        if text.len() == 8 {
            return date(text).map(Moment::Date);
        }
        let (text, zone) = match text.strip_suffix(['Z', 'z']) {
            Some(text) => (text, Tz::UTC),
            None => (text, self.zone),
        };
        let (day, clock) = text.split_once(['T', 't'])?;
        Some(Moment::Time {
            local: date(day)?.and_time(time(clock)?),
            zone,
        })
    }

    /// A PERIOD (section 3.3.9). Nothing too when it ends before it starts.
    pub(super) fn period(self, text: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let (start, end) = text.split_once('/')?;
        let start = self.moment(start).filter(|start| !start.is_date())?;
        let from = start.instant(self.zone)?;
        let to = if end.contains(['P', 'p']) {
            Length::parse(end)?.end(start, self.zone)?
        } else {
            let end = self.moment(end).filter(|end| !end.is_date())?;
            end.instant(self.zone)?
        };
        (from <= to).then_some((from, to))
    }
}

/// How long something lasts: days by the calendar, then time by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) days: i64,
    pub(super) exact: TimeDelta,
}

impl Length {
    /// A DURATION (section 3.3.6) that does not go backwards.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('+').unwrap_or(text);
        let text = text.strip_prefix(['P', 'p'])?;
        let (mut days, mut seconds, mut number, mut in_time) = (0_i64, 0_i64, None, false);
        for char in text.chars() {
            if let Some(digit) = char.to_digit(10) {
                let before = number.unwrap_or(0_i64);
                number = Some(before.checked_mul(10)?.checked_add(i64::from(digit))?);
                continue;
            }
            let char = char.to_ascii_uppercase();
            if char == 'T' && !in_time && number.is_none() {
                in_time = true;
                continue;
            }
            let (unit, total) = match (char, in_time) {
                ('W', false) => (7, &mut days),
                ('D', false) => (1, &mut days),
                ('H', true) => (3_600, &mut seconds),
                ('M', true) => (60, &mut seconds),
                ('S', true) => (1, &mut seconds),
                _ => return None,
            };
            *total = number.take()?.checked_mul(unit)?.checked_add(*total)?;
        }
        let exact = TimeDelta::try_seconds(seconds)?;
        (number.is_none() && text.len() > 1).then_some(Self { days, exact })
    }

    pub(super) fn exact(exact: TimeDelta) -> Self {
        Self { days: 0, exact }
    }

    pub(super) fn days(days: i64) -> Self {
        Self {
            days,
            exact: TimeDelta::zero(),
        }
    }

    pub(super) fn is_zero(self) -> bool {
        self.days == 0 && self.exact.is_zero()
    }

    /// When what starts at `start` is over, or the end of time.
    pub(super) fn end(self, start: Moment, dates_in: Tz) -> Option<DateTime<Utc>> {
        let Some(days) = TimeDelta::try_days(self.days) else {
            return Some(DateTime::<Utc>::MAX_UTC);
        };
        let nominal = if days.is_zero() {
            start
        } else {
            match start.local().checked_add_signed(days) {
                None => return Some(DateTime::<Utc>::MAX_UTC),
                Some(local) => match start {
                    Moment::Date(_) => Moment::Date(local.date()),
                    Moment::Time { zone, .. } => Moment::Time { local, zone },
                },
            }
        };
        let end = nominal.instant(dates_in)?;
        Some(
            end.checked_add_signed(self.exact)
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        )
    }
}

fn date(text: &str) -> Option<NaiveDate> {
    let all = digits(text, 8)?;
    NaiveDate::from_ymd_opt(
        i32::try_from(all / 10_000).ok()?,
        all / 100 % 100,
        all % 100,
    )
}

/// Seconds may be left out; the sixtieth of a leap second is the one before it.
fn time(text: &str) -> Option<NaiveTime> {
    let all = match text.len() {
        4 => digits(text, 4)? * 100,
        _ => digits(text, 6)?,
    };
    let second = (all % 100).min(if all % 100 == 60 { 59 } else { 60 });
    NaiveTime::from_hms_opt(all / 10_000, all / 100 % 100, second)
}

fn digits(text: &str, count: usize) -> Option<u32> {
    let sound = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    sound.then(|| text.parse().ok()).flatten()
}
