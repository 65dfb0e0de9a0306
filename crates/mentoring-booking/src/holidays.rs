//! Holidays of Indonesia in 2026 and 2027; `data/README.md` tells their sources.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

const DATA: &str = include_str!("../data/holidays.csv");

karya_core::text_enum! {
    /// What a holiday closes.
    pub enum HolidayKind {
        /// Libur nasional.
        National = "national",
        /// Joint leave around a national holiday; private employers may choose.
        CutiBersama = "cuti_bersama",
        /// A holy day that its province grants leave for.
        Regional = "regional",
        /// No session can be held online: the network is down from `starts_at` to `ends_at`.
        Blackout = "blackout",
    }
}

karya_core::text_enum! {
    /// How sure the date is.
    pub enum HolidayStatus {
        /// Decreed.
        Tetap = "tetap",
        /// Not decreed as far as we saw, or decreed subject to the sighting of the moon.
        Perkiraan = "perkiraan",
    }
}

/// A day, on the calendar of its region.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Holiday {
    pub local_date: NaiveDate,
    /// Kemendagri code of the province; the whole country without one.
    pub region_code: Option<String>,
    pub kind: HolidayKind,
    /// The interval of a blackout; other holidays last their day.
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub status: HolidayStatus,
    pub decree: Option<String>,
    pub name_id: String,
    pub name_en: String,
}

static ALL: LazyLock<Vec<Holiday>> = LazyLock::new(|| {
    csv::Reader::from_reader(DATA.as_bytes())
        .into_deserialize()
        .filter_map(Result::ok)
        .collect()
});

/// By date.
#[must_use]
pub fn all() -> &'static [Holiday] {
    &ALL
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::{Datelike as _, TimeDelta, Timelike as _};

    use super::{DATA, HolidayKind, HolidayStatus, all};

    #[test]
    fn every_line_is_read_in_order() {
        assert_eq!(all().len(), DATA.lines().count() - 1);
        assert!(all().is_sorted_by_key(|holiday| holiday.local_date));
        assert!(
            all()
                .iter()
                .all(|h| !h.name_id.is_empty() && !h.name_en.is_empty())
        );
    }

    #[test]
    fn each_year_has_what_its_decree_counts() {
        for (year, kind, count) in [
            (2026, HolidayKind::National, 17),
            (2026, HolidayKind::CutiBersama, 8),
            (2026, HolidayKind::Regional, 5),
            (2026, HolidayKind::Blackout, 1),
            (2027, HolidayKind::National, 18),
            (2027, HolidayKind::CutiBersama, 8),
            (2027, HolidayKind::Regional, 10),
            (2027, HolidayKind::Blackout, 1),
        ] {
            let holidays = all()
                .iter()
                .filter(|h| h.local_date.year() == year && h.kind == kind);
            assert_eq!(holidays.count(), count, "{year} {kind:?}");
        }
    }

    #[test]
    fn a_date_stands_once_for_a_region_and_a_kind() {
        let mut seen = HashSet::new();
        for h in all() {
            assert!(seen.insert((h.local_date, &h.region_code, h.kind)), "{h:?}");
        }
    }

    #[test]
    fn only_a_fixed_date_needs_its_decree() {
        for h in all() {
            assert!(
                h.status == HolidayStatus::Perkiraan || h.decree.is_some(),
                "{h:?}"
            );
            let nationwide = matches!(h.kind, HolidayKind::National | HolidayKind::CutiBersama);
            assert_eq!(h.region_code.is_none(), nationwide, "{h:?}");
        }
    }

    #[test]
    fn a_blackout_lasts_from_six_to_six_on_the_clock_of_bali() {
        for h in all() {
            let interval = h.starts_at.zip(h.ends_at);
            assert_eq!(interval.is_some(), h.kind == HolidayKind::Blackout, "{h:?}");
            assert_eq!(h.starts_at.is_some(), h.ends_at.is_some(), "{h:?}");
            if let Some((starts_at, ends_at)) = interval {
                assert_eq!(ends_at - starts_at, TimeDelta::hours(24));
                let local = (starts_at + TimeDelta::hours(8)).naive_utc();
                assert_eq!((local.date(), local.hour()), (h.local_date, 6));
                let nyepi = all()
                    .iter()
                    .find(|n| n.local_date == h.local_date && n.kind == HolidayKind::National);
                assert!(nyepi.is_some_and(|nyepi| nyepi.name_id.contains("Nyepi")));
            }
        }
    }
}
