//! Bookings and group sessions as events of calendars (RFC 5545): what invitations and feeds have in common.

use chrono::{DateTime, Utc};
use karya_core::{EmailAddress, Lang};

use karya_notifications::CalendarPart;
use uuid::Uuid;

use crate::ics::emit::{self, Event, Method, Status};
use crate::model::{BookingRow, BookingState, GroupRow, GroupState, OfferingRow};
use crate::queries::people::Contact;

/// Who invites, and what makes ids unique over the world.
#[derive(Debug, Clone)]
pub struct Invitations {
    host: String,
    organizer: emit::Party,
}

/// A session as its reader sees it.
#[derive(Debug, Clone)]
pub(crate) struct Seen<'a> {
    /// What was booked.
    pub(crate) title: &'a str,
    /// The other side's name.
    pub(crate) other: &'a str,
    pub(crate) lang: Lang,
    /// The reader's address; none in a feed.
    pub(crate) email: &'a str,
    pub(crate) reader: &'a str,
    /// The video room.
    pub(crate) link: Option<String>,
    pub(crate) place: Option<String>,
}

impl<'a> Seen<'a> {
    /// An invitation is for one reader: it has all that the mail has.
    pub(crate) fn invited(
        offering: &'a OfferingRow,
        reader: &'a Contact,
        other: &'a str,
        booking: &BookingRow,
    ) -> Self {
        let link = offering.meeting_url.as_ref();
        Self {
            title: &offering.title,
            other,
            lang: reader.locale,
            email: &reader.email,
            reader: &reader.display_name,
            link: link.map(|url| url.replace("{code}", &booking.code)),
            place: booking.place.clone(),
        }
    }

    /// To a group session, whose mentor is `other`.
    pub(crate) fn invited_to_group(
        session: &'a GroupRow,
        reader: &'a Contact,
        other: &'a str,
    ) -> Self {
        Self {
            title: &session.title,
            other,
            lang: reader.locale,
            email: &reader.email,
            reader: &reader.display_name,
            link: session.meeting_url.clone(),
            place: session.place.clone(),
        }
    }

    /// Feeds are read by whoever has their address: no places, no links, no addresses.
    pub(crate) fn in_feed(title: &'a str, other: &'a str, lang: Lang) -> Self {
        Self {
            title,
            other,
            lang,
            email: "",
            reader: "",
            link: None,
            place: None,
        }
    }
}

impl Invitations {
    /// `public_url`: where clients reach the server. `address`: where answers to invitations go. It is the platform
    /// that invites, so that the two sides do not learn each other's addresses.
    #[must_use]
    pub fn new(public_url: &str, address: &EmailAddress) -> Self {
        let host = url::Url::parse(public_url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned));
        Self {
            host: host.unwrap_or_else(|| "karya.invalid".to_owned()),
            organizer: emit::Party {
                name: "Karya".to_owned(),
                email: address.as_str().to_owned(),
            },
        }
    }

    /// The same id over the life of the booking.
    pub(crate) fn event(&self, booking: &BookingRow, seen: &Seen<'_>) -> Event {
        let code = &booking.code;
        let other = seen.other;
        let description = if seen.lang == Lang::Id {
            format!("Bersama {other}. Kode sesi: {code}")
        } else {
            format!("With {other}. Session code: {code}")
        };
        let facts = Facts {
            id: booking.id.as_uuid(),
            sequence: booking.sequence,
            time: (booking.starts_at, booking.ends_at),
            stamp: booking.updated_at,
            status: status(booking.state),
        };
        self.write(facts, seen, description)
    }

    /// The same id over the life of the session. To its mentor `seen.other` is nobody.
    pub(crate) fn group_event(&self, session: &GroupRow, seen: &Seen<'_>) -> Event {
        let description = match (seen.other, seen.lang) {
            ("", Lang::Id) => "Sesi kelompok Anda".to_owned(),
            ("", Lang::En) => "Your group session".to_owned(),
            (other, Lang::Id) => format!("Sesi kelompok bersama {other}"),
            (other, Lang::En) => format!("Group session with {other}"),
        };
        let facts = Facts {
            id: session.id.as_uuid(),
            // Of the mentor's changes: seats do not touch it.
            sequence: session.version,
            time: (session.starts_at, session.ends_at),
            stamp: session.updated_at,
            status: match session.state {
                GroupState::Open => Status::Confirmed,
                GroupState::Suspended => Status::Tentative,
                GroupState::Cancelled => Status::Cancelled,
            },
        };
        self.write(facts, seen, description)
    }

    fn write(&self, facts: Facts, seen: &Seen<'_>, description: String) -> Event {
        let (starts_at, ends_at) = facts.time;
        Event {
            uid: format!("{}@{}", facts.id, self.host),
            sequence: u32::try_from(facts.sequence).unwrap_or_default(),
            starts_at,
            ends_at,
            stamp: facts.stamp,
            summary: match seen.other {
                "" => seen.title.to_owned(),
                other => format!("{} · {other}", seen.title),
            },
            description,
            location: seen.place.clone(),
            url: seen.link.clone(),
            organizer: self.organizer.clone(),
            attendee: emit::Party {
                name: seen.reader.to_owned(),
                email: seen.email.to_owned(),
            },
            status: facts.status,
        }
    }
}

/// What is the same for every reader.
#[derive(Debug, Clone, Copy)]
struct Facts {
    id: Uuid,
    sequence: i32,
    time: (DateTime<Utc>, DateTime<Utc>),
    stamp: DateTime<Utc>,
    status: Status,
}

/// The part of a mail that asks for this event, or takes it out.
pub(crate) fn part(method: Method, event: &Event) -> CalendarPart {
    CalendarPart {
        content_type: method.content_type(),
        text: if method == Method::Cancel {
            emit::cancellation(event)
        } else {
            emit::invitation(event)
        },
    }
}

fn status(state: BookingState) -> Status {
    match state {
        BookingState::Requested | BookingState::Suspended => Status::Tentative,
        BookingState::Confirmed | BookingState::Completed | BookingState::NoShow => {
            Status::Confirmed
        }
        BookingState::Declined | BookingState::Expired | BookingState::Cancelled => {
            Status::Cancelled
        }
    }
}
