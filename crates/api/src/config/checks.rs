use karya_core::MasterKey;

use super::{Config, MailTransport, SmtpTls};

/// What keeps a configuration from serving the public; each line says what to do.
#[derive(Debug, thiserror::Error)]
#[error("this configuration is not fit for production:\n{}", .0.iter().map(|line| format!("  - {line}")).collect::<Vec<_>>().join("\n"))]
pub struct NotForProduction(pub Vec<String>);

impl Config {
    /// `karya serve` and `karya work` refuse to start on any of these.
    pub fn check_production(&self) -> Result<(), NotForProduction> {
        let mut faults = Vec::new();
        if self.database.url.is_empty() {
            faults.push("database.url is empty: set it, or database.url_file (a managed database is for `karya dev`)");
        }
        if self.secrets.master_key.is_empty() {
            faults.push("secrets.master_key is empty: make one with `openssl rand -base64 32`");
        } else if MasterKey::from_base64(&self.secrets.master_key).is_err() {
            faults.push("secrets.master_key is not 32 bytes in base64");
        } else if is_weak(&self.secrets.master_key) {
            faults.push(
                "secrets.master_key repeats one byte: make one with `openssl rand -base64 32`",
            );
        }
        if self.server.public_url.starts_with("http://") && !is_local(&self.server.public_url) {
            faults.push("server.public_url must be https");
        }
        if !self.server.public_url.starts_with("http") {
            faults.push("server.public_url must be an absolute https URL");
        }
        if self.mail.transport == MailTransport::Folder {
            faults.push("mail.transport is `folder`: set it to `smtp`, with mail.host and mail.from_address");
        } else if self.mail.host.is_empty() {
            faults.push("mail.host is empty");
        }
        if self.mail.tls == SmtpTls::None
            && !matches!(self.mail.host.as_str(), "localhost" | "127.0.0.1" | "::1")
        {
            faults.push("mail.tls is `none` towards another machine: use `starttls` or `tls`");
        }
        if self.mail.from_address.ends_with(".invalid") {
            faults.push("mail.from_address is the default: set an address of yours");
        }
        if self.server.cors_origins.iter().any(|origin| origin == "*") {
            faults.push("server.cors_origins holds `*`: name the origins");
        }
        let storage = std::path::Path::new(&self.storage.url);
        let is_passing = ["/tmp", "/var/tmp", "/dev/shm", "/run"]
            .iter()
            .any(|folder| storage.starts_with(folder));
        if !storage.is_absolute() || is_passing {
            faults.push("storage.url is not a lasting directory: set the absolute path of one that is backed up");
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(NotForProduction(
                faults.into_iter().map(str::to_owned).collect(),
            ))
        }
    }
}

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
