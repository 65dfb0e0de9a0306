//! The words of a certificate in both languages.

use chrono::{Datelike as _, NaiveDate};

use super::Role;
use karya_core::Lang;

pub(super) struct Words {
    pub(super) lang: Lang,
    pub(super) title: &'static str,
    pub(super) given_to: &'static str,
    mentor: &'static str,
    mentee: &'static str,
    pub(super) duration_label: &'static str,
    pub(super) sessions_label: &'static str,
    pub(super) period_label: &'static str,
    pub(super) themes_label: &'static str,
    pub(super) issued_label: &'static str,
    pub(super) issuer_label: &'static str,
    pub(super) code_label: &'static str,
    pub(super) verify_at: &'static str,
    /// One and many.
    hour: [&'static str; 2],
    minute: [&'static str; 2],
    session: [&'static str; 2],
}

const ID: Words = Words {
    lang: Lang::Id,
    title: "Sertifikat Pendampingan",
    given_to: "diberikan kepada",
    mentor: "yang telah mendampingi pelaku usaha ekonomi kreatif sebagai mentor",
    mentee: "yang telah menyelesaikan pendampingan usaha ekonomi kreatif sebagai mentee",
    duration_label: "lama pendampingan",
    sessions_label: "sudah selesai",
    period_label: "masa pendampingan",
    themes_label: "bidang",
    issued_label: "Tanggal terbit",
    issuer_label: "Penerbit",
    code_label: "Kode verifikasi",
    verify_at: "Pindai kode QR atau periksa keaslian sertifikat ini di",
    hour: ["jam", "jam"],
    minute: ["menit", "menit"],
    session: ["sesi", "sesi"],
};

const EN: Words = Words {
    lang: Lang::En,
    title: "Mentoring Certificate",
    given_to: "awarded to",
    mentor: "who has mentored creative-economy business owners as a mentor",
    mentee: "who has completed creative-economy business mentoring as a mentee",
    duration_label: "of mentoring",
    sessions_label: "completed",
    period_label: "period of mentoring",
    themes_label: "themes",
    issued_label: "Date of issue",
    issuer_label: "Issuer",
    code_label: "Verification code",
    verify_at: "Scan the QR code or check that this certificate is genuine at",
    hour: ["hour", "hours"],
    minute: ["minute", "minutes"],
    session: ["session", "sessions"],
};

impl Words {
    pub(super) const fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Id => &ID,
            Lang::En => &EN,
        }
    }

    pub(super) const fn as_role(&self, role: Role) -> &'static str {
        match role {
            Role::Mentor => self.mentor,
            Role::Mentee => self.mentee,
        }
    }

    /// Such as `12 jam 30 menit`.
    pub(super) fn duration(&self, minutes: u32) -> String {
        match (minutes / 60, minutes % 60) {
            (0, minutes) => count(minutes, self.minute),
            (hours, 0) => count(hours, self.hour),
            (hours, minutes) => format!(
                "{} {}",
                count(hours, self.hour),
                count(minutes, self.minute)
            ),
        }
    }

    pub(super) fn sessions(&self, sessions: u32) -> String {
        count(sessions, self.session)
    }

    /// Such as `3 Januari – 28 Maret 2026`.
    pub(super) fn period(&self, from: NaiveDate, to: NaiveDate) -> String {
        if from == to {
            return self.lang.date(to);
        }
        let first = self.lang.date(from);
        let year = format!(" {}", to.year());
        format!(
            "{} – {}",
            first.strip_suffix(&year).unwrap_or(&first),
            self.lang.date(to)
        )
    }
}

fn count(number: u32, [one, many]: [&'static str; 2]) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
