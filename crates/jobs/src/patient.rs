use std::any::Any;
use std::time::Duration;

use graphile_worker::tokio_postgres::TokioPostgresDatabase;
use graphile_worker::{
    BoxFuture, DatabaseDriver, DbError, DbExecutor, DbParams, DbRow, DbTransaction,
    NotificationStream,
};

/// How long the worker rests after its database refused something.
const REST: Duration = Duration::from_secs(1);

/// The worker's database, slow to say no.
///
/// `graphile_worker`'s local queue asks again at once when a fetch failed. While PostgreSQL is away that keeps a core
/// busy and writes a log line each time, so a failure is only reported after a rest.
#[derive(Debug)]
pub(crate) struct Patient(TokioPostgresDatabase);

impl Patient {
    /// Connects when first asked; `connections` is the most it opens beside the one that listens.
    pub(crate) fn new(database_url: &str, connections: usize) -> Result<Self, DbError> {
        TokioPostgresDatabase::from_url(database_url, connections).map(Self)
    }
}

async fn patiently<T>(asked: BoxFuture<'_, Result<T, DbError>>) -> Result<T, DbError> {
    let answer = asked.await;
    if answer.is_err() {
        tokio::time::sleep(REST).await;
    }
    answer
}

impl DbExecutor for Patient {
    fn execute<'a>(
        &'a self,
        sql: &'a str,
        params: DbParams,
    ) -> BoxFuture<'a, Result<u64, DbError>> {
        Box::pin(patiently(self.0.execute(sql, params)))
    }

    fn fetch_all<'a>(
        &'a self,
        sql: &'a str,
        params: DbParams,
    ) -> BoxFuture<'a, Result<Vec<DbRow>, DbError>> {
        Box::pin(patiently(self.0.fetch_all(sql, params)))
    }
}

impl DatabaseDriver for Patient {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn begin(&self) -> BoxFuture<'_, Result<DbTransaction, DbError>> {
        Box::pin(patiently(self.0.begin()))
    }

    fn listen<'a>(
        &'a self,
        channel: &'a str,
    ) -> BoxFuture<'a, Result<Option<NotificationStream>, DbError>> {
        // The listener has a growing delay of its own once it has been connected.
        Box::pin(patiently(self.0.listen(channel)))
    }
}
