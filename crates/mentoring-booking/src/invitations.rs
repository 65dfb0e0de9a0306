//! Bookings as events of calendars (RFC 5545): what invitations and feeds have in common.

use karya_core::{EmailAddress, Lang};

use crate::ics::emit::{self, Event, Status};
use crate::model::{BookingRow, BookingState, OfferingRow};
use crate::queries::people::Contact;

/// Who invites, and what makes ids unique over the world.
#[derive(Debug, Clone)]
pub struct Invitations {
    host: String,
    organizer: emit::Party,
}

/// A booking as its reader sees it.
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
        Event {
            uid: format!("{}@{}", booking.id, self.host),
            sequence: u32::try_from(booking.sequence).unwrap_or_default(),
            starts_at: booking.starts_at,
            ends_at: booking.ends_at,
            stamp: booking.updated_at,
            summary: format!("{} · {other}", seen.title),
            description,
            location: seen.place.clone(),
            url: seen.link.clone(),
            organizer: self.organizer.clone(),
            attendee: emit::Party {
                name: seen.reader.to_owned(),
                email: seen.email.to_owned(),
            },
            status: status(booking.state),
        }
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
