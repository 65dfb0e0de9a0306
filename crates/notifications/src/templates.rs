//! Every mail, each in both languages, as text and as HTML.

use askama::Template as _;
use chrono::{DateTime, Utc};
use karya_core::Lang;

use crate::{
    AccountMail, ApiKeyMail, BookingMail, DisputeMail, DocumentsMail, FactorMail, GroupMail,
    IdentityMail, MentorMail, MentorshipMail, PhoneMail, SeriesMail, WebhookMail, identity,
    phrases,
};

/// A mail, apart from who gets it.
#[derive(Debug, Clone)]
pub enum Template {
    /// Asks the owner of a mailbox to confirm that they registered.
    ///
    /// It does not name anybody: who registered is not known to be who reads it, and a name can hold an address.
    VerifyEmail {
        /// Opens the confirmation page.
        link: String,
        /// For the app, when the link cannot be opened.
        token: String,
        valid_hours: i64,
    },
    /// Asks somebody to prove an address, for an account that signs in by another provider and has no password.
    ProveAddress {
        /// For the app: there is no page that could ask who it is.
        token: String,
        valid_hours: i64,
    },
    /// Tells the owner of an account that somebody tried to register with their address.
    AlreadyRegistered {
        display_name: String,
        /// Where the product lives.
        link: String,
    },
    /// Tells the owner of an account that a session was ended because its token turned up twice.
    SessionEnded {
        display_name: String,
        /// How the device called itself.
        device_name: String,
        at: DateTime<Utc>,
    },
    /// Tells the owner of an account that somebody signed in on a device that had not been seen before.
    NewDevice {
        display_name: String,
        /// How the device called itself.
        device_name: String,
        /// The start of its address: enough to recognise a place.
        network: String,
        at: DateTime<Utc>,
    },
    /// Lets the owner of a mailbox set a new password. It names nobody: who asked is not known to be who reads it.
    ResetPassword {
        /// Opens the page that asks for the new password.
        link: String,
        /// For the app, when the link cannot be opened.
        token: String,
        valid_minutes: i64,
    },
    /// Lets the owner of a mailbox confirm that an account shall have it as its address. It names nobody.
    ConfirmEmailChange {
        /// Opens the page that asks for the account's password.
        link: String,
        /// For the app, when the link cannot be opened.
        token: String,
        valid_minutes: i64,
    },
    /// Tells the owner of an account what happened to it.
    Account(AccountMail),
    /// Tells the owner of an account that its password was changed.
    PasswordChanged {
        display_name: String,
        at: DateTime<Utc>,
    },
    /// Tells one side of a mentoring booking what happened to it.
    Booking(BookingMail),
    /// Tells a mentor what staff decided about them.
    Mentor(MentorMail),
    /// Tells somebody what happened to a group session and to their seat.
    Group(GroupMail),
    /// Tells one side of a series of bookings what happened to all of it.
    Series(SeriesMail),
    /// Tells one side of a mentorship what happened to it.
    Mentorship(MentorshipMail),
    /// Tells one side of a booking what happened to the dispute about it.
    Dispute(DisputeMail),
    /// Tells one side of a session that the other has added documents.
    Documents(DocumentsMail),
    /// Tells the owner of an account what happened to its second factors.
    Factor(FactorMail),
    ApiKey(ApiKeyMail),
    /// Tells the owner of an account what happened to its phone number.
    Phone(PhoneMail),
    /// Tells the owner of an account what happened to its accounts at other providers.
    Identity(IdentityMail),
    Webhook(WebhookMail),
}

/// A mail in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub subject: &'static str,
    pub text: String,
    pub html: String,
}

#[derive(askama::Template)]
#[template(path = "mail.txt")]
struct TextPage<'a> {
    words: &'a Words,
}

#[derive(askama::Template)]
#[template(path = "mail.html")]
struct HtmlPage<'a> {
    lang: &'static str,
    subject: &'static str,
    words: &'a Words,
}

/// A mail as paragraphs: one layout serves every mail, in both forms.
pub(crate) struct Words {
    pub(crate) greeting: String,
    pub(crate) paragraphs: Vec<String>,
    /// Label and address.
    pub(crate) button: Option<(&'static str, String)>,
    /// Something to copy: label and text.
    pub(crate) code: Option<(&'static str, String)>,
    pub(crate) closing: &'static str,
}

impl Words {
    /// To somebody: these paragraphs and nothing else. `id`: in Indonesian, otherwise in English.
    pub(crate) fn to(name: &str, paragraphs: Vec<String>, id: bool) -> Self {
        Self {
            greeting: phrases::greeting(name, id),
            paragraphs,
            button: None,
            code: None,
            closing: phrases::closing(id),
        }
    }
}

impl Template {
    pub fn render(&self, lang: Lang) -> Result<Rendered, askama::Error> {
        let id = lang == Lang::Id;
        let (subject, words) = self.words(id);
        let text = TextPage { words: &words }.render()?;
        let html = HtmlPage {
            lang: lang.as_str(),
            subject,
            words: &words,
        }
        .render()?;
        Ok(Rendered {
            subject,
            text,
            html,
        })
    }

    fn words(&self, id: bool) -> (&'static str, Words) {
        let pick = |in_id: &'static str, in_en: &'static str| if id { in_id } else { in_en };
        let greeting = |name: &str| phrases::greeting(name, id);
        let closing = phrases::closing(id);
        match self {
            Self::VerifyEmail { link, token, valid_hours } => (
                pick("Verifikasi alamat surel Anda", "Verify your e-mail address"),
                Words {
                    greeting: pick("Halo,", "Hello,").to_owned(),
                    paragraphs: vec![
                        pick(
                            "Terima kasih sudah mendaftar di Karya. Satu langkah lagi: buka tautan ini dan masukkan kata sandi yang Anda pilih saat mendaftar.",
                            "Thank you for joining Karya. One more step: open this link and enter the password that you chose when you registered.",
                        )
                        .to_owned(),
                        if id {
                            format!("Tautan ini berlaku {valid_hours} jam. Bila Anda tidak mendaftar, abaikan surel ini.")
                        } else {
                            format!("The link is good for {valid_hours} hours. If you did not register, ignore this mail.")
                        },
                    ],
                    button: Some((pick("Verifikasi alamat", "Verify address"), link.clone())),
                    code: Some((pick("Atau tempel kode ini di aplikasi", "Or paste this code in the app"), token.clone())),
                    closing,
                },
            ),
            Self::AlreadyRegistered { display_name, link } => (
                pick("Anda sudah punya akun Karya", "You already have a Karya account"),
                Words {
                    greeting: greeting(display_name),
                    paragraphs: vec![
                        pick(
                            "Seseorang baru saja mencoba mendaftar di Karya dengan alamat surel ini. Bila itu Anda: alamat ini sudah punya akun, jadi cukup masuk.",
                            "Somebody has just tried to register at Karya with this address. If it was you: the address has an account already, so just sign in.",
                        )
                        .to_owned(),
                        pick(
                            "Bila bukan Anda, tidak ada yang perlu dilakukan. Akun Anda tidak berubah.",
                            "If it was not you, there is nothing to do. Your account has not changed.",
                        )
                        .to_owned(),
                    ],
                    button: Some((pick("Buka Karya", "Open Karya"), link.clone())),
                    code: None,
                    closing,
                },
            ),
            Self::NewDevice { display_name, device_name, network, at } => {
                let at = at.format("%Y-%m-%d %H:%M UTC");
                let paragraphs = if id {
                    vec![
                        format!("Seseorang masuk ke akun Karya Anda pada {at} dari perangkat baru: \u{201c}{device_name}\u{201d}, jaringan {network}."),
                        "Bila itu Anda, tidak ada yang perlu dilakukan. Bila bukan, akhiri sesi itu di daftar perangkat dan ganti kata sandi Anda.".to_owned(),
                    ]
                } else {
                    vec![
                        format!("Somebody signed in to your Karya account at {at} on a new device: \u{201c}{device_name}\u{201d}, network {network}."),
                        "If it was you, there is nothing to do. If not, end that session in the list of devices and change your password.".to_owned(),
                    ]
                };
                (
                    pick("Ada yang masuk dari perangkat baru", "Somebody signed in on a new device"),
                    Words::to(display_name, paragraphs, id),
                )
            }
            Self::ResetPassword { link, token, valid_minutes } => (
                pick("Atur kata sandi baru", "Set a new password"),
                Words {
                    greeting: pick("Halo,", "Hello,").to_owned(),
                    paragraphs: vec![
                        pick(
                            "Seseorang meminta kata sandi baru untuk akun Karya dengan alamat surel ini. Bila itu Anda, buka tautan ini dan pilih kata sandi baru. Semua sesi yang terbuka akan berakhir.",
                            "Somebody asked for a new password for the Karya account with this address. If it was you, open this link and choose a new password. All open sessions will end.",
                        )
                        .to_owned(),
                        if id {
                            format!("Tautan ini berlaku {valid_minutes} menit dan hanya sekali. Bila bukan Anda, abaikan surel ini; kata sandi Anda tidak berubah.")
                        } else {
                            format!("The link is good for {valid_minutes} minutes and works once. If it was not you, ignore this mail; your password has not changed.")
                        },
                    ],
                    button: Some((pick("Pilih kata sandi baru", "Choose a new password"), link.clone())),
                    code: Some((pick("Atau tempel kode ini di aplikasi", "Or paste this code in the app"), token.clone())),
                    closing,
                },
            ),
            Self::PasswordChanged { display_name, at } => {
                let at = at.format("%Y-%m-%d %H:%M UTC");
                let paragraphs = if id {
                    vec![
                        format!("Kata sandi akun Karya Anda diganti pada {at}. Sesi di perangkat lain sudah berakhir."),
                        "Bila bukan Anda yang menggantinya, segera minta kata sandi baru di aplikasi dan hubungi bantuan Karya.".to_owned(),
                    ]
                } else {
                    vec![
                        format!("The password of your Karya account was changed at {at}. Sessions on other devices have ended."),
                        "If it was not you, ask for a new password in the app at once, and contact Karya support.".to_owned(),
                    ]
                };
                (
                    pick("Kata sandi Anda diganti", "Your password was changed"),
                    Words::to(display_name, paragraphs, id),
                )
            }
            Self::ConfirmEmailChange { link, token, valid_minutes } => (
                pick("Konfirmasi alamat surel baru", "Confirm a new e-mail address"),
                Words {
                    greeting: pick("Halo,", "Hello,").to_owned(),
                    paragraphs: vec![
                        pick(
                            "Seseorang ingin memakai alamat surel ini untuk akun Karya-nya. Bila itu Anda, buka tautan ini dan masukkan kata sandi akun Anda.",
                            "Somebody wants to use this address for their Karya account. If it was you, open this link and enter the password of your account.",
                        )
                        .to_owned(),
                        if id {
                            format!("Tautan ini berlaku {valid_minutes} menit dan hanya sekali. Bila bukan Anda, abaikan surel ini.")
                        } else {
                            format!("The link is good for {valid_minutes} minutes and works once. If it was not you, ignore this mail.")
                        },
                    ],
                    button: Some((pick("Pakai alamat ini", "Use this address"), link.clone())),
                    code: Some((pick("Atau tempel kode ini di aplikasi", "Or paste this code in the app"), token.clone())),
                    closing,
                },
            ),
            Self::Account(mail) => mail.words(id),
            Self::Booking(mail) => mail.words(id),
            Self::Mentor(mail) => mail.words(id),
            Self::Group(mail) => mail.words(id),
            Self::Series(mail) => mail.words(id),
            Self::Mentorship(mail) => mail.words(id),
            Self::Dispute(mail) => mail.words(id),
            Self::Documents(mail) => mail.words(id),
            Self::Factor(mail) => mail.words(id),
            Self::ApiKey(mail) => mail.words(id),
            Self::Phone(mail) => mail.words(id),
            Self::Identity(mail) => mail.words(id),
            Self::ProveAddress { token, valid_hours } => identity::prove_address(token, *valid_hours, id),
            Self::Webhook(mail) => mail.words(id),
            Self::SessionEnded { display_name, device_name, at } => {
                let at = at.format("%Y-%m-%d %H:%M UTC");
                let what = if id {
                    format!("Sesi di perangkat \u{201c}{device_name}\u{201d} kami akhiri pada {at}, karena kunci masuknya dipakai dua kali. Itu bisa berarti seseorang menyalinnya.")
                } else {
                    format!("We ended the session on the device \u{201c}{device_name}\u{201d} at {at}, because its sign-in key was used twice. That can mean that somebody copied it.")
                };
                (
                    pick("Sebuah sesi diakhiri demi keamanan Anda", "A session was ended to protect you"),
                    Words {
                        greeting: greeting(display_name),
                        paragraphs: vec![
                            what,
                            pick(
                                "Masuk lagi di perangkat itu. Bila Anda tidak mengenalinya, ganti kata sandi Anda.",
                                "Sign in again on that device. If you do not recognise it, change your password.",
                            )
                            .to_owned(),
                        ],
                        button: None,
                        code: None,
                        closing,
                    },
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use karya_core::Lang;

    use super::Template;
    use crate::{
        AccountMail, AccountNotice, ApiKeyMail, ApiKeyNotice, BookingMail, BookingNotice,
        DisputeMail, DisputeNotice, DocumentsMail, FactorMail, FactorNotice, GroupMail,
        GroupNotice, IdentityMail, IdentityNotice, MentorDecision, MentorMail, MentorshipMail,
        MentorshipNotice, OtherMentor, PhoneMail, PhoneNotice, SeriesMail, SeriesNotice,
        WebhookMail,
    };

    fn verify() -> Template {
        Template::VerifyEmail {
            link: "https://karya.test/verify-email?token=abc".into(),
            token: "abc".into(),
            valid_hours: 24,
        }
    }

    #[test]
    fn speaks_both_languages() {
        insta::assert_snapshot!(verify().render(Lang::Id).unwrap().text, @r"
        Halo,

        Terima kasih sudah mendaftar di Karya. Satu langkah lagi: buka tautan ini dan masukkan kata sandi yang Anda pilih saat mendaftar.

        Tautan ini berlaku 24 jam. Bila Anda tidak mendaftar, abaikan surel ini.

        Verifikasi alamat:
        https://karya.test/verify-email?token=abc

        Atau tempel kode ini di aplikasi:
        abc

        Salam hangat, Tim Karya
        ");
        insta::assert_snapshot!(verify().render(Lang::En).unwrap().text, @r"
        Hello,

        Thank you for joining Karya. One more step: open this link and enter the password that you chose when you registered.

        The link is good for 24 hours. If you did not register, ignore this mail.

        Verify address:
        https://karya.test/verify-email?token=abc

        Or paste this code in the app:
        abc

        Warm regards, the Karya team
        ");
    }

    /// What strangers type stays text in every mail; headers hold none of it, since a subject is `&'static str`.
    #[test]
    fn what_people_type_is_never_markup() {
        let bad = || "<script>alert(1)</script>\"'&<a href=x>".to_owned();
        let mails = [
            Template::AlreadyRegistered {
                display_name: bad(),
                link: "https://karya.test".into(),
            },
            Template::SessionEnded {
                display_name: bad(),
                device_name: bad(),
                at: chrono::DateTime::UNIX_EPOCH,
            },
            Template::Account(AccountMail {
                notice: AccountNotice::AddressInUse,
                display_name: bad(),
                link: Some(bad()),
            }),
            Template::Booking(BookingMail {
                notice: BookingNotice::Declined,
                display_name: bad(),
                other_name: bad(),
                title: bad(),
                when: bad(),
                code: bad(),
                link: Some(bad()),
                place: Some(bad()),
                others: vec![OtherMentor {
                    name: bad(),
                    times: vec![bad()],
                    link: bad(),
                }],
            }),
            Template::Mentor(MentorMail {
                decision: MentorDecision::Rejected,
                display_name: bad(),
                note: Some(bad()),
            }),
            Template::Group(GroupMail {
                notice: GroupNotice::Offered,
                display_name: bad(),
                mentor_name: bad(),
                title: bad(),
                when: bad(),
                answer_by: Some(bad()),
                link: Some(bad()),
                place: Some(bad()),
                seats: 3,
            }),
            Template::Series(SeriesMail {
                notice: SeriesNotice::Confirmed,
                display_name: bad(),
                other_name: bad(),
                title: bad(),
                times: vec![bad()],
                place: Some(bad()),
            }),
            Template::Mentorship(MentorshipMail {
                notice: MentorshipNotice::Proposed,
                display_name: bad(),
                other_name: bad(),
                focus: bad(),
                from: bad(),
                to: bad(),
            }),
            Template::Dispute(DisputeMail {
                notice: DisputeNotice::Opened,
                display_name: bad(),
                other_name: bad(),
                title: bad(),
                when: bad(),
                code: bad(),
            }),
            Template::Documents(DocumentsMail {
                display_name: bad(),
                other_name: bad(),
                title: bad(),
                when: bad(),
                count: 2,
            }),
            Template::Webhook(WebhookMail {
                display_name: bad(),
                url: bad(),
                is_gone: true,
            }),
            Template::ApiKey(ApiKeyMail {
                notice: ApiKeyNotice::Revoked { name: bad() },
                display_name: bad(),
                at: chrono::DateTime::UNIX_EPOCH,
            }),
            Template::Factor(FactorMail {
                notice: FactorNotice::Added { label: bad() },
                display_name: bad(),
                at: chrono::DateTime::UNIX_EPOCH,
            }),
            Template::Phone(PhoneMail {
                notice: PhoneNotice::Changed,
                number: bad(),
                display_name: bad(),
                at: chrono::DateTime::UNIX_EPOCH,
            }),
            Template::Identity(IdentityMail {
                notice: IdentityNotice::Linked { provider: bad() },
                display_name: bad(),
                at: chrono::DateTime::UNIX_EPOCH,
            }),
        ];
        for mail in mails {
            for lang in [Lang::Id, Lang::En] {
                let html = mail.render(lang).unwrap().html;
                assert!(html.contains("&#60;script"), "{html}");
                assert!(!html.contains("<script") && !html.contains("\"'"), "{html}");
            }
        }
    }
}
