//! Mails about group sessions.

use crate::phrases;
use crate::templates::Words;

/// What happened to a group session, or to somebody's seat in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupNotice {
    /// The reader took a seat.
    Joined,
    /// The reader got a seat from the waitlist.
    Seated,
    /// A seat is held for the reader, from the waitlist.
    Offered,
    Cancelled,
    /// What it is called, where or in which room it is, is other than before.
    Changed,
    /// It is soon; the reader has a seat.
    Reminder,
    /// It is soon; the reader is its mentor.
    HostReminder,
    /// The reader's seat is given back, and it is nobody's business why.
    Released,
    /// Held up by a disaster alert.
    Suspended,
    /// Not held up any more.
    Resumed,
}

/// A mail about a group session.
#[derive(Debug, Clone)]
pub struct GroupMail {
    pub notice: GroupNotice,
    pub display_name: String,
    pub mentor_name: String,
    pub title: String,
    /// The time in words, in the reader's zone and language.
    pub when: String,
    /// Until when an offer stands, in the reader's zone.
    pub answer_by: Option<String>,
    /// The video room.
    pub link: Option<String>,
    pub place: Option<String>,
    /// How many seats are taken.
    pub seats: i16,
}

impl GroupMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let pick = |in_id: &'static str, in_en: &'static str| if id { in_id } else { in_en };
        let (subject, what) = match self.notice {
            GroupNotice::Joined => (
                pick("Kursi Anda di sesi kelompok", "Your seat in a group session"),
                pick("Anda terdaftar di sesi ini.", "You have a seat in this session.").to_owned(),
            ),
            GroupNotice::Seated => (
                pick("Anda mendapat kursi sesi kelompok", "You got a seat in a group session"),
                pick(
                    "Ada kursi kosong, dan Anda yang berikutnya di daftar tunggu. Kursi itu kini milik Anda; lepaskan bila Anda berhalangan.",
                    "A seat became free and you were next on the waitlist. It is yours; please give it back if you cannot come.",
                )
                .to_owned(),
            ),
            GroupNotice::Offered => {
                let until = self.answer_by.as_deref();
                let what = pick(
                    "Ada kursi kosong, dan Anda yang berikutnya di daftar tunggu. Buka aplikasi Karya untuk menerimanya",
                    "A seat became free and you are next on the waitlist. Open the Karya app to take it",
                );
                let until = until.map(|until| {
                    if id { format!(" sebelum pukul {until}") } else { format!(" before {until}") }
                });
                (
                    pick("Kursi sesi kelompok untuk Anda", "A seat in a group session for you"),
                    format!("{what}{}.", until.unwrap_or_default()),
                )
            }
            GroupNotice::Cancelled => (
                pick("Sesi kelompok dibatalkan", "Group session cancelled"),
                pick(
                    "Sesi ini dibatalkan. Waktu Anda sudah dilepas.",
                    "This session is cancelled. Your time is free again.",
                )
                .to_owned(),
            ),
            GroupNotice::Changed => (
                pick("Sesi kelompok diubah", "Group session changed"),
                pick(
                    "Mentor mengubah keterangan sesi ini. Waktunya tetap, dan kursi Anda tetap milik Anda.",
                    "The mentor changed the details of this session. The time stays, and so does your seat.",
                )
                .to_owned(),
            ),
            GroupNotice::Suspended => (
                pick("Sesi kelompok ditangguhkan", "Group session on hold"),
                pick(
                    "Sesi ini ditangguhkan karena peringatan bencana di wilayahnya. Tidak ada yang dirugikan: tunggu kabar, atau lepaskan kursi Anda.",
                    "The session is on hold because of a disaster warning in its region. It counts against nobody: wait for news, or give your seat back.",
                )
                .to_owned(),
            ),
            GroupNotice::Resumed => (
                pick("Sesi kelompok dilanjutkan", "Group session back on"),
                pick(
                    "Peringatan bencana sudah dicabut. Sesi ini berlangsung sesuai jadwal.",
                    "The disaster warning is over. The session takes place as planned.",
                )
                .to_owned(),
            ),
            GroupNotice::Reminder | GroupNotice::HostReminder => (
                pick("Pengingat sesi kelompok", "Group session reminder"),
                pick("Sesi kelompok Anda sebentar lagi.", "Your group session is coming up.").to_owned(),
            ),
            GroupNotice::Released => (
                pick("Kursi sesi kelompok dilepas", "Your seat in a group session is released"),
                pick(
                    "Kursi Anda di sesi ini dilepas. Waktu Anda kosong lagi; silakan pilih sesi lain.",
                    "Your seat in this session is released. Your time is free again; please choose another session.",
                )
                .to_owned(),
            ),
        };
        let (title, mentor) = (&self.title, &self.mentor_name);
        let session = if self.notice == GroupNotice::HostReminder {
            let seats = self.seats;
            if id {
                format!("{title}, {seats} peserta.")
            } else {
                format!("{title}, seats taken: {seats}.")
            }
        } else {
            phrases::session(title, mentor, id)
        };
        let mut paragraphs = vec![what, session, self.when.clone()];
        paragraphs.extend(self.place.as_ref().map(|place| phrases::place(place, id)));
        let is_in = matches!(
            self.notice,
            GroupNotice::Joined
                | GroupNotice::Seated
                | GroupNotice::Changed
                | GroupNotice::Resumed
                | GroupNotice::Reminder
                | GroupNotice::HostReminder
        );
        let link = self.link.clone().filter(|_| is_in);
        (
            subject,
            Words {
                greeting: phrases::greeting(&self.display_name, id),
                paragraphs,
                button: link.map(|link| (pick("Buka ruang video", "Open the video room"), link)),
                code: None,
                closing: phrases::closing(id),
            },
        )
    }
}
