use std::time::Duration;

use chrono::TimeDelta;
use karya_auth::{
    AuthOptions, BadPepper, Captcha, HashingOptions, PasskeyOptions, Peppers, PhoneOptions,
};
use karya_db::DbOptions;
use karya_fetch::{Fetcher, Url};
use karya_notifications::{
    BadWhatsAppOptions, FolderGateway, MailOptions, Messenger, SmtpOptions, SmtpSecurity,
    Transport, WhatsApp, WhatsAppOptions,
};
use karya_web::BodyLimits;
use secrecy::SecretString;

use super::{Config, MailTransport, MessageTransport, SmtpTls};
use crate::rights::PrivacyOptions;

/// The sections in the words of the crates that use them.
impl Config {
    pub(crate) fn db_options(&self) -> DbOptions {
        let database = &self.database;
        DbOptions {
            max_connections: database.max_connections,
            read_connections: database.read_connections,
            wait_timeout: Duration::from_millis(database.wait_timeout_ms),
            statement_timeout: Duration::from_millis(database.statement_timeout_ms),
            ..DbOptions::new(database.url.clone())
        }
    }

    /// The peppers of password hashes, the one for new hashes first.
    pub(crate) fn peppers(&self) -> Result<Peppers, BadPepper> {
        let secrets = &self.secrets;
        let current = Some(secrets.password_pepper.as_str()).filter(|text| !text.is_empty());
        let previous = secrets.previous_password_peppers.iter();
        if current.is_none() && !secrets.previous_password_peppers.is_empty() {
            // The first of them would become the present one.
            return Err(BadPepper);
        }
        Peppers::from_base64(current.into_iter().chain(previous.map(String::as_str)))
    }

    pub(crate) fn hashing_options(&self) -> Result<HashingOptions, BadPepper> {
        Ok(HashingOptions {
            peppers: self.peppers()?,
            threads: self.auth.hash_threads,
            queue: self.auth.hash_queue,
            memory_kib: self.auth.hash_memory_kib,
            iterations: self.auth.hash_iterations,
            ..HashingOptions::default()
        })
    }

    /// Where captchas are checked. Both of its settings, or neither.
    pub(crate) fn captcha(&self) -> Result<Captcha, String> {
        let (at, secret) = (&self.captcha.verify_url, &self.captcha.secret);
        if at.is_empty() && secret.is_empty() {
            return Ok(Captcha::default());
        }
        let fetcher = Fetcher::default();
        let url = Url::parse(at).map_err(|reason| format!("captcha.verify_url: {reason}"))?;
        fetcher
            .check(&url)
            .map_err(|reason| format!("captcha.verify_url: {reason}"))?;
        if secret.is_empty() {
            return Err("captcha.secret is empty".into());
        }
        Ok(Captcha::at(url, secret.clone(), fetcher))
    }

    pub(crate) fn auth_options(&self) -> AuthOptions {
        AuthOptions {
            public_url: self.server.public_url.clone(),
            passkeys: PasskeyOptions {
                rp_id: self.auth.passkey_rp_id.clone(),
                origins: self.auth.passkey_origins.clone(),
            },
            phones: (self.messages.gateway != MessageTransport::None).then(|| PhoneOptions {
                countries: self.messages.countries.clone(),
            }),
            ..AuthOptions::default()
        }
    }

    pub(crate) fn privacy_options(&self) -> PrivacyOptions {
        PrivacyOptions {
            deletion_grace: TimeDelta::days(self.privacy.deletion_grace_days.into()),
            security_events: TimeDelta::days(self.privacy.security_events_days.into()),
        }
    }

    pub(crate) fn upload_limits(&self) -> BodyLimits {
        BodyLimits {
            read_timeout: Duration::from_secs(self.storage.upload_timeout_seconds),
            ..karya_mentoring_booking::UPLOAD_LIMITS
        }
    }

    /// The gateway of WhatsApp that the settings describe, whether or not it is chosen.
    pub(crate) fn whatsapp(&self) -> Result<WhatsApp, BadWhatsAppOptions> {
        let messages = &self.messages;
        WhatsApp::new(WhatsAppOptions {
            api: messages.whatsapp_api.clone(),
            version: messages.whatsapp_version.clone(),
            phone_number_id: messages.whatsapp_phone_number_id.clone(),
            token: messages.whatsapp_token.clone().into(),
            code_template: messages.whatsapp_code_template.clone(),
            in_use_template: messages.whatsapp_in_use_template.clone(),
            changed_template: messages.whatsapp_changed_template.clone(),
        })
    }

    pub(crate) fn messenger(&self) -> Result<Messenger, BadWhatsAppOptions> {
        Ok(match self.messages.gateway {
            MessageTransport::None => Messenger::default(),
            MessageTransport::Folder => {
                Messenger::new(FolderGateway::new(self.mail.folder.clone()))
            }
            MessageTransport::Whatsapp => Messenger::new(self.whatsapp()?),
        })
    }

    pub(crate) fn mail_options(&self) -> Result<MailOptions, String> {
        let mail = &self.mail;
        let from_address = karya_core::EmailAddress::parse(&mail.from_address)
            .map_err(|rule| format!("mail.from_address {}", rule.message(karya_core::Lang::En)))?;
        let transport = match mail.transport {
            MailTransport::Folder => Transport::Folder(mail.folder.clone()),
            MailTransport::Smtp => Transport::Smtp(SmtpOptions {
                host: mail.host.clone(),
                port: mail.port,
                security: match mail.tls {
                    SmtpTls::Starttls => SmtpSecurity::Starttls,
                    SmtpTls::Tls => SmtpSecurity::Tls,
                    SmtpTls::None => SmtpSecurity::None,
                },
                credentials: (!mail.username.is_empty()).then(|| {
                    (
                        mail.username.clone(),
                        SecretString::from(mail.password.clone()),
                    )
                }),
                extra_authority: mail
                    .ca_file
                    .as_ref()
                    .filter(|path| !path.as_os_str().is_empty())
                    .map(|path| {
                        std::fs::read(path)
                            .map_err(|reason| format!("mail.ca_file {}: {reason}", path.display()))
                    })
                    .transpose()?,
            }),
        };
        Ok(MailOptions {
            transport,
            from_name: mail.from_name.clone(),
            from_address,
        })
    }
}
