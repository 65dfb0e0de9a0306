//! Mails about the phone number of an account.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::templates::Words;

/// What happened to the phone number of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PhoneNotice {
    /// The account has one now.
    Added,
    /// It has another one than before.
    Changed,
    Removed,
}

/// Tells the owner of an account about it.
#[derive(Debug, Clone)]
pub struct PhoneMail {
    pub notice: PhoneNotice,
    /// The number that was added or removed, or the one before, most of it left out.
    pub number: String,
    pub display_name: String,
    pub at: DateTime<Utc>,
}

impl PhoneMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let pick = |in_id: &'static str, in_en: &'static str| if id { in_id } else { in_en };
        let at = self.at.format("%Y-%m-%d %H:%M UTC");
        let number = &self.number;
        let (subject, what) = match self.notice {
            PhoneNotice::Added => (
                pick(
                    "Nomor telepon ditambahkan ke akun Anda",
                    "A phone number was added to your account",
                ),
                if id {
                    format!(
                        "Nomor {number} ditambahkan ke akun Karya Anda pada {at}. Mulai sekarang Anda dapat masuk dengan nomor itu dan kata sandi Anda, dan meminta kata sandi baru lewat nomor itu."
                    )
                } else {
                    format!(
                        "The number {number} was added to your Karya account at {at}. From now on, you can sign in with it and your password, and ask for a new password with it."
                    )
                },
            ),
            PhoneNotice::Changed => (
                pick(
                    "Nomor telepon akun Anda diganti",
                    "The phone number of your account was changed",
                ),
                if id {
                    format!(
                        "Akun Karya Anda memakai nomor telepon lain sejak {at}. Nomor sebelumnya, {number}, mendapat pesan dengan tautan untuk membatalkannya. Sesi di perangkat lain sudah berakhir."
                    )
                } else {
                    format!(
                        "Your Karya account has had another phone number since {at}. The one before, {number}, got a message with a link that undoes it. Sessions on other devices have ended."
                    )
                },
            ),
            PhoneNotice::Removed => (
                pick(
                    "Nomor telepon dihapus dari akun Anda",
                    "The phone number was removed from your account",
                ),
                if id {
                    format!(
                        "Nomor {number} dihapus dari akun Karya Anda pada {at}. Nomor itu mendapat pesan dengan tautan untuk membatalkannya."
                    )
                } else {
                    format!(
                        "The number {number} was removed from your Karya account at {at}. It got a message with a link that undoes it."
                    )
                },
            ),
        };
        let what_to_do = pick(
            "Bila bukan Anda, segera minta kata sandi baru dengan alamat surel ini, lalu periksa nomor telepon akun Anda.",
            "If it was not you, ask for a new password with this e-mail address at once, and then look at the phone number of your account.",
        );
        let paragraphs = vec![what, what_to_do.to_owned()];
        (subject, Words::to(&self.display_name, paragraphs, id))
    }
}
