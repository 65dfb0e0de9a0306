//! Open hours as the database keeps them: sets of minutes, which cannot overlap or lie outside their day or week.

use std::ops::Bound;

use crate::slots::{DayWindow, WeeklyRule};

/// A set of minutes (`int4multirange`), in order.
pub(crate) type Minutes = Vec<(Bound<i32>, Bound<i32>)>;

const DAY: i32 = 1440;

/// From parts `[start, end)`. Parts may touch or overlap; the database joins them.
pub(crate) fn multirange(parts: impl IntoIterator<Item = (i32, i32)>) -> Minutes {
    parts
        .into_iter()
        .map(|(start, end)| (Bound::Included(start), Bound::Excluded(end)))
        .collect()
}

/// The same set with parts that touch or overlap joined, in order: as the database gives it back.
pub(crate) fn joined(minutes: &Minutes) -> Minutes {
    let mut all: Vec<(i32, i32)> = parts(minutes).collect();
    all.sort_unstable();
    let mut joined: Vec<(i32, i32)> = Vec::new();
    for (start, end) in all {
        match joined.last_mut() {
            Some((_, last)) if start <= *last => *last = end.max(*last),
            _ => joined.push((start, end)),
        }
    }
    multirange(joined)
}

/// The parts `[start, end)`.
pub(crate) fn parts(minutes: &[(Bound<i32>, Bound<i32>)]) -> impl Iterator<Item = (i32, i32)> + '_ {
    minutes.iter().filter_map(|bounds| match *bounds {
        (Bound::Included(start), Bound::Excluded(end)) => Some((start, end)),
        _ => None,
    })
}

/// The minutes of a week as rules of its days.
pub(crate) fn weekly_rules(minutes: &[(Bound<i32>, Bound<i32>)]) -> Vec<WeeklyRule> {
    let mut rules = Vec::new();
    for (start, end) in parts(minutes) {
        let mut from = start;
        while from < end {
            let day = from.div_euclid(DAY);
            let to = end.min((day + 1) * DAY);
            let minute = |at: i32| u16::try_from(at - day * DAY).unwrap_or_default();
            let weekday = u8::try_from(day + 1).unwrap_or_default();
            rules.extend(WeeklyRule::new(weekday, minute(from), minute(to)));
            from = to;
        }
    }
    rules
}

/// The minutes of a day as windows.
pub(crate) fn day_windows(minutes: &Minutes) -> Vec<DayWindow> {
    let minute = |at: i32| u16::try_from(at).unwrap_or_default();
    parts(minutes)
        .filter_map(|(start, end)| DayWindow::new(minute(start), minute(end)).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{joined, multirange, weekly_rules};
    use crate::slots::WeeklyRule;

    #[test]
    fn parts_that_touch_are_one() {
        let said = multirange([(600, 720), (1440, 1500), (540, 610), (720, 780)]);
        assert_eq!(joined(&said), multirange([(540, 780), (1440, 1500)]));
    }

    #[test]
    fn hours_over_midnight_are_rules_of_two_days() {
        let sunday_night = multirange([(6 * 1440 + 1380, 7 * 1440), (0, 60)]);
        assert_eq!(
            weekly_rules(&sunday_night),
            [
                WeeklyRule::new(7, 1380, 1440).unwrap(),
                WeeklyRule::new(1, 0, 60).unwrap()
            ]
        );
        let over = multirange([(1380, 1500)]);
        assert_eq!(
            weekly_rules(&over),
            [
                WeeklyRule::new(1, 1380, 1440).unwrap(),
                WeeklyRule::new(2, 0, 60).unwrap()
            ]
        );
    }
}
