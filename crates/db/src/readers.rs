//! Connections that many reads share. Each statement is sent without waiting for the answers before it, which
//! serves about twice as many point reads as handing whole connections round.
//!
//! A thread keeps to one of them, and the task that drives a connection runs on the thread that opened it. With as
//! many connections as threads that serve, no answer has to wake another thread.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::RwLock;

use crate::DbError;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Threads are numbered as they first read.
    static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

struct Shared {
    connection: AsyncPgConnection,
    closed: Arc<AtomicBool>,
}

/// Says that a connection is closed when its driver ends: by itself, or with the thread that it ran on.
struct CloseOnDrop(Arc<AtomicBool>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A share in a connection. Queries take it as `&AsyncPgConnection`.
#[derive(Clone)]
pub struct Reader(Arc<Shared>);

impl Deref for Reader {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.0.connection
    }
}

/// A client of the driver itself, and what drives it: for what diesel has no words for, such as COPY.
pub type Bare = (
    tokio_postgres::Client,
    tokio_postgres::Connection<tokio_postgres::Socket, tokio_postgres::tls::NoTlsStream>,
);

/// A connection of the driver itself. Where that says that connecting failed, this says why.
pub async fn connect_bare(url: &str) -> Result<Bare, DbError> {
    tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .map_err(|error| refused(&error))
}

/// A connection outside the pools.
pub async fn connect(url: &str) -> Result<AsyncPgConnection, DbError> {
    let (client, driver) = connect_bare(url).await?;
    AsyncPgConnection::try_from_client_and_connection(client, driver)
        .await
        .map_err(|error| DbError::Connect(error.to_string()))
}

/// With the cause: that the address is unknown, say, or that nobody listens there.
fn refused(error: &tokio_postgres::Error) -> DbError {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !reason.contains(&text) {
            reason = format!("{reason}: {text}");
        }
        cause = error.source();
    }
    DbError::Connect(reason)
}

pub(crate) struct Readers {
    url: SecretString,
    wait_timeout: Duration,
    slots: Vec<RwLock<Option<Reader>>>,
}

impl Readers {
    pub(crate) fn new(url: SecretString, count: usize, wait_timeout: Duration) -> Self {
        let slots = (0..count.max(1)).map(|_| RwLock::new(None)).collect();
        Self {
            url,
            wait_timeout,
            slots,
        }
    }

    pub(crate) async fn get(&self) -> Result<Reader, DbError> {
        // Around the whole of it: those who wait for another's attempt must not each start one of their own.
        tokio::time::timeout(self.wait_timeout, self.shared())
            .await
            .map_err(|_elapsed| DbError::Connect("the database did not answer in time".into()))?
    }

    async fn shared(&self) -> Result<Reader, DbError> {
        let turn = THREAD.with(|thread| thread % self.slots.len());
        let Some(slot) = self.slots.get(turn) else {
            return Err(DbError::Connect("no reader".into()));
        };
        let alive = |reader: &Option<Reader>| {
            reader
                .as_ref()
                .filter(|r| !r.0.closed.load(Ordering::Acquire))
                .cloned()
        };
        if let Some(reader) = alive(&*slot.read().await) {
            return Ok(reader);
        }
        let mut slot = slot.write().await;
        if let Some(reader) = alive(&slot) {
            return Ok(reader);
        }
        let fresh = self.connect().await?;
        *slot = Some(fresh.clone());
        Ok(fresh)
    }

    async fn connect(&self) -> Result<Reader, DbError> {
        let (client, driver) = connect_bare(self.url.expose_secret()).await?;
        let closed = Arc::new(AtomicBool::new(false));
        let close = CloseOnDrop(Arc::clone(&closed));
        tokio::spawn(async move {
            let _close = close;
            if let Err(error) = driver.await {
                tracing::warn!(%error, "a shared database connection ended");
            }
        });
        let connection = AsyncPgConnection::try_from(client)
            .await
            .map_err(|error| DbError::Connect(error.to_string()))?;
        Ok(Reader(Arc::new(Shared { connection, closed })))
    }
}
