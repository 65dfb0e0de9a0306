//! Calendars from elsewhere: a large honest one, and such as mean harm.

use std::fmt::Write;
use std::time::Instant;

use chrono::{DateTime, Days, TimeDelta, Utc};
use chrono_tz::Tz;
use karya_mentoring_booking::ics::import::{Limits, busy};

/// A calendar of so many events with these lines; `$N` is the number of the event, `$DAY` one of 600 days.
fn calendar(events: usize, lines: &str) -> String {
    let first = "2026-01-01T00:00:00Z"
        .parse::<DateTime<Utc>>()
        .expect("an instant");
    let mut text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n".to_owned();
    for number in 0..events {
        let day = (first + Days::new(number as u64 % 600))
            .format("%Y%m%d")
            .to_string();
        let lines = lines
            .replace("$N", &number.to_string())
            .replace("$DAY", &day);
        write!(
            text,
            "BEGIN:VEVENT\r\nUID:{number}@x\r\n{lines}\r\nEND:VEVENT\r\n"
        )
        .expect("memory");
    }
    text + "END:VCALENDAR\r\n"
}

/// The most memory that a process ever held, in MB.
pub fn peak(process: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kb.unwrap_or_default() / 1024.0
}

pub fn print() {
    println!();
    let zoned = "DTSTART;TZID=Europe/Berlin:00010101T090000\r\nDURATION:PT1H\r\nRRULE:";
    let rule = |rule: &str| calendar(5000, &format!("{zoned}{rule}"));
    let one = |lines: String| {
        calendar(
            1,
            &format!("DTSTART;TZID=Europe/Berlin:20260601T090000\r\nDURATION:PT1H\r\n{lines}"),
        )
    };
    let feeds = [
        (
            "an import of 5,000 events",
            calendar(
                5000,
                "DTSTART;TZID=Asia/Jakarta:$DAYT090000\r\nDTEND;TZID=Asia/Jakarta:$DAYT100000\r\nSUMMARY:Rapat $N",
            ),
        ),
        (
            "5,000 weekly series",
            calendar(
                5000,
                "DTSTART;TZID=Asia/Jakarta:$DAYT090000\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=2",
            ),
        ),
        ("hostile: every second", rule("FREQ=SECONDLY")),
        (
            "hostile: 30 February",
            rule("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;COUNT=9"),
        ),
        (
            "hostile: no such position",
            rule("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2"),
        ),
        (
            "hostile: daily for ever",
            rule("FREQ=DAILY;COUNT=4000000000"),
        ),
        (
            "hostile: many rules",
            one("RRULE:FREQ=DAILY;BYDAY=MO;BYSETPOS=2\r\n".repeat(50_000)),
        ),
        (
            "hostile: many exceptions",
            one(format!(
                "RRULE:FREQ=DAILY\r\n{}",
                "EXDATE:20260603T090000\r\n".repeat(80_000)
            )),
        ),
        (
            "hostile: one long line",
            one(format!("SUMMARY:{}", "a".repeat(2_000_000))),
        ),
        ("hostile: nested", "BEGIN:VCALENDAR\r\n".repeat(120_000)),
    ];
    let from = "2026-06-01T00:00:00Z"
        .parse::<DateTime<Utc>>()
        .expect("an instant");
    let window = (from, from + TimeDelta::days(120));
    for (what, text) in feeds {
        let started = Instant::now();
        let read = busy(
            text.as_bytes(),
            Tz::Asia__Jakarta,
            window,
            Limits::default(),
        );
        let took = started.elapsed().as_secs_f64() * 1000.0;
        let outcome = match read {
            Ok(read) => format!(
                "{} busy times, {} not understood",
                read.busy.len(),
                read.not_understood
            ),
            Err(error) => error.to_string(),
        };
        println!(
            "{what:<46} {took:>8.1} ms  {:>5} kB  {outcome}",
            text.len() / 1024
        );
    }
    println!(
        "the most memory that server and load ever held {:>8.0} MB\n",
        peak("self")
    );
}
