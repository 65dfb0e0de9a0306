use std::time::Duration;

use chrono::TimeDelta;
use karya_auth::{AuthOptions, HashingOptions, PasskeyOptions};
use karya_db::DbOptions;
use karya_notifications::{MailOptions, SmtpOptions, SmtpSecurity, Transport};
use karya_web::BodyLimits;
use secrecy::SecretString;

use super::{Config, MailTransport, SmtpTls};
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

    pub(crate) fn hashing_options(&self) -> HashingOptions {
        HashingOptions {
            threads: self.auth.hash_threads,
            queue: self.auth.hash_queue,
            memory_kib: self.auth.hash_memory_kib,
            iterations: self.auth.hash_iterations,
            ..HashingOptions::default()
        }
    }

    pub(crate) fn auth_options(&self) -> AuthOptions {
        AuthOptions {
            public_url: self.server.public_url.clone(),
            passkeys: PasskeyOptions {
                rp_id: self.auth.passkey_rp_id.clone(),
                origins: self.auth.passkey_origins.clone(),
            },
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
