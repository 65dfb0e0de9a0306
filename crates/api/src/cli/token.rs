use clap::Args;

use super::{Failure, say};
use crate::config::Sources;
use crate::demo;

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// owner, buyer, mentor, verifier, moderator, `alert_operator` or admin
    role: String,
}

/// Works on demo accounts only, which production refuses to have.
pub(super) async fn run(sources: &Sources, args: &TokenArgs) -> Result<(), Failure> {
    let account = demo::ACCOUNTS
        .iter()
        .find(|account| account.label == args.role);
    let account = account.ok_or_else(|| {
        let known: Vec<&str> = demo::ACCOUNTS.iter().map(|account| account.label).collect();
        format!(
            "no demo account for {:?}; there are {}",
            args.role,
            known.join(", ")
        )
    })?;
    let offline = super::serve::Offline::open(sources).await?;
    say(demo::access_token(&offline.parts, account).await?);
    Ok(())
}
