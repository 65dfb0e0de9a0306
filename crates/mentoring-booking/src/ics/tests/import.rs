use chrono_tz::Tz;

use super::{event, feed, read, shown, utc};
use crate::ics::import::{ImportError, Limits, busy};

fn jakarta(lines: &str) -> (String, usize) {
    shown(&event(lines), Tz::Asia__Jakarta)
}

fn is(busy: &str, not_understood: usize) -> (String, usize) {
    (busy.to_owned(), not_understood)
}

#[test]
fn times_are_of_their_zone() {
    for (start, expected, not_understood) in [
        ("DTSTART:20250601T020000Z", "250601 0900-1000", 0),
        ("DTSTART:20250601T090000", "250601 0900-1000", 0),
        ("DTSTART:20250601T0900", "250601 0900-1000", 0),
        (
            "DTSTART;TZID=Asia/Makassar:20250601T100000",
            "250601 0900-1000",
            0,
        ),
        (
            "DTSTART;TZID=\"Asia/Makassar\":20250601T100000",
            "250601 0900-1000",
            0,
        ),
        (
            "dtstart;x=\"a;b:c\";tzid=Asia/Makassar:20250601T100000",
            "250601 0900-1000",
            0,
        ),
        (
            "DTSTART;TZID=/mozilla.org/20070129_1/Asia/Jakarta:20250601T090000",
            "250601 0900-1000",
            0,
        ),
        (
            "DTSTART;TZID=/x.org/America/Argentina/Salta:20250601T090000",
            "250601 1900-2000",
            0,
        ),
        (
            "DTSTART;TZID=SE Asia Standard Time:20250601T090000",
            "250601 0900-1000",
            0,
        ),
        (
            "DTSTART;TZID=Singapore Standard Time:20250601T100000",
            "250601 0900-1000",
            0,
        ),
        (
            "DTSTART;TZID=Tokyo Standard Time:20250601T110000",
            "250601 0900-1000",
            0,
        ),
        (
            "DTSTART;TZID=W. Europe Standard Time:20250601T040000",
            "250601 0900-1000",
            0,
        ),
        (
            "DTSTART;TZID=GMT Standard Time:20250601T030000",
            "250601 0900-1000",
            0,
        ),
        (
            "DTSTART;TZID=Eastern Standard Time:20250531T220000",
            "250601 0900-1000",
            0,
        ),
        (
            "DTSTART;TZID=pacific standard time:20250531T190000",
            "250601 0900-1000",
            0,
        ),
        ("DTSTART;TZID=UTC:20250601T020000", "250601 0900-1000", 0),
        // Busy at the local time, and counted.
        (
            "DTSTART;TZID=Customized Time Zone:20250601T090000",
            "250601 0900-1000",
            1,
        ),
        ("DTSTART;TZID=:20250601T090000", "250601 0900-1000", 1),
        ("DTSTART:20251301T090000", "", 1),
        ("DTSTART:20250601T250000", "", 1),
        ("DTSTART:20250601T090000junk", "", 1),
        ("DTSTART:", "", 1),
        ("DTSTART", "", 1),
        ("SUMMARY:x", "", 1),
    ] {
        let lines = format!("{start};;DURATION:PT1H");
        assert_eq!(jakarta(&lines), is(expected, not_understood), "{start}");
    }
}

#[test]
fn events_last_until_their_end() {
    for (end, expected, not_understood) in [
        ("DTEND:20250601T103000", "250601 0900-1030", 0),
        (
            "DTEND;TZID=Asia/Makassar:20250601T103000",
            "250601 0900-0930",
            0,
        ),
        ("DURATION:PT1H30M", "250601 0900-1030", 0),
        ("DURATION:+P0DT5400S", "250601 0900-1030", 0),
        ("DURATION:P1W", "250601 0900-250608 0900", 0),
        ("SUMMARY:without an end", "", 0),
        ("DTEND:20250601T090000", "", 0),
        ("DTEND:20250601T080000", "", 1),
        ("DURATION:-PT1H", "", 1),
        ("DURATION:PT", "", 1),
        ("DURATION:1H", "", 1),
        ("DURATION:P99999999999999999999D", "", 1),
        ("DURATION:P9999999999999D", "250601 0900-260701 0700", 0),
        (
            "DTEND:20250601T093000;;BEGIN:VALARM;;DURATION:P7D;;TRIGGER:-PT1H;;END:VALARM",
            "250601 0900-0930",
            0,
        ),
    ] {
        let lines = format!("DTSTART:20250601T090000;;{end}");
        assert_eq!(jakarta(&lines), is(expected, not_understood), "{end}");
    }
}

#[test]
fn what_is_free_is_free() {
    for (line, free) in [
        ("TRANSP:TRANSPARENT", true),
        ("TRANSP:OPAQUE", false),
        ("STATUS:CANCELLED", true),
        ("status:cancelled", true),
        ("STATUS:TENTATIVE", false),
        ("X-MICROSOFT-CDO-BUSYSTATUS:FREE", true),
        ("X-MICROSOFT-CDO-BUSYSTATUS:OOF", false),
        ("CLASS:PRIVATE", false),
    ] {
        let lines = format!("DTSTART:20250601T090000;;DURATION:PT1H;;{line};;RRULE:FREQ=SECONDLY");
        let expected = if free {
            is("", 0)
        } else {
            is("250601 0900-1000", 1)
        };
        assert_eq!(jakarta(&lines), expected, "{line}");
        assert_eq!(read(&event(&lines), Tz::UTC).unwrap().events, 1);
    }
}

#[test]
fn free_busy_periods_are_busy_unless_free() {
    let text = feed(
        "BEGIN:VFREEBUSY;;DTSTART:20250101T000000Z;;DTEND:20260101T000000Z;;\
         FREEBUSY:20250601T020000Z/PT1H,20250602T020000Z/20250602T040000Z;;\
         FREEBUSY;FBTYPE=FREE:20250603T020000Z/PT1H;;\
         FREEBUSY;FBTYPE=BUSY-TENTATIVE:20250604T020000Z/PT1H;;END:VFREEBUSY",
    );
    let expected = "250601 0900-1000, 250602 0900-1100, 250604 0900-1000";
    assert_eq!(shown(&text, Tz::Asia__Jakarta), is(expected, 0));
    for broken in [
        "20250604T020000Z",
        "20250604T020000Z/PT1X",
        "20250604/20250605",
        "/",
    ] {
        let text = text.replace("20250604T020000Z/PT1H", broken);
        let expected = "250601 0900-1000, 250602 0900-1100";
        assert_eq!(shown(&text, Tz::Asia__Jakarta), is(expected, 1), "{broken}");
    }
    let unread = feed("BEGIN:VAVAILABILITY;;BEGIN:AVAILABLE;;END:AVAILABLE;;END:VAVAILABILITY");
    assert_eq!(shown(&unread, Tz::UTC), is("", 1));
}

#[test]
fn busy_times_are_merged_and_clipped() {
    let one = |start: &str, end: &str| {
        format!("BEGIN:VEVENT;;DTSTART:{start}Z;;DTEND:{end}Z;;END:VEVENT")
    };
    let text = feed(
        &[
            one("20250601T110000", "20250601T120000"),
            one("20250601T080000", "20250601T090000"),
            one("20250601T090000", "20250601T093000"),
            one("20250601T083000", "20250601T085900"),
            one("20250531T000000", "20250601T070000"),
            one("20250601T130000", "20250701T000000"),
        ]
        .join(";;"),
    );
    let window = (utc("20250601T060000"), utc("20250601T140000"));
    let read = busy(text.as_bytes(), Tz::UTC, window, Limits::default()).unwrap();
    let spans = [
        ("060000", "070000"),
        ("080000", "093000"),
        ("110000", "120000"),
        ("130000", "140000"),
    ];
    let spans = spans.map(|(a, b)| (utc(&format!("20250601T{a}")), utc(&format!("20250601T{b}"))));
    assert_eq!(read.busy, spans);
    assert_eq!((read.events, read.not_understood), (6, 0));
}

#[test]
fn lines_are_unfolded_and_broken_ones_left_out() {
    let text = "\u{FEFF}begin:vcalendar\nBEGIN:VEVENT\nthis is no line\nSUMMARY:Caf\n é\n\
                DTSTART;TZID=Asia/Ja\n\tkarta:2025\r\n 0601T090000\nDURATION:PT\n 1H\n\n   \nend:vevent\n\
                END:VCALENDAR";
    assert_eq!(shown(text, Tz::UTC), is("250601 0200-0300", 0));
    // A fold inside a character, and bytes that are no text.
    let mut bytes = event("DTSTART:20250601T090000Z;;DURATION:PT1H;;SUMMARY:").into_bytes();
    let at = bytes.windows(8).position(|w| w == b"SUMMARY:").unwrap() + 8;
    bytes.splice(at..at, *b"\xC3\r\n \xA9 \xFF\xFE");
    let window = (utc("20250101T000000"), utc("20260101T000000"));
    let read = busy(&bytes, Tz::UTC, window, Limits::default()).unwrap();
    assert_eq!((read.busy.len(), read.not_understood), (1, 0));
}

#[test]
fn what_is_no_calendar_is_refused() {
    use ImportError::{NotACalendar, Unbalanced};
    for (text, error) in [
        ("", NotACalendar),
        ("\r\n\r\n", NotACalendar),
        (
            "<!DOCTYPE html><html><body>Sign in</body></html>",
            NotACalendar,
        ),
        ("BEGIN:VEVENT\r\nEND:VEVENT\r\n", NotACalendar),
        ("BEGIN:VCARD\r\nEND:VCARD\r\n", NotACalendar),
        (
            "DTSTART:20250601T090000Z\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR",
            NotACalendar,
        ),
        // A download that broke off would leave busy times out.
        (
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:2025",
            Unbalanced,
        ),
        (
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\n",
            Unbalanced,
        ),
        (
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
            Unbalanced,
        ),
        ("END:VCALENDAR\r\n", Unbalanced),
    ] {
        assert_eq!(read(text, Tz::UTC), Err(error), "{text}");
    }
    let empty = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n".repeat(2);
    assert_eq!(
        read(&empty, Tz::UTC),
        Ok(crate::ics::import::Imported::default())
    );
}
