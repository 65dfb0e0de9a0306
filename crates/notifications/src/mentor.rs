//! Mails about being a mentor.

use crate::templates::Words;

/// What staff decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MentorDecision {
    Approved,
    Rejected,
    Suspended,
    Reinstated,
}

/// A mail to a mentor about a decision of the staff.
#[derive(Debug, Clone)]
pub struct MentorMail {
    pub decision: MentorDecision,
    pub display_name: String,
    /// What staff wrote about it.
    pub note: Option<String>,
}

impl MentorMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let pick = |in_id: &'static str, in_en: &'static str| if id { in_id } else { in_en };
        let (subject, what) = match self.decision {
            MentorDecision::Approved => (
                pick("Anda diterima sebagai mentor", "You are a mentor now"),
                pick(
                    "Pendaftaran Anda sebagai mentor diterima. Atur jam Anda dan buka layanan, lalu pelaku usaha dapat memesan sesi.",
                    "Your application as a mentor is accepted. Set your hours and open an offering, and business owners can book sessions.",
                ),
            ),
            MentorDecision::Rejected => (
                pick(
                    "Pendaftaran mentor belum dapat diterima",
                    "Your mentor application was not accepted",
                ),
                pick(
                    "Pendaftaran Anda sebagai mentor belum dapat kami terima. Perbaiki profil Anda, maka kami tinjau lagi.",
                    "We cannot accept your application as a mentor yet. Improve your profile, and we will review it again.",
                ),
            ),
            MentorDecision::Suspended => (
                pick(
                    "Profil mentor Anda ditangguhkan",
                    "Your mentor profile is suspended",
                ),
                pick(
                    "Profil mentor Anda ditangguhkan: tidak tampil dan tidak dapat dipesan. Sesi yang sudah dipesan tetap berlaku.",
                    "Your mentor profile is suspended: it is not shown and cannot be booked. Sessions that are booked stay.",
                ),
            ),
            MentorDecision::Reinstated => (
                pick(
                    "Profil mentor Anda aktif lagi",
                    "Your mentor profile is active again",
                ),
                pick(
                    "Penangguhan profil mentor Anda dicabut. Pelaku usaha dapat memesan sesi lagi.",
                    "The suspension of your mentor profile is lifted. Business owners can book sessions again.",
                ),
            ),
        };
        let mut paragraphs = vec![what.to_owned()];
        paragraphs.extend(self.note.as_ref().map(|note| {
            if id {
                format!("Catatan petugas: {note}")
            } else {
                format!("Note from the staff: {note}")
            }
        }));
        (subject, Words::to(&self.display_name, paragraphs, id))
    }
}
