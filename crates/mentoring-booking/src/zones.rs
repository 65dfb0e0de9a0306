//! Times as people of the three zones of Indonesia, and of the diaspora, read them.

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::{OffsetName, Tz};
use karya_core::Lang;

/// How a zone is called in Indonesia; elsewhere its own abbreviation.
#[must_use]
pub(crate) fn label(zone: Tz, at: DateTime<Utc>) -> String {
    match zone {
        Tz::Asia__Jakarta | Tz::Asia__Pontianak => "WIB".into(),
        Tz::Asia__Makassar => "WITA".into(),
        Tz::Asia__Jayapura => "WIT".into(),
        _ => at
            .with_timezone(&zone)
            .offset()
            .abbreviation()
            .map_or_else(|| zone.name().to_owned(), str::to_owned),
    }
}

/// `Selasa, 2 Juni 2026, 09.00–10.00 WIB`.
#[must_use]
pub(crate) fn spell(
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    zone: Tz,
    lang: Lang,
) -> String {
    const DAYS: [(&str, &str); 7] = [
        ("Senin", "Monday"),
        ("Selasa", "Tuesday"),
        ("Rabu", "Wednesday"),
        ("Kamis", "Thursday"),
        ("Jumat", "Friday"),
        ("Sabtu", "Saturday"),
        ("Minggu", "Sunday"),
    ];
    let (from, to) = (starts_at.with_timezone(&zone), ends_at.with_timezone(&zone));
    let pick = |(id, en): (&'static str, &'static str)| if lang == Lang::Id { id } else { en };
    let index = |number: u32| usize::try_from(number).unwrap_or_default();
    let day = DAYS.get(index(from.weekday().num_days_from_monday()));
    let time = if lang == Lang::Id { "%H.%M" } else { "%H:%M" };
    format!(
        "{}, {}, {}–{} {}",
        day.copied().map(pick).unwrap_or_default(),
        lang.date(from.date_naive()),
        from.format(time),
        to.format(time),
        label(zone, starts_at),
    )
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use karya_core::Lang;

    use super::spell;

    #[test]
    fn everybody_reads_their_own_time() {
        let (from, to) = (
            "2026-06-02T02:00:00Z".parse().unwrap(),
            "2026-06-02T03:30:00Z".parse().unwrap(),
        );
        for (zone, lang, expected) in [
            (
                Tz::Asia__Jakarta,
                Lang::Id,
                "Selasa, 2 Juni 2026, 09.00–10.30 WIB",
            ),
            (
                Tz::Asia__Makassar,
                Lang::Id,
                "Selasa, 2 Juni 2026, 10.00–11.30 WITA",
            ),
            (
                Tz::Asia__Jayapura,
                Lang::En,
                "Tuesday, 2 June 2026, 11:00–12:30 WIT",
            ),
            (
                Tz::Europe__London,
                Lang::En,
                "Tuesday, 2 June 2026, 03:00–04:30 BST",
            ),
        ] {
            assert_eq!(spell(from, to, zone, lang), expected);
        }
    }
}
