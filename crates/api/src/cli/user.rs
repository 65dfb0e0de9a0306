use std::io::{IsTerminal, Read};

use clap::Subcommand;
use karya_auth::{LockReason, ops};
use karya_core::role::Role;
use karya_core::{EmailAddress, Lang, Text};

use super::{Failure, say};
use crate::config::Sources;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Create an account with a verified address; the password is read from standard input
    Create {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// mentor, verifier, moderator, `alert_operator` or admin (repeatable)
        #[arg(long = "role")]
        roles: Vec<String>,
    },
    /// Show an account: its id, state, address, roles and factors
    Show { email: String },
    /// Lock an account: every session ends, and nothing signs in
    Lock {
        email: String,
        /// compromised, fraud, abuse, legal or requested
        #[arg(long)]
        reason: String,
        /// A ticket, what was seen
        #[arg(long)]
        note: Option<String>,
    },
    /// Let a locked account in again
    Unlock { email: String },
    /// Sign every device of an account out, or of all accounts
    EndSessions {
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        email: Option<String>,
        #[arg(long)]
        all: bool,
    },
    /// Give an account a role
    Grant { email: String, role: String },
    /// Take a role from an account
    Revoke { email: String, role: String },
}

pub(super) async fn run(sources: &Sources, command: UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Create { email, name, roles } => create(sources, &email, &name, &roles).await,
        UserCommand::Show { email } => on_account(sources, &email, Deed::Show).await,
        UserCommand::Lock {
            email,
            reason,
            note,
        } => {
            let reason = LockReason::from_text(&reason)
                .ok_or_else(|| format!("{reason:?} is not a reason"))?;
            let note = note
                .map(|note| Text::block(&note, 1, 1000))
                .transpose()
                .map_err(|rule| refused("the note", rule))?;
            on_account(sources, &email, Deed::Lock(reason, note)).await
        }
        UserCommand::Unlock { email } => on_account(sources, &email, Deed::Unlock).await,
        UserCommand::EndSessions {
            email: Some(email), ..
        } => on_account(sources, &email, Deed::EndSessions).await,
        UserCommand::EndSessions { email: None, .. } => end_everybodys_sessions(sources).await,
        UserCommand::Grant { email, role } => {
            on_account(sources, &email, Deed::Grant(parse_role(&role)?)).await
        }
        UserCommand::Revoke { email, role } => {
            on_account(sources, &email, Deed::Revoke(parse_role(&role)?)).await
        }
    }
}

/// What to do with an account that is there.
enum Deed {
    Show,
    Lock(LockReason, Option<Text>),
    Unlock,
    EndSessions,
    Grant(Role),
    Revoke(Role),
}

async fn on_account(sources: &Sources, email: &str, deed: Deed) -> Result<(), Failure> {
    let email = EmailAddress::parse(email).map_err(|rule| refused("the e-mail address", rule))?;
    let parts = super::serve::Offline::open(sources).await?.parts;
    let (mut conn, now) = (parts.db.conn().await?, parts.clock.now());
    let user = karya_auth::queries::find_verified(&conn, &email)
        .await?
        .ok_or("nobody has proved this address")?;
    let conn = &mut conn;
    match deed {
        Deed::Show => {}
        Deed::Lock(reason, note) => {
            ops::lock_account(conn, now, None, user, (reason, note)).await?;
        }
        Deed::Unlock => {
            ops::unlock_account(conn, now, None, user).await?;
        }
        Deed::EndSessions => {
            let ended = ops::end_sessions_of(conn, now, user).await?;
            say(format!("{ended} sessions ended"));
            return Ok(());
        }
        Deed::Grant(role) => {
            ops::grant_role(conn, now, None, user, role).await?;
        }
        Deed::Revoke(role) => {
            ops::revoke_role(conn, None, user, role).await?;
        }
    }
    say(ops::staff_account(conn, user).await?);
    Ok(())
}

fn refused(what: &str, rule: karya_core::Rule) -> String {
    format!("{what} {}", rule.message(Lang::En))
}

fn parse_role(role: &str) -> Result<Role, String> {
    Role::from_text(role).ok_or_else(|| format!("{role:?} is not a role"))
}

async fn end_everybodys_sessions(sources: &Sources) -> Result<(), Failure> {
    let parts = super::serve::Offline::open(sources).await?.parts;
    let mut conn = parts.db.conn().await?;
    let ended = ops::end_everybodys_sessions(&mut conn, parts.clock.now()).await?;
    say(format!("{ended} sessions ended"));
    Ok(())
}

async fn create(
    sources: &Sources,
    email: &str,
    name: &str,
    roles: &[String],
) -> Result<(), Failure> {
    let email = EmailAddress::parse(email).map_err(|rule| refused("the e-mail address", rule))?;
    let name = Text::line(name, 1, 100).map_err(|rule| refused("the name", rule))?;
    let roles = roles
        .iter()
        .map(|role| parse_role(role))
        .collect::<Result<Vec<_>, _>>()?;
    if std::io::stdin().is_terminal() {
        super::say_error("type the password, then Enter and Ctrl-D");
    }
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']);

    let parts = super::serve::Offline::open(sources).await?.parts;
    karya_auth::password::check(password, &email, name.as_str())
        .map_err(|rule| refused("the password", rule))?;
    let hash = parts.passwords.hash(password).await?;
    let mut conn = parts.db.conn().await?;
    let account = ops::NewVerifiedUser {
        email,
        display_name: name,
        roles,
        is_demo: false,
    };
    let id = ops::create_verified_user(&mut conn, parts.clock.now(), account, hash).await?;
    say(id);
    Ok(())
}
