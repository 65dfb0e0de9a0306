use std::path::PathBuf;

use clap::Args;

use super::{Failure, say};

#[derive(Debug, Args)]
pub(super) struct OpenapiArgs {
    /// Write to this file, such as openapi/karya.json
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Write the catalogue of error codes to this file, such as docs/errors.md
    #[arg(long)]
    errors: Option<PathBuf>,
}

pub(super) fn run(args: &OpenapiArgs) -> Result<(), Failure> {
    if let Some(path) = &args.errors {
        std::fs::write(path, crate::spec::errors_markdown())?;
        if args.output.is_none() {
            return Ok(());
        }
    }
    let document = crate::spec::json()?;
    match &args.output {
        Some(path) => std::fs::write(path, document)?,
        None => say(document.trim_end()),
    }
    Ok(())
}
