use clap::Subcommand;

use super::{Failure, say};
use crate::config::Sources;
use crate::demo;

#[derive(Debug, Subcommand)]
pub(super) enum SeedCommand {
    /// Demo accounts and businesses; a second run changes nothing. `karya serve` refuses a database that has them
    Demo,
}

pub(super) async fn run(sources: &Sources, command: SeedCommand) -> Result<(), Failure> {
    let SeedCommand::Demo = command;
    let runtime = super::serve::Offline::open(sources).await?;
    let seeded = demo::seed(&runtime.parts).await?;
    say(format!(
        "{} demo accounts and {} demo businesses are in place",
        seeded.accounts, seeded.businesses
    ));
    Ok(())
}
