//! What the platform tells people. Today: mail, in Indonesian and English, and the development inbox.

mod account;
mod api_key;
mod booking;
mod dispute;
mod documents;
mod factor;
mod group;
pub mod inbox;
mod mailer;
mod mentor;
mod mentorship;
mod phrases;
mod series;
pub mod templates;
mod webhook;

pub use account::{AccountMail, AccountNotice};
pub use api_key::{ApiKeyMail, ApiKeyNotice};
pub use booking::{BookingMail, BookingNotice, OtherMentor};
pub use dispute::{DisputeMail, DisputeNotice};
pub use documents::DocumentsMail;
pub use factor::{FactorMail, FactorNotice};
pub use group::{GroupMail, GroupNotice};
pub use mailer::{
    CalendarPart, MailError, MailOptions, Mailer, SentMail, SmtpOptions, SmtpSecurity, Transport,
};
pub use mentor::{MentorDecision, MentorMail};
pub use mentorship::{MentorshipMail, MentorshipNotice};
pub use series::{SeriesMail, SeriesNotice};
pub use templates::Template;
pub use webhook::WebhookMail;
