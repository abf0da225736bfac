//! Scanners that walk a folder: misconfiguration and secrets.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process::{self, Output};
use crate::verify::check::{Batch, Finding, Ran, settle};

const LIMIT: Duration = Duration::from_secs(300);

/// What checkov looks at: everything, since a secret may be anywhere.
pub const CHECKOV_READS: &[&str] = &["**"];

/// Misconfiguration of Dockerfiles and workflows, and secrets.
pub fn checkov(batch: &Batch) -> Result<Ran> {
    let mut command = batch.toolbox.command("checkov");
    command.args([
        "--directory",
        ".",
        "--framework",
        "dockerfile",
        "github_actions",
        "secrets",
    ]);
    command.args(["--skip-download", "--quiet", "--compact", "--output", "json"]);
    let output = process::run(command.current_dir(batch.folder), LIMIT)?;
    Ok(settle(&output, failed(&output)?))
}

/// What a run of checkov found, and what it could not read.
pub fn failed(output: &Output) -> Result<Vec<Finding>> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Page {
        Many(Vec<Part>),
        One(Part),
        Empty {},
    }
    #[derive(Deserialize)]
    struct Part {
        results: Results,
    }
    #[derive(Deserialize)]
    struct Results {
        failed_checks: Vec<Failed>,
        #[serde(default)]
        parsing_errors: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Failed {
        check_id: String,
        check_name: String,
        file_path: String,
        file_line_range: Vec<u64>,
    }
    let page: Page = serde_json::from_str(&output.stdout)
        .with_context(|| format!("checkov gave no JSON: {}", process::tail(&output.text(), 500)))?;
    let parts = match page {
        Page::Many(parts) => parts,
        Page::One(part) => vec![part],
        Page::Empty {} => Vec::new(),
    };
    let mut findings = Vec::new();
    for part in parts {
        findings.extend(part.results.failed_checks.into_iter().map(|failed| Finding {
            rule: failed.check_id,
            path: failed.file_path.trim_start_matches('/').to_owned(),
            line: failed.file_line_range.first().copied().unwrap_or(0),
            message: failed.check_name,
        }));
        findings.extend(part.results.parsing_errors.into_iter().map(|path| Finding {
            rule: "parse".to_owned(),
            path: path.trim_start_matches('/').to_owned(),
            line: 0,
            message: "checkov cannot read this file".to_owned(),
        }));
    }
    Ok(findings)
}

/// Secrets.
pub fn gitleaks(batch: &Batch) -> Result<Ran> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Leak {
        #[serde(rename = "RuleID")]
        rule: String,
        file: String,
        start_line: u64,
        description: String,
    }
    let mut command = batch.toolbox.command("gitleaks");
    command.args(["dir", ".", "--no-banner", "--redact", "--log-level", "error"]);
    command.args(["--report-format", "json", "--report-path", "-"]);
    let output = process::run(command.current_dir(batch.folder), LIMIT)?;
    let leaks: Vec<Leak> =
        serde_json::from_str(&output.stdout).with_context(|| format!("gitleaks gave no JSON: {}", output.stderr))?;
    let finding = |leak: Leak| Finding {
        rule: leak.rule,
        path: leak.file.trim_start_matches("./").to_owned(),
        line: leak.start_line,
        message: leak.description,
    };
    Ok(settle(&output, leaks.into_iter().map(finding).collect()))
}
