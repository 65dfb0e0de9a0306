use std::path::PathBuf;

use clap::Args;

use super::{Failure, say};

#[derive(Debug, Args)]
pub(super) struct OpenapiArgs {
    /// Write to this file, such as openapi/karya.json
    #[arg(long, short)]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &OpenapiArgs) -> Result<(), Failure> {
    let document = crate::spec::json()?;
    match &args.output {
        Some(path) => std::fs::write(path, document)?,
        None => say(document.trim_end()),
    }
    Ok(())
}
