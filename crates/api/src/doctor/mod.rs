//! `karya doctor`: looks at everything that a server and a worker need, changes nothing that lasts, and says what to
//! do about what is wrong.

mod database;
mod mail;
mod messages;
mod storage;

use std::collections::HashSet;
use std::path::Path;

use karya_auth::IdentityProvider;
use karya_core::MasterKey;
use serde::Serialize;

use crate::config::{Config, MailTransport, Sources};

/// How a check ended; the later the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Ok,
    /// It works, and somebody should look.
    Warn,
    /// It does not work, or `serve` and `work` refuse to start.
    Fail,
}

impl Outcome {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What one check found.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Stable, such as `database.version`; one check may have several findings.
    pub check: &'static str,
    pub outcome: Outcome,
    pub found: String,
    /// What to do about it; there is one unless the outcome is `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// What `karya doctor --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Of this program.
    pub version: &'static str,
    /// The worst of the findings.
    pub outcome: Outcome,
    pub findings: Vec<Finding>,
}

/// Findings so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, check: &'static str, found: impl Into<String>) {
        self.0.push(Finding {
            check,
            outcome: Outcome::Ok,
            found: found.into(),
            fix: None,
        });
    }

    fn warn(&mut self, check: &'static str, found: impl Into<String>, fix: impl Into<String>) {
        self.amiss(Outcome::Warn, check, found, fix);
    }

    fn fail(&mut self, check: &'static str, found: impl Into<String>, fix: impl Into<String>) {
        self.amiss(Outcome::Fail, check, found, fix);
    }

    fn amiss(
        &mut self,
        outcome: Outcome,
        check: &'static str,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.0.push(Finding {
            check,
            outcome,
            found: found.into(),
            fix: Some(fix.into()),
        });
    }

    fn report(self) -> Report {
        Report {
            version: env!("CARGO_PKG_VERSION"),
            outcome: self
                .0
                .iter()
                .map(|finding| finding.outcome)
                .max()
                .unwrap_or(Outcome::Ok),
            findings: self.0,
        }
    }
}

/// Looks at everything. With an empty `database.url` the database is `fallback`, if there is one.
pub async fn examine(sources: &Sources, fallback: Option<String>) -> Report {
    let mut findings = Findings::default();
    let mut config = match sources.load() {
        Ok(config) => config,
        Err(error) => {
            findings.fail(
                "configuration",
                error.to_string(),
                "correct it where the message says; `karya config show` lists every setting",
            );
            return findings.report();
        }
    };
    configuration(&mut findings, &config);
    master_key(&mut findings, &config);
    pepper(&mut findings, &config);
    sign_in_providers(&mut findings, &config);
    if config.database.url.is_empty() {
        config.database.url = fallback.unwrap_or_default();
    }
    if !config.database.url.is_empty() {
        database::examine(&mut findings, &config).await;
    }
    let folder = Path::new(&config.storage.url);
    storage::examine(&mut findings, folder);
    if config.mail.transport == MailTransport::Smtp && !config.mail.host.is_empty() {
        mail::examine(&mut findings, &config.mail).await;
    }
    messages::examine(&mut findings, &config).await;
    findings.report()
}

/// What `karya serve` and `karya work` would say.
fn configuration(findings: &mut Findings, config: &Config) {
    let check = "configuration";
    match config.check_production() {
        Ok(()) => findings.ok(check, "fit for production"),
        Err(refused) => {
            for fault in refused.0 {
                findings.fail(check, fault.found, fault.fix);
            }
        }
    }
    if config.mail.transport == MailTransport::Smtp
        && let Err(reason) = config.mail_options()
    {
        findings.fail(check, reason, "correct it in the section [mail]");
    }
}

/// Whether a dump of the database alone would let somebody guess at passwords.
fn pepper(findings: &mut Findings, config: &Config) {
    let check = "password_pepper";
    if config.secrets.password_pepper.is_empty() {
        findings.warn(
            check,
            "password hashes have no pepper",
            "make one with `openssl rand -base64 32` and set secrets.password_pepper_file; keep a copy apart from the backups",
        );
    } else {
        findings.ok(check, "password hashes have a pepper");
    }
}

/// Which other providers people sign in with. What keeps one off, the configuration's checks say.
fn sign_in_providers(findings: &mut Findings, config: &Config) {
    let check = "sign_in_providers";
    let social = &config.social;
    let on: Vec<&str> = IdentityProvider::ALL
        .iter()
        .filter(|provider| social.is_on(**provider))
        .map(|provider| provider.as_str())
        .collect();
    let google = &social.google;
    if !google.client_id_android.is_empty() && google.client_id_web.is_empty() {
        findings.warn(
            check,
            "social.google.client_id_android is set without client_id_web",
            "set it: Google's library on Android makes tokens for that one",
        );
    } else if on.is_empty() {
        findings.ok(check, "none are on");
    } else {
        findings.ok(check, format!("on: {}", on.join(", ")));
    }
}

/// Whether the key looks as if a machine had drawn it. That it is one at all, the configuration's checks say.
fn master_key(findings: &mut Findings, config: &Config) {
    use base64::Engine;

    let check = "master_key";
    let key = &config.secrets.master_key;
    if MasterKey::from_base64(key).is_err() {
        return;
    }
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(key)
        .unwrap_or_default();
    // Of 32 random bytes, fewer than 20 distinct ones or nothing but letters is less likely than one in 10^12.
    let distinct = bytes.iter().collect::<HashSet<_>>().len();
    let is_text = bytes
        .iter()
        .all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    if distinct < 20 || is_text {
        findings.warn(
            check,
            "the master key does not look random",
            "before there is data, make one with `openssl rand -base64 32`; changing it later loses what it sealed",
        );
    } else {
        findings.ok(check, "32 bytes that look random");
    }
}
