//! Mails about second factors.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::templates::Words;

/// What happened to the second factors of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FactorNotice {
    /// `label`: how its owner calls it.
    Added {
        label: String,
    },
    Removed {
        label: String,
    },
    PasskeyAdded {
        label: String,
    },
    PasskeyRemoved {
        label: String,
    },
    /// New recovery codes were made.
    CodesMade,
    /// A recovery code was used; so many are left.
    CodeUsed {
        left: i64,
    },
    /// Somebody with the password types wrong codes.
    Guessed,
}

/// Tells the owner of an account about it.
#[derive(Debug, Clone)]
pub struct FactorMail {
    pub notice: FactorNotice,
    pub display_name: String,
    pub at: DateTime<Utc>,
}

impl FactorMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let pick = |in_id: &'static str, in_en: &'static str| if id { in_id } else { in_en };
        let at = self.at.format("%Y-%m-%d %H:%M UTC");
        let (subject, what) = match &self.notice {
            FactorNotice::Added { label } => (
                pick(
                    "Faktor kedua ditambahkan ke akun Anda",
                    "A second factor was added to your account",
                ),
                if id {
                    format!(
                        "Aplikasi autentikator \u{201c}{label}\u{201d} ditambahkan ke akun Karya Anda pada {at}. Mulai sekarang, masuk butuh kodenya. Buat juga kode pemulihan dan simpan di tempat aman, untuk bila ponsel Anda hilang."
                    )
                } else {
                    format!(
                        "The authenticator app \u{201c}{label}\u{201d} was added to your Karya account at {at}. From now on, signing in takes its code. Make recovery codes as well and keep them in a safe place, for when your phone is lost."
                    )
                },
            ),
            FactorNotice::Removed { label } => (
                pick(
                    "Faktor kedua dihapus dari akun Anda",
                    "A second factor was removed from your account",
                ),
                if id {
                    format!(
                        "Aplikasi autentikator \u{201c}{label}\u{201d} dihapus dari akun Karya Anda pada {at}."
                    )
                } else {
                    format!(
                        "The authenticator app \u{201c}{label}\u{201d} was removed from your Karya account at {at}."
                    )
                },
            ),
            FactorNotice::PasskeyAdded { label } => (
                pick(
                    "Kunci sandi ditambahkan ke akun Anda",
                    "A passkey was added to your account",
                ),
                if id {
                    format!(
                        "Kunci sandi \u{201c}{label}\u{201d} ditambahkan ke akun Karya Anda pada {at}. Siapa pun yang memegang perangkatnya dan bisa membukanya dapat masuk tanpa kata sandi."
                    )
                } else {
                    format!(
                        "The passkey \u{201c}{label}\u{201d} was added to your Karya account at {at}. Whoever has its device and can unlock it signs in without the password."
                    )
                },
            ),
            FactorNotice::PasskeyRemoved { label } => (
                pick(
                    "Kunci sandi dihapus dari akun Anda",
                    "A passkey was removed from your account",
                ),
                if id {
                    format!(
                        "Kunci sandi \u{201c}{label}\u{201d} dihapus dari akun Karya Anda pada {at}."
                    )
                } else {
                    format!(
                        "The passkey \u{201c}{label}\u{201d} was removed from your Karya account at {at}."
                    )
                },
            ),
            FactorNotice::CodesMade => (
                pick("Kode pemulihan baru dibuat", "New recovery codes were made"),
                if id {
                    format!(
                        "Kode pemulihan baru untuk akun Karya Anda dibuat pada {at}. Kode yang lama tidak berlaku lagi."
                    )
                } else {
                    format!(
                        "New recovery codes for your Karya account were made at {at}. The old ones are not good any more."
                    )
                },
            ),
            FactorNotice::CodeUsed { left } => (
                pick("Kode pemulihan dipakai", "A recovery code was used"),
                if id {
                    format!(
                        "Sebuah kode pemulihan akun Karya Anda dipakai pada {at}. Sisa: {left}."
                    )
                } else {
                    format!("A recovery code of your Karya account was used at {at}. Left: {left}.")
                },
            ),
            FactorNotice::Guessed => (
                pick(
                    "Ada yang menebak kode masuk Anda",
                    "Somebody is guessing your sign-in code",
                ),
                if id {
                    format!(
                        "Sampai {at}, kode masuk akun Karya Anda salah diisi beberapa kali oleh seseorang yang tahu kata sandi Anda atau memakai sesi Anda. Percobaan berikutnya kami perlambat."
                    )
                } else {
                    format!(
                        "By {at}, somebody who knows your password or uses a session of yours has typed wrong sign-in codes several times. We slow further tries down."
                    )
                },
            ),
        };
        let what_to_do = pick(
            "Bila bukan Anda, segera ganti kata sandi Anda dan akhiri semua sesi lain.",
            "If it was not you, change your password at once and end all other sessions.",
        );
        let paragraphs = vec![what, what_to_do.to_owned()];
        (subject, Words::to(&self.display_name, paragraphs, id))
    }
}
