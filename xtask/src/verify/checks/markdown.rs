//! Markdown files.

use std::time::Duration;

use anyhow::Result;
use regex::Regex;

use crate::process;
use crate::verify::check::{Batch, Finding, Ran, settle};
use crate::verify::toolbox::pins_folder;

/// Markdown rules.
pub fn markdownlint(batch: &Batch) -> Result<Ran> {
    let mut command = batch.toolbox.command("markdownlint-cli2");
    command
        .arg("--config")
        .arg(pins_folder().join("config/.markdownlint-cli2.jsonc"));
    command.args(batch.files.iter().map(|path| format!(":{path}")));
    let output = process::run(command.current_dir(batch.folder), Duration::from_secs(120))?;
    let pattern = Regex::new(r"(?m)^(.+?):(\d+)(?::\d+)? (?:error |warning )?(MD\d+)\S* (.*)$")?;
    let findings = pattern.captures_iter(&output.stderr).map(|found| Finding {
        rule: found[3].to_owned(),
        path: found[1].to_owned(),
        line: found[2].parse().unwrap_or(0),
        message: found[4].to_owned(),
    });
    Ok(settle(&output, findings.collect()))
}
