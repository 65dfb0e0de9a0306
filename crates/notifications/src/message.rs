use chrono::{DateTime, Utc};
use karya_core::Lang;
use secrecy::{ExposeSecret, SecretString};

/// A message to a phone. It names nobody: who asked is not known to be who reads it.
#[derive(Debug, Clone)]
pub enum Message {
    /// A one-time code.
    Code {
        code: SecretString,
        valid_minutes: i64,
    },
    /// Somebody wanted the number for another account.
    NumberInUse,
    /// To the number that an account had before: it has another one now, or none.
    NumberChanged {
        at: DateTime<Utc>,
        /// Gives the number back.
        link: SecretString,
        valid_days: i64,
    },
}

impl Message {
    /// The instant of a change, as people read it.
    pub(crate) fn time(at: DateTime<Utc>) -> String {
        at.format("%Y-%m-%d %H:%M UTC").to_string()
    }

    /// In words. It holds the secret.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let id = lang == Lang::Id;
        match self {
            Self::Code {
                code,
                valid_minutes,
            } => {
                let code = code.expose_secret();
                if id {
                    format!(
                        "{code} adalah kode Karya Anda. Berlaku {valid_minutes} menit. Jangan berikan kepada siapa pun, juga tidak kepada petugas Karya."
                    )
                } else {
                    format!(
                        "{code} is your Karya code. It is good for {valid_minutes} minutes. Give it to nobody, nor to anybody of Karya."
                    )
                }
            }
            Self::NumberInUse => if id {
                "Seseorang ingin memakai nomor ini untuk akun Karya yang lain. Nomor ini sudah milik akun Anda, jadi tidak ada yang berubah. Bila itu Anda, masuk saja dengan nomor ini."
            } else {
                "Somebody wanted to use this number for another Karya account. It belongs to your account, so nothing has changed. If it was you, just sign in with this number."
            }
            .to_owned(),
            Self::NumberChanged {
                at,
                link,
                valid_days,
            } => {
                let (at, link) = (Self::time(*at), link.expose_secret());
                if id {
                    format!(
                        "Akun Karya Anda tidak memakai nomor ini lagi sejak {at}. Bila bukan Anda yang mengubahnya, buka {link} dalam {valid_days} hari: nomor ini berlaku lagi dan Anda memilih kata sandi baru."
                    )
                } else {
                    format!(
                        "Your Karya account has not had this number since {at}. If it was not you who changed that, open {link} within {valid_days} days: this number counts again, and you choose a new password."
                    )
                }
            }
        }
    }
}
