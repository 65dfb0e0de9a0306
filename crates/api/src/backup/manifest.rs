use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Failure;

/// The name of the manifest in a backup.
pub(super) const FILE: &str = "manifest.json";

/// The newest form of backup that this program writes and reads.
const FORMAT: u32 = 1;

/// How the database is in the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contents {
    /// `database.dump`, an archive for `pg_restore`.
    PgDump,
    /// A COPY of each table; the migrations make the tables.
    Copy,
}

/// What is in a backup, and what must come out of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// When its snapshot was taken.
    pub made_at: String,
    /// The version of Karya that made it.
    pub karya: String,
    /// The version of the server, as it says itself.
    pub postgres: String,
    pub postgres_major: u32,
    pub contents: Contents,
    /// The version of the program that wrote the archive, whose `pg_restore` or a newer one reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pg_dump_major: Option<u32>,
    /// Tells master keys apart, and nothing about them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_key: Option<String>,
    /// The schema: versions of the migrations that the database had.
    pub migrations: Vec<String>,
    /// The schema of the job queue.
    pub queue_migrations: i32,
    pub tables: Vec<Table>,
    pub sequences: Vec<Sequence>,
    pub files: Vec<File>,
    pub uploads: Uploads,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub schema: String,
    pub name: String,
    /// Those that are stored and not computed, in the order of their names.
    pub columns: Vec<String>,
    pub rows: u64,
    pub checksum: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Sequence {
    pub schema: String,
    pub name: String,
    /// None: it has never been used.
    pub last_value: Option<i64>,
}

/// A file of the backup.
#[derive(Debug, Serialize, Deserialize)]
pub struct File {
    /// Within the backup.
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

/// The files that people uploaded.
#[derive(Debug, Serialize, Deserialize)]
pub struct Uploads {
    /// Whether they are in the backup.
    pub included: bool,
    /// Those that the database names and the storage does not have.
    pub missing: Vec<String>,
}

impl Manifest {
    pub(super) const FORMAT: u32 = FORMAT;

    /// Reads that of a backup.
    pub fn read(backup: &Path) -> Result<Self, Failure> {
        let path = backup.join(FILE);
        let text = std::fs::read(&path).map_err(|error| {
            format!(
                "{} is not a finished backup: {}: {error}",
                backup.display(),
                path.display()
            )
        })?;
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        if manifest.format != FORMAT {
            return Err(format!(
                "{} is of form {}, and this program reads {FORMAT}: use the Karya that made it, {}",
                backup.display(),
                manifest.format,
                manifest.karya
            )
            .into());
        }
        Ok(manifest)
    }

    /// How many rows all tables have together.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

impl Table {
    /// The name as SQL.
    pub(super) fn sql(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }

    pub(super) fn columns_sql(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|name| quoted(name)).collect();
        columns.join(", ")
    }

    /// Where the rows are, if the backup has a COPY of each table.
    pub(super) fn file(&self) -> String {
        format!("tables/{}.{}.copy.gz", self.schema, self.name)
    }

    /// What the queue notes about its own schema. The queue writes it when it makes its tables.
    pub(super) fn is_bookkeeping(&self) -> bool {
        self.schema == "graphile_worker" && self.name == "migrations"
    }
}

impl File {
    /// Where it is. A manifest that somebody changed does not lead out of the backup.
    pub(super) fn place(&self, backup: &Path) -> Result<PathBuf, Failure> {
        let path = Path::new(&self.path);
        if path
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
        {
            Ok(backup.join(path))
        } else {
            Err(format!(
                "the manifest names {:?}, which is not in the backup",
                self.path
            )
            .into())
        }
    }
}

/// A name as SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
