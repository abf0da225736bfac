//! The Makefile: make reads it without a warning, and every target can be planned.

use std::time::Duration;

use anyhow::Result;
use regex::Regex;

use crate::process;
use crate::verify::check::{Batch, Finding, Ran};

const LIMIT: Duration = Duration::from_secs(30);

/// What make looks at.
pub const READS: &[&str] = &["**/Makefile", "**/*.mk"];

/// Syntax, undefined variables and targets without a rule, by a dry run of each target.
pub fn dry_run(batch: &Batch) -> Result<Ran> {
    let here = process::run(batch.toolbox.command("make").arg("--version"), LIMIT);
    if !here.is_ok_and(|output| output.stdout.starts_with("GNU Make")) {
        return Ok(Ran::Not("GNU make is not here".to_owned()));
    }
    let phony = Regex::new(r"(?m)^\.PHONY:\s*((?:[^\n\\]|\\\n)*)")?;
    let trouble = Regex::new(r"(?m)^(?:make: |[^:\s]*(?:Makefile|\.mk):(\d+): )(.*)$")?;
    let mut findings = Vec::new();
    for file in &batch.files {
        let text = std::fs::read_to_string(batch.folder.join(file))?;
        let mut targets: Vec<&str> = vec![".DEFAULT"];
        let names = phony.captures_iter(&text).filter_map(|found| found.get(1));
        targets.extend(
            names
                .flat_map(|names| names.as_str().split_whitespace())
                .filter(|name| *name != "\\"),
        );
        for target in targets {
            let mut command = batch.toolbox.command("make");
            command
                .args(["--dry-run", "--warn-undefined-variables", "--file", file])
                .current_dir(batch.folder);
            if target != ".DEFAULT" {
                command.arg(target);
            }
            let output = process::run(&mut command, LIMIT)?;
            for found in trouble.captures_iter(&output.stderr) {
                let rule = if found[2].contains("warning") {
                    "warning"
                } else {
                    "error"
                };
                findings.push(Finding {
                    rule: rule.to_owned(),
                    path: file.clone(),
                    line: found.get(1).and_then(|line| line.as_str().parse().ok()).unwrap_or(0),
                    message: format!("{target}: {}", &found[2]),
                });
            }
        }
    }
    Ok(Ran::Found(findings))
}
