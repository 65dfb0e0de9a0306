//! The times at which a mentor can be booked.
//!
//! [`slots`] lists them and [`bookable`] judges one of them, both from one plan, so a time that is listed can be booked and no other can. Nothing here reads a clock or does I/O.

mod grid;
mod limits;
mod model;
mod refusal;
#[cfg(test)]
mod tests;
mod windows;
mod zone;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use self::grid::{Bounds, Plan, ceil};
pub use self::model::{
    Busy, Calendar, DayWindow, Holiday, HolidayKind, HolidayPolicy, Interval, Invalid, Offering,
    Override, Schedule, Slot, WeeklyRule,
};
pub use self::refusal::Refusal;

/// The longest range that [`slots`] accepts: 35 local dates, one of which may be longer than a day.
pub const MAX_RANGE: TimeDelta = TimeDelta::hours(35 * 24 + 2);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the range is longer than 35 days")]
pub struct RangeTooLong;

/// The slots that start within `range`, in order.
///
/// A slot may end after `range`, so neighbouring ranges share no slot and miss none.
pub fn slots(
    calendar: &Calendar<'_>,
    offering: &Offering,
    range: Interval,
    now: DateTime<Utc>,
) -> Result<Vec<Slot>, RangeTooLong> {
    first_slots(calendar, offering, range, now, usize::MAX, |_| true)
}

/// The first `most` of these slots that are to be kept. The rest costs nothing.
pub fn first_slots(
    calendar: &Calendar<'_>,
    offering: &Offering,
    range: Interval,
    now: DateTime<Utc>,
    most: usize,
    keep: impl Fn(&Slot) -> bool,
) -> Result<Vec<Slot>, RangeTooLong> {
    if range.duration() > MAX_RANGE {
        return Err(RangeTooLong);
    }
    let bounds = Bounds::new(calendar, offering, now);
    let starts = bounds.clip(ceil(range.start())..ceil(range.end()));
    Ok(Plan::new(calendar, offering, starts).slots(most, keep))
}

/// Whether [`slots`] offers a slot at exactly `start`, and if not, the first reason in the order of [`Refusal`].
pub fn bookable(
    calendar: &Calendar<'_>,
    offering: &Offering,
    start: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let bounds = Bounds::new(calendar, offering, now);
    let second = start.timestamp();
    let mut plan = Plan::new(calendar, offering, bounds.clip(second..second + 1));
    let is_it = |slot: &Slot| slot.starts_at == start;
    if plan.slots(1, is_it).is_empty() {
        Err(refusal::explain(&bounds, &mut plan, second))
    } else {
        Ok(())
    }
}
