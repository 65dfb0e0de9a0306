use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use karya_core::{EmailAddress, Lang};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use uuid::Uuid;

use crate::Template;
use crate::templates::Rendered;

/// How mails leave, and from whom.
#[derive(Debug, Clone)]
pub struct MailOptions {
    pub transport: Transport,
    pub from_name: String,
    pub from_address: EmailAddress,
}

/// How mails leave.
#[derive(Debug, Clone)]
pub enum Transport {
    Smtp(SmtpOptions),
    /// One RFC 5322 file per mail: for development.
    Folder(PathBuf),
    /// Kept in memory: for tests.
    Memory,
}

/// An SMTP server.
#[derive(Debug, Clone)]
pub struct SmtpOptions {
    pub host: String,
    pub port: u16,
    pub security: SmtpSecurity,
    pub credentials: Option<(String, SecretString)>,
    /// PEM of a certificate authority to trust besides those of the system: for a relay of one's own.
    pub extra_authority: Option<Vec<u8>>,
}

/// TLS towards the SMTP server. The certificate must be good for the host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// RFC 3207; a server that does not offer it is refused.
    Starttls,
    /// RFC 8314.
    Tls,
    None,
}

/// A mail did not leave; the job that sends it tries again.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("the mail does not render: {0}")]
    Template(#[from] askama::Error),
    #[error("the mail cannot be put together: {0}")]
    Message(#[from] lettre::error::Error),
    #[error("a media type is not one: {0}")]
    MediaType(#[from] lettre::message::header::ContentTypeErr),
    #[error("an address is not usable: {0}")]
    Address(#[from] lettre::address::AddressError),
    #[error("the SMTP server: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    #[error("the mail folder: {0}")]
    Folder(#[from] std::io::Error),
}

/// A mail as the memory transport kept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub calendar: Option<CalendarPart>,
}

/// What a mail does to the reader's calendar (iTIP over mail, RFC 6047).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CalendarPart {
    /// The media type, with the same `method` as the text.
    pub content_type: &'static str,
    /// An iCalendar stream (RFC 5545).
    pub text: String,
}

/// Sends mails. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    leaving: Leaving,
}

#[derive(Clone)]
enum Leaving {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
    Memory(Arc<Mutex<Vec<SentMail>>>),
}

impl Mailer {
    pub fn new(options: MailOptions) -> Result<Self, MailError> {
        let from = Mailbox::new(
            Some(options.from_name),
            options.from_address.as_str().parse()?,
        );
        let leaving = match options.transport {
            Transport::Smtp(smtp) => Leaving::Smtp(smtp_transport(smtp)?),
            Transport::Folder(folder) => Leaving::Folder(folder),
            Transport::Memory => Leaving::Memory(Arc::default()),
        };
        Ok(Self { from, leaving })
    }

    /// Sends one mail. `now` becomes its date.
    pub async fn send(
        &self,
        now: DateTime<Utc>,
        to: &EmailAddress,
        lang: Lang,
        template: &Template,
    ) -> Result<(), MailError> {
        self.send_with_calendar(now, to, lang, template, None).await
    }

    /// Sends one mail that calendar programs understand too: with the calendar as an alternative, which they act on,
    /// and as `invite.ics`, for those that do not.
    pub async fn send_with_calendar(
        &self,
        now: DateTime<Utc>,
        to: &EmailAddress,
        lang: Lang,
        template: &Template,
        calendar: Option<CalendarPart>,
    ) -> Result<(), MailError> {
        let rendered = template.render(lang)?;
        if let Leaving::Memory(sent) = &self.leaving {
            let mail = SentMail {
                to: to.as_str().to_owned(),
                subject: rendered.subject.to_owned(),
                text: rendered.text,
                html: rendered.html,
                calendar,
            };
            sent.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(mail);
            return Ok(());
        }
        let id = Uuid::now_v7();
        let domain = self.from.email.domain();
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.as_str().parse()?))
            .subject(rendered.subject)
            .date(now.into())
            .message_id(Some(format!("<{id}@{domain}>")))
            .header(AutoSubmitted)
            .multipart(body(rendered, calendar)?)?;
        match &self.leaving {
            Leaving::Smtp(smtp) => smtp.send(message).await.map(drop)?,
            Leaving::Folder(folder) => {
                // Readers see whole files only.
                tokio::fs::create_dir_all(folder).await?;
                let unfinished = folder.join(format!(".{id}"));
                tokio::fs::write(&unfinished, message.formatted()).await?;
                tokio::fs::rename(unfinished, folder.join(format!("{id}.eml"))).await?;
            }
            Leaving::Memory(_) => {}
        }
        Ok(())
    }

    /// What the memory transport has kept.
    #[must_use]
    pub fn sent(&self) -> Vec<SentMail> {
        match &self.leaving {
            Leaving::Memory(sent) => sent.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            _ => Vec::new(),
        }
    }
}

fn body(rendered: Rendered, calendar: Option<CalendarPart>) -> Result<MultiPart, MailError> {
    let part = |content_type, body| SinglePart::builder().header(content_type).body(body);
    let alternatives = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, rendered.text))
        .singlepart(part(ContentType::TEXT_HTML, rendered.html));
    let Some(CalendarPart { content_type, text }) = calendar else {
        return Ok(alternatives);
    };
    // Programs take the last alternative that they understand.
    let inline = part(ContentType::parse(content_type)?, text.clone());
    let file =
        Attachment::new("invite.ics".to_owned()).body(text, ContentType::parse("application/ics")?);
    Ok(MultiPart::mixed()
        .multipart(alternatives.singlepart(inline))
        .singlepart(file))
}

fn smtp_transport(smtp: SmtpOptions) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
    let parameters = || {
        let mut builder = TlsParameters::builder(smtp.host.clone());
        if let Some(pem) = &smtp.extra_authority {
            builder = builder.add_root_certificate(Certificate::from_pem(pem)?);
        }
        builder.build()
    };
    let tls = match smtp.security {
        SmtpSecurity::Starttls => Tls::Required(parameters()?),
        SmtpSecurity::Tls => Tls::Wrapper(parameters()?),
        SmtpSecurity::None => Tls::None,
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
        .port(smtp.port)
        .tls(tls)
        .timeout(Some(std::time::Duration::from_secs(20)));
    if let Some((username, password)) = smtp.credentials {
        builder = builder.credentials(Credentials::new(
            username,
            password.expose_secret().to_owned(),
        ));
    }
    Ok(builder.build())
}

/// `Auto-Submitted: auto-generated` (RFC 3834), so that nobody's absence notice answers us.
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
