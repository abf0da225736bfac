//! Shell scripts.

use std::time::Duration;

use anyhow::{Context, Result};
use regex::Regex;
use serde::Deserialize;

use crate::process;
use crate::verify::check::{Batch, Finding, Ran, settle};

const LIMIT: Duration = Duration::from_secs(120);

/// Mistakes in shell scripts, down to style.
pub fn shellcheck(batch: &Batch) -> Result<Ran> {
    #[derive(Deserialize)]
    struct Page {
        comments: Vec<Comment>,
    }
    #[derive(Deserialize)]
    struct Comment {
        file: String,
        line: u64,
        code: u64,
        message: String,
    }
    let mut command = batch.toolbox.command("shellcheck");
    command
        .args([
            "--format",
            "json1",
            "--severity",
            "style",
            "--norc",
            "--external-sources",
        ])
        .args(&batch.files);
    let output = process::run(command.current_dir(batch.folder), LIMIT)?;
    let page: Page = serde_json::from_str(&output.stdout).context("shellcheck gave no JSON")?;
    let finding = |found: Comment| Finding {
        rule: format!("SC{}", found.code),
        path: found.file,
        line: found.line,
        message: found.message,
    };
    Ok(settle(&output, page.comments.into_iter().map(finding).collect()))
}

/// Layout of shell scripts, as `.editorconfig` asks for it.
pub fn shfmt(batch: &Batch) -> Result<Ran> {
    let mut command = batch.toolbox.command("shfmt");
    command.arg("--diff").args(&batch.files);
    let output = process::run(command.current_dir(batch.folder), LIMIT)?;
    let changed = output.stdout.lines().filter_map(|line| line.strip_prefix("+++ "));
    let mut findings: Vec<Finding> = changed
        .map(|path| Finding {
            rule: "format".to_owned(),
            path: path.trim().to_owned(),
            line: 0,
            message: "shfmt would lay this out in another way".to_owned(),
        })
        .collect();
    let unread = Regex::new(r"(?m)^(\S+?):(\d+):\d+: (.*)$")?;
    findings.extend(unread.captures_iter(&output.stderr).map(|found| Finding {
        rule: "syntax".to_owned(),
        path: found[1].to_owned(),
        line: found[2].parse().unwrap_or(0),
        message: found[3].to_owned(),
    }));
    Ok(settle(&output, findings))
}
