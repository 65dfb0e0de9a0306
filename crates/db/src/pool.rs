use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::TimeoutType;
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::{Object, Pool, PoolError};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use secrecy::{ExposeSecret, SecretString};

use crate::DbError;
use crate::readers::{Reader, Readers};

/// A connection of one's own, for writes and transactions.
///
/// Whatever is cut off within a transaction (a client that hangs up, a deadline) closes its connection, which ends the
/// transaction. Back in the pool it would keep its locks until somebody takes it, and the same client, trying again,
/// would wait for them.
pub struct Conn(Option<Object<AsyncPgConnection>>);

impl Drop for Conn {
    fn drop(&mut self) {
        if let Some(mut conn) = self.0.take()
            && conn.is_broken()
        {
            drop(Object::take(conn));
        }
    }
}

impl Deref for Conn {
    type Target = AsyncPgConnection;

    #[expect(clippy::expect_used, reason = "it is there until it is dropped")]
    fn deref(&self) -> &AsyncPgConnection {
        self.0.as_deref().expect("a connection")
    }
}

impl DerefMut for Conn {
    #[expect(clippy::expect_used, reason = "it is there until it is dropped")]
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        self.0.as_deref_mut().expect("a connection")
    }
}

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// `postgres://user:password@host/database`; the host may be a percent-encoded socket folder.
    pub url: SecretString,
    pub max_connections: usize,
    /// Connections that many reads share at once, pipelined.
    pub read_connections: usize,
    /// How long a request may wait for a connection before it is refused.
    pub wait_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
}

impl DbOptions {
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: SecretString::from(url.into()),
            max_connections: 16,
            read_connections: 2,
            wait_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
        }
    }

    /// The settings ride on the connection string, so they cost no round trip.
    fn full_url(&self, plans: Plans, statement_timeout: Duration) -> SecretString {
        let url = self.url.expose_secret();
        let separator = if url.contains('?') { '&' } else { '?' };
        let timeout = statement_timeout.as_millis();
        let plan_cache_mode = match plans {
            Plans::Cached => "auto",
            Plans::Fresh => "force_custom_plan",
        };
        SecretString::from(format!(
            "{url}{separator}application_name=karya&connect_timeout=5&keepalives_idle=30&tcp_user_timeout=15&options=-c%20statement_timeout%3D{timeout}\
             %20-c%20idle_in_transaction_session_timeout%3D30000\
             %20-c%20pg_trgm.word_similarity_threshold%3D0.45\
             %20-c%20plan_cache_mode%3D{plan_cache_mode}"
        ))
    }

    fn pool(
        &self,
        plans: Plans,
        size: usize,
        wait_timeout: Duration,
        statement_timeout: Duration,
    ) -> Result<Pool<AsyncPgConnection>, DbError> {
        let url = self.full_url(plans, statement_timeout);
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(
            url.expose_secret(),
            config,
        );
        Pool::builder(manager)
            .max_size(size)
            .wait_timeout(Some(wait_timeout))
            .create_timeout(Some(wait_timeout))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| DbError::Connect(error.to_string()))
    }
}

/// How long a search may take, and wait for its turn.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(2);

/// How PostgreSQL plans a prepared statement.
#[derive(Debug, Clone, Copy)]
enum Plans {
    /// Once: for lookups by key, which are always planned alike.
    Cached,
    /// For the values of each call: a filter can leave three rows or a million.
    Fresh,
}

/// The database as the program sees it. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool<AsyncPgConnection>,
    searches: Pool<AsyncPgConnection>,
    lookups: Arc<Readers>,
    lists: Arc<Readers>,
}

impl Db {
    /// Opens nothing yet: connections are made as they are asked for.
    pub fn new(options: &DbOptions) -> Result<Self, DbError> {
        crate::statements::install();
        let pool = options.pool(
            Plans::Cached,
            options.max_connections,
            options.wait_timeout,
            options.statement_timeout,
        )?;
        let searches = options.pool(
            Plans::Fresh,
            options.max_connections.div_ceil(4),
            options.wait_timeout.min(SEARCH_TIMEOUT),
            options.statement_timeout.min(SEARCH_TIMEOUT),
        )?;
        let readers = |plans| {
            let url = options.full_url(plans, options.statement_timeout);
            Arc::new(Readers::new(
                url,
                options.read_connections,
                options.wait_timeout,
            ))
        };
        let (lookups, lists) = (readers(Plans::Cached), readers(Plans::Fresh));
        Ok(Self {
            pool,
            searches,
            lookups,
            lists,
        })
    }

    /// A connection of one's own. Take it after the request body is read: a slow client must not hold one.
    pub async fn conn(&self) -> Result<Conn, DbError> {
        let conn = self.pool.get().await;
        conn.map(|conn| Conn(Some(conn)))
            .map_err(|error| refused("requests", error))
    }

    /// A connection of one's own for what may take long to find: few, with a short timeout, and apart from the rest,
    /// so that searches never keep anybody from signing in or writing.
    pub async fn search(&self) -> Result<Conn, DbError> {
        let conn = self.searches.get().await;
        conn.map(|conn| Conn(Some(conn)))
            .map_err(|error| refused("searches", error))
    }

    /// A shared connection for lookups by key, outside a transaction.
    pub async fn read(&self) -> Result<Reader, DbError> {
        self.lookups.get().await
    }

    /// A shared connection for lists that an index answers quickly. What may take long goes to `search`: everything
    /// behind it on a shared connection would wait.
    pub async fn read_list(&self) -> Result<Reader, DbError> {
        self.lists.get().await
    }

    /// Sets the gauges of both pools: how many connections may exist, exist, and wait for work, and how many callers
    /// wait for one.
    #[expect(clippy::cast_precision_loss, reason = "a pool is small")]
    pub fn publish_pools(&self) {
        for (name, pool) in [("requests", &self.pool), ("searches", &self.searches)] {
            let status = pool.status();
            metrics::gauge!("karya_db_connections_max", "pool" => name).set(status.max_size as f64);
            metrics::gauge!("karya_db_connections", "pool" => name).set(status.size as f64);
            metrics::gauge!("karya_db_connections_idle", "pool" => name)
                .set(status.available as f64);
            metrics::gauge!("karya_db_waiting", "pool" => name).set(status.waiting as f64);
        }
    }

    /// Lets nobody in any more and closes what is idle.
    pub fn close(&self) {
        self.pool.close();
        self.searches.close();
    }
}

/// Counts it: a pool that is exhausted shows between two looks at it, too.
fn refused(pool: &'static str, error: PoolError) -> DbError {
    let reason = match error {
        PoolError::Timeout(TimeoutType::Wait) => "exhausted",
        _ => "unreachable",
    };
    metrics::counter!("karya_db_refused_total", "pool" => pool, "reason" => reason).increment(1);
    DbError::Connect(error.to_string())
}
