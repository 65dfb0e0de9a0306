use karya_core::MasterKey;

use super::{Config, MailTransport, MessageTransport, SmtpTls};

/// Something that keeps a configuration from serving the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub found: &'static str,
    /// What to do about it.
    pub fix: &'static str,
}

/// What keeps a configuration from serving the public; each line says what to do.
#[derive(Debug, thiserror::Error)]
#[error("this configuration is not fit for production:\n{}", .0.iter().map(|fault| format!("  - {}: {}", fault.found, fault.fix)).collect::<Vec<_>>().join("\n"))]
pub struct NotForProduction(pub Vec<Fault>);

impl Config {
    /// `karya serve` and `karya work` refuse to start on any of these.
    pub fn check_production(&self) -> Result<(), NotForProduction> {
        let mut faults = Vec::new();
        let mut refuse = |found, fix| faults.push(Fault { found, fix });
        if self.database.url.is_empty() {
            refuse(
                "database.url is empty",
                "set it, or database.url_file (a managed database is for `karya dev`)",
            );
        }
        if self.secrets.master_key.is_empty() {
            refuse("secrets.master_key is empty", MAKE_A_KEY);
        } else if MasterKey::from_base64(&self.secrets.master_key).is_err() {
            refuse("secrets.master_key is not 32 bytes in base64", MAKE_A_KEY);
        } else if is_weak(&self.secrets.master_key) {
            refuse("secrets.master_key repeats one byte", MAKE_A_KEY);
        }
        if self.peppers().is_err() {
            refuse(
                "secrets.password_pepper and secrets.previous_password_peppers do not fit",
                "each is 32 random bytes in base64 (`openssl rand -base64 32`), and there are previous ones only beside a present one",
            );
        }
        if self.server.public_url.starts_with("http://") && !is_local(&self.server.public_url) {
            refuse(
                "server.public_url is not https",
                "set the address at which clients reach the TLS proxy",
            );
        }
        if !self.server.public_url.starts_with("http") {
            refuse(
                "server.public_url is not an absolute URL",
                "set it to one that starts with https://",
            );
        }
        if karya_auth::check_passkey_options(&self.auth_options()).is_err() {
            refuse(
                "auth.passkey_rp_id and auth.passkey_origins do not fit",
                "name a domain, and an https origin of it or below it among the origins",
            );
        }
        if !(1..=30).contains(&self.privacy.deletion_grace_days) {
            refuse(
                "privacy.deletion_grace_days is not between 1 and 30",
                "give people some days to change their minds, and not more than a month",
            );
        }
        if self.privacy.security_events_days < 90 {
            refuse(
                "privacy.security_events_days is below 90",
                "what happened to an account must still be told when somebody notices",
            );
        }
        if self.captcha().is_err() {
            refuse(
                "captcha.verify_url and captcha.secret do not fit",
                "set both, the first to an https address, or neither",
            );
        }
        for (found, fix) in self.social.faults() {
            refuse(found, fix);
        }
        if self.mail.transport == MailTransport::Folder {
            refuse(
                "mail.transport is `folder`",
                "set it to `smtp`, with mail.host and mail.from_address",
            );
        } else if self.mail.host.is_empty() {
            refuse("mail.host is empty", "set the name of your mail relay");
        }
        if self.mail.tls == SmtpTls::None
            && !matches!(self.mail.host.as_str(), "localhost" | "127.0.0.1" | "::1")
        {
            refuse(
                "mail.tls is `none` towards another machine",
                "use `starttls` or `tls`",
            );
        }
        if self.mail.from_address.ends_with(".invalid") {
            refuse(
                "mail.from_address is the default",
                "set an address of yours",
            );
        }
        match self.messages.gateway {
            MessageTransport::None => {}
            MessageTransport::Folder => refuse(
                "messages.gateway is `folder`",
                "set it to `whatsapp`, or to `none` to do without phone numbers",
            ),
            MessageTransport::Whatsapp => {
                if self.whatsapp().is_err() {
                    refuse(
                        "messages.gateway is `whatsapp`, and its settings do not make one",
                        "set messages.whatsapp_phone_number_id and messages.whatsapp_token_file; see docs/operations.md",
                    );
                }
            }
        }
        if self.messages.gateway != MessageTransport::None && !self.serves_countries() {
            refuse(
                "messages.countries does not list starts of numbers",
                "write them like `+62`",
            );
        }
        if self.server.cors_origins.iter().any(|origin| origin == "*") {
            refuse("server.cors_origins holds `*`", "name the origins");
        }
        let contact = &self.server.security_contact;
        let is_uri = ["mailto:", "https://"]
            .iter()
            .any(|scheme| contact.starts_with(scheme));
        if !contact.is_empty() && (!is_uri || contact.contains(char::is_whitespace)) {
            refuse(
                "server.security_contact is no address",
                "set one that starts with mailto: or https://",
            );
        }
        let storage = std::path::Path::new(&self.storage.url);
        let is_passing = ["/tmp", "/var/tmp", "/dev/shm", "/run"]
            .iter()
            .any(|folder| storage.starts_with(folder));
        if !storage.is_absolute() || is_passing {
            refuse(
                "storage.url is not a lasting directory",
                "set the absolute path of one that is backed up",
            );
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(NotForProduction(faults))
        }
    }
}

impl Config {
    fn serves_countries(&self) -> bool {
        let is_start = |start: &String| {
            let digits = start.strip_prefix('+').unwrap_or_default();
            (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        };
        let countries = &self.messages.countries;
        !countries.is_empty() && countries.iter().all(is_start)
    }
}

const MAKE_A_KEY: &str = "make one with `openssl rand -base64 32`";

fn is_local(url: &str) -> bool {
    let host = url.trim_start_matches("http://");
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
}

/// The keys of examples: all zeros, all one letter.
fn is_weak(key: &str) -> bool {
    let mut letters: Vec<char> = key.trim_end_matches('=').chars().collect();
    letters.sort_unstable();
    letters.dedup();
    letters.len() < 8
}
