use clap::Subcommand;

use super::{Failure, say};
use crate::config::Sources;

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print every setting, its value, and where it came from
    Show,
}

pub(super) fn run(sources: &Sources, command: &ConfigCommand) -> Result<(), Failure> {
    let ConfigCommand::Show = command;
    let origins = sources.origins()?;
    let key_width = origins
        .iter()
        .map(|origin| origin.key.len())
        .max()
        .unwrap_or_default();
    let value_width = origins
        .iter()
        .map(|origin| origin.value.len())
        .max()
        .unwrap_or_default()
        .min(40);
    for origin in origins {
        say(format!(
            "{:key_width$}  {:value_width$}  # {}",
            origin.key, origin.value, origin.origin
        ));
    }
    Ok(())
}
