use chrono_tz::Tz;

use super::{event, read, shown};

#[test]
fn a_meeting_keeps_its_local_time_over_a_change_of_clocks() {
    let text = event(
        "DTSTART;TZID=America/New_York:20260224T090000;;DTEND;TZID=America/New_York:20260224T100000;;\
         RRULE:FREQ=WEEKLY;COUNT=4",
    );
    let utc = "260224 1400-1500, 260303 1400-1500, 260310 1300-1400, 260317 1300-1400";
    assert_eq!(shown(&text, Tz::UTC), (utc.to_owned(), 0));
    let jakarta = "260224 2100-2200, 260303 2100-2200, 260310 2000-2100, 260317 2000-2100";
    assert_eq!(shown(&text, Tz::Asia__Jakarta), (jakarta.to_owned(), 0));
    let text = text.replace("America/New_York", "Asia/Jakarta");
    let utc = "260224 0200-0300, 260303 0200-0300, 260310 0200-0300, 260317 0200-0300";
    assert_eq!(shown(&text, Tz::UTC), (utc.to_owned(), 0));
}

#[test]
fn times_in_a_change_of_clocks_are_resolved() {
    for (lines, expected) in [
        // The gap of 9 March 2025: 02:30 counts from the offset before it.
        (
            "DTSTART;TZID=America/New_York:20250308T023000;;DURATION:PT1H;;RRULE:FREQ=DAILY;COUNT=3",
            "250308 0730-0830, 250309 0730-0830, 250310 0630-0730",
        ),
        // 01:30 exists twice on 2 November 2025: the first.
        (
            "DTSTART;TZID=America/New_York:20251102T013000;;DURATION:PT1H",
            "251102 0530-0630",
        ),
        // DTEND gives an exact length, a day of DURATION is one of the calendar.
        (
            "DTSTART;TZID=America/New_York:20250308T120000;;DURATION:P1D",
            "250308 1700-1600",
        ),
        (
            "DTSTART;TZID=America/New_York:20250308T120000;;DURATION:PT24H",
            "250308 1700-250309 1700",
        ),
        // Clocks go forward by half an hour.
        (
            "DTSTART;TZID=Australia/Lord_Howe:20251005T021500;;DURATION:PT1H",
            "251004 1545-1645",
        ),
        // A day that does not exist (Kwajalein, 21 August 1993): longer ago than the window.
        (
            "DTSTART;TZID=Pacific/Kwajalein:19930821T120000;;DURATION:P11500D",
            "250101 0000-250214 0000",
        ),
        // UNTIL in UTC is compared as an instant: the last is 9 March, 09:00 -0400.
        (
            "DTSTART;TZID=America/New_York:20250307T090000;;DURATION:PT1H;;\
             RRULE:FREQ=DAILY;UNTIL=20250309T130000Z",
            "250307 1400-1500, 250308 1400-1500, 250309 1300-1400",
        ),
        (
            "DTSTART;TZID=America/New_York:20250307T090000;;DURATION:PT1H;;\
             RRULE:FREQ=DAILY;UNTIL=20250309T125959Z",
            "250307 1400-1500, 250308 1400-1500",
        ),
    ] {
        assert_eq!(
            shown(&event(lines), Tz::UTC),
            (expected.to_owned(), 0),
            "{lines}"
        );
    }
}

#[test]
fn whole_days_run_from_midnight_to_midnight() {
    for (zone, lines, expected) in [
        (
            Tz::Asia__Jakarta,
            "DTSTART;VALUE=DATE:20250309",
            "250309 0000-250310 0000",
        ),
        // A day of 23 hours.
        (
            Tz::America__New_York,
            "DTSTART;VALUE=DATE:20250309",
            "250309 0000-0000",
        ),
        // A day without midnight.
        (
            Tz::Africa__Cairo,
            "DTSTART;VALUE=DATE:20250425",
            "250425 0100-0000",
        ),
        (
            Tz::Asia__Jakarta,
            "DTSTART;VALUE=DATE:20250309;;DTEND;VALUE=DATE:20250311",
            "250309 0000-250311 0000",
        ),
        (
            Tz::Asia__Jakarta,
            "DTSTART;VALUE=DATE:20250309;;DTEND;VALUE=DATE:20250309",
            "250309 0000-250310 0000",
        ),
        (
            Tz::Asia__Jakarta,
            "DTSTART;VALUE=DATE:20250309;;DURATION:P1W",
            "250309 0000-250316 0000",
        ),
        (
            Tz::Asia__Jakarta,
            "DTSTART:20250309;;RRULE:FREQ=WEEKLY;UNTIL=20250323;;EXDATE;VALUE=DATE:20250316",
            "250309 0000-250310 0000, 250323 0000-250324 0000",
        ),
        (
            Tz::America__New_York,
            "DTSTART;VALUE=DATE:20250401;;RRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20250405T000000Z",
            "250401 0000-250402 0000, 250403 0000-250404 0000, 250405 0000-250406 0000",
        ),
    ] {
        assert_eq!(
            shown(&event(lines), zone),
            (expected.to_owned(), 0),
            "{lines}"
        );
    }
}

#[test]
fn a_rule_that_is_not_understood_leaves_its_first_instance_busy() {
    for rule in [
        "FREQ=SECONDLY",
        "FREQ=HOURLY;INTERVAL=24",
        "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=YEARLY;BYYEARDAY=100",
        "FREQ=DAILY;BYHOUR=9,10",
        "FREQ=DAILY;BYMINUTE=0",
        "RSCALE=CHINESE;FREQ=YEARLY",
        "FREQ=MONTHLY;SKIP=FORWARD",
        "FREQ=DAILY;X-PART=1",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=-3",
        "FREQ=DAILY;COUNT=4294967297",
        "FREQ=DAILY;COUNT=5;COUNT=500",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=x",
        "FREQ=DAILY;UNTIL=soon",
        "FREQ=DAILY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=2MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=é",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYMONTHDAY=257",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0",
        "FREQ=",
        "DAILY",
        "INTERVAL=2",
        "",
    ] {
        let text = event(&format!(
            "DTSTART:20250601T090000Z;;DURATION:PT1H;;RRULE:{rule}"
        ));
        let expected = ("250601 0900-1000".to_owned(), 1);
        assert_eq!(shown(&text, Tz::UTC), expected, "{rule}");
    }
}

#[test]
fn rules_are_read_whatever_their_order_and_case() {
    let text = event(
        "DTSTART:20250601T090000Z;;DURATION:PT1H;;RRULE:count=2 ; byday= su,mo; ;freq=Weekly",
    );
    let expected = "250601 0900-1000, 250602 0900-1000";
    assert_eq!(shown(&text, Tz::UTC), (expected.to_owned(), 0));
    // Several rules add up.
    let text = text.replace(
        "END:VEVENT",
        "RRULE:FREQ=DAILY;INTERVAL=3;COUNT=2\r\nEND:VEVENT",
    );
    let expected = format!("{expected}, 250604 0900-1000");
    assert_eq!(shown(&text, Tz::UTC), (expected, 0));
}

#[test]
fn an_old_series_is_found_in_the_window() {
    let text = event("DTSTART:00010101T000000Z;;DURATION:PT1M;;RRULE:FREQ=DAILY");
    assert_eq!(read(&text, Tz::UTC).unwrap().busy.len(), 546);
    // One that lasts so long that it began well before the window.
    let text = event("DTSTART:20200101T000000Z;;DURATION:P400D;;RRULE:FREQ=YEARLY;COUNT=5");
    let expected = "250101 0000-250204 0000";
    assert_eq!(shown(&text, Tz::UTC), (expected.to_owned(), 0));
}
