use std::cell::RefCell;
use std::num::NonZeroU32;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use actix_http::Request;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::{Error, HttpServer, test};
use karya::{AppState, Parts};
use karya_auth::ops::NewVerifiedUser;
use karya_auth::{
    AuthOptions, Captcha, HashingOptions, IdentityProviders, Issuer, PasswordPool, PhoneOptions,
    SocialOptions,
};
use karya_core::role::Role;
use karya_core::{Clock, EmailAddress, MasterKey, Random, Text, UserId};
use karya_db::{Db, DbOptions};
use karya_fetch::Fetcher;
use karya_mentoring_booking::Invitations;
use karya_notifications::{MailOptions, Mailer, Messenger, SentMail, Transport};
use karya_storage::Storage;
use karya_web::{AppPolicies, BodyLimits, StaffFactor, TokenVerifier, TrustedProxies};
use serde_json::json;

use super::{Client, Phones, TestDb, noon};

/// How often a test makes a race, or another thing that shows its faults seldom: `KARYA_ROUNDS`, for those who have time.
pub fn rounds(usually: usize) -> usize {
    #[expect(
        clippy::disallowed_methods,
        reason = "what the person at the keyboard wants"
    )]
    let wanted = std::env::var("KARYA_ROUNDS");
    wanted.map_or(usually, |wanted| wanted.parse().expect("a number"))
}

/// The password of every account that the harness makes.
pub const PASSWORD: &str = "kain-lurik-tujuh-warna";

type Answer = Pin<Box<dyn Future<Output = Result<ServiceResponse<BoxBody>, Error>>>>;

/// A request and its answer.
pub struct Exchange {
    pub path: String,
    pub request: Vec<u8>,
    pub response: Vec<u8>,
}

/// The name of a header, and what makes its values.
pub type Header = (&'static str, fn() -> String);

/// The application on a database of its own, with a clock that stands at noon.
pub struct TestApp {
    pub db: TestDb,
    pub clock: Clock,
    pub mailer: Mailer,
    pub phones: Phones,
    pub parts: Rc<Parts>,
    /// Where uploads go; gone with the test.
    pub files: tempfile::TempDir,
    /// What every request carries besides, unless it has such a header of its own.
    pub always: RefCell<Vec<Header>>,
    /// What was said, if somebody listens.
    pub heard: RefCell<Option<Vec<Exchange>>>,
    state: AppState,
    serve: Rc<dyn Fn(Request) -> Answer>,
}

impl TestApp {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With some parts other than usual.
    pub async fn with(adjust: impl Fn(&mut Parts)) -> Self {
        let db = TestDb::new().await;
        let clock = Clock::fixed(noon());
        // The application takes its parts for good; tests and jobs use a second set on the same database.
        let files = tempfile::tempdir().unwrap();
        let (mut parts, mut second) = (
            self::parts(&db, &clock, files.path()).await,
            self::parts(&db, &clock, files.path()).await,
        );
        let phones = Phones::default();
        for parts in [&mut parts, &mut second] {
            parts.messenger = Messenger::new(phones.clone());
        }
        adjust(&mut parts);
        adjust(&mut second);
        let from_address = EmailAddress::parse("halo@karya.test").unwrap();
        let mail = MailOptions {
            transport: Transport::Memory,
            from_name: "Karya".into(),
            from_address,
        };
        let state = AppState::new(parts);
        let service = Rc::new(test::init_service(karya::app(state.clone())).await);
        let serve = Rc::new(move |request: Request| -> Answer {
            let service = Rc::clone(&service);
            Box::pin(async move {
                service
                    .call(request)
                    .await
                    .map(|response| response.map_body(|_, body| body.boxed()))
            })
        });
        Self {
            db,
            clock,
            mailer: Mailer::new(mail).unwrap(),
            phones,
            parts: Rc::new(second),
            files,
            always: RefCell::default(),
            heard: RefCell::default(),
            state,
            serve,
        }
    }

    /// Serves the application on a real socket too, until the test ends.
    pub fn listen(&self, listener: std::net::TcpListener) {
        let state = self.state.clone();
        let server = HttpServer::new(move || karya::app(state.clone()))
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        actix_web::rt::spawn(server);
    }

    pub(super) async fn serve(&self, request: Request) -> Result<ServiceResponse<BoxBody>, Error> {
        (self.serve)(request).await
    }

    /// A caller without an account.
    pub fn anon(&self) -> Client<'_> {
        Client::new(self)
    }

    /// A caller who is signed in, with a verified address made from `name`.
    pub async fn user(&self, name: &str) -> Client<'_> {
        self.create_user(name, &[]).await;
        self.sign_in(name).await
    }

    /// The same with a role.
    pub async fn staff(&self, name: &str, role: Role) -> Client<'_> {
        self.create_user(name, &[role]).await;
        self.sign_in(name).await
    }

    async fn create_user(&self, name: &str, roles: &[Role]) -> UserId {
        let hash = self.parts.passwords.hash(PASSWORD).await.unwrap();
        let account = NewVerifiedUser {
            email: EmailAddress::parse(&email(name)).unwrap(),
            display_name: Text::line(name, 1, 100).unwrap(),
            roles: roles.to_vec(),
            is_demo: false,
        };
        let mut conn = self.parts.db.conn().await.unwrap();
        karya_auth::ops::create_verified_user(&mut conn, self.clock.now(), account, hash)
            .await
            .unwrap()
    }

    pub async fn sign_in(&self, name: &str) -> Client<'_> {
        let body = json!({ "email": email(name), "password": PASSWORD });
        let reply = self.anon().post("/v1/auth/login", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        self.anon()
            .with_token(reply.json()["access_token"].as_str().unwrap())
    }

    /// Runs the jobs that are due.
    pub async fn run_jobs(&self) {
        karya::work::jobs(&self.db.url(), &self.parts, self.mailer.clone())
            .concurrency(2)
            .run_once()
            .await
            .unwrap();
    }

    /// Runs all jobs, those that are due later too.
    pub async fn run_all_jobs(&self) {
        let sql = self.db.sql().await;
        sql.batch_execute(
            "UPDATE graphile_worker._private_jobs SET run_at = now() - interval '1 second'",
        )
        .await
        .unwrap();
        self.run_jobs().await;
    }

    /// The mails to an address so far.
    pub fn mails_to(&self, address: &str) -> Vec<SentMail> {
        self.mailer
            .sent()
            .into_iter()
            .filter(|mail| mail.to == address)
            .collect()
    }
}

pub fn email(name: &str) -> String {
    format!("{name}@contoh.id")
}

async fn parts(db: &TestDb, clock: &Clock, files: &Path) -> Parts {
    let public_url = "https://karya.test".to_owned();
    let pool = Db::new(&DbOptions {
        max_connections: 24,
        ..DbOptions::new(db.url())
    })
    .unwrap();
    let master_key = MasterKey::from_bytes([7; 32]);
    let verifier = TokenVerifier::new(&public_url, clock.clone());
    let mut conn = pool.conn().await.unwrap();
    let issuer = Issuer::load(&mut conn, &master_key, verifier.clone(), clock.now())
        .await
        .unwrap();
    drop(conn);
    let plenty = NonZeroU32::new(1_000_000).unwrap();
    // Cheap hashes: what they cost is another test's business.
    let hashing = HashingOptions {
        threads: 2,
        queue: 512,
        memory_kib: 64,
        iterations: 1,
        max_wait: Duration::from_secs(30),
        ..HashingOptions::default()
    };
    Parts {
        db: pool,
        clock: clock.clone(),
        random: Random::System,
        master_key,
        issuer,
        verifier,
        passwords: PasswordPool::start(hashing).unwrap(),
        captcha: Captcha::default(),
        auth: AuthOptions {
            public_url: public_url.clone(),
            phones: Some(PhoneOptions {
                countries: vec!["+62".into()],
            }),
            ..AuthOptions::default()
        },
        privacy: karya::rights::PrivacyOptions::default(),
        identity_providers: IdentityProviders::new(SocialOptions::default(), Fetcher::default()),
        // What the roles are good for is most tests' business; what they take, `staff_factor`'s.
        staff_factor: StaffFactor::Optional,
        invitations: Invitations::new(
            &public_url,
            &EmailAddress::parse("halo@karya.test").unwrap(),
        ),
        fetcher: Fetcher::default(),
        messenger: Messenger::default(),
        public_url,
        trusted_proxies: TrustedProxies::default(),
        cors_origins: vec!["https://app.karya.test".into()],
        security_contact: Some("mailto:keamanan@karya.test".into()),
        body_limits: BodyLimits::default(),
        upload_limits: karya_mentoring_booking::UPLOAD_LIMITS,
        storage: Storage::open(files.to_str().unwrap()).unwrap(),
        request_timeout: Duration::from_secs(30),
        apps: AppPolicies::new(),
        requests_per_minute: plenty,
        credentials_per_minute: plenty,
        inbox: None,
        metrics: None,
    }
}
