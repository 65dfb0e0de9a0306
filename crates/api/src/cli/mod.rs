//! The commands of `karya`.

mod audit;
mod backup;
mod config;
mod db;
mod dev;
mod doctor;
mod health;
mod keys;
mod migrate;
mod openapi;
mod seed;
mod serve;
mod token;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::Sources;

/// Karya: marketplace, mentoring, online safety and early warning for creative-economy SMEs.
#[derive(Debug, Parser)]
#[command(name = "karya", version, about)]
pub struct Cli {
    #[command(flatten)]
    sources: SourceArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct SourceArgs {
    /// Configuration file; without it, karya.toml if there is one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, such as --set server.bind=0.0.0.0:80 (repeatable)
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE")]
    assignments: Vec<String>,
}

impl SourceArgs {
    fn sources(&self) -> Sources {
        Sources {
            file: self.config.clone(),
            assignments: self.assignments.clone(),
            command_defaults: Vec::new(),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine: database, migrations, demo data, worker, server
    Dev(dev::DevArgs),
    /// Serve the API (production)
    Serve,
    /// Work off background jobs (production)
    Work,
    /// Look at everything that a server needs, and say what to do about what is wrong
    Doctor(doctor::DoctorArgs),
    /// Ask the running server or worker whether it is well: for containers
    Health(health::HealthArgs),
    /// Change the database schema
    #[command(subcommand)]
    Migrate(migrate::MigrateCommand),
    /// Fill in data
    #[command(subcommand)]
    Seed(seed::SeedCommand),
    /// Print the OpenAPI document, or write it to a file
    Openapi(openapi::OpenapiArgs),
    /// Print an access token of a demo account (development only)
    Token(token::TokenArgs),
    /// Manage accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Manage the keys that sign access tokens
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Write, prove and restore backups
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// Look after the security events
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Look after the private database of `karya dev`
    #[command(subcommand)]
    Db(db::DbCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
}

/// A command failed; the message says what to do.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Where everything runs but the requests: the jobs, and what goes on beside.
#[must_use]
#[expect(clippy::expect_used, reason = "without a runtime there is no program")]
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the operating system gives threads")
}

/// Runs the command; the exit code is 0, 1 on failure, 3 when PostgreSQL is missing.
pub async fn run(cli: Cli) -> ExitCode {
    let sources = cli.sources.sources();
    let outcome = match cli.command {
        Command::Dev(args) => dev::run(sources, args).await,
        Command::Serve => serve::serve(&sources).await,
        Command::Work => serve::work(&sources).await,
        Command::Doctor(args) => return doctor::run(&sources, &args).await,
        Command::Health(args) => health::run(&sources, &args).await,
        Command::Migrate(command) => migrate::run(&sources, command).await,
        Command::Seed(command) => seed::run(&sources, command).await,
        Command::Openapi(args) => openapi::run(&args),
        Command::Token(args) => token::run(&sources, &args).await,
        Command::User(command) => user::run(&sources, command).await,
        Command::Keys(command) => keys::run(&sources, command).await,
        Command::Backup(command) => backup::run(&sources, command).await,
        Command::Audit(command) => audit::run(&sources, command).await,
        Command::Db(command) => db::run(command).await,
        Command::Config(command) => config::run(&sources, &command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let mut message = failure.to_string();
            let mut cause = failure.source();
            while let Some(error) = cause {
                let text = error.to_string();
                if !message.contains(&text) {
                    message = format!("{message}: {text}");
                }
                cause = error.source();
            }
            say_error(&message);
            let missing = failure.downcast_ref::<karya_managed_postgres::Error>();
            ExitCode::from(missing.map_or(1, karya_managed_postgres::Error::exit_code))
        }
    }
}

/// Prints a line for the person at the terminal. A closed pipe is not an error.
fn say(line: impl std::fmt::Display) {
    use std::io::Write;
    let _closed = writeln!(std::io::stdout(), "{line}");
}

fn say_error(line: &str) {
    use std::io::Write;
    let _closed = writeln!(std::io::stderr(), "karya: {line}");
}
