use std::time::{Duration, Instant};

use chrono_tz::Tz;

use super::{event, feed, read, utc};
use crate::ics::import::{ImportError, Imported, Limits, busy};

const MAX: usize = 2 * 1024 * 1024;

/// As many as fit into a feed.
fn many(text: &str) -> String {
    text.repeat((MAX - 500) / text.len())
}

/// So many events, or as many as fit into a feed.
fn events(count: usize, lines: &str) -> String {
    let event = format!("BEGIN:VEVENT;;{lines};;END:VEVENT;;");
    let count = count.min((MAX - 500) / event.len());
    feed(&event.repeat(count))
}

#[test]
fn limits_hold() {
    let limits = Limits {
        bytes: 5_000,
        events: 3,
        instances: 10,
        rule_days: 1_000,
        nesting: 4,
        line: 200,
    };
    let window = (utc("20250101T000000"), utc("20260101T000000"));
    let under = |text: &str| busy(text.as_bytes(), Tz::UTC, window, limits);
    let start = "DTSTART:20250601T090000Z;;DURATION:PT1H";
    assert_eq!(
        under(&" ".repeat(5_001)),
        Err(ImportError::TooLarge { max: 5_000 })
    );
    assert!(under(&events(3, start)).is_ok());
    assert_eq!(
        under(&events(4, start)),
        Err(ImportError::TooManyEvents { max: 3 })
    );
    let daily = |count| event(&format!("{start};;RRULE:FREQ=DAILY;COUNT={count}"));
    // The start is counted as the start and as the first of the series.
    assert!(under(&daily(9)).is_ok());
    assert_eq!(
        under(&daily(10)),
        Err(ImportError::TooManyInstances { max: 10 })
    );
    let nested = |depth| {
        feed(&format!(
            "{};;{}",
            vec!["BEGIN:X"; depth].join(";;"),
            vec!["END:X"; depth].join(";;")
        ))
    };
    assert!(under(&nested(3)).is_ok());
    assert_eq!(under(&nested(4)), Err(ImportError::TooDeep { max: 4 }));
    let long = "x".repeat(300);
    assert!(under(&event(&format!("{start};;SUMMARY:{long}"))).is_ok());
    let error = Err(ImportError::LineTooLong { max: 200 });
    assert_eq!(under(&event(&format!("{start};;EXDATE:{long}"))), error);
    // A rule over the budget is not understood; the one after it, within what is left, is.
    let old = "DTSTART:19000601T090000Z;;DURATION:PT1H;;RRULE:FREQ=DAILY;COUNT=60000";
    let read = under(&events(2, old)).unwrap();
    assert_eq!((read.busy.len(), read.not_understood), (0, 2));
}

/// The longest that any of these takes, in a debug build that shares its cores.
const PATIENCE: Duration = Duration::from_secs(5);

type Feeds = Vec<(&'static str, String)>;

const VALID: &str = "DTSTART;TZID=Europe/Berlin:20250601T090000;;DURATION:PT1H";

fn with_rules() -> Feeds {
    let rule = |rule: &str| {
        events(
            5_000,
            &format!("DTSTART;TZID=Europe/Berlin:00010101T090000;;DURATION:PT1H;;RRULE:{rule}"),
        )
    };
    let ordinals: Vec<String> = (1..=53)
        .flat_map(|n| ["MO", "TU", "WE", "TH"].map(|day| format!("{n}{day}")))
        .collect();
    let month_days: Vec<String> = (1..=31)
        .flat_map(|n| [n, -n])
        .map(|n| n.to_string())
        .collect();
    let positions: Vec<String> = (2..=366).map(|n| n.to_string()).collect();
    vec![
        ("secondly", rule("FREQ=SECONDLY")),
        ("30 February", rule("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30")),
        (
            "30 February, counted",
            rule("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;COUNT=9"),
        ),
        ("no such position", rule("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2")),
        (
            "no such day",
            rule("FREQ=YEARLY;BYDAY=53MO;BYSETPOS=9;COUNT=9"),
        ),
        (
            "many ordinals",
            rule(&format!("FREQ=YEARLY;BYDAY={}", ordinals.join(","))),
        ),
        (
            "many month days",
            rule(&format!("FREQ=DAILY;BYMONTHDAY={}", month_days.join(","))),
        ),
        ("counted", rule("FREQ=DAILY;COUNT=4000000000")),
        (
            "counted weeks",
            rule("FREQ=WEEKLY;BYDAY=MO,TU;COUNT=4000000000"),
        ),
        ("large steps", rule("FREQ=YEARLY;INTERVAL=4000000000")),
        ("until", rule("FREQ=DAILY;UNTIL=99991231T000000Z")),
        (
            "daily in a small window",
            rule("FREQ=YEARLY;BYMONTHDAY=1,2,3"),
        ),
        (
            "many ordinals, counted",
            rule(&format!(
                "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=9;BYDAY={}",
                ordinals.join(",")
            )),
        ),
        (
            "many positions",
            rule(&format!("FREQ=DAILY;BYSETPOS={}", positions.join(","))),
        ),
        (
            "a gap of a day",
            event(&format!(
                "{VALID};;{}",
                many("RDATE;TZID=Pacific/Apia:20111230T120000\r\n")
            )),
        ),
        (
            "a gap of a day, in lists",
            event(&format!(
                "{VALID};;{}",
                many(&format!(
                    "EXDATE;TZID=Pacific/Apia:{}\r\n",
                    "20111230T120000,".repeat(9_000)
                ))
            )),
        ),
        (
            "long events",
            rule("FREQ=DAILY").replace("PT1H", "P9999999D"),
        ),
        (
            "far ends",
            rule("FREQ=DAILY").replace("PT1H", "P999999999999999D"),
        ),
    ]
}

fn with_lists() -> Feeds {
    vec![
        (
            "long rule",
            event(&format!(
                "{VALID};;RRULE:FREQ=DAILY;BYDAY={}",
                "MO,".repeat(80_000)
            )),
        ),
        (
            "many rules",
            event(&format!(
                "{VALID};;{}",
                many("RRULE:FREQ=DAILY;BYDAY=MO;BYSETPOS=2\r\n")
            )),
        ),
        (
            "many parts",
            event(&format!("{VALID};;RRULE:{}", "FREQ=DAILY;X".repeat(20_000))),
        ),
        ("long line", event(&format!("SUMMARY:{}", many("a")))),
        ("folds", event(&format!("SUMMARY:{}", many("\r\n a")))),
        ("empty folds", event(&format!("SUMMARY:{}", many("\r\n ")))),
        ("parameters", event(&format!("DTSTART{}:x", many(";A=b")))),
        ("quotes", event(&format!("DTSTART;A={}:x", many("\"")))),
        (
            "exceptions",
            event(&format!(
                "{VALID};;RRULE:FREQ=DAILY;;{}",
                many("EXDATE:20250603T090000\r\n")
            )),
        ),
        (
            "additions",
            event(&format!(
                "{VALID};;{}",
                many("RDATE;TZID=Nowhere:19990603T090000\r\n")
            )),
        ),
        (
            "additions in the window",
            event(&format!("{VALID};;{}", many("RDATE:20250603T090000\r\n"))),
        ),
        (
            "replaced",
            events(
                5_000,
                &format!("UID:a;;RECURRENCE-ID:20250601T090000Z;;{VALID}"),
            ),
        ),
        (
            "unknown zone",
            events(5_000, "DTSTART;TZID=Nowhere:20250601T090000;;DURATION:PT1H"),
        ),
    ]
}

fn without_shape() -> Feeds {
    vec![
        ("colons", many(":")),
        ("line ends", many("\n")),
        ("returns", many("\r")),
        ("spaces", many(" ")),
        ("noise", feed(&many("abc\r\n"))),
        ("begins", many("BEGIN:VCALENDAR\r\n")),
        ("begins and ends", feed(&many("BEGIN:X\r\nEND:X\r\n"))),
        ("calendars", many("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")),
        ("ends", feed(&many("END:X\r\n"))),
        ("nul", feed(&many("\0"))),
        (
            "typical",
            events(
                5_000,
                &format!("UID:a;;{VALID};;SUMMARY:Sprint planning;;RRULE:FREQ=WEEKLY;COUNT=1"),
            ),
        ),
    ]
}

#[test]
fn no_feed_takes_long() {
    for (name, text) in [with_rules(), with_lists(), without_shape()].concat() {
        let begin = Instant::now();
        let read = read(&text, Tz::Asia__Jakarta);
        let took = begin.elapsed();
        println!("{took:>12.3?} {name}: {}", summary(&read));
        assert!(text.len() <= MAX && took < PATIENCE, "{name} took {took:?}");
    }
}

fn summary(read: &Result<Imported, ImportError>) -> String {
    match read {
        Ok(read) => format!(
            "{} busy, {} of {} not understood",
            read.busy.len(),
            read.not_understood,
            read.events
        ),
        Err(error) => error.to_string(),
    }
}
