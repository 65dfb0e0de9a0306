//! Mails about mentorships.

use crate::templates::Words;

/// What happened to a mentorship.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MentorshipNotice {
    /// The other side proposes it; the reader is asked.
    Proposed,
    Accepted,
    Declined,
    /// Whoever proposed it took it back.
    Withdrawn,
    /// Nobody answered the proposal.
    Lapsed,
    /// The other side, or its last day, ended it.
    Ended,
}

/// A mail about a mentorship, to one of its two sides.
#[derive(Debug, Clone)]
pub struct MentorshipMail {
    pub notice: MentorshipNotice,
    pub display_name: String,
    /// The other side.
    pub other_name: String,
    /// What it is about.
    pub focus: String,
    /// Its first and its last day, in words.
    pub from: String,
    pub to: String,
}

impl MentorshipMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let pick = |in_id: &'static str, in_en: &'static str| if id { in_id } else { in_en };
        let other = &self.other_name;
        let (subject, what) = match self.notice {
            MentorshipNotice::Proposed => (
                pick("Usulan pendampingan", "A mentorship is proposed to you"),
                pick(
                    "mengusulkan pendampingan dengan Anda. Jawab dalam 14 hari di aplikasi Karya.",
                    "proposes a mentorship with you. Please answer within 14 days in the Karya app.",
                ),
            ),
            MentorshipNotice::Accepted => (
                pick("Pendampingan diterima", "Mentorship accepted"),
                pick(
                    "menerima usulan pendampingan Anda. Selamat memulai; tetapkan sasaran pertama Anda.",
                    "accepted your mentorship. It is a start: set your first goal.",
                ),
            ),
            MentorshipNotice::Declined => (
                pick("Usulan pendampingan ditolak", "Mentorship declined"),
                pick(
                    "tidak dapat menerima usulan pendampingan Anda.",
                    "cannot accept the mentorship that you proposed.",
                ),
            ),
            MentorshipNotice::Withdrawn => (
                pick(
                    "Usulan pendampingan ditarik",
                    "Mentorship proposal withdrawn",
                ),
                pick(
                    "menarik usulan pendampingannya. Anda tidak perlu menjawab.",
                    "withdrew the proposal. There is nothing to answer any more.",
                ),
            ),
            MentorshipNotice::Lapsed => (
                pick(
                    "Usulan pendampingan kedaluwarsa",
                    "Mentorship proposal expired",
                ),
                pick(
                    "tidak menjawab usulan pendampingan Anda dalam 14 hari.",
                    "did not answer your proposal within 14 days.",
                ),
            ),
            MentorshipNotice::Ended => (
                pick("Pendampingan berakhir", "Mentorship ended"),
                pick(
                    "dan Anda sudah tidak lagi dalam pendampingan ini. Catatan dan sasaran tetap bisa dibaca.",
                    "and you are no longer in this mentorship. Its goals can still be read.",
                ),
            ),
        };
        let focus = if id { "Tentang" } else { "About" };
        let until = if id { "sampai" } else { "to" };
        let paragraphs = vec![
            format!("{other} {what}"),
            format!("{focus}: {}", self.focus),
            format!("{} {until} {}", self.from, self.to),
        ];
        (subject, Words::to(&self.display_name, paragraphs, id))
    }
}

#[cfg(test)]
mod tests {
    use karya_core::Lang;

    use super::{MentorshipMail, MentorshipNotice};
    use crate::Template;

    #[test]
    fn names_who_what_and_when_in_both_languages() {
        let mail = |lang: Lang| {
            let mail = MentorshipMail {
                notice: MentorshipNotice::Proposed,
                display_name: "Made".into(),
                other_name: "Sari <b>".into(),
                focus: "Menyiapkan ekspor".into(),
                from: lang.date("2026-06-08".parse().unwrap()),
                to: lang.date("2026-08-31".parse().unwrap()),
            };
            Template::Mentorship(mail).render(lang).unwrap()
        };
        insta::assert_snapshot!(mail(Lang::Id).text, @r"
        Halo Made,

        Sari <b> mengusulkan pendampingan dengan Anda. Jawab dalam 14 hari di aplikasi Karya.

        Tentang: Menyiapkan ekspor

        8 Juni 2026 sampai 31 Agustus 2026

        Salam hangat, Tim Karya
        ");
        insta::assert_snapshot!(mail(Lang::En).text, @r"
        Hello Made,

        Sari <b> proposes a mentorship with you. Please answer within 14 days in the Karya app.

        About: Menyiapkan ekspor

        8 June 2026 to 31 August 2026

        Warm regards, the Karya team
        ");
        assert!(!mail(Lang::En).html.contains("<b>"));
    }
}
