//! Second opinions from other people's programs and test data. They are asked for by name; see `.ci/run`.

use std::path::{Path, PathBuf};
use std::process::Command;

use chrono_tz::Tz;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::emit::any_event;
use super::{event, utc};
use crate::ics::emit::{cancellation, feed, invitation};
use crate::ics::import::{Limits, busy};

/// In the target folder, where `.ci/run` puts what it installs.
fn installed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target")
        .join(name)
}

/// Fails where a property does not parse or is missing, and where a line is too long or does not end in CRLF.
const STRICT: &str = r#"
import pathlib, sys
from icalendar import Calendar

files = sorted(pathlib.Path(sys.argv[1]).glob("*.ics"))
for path in files:
    raw = path.read_bytes()
    assert raw.endswith(b"\r\n") and b"\n" not in raw.replace(b"\r\n", b""), path
    assert all(len(line) <= 75 for line in raw.split(b"\r\n")), path
    calendar = Calendar.from_ical(raw)
    for component in calendar.walk():
        assert not component.errors, (path, component.errors)
    (event,) = calendar.walk("VEVENT")
    for name in ("UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "ORGANIZER"):
        assert event[name] is not None, (path, name)
    assert event["ORGANIZER"].startswith("mailto:"), path
print(len(files))
"#;

#[test]
#[ignore = "needs Python's icalendar: see .ci/run"]
fn pythons_icalendar_reads_all_that_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::deterministic();
    for number in 0..400 {
        let event = any_event().new_tree(&mut runner).unwrap().current();
        let name = event.summary.clone();
        for (kind, text) in [
            ("invitation", invitation(&event)),
            ("cancellation", cancellation(&event)),
            ("feed", feed(&name, std::slice::from_ref(&event))),
        ] {
            std::fs::write(folder.path().join(format!("{kind}-{number}.ics")), text).unwrap();
        }
    }
    let python = installed("icalendar/bin/python");
    let output = Command::new(&python)
        .args(["-c", STRICT])
        .arg(folder.path())
        .output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", python.display()));
    let (said, errors) = (
        output.stdout,
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8(said).unwrap().trim(), "1200");
}

/// Blocks of RRULE, DTSTART and INSTANCES. What is of the core is read as libical reads it; of the rest either that, or
/// it is counted as not understood: no instance is silently free.
#[test]
#[ignore = "needs libical's test data: see .ci/run"]
fn libicals_recurrences_are_ours() {
    let path = installed("libical-recurrences.txt");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let beyond = [
        "BYHOUR",
        "BYMINUTE",
        "BYSECOND",
        "BYYEARDAY",
        "BYWEEKNO",
        "RSCALE",
        "SKIP",
    ];
    let (mut core, mut rest, mut faults) = (0, 0, Vec::new());
    for block in text.split("\n\n") {
        let line = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
        let (Some(rule), Some(start), Some(instances)) =
            (line("RRULE:"), line("DTSTART:"), line("INSTANCES:"))
        else {
            continue;
        };
        if line("START-AT:").is_some() || instances.contains('*') {
            continue;
        }
        let is_core = ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY"]
            .iter()
            .any(|freq| rule.contains(freq))
            && !beyond.iter().any(|part| rule.contains(part));
        *if is_core { &mut core } else { &mut rest } += 1;
        let whole = |at: &str| {
            if at.len() == 8 {
                format!("{at}T000000")
            } else {
                at.trim_end_matches('Z').to_owned()
            }
        };
        let start = whole(start);
        let text = event(&format!(
            "DTSTART:{start};;DURATION:PT1S;;RRULE:{}",
            rule.trim_end_matches(';')
        ));
        let window = (utc("19600101T000000"), utc("20700101T000000"));
        let read = busy(text.as_bytes(), Tz::UTC, window, Limits::default()).unwrap();
        // DTSTART is busy whether the rule meets it or not.
        let found = read
            .busy
            .iter()
            .map(|(start, _)| start.format("%Y%m%dT%H%M%S").to_string());
        let found: Vec<String> = found.filter(|at| *at != start).collect();
        let mut expected: Vec<String> = instances
            .split(',')
            .map(whole)
            .filter(|at| *at != start)
            .collect();
        expected.sort();
        let is_understood = read.not_understood == 0;
        if (is_core || is_understood) && (found != expected || !is_understood) {
            faults.push(format!("{start} {rule}: {found:?}, not {expected:?}"));
        }
    }
    assert!(core >= 35 && rest >= 20, "{core} and {rest} blocks");
    assert_eq!(
        faults,
        [] as [String; 0],
        "{} of {core} and {rest}",
        faults.len()
    );
}
