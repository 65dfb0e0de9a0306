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
    /// Another mentor could not, and the system asked this one in their place.
    AskedNext,
    /// The same, and this one takes sessions without being asked.
    BookedNext,
}

/// Another mentor who fits, and when they are free.
#[derive(Debug, Clone)]
pub struct OtherMentor {
    pub name: String,
    /// Their next times in words, in the reader's zone and language.
    pub times: Vec<String>,
    /// Where the mentor is shown.
    pub link: String,
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
    /// Whom to ask instead.
    pub others: Vec<OtherMentor>,
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
            BookingNotice::AskedNext => (
                pick(
                    "Mentor lain kami tanyakan",
                    "We asked another mentor for you",
                ),
                pick(
                    "Mentor yang Anda minta tidak bisa, jadi kami meneruskan permintaan Anda kepada mentor lain yang cocok. Batalkan bila Anda tidak mau lagi.",
                    "The mentor whom you asked cannot, so we passed your request on to another one who fits. Cancel it if you no longer want it.",
                ),
            ),
            BookingNotice::BookedNext => (
                pick(
                    "Sesi dengan mentor lain dikonfirmasi",
                    "Session with another mentor confirmed",
                ),
                pick(
                    "Mentor yang Anda minta tidak bisa, jadi kami memesankan sesi dengan mentor lain yang cocok. Batalkan bila Anda tidak mau lagi.",
                    "The mentor whom you asked cannot, so we booked a session with another one who fits. Cancel it if you no longer want it.",
                ),
            ),
        };
        let mut paragraphs = vec![
            what.to_owned(),
            phrases::session(title, other, id),
            when.clone(),
        ];
        paragraphs.extend(self.place.as_ref().map(|place| phrases::place(place, id)));
        if !self.others.is_empty() {
            let others = pick(
                "Mentor lain yang cocok dan punya waktu:",
                "Other mentors who fit and have time:",
            );
            paragraphs.push(others.to_owned());
        }
        paragraphs.extend(self.others.iter().map(|other| {
            let (name, times, link) = (&other.name, other.times.join("; "), &other.link);
            format!("{name}: {times}. {link}")
        }));
        let is_on = matches!(
            self.notice,
            BookingNotice::Confirmed
                | BookingNotice::Moved
                | BookingNotice::Resumed
                | BookingNotice::Reminder
                | BookingNotice::BookedNext
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

#[cfg(test)]
mod tests {
    use karya_core::Lang;

    use super::{BookingMail, BookingNotice, OtherMentor};
    use crate::Template;

    fn text(notice: BookingNotice, lang: Lang) -> String {
        let others = match notice {
            BookingNotice::Declined => vec![OtherMentor {
                name: "Ayu".into(),
                times: vec!["Rabu 09.00 WIT".into(), "Kamis 10.00 WIT".into()],
                link: "https://karya.test/v1/mentors/1".into(),
            }],
            _ => Vec::new(),
        };
        let mail = BookingMail {
            notice,
            display_name: "Sari".into(),
            other_name: "Made".into(),
            title: "Klinik ekspor".into(),
            when: "Selasa 10.00 WIT".into(),
            code: "7F3K9Q2M".into(),
            link: Some("https://meet.karya.test/7F3K9Q2M".into()),
            place: None,
            others,
        };
        Template::Booking(mail).render(lang).unwrap().text
    }

    #[test]
    fn who_is_declined_reads_whom_to_ask_instead() {
        insta::assert_snapshot!(text(BookingNotice::Declined, Lang::Id), @r"
        Halo Sari,

        Mentor tidak bisa memenuhi permintaan ini. Silakan pilih waktu atau mentor lain.

        Klinik ekspor, bersama Made.

        Selasa 10.00 WIT

        Mentor lain yang cocok dan punya waktu:

        Ayu: Rabu 09.00 WIT; Kamis 10.00 WIT. https://karya.test/v1/mentors/1

        Kode sesi:
        7F3K9Q2M

        Salam hangat, Tim Karya
        ");
    }

    #[test]
    fn only_what_is_certain_has_a_room() {
        for (notice, has_room) in [
            (BookingNotice::AskedNext, false),
            (BookingNotice::BookedNext, true),
        ] {
            for (lang, word) in [
                (Lang::Id, "mentor lain yang cocok"),
                (Lang::En, "another one who fits"),
            ] {
                let text = text(notice, lang);
                assert!(text.contains(word), "{text}");
                assert_eq!(text.contains("meet.karya.test"), has_room, "{text}");
            }
        }
    }
}
