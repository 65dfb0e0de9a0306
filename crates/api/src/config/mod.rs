//! Configuration: defaults, then `karya.toml`, then the environment (`KARYA__SECTION__KEY`), then `--set`.
//!
//! Only this module and `sources` read the environment. Unknown keys are errors; every value knows its origin.

mod checks;
mod convert;
mod sources;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use ipnet::IpNet;
use karya_auth::SocialOptions;
use karya_web::{AppPolicies, StaffFactor};
use serde::{Deserialize, Deserializer, Serialize};

pub use checks::{Fault, NotForProduction};
pub use sources::{ConfigError, Origin, Sources};

/// The whole configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub secrets: Secrets,
    pub auth: Auth,
    pub privacy: Privacy,
    pub captcha: Captcha,
    /// Sign-in with accounts of other providers.
    pub social: SocialOptions,
    pub mail: Mail,
    pub messages: Messages,
    pub rate_limit: RateLimit,
    pub storage: Storage,
    pub worker: Worker,
    pub log: Log,
    /// By the name that an app has in `X-App-Version`: which of its versions still work.
    pub apps: AppPolicies,
}

/// The HTTP server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub bind: SocketAddr,
    /// Where clients reach the server; links in mails start with it. No slash at the end.
    pub public_url: String,
    /// Threads that serve requests.
    pub workers: usize,
    /// Where `/metrics` listens in production.
    pub metrics_bind: SocketAddr,
    /// Networks of our reverse proxies; only they may say who the client is.
    pub trusted_proxies: Vec<IpNet>,
    /// Web origins that may call from a browser.
    pub cors_origins: Vec<String>,
    /// Where who finds a vulnerability writes to: `mailto:…` or `https://…`, shown in `/.well-known/security.txt`.
    pub security_contact: String,
    pub max_body_bytes: usize,
    pub body_timeout_seconds: u64,
    pub request_timeout_seconds: u64,
    /// How long `/readyz` says 503 before the server stops accepting.
    pub drain_seconds: u64,
    /// How long running requests may still take after that.
    pub shutdown_seconds: u64,
}

/// PostgreSQL.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://user:password@host/database`. Empty: `karya dev` runs a private one.
    pub url: String,
    pub url_file: Option<PathBuf>,
    pub max_connections: usize,
    /// Connections that many reads share, for lookups and for lists each. Best as many as `server.workers`.
    pub read_connections: usize,
    pub wait_timeout_ms: u64,
    pub statement_timeout_ms: u64,
}

/// What must stay secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// 32 random bytes in base64. Everything sealed at rest depends on it.
    pub master_key: String,
    pub master_key_file: Option<PathBuf>,
    /// 32 random bytes in base64 that go into password hashes; none if empty. Losing it means that everybody needs a
    /// new password.
    pub password_pepper: String,
    pub password_pepper_file: Option<PathBuf>,
    /// Peppers of before: they go on to verify, until everybody has signed in once more.
    pub previous_password_peppers: Vec<String>,
}

/// Accounts and sessions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Threads that hash passwords; each holds `hash_memory_kib`.
    pub hash_threads: usize,
    /// Hashes that may wait; more are refused with 503.
    pub hash_queue: usize,
    pub hash_memory_kib: u32,
    pub hash_iterations: u32,
    /// The domain that passkeys are made for; the host of the public address if empty. Changing it ends all of them.
    pub passkey_rp_id: String,
    /// Web origins and apps (`android:apk-key-hash:…`) that may use them; the public address if empty.
    pub passkey_origins: Vec<String>,
    /// Whether the roles of staff need a session with a second factor or a passkey.
    pub staff_second_factor: StaffFactor,
}

/// How long what is kept about people.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// For so long an account that its owner wants deleted is closed and can be had back.
    pub deletion_grace_days: u16,
    /// Security events that are older are deleted.
    pub security_events_days: u16,
}

/// Captchas, before who registers or asks for a new password.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Captcha {
    /// The provider's address for checks (siteverify), such as `https://challenges.cloudflare.com/turnstile/v0/siteverify`.
    /// No captchas if empty.
    pub verify_url: String,
    /// By which the provider knows this server.
    pub secret: String,
    pub secret_file: Option<PathBuf>,
}

/// How mails leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// Files in a folder, shown at `/inbox`: for development.
    Folder,
    Smtp,
}

/// TLS towards the SMTP server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    Starttls,
    Tls,
    /// Only towards this machine.
    None,
}

/// Mail.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    pub transport: MailTransport,
    pub folder: PathBuf,
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    pub username: String,
    pub password: String,
    pub password_file: Option<PathBuf>,
    /// PEM of a certificate authority to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
    pub from_name: String,
    pub from_address: String,
}

/// How messages reach phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageTransport {
    /// Not at all: no phone numbers, and no codes to them.
    None,
    /// Files in the folder of the mails, shown at `/inbox`: for development.
    Folder,
    /// The WhatsApp Cloud API.
    Whatsapp,
}

/// Messages to phones.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    pub gateway: MessageTransport,
    /// The starts of the numbers that get codes. Wider is dearer: strangers earn by codes to numbers of theirs.
    pub countries: Vec<String>,
    /// Meta's id of the number that sends.
    #[serde(deserialize_with = "digits")]
    pub whatsapp_phone_number_id: String,
    pub whatsapp_token: String,
    pub whatsapp_token_file: Option<PathBuf>,
    pub whatsapp_api: String,
    /// Of the Graph API.
    pub whatsapp_version: String,
    /// Names of templates; each in `id` and `en`.
    pub whatsapp_code_template: String,
    pub whatsapp_in_use_template: String,
    pub whatsapp_changed_template: String,
}

/// Digits are text here, though a variable that holds nothing else is read as a number.
fn digits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Digits {
        Number(u64),
        Text(String),
    }
    Ok(match Digits::deserialize(deserializer)? {
        Digits::Number(number) => number.to_string(),
        Digits::Text(text) => text,
    })
}

/// Requests a minute that one client may make.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    pub general_per_minute: NonZeroU32,
    /// Registering, signing in, verifying.
    pub credentials_per_minute: NonZeroU32,
}

/// Where uploaded files are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// A directory. All processes, serving and working, need the same one.
    pub url: String,
    /// How long one upload may take.
    pub upload_timeout_seconds: u64,
}

/// Background jobs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    pub concurrency: usize,
    /// Where `/metrics` of `karya work` listens.
    pub metrics_bind: SocketAddr,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Pretty,
    Json,
}

/// Logs, to standard error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    /// `tracing` directives, such as `info,karya=debug`.
    pub filter: String,
}

impl Default for Config {
    fn default() -> Self {
        let per_minute = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self {
            server: Server {
                bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
                public_url: "http://localhost:8080".into(),
                workers: std::thread::available_parallelism().map_or(2, usize::from),
                metrics_bind: SocketAddr::from(([127, 0, 0, 1], 9090)),
                trusted_proxies: Vec::new(),
                cors_origins: Vec::new(),
                security_contact: String::new(),
                max_body_bytes: 256 * 1024,
                body_timeout_seconds: 10,
                request_timeout_seconds: 30,
                drain_seconds: 5,
                shutdown_seconds: 20,
            },
            database: Database {
                url: String::new(),
                url_file: None,
                max_connections: 16,
                read_connections: std::thread::available_parallelism().map_or(2, usize::from),
                wait_timeout_ms: 3000,
                statement_timeout_ms: 10_000,
            },
            secrets: Secrets {
                master_key: String::new(),
                master_key_file: None,
                password_pepper: String::new(),
                password_pepper_file: None,
                previous_password_peppers: Vec::new(),
            },
            auth: Auth {
                hash_threads: std::thread::available_parallelism().map_or(2, usize::from),
                hash_queue: 16,
                hash_memory_kib: 19 * 1024,
                hash_iterations: 2,
                passkey_rp_id: String::new(),
                passkey_origins: Vec::new(),
                staff_second_factor: StaffFactor::Required,
            },
            privacy: Privacy {
                deletion_grace_days: 14,
                security_events_days: 730,
            },
            captcha: Captcha {
                verify_url: String::new(),
                secret: String::new(),
                secret_file: None,
            },
            social: SocialOptions::default(),
            mail: Mail {
                transport: MailTransport::Folder,
                folder: ".karya/mail".into(),
                host: String::new(),
                port: 587,
                tls: SmtpTls::Starttls,
                username: String::new(),
                password: String::new(),
                password_file: None,
                ca_file: None,
                from_name: "Karya".into(),
                from_address: "halo@karya.invalid".into(),
            },
            messages: Messages {
                gateway: MessageTransport::None,
                countries: vec!["+62".into()],
                whatsapp_phone_number_id: String::new(),
                whatsapp_token: String::new(),
                whatsapp_token_file: None,
                whatsapp_api: "https://graph.facebook.com".into(),
                whatsapp_version: "v23.0".into(),
                whatsapp_code_template: "karya_code".into(),
                whatsapp_in_use_template: "karya_number_in_use".into(),
                whatsapp_changed_template: "karya_number_changed".into(),
            },
            rate_limit: RateLimit {
                general_per_minute: per_minute(1200),
                credentials_per_minute: per_minute(120),
            },
            storage: Storage {
                url: ".karya/storage".into(),
                upload_timeout_seconds: 300,
            },
            worker: Worker {
                concurrency: 4,
                metrics_bind: SocketAddr::from(([127, 0, 0, 1], 9091)),
            },
            log: Log {
                format: LogFormat::Json,
                filter: "info".into(),
            },
            apps: AppPolicies::new(),
        }
    }
}
