//! Backups: a folder with the database, the uploads, and a manifest that says what must come out of it again.
//!
//! The database is one snapshot: `pg_dump` writes it where one is found that knows the server, else every table is
//! copied as PostgreSQL tells it (COPY) and the migrations make the tables again. Either way the manifest has the
//! number of rows and a checksum of each table, taken in the same snapshot. The manifest is written last and the
//! folder gets its name after that, so what has a name is whole.

mod checksum;
mod create;
mod dump;
mod files;
mod manifest;
mod restore;
mod tables;
mod verify;

pub use create::{Created, create};
pub use manifest::{Contents, Manifest};
pub use restore::{Restored, restore};
pub use verify::verify;

/// Why it did not work; the message says what to do.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Adds what PostgreSQL said; the driver's own text is "db error".
fn explain(error: tokio_postgres::Error) -> Failure {
    match error.as_db_error() {
        Some(said) => {
            let detail = said.detail().map(|detail| format!(" ({detail})"));
            format!(
                "PostgreSQL refused: {}{}",
                said.message(),
                detail.unwrap_or_default()
            )
            .into()
        }
        None => error.into(),
    }
}

/// A connection for reading or writing everything, however long it takes. Text comes in one form, whatever the
/// server is set to.
async fn connect(url: &str) -> Result<tokio_postgres::Client, Failure> {
    let (client, driver) = karya_db::connect_bare(url).await?;
    tokio::spawn(driver);
    client
        .batch_execute(
            "SET application_name = 'karya backup'; SET statement_timeout = 0; SET lock_timeout = 0; \
             SET idle_in_transaction_session_timeout = 0; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; \
             SET timezone = 'UTC'; SET bytea_output = 'hex'; SET extra_float_digits = 1",
        )
        .await
        .map_err(explain)?;
    Ok(client)
}

/// Which PostgreSQL answers: what it calls its version, and the major number.
async fn server_version(client: &tokio_postgres::Client) -> Result<(String, u32), Failure> {
    let row = client
        .query_one(
            "SELECT current_setting('server_version'), current_setting('server_version_num')::int / 10000",
            &[],
        )
        .await
        .map_err(explain)?;
    Ok((row.get(0), u32::try_from(row.get::<_, i32>(1))?))
}
