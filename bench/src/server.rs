//! The program under test.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::num::NonZeroU32;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use actix_web::HttpServer;
use karya::{AppState, Parts};
use karya_auth::{
    AuthOptions, Captcha, HashingOptions, IdentityProviders, Issuer, PasswordPool, SocialOptions,
};
use karya_core::{Clock, EmailAddress, MasterKey, Random, UserId};
use karya_db::{Db, DbOptions};
use karya_fetch::Fetcher;
use karya_managed_postgres::{Consent, Installation, Search, Throwaway, find_or_install};
use karya_mentoring_booking::Invitations;
use karya_web::{BodyLimits, StaffFactor, TokenVerifier, TrustedProxies};

/// A server with its database, until the program ends.
pub struct Server {
    pub url: String,
    pub database_url: String,
    pub parts: Parts,
    _cluster: Throwaway,
}

impl Server {
    pub async fn start() -> Self {
        let cluster = tokio::task::spawn_blocking(|| {
            let search = Search::from_env();
            let found = find_or_install(&search, Consent::Yes, &|line| eprintln!("{line}"));
            Throwaway::start(&found.expect("PostgreSQL")).expect("a cluster")
        });
        let cluster = cluster.await.expect("a cluster");
        let database_url = cluster.url("postgres");
        karya::database::prepare(&database_url)
            .await
            .expect("a schema");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = AppState::new(parts(&database_url, &url).await);
        actix_web::rt::spawn(serving(state, listener));
        Self {
            parts: parts(&database_url, &url).await,
            url,
            database_url,
            _cluster: cluster,
        }
    }

    pub async fn sql(&self) -> tokio_postgres::Client {
        let connected = tokio_postgres::connect(&self.database_url, tokio_postgres::NoTls).await;
        let (client, connection) = connected.expect("a connection");
        tokio::spawn(connection);
        client
    }

    pub async fn token(&self, user: UserId) -> String {
        token(&self.parts, user).await
    }
}

/// Gives all there are an address and a password that nobody knows: who has none gets no token.
pub const ACCOUNTS: &str = "
INSERT INTO emails (id, user_id, address, verified_at, created_at)
    SELECT gen_random_uuid(), id, 'orang-' || id || '@contoh.id', now(), now() FROM users;
INSERT INTO passwords (user_id, phc, changed_at) SELECT id, '$argon2id$none', now() FROM users";

/// An access token of somebody, without the cost of a password.
pub async fn token(parts: &Parts, user: UserId) -> String {
    let Parts {
        db,
        clock,
        random,
        issuer,
        auth,
        ..
    } = parts;
    let mut conn = db.conn().await.expect("a connection");
    karya_auth::ops::demo_token(&mut conn, clock.now(), random, issuer, auth, user)
        .await
        .expect("a token")
}

/// Two threads that serve.
fn serving(state: AppState, listener: TcpListener) -> actix_web::dev::Server {
    HttpServer::new(move || karya::app(state.clone()))
        .workers(2)
        .tcp_nodelay(true)
        .disable_signals()
        .listen(listener)
        .expect("a server")
        .run()
}

/// The program alone in a process, so that its memory and time are its own. Says where it listens, and ends when
/// nobody holds its standard input any more.
pub async fn serve_alone(database_url: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let state = AppState::new(parts(database_url, "http://karya").await);
    actix_web::rt::spawn(serving(state, listener));
    println!("{address}");
    let ended = std::thread::spawn(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    while !ended.is_finished() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A process with the program, on a database of its own that writes to the disk what it says it has written.
pub struct Apart {
    pub address: String,
    pub database_url: String,
    pub parts: Parts,
    pub cluster: Throwaway,
    pub installation: Installation,
    process: Child,
}

/// Like a small server of one's own; statements are logged in full when they are asked for.
const SETTINGS: &str = "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\nautovacuum = on\n\
    shared_buffers = '512MB'\nlog_parameter_max_length = -1\n";

impl Apart {
    pub async fn start(prepare: impl AsyncFnOnce(&str)) -> Self {
        let started = tokio::task::spawn_blocking(|| {
            let found = find_or_install(&Search::from_env(), Consent::Yes, &|line| {
                eprintln!("{line}")
            });
            let found = found.expect("PostgreSQL");
            let cluster = Throwaway::start_with(&found, SETTINGS).expect("a cluster");
            (found, cluster)
        });
        let (installation, cluster) = started.await.expect("a cluster");
        let database_url = cluster.url("postgres");
        karya::database::prepare(&database_url)
            .await
            .expect("a schema");
        prepare(&database_url).await;
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args(["serve", &database_url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let mut address = String::new();
        BufReader::new(process.stdout.take().expect("a pipe"))
            .read_line(&mut address)
            .expect("an address");
        Self {
            address: address.trim().to_owned(),
            parts: parts(&database_url, "http://karya").await,
            database_url,
            cluster,
            installation,
            process,
        }
    }

    /// The most memory that the program ever held, in MB.
    pub fn peak(&self) -> f64 {
        crate::imports::peak(&self.process.id().to_string())
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _status = self.process.wait();
    }
}

async fn parts(database_url: &str, url: &str) -> Parts {
    let db = Db::new(&DbOptions::new(database_url)).expect("a pool");
    let clock = Clock::System;
    let master_key = MasterKey::from_bytes([7; 32]);
    let verifier = TokenVerifier::new(url, clock.clone());
    let mut conn = db.conn().await.expect("a connection");
    let issuer = Issuer::load(&mut conn, &master_key, verifier.clone(), clock.now());
    let issuer = issuer.await.expect("keys");
    drop(conn);
    let plenty = NonZeroU32::MAX;
    Parts {
        db,
        clock,
        random: Random::System,
        master_key,
        issuer,
        verifier,
        passwords: PasswordPool::start(HashingOptions::default()).expect("threads"),
        captcha: Captcha::default(),
        auth: AuthOptions {
            public_url: url.to_owned(),
            ..AuthOptions::default()
        },
        privacy: karya::rights::PrivacyOptions::default(),
        identity_providers: IdentityProviders::new(SocialOptions::default(), Fetcher::default()),
        staff_factor: StaffFactor::Optional,
        public_url: url.to_owned(),
        trusted_proxies: TrustedProxies::default(),
        cors_origins: Vec::new(),
        security_contact: None,
        apps: karya_web::AppPolicies::new(),
        body_limits: BodyLimits::default(),
        request_timeout: Duration::from_secs(30),
        requests_per_minute: plenty,
        credentials_per_minute: plenty,
        fetcher: Fetcher::default(),
        invitations: Invitations::new(
            url,
            &EmailAddress::parse("halo@karya.test").expect("an address"),
        ),
        messenger: karya_notifications::Messenger::default(),
        upload_limits: karya_mentoring_booking::UPLOAD_LIMITS,
        storage: karya_storage::Storage::open(".karya/bench-storage").expect("a folder"),
        inbox: None,
        metrics: None,
    }
}
