//! Go: the compiler's own checks and the project's linters and formatters.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use regex::Regex;
use serde::Deserialize;

use crate::process;
use crate::verify::check::{Batch, Finding, Ran, relative, settle};

const LIMIT: Duration = Duration::from_secs(600);

/// What the compiler looks at, and the linters.
pub const READS: &[&str] = &[
    "**/*.go",
    "go.mod",
    ".golangci.yaml",
    "migrations/*",
    "internal/**/*.json",
];

/// Everything compiles, integration tests included, and `go vet` has nothing to say.
pub fn vet(batch: &Batch) -> Result<Ran> {
    if !prepare(batch)? {
        return Ok(no_project());
    }
    let output = process::run(
        go(batch, Path::new("go")).args(["vet", "-tags", "integration", "./..."]),
        LIMIT,
    )?;
    let pattern = Regex::new(r"(?m)^(?:vet: )?(\S+\.go):(\d+):\d+: (.*)$")?;
    let findings = pattern.captures_iter(&output.stderr).map(|found| Finding {
        rule: "vet".to_owned(),
        path: relative(&found[1], batch.folder).trim_start_matches("./").to_owned(),
        line: found[2].parse().unwrap_or(0),
        message: found[3].to_owned(),
    });
    Ok(settle(&output, findings.collect()))
}

/// Linters and formatters, as `.golangci.yaml` says.
pub fn golangci_lint(batch: &Batch) -> Result<Ran> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Page {
        issues: Option<Vec<Issue>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Issue {
        from_linter: String,
        text: String,
        pos: Position,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Position {
        filename: String,
        line: u64,
    }
    if !prepare(batch)? {
        return Ok(no_project());
    }
    let program = batch.toolbox.go_tools("golangci-lint")?.join("bin/golangci-lint");
    let mut command = go(batch, &program);
    command.args(["run", "--allow-parallel-runners", "--show-stats=false"]);
    command.args([
        "--max-issues-per-linter=0",
        "--max-same-issues=0",
        "--uniq-by-line=false",
        "--output.json.path=stdout",
    ]);
    let output = process::run(&mut command, LIMIT)?;
    let page: Page = serde_json::from_str(output.stdout.trim())
        .with_context(|| format!("golangci-lint: {}", process::tail(&output.text(), 600)))?;
    let findings = page.issues.into_iter().flatten().map(|issue| Finding {
        rule: issue.from_linter,
        path: relative(&issue.pos.filename, batch.folder),
        line: issue.pos.line,
        message: issue.text,
    });
    Ok(settle(&output, findings.collect()))
}

/// A program that works with the toolchain that `go.mod` names.
fn go(batch: &Batch, program: &Path) -> Command {
    let mut command = batch.toolbox.command(&program.to_string_lossy());
    command.current_dir(batch.folder).env("GOTOOLCHAIN", "auto");
    command
}

/// Puts what `go mod tidy` adds beside the module's own words; false when there is no module.
fn prepare(batch: &Batch) -> Result<bool> {
    let Some(tree) = batch.tree.filter(|tree| tree.files.contains_key("go.mod")) else {
        return Ok(false);
    };
    let sums = tree.root.join("go.sum");
    let Some(lock) = tree.lock.as_deref().filter(|_| !sums.exists()) else {
        return Ok(true);
    };
    let own = fs::read_to_string(tree.root.join("go.mod"))?;
    let tidied = fs::read_to_string(lock.with_file_name("go.mod"))?;
    let (name, _) = own.split_once('\n').unwrap_or_default();
    let (_, rest) = tidied.split_once('\n').unwrap_or_default();
    fs::write(tree.root.join("go.mod"), format!("{name}\n{rest}"))?;
    fs::copy(lock, &sums)?;
    Ok(true)
}

fn no_project() -> Ran {
    Ran::Not("the tree has no go.mod".to_owned())
}
