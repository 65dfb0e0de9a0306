use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use karya_core::MasterKey;
use karya_managed_postgres::DumpPrograms;
use karya_storage::Storage;
use tokio_postgres::Client;

use super::checksum::hex;
use super::files::{self, Draft};
use super::manifest::{Contents, File, Manifest, Table, Uploads};
use super::{Failure, connect, dump, explain, server_version, tables};
use crate::config::Config;

/// What was written.
#[derive(Debug)]
pub struct Created {
    pub folder: PathBuf,
    pub manifest: Manifest,
    /// The version of `pg_dump`, if there was one.
    pub pg_dump: Option<String>,
}

/// Writes a backup into a folder of its own in `parent`. Nothing that looks like a backup stays behind a failure.
pub async fn create(
    config: &Config,
    url: &str,
    parent: &Path,
    with_uploads: bool,
    now: DateTime<Utc>,
) -> Result<Created, Failure> {
    let client = connect(url).await?;
    let (postgres, postgres_major) = server_version(&client).await?;
    client
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await
        .map_err(explain)?;
    let Some((migrations, queue_migrations)) = tables::schema(&client).await? else {
        return Err("the database was never migrated: there is nothing to back up".into());
    };
    let programs = dump::find(postgres_major);
    let draft = Draft::new(parent, &format!("karya-{}", now.format("%Y%m%dT%H%M%SZ")))?;
    let (contents, tables, mut files) = if let Some(programs) = &programs {
        let (tables, file) = by_pg_dump(&client, programs, url, &draft).await?;
        (Contents::PgDump, tables, vec![file])
    } else {
        let known = karya_db::migrations::known();
        if !migrations.iter().all(|version| known.contains(version)) {
            return Err(format!(
                "the database has migrations that this program does not know, so it could not restore them: use the \
                 program of the newer release, or install pg_dump {postgres_major}"
            )
            .into());
        }
        let (tables, files) = by_copy(&client, &draft).await?;
        (Contents::Copy, tables, files)
    };
    let sequences = tables::sequences(&client).await?;
    let uploads = if with_uploads {
        let storage = Storage::open(&config.storage.url)?;
        let (more, uploads) = files::save_uploads(&client, &storage, &draft).await?;
        files.extend(more);
        uploads
    } else {
        Uploads {
            included: false,
            missing: Vec::new(),
        }
    };
    let manifest = Manifest {
        format: Manifest::FORMAT,
        made_at: now.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        karya: env!("CARGO_PKG_VERSION").to_owned(),
        postgres,
        postgres_major,
        contents,
        pg_dump_major: programs.as_ref().map(|programs| programs.version.major),
        master_key: fingerprint(config)?,
        migrations,
        queue_migrations,
        tables,
        sequences,
        files,
        uploads,
    };
    Ok(Created {
        folder: draft.finish(&manifest)?,
        manifest,
        pg_dump: programs.map(|programs| programs.version.to_string()),
    })
}

/// Tells whether a restored database will open with a key. Without one in the configuration: none.
pub(super) fn fingerprint(config: &Config) -> Result<Option<String>, Failure> {
    if config.secrets.master_key.is_empty() {
        return Ok(None);
    }
    let key = MasterKey::from_base64(&config.secrets.master_key)?;
    let hash = key.keyed_hash("backup fingerprint", b"");
    Ok(hash.get(..8).map(hex))
}

/// `pg_dump` reads our snapshot while we count it.
async fn by_pg_dump(
    client: &Client,
    programs: &DumpPrograms,
    url: &str,
    draft: &Draft,
) -> Result<(Vec<Table>, File), Failure> {
    let exported = client.query_one("SELECT pg_export_snapshot()", &[]).await;
    let snapshot: String = exported.map_err(explain)?.get(0);
    // It is there before, so that pg_dump does not choose who may read it.
    drop(draft.file(dump::FILE)?);
    let running = dump::dump(programs, url, &snapshot, &draft.folder().join(dump::FILE))?;
    let mut counted = Vec::new();
    for table in tables::list(client).await? {
        counted.push(tables::copy_out(client, table, &mut std::io::sink()).await?);
    }
    running.finish().await?;
    Ok((counted, draft.describe(dump::FILE)?))
}

async fn by_copy(client: &Client, draft: &Draft) -> Result<(Vec<Table>, Vec<File>), Failure> {
    let (mut counted, mut files) = (Vec::new(), Vec::new());
    for table in tables::list(client).await? {
        let path = table.file();
        let mut packed = GzEncoder::new(draft.file(&path)?, Compression::fast());
        counted.push(tables::copy_out(client, table, &mut packed).await?);
        packed.finish()?.flush()?;
        files.push(draft.describe(&path)?);
    }
    Ok((counted, files))
}
