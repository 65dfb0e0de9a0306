//! Mails about accounts at other providers that sign in.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::phrases;
use crate::templates::Words;

/// What happened. `provider`: as people know it, such as `Google`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdentityNotice {
    Linked {
        provider: String,
    },
    Unlinked {
        provider: String,
    },
    /// Somebody wanted to sign in with an account of the provider that has the same address and is not linked.
    LinkRequired {
        provider: String,
    },
}

/// Tells the owner of an account about it.
#[derive(Debug, Clone)]
pub struct IdentityMail {
    pub notice: IdentityNotice,
    pub display_name: String,
    pub at: DateTime<Utc>,
}

impl IdentityMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let pick = |in_id: &'static str, in_en: &'static str| if id { in_id } else { in_en };
        let at = self.at.format("%Y-%m-%d %H:%M UTC");
        let unlink = pick(
            "Bila bukan Anda, lepaskan akun itu di pengaturan, ganti kata sandi Anda, dan akhiri semua sesi lain.",
            "If it was not you, unlink that account in the settings, change your password, and end all other sessions.",
        );
        let change = pick(
            "Bila bukan Anda, segera ganti kata sandi Anda dan akhiri semua sesi lain.",
            "If it was not you, change your password at once and end all other sessions.",
        );
        let (subject, what, what_to_do) = match &self.notice {
            IdentityNotice::Linked { provider } => (
                pick(
                    "Cara masuk baru ditautkan ke akun Anda",
                    "A new way to sign in was linked to your account",
                ),
                if id {
                    format!(
                        "Sebuah akun {provider} ditautkan ke akun Karya Anda pada {at}. Mulai sekarang akun itu bisa dipakai masuk ke Karya."
                    )
                } else {
                    format!(
                        "An account of {provider} was linked to your Karya account at {at}. From now on it signs in to Karya."
                    )
                },
                unlink,
            ),
            IdentityNotice::Unlinked { provider } => (
                pick(
                    "Cara masuk dilepaskan dari akun Anda",
                    "A way to sign in was unlinked from your account",
                ),
                if id {
                    format!(
                        "Akun {provider} dilepaskan dari akun Karya Anda pada {at}. Akun itu tidak bisa lagi dipakai masuk."
                    )
                } else {
                    format!(
                        "The account of {provider} was unlinked from your Karya account at {at}. It does not sign in any more."
                    )
                },
                change,
            ),
            IdentityNotice::LinkRequired { provider } => (
                pick(
                    "Masuk dengan akun yang belum ditautkan",
                    "A sign-in with an account that is not linked",
                ),
                if id {
                    format!(
                        "Pada {at} seseorang ingin masuk ke Karya dengan akun {provider} yang memakai alamat surel ini. Alamat ini sudah punya akun Karya, dan akun {provider} itu belum ditautkan ke sana, jadi tidak ada yang berubah."
                    )
                } else {
                    format!(
                        "At {at}, somebody wanted to sign in to Karya with an account of {provider} that has this address. The address has a Karya account already, to which that account of {provider} is not linked, so nothing has changed."
                    )
                },
                pick(
                    "Bila itu Anda, masuk dengan cara yang biasa, lalu tautkan di pengaturan. Bila bukan, periksa keamanan akun Anda di penyedia itu.",
                    "If it was you, sign in in the usual way, then link it in the settings. If not, look after your account with that provider.",
                ),
            ),
        };
        let paragraphs = vec![what, what_to_do.to_owned()];
        (subject, Words::to(&self.display_name, paragraphs, id))
    }
}

/// The mail that proves an address for an account which signs in by another provider. It names nobody.
pub(crate) fn prove_address(token: &str, valid_hours: i64, id: bool) -> (&'static str, Words) {
    let pick = |in_id: &'static str, in_en: &'static str| if id { in_id } else { in_en };
    let validity = if id {
        format!(
            "Kode ini berlaku {valid_hours} jam. Bila Anda tidak mendaftar, abaikan surel ini dan jangan berikan kodenya kepada siapa pun."
        )
    } else {
        format!(
            "The code is good for {valid_hours} hours. If you did not register, ignore this mail and give the code to nobody."
        )
    };
    let words = Words {
        greeting: pick("Halo,", "Hello,").to_owned(),
        paragraphs: vec![
            pick(
                "Terima kasih sudah mendaftar di Karya. Satu langkah lagi: tempel kode ini di aplikasi, di perangkat tempat Anda mendaftar.",
                "Thank you for joining Karya. One more step: paste this code in the app, on the device where you registered.",
            )
            .to_owned(),
            validity,
        ],
        button: None,
        code: Some((pick("Kode Anda", "Your code"), token.to_owned())),
        closing: phrases::closing(id),
    };
    (
        pick("Verifikasi alamat surel Anda", "Verify your e-mail address"),
        words,
    )
}
