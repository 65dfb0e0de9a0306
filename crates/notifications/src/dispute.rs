//! Mails about no-shows that are disputed.

use crate::phrases;
use crate::templates::Words;

/// What happened to a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeNotice {
    /// The other side denies that they were missing.
    Opened,
    /// Staff found that the session took place.
    Completed,
    /// Staff found that the accused did not come.
    NoShow,
}

/// A mail about a dispute, to one of the two sides of its booking.
#[derive(Debug, Clone)]
pub struct DisputeMail {
    pub notice: DisputeNotice,
    pub display_name: String,
    /// The other side.
    pub other_name: String,
    /// What was booked.
    pub title: String,
    /// The time in words, in the reader's zone and language.
    pub when: String,
    /// Of the booking, to read aloud.
    pub code: String,
}

impl DisputeMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let pick = |in_id: &'static str, in_en: &'static str| if id { in_id } else { in_en };
        let (subject, what) = match self.notice {
            DisputeNotice::Opened => (
                pick("Ketidakhadiran disanggah", "A no-show is disputed"),
                pick(
                    "Pihak lain menyanggah bahwa ia tidak hadir di sesi ini. Petugas memeriksanya dan memberi tahu kalian berdua; sanggahannya bisa Anda baca di aplikasi Karya.",
                    "The other side denies having missed this session. Staff will look into it and tell you both; you can read what was said in the Karya app.",
                ),
            ),
            DisputeNotice::Completed => (
                pick("Sanggahan diputuskan", "The dispute is decided"),
                pick(
                    "Petugas memutuskan bahwa sesi ini berlangsung. Ketidakhadirannya dihapus.",
                    "Staff decided that the session took place. The no-show is taken back.",
                ),
            ),
            DisputeNotice::NoShow => (
                pick("Sanggahan diputuskan", "The dispute is decided"),
                pick(
                    "Petugas memutuskan bahwa ketidakhadiran di sesi ini tetap berlaku.",
                    "Staff decided that the no-show stands.",
                ),
            ),
        };
        let paragraphs = vec![
            what.to_owned(),
            phrases::session(&self.title, &self.other_name, id),
            self.when.clone(),
        ];
        let code = (pick("Kode sesi", "Session code"), self.code.clone());
        (
            subject,
            Words {
                code: Some(code),
                ..Words::to(&self.display_name, paragraphs, id)
            },
        )
    }
}
