use std::path::{Path, PathBuf};

use crate::installation::Installation;
use crate::{Error, account, install};

/// Where to look for PostgreSQL.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Folders with programs, the preferred first.
    pub folders: Vec<PathBuf>,
    /// Where a downloaded package is kept.
    pub cache: PathBuf,
}

impl Search {
    /// `KARYA_PG_BIN` alone if set; else `PATH`, the distributions' folders, Homebrew, Postgres.app, Nix, and the
    /// cache of earlier downloads.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the machine's own settings, not Karya's configuration"
    )]
    pub fn from_env() -> Self {
        let home = std::env::var("HOME").map_or_else(|_unset| PathBuf::from("/"), PathBuf::from);
        // The account that PostgreSQL runs as in root's stead cannot enter root's home.
        let cache = if account::is_root() {
            "/var/cache/karya/pg".into()
        } else {
            home.join(".cache/karya/pg")
        };
        if let Ok(folder) = std::env::var("KARYA_PG_BIN") {
            return Self {
                folders: vec![folder.into()],
                cache,
            };
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let versioned = [
            ("/usr/lib/postgresql", "bin"),
            ("/usr/local/opt", "bin"),
            ("/opt/homebrew/opt", "bin"),
            ("/Applications/Postgres.app/Contents/Versions", "bin"),
        ];
        for (parent, below) in versioned {
            folders.extend(
                children(Path::new(parent))
                    .into_iter()
                    .map(|child| child.join(below)),
            );
        }
        let rpm = children(Path::new("/usr")).into_iter();
        let rpm = rpm.filter(|child| {
            child
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("pgsql-"))
        });
        folders.extend(rpm.map(|child| child.join("bin")));
        folders.extend(["/usr/local/pgsql/bin".into(), home.join(".nix-profile/bin")]);
        folders.extend(
            children(&cache)
                .into_iter()
                .map(|child| child.join("native/bin")),
        );
        Self { folders, cache }
    }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect()
}

/// The newest installation that does.
pub fn find(search: &Search) -> Result<Installation, Error> {
    best(search, None)
}

/// The newest one, or the newest of one major version.
pub(crate) fn best(search: &Search, major: Option<u32>) -> Result<Installation, Error> {
    let mut rejected = String::new();
    let mut found: Vec<Installation> = Vec::new();
    for folder in search
        .folders
        .iter()
        .filter(|folder| folder.join("postgres").exists())
    {
        match Installation::check(folder) {
            Ok(installation) if major.is_none_or(|major| major == installation.version.major) => {
                found.push(installation);
            }
            Ok(_) => {}
            Err(reason) => rejected = format!("{rejected}\n  {} {reason}", folder.display()),
        }
    }
    let newest = found
        .into_iter()
        .max_by_key(|installation| installation.version);
    newest.ok_or_else(|| Error::NoPostgres {
        install: install::command_line(),
        rejected,
    })
}
