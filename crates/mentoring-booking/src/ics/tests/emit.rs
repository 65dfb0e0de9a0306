use calcard::icalendar::{ICalendar, ICalendarProperty, ICalendarValue};
use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::{read, utc};
use crate::ics::emit::{Event, Method, Party, Status, cancellation, feed, invitation};
use crate::tests::cases;

fn session() -> Event {
    Event {
        uid: "0197f3a2@karya.example".into(),
        sequence: 2,
        starts_at: utc("20250601T090000"),
        ends_at: utc("20250601T100000"),
        stamp: utc("20250520T080000"),
        summary: "Mentoring, Bu Sri; harga \\ pasar".into(),
        description: "Baris satu\r\nBaris dua".into(),
        location: Some("Pasar Baru".into()),
        url: Some("https://karya.example/s/1?a=b".into()),
        organizer: Party {
            name: "Sri \"Batik\" Wahyuni".into(),
            email: "sri@karya.example".into(),
        },
        attendee: Party {
            name: "Budi\r\nX-EVIL:1".into(),
            email: "budi+umkm@contoh.id".into(),
        },
        status: Status::Confirmed,
    }
}

#[test]
fn an_invitation_is_a_request() {
    assert_eq!(
        invitation(&session()),
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Karya//Mentoring//ID\r\nCALSCALE:GREGORIAN\r\n\
         METHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:0197f3a2@karya.example\r\nDTSTAMP:20250520T080000Z\r\n\
         DTSTART:20250601T090000Z\r\nDTEND:20250601T100000Z\r\nSEQUENCE:2\r\nSTATUS:CONFIRMED\r\n\
         SUMMARY:Mentoring\\, Bu Sri\\; harga \\\\ pasar\r\nDESCRIPTION:Baris satu\\nBaris dua\r\n\
         LOCATION:Pasar Baru\r\nURL:https://karya.example/s/1?a=b\r\n\
         ORGANIZER;CN=\"Sri 'Batik' Wahyuni\":mailto:sri@karya.example\r\n\
         ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=\r\n \
         TRUE;CN=\"BudiX-EVIL:1\":mailto:budi+umkm@contoh.id\r\n\
         TRANSP:OPAQUE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    assert_eq!(
        Method::Request.content_type(),
        "text/calendar; charset=utf-8; method=REQUEST"
    );
    let mut cancelled = session();
    cancelled.status = Status::Cancelled;
    assert!(!invitation(&cancelled).contains("STATUS"));
}

#[test]
fn a_cancellation_cancels() {
    let text = cancellation(&session());
    for line in [
        "METHOD:CANCEL",
        "UID:0197f3a2@karya.example",
        "SEQUENCE:2",
        "STATUS:CANCELLED",
        "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;CN=\"BudiX-EVIL:1\":mailto:bu",
    ] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}");
    }
    assert!(!text.contains("RSVP"));
    assert_eq!(
        Method::Cancel.content_type(),
        "text/calendar; charset=utf-8; method=CANCEL"
    );
}

#[test]
fn a_feed_publishes_without_attendees() {
    let (mut tentative, mut cancelled) = (session(), session());
    tentative.status = Status::Tentative;
    tentative.starts_at = utc("20250602T090000");
    tentative.ends_at = utc("20250602T100000");
    cancelled.status = Status::Cancelled;
    cancelled.starts_at = utc("20250603T090000");
    cancelled.ends_at = utc("20250603T100000");
    let text = feed("Sesi saya, 2025", &[session(), tentative, cancelled]);
    for line in [
        "METHOD:PUBLISH",
        "NAME:Sesi saya\\, 2025",
        "X-WR-CALNAME:Sesi saya\\, 2025",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "STATUS:CONFIRMED",
        "STATUS:TENTATIVE",
        "STATUS:CANCELLED",
        "TRANSP:TRANSPARENT",
    ] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}");
    }
    assert!(!text.contains("ATTENDEE") && !text.contains("budi"));
    assert_eq!(
        Method::Publish.content_type(),
        "text/calendar; charset=utf-8; method=PUBLISH"
    );
    // What we publish, we read: the two that take place.
    let imported = read(&text, chrono_tz::Tz::Asia__Jakarta).unwrap();
    assert_eq!(
        (
            imported.busy.len(),
            imported.events,
            imported.not_understood
        ),
        (2, 3, 0)
    );
    assert_eq!(
        imported.busy.first(),
        Some(&(session().starts_at, session().ends_at))
    );
}

/// Text as a reader gets it back.
fn as_text(value: &str) -> String {
    value
        .replace("\r\n", "\n")
        .replace(['\r', '\u{2028}', '\u{2029}'], "\n")
        .replace('\t', " ")
        .chars()
        .filter(|char| *char == '\n' || !char.is_control())
        .collect()
}

fn as_name(value: &str) -> String {
    value
        .replace(['"', '^'], "'")
        .replace('\\', "/")
        .replace('\t', " ")
        .replace(['\u{2028}', '\u{2029}'], "")
        .chars()
        .filter(|char| !char.is_control())
        .collect::<String>()
        .trim()
        .to_owned()
}

fn as_uri(value: &str) -> String {
    let unsafe_ones = "\"<>\\^`{|}";
    let encode = |char: char| {
        if unsafe_ones.contains(char) {
            format!("%{:02X}", u32::from(char))
        } else {
            char.to_string()
        }
    };
    value.chars().map(encode).collect()
}

fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (0..4_102_444_800_i64).prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap())
}

/// Any text, with more of what hurts.
fn words() -> impl Strategy<Value = String> {
    let hurts = "[\\x00-\\x1f\"\\\\;:,=^'\u{7f}\u{85}\u{2028}\u{feff}é語🙂\\\\n]{0,40}";
    prop_oneof![
        any::<String>(),
        hurts,
        "(a|é|🙂|\r\n){60,120}",
        "[a-z \r\n]{0,200}"
    ]
}

pub(super) fn any_event() -> impl Strategy<Value = Event> {
    let party = || {
        (words(), "[a-z0-9.+_-]{1,60}@[a-z0-9.-]{1,60}")
            .prop_map(|(name, email)| Party { name, email })
    };
    let texts = (
        words(),
        words(),
        proptest::option::of(words()),
        proptest::option::of("https?://[!-~]{1,90}"),
    );
    let status = proptest::sample::select(vec![
        Status::Tentative,
        Status::Confirmed,
        Status::Cancelled,
    ]);
    (
        "[a-z0-9-]{1,80}@[a-z.]{1,40}",
        // RFC 5545 §3.3.8: integers have 32 bits and a sign.
        0..=2_147_483_647_u32,
        instant(),
        instant(),
        instant(),
        texts,
        party(),
        party(),
        status,
    )
        .prop_map(
            |(
                uid,
                sequence,
                starts_at,
                ends_at,
                stamp,
                (summary, description, location, url),
                organizer,
                attendee,
                status,
            )| Event {
                uid,
                sequence,
                starts_at,
                ends_at,
                stamp,
                summary,
                description,
                location,
                url,
                organizer,
                attendee,
                status,
            },
        )
}

/// Lines end in CRLF only, and are short.
fn well_formed(text: &str) -> bool {
    text.ends_with("\r\n")
        && !text
            .replace("\r\n", "")
            .contains(|char: char| char.is_control() || "\u{2028}\u{2029}".contains(char))
        && text.split("\r\n").all(|line| line.len() <= 75)
}

#[derive(Debug, PartialEq)]
struct Seen {
    names: Vec<String>,
    entries: Vec<(ICalendarProperty, String, Option<String>)>,
}

/// What calcard reads: components, and properties with value and CN.
fn seen(text: &str) -> Seen {
    let calendar = ICalendar::parse(text).unwrap();
    let names = calendar
        .components
        .iter()
        .map(|one| one.component_type.as_str().to_owned())
        .collect();
    let entries = calendar
        .components
        .iter()
        .flat_map(|component| &component.entries)
        .map(|entry| {
            let value = match entry.values.first() {
                None => String::new(),
                Some(ICalendarValue::PartialDateTime(at)) => at.to_timestamp().unwrap().to_string(),
                Some(ICalendarValue::Integer(number)) => number.to_string(),
                Some(value) => value.clone().into_text().unwrap().into_owned(),
            };
            let name = entry
                .params
                .iter()
                .find(|parameter| parameter.name == calcard::icalendar::ICalendarParameterName::Cn)
                .and_then(|parameter| parameter.value.as_text().map(str::to_owned));
            (entry.name.clone(), value, name)
        })
        .collect();
    Seen { names, entries }
}

impl Seen {
    fn one(&self, name: &ICalendarProperty) -> Option<(&str, Option<&str>)> {
        let mut found = self
            .entries
            .iter()
            .filter(|(property, ..)| property == name);
        let (_, value, cn) = found.next()?;
        assert!(found.next().is_none(), "{name:?} twice");
        Some((value, cn.as_deref()))
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn what_is_written_is_read(event in any_event(), name in words()) {
        use ICalendarProperty as P;
        for text in [invitation(&event), cancellation(&event), feed(&name, std::slice::from_ref(&event))] {
            prop_assert!(well_formed(&text), "{:?}", text);
            // Another program that reads it and writes it changes nothing of what it says.
            let rewritten = ICalendar::parse(&text).unwrap().to_string();
            let twice = ICalendar::parse(&rewritten).unwrap().to_string();
            prop_assert_eq!(&twice, &rewritten);
            let seen = seen(&text);
            prop_assert_eq!(&seen, &self::seen(&rewritten));
            prop_assert_eq!(&seen.names, &["VCALENDAR", "VEVENT"]);
            let value = |property: P| seen.one(&property).map(|(value, _)| value.to_owned());
            prop_assert_eq!(value(P::Uid), Some(event.uid.clone()));
            prop_assert_eq!(value(P::Sequence), Some(event.sequence.to_string()));
            prop_assert_eq!(value(P::Dtstart), Some(event.starts_at.timestamp().to_string()));
            prop_assert_eq!(value(P::Dtend), Some(event.ends_at.timestamp().to_string()));
            prop_assert_eq!(value(P::Dtstamp), Some(event.stamp.timestamp().to_string()));
            prop_assert_eq!(value(P::Summary), Some(as_text(&event.summary)));
            prop_assert_eq!(value(P::Description), Some(as_text(&event.description)));
            prop_assert_eq!(value(P::Location), event.location.as_deref().map(as_text));
            let url = event.url.as_deref().map(as_uri);
            prop_assert_eq!(value(P::Url), url);
            let (organizer, cn) = seen.one(&P::Organizer).unwrap();
            prop_assert_eq!(organizer, format!("mailto:{}", event.organizer.email));
            prop_assert_eq!(cn.unwrap_or_default().to_owned(), as_name(&event.organizer.name));
            if let Some((attendee, cn)) = seen.one(&P::Attendee) {
                prop_assert_eq!(attendee, format!("mailto:{}", event.attendee.email));
                prop_assert_eq!(cn.unwrap_or_default().to_owned(), as_name(&event.attendee.name));
            }
        }
    }
}
