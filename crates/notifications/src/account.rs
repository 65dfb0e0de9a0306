//! Mails about the account itself.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum AccountNotice {
    /// Somebody wanted the address for another account.
    AddressInUse,
    /// It has another address. To the address before: the new one is not named, as the old one may not be safe.
    EmailChanged {
        at: DateTime<Utc>,
        valid_days: i64,
    },
    /// The copy of the data that somebody asked for can be downloaded.
    ExportReady,
    /// It is closed, and will be deleted unless that is taken back.
    DeletionAsked {
        effective_at: DateTime<Utc>,
    },
    /// The same, a few days before.
    DeletionNear {
        effective_at: DateTime<Utc>,
    },
    DeletionCancelled,
    /// The last mail.
    Deleted,
    /// Staff have seen to a request about somebody's data.
    RequestAnswered,
    /// Staff locked it.
    Locked {
        at: DateTime<Utc>,
    },
    /// Staff unlocked it.
    Unlocked {
        at: DateTime<Utc>,
    },
    /// Somebody told staff that they are its owner and lost every second factor.
    FactorResetAsked {
        at: DateTime<Utc>,
        not_before: DateTime<Utc>,
    },
    /// Staff removed every second factor.
    FactorsReset {
        at: DateTime<Utc>,
    },
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// Subject, paragraphs and the label of the button, in Indonesian and in English.
type InBoth = (
    (&'static str, Vec<String>, &'static str),
    (&'static str, Vec<String>, &'static str),
);

fn minute(at: DateTime<Utc>) -> impl std::fmt::Display {
    at.format("%Y-%m-%d %H:%M UTC")
}

fn locked(at: DateTime<Utc>) -> InBoth {
    let at = minute(at);
    (
        (
            "Akun Karya Anda dikunci",
            vec![
                format!(
                    "Akun Karya Anda dikunci oleh petugas pada {at}. Semua sesi sudah diakhiri, dan akun ini tidak bisa dipakai masuk."
                ),
                "Bila menurut Anda ini keliru, balas surel ini atau hubungi bantuan Karya."
                    .to_owned(),
            ],
            "Buka Karya",
        ),
        (
            "Your Karya account was locked",
            vec![
                format!(
                    "Staff locked your Karya account at {at}. All sessions have ended, and nobody can sign in to it."
                ),
                "If you think that this is a mistake, reply to this mail or contact Karya support."
                    .to_owned(),
            ],
            "Open Karya",
        ),
    )
}

fn unlocked(at: DateTime<Utc>) -> InBoth {
    let at = minute(at);
    (
        (
            "Akun Karya Anda dibuka lagi",
            vec![
                format!("Akun Karya Anda dibuka lagi pada {at}. Anda bisa masuk seperti biasa."),
                "Bila akun ini dikunci karena ada orang lain yang masuk, pilih kata sandi baru lewat \u{201c}Lupa kata sandi\u{201d}.".to_owned(),
            ],
            "Buka Karya",
        ),
        (
            "Your Karya account was unlocked",
            vec![
                format!("Your Karya account was unlocked at {at}. You can sign in as before."),
                "If it was locked because somebody else had got into it, choose a new password by \u{201c}Forgot password\u{201d}.".to_owned(),
            ],
            "Open Karya",
        ),
    )
}

fn reset_asked(at: DateTime<Utc>, not_before: DateTime<Utc>) -> InBoth {
    let (at, from) = (minute(at), minute(not_before));
    (
        (
            "Permintaan menghapus faktor kedua akun Anda",
            vec![
                format!("Pada {at}, seseorang memberi tahu petugas Karya bahwa ia pemilik akun ini dan kehilangan semua faktor kedua. Bila disetujui petugas lain, semua aplikasi autentikator, kunci sandi, dan kode pemulihan akun ini dihapus, paling cepat {from}."),
                "Bila bukan Anda, masuk sebelum itu dengan faktor kedua Anda: permintaan ini langsung batal. Lalu ganti kata sandi Anda.".to_owned(),
            ],
            "Buka Karya",
        ),
        (
            "Somebody asks to remove the second factors of your account",
            vec![
                format!("At {at}, somebody told Karya's staff that they own this account and have lost every second factor. If another member of staff agrees, every authenticator app, passkey and recovery code of the account is removed, not before {from}."),
                "If it was not you, sign in before that with your second factor: it ends the request at once. Then change your password.".to_owned(),
            ],
            "Open Karya",
        ),
    )
}

fn factors_reset(at: DateTime<Utc>) -> InBoth {
    let at = minute(at);
    (
        (
            "Faktor kedua akun Anda dihapus",
            vec![
                format!("Petugas menghapus semua aplikasi autentikator, kunci sandi, dan kode pemulihan akun Karya Anda pada {at}, dan mengakhiri semua sesi. Masuklah dengan kata sandi Anda, lalu daftarkan faktor kedua yang baru."),
                "Bila bukan Anda yang memintanya, segera pilih kata sandi baru lewat \u{201c}Lupa kata sandi\u{201d} dan hubungi bantuan Karya.".to_owned(),
            ],
            "Buka Karya",
        ),
        (
            "The second factors of your account were removed",
            vec![
                format!("Staff removed every authenticator app, passkey and recovery code of your Karya account at {at}, and ended all sessions. Sign in with your password and enrol a new second factor."),
                "If it was not you who asked, choose a new password by \u{201c}Forgot password\u{201d} at once and contact Karya support.".to_owned(),
            ],
            "Open Karya",
        ),
    )
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
            AccountNotice::DeletionAsked { effective_at } => {
                let at = day(effective_at);
                (
                    (
                        "Akun Anda ditutup dan akan dihapus",
                        vec![
                            format!("Akun Karya Anda sudah ditutup: orang lain tidak lagi melihatnya, sesi yang akan datang dibatalkan, dan sesi masuk di perangkat lain berakhir. Pada {at} semua data pribadi Anda dihapus untuk selamanya."),
                            "Sampai saat itu Anda masih bisa masuk untuk mengunduh data Anda atau membatalkan penghapusan. Bila bukan Anda yang memintanya, segera masuk, batalkan, dan ganti kata sandi Anda.".to_owned(),
                        ],
                        "Buka Karya",
                    ),
                    (
                        "Your account is closed and will be deleted",
                        vec![
                            format!("Your Karya account is closed: others no longer see it, your coming sessions are cancelled, and you were signed out on other devices. On {at} everything personal is deleted for good."),
                            "Until then you can still sign in to download your data or to take the deletion back. If it was not you who asked, sign in at once, take it back, and change your password.".to_owned(),
                        ],
                        "Open Karya",
                    ),
                )
            }
            AccountNotice::DeletionNear { effective_at } => {
                let at = day(effective_at);
                (
                    (
                        "Akun Anda segera dihapus",
                        vec![
                            format!("Pada {at} akun Karya Anda dan semua data pribadi di dalamnya dihapus untuk selamanya, seperti yang Anda minta."),
                            "Bila Anda berubah pikiran, masuk sebelum itu dan batalkan penghapusannya. Salinan data Anda juga hanya bisa diunduh sebelum itu.".to_owned(),
                        ],
                        "Buka Karya",
                    ),
                    (
                        "Your account will soon be deleted",
                        vec![
                            format!("On {at} your Karya account and everything personal in it are deleted for good, as you asked."),
                            "If you have changed your mind, sign in before that and take it back. A copy of your data can be downloaded until then only, too.".to_owned(),
                        ],
                        "Open Karya",
                    ),
                )
            }
            AccountNotice::DeletionCancelled => (
                (
                    "Akun Anda tidak jadi dihapus",
                    vec![
                        "Penghapusan akun Karya Anda dibatalkan, dan akun itu bisa dipakai lagi. Sesi yang sudah dibatalkan tetap batal.".to_owned(),
                        "Bila bukan Anda yang membatalkannya, ganti kata sandi Anda dan akhiri sesi yang tidak Anda kenali.".to_owned(),
                    ],
                    "Buka Karya",
                ),
                (
                    "Your account will not be deleted",
                    vec![
                        "The deletion of your Karya account was taken back, and it can be used again. Sessions that were cancelled stay cancelled.".to_owned(),
                        "If it was not you who took it back, change your password and end the sessions that you do not recognise.".to_owned(),
                    ],
                    "Open Karya",
                ),
            ),
            AccountNotice::Deleted => (
                (
                    "Akun Anda sudah dihapus",
                    vec![
                        "Akun Karya Anda dan semua data pribadi di dalamnya sudah dihapus. Yang wajib disimpan atau dibutuhkan orang lain, seperti catatan sesi, tidak lagi menyebut Anda.".to_owned(),
                        "Ini surel terakhir dari kami. Bila suatu hari ingin kembali, daftar saja lagi dengan alamat ini.".to_owned(),
                    ],
                    "Buka Karya",
                ),
                (
                    "Your account was deleted",
                    vec![
                        "Your Karya account and everything personal in it were deleted. What must be kept or others need, such as records of sessions, no longer names you.".to_owned(),
                        "This is our last mail. Should you want to come back one day, just register again with this address.".to_owned(),
                    ],
                    "Open Karya",
                ),
            ),
            AccountNotice::RequestAnswered => (
                (
                    "Permintaan Anda tentang data pribadi sudah dijawab",
                    vec![
                        "Kami sudah menjawab permintaan Anda tentang data pribadi Anda. Baca jawabannya di aplikasi.".to_owned(),
                    ],
                    "Buka Karya",
                ),
                (
                    "Your request about your data was answered",
                    vec![
                        "We have answered your request about your personal data. Read the answer in the app.".to_owned(),
                    ],
                    "Open Karya",
                ),
            ),
            AccountNotice::Locked { at } => locked(at),
            AccountNotice::Unlocked { at } => unlocked(at),
            AccountNotice::FactorResetAsked { at, not_before } => reset_asked(at, not_before),
            AccountNotice::FactorsReset { at } => factors_reset(at),
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
