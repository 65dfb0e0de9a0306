//! What the platform tells people. Today: mail, in Indonesian and English, and the development inbox.

pub mod inbox;
mod mailer;
pub mod templates;

pub use mailer::{MailError, MailOptions, Mailer, SentMail, SmtpOptions, SmtpSecurity, Transport};
pub use templates::Template;
