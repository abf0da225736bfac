//! TypeScript: the project's own formatter, linter and compiler, at the versions it pins.

use std::time::Duration;

use anyhow::Result;
use regex::Regex;

use crate::process::{self, Output};
use crate::verify::check::{Batch, Finding, Ran, relative, settle};

const LIMIT: Duration = Duration::from_secs(240);

/// What the linter looks at.
pub const LINTED: &[&str] = &["**/*.ts", "**/*.mts", "**/*.js", "**/*.mjs", "**/*.json"];

/// What the compiler looks at.
pub const COMPILED: &[&str] = &["**/*.ts", "**/*.mts", "tsconfig*.json"];

/// Formatting and lint rules.
pub fn biome(batch: &Batch) -> Result<Ran> {
    let Some(output) = tool(
        batch,
        "biome",
        &["ci", "--reporter=github", "--max-diagnostics=none", "."],
    )?
    else {
        return Ok(no_project());
    };
    let pattern = Regex::new(r"(?m)^::(?:error|warning|notice) title=([^,]+),file=([^,]+),line=(\d+),[^:]*::(.*)$")?;
    let findings = pattern.captures_iter(&output.stdout).map(|found| Finding {
        rule: found[1].to_owned(),
        path: relative(&found[2], batch.folder),
        line: found[3].parse().unwrap_or(0),
        message: found[4].to_owned(),
    });
    Ok(settle(&output, findings.collect()))
}

/// Types.
pub fn tsc(batch: &Batch) -> Result<Ran> {
    let Some(output) = tool(batch, "tsc", &["--noEmit", "--pretty", "false", "--project", "."])? else {
        return Ok(no_project());
    };
    let pattern = Regex::new(r"(?m)^(.+?)\((\d+),\d+\): error (TS\d+): (.*)$")?;
    let findings = pattern.captures_iter(&output.stdout).map(|found| Finding {
        rule: found[3].to_owned(),
        path: found[1].to_owned(),
        line: found[2].parse().unwrap_or(0),
        message: found[4].to_owned(),
    });
    Ok(settle(&output, findings.collect()))
}

fn tool(batch: &Batch, program: &str, arguments: &[&str]) -> Result<Option<Output>> {
    if !link(batch)? {
        return Ok(None);
    }
    let mut command = batch.toolbox.command("node");
    let script = batch.folder.join("node_modules/.bin").join(program);
    process::run(command.arg(script).args(arguments).current_dir(batch.folder), LIMIT).map(Some)
}

/// Puts the installed packages beside the project; false when there is no project.
pub fn link(batch: &Batch) -> Result<bool> {
    let Some(tree) = batch.tree.filter(|tree| tree.files.contains_key("package.json")) else {
        return Ok(false);
    };
    let modules = batch.toolbox.node_modules(&tree.root, tree.lock.as_deref())?;
    tree.link_packages(&modules)?;
    Ok(true)
}

fn no_project() -> Ran {
    Ran::Not("the tree has no package.json".to_owned())
}
