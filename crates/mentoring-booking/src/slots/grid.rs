//! Everything here counts in whole seconds since 1970, which cannot overflow: sessions start and end on whole seconds, so rounding the rest loses nothing.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::limits::Limits;
use super::model::{Busy, Calendar, Interval, Offering, Slot};
use super::windows::{Days, Stretch};

/// The second that an instant falls into.
fn floor(instant: DateTime<Utc>) -> i64 {
    instant.timestamp()
}

/// The first whole second that is not before an instant.
pub(super) fn ceil(instant: DateTime<Utc>) -> i64 {
    instant.timestamp() + i64::from(instant.timestamp_subsec_nanos() > 0)
}

fn seconds(minutes: u16) -> i64 {
    i64::from(minutes) * 60
}

/// The starts that the present moment allows.
pub(super) struct Bounds {
    /// The end of the pause, if there is one.
    pub(super) paused: i64,
    pub(super) notice: i64,
    /// Exclusive.
    pub(super) horizon: i64,
}

impl Bounds {
    pub(super) fn new(calendar: &Calendar<'_>, offering: &Offering, now: DateTime<Utc>) -> Self {
        let now = ceil(now);
        Self {
            paused: calendar.paused_until.map_or(i64::MIN, ceil),
            notice: now + seconds(offering.notice_min),
            horizon: now + i64::from(offering.horizon_days) * 86_400,
        }
    }

    pub(super) fn clip(&self, starts: Range<i64>) -> Range<i64> {
        starts.start.max(self.paused).max(self.notice)..starts.end.min(self.horizon)
    }
}

/// The starts at which a session of `offering` would share time with `block`, with that much time kept free before and after it.
fn collision(offering: &Offering, block: Interval, before: u16, after: u16) -> Range<i64> {
    let from = floor(block.start()) - seconds(before) - seconds(offering.duration_min.get());
    from + 1..ceil(block.end()) + seconds(after)
}

/// The starts at which a session of `offering` would share time with `block`.
pub(super) fn overlap(offering: &Offering, block: Interval) -> Range<i64> {
    collision(offering, block, 0, 0)
}

/// The starts at which a session of `offering` would come too close to `busy`.
///
/// The larger of the two buffers that meet counts, not their sum.
pub(super) fn crowding(offering: &Offering, busy: &Busy) -> Range<i64> {
    collision(
        offering,
        busy.interval,
        busy.before_min.max(offering.after_min),
        busy.after_min.max(offering.before_min),
    )
}

/// What it takes to decide on the sessions that start within a range.
pub(super) struct Plan<'a> {
    pub(super) calendar: &'a Calendar<'a>,
    pub(super) offering: &'a Offering,
    pub(super) days: Days<'a>,
    pub(super) stretches: Vec<Stretch>,
    pub(super) limits: Limits,
    starts: Range<i64>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        calendar: &'a Calendar<'a>,
        offering: &'a Offering,
        starts: Range<i64>,
    ) -> Self {
        let duration = seconds(offering.duration_min.get());
        let days = Days::new(calendar, &starts, duration);
        let stretches = if starts.is_empty() {
            Vec::new()
        } else {
            days.stretches()
        };
        Self {
            calendar,
            offering,
            days,
            stretches,
            limits: Limits::new(calendar),
            starts,
        }
    }

    pub(super) fn duration(&self) -> i64 {
        seconds(self.offering.duration_min.get())
    }

    /// The first `most` that are to be kept.
    pub(super) fn slots(&mut self, most: usize, keep: impl Fn(&Slot) -> bool) -> Vec<Slot> {
        let step = seconds(self.offering.interval_min.get());
        let mut collisions = self.collisions().into_iter().peekable();
        let mut free_from = self.starts.start;
        let mut slots = Vec::new();
        for stretch in &self.stretches {
            // The first start on the grid that is not before an instant.
            let on_grid = |from: i64| from + (stretch.anchor - from).rem_euclid(step);
            let last = (stretch.until.min(self.starts.end) - 1).min(stretch.end - self.duration());
            let mut start = on_grid(stretch.anchor.max(free_from));
            while start <= last {
                while let Some(collision) = collisions.next_if(|next| next.start <= start) {
                    free_from = free_from.max(collision.end);
                }
                if start < free_from {
                    start = on_grid(free_from);
                    continue;
                }
                if !self.limits.reached(start) {
                    slots.extend(slot(start, start + self.duration()).filter(&keep));
                    if slots.len() >= most {
                        return slots;
                    }
                }
                start += step;
            }
        }
        slots
    }

    /// The starts that blocks forbid, ordered by where they begin.
    fn collisions(&self) -> Vec<Range<i64>> {
        let blocks = self.calendar.blackouts.iter().chain(self.calendar.time_off);
        let hard = blocks.map(|block| overlap(self.offering, *block));
        let busy = self.calendar.busy.iter();
        let mut collisions: Vec<_> = hard
            .chain(busy.map(|busy| crowding(self.offering, busy)))
            .filter(|of| of.start < self.starts.end && self.starts.start < of.end)
            .collect();
        collisions.sort_unstable_by_key(|of| of.start);
        collisions
    }
}

/// `None` beyond what can be represented.
fn slot(start: i64, end: i64) -> Option<Slot> {
    Some(Slot {
        starts_at: DateTime::from_timestamp(start, 0)?,
        ends_at: DateTime::from_timestamp(end, 0)?,
    })
}
