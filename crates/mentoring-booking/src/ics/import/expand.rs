use chrono::{Datelike, Days, Months, NaiveDate};

use super::rule::{Frequency, Rule};
use super::value::Moment;

/// What all rules of a feed may still cost, in days tried.
#[derive(Debug)]
pub(super) struct Work {
    left: u64,
}

impl Work {
    pub(super) fn new(left: u64) -> Self {
        Self { left }
    }

    fn spend(&mut self, cost: u64) -> Option<()> {
        self.left = self.left.checked_sub(cost)?;
        Some(())
    }
}

/// Days between which occurrences are wanted, both included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
}

/// The days in `range` on which a rule puts something that starts at `start`; `last` is the end of the
/// rule in local time. Nothing when the work is used up.
///
/// Without COUNT the search begins at the range, however old the start is.
pub(super) fn days(
    rule: &Rule,
    start: Moment,
    last: Option<chrono::NaiveDateTime>,
    range: Range,
    work: &mut Work,
) -> Option<Vec<NaiveDate>> {
    let time = start.local().time();
    let start = start.date();
    let mut found = Vec::new();
    let mut left = rule.count;
    let first = if left.is_some() {
        0
    } else {
        periods_before(rule, start, range.from)
    };
    for index in first..=u32::MAX {
        work.spend(1)?;
        let Some(period) = period(rule, start, index) else {
            break;
        };
        if period.from > range.to || last.is_some_and(|last| period.from > last.date()) {
            break;
        }
        for day in period_days(rule, start, period, range, work)? {
            if day < start {
                continue;
            }
            if last.is_some_and(|last| day.and_time(time) > last) {
                return Some(found);
            }
            if day >= range.from && day <= range.to {
                found.push(day);
            }
            if let Some(left) = &mut left {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    return Some(found);
                }
            }
        }
    }
    Some(found)
}

/// How many periods surely end before `from`.
fn periods_before(rule: &Rule, start: NaiveDate, from: NaiveDate) -> u32 {
    let steps = match rule.frequency {
        Frequency::Daily => (from - start).num_days(),
        Frequency::Weekly => (from - start).num_days() / 7 - 1,
        Frequency::Monthly => months(from) - months(start),
        Frequency::Yearly => i64::from(from.year()) - i64::from(start.year()),
    };
    u32::try_from(steps.max(0) / i64::from(rule.interval)).unwrap_or(u32::MAX)
}

fn months(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

/// The period with a number, counted from that of the start.
fn period(rule: &Rule, start: NaiveDate, index: u32) -> Option<Range> {
    let steps = index.checked_mul(rule.interval)?;
    Some(match rule.frequency {
        Frequency::Daily => {
            let day = start.checked_add_days(Days::new(u64::from(steps)))?;
            Range { from: day, to: day }
        }
        Frequency::Weekly => {
            let from = start
                .week(rule.week_start)
                .checked_first_day()?
                .checked_add_days(Days::new(u64::from(steps) * 7))?;
            Range {
                from,
                to: from.checked_add_days(Days::new(6))?,
            }
        }
        Frequency::Monthly => {
            let from = start.with_day(1)?.checked_add_months(Months::new(steps))?;
            Range {
                from,
                to: from.with_day(u32::from(from.num_days_in_month()))?,
            }
        }
        Frequency::Yearly => {
            let year = start.year().checked_add_unsigned(steps)?;
            Range {
                from: NaiveDate::from_ymd_opt(year, 1, 1)?,
                to: NaiveDate::from_ymd_opt(year, 12, 31)?,
            }
        }
    })
}

/// The days of one period that the rule names, in order.
fn period_days(
    rule: &Rule,
    start: NaiveDate,
    period: Range,
    range: Range,
    work: &mut Work,
) -> Option<Vec<NaiveDate>> {
    // Positions count from the edges of the period, COUNT from the start.
    let (mut day, to) = match (rule.by_set_pos.is_empty(), rule.count) {
        (false, _) => (period.from, period.to),
        (true, Some(_)) => (period.from.max(start), period.to.min(range.to)),
        (true, None) => (
            period.from.max(start).max(range.from),
            period.to.min(range.to),
        ),
    };
    let mut days = Vec::new();
    while day <= to {
        work.spend(rule.cost())?;
        let next = if rule.matches_month(day) {
            if rule.matches_day(day) {
                days.push(day);
            }
            day.succ_opt()
        } else {
            day.with_day(1)
                .and_then(|first| first.checked_add_months(Months::new(1)))
        };
        let Some(next) = next else {
            break;
        };
        day = next;
    }
    if rule.by_set_pos.is_empty() {
        return Some(days);
    }
    work.spend(u64::try_from(rule.by_set_pos.len()).ok()?)?;
    let mut chosen: Vec<NaiveDate> = rule
        .by_set_pos
        .iter()
        .filter_map(|&position| {
            let at = usize::try_from(position.unsigned_abs()).ok()?;
            let index = if position > 0 {
                at.checked_sub(1)?
            } else {
                days.len().checked_sub(at)?
            };
            days.get(index).copied()
        })
        .collect();
    chosen.sort_unstable();
    chosen.dedup();
    Some(chosen)
}
