use chrono_tz::Tz;
use proptest::prelude::*;

use super::{event, feed, read, utc};
use crate::ics::import::{Imported, Limits, busy};
use crate::tests::cases;

/// Sorted, apart, inside.
fn sound(read: &Imported) -> bool {
    let (from, to) = (utc("20250101T000000"), utc("20260701T000000"));
    read.busy
        .iter()
        .all(|(start, end)| *start >= from && start < end && *end <= to)
        && read.busy.is_sorted_by(|a, b| a.1 < b.0)
}

/// Pieces of lines, sound and broken.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "BEGIN:",
        "END:",
        "VCALENDAR",
        "VEVENT",
        "VFREEBUSY",
        "VALARM",
        "\r\n",
        "\n",
        "\r\n ",
        ":",
        ";",
        ",",
        "=",
        "\"",
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE",
        "RDATE",
        "EXDATE",
        "RECURRENCE-ID",
        "FREEBUSY",
        "UID:a",
        "TZID=",
        "VALUE=DATE",
        "VALUE=PERIOD",
        "Europe/Berlin",
        "Nowhere",
        "20250601T090000",
        "20250601",
        "Z",
        "PT1H",
        "P1D",
        "/",
        "-",
        "FREQ=DAILY",
        "FREQ=WEEKLY",
        "FREQ=MONTHLY",
        "FREQ=YEARLY",
        "COUNT=",
        "INTERVAL=",
        "UNTIL=",
        "BYDAY=",
        "BYMONTHDAY=",
        "BYSETPOS=",
        "BYMONTH=",
        "WKST=",
        "MO",
        "-1FR",
        "53SU",
        "0",
        "31",
        "-31",
        "99999999999999999999",
        "STATUS:CANCELLED",
        "00010101T000000",
        "99991231T235959",
        "00000000",
        "é",
    ];
    prop_oneof![
        8 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => any::<i64>().prop_map(|number| number.to_string()),
    ]
}

fn seeds() -> Vec<String> {
    let zoned = "DTSTART;TZID=America/New_York:20250308T023000;;DTEND;TZID=America/New_York:20250308T033000";
    vec![
        event(&format!(
            "{zoned};;RRULE:FREQ=MONTHLY;BYDAY=MO,-1FR;BYSETPOS=1,-1;COUNT=20;;EXDATE:20250601T090000Z"
        )),
        event(
            "DTSTART;VALUE=DATE:20250601;;DURATION:P2D;;RRULE:FREQ=YEARLY;BYMONTH=6;UNTIL=20260601;;RDATE;VALUE=DATE:20250701",
        ),
        feed(
            "BEGIN:VFREEBUSY;;FREEBUSY;FBTYPE=BUSY:20250601T020000Z/PT1H,20250602T020000Z/20250602T040000Z;;END:VFREEBUSY",
        ),
        feed(&format!(
            "BEGIN:VEVENT;;UID:a;;{zoned};;RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU;;END:VEVENT;;\
             BEGIN:VEVENT;;UID:a;;RECURRENCE-ID:20250318T063000Z;;{zoned};;END:VEVENT"
        )),
    ]
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let window = (utc("20250101T000000"), utc("20260701T000000"));
        let _ = busy(&bytes, Tz::Asia__Jakarta, window, Limits::default());
    }

    #[test]
    fn pieces_do_no_harm(pieces in proptest::collection::vec(piece(), 0..60), zone in proptest::sample::select(chrono_tz::TZ_VARIANTS.to_vec())) {
        if let Ok(read) = read(&event(&pieces.concat()), zone) {
            prop_assert!(sound(&read));
        }
    }

    #[test]
    fn changed_feeds_do_no_harm(
        seed in proptest::sample::select(seeds()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..12_usize, piece()), 1..6),
        zone in proptest::sample::select(chrono_tz::TZ_VARIANTS.to_vec()),
    ) {
        let mut bytes = seed.into_bytes();
        for (at, cut, piece) in changes {
            let at = at.index(bytes.len() + 1);
            let to = (at + cut).min(bytes.len());
            bytes.splice(at..to, piece.into_bytes());
        }
        let window = (utc("20250101T000000"), utc("20260701T000000"));
        if let Ok(read) = busy(&bytes, zone, window, Limits::default()) {
            prop_assert!(sound(&read));
        }
    }
}
