//! Python: the project's own linter, formatter and type checker, at the versions it pins.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use regex::Regex;
use serde::Deserialize;

use crate::process;
use crate::verify::check::{Batch, Finding, Ran, relative, settle};

const LIMIT: Duration = Duration::from_secs(300);

/// What the linter, the formatter and the type checker look at.
pub const SOURCES: &[&str] = &["**/*.py", "pyproject.toml"];

/// What the schema of `pyproject.toml` is held against.
pub const MANIFESTS: &[&str] = &["**/pyproject.toml"];

/// Lint rules.
pub fn ruff(batch: &Batch) -> Result<Ran> {
    run_ruff(batch, &["check"])
}

/// The text is what the formatter makes of it.
pub fn format(batch: &Batch) -> Result<Ran> {
    run_ruff(batch, &["format", "--check"])
}

fn run_ruff(batch: &Batch, arguments: &[&str]) -> Result<Ran> {
    #[derive(Deserialize)]
    struct Violation {
        code: Option<String>,
        filename: String,
        location: Location,
        message: String,
    }
    #[derive(Deserialize)]
    struct Location {
        row: u64,
    }
    let Some(environment) = environment(batch)? else {
        return Ok(no_project());
    };
    let mut command = batch.toolbox.command(&environment.join("bin/ruff").to_string_lossy());
    command.args(arguments).args(["--no-cache", "--output-format", "json"]);
    let output = process::run(command.current_dir(batch.folder), LIMIT)?;
    let violations: Vec<Violation> = serde_json::from_str(&output.stdout)
        .with_context(|| format!("ruff gave no JSON: {}", process::tail(&output.text(), 500)))?;
    let findings = violations.into_iter().map(|violation| Finding {
        rule: violation.code.unwrap_or_else(|| "syntax".to_owned()),
        path: relative(&violation.filename, batch.folder),
        line: violation.location.row,
        message: violation.message,
    });
    Ok(settle(&output, findings.collect()))
}

/// Types, strictly.
pub fn mypy(batch: &Batch) -> Result<Ran> {
    let Some(environment) = environment(batch)? else {
        return Ok(no_project());
    };
    let mut command = batch.toolbox.command(&environment.join("bin/mypy").to_string_lossy());
    command.args(["--no-error-summary", "--no-pretty", "--cache-dir"]);
    command.arg(environment.join("mypy-cache"));
    let output = process::run(command.current_dir(batch.folder), LIMIT)?;
    let pattern = Regex::new(r"(?m)^(.+?):(\d+): error: (.*?)  \[([a-z-]+)\]$")?;
    let findings = pattern.captures_iter(&output.stdout).map(|found| Finding {
        rule: found[4].to_owned(),
        path: relative(&found[1], batch.folder),
        line: found[2].parse().unwrap_or(0),
        message: found[3].to_owned(),
    });
    Ok(settle(&output, findings.collect()))
}

/// The manifest against the standard's schema, and those of the tools it configures.
pub fn validate_pyproject(batch: &Batch) -> Result<Ran> {
    let validate = |files: &[String]| {
        let mut command = batch.toolbox.command("validate-pyproject");
        process::run(command.args(files).current_dir(batch.folder), LIMIT)
    };
    let mut findings = Vec::new();
    // All at once, for it is slow to start; it does not say in whose file it found something.
    let files = if validate(&batch.files)?.code == 0 {
        &[]
    } else {
        &batch.files[..]
    };
    for path in files {
        let output = validate(std::slice::from_ref(path))?;
        if output.code != 0 {
            findings.push(Finding {
                rule: "schema".to_owned(),
                path: path.clone(),
                line: 0,
                message: process::tail(&output.text(), 600).to_owned(),
            });
        }
    }
    Ok(Ran::Found(findings))
}

fn environment(batch: &Batch) -> Result<Option<PathBuf>> {
    let tree = batch.tree.filter(|tree| tree.files.contains_key("pyproject.toml"));
    tree.map(|tree| batch.toolbox.virtual_environment(&tree.root, tree.lock.as_deref()))
        .transpose()
}

fn no_project() -> Ran {
    Ran::Not("the tree has no pyproject.toml".to_owned())
}
