use std::num::NonZeroU16;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use thiserror::Error;

pub(super) const DAY_MIN: u16 = 1440;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Invalid {
    #[error("an interval must start before it ends")]
    Interval,
    #[error("the day of the week must be from 1 (Monday) to 7 (Sunday)")]
    Weekday,
    #[error("a window must start before it ends, within minutes 0 to 1440 of a day")]
    Window,
}

/// The instants from `start` up to, not including, `end`; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl Interval {
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Self, Invalid> {
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(Invalid::Interval)
        }
    }

    #[must_use]
    pub fn start(self) -> DateTime<Utc> {
        self.start
    }

    #[must_use]
    pub fn end(self) -> DateTime<Utc> {
        self.end
    }

    #[must_use]
    pub fn duration(self) -> TimeDelta {
        self.end.signed_duration_since(self.start)
    }

    #[must_use]
    pub fn contains(self, instant: DateTime<Utc>) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Whether both share an instant; intervals that only touch do not.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// Minutes of a local day, `end_min` exclusive; 1440 is the midnight at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DayWindow {
    start_min: u16,
    end_min: u16,
}

impl DayWindow {
    pub fn new(start_min: u16, end_min: u16) -> Result<Self, Invalid> {
        if start_min < end_min && end_min <= DAY_MIN {
            Ok(Self { start_min, end_min })
        } else {
            Err(Invalid::Window)
        }
    }

    /// What both have in common, if anything.
    pub(super) fn intersect(self, other: Self) -> Option<Self> {
        let start_min = self.start_min.max(other.start_min);
        Self::new(start_min, self.end_min.min(other.end_min)).ok()
    }

    #[must_use]
    pub fn start_min(self) -> u16 {
        self.start_min
    }

    #[must_use]
    pub fn end_min(self) -> u16 {
        self.end_min
    }
}

/// A window of one day of every week. Hours over midnight are two rules, which are joined again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WeeklyRule {
    weekday: Weekday,
    window: DayWindow,
}

impl WeeklyRule {
    /// `isodow` is 1 for Monday to 7 for Sunday.
    pub fn new(isodow: u8, start_min: u16, end_min: u16) -> Result<Self, Invalid> {
        let weekday = isodow
            .checked_sub(1)
            .and_then(|day| Weekday::try_from(day).ok())
            .ok_or(Invalid::Weekday)?;
        let window = DayWindow::new(start_min, end_min)?;
        Ok(Self { weekday, window })
    }

    #[must_use]
    pub fn weekday(self) -> Weekday {
        self.weekday
    }

    #[must_use]
    pub fn window(self) -> DayWindow {
        self.window
    }
}

/// Weekly rules that replace the ordinary ones on every date from `valid_from` to `valid_to`, as in Ramadan.
///
/// A weekday without a rule is closed. Where two schedules overlap, the first one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub valid_from: NaiveDate,
    /// Inclusive.
    pub valid_to: NaiveDate,
    pub rules: Vec<WeeklyRule>,
}

/// The windows of one date, in place of holidays, schedules and weekly rules.
///
/// No window means closed. Two overrides of one date add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    pub date: NaiveDate,
    pub windows: Vec<DayWindow>,
}

impl Override {
    pub fn new(date: NaiveDate, windows: &[(u16, u16)]) -> Result<Self, Invalid> {
        let windows = windows
            .iter()
            .map(|&(start_min, end_min)| DayWindow::new(start_min, end_min))
            .collect::<Result<_, _>>()?;
        Ok(Self { date, windows })
    }

    #[must_use]
    pub fn closed(date: NaiveDate) -> Self {
        Self {
            date,
            windows: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HolidayKind {
    National,
    CutiBersama,
    Regional,
}

/// A holiday of the region of the mentor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holiday {
    pub date: NaiveDate,
    pub kind: HolidayKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HolidayPolicy {
    /// Closed on national and regional holidays.
    Closed,
    /// Closed on collective leave (cuti bersama) too.
    ClosedAlsoCutiBersama,
    Ignore,
}

impl HolidayPolicy {
    pub(super) fn closes(self, kind: HolidayKind) -> bool {
        match self {
            Self::Closed => kind != HolidayKind::CutiBersama,
            Self::ClosedAlsoCutiBersama => true,
            Self::Ignore => false,
        }
    }
}

/// A time in which the mentor is taken: a booking, a hold, or an imported event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Busy {
    pub interval: Interval,
    /// The minutes to keep free before it; the larger of both neighbours' buffers counts.
    pub before_min: u16,
    pub after_min: u16,
    /// Whether it counts towards the caps, on the local date on which it starts.
    pub counts: bool,
}

impl Busy {
    /// An event of an imported calendar: no buffers, not counted.
    #[must_use]
    pub fn imported(interval: Interval) -> Self {
        Self {
            interval,
            before_min: 0,
            after_min: 0,
            counts: false,
        }
    }
}

/// What is booked: a session of `duration_min` that may start every `interval_min` from the start of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Offering {
    pub duration_min: NonZeroU16,
    pub interval_min: NonZeroU16,
    pub before_min: u16,
    pub after_min: u16,
    /// A session starts this long after now, or later.
    pub notice_min: u16,
    /// A session starts less than this many times 24 hours after now.
    pub horizon_days: u16,
}

/// All that decides when a mentor can be booked. The order within a slice changes nothing, except between overlapping schedules.
#[derive(Debug, Clone, Copy)]
pub struct Calendar<'a> {
    pub zone: Tz,
    pub weekly: &'a [WeeklyRule],
    pub schedules: &'a [Schedule],
    pub overrides: &'a [Override],
    /// The hours in which this very offering is given, whatever else decides a date; none: in all that are open.
    pub offered: &'a [WeeklyRule],
    /// Only those of the region of the mentor.
    pub holidays: &'a [Holiday],
    pub holiday_policy: HolidayPolicy,
    pub time_off: &'a [Interval],
    /// Blocks that no override lifts, such as Nyepi in Bali; only those that concern the session.
    pub blackouts: &'a [Interval],
    /// Must reach as far as buffers and caps look: over the whole local days and ISO weeks of the range.
    pub busy: &'a [Busy],
    /// The sessions that may start on a local date.
    pub daily_cap: Option<u16>,
    /// The sessions that may start in a local ISO week.
    pub weekly_cap: Option<u16>,
    /// No session starts before it.
    pub paused_until: Option<DateTime<Utc>>,
}

/// A session that can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
}
