use clap::Subcommand;

use super::{Failure, say};
use crate::config::Sources;
use crate::database;

#[derive(Debug, Subcommand)]
pub(super) enum MigrateCommand {
    /// Run every pending migration and load the reference data
    Up,
    /// List the migrations and whether the database has them
    Status,
    /// Revert the newest migrations
    Down {
        /// How many
        #[arg(long, default_value_t = 1)]
        steps: usize,
    },
}

pub(super) async fn run(sources: &Sources, command: MigrateCommand) -> Result<(), Failure> {
    let url = super::db::url_or_running(&sources.load()?)?;
    match command {
        MigrateCommand::Up => {
            let prepared = database::prepare(&url).await?;
            for name in &prepared.migrations {
                say(format!("ran     {name}"));
            }
            for name in &prepared.datasets {
                say(format!("loaded  {name}"));
            }
            if prepared.migrations.is_empty() && prepared.datasets.is_empty() {
                say("the database is up to date");
            }
        }
        MigrateCommand::Status => {
            for migration in karya_db::migrations::status(&url).await? {
                let mark = if migration.applied {
                    "applied"
                } else {
                    "pending"
                };
                say(format!("{mark}  {}", migration.name));
            }
        }
        MigrateCommand::Down { steps } => {
            for name in karya_db::migrations::down(&url, steps).await? {
                say(format!("reverted  {name}"));
            }
        }
    }
    Ok(())
}
