use std::io::{IsTerminal, Read};

use clap::Subcommand;
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
    /// Sign somebody out everywhere, or everybody
    EndSessions {
        /// Whom
        #[arg(long, required_unless_present = "all", conflicts_with = "all")]
        email: Option<String>,
        #[arg(long)]
        all: bool,
    },
}

pub(super) async fn run(sources: &Sources, command: UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Create { email, name, roles } => create(sources, &email, &name, &roles).await,
        UserCommand::EndSessions { email, .. } => end_sessions(sources, email.as_deref()).await,
    }
}

async fn end_sessions(sources: &Sources, email: Option<&str>) -> Result<(), Failure> {
    let email = email.map(EmailAddress::parse).transpose();
    let email = email.map_err(|rule| format!("the e-mail address {}", rule.message(Lang::En)))?;
    let parts = super::serve::Offline::open(sources).await?.parts;
    let mut conn = parts.db.conn().await?;
    let whose = match email {
        Some(email) => {
            let user = karya_auth::queries::find_verified(&conn, &email).await?;
            Some(user.ok_or("nobody has that address")?)
        }
        None => None,
    };
    let ended = karya_auth::ops::end_sessions_of(&mut conn, parts.clock.now(), whose).await?;
    say(format!("{ended} sessions ended"));
    Ok(())
}

async fn create(
    sources: &Sources,
    email: &str,
    name: &str,
    roles: &[String],
) -> Result<(), Failure> {
    let refused = |what: &str, rule: karya_core::Rule| format!("{what} {}", rule.message(Lang::En));
    let email = EmailAddress::parse(email).map_err(|rule| refused("the e-mail address", rule))?;
    let name = Text::line(name, 1, 100).map_err(|rule| refused("the name", rule))?;
    let roles = roles
        .iter()
        .map(|role| Role::from_text(role).ok_or_else(|| format!("{role:?} is not a role")))
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
    let account = karya_auth::ops::NewVerifiedUser {
        email,
        display_name: name,
        roles,
        is_demo: false,
    };
    let id =
        karya_auth::ops::create_verified_user(&mut conn, parts.clock.now(), account, hash).await?;
    say(id);
    Ok(())
}
