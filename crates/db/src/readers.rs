//! Connections that many reads share. Each statement is sent without waiting for the answers before it, which
//! serves about twice as many point reads as handing whole connections round.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::RwLock;

use crate::DbError;

struct Shared {
    connection: AsyncPgConnection,
    closed: Arc<AtomicBool>,
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

pub(crate) struct Readers {
    url: SecretString,
    wait_timeout: Duration,
    slots: Vec<RwLock<Option<Reader>>>,
    next: AtomicUsize,
}

impl Readers {
    pub(crate) fn new(url: SecretString, count: usize, wait_timeout: Duration) -> Self {
        let slots = (0..count.max(1)).map(|_| RwLock::new(None)).collect();
        Self {
            url,
            wait_timeout,
            slots,
            next: AtomicUsize::new(0),
        }
    }

    pub(crate) async fn get(&self) -> Result<Reader, DbError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.slots.len();
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
        let fresh = tokio::time::timeout(self.wait_timeout, self.connect())
            .await
            .map_err(|_elapsed| DbError::Connect("the database did not answer in time".into()))??;
        *slot = Some(fresh.clone());
        Ok(fresh)
    }

    async fn connect(&self) -> Result<Reader, DbError> {
        let refused = |error: tokio_postgres::Error| DbError::Connect(error.to_string());
        let (client, driver) =
            tokio_postgres::connect(self.url.expose_secret(), tokio_postgres::NoTls)
                .await
                .map_err(refused)?;
        let closed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&closed);
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::warn!(%error, "a shared database connection ended");
            }
            flag.store(true, Ordering::Release);
        });
        let connection = AsyncPgConnection::try_from(client)
            .await
            .map_err(|error| DbError::Connect(error.to_string()))?;
        Ok(Reader(Arc::new(Shared { connection, closed })))
    }
}
