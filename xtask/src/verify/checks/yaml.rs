//! YAML files.

use std::time::Duration;

use anyhow::Result;
use regex::Regex;

use crate::process;
use crate::verify::check::{Batch, Finding, Ran, settle};
use crate::verify::toolbox::pins_folder;

/// YAML rules: duplicate keys, indentation, spaces.
pub fn yamllint(batch: &Batch) -> Result<Ran> {
    let mut command = batch.toolbox.command("yamllint");
    command
        .args(["--strict", "--format", "parsable", "--config-file"])
        .arg(pins_folder().join("config/yamllint.yaml"));
    let output = process::run(
        command.args(&batch.files).current_dir(batch.folder),
        Duration::from_secs(120),
    )?;
    let pattern = Regex::new(r"(?m)^(.+?):(\d+):\d+: \[\w+\] (.*?)(?: \(([a-z-]+)\))?$")?;
    let findings = pattern.captures_iter(&output.stdout).map(|found| Finding {
        rule: found.get(4).map_or("syntax", |rule| rule.as_str()).to_owned(),
        path: found[1].to_owned(),
        line: found[2].parse().unwrap_or(0),
        message: found[3].to_owned(),
    });
    Ok(settle(&output, findings.collect()))
}
