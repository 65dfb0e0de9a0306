use std::path::{Path, PathBuf};

use karya_managed_postgres::{Search, Throwaway, find};

use super::restore::{fill, fit};
use super::{Failure, Manifest, connect, explain, files};

/// Restores a backup into a PostgreSQL of its own, which goes afterwards, and compares every table with the manifest.
/// Returns the version of PostgreSQL that took it. The storage and the configured database are left alone.
pub async fn verify(backup: &Path) -> Result<(Manifest, String), Failure> {
    let manifest = Manifest::read(backup)?;
    files::check(backup, &manifest)?;
    // Closed while the scratch server runs under another account; it never sees this folder.
    let backup: PathBuf = backup.canonicalize()?;
    let installation = find(&Search::from_env())?;
    let version = installation.version.to_string();
    let cluster = tokio::task::spawn_blocking(move || Throwaway::start(&installation)).await??;
    let client = connect(&cluster.url("postgres")).await?;
    // The encoding of production; the cluster's own is that of its locale.
    client
        .batch_execute("CREATE DATABASE restored ENCODING 'UTF8' TEMPLATE template0")
        .await
        .map_err(explain)?;
    let url = cluster.url("restored");
    let client = connect(&url).await?;
    let reader = fit(&client, &manifest).await?;
    fill(&client, &reader, &url, &backup, &manifest).await?;
    Ok((manifest, version))
}
