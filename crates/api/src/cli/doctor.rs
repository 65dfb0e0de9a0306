use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::say;
use crate::config::Sources;
use crate::doctor::{self, Outcome, Report};

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// The exit code is 1 if anything failed.
pub(super) async fn run(sources: &Sources, args: &DoctorArgs) -> ExitCode {
    // Without a database of its own: that of `karya dev`, if it runs.
    let private = super::db::running(Path::new(super::db::PROJECT_FOLDER)).ok();
    let report = doctor::examine(sources, private).await;
    if args.json {
        say(serde_json::to_string_pretty(&report).unwrap_or_default());
    } else {
        print(&report);
    }
    ExitCode::from(u8::from(report.outcome == Outcome::Fail))
}

fn print(report: &Report) {
    let width = report
        .findings
        .iter()
        .map(|finding| finding.check.len())
        .max()
        .unwrap_or_default();
    for finding in &report.findings {
        let outcome = finding.outcome.as_str();
        say(format!(
            "{outcome:4}  {:width$}  {}",
            finding.check, finding.found
        ));
        if let Some(fix) = &finding.fix {
            say(format!("      fix: {fix}"));
        }
    }
}
