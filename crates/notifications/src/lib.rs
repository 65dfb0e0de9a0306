//! What the platform tells people. Today: mail, in Indonesian and English, and the development inbox.

mod booking;
pub mod inbox;
mod mailer;
mod mentor;
pub mod templates;

pub use booking::{BookingMail, BookingNotice};
pub use mailer::{
    CalendarPart, MailError, MailOptions, Mailer, SentMail, SmtpOptions, SmtpSecurity, Transport,
};
pub use mentor::{MentorDecision, MentorMail};
pub use templates::Template;
