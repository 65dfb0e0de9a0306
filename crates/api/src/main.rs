//! The `karya` program.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    karya::cli::run(karya::cli::Cli::parse()).await
}
