use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use chrono_tz::Tz;

use super::value::{Clock, Moment};

/// The most values one part of a rule may list.
const LIST: usize = 400;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// The part of RECUR (RFC 5545 section 3.3.10) that is understood: no times of day, no numbers of
/// weeks or of days of the year, no other calendar scale.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: u32,
    pub(super) count: Option<u32>,
    until: Option<Moment>,
    pub(super) by_month: Vec<u32>,
    by_month_day: Vec<i64>,
    /// With the ordinal, or zero for every one, and days from Monday.
    by_day: Vec<(i64, u32)>,
    /// Sorted.
    pub(super) by_set_pos: Vec<i64>,
    pub(super) week_start: Weekday,
}

impl Rule {
    /// A rule for something that starts at `start`. Nothing when any of it is not understood.
    pub(super) fn parse(text: &str, start: NaiveDate, clock: Clock) -> Option<Self> {
        let mut parts: Vec<(String, &str)> = Vec::new();
        for part in text.split(';').filter(|part| !part.trim().is_empty()) {
            let (name, value) = part.split_once('=')?;
            let name = name.trim().to_ascii_uppercase();
            let known = PARTS.contains(&name.as_str());
            if !known || parts.iter().any(|(seen, _)| *seen == name) {
                return None;
            }
            parts.push((name, value.trim()));
        }
        let part = |name: &str| {
            parts
                .iter()
                .find(|(n, _)| n == name)
                .map(|&(_, value)| value)
        };
        let mut rule = Self {
            frequency: frequency(part("FREQ")?)?,
            interval: part("INTERVAL").map_or(Some(1), positive)?,
            count: match part("COUNT") {
                Some(text) => Some(positive(text)?),
                None => None,
            },
            until: match part("UNTIL") {
                Some(text) => Some(clock.moment(text)?),
                None => None,
            },
            by_month: list(part("BYMONTH"), |text| {
                positive(text).filter(|month| *month <= 12)
            })?,
            by_month_day: list(part("BYMONTHDAY"), |text| ordinal(text, 31))?,
            by_day: list(part("BYDAY"), week_day)?,
            by_set_pos: list(part("BYSETPOS"), |text| ordinal(text, 366))?,
            week_start: part("WKST").map_or(Some(Weekday::Mon), weekday)?,
        };
        rule.fits_its_frequency().then(|| {
            rule.complete(start);
            rule
        })
    }

    fn fits_its_frequency(&self) -> bool {
        let has_ordinals = self.by_day.iter().any(|(ordinal, _)| *ordinal != 0);
        match self.frequency {
            Frequency::Daily => !has_ordinals,
            Frequency::Weekly => !has_ordinals && self.by_month_day.is_empty(),
            Frequency::Monthly | Frequency::Yearly => true,
        }
    }

    /// What a rule leaves out comes from its start.
    fn complete(&mut self, start: NaiveDate) {
        if !self.by_day.is_empty() || !self.by_month_day.is_empty() {
            return;
        }
        match self.frequency {
            Frequency::Daily => {}
            Frequency::Weekly => self
                .by_day
                .push((0, start.weekday().num_days_from_monday())),
            Frequency::Monthly => self.by_month_day.push(i64::from(start.day())),
            Frequency::Yearly => {
                self.by_month_day.push(i64::from(start.day()));
                if self.by_month.is_empty() {
                    self.by_month.push(start.month());
                }
            }
        }
    }

    /// What one `matches` costs, in days tried.
    pub(super) fn cost(&self) -> u64 {
        let tests = self.by_day.len() + self.by_month_day.len();
        1 + u64::try_from(tests / 8).unwrap_or(u64::MAX)
    }

    pub(super) fn matches_month(&self, date: NaiveDate) -> bool {
        self.by_month.is_empty() || self.by_month.contains(&date.month())
    }

    /// Whether a day passes all parts but BYMONTH and BYSETPOS.
    pub(super) fn matches_day(&self, date: NaiveDate) -> bool {
        let day = i64::from(date.day());
        let in_month = i64::from(date.num_days_in_month());
        let by_month_day = self.by_month_day.is_empty()
            || self.by_month_day.contains(&day)
            || self.by_month_day.contains(&(day - in_month - 1));
        by_month_day && (self.by_day.is_empty() || self.matches_week_day(date, day, in_month))
    }

    fn matches_week_day(&self, date: NaiveDate, day: i64, in_month: i64) -> bool {
        let weekday = date.weekday().num_days_from_monday();
        let in_year = self.frequency == Frequency::Yearly && self.by_month.is_empty();
        let (index, days) = if in_year {
            let days = if date.leap_year() { 366 } else { 365 };
            (i64::from(date.ordinal0()), days)
        } else {
            (day - 1, in_month)
        };
        let from_start = index / 7 + 1;
        let from_end = -((days - 1 - index) / 7 + 1);
        self.by_day.iter().any(|&(ordinal, on)| {
            on == weekday && (ordinal == 0 || ordinal == from_start || ordinal == from_end)
        })
    }

    /// The last local time at which the rule still holds. A date holds to its end, also where the
    /// start has a time.
    pub(super) fn last(&self, start: Moment, dates_in: Tz) -> Option<NaiveDateTime> {
        let until = self.until?;
        let zone = match start {
            Moment::Date(_) => dates_in,
            Moment::Time { zone, .. } => zone,
        };
        let local = match until {
            Moment::Time {
                local,
                zone: Tz::UTC,
            } => {
                let here = local.and_utc().with_timezone(&zone).naive_local();
                if start.is_date() {
                    here.max(local)
                } else {
                    here
                }
            }
            _ => until.local(),
        };
        let whole_day = start.is_date() || until.is_date();
        Some(if whole_day {
            NaiveTime::from_hms_opt(23, 59, 59).map_or(local, |end| local.date().and_time(end))
        } else {
            local
        })
    }
}

const PARTS: [&str; 9] = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYMONTH",
    "BYMONTHDAY",
    "BYDAY",
    "BYSETPOS",
    "WKST",
];

fn frequency(text: &str) -> Option<Frequency> {
    Some(match text.to_ascii_uppercase().as_str() {
        "DAILY" => Frequency::Daily,
        "WEEKLY" => Frequency::Weekly,
        "MONTHLY" => Frequency::Monthly,
        "YEARLY" => Frequency::Yearly,
        _ => return None,
    })
}

fn list<T: Ord>(text: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let Some(text) = text else {
        return Some(Vec::new());
    };
    let mut values = Vec::new();
    for value in text.split(',') {
        if values.len() >= LIST {
            return None;
        }
        values.push(parse(value.trim())?);
    }
    values.sort_unstable();
    values.dedup();
    Some(values)
}

fn positive(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number > 0)
}

fn ordinal(text: &str, max: i64) -> Option<i64> {
    text.parse()
        .ok()
        .filter(|number: &i64| *number != 0 && (-max..=max).contains(number))
}

fn week_day(text: &str) -> Option<(i64, u32)> {
    let (number, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let number = if number.is_empty() {
        0
    } else {
        ordinal(number, 53)?
    };
    Some((number, weekday(name)?.num_days_from_monday()))
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    })
}
