//! What the platform tells people, in Indonesian and English: mails, messages to phones, and the development inbox.

mod account;
mod api_key;
mod booking;
mod dispute;
mod documents;
mod factor;
mod gateway;
mod group;
mod identity;
pub mod inbox;
mod mailer;
mod mentor;
mod mentorship;
mod message;
mod phone;
mod phrases;
mod series;
pub mod templates;
mod webhook;
mod whatsapp;

pub use account::{AccountMail, AccountNotice};
pub use api_key::{ApiKeyMail, ApiKeyNotice};
pub use booking::{BookingMail, BookingNotice, OtherMentor};
pub use dispute::{DisputeMail, DisputeNotice};
pub use documents::DocumentsMail;
pub use factor::{FactorMail, FactorNotice};
pub use gateway::{FolderGateway, GatewayError, MessageGateway, Messenger, Sending};
pub use group::{GroupMail, GroupNotice};
pub use identity::{IdentityMail, IdentityNotice};
pub use mailer::{
    CalendarPart, MailError, MailOptions, Mailer, SentMail, SmtpOptions, SmtpSecurity, Transport,
};
pub use mentor::{MentorDecision, MentorMail};
pub use mentorship::{MentorshipMail, MentorshipNotice};
pub use message::Message;
pub use phone::{PhoneMail, PhoneNotice};
pub use series::{SeriesMail, SeriesNotice};
pub use templates::Template;
pub use webhook::WebhookMail;
pub use whatsapp::{BadWhatsAppOptions, WhatsApp, WhatsAppOptions};
