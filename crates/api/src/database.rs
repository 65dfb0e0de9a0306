//! Everything a database needs before the program can run on it.

use diesel_async::{AsyncConnection, AsyncPgConnection};

/// What `prepare` did.
#[derive(Debug, Default)]
pub struct Prepared {
    /// Names of the migrations that ran.
    pub migrations: Vec<String>,
    /// Data sets that were loaded or renewed.
    pub datasets: Vec<String>,
}

/// Why a database could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    #[error(transparent)]
    Migration(#[from] karya_db::migrations::MigrationError),
    #[error("preparing the job queue failed: {0}")]
    Jobs(String),
    #[error("connecting to the database failed: {0}")]
    Connect(#[from] diesel::ConnectionError),
    #[error("loading the reference data failed: {0}")]
    Reference(diesel::result::Error),
}

/// Our migrations, the job queue's, and the reference data; each only as far as it is missing.
pub async fn prepare(url: &str) -> Result<Prepared, PrepareError> {
    let migrations = karya_db::migrations::up(url).await?;
    karya_jobs::migrate(url)
        .await
        .map_err(|error| PrepareError::Jobs(error.to_string()))?;
    let mut conn = AsyncPgConnection::establish(url).await?;
    let loaded = karya_reference::load(&mut conn)
        .await
        .map_err(PrepareError::Reference)?;
    Ok(Prepared {
        migrations,
        datasets: loaded.renewed,
    })
}
