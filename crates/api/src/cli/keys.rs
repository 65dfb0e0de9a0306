use chrono::SecondsFormat;
use clap::Subcommand;
use karya_auth::{Issuer, Rotation};

use super::{Failure, say};
use crate::config::Sources;

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Print the keys: id, state and since when
    List,
    /// Replace the key that signs: the new one is published at once and signs ten minutes later, by the worker's doing or
    /// when this runs again
    Rotate {
        /// The old key is in wrong hands: sign with a new one now, and refuse every access token made before
        #[arg(long)]
        compromised: bool,
    },
}

pub(super) async fn run(sources: &Sources, command: KeysCommand) -> Result<(), Failure> {
    let parts = super::serve::Offline::open(sources).await?.parts;
    let mut conn = parts.db.conn().await?;
    let now = parts.clock.now();
    match command {
        KeysCommand::List => {
            for key in Issuer::list(&mut conn).await? {
                let since = key.since.to_rfc3339_opts(SecondsFormat::Secs, true);
                say(format_args!(
                    "{}  {:8}  since {since}",
                    key.kid,
                    key.state.as_str()
                ));
            }
        }
        KeysCommand::Rotate { compromised: true } => {
            let kid = parts.issuer.replace(&mut conn, now).await?;
            say(format_args!(
                "{kid} signs; servers refuse older access tokens within a minute, and apps refresh theirs"
            ));
        }
        KeysCommand::Rotate { compromised: false } => {
            match parts.issuer.rotate(&mut conn, now).await? {
                Rotation::Announced { kid, signs_from } => {
                    let from = signs_from.to_rfc3339_opts(SecondsFormat::Secs, true);
                    say(format_args!("{kid} is published, and signs from {from}"));
                }
                Rotation::Done { kid } => say(format_args!("{kid} signs")),
            }
        }
    }
    Ok(())
}
