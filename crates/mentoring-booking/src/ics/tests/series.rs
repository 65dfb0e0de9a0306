use chrono_tz::Tz;

use super::{event, feed, shown};

fn jakarta(lines: &str) -> (String, usize) {
    shown(&event(lines), Tz::Asia__Jakarta)
}

fn is(busy: &str, not_understood: usize) -> (String, usize) {
    (busy.to_owned(), not_understood)
}

#[test]
fn series_have_exceptions_and_additions() {
    let series =
        "DTSTART;TZID=Asia/Jakarta:20250601T090000;;DURATION:PT1H;;RRULE:FREQ=DAILY;COUNT=4";
    for (line, expected, not_understood) in [
        (
            "EXDATE;TZID=Asia/Jakarta:20250602T090000,20250603T090000",
            "250601 0900-1000, 250604 0900-1000",
            0,
        ),
        (
            "EXDATE:20250601T020000Z;;EXDATE:20250604T020000Z",
            "250602 0900-1000, 250603 0900-1000",
            0,
        ),
        (
            "EXDATE;VALUE=DATE:20250602,20250603,20250604",
            "250601 0900-1000",
            0,
        ),
        (
            "EXDATE:20250602T020001Z,broken",
            "250601 0900-1000, 250602 0900-1000, 250603 0900-1000, 250604 0900-1000",
            1,
        ),
        (
            "EXDATE;VALUE=DATE:20250602,20250603,20250604;;RDATE:20250610T020000Z,20250612T020000Z",
            "250601 0900-1000, 250610 0900-1000, 250612 0900-1000",
            0,
        ),
        (
            "EXDATE;VALUE=DATE:20250602,20250603,20250604;;\
             RDATE;VALUE=PERIOD:20250610T020000Z/PT2H;;RDATE;VALUE=DATE:20250611;;RDATE:x",
            "250601 0900-1000, 250610 0900-1100, 250611 0900-1000",
            1,
        ),
        (
            "EXRULE:FREQ=DAILY;INTERVAL=2",
            "250601 0900-1000, 250602 0900-1000, 250603 0900-1000, 250604 0900-1000",
            1,
        ),
    ] {
        assert_eq!(
            jakarta(&format!("{series};;{line}")),
            is(expected, not_understood),
            "{line}"
        );
    }
}

#[test]
fn single_instances_are_moved_and_cancelled() {
    let with = |others: &str| {
        shown(
            &feed(&format!(
                "BEGIN:VEVENT;;UID:a;;DTSTART;TZID=Asia/Jakarta:20250601T090000;;DURATION:PT1H;;\
                 RRULE:FREQ=DAILY;COUNT=3;;END:VEVENT;;{others}"
            )),
            Tz::Asia__Jakarta,
        )
    };
    for (other, expected, not_understood) in [
        (
            "UID:a;;RECURRENCE-ID:20250602T020000Z;;DTSTART:20250602T070000Z;;DURATION:PT2H",
            "250601 0900-1000, 250602 1400-1600, 250603 0900-1000",
            0,
        ),
        (
            "UID:a;;RECURRENCE-ID;TZID=Asia/Jakarta:20250602T090000;;DTSTART:20250602T070000Z;;\
             DURATION:PT2H;;STATUS:CANCELLED",
            "250601 0900-1000, 250603 0900-1000",
            0,
        ),
        (
            "UID:a;;RECURRENCE-ID;VALUE=DATE:20250602;;DTSTART:20250602T070000Z;;DURATION:PT2H;;\
             TRANSP:TRANSPARENT",
            "250601 0900-1000, 250603 0900-1000",
            0,
        ),
        (
            "UID:b;;RECURRENCE-ID:20250602T020000Z;;DTSTART:20250602T070000Z;;DURATION:PT2H",
            "250601 0900-1000, 250602 0900-1000, 250602 1400-1600, 250603 0900-1000",
            0,
        ),
        (
            "UID:a;;RECURRENCE-ID;RANGE=THISANDFUTURE:20250602T020000Z;;DTSTART:20250602T070000Z;;\
             DURATION:PT2H",
            "250601 0900-1000, 250602 1400-1600, 250603 0900-1000",
            1,
        ),
    ] {
        let event = format!("BEGIN:VEVENT;;{other};;END:VEVENT");
        assert_eq!(with(&event), is(expected, not_understood), "{other}");
    }
    // Days.
    let text = feed(
        "BEGIN:VEVENT;;UID:a;;DTSTART;VALUE=DATE:20250601;;RRULE:FREQ=DAILY;INTERVAL=2;COUNT=3;;\
         END:VEVENT;;BEGIN:VEVENT;;UID:a;;RECURRENCE-ID;VALUE=DATE:20250603;;\
         DTSTART;VALUE=DATE:20250610;;END:VEVENT",
    );
    let expected = "250601 0000-250602 0000, 250605 0000-250606 0000, 250610 0000-250611 0000";
    assert_eq!(shown(&text, Tz::Asia__Jakarta), is(expected, 0));
}
