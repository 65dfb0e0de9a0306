//! Mails about mentoring bookings.

use crate::phrases;
use crate::templates::Words;

/// What happened to a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingNotice {
    /// The mentor is asked.
    Requested,
    Confirmed,
    Declined,
    /// The mentor did not answer.
    Expired,
    Cancelled,
    Moved,
    /// The mentor moved a request and has not approved it.
    RequestMoved,
    /// Held up by a disaster alert.
    Suspended,
    /// Not held up any more.
    Resumed,
    /// It is soon.
    Reminder,
}

/// A mail about a booking, to one of its two sides.
#[derive(Debug, Clone)]
pub struct BookingMail {
    pub notice: BookingNotice,
    pub display_name: String,
    /// The other side.
    pub other_name: String,
    /// What was booked.
    pub title: String,
    /// The time in words, in the reader's zone and language.
    pub when: String,
    /// To read aloud.
    pub code: String,
    /// The video room.
    pub link: Option<String>,
    /// Where people meet in person.
    pub place: Option<String>,
}

impl BookingMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let pick = |in_id: &'static str, in_en: &'static str| if id { in_id } else { in_en };
        let (title, other, when) = (&self.title, &self.other_name, &self.when);
        // Subjects are neutral: some calendars show them as the title of the event.
        let (subject, what) = match self.notice {
            BookingNotice::Requested => (
                pick(
                    "Permintaan sesi pendampingan",
                    "Mentoring session requested",
                ),
                pick(
                    "Ada permintaan sesi yang menunggu jawaban mentor.",
                    "A session waits for the mentor's answer.",
                ),
            ),
            BookingNotice::Confirmed => (
                pick(
                    "Sesi pendampingan dikonfirmasi",
                    "Mentoring session confirmed",
                ),
                pick("Sesi ini sudah pasti.", "The session is confirmed."),
            ),
            BookingNotice::Declined => (
                pick("Permintaan sesi ditolak", "Mentoring request declined"),
                pick(
                    "Mentor tidak bisa memenuhi permintaan ini. Silakan pilih waktu atau mentor lain.",
                    "The mentor cannot take this session. Please choose another time or mentor.",
                ),
            ),
            BookingNotice::Expired => (
                pick("Permintaan sesi kedaluwarsa", "Mentoring request expired"),
                pick(
                    "Permintaan ini tidak dijawab tepat waktu, jadi jadwalnya dilepas lagi.",
                    "The request was not answered in time, so the time is free again.",
                ),
            ),
            BookingNotice::Cancelled => (
                pick(
                    "Sesi pendampingan dibatalkan",
                    "Mentoring session cancelled",
                ),
                pick(
                    "Sesi ini dibatalkan. Jadwalnya sudah dilepas.",
                    "The session is cancelled. The time is free again.",
                ),
            ),
            BookingNotice::Moved => (
                pick("Sesi pendampingan dipindahkan", "Mentoring session moved"),
                pick("Sesi ini punya waktu baru.", "The session has a new time."),
            ),
            BookingNotice::RequestMoved => (
                pick("Permintaan sesi dipindahkan", "Mentoring request moved"),
                pick(
                    "Mentor memindahkan permintaan ini ke waktu lain. Sesi belum pasti sampai mentor menyetujuinya; batalkan bila waktunya tidak cocok.",
                    "The mentor moved this request to another time. It is not confirmed until the mentor approves it; cancel it if the time does not suit you.",
                ),
            ),
            BookingNotice::Resumed => (
                pick("Sesi pendampingan dilanjutkan", "Mentoring session back on"),
                pick(
                    "Peringatan bencana sudah dicabut. Sesi ini berlangsung sesuai jadwal.",
                    "The disaster warning is over. The session takes place as planned.",
                ),
            ),
            BookingNotice::Suspended => (
                pick(
                    "Sesi pendampingan ditangguhkan",
                    "Mentoring session on hold",
                ),
                pick(
                    "Sesi ini ditangguhkan karena peringatan bencana di wilayahnya. Tidak ada yang dirugikan: pindahkan tanpa batas, atau tunggu kabar.",
                    "The session is on hold because of a disaster warning in its region. It counts against nobody: move it freely, or wait for news.",
                ),
            ),
            BookingNotice::Reminder => (
                pick("Pengingat sesi pendampingan", "Mentoring session reminder"),
                pick("Sesi Anda sebentar lagi.", "Your session is coming up."),
            ),
        };
        let mut paragraphs = vec![
            what.to_owned(),
            phrases::session(title, other, id),
            when.clone(),
        ];
        paragraphs.extend(self.place.as_ref().map(|place| phrases::place(place, id)));
        let is_on = matches!(
            self.notice,
            BookingNotice::Confirmed
                | BookingNotice::Moved
                | BookingNotice::Resumed
                | BookingNotice::Reminder
        );
        let link = self.link.clone().filter(|_| is_on);
        (
            subject,
            Words {
                greeting: phrases::greeting(&self.display_name, id),
                paragraphs,
                button: link.map(|link| (pick("Buka ruang video", "Open the video room"), link)),
                code: Some((pick("Kode sesi", "Session code"), self.code.clone())),
                closing: phrases::closing(id),
            },
        )
    }
}
