use super::model::Calendar;
use super::zone::{LocalDates, iso_week};

/// The local dates and ISO weeks on which no more sessions may start.
pub(super) struct Limits {
    dates: LocalDates,
    full_days: Full,
    full_weeks: Full,
    /// The day judged last and whether it is full.
    judged: Option<(i64, bool)>,
}

impl Limits {
    pub(super) fn new(calendar: &Calendar<'_>) -> Self {
        let mut dates = LocalDates::new(calendar.zone);
        let mut days = Vec::new();
        if calendar.daily_cap.is_some() || calendar.weekly_cap.is_some() {
            let counted = calendar.busy.iter().filter(|busy| busy.counts);
            days.extend(counted.map(|busy| busy.interval.start().timestamp()));
            days.sort_unstable();
            for start in &mut days {
                *start = dates.day(*start);
            }
            // Clocks set back over midnight repeat a date.
            days.sort_unstable();
        }
        Self {
            dates,
            full_days: Full::new(calendar.daily_cap, days.iter().copied()),
            full_weeks: Full::new(calendar.weekly_cap, days.iter().copied().map(iso_week)),
            judged: None,
        }
    }

    pub(super) fn reached(&mut self, start: i64) -> bool {
        if self.full_days.is_never() && self.full_weeks.is_never() {
            return false;
        }
        let day = self.dates.day(start);
        match self.judged {
            Some((judged, full)) if judged == day => full,
            _ => {
                let full = self.full_days.contains(day) || self.full_weeks.contains(iso_week(day));
                self.judged = Some((day, full));
                full
            }
        }
    }
}

enum Full {
    Always,
    /// In order.
    On(Vec<i64>),
}

impl Full {
    /// `starts` in order.
    fn new(cap: Option<u16>, starts: impl Iterator<Item = i64>) -> Self {
        match cap {
            None => Self::On(Vec::new()),
            Some(0) => Self::Always,
            Some(cap) => {
                let starts: Vec<_> = starts.collect();
                let full = starts
                    .chunk_by(|a, b| a == b)
                    .filter(|same| same.len() >= usize::from(cap))
                    .filter_map(|same| same.first().copied());
                Self::On(full.collect())
            }
        }
    }

    fn is_never(&self) -> bool {
        matches!(self, Self::On(full) if full.is_empty())
    }

    fn contains(&self, at: i64) -> bool {
        match self {
            Self::Always => true,
            Self::On(full) => full.binary_search(&at).is_ok(),
        }
    }
}
