use std::path::PathBuf;

use clap::Subcommand;
use karya_core::Clock;

use super::{Failure, say, say_error};
use crate::backup::{self, Contents, Manifest};
use crate::config::Sources;

#[derive(Debug, Subcommand)]
pub(super) enum BackupCommand {
    /// Write the database and the uploads, as they are at one moment, into a new folder
    ///
    /// By PostgreSQL's own program for it, if one is found that knows the server, or else table by table. The master
    /// key is not in it. Connect to PostgreSQL itself, not to a pooler.
    Create {
        /// Where to make the folder, which is named after the time
        #[arg(long, value_name = "FOLDER", default_value = "backups")]
        to: PathBuf,
        /// Leave out the uploads: they are backed up in another way
        #[arg(long)]
        without_uploads: bool,
    },
    /// Restore a backup into a scratch PostgreSQL, and compare every table with what was backed up
    ///
    /// Needs PostgreSQL on this machine, and room for the database in /tmp. Touches nothing else.
    Verify {
        #[arg(value_name = "BACKUP")]
        backup: PathBuf,
    },
    /// Fill the configured database and storage from a backup
    ///
    /// The database must be there, and empty. Everybody who keeps a copy by GET /v1/sync starts it anew.
    Restore {
        #[arg(value_name = "BACKUP")]
        backup: PathBuf,
        /// Delete all that is in the database first
        #[arg(long)]
        replace: bool,
    },
}

pub(super) async fn run(sources: &Sources, command: BackupCommand) -> Result<(), Failure> {
    // What is dropped on the way tidies up: half a backup, a scratch server, a program that runs.
    tokio::select! {
        outcome = Box::pin(work(sources, command)) => outcome,
        () = crate::serve::stop_signal() => Err("interrupted".into()),
    }
}

async fn work(sources: &Sources, command: BackupCommand) -> Result<(), Failure> {
    match command {
        BackupCommand::Create {
            to,
            without_uploads,
        } => {
            let config = sources.load()?;
            let url = super::db::url_or_running(&config)?;
            let now = Clock::System.now();
            let created = backup::create(&config, &url, &to, !without_uploads, now).await?;
            let manifest = &created.manifest;
            let by = match &created.pg_dump {
                Some(version) => format!("pg_dump {version}"),
                None => "COPY: no pg_dump was found that knows the server".to_owned(),
            };
            say(format!("database  {}, by {by}", size(manifest)));
            say_uploads(manifest);
            say(format!("written   {}", created.folder.display()));
            say("Not in it: the master key, and the configuration.");
        }
        BackupCommand::Verify { backup } => {
            let (manifest, version) = backup::verify(&backup).await?;
            say(format!(
                "files     {} are as they were written",
                manifest.files.len()
            ));
            say(format!(
                "restored  {}, into PostgreSQL {version}",
                size(&manifest)
            ));
            say_uploads(&manifest);
            say("Every table has the rows that were backed up.");
        }
        BackupCommand::Restore { backup, replace } => {
            let config = sources.load()?;
            let url = super::db::url_or_running(&config)?;
            let restored = backup::restore(&config, &url, &backup, replace).await?;
            let manifest = &restored.manifest;
            say(format!(
                "restored  {}, as of {}",
                size(manifest),
                manifest.made_at
            ));
            match restored.uploads {
                Some(count) => say(format!("uploads   {count} put into {}", config.storage.url)),
                None => say("uploads   not in this backup: put them into the storage yourself"),
            }
            if restored.other_master_key {
                say_error(
                    "the master key of this configuration is not the one of the backup: what was sealed does not open with it",
                );
            }
            if restored.pending > 0 {
                say(format!(
                    "The backup is older than this program: run `karya migrate up` ({} migrations).",
                    restored.pending
                ));
            }
        }
    }
    Ok(())
}

fn size(manifest: &Manifest) -> String {
    let how = match manifest.contents {
        Contents::PgDump => "",
        Contents::Copy => " (copied table by table)",
    };
    format!(
        "{} rows in {} tables{how}",
        manifest.rows(),
        manifest.tables.len()
    )
}

fn say_uploads(manifest: &Manifest) {
    let uploads = &manifest.uploads;
    if !uploads.included {
        say("uploads   not in it: back up the storage directory after the database");
        return;
    }
    let is_upload = |path: &str| path.starts_with("uploads/");
    let files = manifest.files.iter().filter(|file| is_upload(&file.path));
    let (count, bytes) = files.fold((0, 0), |(count, bytes), file| {
        (count + 1, bytes + file.bytes)
    });
    say(format!("uploads   {count}, {bytes} bytes"));
    if !uploads.missing.is_empty() {
        say_error(&format!(
            "{} uploads that the database names are not in the storage; manifest.json lists them",
            uploads.missing.len()
        ));
    }
}
