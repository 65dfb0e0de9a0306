use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use karya_auth::{AuthOptions, Captcha, IdentityProviders, Issuer, PasswordPool};
use karya_core::{Clock, Cursors, MasterKey, Random};
use karya_db::Db;
use karya_fetch::{Fetcher, Policy};
use karya_mentoring_booking::{Invitations, Uploads};
use karya_notifications::Messenger;
use karya_storage::Storage;
use karya_web::{
    AppPolicies, BodyLimits, Deadline, PublicUrl, RateLimits, StaffFactor, Standings,
    TokenVerifier, TrustedProxies,
};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::config::Config;
use crate::health::Readiness;
use crate::rights::PrivacyOptions;

/// What differs between a server, a test and a development run.
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub random: Random,
    pub master_key: MasterKey,
    pub issuer: Issuer,
    pub verifier: TokenVerifier,
    pub passwords: PasswordPool,
    pub captcha: Captcha,
    pub auth: AuthOptions,
    pub privacy: PrivacyOptions,
    pub identity_providers: IdentityProviders,
    /// Whether staff must have shown a second factor.
    pub staff_factor: StaffFactor,
    pub public_url: String,
    pub trusted_proxies: TrustedProxies,
    pub cors_origins: Vec<String>,
    /// Where who finds a vulnerability writes to. None: `security.txt` is not served.
    pub security_contact: Option<String>,
    pub body_limits: BodyLimits,
    pub upload_limits: BodyLimits,
    /// Uploaded files.
    pub storage: Storage,
    pub request_timeout: Duration,
    /// Which versions of which apps still work.
    pub apps: AppPolicies,
    pub requests_per_minute: NonZeroU32,
    pub credentials_per_minute: NonZeroU32,
    /// Reaches addresses that strangers name.
    pub fetcher: Fetcher,
    pub invitations: Invitations,
    /// Reaches phones.
    pub messenger: Messenger,
    /// Shows sent mails at `/inbox`: for development.
    pub inbox: Option<PathBuf>,
    /// Serves `/metrics` beside the API: for development.
    pub metrics: Option<PrometheusHandle>,
}

/// Why the parts could not be put together.
type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Parts {
    /// The parts that a configuration describes, on a database that is migrated.
    pub async fn build(
        config: &Config,
        inbox: Option<PathBuf>,
        metrics: Option<PrometheusHandle>,
    ) -> Result<Self, Failure> {
        let (clock, random) = (Clock::System, Random::System);
        let master_key = MasterKey::from_base64(&config.secrets.master_key)?;
        let db = Db::new(&config.db_options())?;
        let verifier = TokenVerifier::new(&config.server.public_url, clock.clone());
        let mut conn = db.conn().await?;
        let issuer = Issuer::load(&mut conn, &master_key, verifier.clone(), clock.now()).await?;
        drop(conn);
        Ok(Self {
            db,
            clock,
            random,
            master_key,
            issuer,
            verifier,
            passwords: PasswordPool::start(config.hashing_options()?)?,
            captcha: config.captcha()?,
            auth: config.auth_options(),
            privacy: config.privacy_options(),
            identity_providers: IdentityProviders::new(
                config.social.clone(),
                Fetcher::new(IdentityProviders::policy()),
            ),
            staff_factor: config.auth.staff_second_factor,
            public_url: config.server.public_url.clone(),
            trusted_proxies: TrustedProxies(config.server.trusted_proxies.clone()),
            cors_origins: config.server.cors_origins.clone(),
            security_contact: Some(config.server.security_contact.clone())
                .filter(|contact| !contact.is_empty()),
            body_limits: BodyLimits {
                max_bytes: config.server.max_body_bytes,
                read_timeout: Duration::from_secs(config.server.body_timeout_seconds),
            },
            upload_limits: config.upload_limits(),
            storage: Storage::open(&config.storage.url)?,
            request_timeout: Duration::from_secs(config.server.request_timeout_seconds),
            fetcher: Fetcher::new(Policy {
                // Who tries it at home has the other side at home too.
                loopback: config.server.public_url.starts_with("http://localhost"),
                ..Policy::default()
            }),
            invitations: Invitations::new(
                &config.server.public_url,
                &config.mail_options()?.from_address,
            ),
            messenger: config.messenger()?,
            apps: config.apps.clone(),
            requests_per_minute: config.rate_limit.general_per_minute,
            credentials_per_minute: config.rate_limit.credentials_per_minute,
            inbox,
            metrics,
        })
    }
}

/// All that the application hands to its handlers. Only this crate knows it as a whole; handlers ask for parts.
#[derive(Clone)]
pub struct AppState {
    pub(crate) db: Data<Db>,
    pub(crate) clock: Data<Clock>,
    pub(crate) random: Data<Random>,
    pub(crate) master_key: Data<MasterKey>,
    pub(crate) cursors: Data<Cursors>,
    pub(crate) issuer: Data<Issuer>,
    pub(crate) verifier: Data<TokenVerifier>,
    pub(crate) standings: Data<Standings>,
    pub(crate) passwords: Data<PasswordPool>,
    pub(crate) captcha: Data<Captcha>,
    pub(crate) auth: Data<AuthOptions>,
    pub(crate) privacy: Data<PrivacyOptions>,
    pub(crate) identity_providers: Data<IdentityProviders>,
    pub(crate) staff_factor: Data<StaffFactor>,
    pub(crate) public_url: Data<PublicUrl>,
    pub(crate) trusted_proxies: Data<TrustedProxies>,
    pub(crate) cors_origins: Arc<[String]>,
    pub(crate) security_contact: Option<Arc<str>>,
    pub(crate) body_limits: Data<BodyLimits>,
    pub(crate) uploads: Data<Uploads>,
    pub(crate) storage: Data<Storage>,
    pub(crate) deadline: Data<Deadline>,
    pub(crate) rate_limits: Data<RateLimits>,
    pub(crate) readiness: Data<Readiness>,
    pub(crate) apps: Data<AppPolicies>,
    pub(crate) fetcher: Data<Fetcher>,
    pub(crate) invitations: Data<Invitations>,
    pub(crate) inbox: Option<PathBuf>,
    pub(crate) metrics: Option<PrometheusHandle>,
}

impl AppState {
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            db: Data::new(parts.db),
            clock: Data::new(parts.clock),
            random: Data::new(parts.random),
            cursors: Data::new(Cursors::new(&parts.master_key)),
            master_key: Data::new(parts.master_key),
            issuer: Data::new(parts.issuer),
            verifier: Data::new(parts.verifier),
            standings: Data::new(Standings::default()),
            passwords: Data::new(parts.passwords),
            captcha: Data::new(parts.captcha),
            auth: Data::new(parts.auth),
            privacy: Data::new(parts.privacy),
            identity_providers: Data::new(parts.identity_providers),
            staff_factor: Data::new(parts.staff_factor),
            public_url: Data::new(PublicUrl(parts.public_url.into())),
            trusted_proxies: Data::new(parts.trusted_proxies),
            cors_origins: parts.cors_origins.into(),
            security_contact: parts.security_contact.map(Into::into),
            body_limits: Data::new(parts.body_limits),
            uploads: Data::new(Uploads::new(parts.upload_limits)),
            storage: Data::new(parts.storage),
            deadline: Data::new(Deadline(parts.request_timeout)),
            rate_limits: Data::new(RateLimits::per_minute(
                parts.requests_per_minute,
                parts.credentials_per_minute,
            )),
            readiness: Data::new(Readiness::default()),
            apps: Data::new(parts.apps),
            fetcher: Data::new(parts.fetcher),
            invitations: Data::new(parts.invitations),
            inbox: parts.inbox,
            metrics: parts.metrics,
        }
    }

    /// Tells `/readyz` to send nobody here any more.
    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }
}
