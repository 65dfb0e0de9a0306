use clap::Subcommand;
use karya_auth::audit::chain;

use super::{Failure, say};
use crate::config::Sources;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Look whether a security event was changed, removed or moved; the exit code is 1 if so
    Verify {
        /// A head that was noted before, as this command prints it and the worker logs it: the chain must still have it
        #[arg(long, value_name = "POSITION:HASH")]
        head: Option<String>,
    },
    /// Seal what waits for the worker to seal it
    Seal,
}

pub(super) async fn run(sources: &Sources, command: AuditCommand) -> Result<(), Failure> {
    let parts = super::serve::Offline::open(sources).await?.parts;
    let mut conn = parts.db.conn().await?;
    match command {
        AuditCommand::Seal => {
            let sealed = chain::seal(&mut conn, &parts.master_key).await?;
            say(format!("sealed    {sealed} events"));
        }
        AuditCommand::Verify { head } => {
            let noted = head
                .map(|text| {
                    chain::Head::parse(&text)
                        .ok_or("--head takes what `karya audit verify` printed as head")
                })
                .transpose()?;
            let now = parts.clock.now();
            let verified = chain::verify(&conn, &parts.master_key, now, noted.as_ref()).await?;
            for fault in &verified.faults {
                say(fault);
            }
            if let Some(from) = &verified.from {
                let day = from.events_before.format("%Y-%m-%d");
                say(format!(
                    "from      {}: what was before {day} was deleted",
                    from.head
                ));
            }
            match &verified.head {
                Some(head) => say(format!("head      {head}")),
                None => say("head      none: nothing is sealed yet"),
            }
            say(format!("waiting   {} events", verified.waiting));
            if !verified.faults.is_empty() {
                return Err("the security events are not as they were written".into());
            }
        }
    }
    Ok(())
}
