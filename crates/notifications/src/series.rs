//! Mails about a series of mentoring bookings: one for all dates.

use crate::phrases;
use crate::templates::Words;

/// What happened to the sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesNotice {
    /// The mentor is asked.
    Requested,
    Confirmed,
    Cancelled,
}

/// A mail about several sessions, to one of the two sides.
#[derive(Debug, Clone)]
pub struct SeriesMail {
    pub notice: SeriesNotice,
    pub display_name: String,
    /// The other side.
    pub other_name: String,
    /// What was booked.
    pub title: String,
    /// The times in words, in the reader's zone and language.
    pub times: Vec<String>,
    /// Where people meet in person.
    pub place: Option<String>,
}

impl SeriesMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let pick = |in_id: &'static str, in_en: &'static str| if id { in_id } else { in_en };
        let (subject, what) = match self.notice {
            SeriesNotice::Requested => (
                pick("Permintaan rangkaian sesi", "Series of sessions requested"),
                pick(
                    "Sesi-sesi ini menunggu jawaban mentor, satu per satu.",
                    "These sessions wait for the mentor's answer, each by itself.",
                ),
            ),
            SeriesNotice::Confirmed => (
                pick(
                    "Rangkaian sesi dikonfirmasi",
                    "Series of sessions confirmed",
                ),
                pick(
                    "Sesi-sesi ini sudah pasti.",
                    "These sessions are confirmed.",
                ),
            ),
            SeriesNotice::Cancelled => (
                pick("Rangkaian sesi dibatalkan", "Series of sessions cancelled"),
                pick(
                    "Sesi-sesi ini dibatalkan. Jadwalnya sudah dilepas.",
                    "These sessions are cancelled. Their times are free again.",
                ),
            ),
        };
        let (title, other) = (&self.title, &self.other_name);
        let mut paragraphs = vec![what.to_owned(), phrases::session(title, other, id)];
        paragraphs.extend(self.times.iter().cloned());
        paragraphs.extend(self.place.as_ref().map(|place| phrases::place(place, id)));
        (subject, Words::to(&self.display_name, paragraphs, id))
    }
}
