use karya_core::time_of_day::minute_of_day;
use karya_core::{Check, Rule, Words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const ORDER: Rule = Rule::Other {
    code: "closes_before_opening",
    words: Words {
        id: "harus sesudah jam buka",
        en: "must be after the opening time",
    },
};
const OVERLAP: Rule = Rule::Other {
    code: "overlap",
    words: Words {
        id: "bertumpang tindih dengan jam lain di hari yang sama",
        en: "overlaps another period of the same day",
    },
};

karya_core::text_enum! {
    /// A day of the week.
    pub enum Weekday {
        Monday = "monday",
        Tuesday = "tuesday",
        Wednesday = "wednesday",
        Thursday = "thursday",
        Friday = "friday",
        Saturday = "saturday",
        Sunday = "sunday",
    }
}

/// A time in which a business is open, on the clock of its region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpeningPeriod {
    pub day: Weekday,
    /// `HH:MM`.
    #[schema(
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$",
        max_length = 5,
        example = "08:00"
    )]
    pub opens: String,
    /// `HH:MM`, or `24:00` for the end of the day.
    #[schema(
        pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        max_length = 5,
        example = "16:00"
    )]
    pub closes: String,
}

const MAX_PERIODS: usize = 21;

/// Checks a week and sorts it.
pub fn opening_hours(
    check: &mut Check,
    mut periods: Vec<OpeningPeriod>,
) -> Option<Vec<OpeningPeriod>> {
    if periods.len() > MAX_PERIODS {
        check.fail("/opening_hours", Rule::TooMany { max: MAX_PERIODS });
        return None;
    }
    let mut valid = true;
    let mut seen: Vec<(Weekday, u16, u16)> = Vec::new();
    for (at, period) in periods.iter().enumerate() {
        let opens = check.field(
            format!("/opening_hours/{at}/opens"),
            minute_of_day(&period.opens, false),
        );
        let closes = check.field(
            format!("/opening_hours/{at}/closes"),
            minute_of_day(&period.closes, true),
        );
        let Some((opens, closes)) = opens.zip(closes) else {
            valid = false;
            continue;
        };
        if closes <= opens {
            check.fail(format!("/opening_hours/{at}/closes"), ORDER);
            valid = false;
        }
        if seen
            .iter()
            .any(|&(day, from, to)| day == period.day && opens < to && from < closes)
        {
            check.fail(format!("/opening_hours/{at}"), OVERLAP);
            valid = false;
        }
        seen.push((period.day, opens, closes));
    }
    periods.sort_by(|a, b| (a.day, &a.opens).cmp(&(b.day, &b.opens)));
    valid.then_some(periods)
}

#[cfg(test)]
mod tests {
    use karya_core::Check;

    use super::{OpeningPeriod, Weekday, opening_hours};

    fn week(periods: &[(Weekday, &str, &str)]) -> Result<Vec<OpeningPeriod>, Vec<&'static str>> {
        let periods = periods
            .iter()
            .map(|&(day, opens, closes)| OpeningPeriod {
                day,
                opens: opens.into(),
                closes: closes.into(),
            })
            .collect();
        let mut check = Check::new();
        let hours = opening_hours(&mut check, periods);
        check
            .finish(hours)
            .map_err(|invalid| invalid.0.iter().map(|field| field.rule.code()).collect())
    }

    #[test]
    fn a_week_is_sorted_and_free_of_overlaps() {
        use Weekday::{Friday, Monday};
        let hours = week(&[
            (Friday, "13:30", "24:00"),
            (Monday, "08:00", "16:00"),
            (Friday, "08:00", "11:30"),
        ])
        .unwrap();
        assert_eq!(
            hours.iter().map(|p| p.opens.as_str()).collect::<Vec<_>>(),
            ["08:00", "08:00", "13:30"]
        );
        assert!(week(&[(Monday, "08:00", "12:00"), (Monday, "12:00", "16:00")]).is_ok());
        for (periods, rule) in [
            (
                vec![(Monday, "08:00", "12:00"), (Monday, "11:59", "16:00")],
                "overlap",
            ),
            (vec![(Monday, "12:00", "08:00")], "closes_before_opening"),
            (vec![(Monday, "24:00", "24:00")], "format"),
            (vec![(Monday, "8:00", "16:00")], "format"),
            (vec![(Monday, "08:60", "16:00")], "format"),
            (vec![(Monday, "+8:00", "16:00")], "format"),
        ] {
            assert_eq!(week(&periods).unwrap_err(), [rule], "{periods:?}");
        }
        assert_eq!(
            week(&vec![(Monday, "08:00", "12:00"); 22]).unwrap_err(),
            ["too_many"]
        );
    }
}
