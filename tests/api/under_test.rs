//! The program, for tests that must end it by force: `karya` as it is but for the allocator.

use std::process::ExitCode;

use actix_web::rt::System;
use clap::Parser;

fn main() -> ExitCode {
    let cli = karya::cli::Cli::parse();
    System::with_tokio_rt(karya::cli::runtime).block_on(karya::cli::run(cli))
}
