//! Mails about API keys.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::templates::Words;

/// What happened to an API key. `name`: how its owner calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiKeyNotice {
    Created {
        name: String,
        scopes: Vec<String>,
        expires_at: DateTime<Utc>,
    },
    /// It has another secret; the one before is good until then.
    Rotated {
        name: String,
        old_until: DateTime<Utc>,
    },
    Revoked {
        name: String,
    },
}

/// Tells the owner of an account about it.
#[derive(Debug, Clone)]
pub struct ApiKeyMail {
    pub notice: ApiKeyNotice,
    pub display_name: String,
    pub at: DateTime<Utc>,
}

impl ApiKeyMail {
    pub(crate) fn words(&self, id: bool) -> (&'static str, Words) {
        let time = |at: &DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
        let at = time(&self.at);
        let (subject, what) = match &self.notice {
            ApiKeyNotice::Created {
                name,
                scopes,
                expires_at,
            } => {
                let (scopes, until) = (scopes.join(", "), time(expires_at));
                if id {
                    (
                        "Kunci API dibuat untuk akun Anda",
                        format!(
                            "Kunci API \u{201c}{name}\u{201d} dibuat untuk akun Karya Anda pada {at}. Program yang memegangnya dapat bertindak atas nama Anda sampai {until}, dengan cakupan: {scopes}."
                        ),
                    )
                } else {
                    (
                        "An API key was made for your account",
                        format!(
                            "The API key \u{201c}{name}\u{201d} was made for your Karya account at {at}. A program that has it can act for you until {until}, with these scopes: {scopes}."
                        ),
                    )
                }
            }
            ApiKeyNotice::Rotated { name, old_until } => {
                let until = time(old_until);
                if id {
                    (
                        "Kunci API akun Anda diganti",
                        format!(
                            "Kunci API \u{201c}{name}\u{201d} pada akun Karya Anda diganti pada {at}. Kunci yang lama masih berlaku sampai {until}."
                        ),
                    )
                } else {
                    (
                        "An API key of your account was rotated",
                        format!(
                            "The API key \u{201c}{name}\u{201d} of your Karya account was rotated at {at}. The old one is still good until {until}."
                        ),
                    )
                }
            }
            ApiKeyNotice::Revoked { name } => {
                if id {
                    (
                        "Kunci API akun Anda dicabut",
                        format!(
                            "Kunci API \u{201c}{name}\u{201d} pada akun Karya Anda dicabut pada {at} dan tidak berlaku lagi."
                        ),
                    )
                } else {
                    (
                        "An API key of your account was revoked",
                        format!(
                            "The API key \u{201c}{name}\u{201d} of your Karya account was revoked at {at} and is not good any more."
                        ),
                    )
                }
            }
        };
        let what_to_do = if id {
            "Bila bukan Anda, cabut kunci yang tidak Anda kenali, ganti kata sandi Anda dan akhiri semua sesi lain."
        } else {
            "If it was not you, revoke the keys that you do not know, change your password and end all other sessions."
        };
        let paragraphs = vec![what, what_to_do.to_owned()];
        (subject, Words::to(&self.display_name, paragraphs, id))
    }
}
