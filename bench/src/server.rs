//! The program under test.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::HttpServer;
use karya::{AppState, Parts};
use karya_auth::{AuthOptions, HashingOptions, Issuer, PasswordPool};
use karya_core::{Clock, EmailAddress, MasterKey, Random, UserId};
use karya_db::{Db, DbOptions};
use karya_fetch::Fetcher;
use karya_managed_postgres::{Consent, Search, Throwaway, find_or_install};
use karya_mentoring_booking::Invitations;
use karya_web::{BodyLimits, TokenVerifier, TrustedProxies};

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
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = AppState::new(parts(&database_url, &url).await);
        let server = HttpServer::new(move || karya::app(state.clone()))
            .workers(2)
            .tcp_nodelay(true)
            .disable_signals()
            .listen(listener)
            .expect("a server")
            .run();
        actix_web::rt::spawn(server);
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

    /// An access token of somebody, without the cost of a password.
    pub async fn token(&self, user: UserId) -> String {
        let Parts {
            db,
            clock,
            random,
            issuer,
            auth,
            ..
        } = &self.parts;
        let mut conn = db.conn().await.expect("a connection");
        karya_auth::ops::demo_token(&mut conn, clock.now(), random, issuer, auth, user)
            .await
            .expect("a token")
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
        auth: AuthOptions {
            public_url: url.to_owned(),
            ..AuthOptions::default()
        },
        public_url: url.to_owned(),
        trusted_proxies: TrustedProxies::default(),
        cors_origins: Vec::new(),
        body_limits: BodyLimits::default(),
        request_timeout: Duration::from_secs(30),
        requests_per_minute: plenty,
        credentials_per_minute: plenty,
        fetcher: Fetcher::default(),
        invitations: Invitations::new(
            url,
            &EmailAddress::parse("halo@karya.test").expect("an address"),
        ),
        upload_limits: karya_mentoring_booking::UPLOAD_LIMITS,
        storage: karya_storage::Storage::open(".karya/bench-storage").expect("a folder"),
        inbox: None,
        metrics: None,
    }
}
