//! Mails about the account itself.

use chrono::{DateTime, Utc};

use crate::phrases;
use crate::templates::Words;

/// Tells the owner of an account what happened to it.
#[derive(Debug, Clone)]
pub struct AccountMail {
    pub notice: AccountNotice,
    pub display_name: String,
    /// Where to do something about it.
    pub link: Option<String>,
}

/// What happened to an account.
#[derive(Debug, Clone, Copy)]
pub enum AccountNotice {
    /// Somebody wanted the address for another account.
    AddressInUse,
    /// It has another address. To the address before: the new one is not named, as the old one may not be safe.
    EmailChanged { at: DateTime<Utc>, valid_days: i64 },
    /// The copy of the data that somebody asked for can be downloaded.
    ExportReady,
}

impl AccountMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let (in_id, in_en) = match self.notice {
            AccountNotice::AddressInUse => (
                (
                    "Alamat ini sudah punya akun Karya",
                    vec![
                        "Seseorang ingin memakai alamat surel ini untuk akun Karya yang lain. Alamat ini sudah milik akun Anda, jadi tidak ada yang berubah.".to_owned(),
                        "Bila itu Anda, masuk saja dengan alamat ini. Bila bukan, tidak ada yang perlu dilakukan.".to_owned(),
                    ],
                    "Buka Karya",
                ),
                (
                    "This address has a Karya account already",
                    vec![
                        "Somebody wanted to use this address for another Karya account. It belongs to your account, so nothing has changed.".to_owned(),
                        "If it was you, just sign in with this address. If not, there is nothing to do.".to_owned(),
                    ],
                    "Open Karya",
                ),
            ),
            AccountNotice::ExportReady => (
                (
                    "Salinan data Anda siap",
                    vec![
                        "Salinan semua data tentang Anda yang tersimpan di Karya sudah siap. Unduh di aplikasi dalam tujuh hari; setelah itu salinan dihapus.".to_owned(),
                        "Bila bukan Anda yang memintanya, ganti kata sandi Anda dan akhiri sesi yang tidak Anda kenali.".to_owned(),
                    ],
                    "Buka Karya",
                ),
                (
                    "The copy of your data is ready",
                    vec![
                        "The copy of everything that Karya stores on you is ready. Download it in the app within seven days; after that it is deleted.".to_owned(),
                        "If it was not you who asked, change your password and end the sessions that you do not recognise.".to_owned(),
                    ],
                    "Open Karya",
                ),
            ),
            AccountNotice::EmailChanged { at, valid_days } => {
                let at = at.format("%Y-%m-%d %H:%M UTC");
                (
                    (
                        "Alamat surel akun Anda diganti",
                        vec![
                            format!("Akun Karya Anda memakai alamat surel lain sejak {at}. Surel kepada Anda sekarang dikirim ke sana."),
                            format!("Bila bukan Anda yang menggantinya, buka tautan ini dalam {valid_days} hari: alamat ini berlaku lagi, Anda memilih kata sandi baru, dan semua sesi berakhir."),
                        ],
                        "Kembalikan alamat ini",
                    ),
                    (
                        "The address of your account was changed",
                        vec![
                            format!("Your Karya account has had another e-mail address since {at}. Mails for you go there now."),
                            format!("If it was not you who changed it, open this link within {valid_days} days: this address counts again, you choose a new password, and all sessions end."),
                        ],
                        "Restore this address",
                    ),
                )
            }
        };
        let (subject, paragraphs, label) = if id { in_id } else { in_en };
        let words = Words {
            greeting: phrases::greeting(&self.display_name, id),
            paragraphs,
            button: self.link.clone().map(|link| (label, link)),
            code: None,
            closing: phrases::closing(id),
        };
        (subject, words)
    }
}
