use chrono::{DateTime, Utc};

use super::write::Writer;

const PRODID: &str = "-//Karya//Mentoring//ID";
/// How often a subscriber should come back.
const REFRESH: &str = "PT1H";

/// One session as both sides see it in their calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The same over all versions of the event.
    pub uid: String,
    /// Goes up with every change of time, place or status (RFC 5546 section 2.1.4).
    pub sequence: u32,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// When this version was made.
    pub stamp: DateTime<Utc>,
    pub summary: String,
    pub description: String,
    pub location: Option<String>,
    pub url: Option<String>,
    pub organizer: Party,
    pub attendee: Party,
    pub status: Status,
}

/// Somebody who takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    pub name: String,
    pub email: String,
}

/// RFC 5545 section 3.8.1.11.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Tentative,
    Confirmed,
    Cancelled,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Tentative => "TENTATIVE",
            Self::Confirmed => "CONFIRMED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// What a calendar asks of its reader (RFC 5546 section 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Publish,
    Request,
    Cancel,
}

impl Method {
    fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }

    /// The media type of such a calendar; mail clients want the method in it (RFC 6047 section 2.4).
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Publish => "text/calendar; charset=utf-8; method=PUBLISH",
            Self::Request => "text/calendar; charset=utf-8; method=REQUEST",
            Self::Cancel => "text/calendar; charset=utf-8; method=CANCEL",
        }
    }
}

/// Asks the attendee to come, or to note a change (RFC 5546 section 3.2.2). A cancelled event has no
/// place here: send its [`cancellation`].
#[must_use]
pub fn invitation(event: &Event) -> String {
    let mut writer = open(Method::Request);
    vevent(&mut writer, event, Method::Request);
    close(writer)
}

/// Tells the attendee that the event does not take place (RFC 5546 section 3.2.5).
#[must_use]
pub fn cancellation(event: &Event) -> String {
    let mut writer = open(Method::Cancel);
    vevent(&mut writer, event, Method::Cancel);
    close(writer)
}

/// A calendar to subscribe to (RFC 5546 section 3.2.1, RFC 7986 section 5). It names no attendee.
#[must_use]
pub fn feed(name: &str, events: &[Event]) -> String {
    let mut writer = open(Method::Publish);
    writer.text("NAME", name);
    writer.text("X-WR-CALNAME", name);
    writer.raw("REFRESH-INTERVAL;VALUE=DURATION", REFRESH);
    writer.raw("X-PUBLISHED-TTL", REFRESH);
    for event in events {
        vevent(&mut writer, event, Method::Publish);
    }
    close(writer)
}

fn open(method: Method) -> Writer {
    let mut writer = Writer::default();
    writer.begin("VCALENDAR");
    writer.raw("VERSION", "2.0");
    writer.raw("PRODID", PRODID);
    writer.raw("CALSCALE", "GREGORIAN");
    writer.raw("METHOD", method.as_str());
    writer
}

fn close(mut writer: Writer) -> String {
    writer.end("VCALENDAR");
    writer.finish()
}

fn vevent(writer: &mut Writer, event: &Event, method: Method) {
    let cancelled = event.status == Status::Cancelled;
    writer.begin("VEVENT");
    writer.text("UID", &event.uid);
    writer.instant("DTSTAMP", event.stamp);
    writer.instant("DTSTART", event.starts_at);
    writer.instant("DTEND", event.ends_at);
    writer.raw("SEQUENCE", &event.sequence.to_string());
    match method {
        Method::Cancel => writer.raw("STATUS", Status::Cancelled.as_str()),
        Method::Request if cancelled => {}
        Method::Request | Method::Publish => writer.raw("STATUS", event.status.as_str()),
    }
    writer.text("SUMMARY", &event.summary);
    writer.text("DESCRIPTION", &event.description);
    if let Some(location) = &event.location {
        writer.text("LOCATION", location);
    }
    if let Some(url) = &event.url {
        writer.uri("URL", url);
    }
    party(writer, "ORGANIZER", "", &event.organizer);
    match method {
        Method::Publish => {}
        Method::Request => party(
            writer,
            "ATTENDEE",
            ";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE",
            &event.attendee,
        ),
        Method::Cancel => party(
            writer,
            "ATTENDEE",
            ";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT",
            &event.attendee,
        ),
    }
    // A subscriber that does not look at STATUS must not keep the time of a cancelled event.
    let transparent = cancelled && method == Method::Publish;
    writer.raw("TRANSP", if transparent { "TRANSPARENT" } else { "OPAQUE" });
    writer.end("VEVENT");
}

fn party(writer: &mut Writer, property: &str, parameters: &str, party: &Party) {
    writer.address(property, parameters, &party.name, &party.email);
}
