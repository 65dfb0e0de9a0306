use std::fmt;

use super::grid::{Bounds, Plan, crowding, overlap};
use super::windows::Day;
use super::zone::local_date;

/// Why a session cannot start at an instant; where several reasons hold, the first of this list is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    Paused,
    /// The start is too soon, or in the past.
    NoticeTooShort,
    BeyondHorizon,
    Blackout,
    /// The session would leave the hours for a date that a holiday closes.
    Holiday,
    OutsideHours,
    TimeOff,
    Busy,
    /// Free, but too close to a neighbour.
    Buffer,
    LimitReached,
    OffGrid,
}

impl Refusal {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::NoticeTooShort => "notice_too_short",
            Self::BeyondHorizon => "beyond_horizon",
            Self::Blackout => "blackout",
            Self::Holiday => "holiday",
            Self::OutsideHours => "outside_hours",
            Self::TimeOff => "time_off",
            Self::Busy => "busy",
            Self::Buffer => "buffer",
            Self::LimitReached => "limit_reached",
            Self::OffGrid => "off_grid",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for Refusal {}

/// Why the plan, made for `start` alone, has no slot there.
pub(super) fn explain(bounds: &Bounds, plan: &mut Plan<'_>, start: i64) -> Refusal {
    if start < bounds.paused {
        return Refusal::Paused;
    }
    if start < bounds.notice {
        return Refusal::NoticeTooShort;
    }
    if start >= bounds.horizon {
        return Refusal::BeyondHorizon;
    }
    let (calendar, offering) = (plan.calendar, plan.offering);
    let overlaps = |block| overlap(offering, block).contains(&start);
    if calendar.blackouts.iter().copied().any(overlaps) {
        return Refusal::Blackout;
    }
    if let Some(closed) = first_closed(plan, start) {
        return match plan.days.day(local_date(calendar.zone, closed)) {
            Day::Holiday => Refusal::Holiday,
            Day::Overrides(_) | Day::Rules(_) => Refusal::OutsideHours,
        };
    }
    if calendar.time_off.iter().copied().any(overlaps) {
        return Refusal::TimeOff;
    }
    if calendar.busy.iter().any(|busy| overlaps(busy.interval)) {
        return Refusal::Busy;
    }
    if calendar
        .busy
        .iter()
        .any(|busy| crowding(offering, busy).contains(&start))
    {
        return Refusal::Buffer;
    }
    if plan.limits.reached(start) {
        return Refusal::LimitReached;
    }
    Refusal::OffGrid
}

/// The first instant of a session that lies in no window.
fn first_closed(plan: &Plan<'_>, start: i64) -> Option<i64> {
    let stretch = plan
        .stretches
        .iter()
        .find(|of| of.anchor <= start && start < of.until);
    let open_until = stretch.map_or(start, |of| of.end);
    (open_until < start + plan.duration()).then_some(open_until)
}
