use karya_core::time_of_day::minute_of_day;
use karya_core::{Check, Rule, Words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{Minutes, day_windows, multirange, weekly_rules};

const DAY: i32 = 1440;

/// How many windows a week may be given in.
pub(super) const MAX_WEEKLY: usize = 84;

/// How many windows a day may be given in.
pub(super) const MAX_DAILY: usize = 24;

const ORDER: Rule = Rule::Other {
    code: "closes_before_opening",
    words: Words {
        id: "harus sesudah jam buka; jam yang melewati tengah malam ditulis sebagai dua butir",
        en: "must be after the opening time; hours over midnight are two entries",
    },
};

karya_core::text_enum! {
    /// A day of the week.
    pub enum CalendarDay {
        Monday = "monday",
        Tuesday = "tuesday",
        Wednesday = "wednesday",
        Thursday = "thursday",
        Friday = "friday",
        Saturday = "saturday",
        Sunday = "sunday",
    }
}

/// A time of one day of every week in which sessions are taken, on the clock of the calendar.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WeeklyWindow {
    pub(super) day: CalendarDay,
    /// `HH:MM`.
    #[schema(
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$",
        max_length = 5,
        example = "09:00"
    )]
    pub(super) opens: String,
    /// `HH:MM`, or `24:00` for the end of the day.
    #[schema(
        pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        max_length = 5,
        example = "17:00"
    )]
    pub(super) closes: String,
}

/// A time of one date in which sessions are taken, on the clock of the calendar.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DailyWindow {
    /// `HH:MM`.
    #[schema(
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$",
        max_length = 5,
        example = "09:00"
    )]
    pub(super) opens: String,
    /// `HH:MM`, or `24:00` for the end of the day.
    #[schema(
        pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        max_length = 5,
        example = "12:00"
    )]
    pub(super) closes: String,
}

/// Checks the windows of a week; the pointers of faults start with `pointer`.
pub(crate) fn parse_weekly(
    check: &mut Check,
    pointer: &str,
    windows: &[WeeklyWindow],
) -> Option<Minutes> {
    let windows = windows.iter().map(|window| {
        let day = CalendarDay::ALL.iter().position(|day| *day == window.day);
        let start = i32::try_from(day.unwrap_or_default()).unwrap_or_default() * DAY;
        (start, window.opens.as_str(), window.closes.as_str())
    });
    parse(check, pointer, windows, MAX_WEEKLY)
}

/// Checks the windows of a date.
pub(super) fn parse_daily(
    check: &mut Check,
    pointer: &str,
    windows: &[DailyWindow],
) -> Option<Minutes> {
    let windows = windows
        .iter()
        .map(|window| (0, window.opens.as_str(), window.closes.as_str()));
    parse(check, pointer, windows, MAX_DAILY)
}

fn parse<'a>(
    check: &mut Check,
    pointer: &str,
    windows: impl ExactSizeIterator<Item = (i32, &'a str, &'a str)>,
    max: usize,
) -> Option<Minutes> {
    if windows.len() > max {
        check.fail(pointer, Rule::TooMany { max });
        return None;
    }
    let parts: Vec<Option<(i32, i32)>> = windows
        .enumerate()
        .map(|(at, (day, opens, closes))| {
            let opens = check.field(format!("{pointer}/{at}/opens"), minute_of_day(opens, false));
            let closes = check.field(
                format!("{pointer}/{at}/closes"),
                minute_of_day(closes, true),
            );
            let (opens, closes) = opens.zip(closes)?;
            if closes <= opens {
                check.fail(format!("{pointer}/{at}/closes"), ORDER);
                return None;
            }
            Some((day + i32::from(opens), day + i32::from(closes)))
        })
        .collect();
    let parts: Option<Vec<(i32, i32)>> = parts.into_iter().collect();
    parts.map(multirange)
}

fn spell(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Hours as the API shows them: joined, by day and time.
pub(crate) fn weekly(minutes: &Minutes) -> Vec<WeeklyWindow> {
    weekly_rules(minutes)
        .into_iter()
        .filter_map(|rule| {
            let day = usize::try_from(rule.weekday().num_days_from_monday()).ok()?;
            Some(WeeklyWindow {
                day: *CalendarDay::ALL.get(day)?,
                opens: spell(rule.window().start_min()),
                closes: spell(rule.window().end_min()),
            })
        })
        .collect()
}

pub(super) fn daily(minutes: &Minutes) -> Vec<DailyWindow> {
    day_windows(minutes)
        .into_iter()
        .map(|window| DailyWindow {
            opens: spell(window.start_min()),
            closes: spell(window.end_min()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use karya_core::Check;

    use super::{CalendarDay, WeeklyWindow, parse_weekly, weekly};

    #[test]
    fn what_is_said_is_what_is_shown() {
        let window = |day, opens: &str, closes: &str| WeeklyWindow {
            day,
            opens: opens.into(),
            closes: closes.into(),
        };
        let said = [
            window(CalendarDay::Monday, "22:00", "24:00"),
            window(CalendarDay::Tuesday, "00:00", "02:00"),
            window(CalendarDay::Sunday, "23:00", "24:00"),
        ];
        let mut check = Check::new();
        let parsed = parse_weekly(&mut check, "/weekly", &said).unwrap();
        let shown = weekly(&parsed);
        assert_eq!(format!("{shown:?}"), format!("{said:?}"));
    }
}
