use std::collections::BTreeMap;
use std::fs::File as OpenFile;
use std::path::Path;
use std::time::Duration;

use flate2::read::GzDecoder;
use karya_storage::Storage;
use tokio_postgres::Client;

use super::create::fingerprint;
use super::manifest::{Contents, Manifest, quoted};
use super::{Failure, connect, dump, explain, files, server_version, tables};
use crate::config::Config;

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    pub manifest: Manifest,
    /// None: the backup does not have them.
    pub uploads: Option<usize>,
    /// The configuration has another master key than the one of the backup.
    pub other_master_key: bool,
    /// Migrations that this program has and the restored database lacks.
    pub pending: usize,
}

/// Fills the configured database and storage from a backup. One that is not empty is refused, or, with `replace`,
/// emptied first. The damaged is refused before anything is touched.
pub async fn restore(
    config: &Config,
    url: &str,
    backup: &Path,
    replace: bool,
) -> Result<Restored, Failure> {
    let manifest = Manifest::read(backup)?;
    files::check(backup, &manifest)?;
    let client = connect(url).await?;
    let reader = fit(&client, &manifest).await?;
    let population = tables::population(&client).await?;
    if population > 0 && !replace {
        return Err(format!(
            "the database is not empty ({population} tables and the like): nothing was changed. Restore into a new \
             one, or repeat with --replace, which deletes all that is in it"
        )
        .into());
    }
    alone(&client).await?;
    if population > 0 {
        tables::wipe(&client).await?;
    }
    fill(&client, &reader, url, backup, &manifest).await?;
    settle(&client).await?;
    let uploads = if manifest.uploads.included {
        let storage = Storage::open(&config.storage.url)?;
        Some(files::restore_uploads(backup, &manifest, &storage).await?)
    } else {
        None
    };
    let own_key = fingerprint(config)?;
    let pending = karya_db::migrations::known()
        .iter()
        .filter(|version| !manifest.migrations.contains(version))
        .count();
    Ok(Restored {
        other_master_key: own_key.is_some()
            && manifest.master_key.is_some()
            && own_key != manifest.master_key,
        manifest,
        uploads,
        pending,
    })
}

/// What reads the database of a backup.
pub(super) enum Reader {
    PgRestore(karya_managed_postgres::DumpPrograms),
    Migrations,
}

/// Whether this server and this machine can take the backup.
pub(super) async fn fit(client: &Client, manifest: &Manifest) -> Result<Reader, Failure> {
    let (version, major) = server_version(client).await?;
    match manifest.contents {
        Contents::PgDump => {
            if major < manifest.postgres_major {
                return Err(format!(
                    "the backup is of PostgreSQL {}, and {version} cannot take it",
                    manifest.postgres
                )
                .into());
            }
            let wanted = manifest.pg_dump_major.unwrap_or(manifest.postgres_major);
            dump::find(wanted).map(Reader::PgRestore).ok_or_else(|| {
                format!("the backup was written by pg_dump {wanted}: install PostgreSQL's programs of that version or newer")
                    .into()
            })
        }
        Contents::Copy => {
            let known = karya_db::migrations::known();
            if manifest
                .migrations
                .iter()
                .all(|version| known.contains(version))
            {
                Ok(Reader::Migrations)
            } else {
                Err(format!(
                    "the backup has migrations that this program does not know: use Karya {} or newer",
                    manifest.karya
                )
                .into())
            }
        }
    }
}

/// Fails while others use the database. Those that were just stopped have a moment to go.
async fn alone(client: &Client) -> Result<(), Failure> {
    let mut attempts = 0;
    loop {
        let row = client
            .query_one(
                "SELECT count(*) FROM pg_stat_activity \
                 WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
                &[],
            )
            .await
            .map_err(explain)?;
        let others: i64 = row.get(0);
        if others == 0 {
            return Ok(());
        }
        if attempts == 20 {
            return Err(format!(
                "{others} other connections use the database: stop servers and workers first"
            )
            .into());
        }
        attempts += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Fills an empty database and compares it with the manifest.
pub(super) async fn fill(
    client: &Client,
    reader: &Reader,
    url: &str,
    backup: &Path,
    manifest: &Manifest,
) -> Result<(), Failure> {
    match reader {
        Reader::PgRestore(programs) => {
            dump::restore(programs, url, &backup.join(dump::FILE)).await?;
        }
        Reader::Migrations => {
            karya_db::migrations::up_to(url, manifest.migrations.clone()).await?;
            karya_jobs::migrate(url)
                .await
                .map_err(|error| format!("preparing the job queue failed: {error}"))?;
            load(client, backup, manifest).await?;
        }
    }
    let queue_counts = matches!(reader, Reader::PgRestore(_));
    let differences = tables::differences(client, manifest, queue_counts).await?;
    if differences.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "what was restored is not what was backed up:\n{}",
            differences.join("\n")
        )
        .into())
    }
}

/// Replaces the rows of all tables by those of the backup, in one transaction.
async fn load(client: &Client, backup: &Path, manifest: &Manifest) -> Result<(), Failure> {
    let made = tables::schema(client).await?;
    if made.is_none_or(|(_, queue)| queue != manifest.queue_migrations) {
        return Err(format!(
            "the job queue of this program has another schema than that of the backup: restore with Karya {}, then migrate",
            manifest.karya
        )
        .into());
    }
    let rows: Vec<_> = manifest
        .tables
        .iter()
        .filter(|table| !table.is_bookkeeping())
        .collect();
    let run = async |statement: String| client.batch_execute(&statement).await.map_err(explain);
    run("BEGIN".into()).await?;
    // As pg_restore does it: references come last, so that the order of the tables does not matter, and what triggers
    // would write is in the backup.
    let references = client
        .query(
            "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint \
             WHERE contype = 'f' AND conparentid = 0 ORDER BY oid",
            &[],
        )
        .await
        .map_err(explain)?;
    let mut dropped: BTreeMap<(String, String), String> = BTreeMap::new();
    for reference in &references {
        let (table, name): (String, String) = (reference.get(0), reference.get(1));
        run(format!(
            "ALTER TABLE {table} DROP CONSTRAINT {}",
            quoted(&name)
        ))
        .await?;
        dropped.insert((table, name), reference.get(2));
    }
    for table in &rows {
        let name = table.sql();
        run(format!(
            "ALTER TABLE {name} DISABLE TRIGGER USER; TRUNCATE {name}"
        ))
        .await?;
    }
    for table in &rows {
        let packed = OpenFile::open(backup.join(table.file()))?;
        let filled = tables::copy_in(client, table, &mut GzDecoder::new(packed)).await;
        filled.map_err(|error| format!("{}: {error}", table.sql()))?;
    }
    for table in &rows {
        run(format!("ALTER TABLE {} ENABLE TRIGGER USER", table.sql())).await?;
    }
    for ((table, name), definition) in dropped {
        run(format!(
            "ALTER TABLE {table} ADD CONSTRAINT {} {definition}",
            quoted(&name)
        ))
        .await?;
    }
    for sequence in &manifest.sequences {
        if let Some(value) = sequence.last_value {
            let name = format!("{}.{}", quoted(&sequence.schema), quoted(&sequence.name));
            client
                .execute("SELECT setval($1::text::regclass, $2)", &[&name, &value])
                .await
                .map_err(explain)?;
        }
    }
    run("COMMIT".into()).await
}

/// Makes the rows a database that is in use. Transaction numbers of the old one mean nothing here, so every copy that
/// clients keep starts anew (`sync.reset_required`), also where this is the server that the backup came from.
async fn settle(client: &Client) -> Result<(), Failure> {
    client
        .batch_execute(
            "BEGIN; \
             UPDATE public.sync_changes SET row_xid = pg_current_xact_id()::text::bigint; \
             UPDATE public.sync_horizon SET row_xid = pg_current_xact_id()::text::bigint; \
             COMMIT; ANALYZE",
        )
        .await
        .map_err(explain)
}
