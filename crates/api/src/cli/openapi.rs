use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, say};

#[derive(Debug, Args)]
pub(super) struct OpenapiArgs {
    /// Write to this file, such as openapi/karya.json, in OpenAPI 3.0 beside it, to openapi/karya-3.0.json, and what
    /// webhooks get to openapi/karya-webhooks.json
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Write the catalogue of error codes to this file, such as docs/errors.md
    #[arg(long)]
    errors: Option<PathBuf>,
    /// Write nothing; fail if clients of this document, such as openapi/released.json, would break
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "errors"])]
    check_against: Option<PathBuf>,
}

pub(super) fn run(args: &OpenapiArgs) -> Result<(), Failure> {
    if let Some(path) = &args.check_against {
        return check_against(path);
    }
    if let Some(path) = &args.errors {
        std::fs::write(path, crate::spec::errors_markdown())?;
        if args.output.is_none() {
            return Ok(());
        }
    }
    let document = crate::spec::json()?;
    match &args.output {
        Some(path) => {
            std::fs::write(path, document)?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let older = path.with_file_name(format!("{name}-3.0.json"));
            std::fs::write(older, crate::spec::json_3_0()?)?;
            let webhooks = path.with_file_name(format!("{name}-webhooks.json"));
            std::fs::write(webhooks, crate::spec::webhooks_json()?)?;
        }
        None => say(document.trim_end()),
    }
    Ok(())
}

fn check_against(path: &Path) -> Result<(), Failure> {
    let released = serde_json::from_slice(&std::fs::read(path)?)?;
    let current = serde_json::to_value(crate::spec::document())?;
    let found = crate::spec::changes::breaking(&released, &current);
    if found.is_empty() {
        say(format_args!("no client of {} breaks", path.display()));
        return Ok(());
    }
    let list = found.join("\n");
    Err(format!("this breaks clients of {}:\n{list}", path.display()).into())
}
