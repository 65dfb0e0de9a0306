//! Schema changes: embedded in the program, run as a release step.

use diesel::Connection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Held while migrating, so that two processes that start together do not both migrate.
const LOCK: i64 = 0x6b61_7279_6100;

type Blocking = AsyncConnectionWrapper<AsyncPgConnection>;

/// A migration did not run; the message names it.
#[derive(Debug, thiserror::Error)]
#[error("migrating the database failed: {0}")]
pub struct MigrationError(String);

/// One migration and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub name: String,
    pub applied: bool,
}

/// Runs what is pending; returns the names.
pub async fn up(url: &str) -> Result<Vec<String>, MigrationError> {
    locked(url, |conn| {
        Ok(conn
            .run_pending_migrations(MIGRATIONS)?
            .iter()
            .map(ToString::to_string)
            .collect())
    })
    .await
}

/// Runs those of these versions that are pending, and no others: for a database that a backup is put into.
pub async fn up_to(url: &str, versions: Vec<String>) -> Result<(), MigrationError> {
    locked(url, move |conn| {
        let pending: Vec<Box<dyn Migration<Pg>>> = conn.pending_migrations(MIGRATIONS)?;
        let mut wanted: Vec<_> = pending
            .iter()
            .filter(|migration| versions.contains(&migration.name().version().to_string()))
            .collect();
        wanted.sort_by_key(|migration| migration.name().version().as_owned());
        for migration in wanted {
            conn.run_migration(migration)?;
        }
        Ok(())
    })
    .await
}

/// The versions of every migration of this program.
#[must_use]
pub fn known() -> Vec<String> {
    let known = MigrationSource::<Pg>::migrations(&MIGRATIONS).unwrap_or_default();
    known
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect()
}

/// Reverts the newest `count` migrations; returns their names.
pub async fn down(url: &str, count: usize) -> Result<Vec<String>, MigrationError> {
    locked(url, move |conn| {
        let applied = conn.applied_migrations()?.len();
        (0..count.min(applied))
            .map(|_| Ok(conn.revert_last_migration(MIGRATIONS)?.to_string()))
            .collect()
    })
    .await
}

/// Every migration of this program, oldest first.
pub async fn status(url: &str) -> Result<Vec<Status>, MigrationError> {
    locked(url, |conn| {
        let applied = conn.applied_migrations()?;
        let mut known: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations()?;
        known.sort_by_key(|migration| migration.name().version().as_owned());
        Ok(known
            .iter()
            .map(|migration| Status {
                name: migration.name().to_string(),
                applied: applied.contains(&migration.name().version().as_owned()),
            })
            .collect())
    })
    .await
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

async fn locked<T: Send + 'static>(
    url: &str,
    work: impl FnOnce(&mut Blocking) -> Outcome<T> + Send + 'static,
) -> Result<T, MigrationError> {
    let url = url.to_owned();
    let run = move || -> Outcome<T> {
        let mut conn = Blocking::establish(&url)?;
        diesel::RunQueryDsl::execute(
            diesel::sql_query(format!("SELECT pg_advisory_lock({LOCK})")),
            &mut conn,
        )?;
        work(&mut conn)
    };
    tokio::task::spawn_blocking(run)
        .await
        .map_err(|error| MigrationError(error.to_string()))?
        .map_err(|error| MigrationError(error.to_string()))
}

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

/// The migrations of this program that the database lacks, oldest first, and how many it has that this program does
/// not know. Changes nothing, and fails on a database that was never migrated.
pub async fn compare(conn: &AsyncPgConnection) -> diesel::QueryResult<(Vec<String>, usize)> {
    use diesel_async::RunQueryDsl;

    let mut unknown: std::collections::BTreeSet<String> = diesel::QueryDsl::select(
        __diesel_schema_migrations::table,
        __diesel_schema_migrations::version,
    )
    .load(&mut &*conn)
    .await?
    .into_iter()
    .collect();
    let mut known: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS
        .migrations()
        .map_err(diesel::result::Error::QueryBuilderError)?;
    known.sort_by_key(|migration| migration.name().version().as_owned());
    let mut pending = Vec::new();
    for migration in known {
        if !unknown.remove(&migration.name().version().to_string()) {
            pending.push(migration.name().to_string());
        }
    }
    Ok((pending, unknown.len()))
}

/// Whether every migration of this program is applied, in one statement: for readiness probes.
pub async fn is_current(conn: &AsyncPgConnection) -> diesel::QueryResult<bool> {
    use diesel_async::RunQueryDsl;

    let applied: i64 = diesel::QueryDsl::count(__diesel_schema_migrations::table)
        .get_result(&mut &*conn)
        .await?;
    Ok(usize::try_from(applied).is_ok_and(|applied| applied >= known().len()))
}
