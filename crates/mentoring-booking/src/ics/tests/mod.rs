mod cases;
mod elsewhere;
mod emit;
mod fuzz;
mod hostile;
mod import;
mod oracle;
mod recurrence;
mod series;

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::import::{ImportError, Imported, Limits, busy};

/// `20260131T090000`, in UTC.
fn utc(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S")
        .unwrap()
        .and_utc()
}

/// A feed with these lines; `;;` between them.
fn feed(lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}\r\nEND:VCALENDAR\r\n",
        lines.replace(";;", "\r\n")
    )
}

/// A feed with one event of these properties.
fn event(lines: &str) -> String {
    feed(&format!("BEGIN:VEVENT;;UID:1@x;;{lines};;END:VEVENT"))
}

/// What a feed read in 2025 and the first half of 2026 gives.
fn read(text: &str, zone: Tz) -> Result<Imported, ImportError> {
    let window = (utc("20250101T000000"), utc("20260701T000000"));
    busy(text.as_bytes(), zone, window, Limits::default())
}

/// Busy times as `250131 0900-1000`, in a zone; with the number of components not understood.
fn shown(text: &str, zone: Tz) -> (String, usize) {
    let read = read(text, zone).unwrap();
    let busy: Vec<String> = read
        .busy
        .iter()
        .map(|(start, end)| {
            let local = |at: &DateTime<Utc>| zone.from_utc_datetime(&at.naive_utc());
            let (start, end) = (local(start), local(end));
            let until = match (end - start).num_hours() {
                0..24 => end.format("%H%M"),
                _ => end.format("%y%m%d %H%M"),
            };
            format!("{}-{until}", start.format("%y%m%d %H%M"))
        })
        .collect();
    (busy.join(", "), read.not_understood)
}
