//! When the sessions of a series start. Pure.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

karya_core::text_enum! {
    /// How often the sessions of a series come.
    pub enum Rhythm {
        Weekly = "weekly",
        /// Every two weeks.
        Biweekly = "biweekly",
        /// On the same weekday of the month, such as the second Tuesday; from a fifth one on, the last.
        Monthly = "monthly",
    }
}

/// The starts of a series: at the same time of day in `zone`, whatever its clocks do.
///
/// A time of day that a date skips becomes the first after the gap; of two instants it is the earlier. `None` where
/// the calendar ends.
pub(crate) fn starts(
    first: DateTime<Utc>,
    zone: Tz,
    rhythm: Rhythm,
    count: u8,
) -> Option<Vec<DateTime<Utc>>> {
    let local = first.with_timezone(&zone).naive_local();
    let mut starts = vec![first];
    for step in 1..count {
        let date = match rhythm {
            Rhythm::Weekly => local
                .date()
                .checked_add_days(Days::new(7 * u64::from(step)))?,
            Rhythm::Biweekly => local
                .date()
                .checked_add_days(Days::new(14 * u64::from(step)))?,
            Rhythm::Monthly => months_later(local.date(), step.into())?,
        };
        starts.push(instant(zone, date, local.time())?);
    }
    Some(starts)
}

/// The same weekday of its month, by its ordinal; a fifth one stands for the last.
fn months_later(date: NaiveDate, months: u32) -> Option<NaiveDate> {
    let month = date.with_day(1)?.checked_add_months(Months::new(months))?;
    let ordinal = u8::try_from(date.day0() / 7).ok()? + 1;
    let of = |ordinal| {
        NaiveDate::from_weekday_of_month_opt(month.year(), month.month(), date.weekday(), ordinal)
    };
    if ordinal == 5 {
        of(5).or_else(|| of(4))
    } else {
        of(ordinal)
    }
}

fn instant(zone: Tz, date: NaiveDate, time: NaiveTime) -> Option<DateTime<Utc>> {
    let local = date.and_time(time);
    // No gap is longer than a day.
    (0..=96).find_map(|quarter| {
        let local = local.checked_add_signed(TimeDelta::minutes(15 * quarter))?;
        let at = local.and_local_timezone(zone).earliest()?;
        Some(at.to_utc())
    })
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::{Rhythm, starts};

    fn local(first: &str, zone: Tz, rhythm: Rhythm, count: u8) -> Vec<String> {
        starts(first.parse().unwrap(), zone, rhythm, count)
            .unwrap()
            .iter()
            .map(|at| {
                at.with_timezone(&zone)
                    .format("%a %d %b %H:%M %z")
                    .to_string()
            })
            .collect()
    }

    #[test]
    fn the_time_of_day_stays_when_the_clocks_change() {
        assert_eq!(
            local(
                "2026-10-20T13:00:00Z",
                Tz::America__New_York,
                Rhythm::Weekly,
                3
            ),
            [
                "Tue 20 Oct 09:00 -0400",
                "Tue 27 Oct 09:00 -0400",
                "Tue 03 Nov 09:00 -0500"
            ]
        );
        assert_eq!(
            local(
                "2026-03-01T07:30:00Z",
                Tz::America__New_York,
                Rhythm::Weekly,
                2
            ),
            ["Sun 01 Mar 02:30 -0500", "Sun 08 Mar 03:00 -0400"]
        );
    }

    #[test]
    fn a_month_is_the_same_weekday_of_it() {
        assert_eq!(
            local(
                "2026-06-09T02:00:00Z",
                Tz::Asia__Jakarta,
                Rhythm::Monthly,
                4
            ),
            [
                "Tue 09 Jun 09:00 +0700",
                "Tue 14 Jul 09:00 +0700",
                "Tue 11 Aug 09:00 +0700",
                "Tue 08 Sep 09:00 +0700"
            ]
        );
        assert_eq!(
            local(
                "2026-06-30T02:00:00Z",
                Tz::Asia__Jakarta,
                Rhythm::Monthly,
                4
            ),
            [
                "Tue 30 Jun 09:00 +0700",
                "Tue 28 Jul 09:00 +0700",
                "Tue 25 Aug 09:00 +0700",
                "Tue 29 Sep 09:00 +0700"
            ]
        );
        assert_eq!(
            local(
                "2026-06-09T02:00:00Z",
                Tz::Asia__Jakarta,
                Rhythm::Biweekly,
                2
            ),
            ["Tue 09 Jun 09:00 +0700", "Tue 23 Jun 09:00 +0700"]
        );
    }
}
