//! GitHub workflows: their syntax, and what an attacker would make of them.

use std::time::Duration;

use anyhow::{Context, Result};
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::process;
use crate::verify::check::{Batch, Finding, Ran, settle};

const LIMIT: Duration = Duration::from_secs(180);

/// Workflow syntax, expressions and the shell in `run`.
pub fn actionlint(batch: &Batch) -> Result<Ran> {
    #[derive(Deserialize)]
    struct Item {
        kind: String,
        filepath: String,
        line: u64,
        message: String,
    }
    let mut command = batch.toolbox.command("actionlint");
    command.args(["-format", "{{json .}}", "-shellcheck", "shellcheck", "-pyflakes", ""]);
    let output = process::run(command.current_dir(batch.folder), LIMIT)?;
    let items: Vec<Item> =
        serde_json::from_str(&output.stdout).with_context(|| format!("actionlint gave no JSON: {}", output.stderr))?;
    let finding = |item: Item| Finding {
        rule: item.kind,
        path: item.filepath,
        line: item.line,
        message: item.message,
    };
    Ok(settle(&output, items.into_iter().map(finding).collect()))
}

/// Security of workflows, actions and Dependabot, at its most demanding.
pub fn zizmor(batch: &Batch) -> Result<Ran> {
    let mut command = batch.toolbox.command("zizmor");
    command.args(["--offline", "--pedantic", "--no-progress", "--format", "json-v1", "."]);
    let output = process::run(command.current_dir(batch.folder), LIMIT)?;
    let items: Vec<Value> =
        serde_json::from_str(&output.stdout).with_context(|| format!("zizmor gave no JSON: {}", output.stderr))?;
    let unread = Regex::new(r"(?m)failed to validate file://(?:\./)?(\S+) as \w+: (.*)$")?;
    let mut findings: Vec<Finding> = items.iter().map(finding).collect();
    findings.extend(unread.captures_iter(&output.stderr).map(|found| Finding {
        rule: "input".to_owned(),
        path: found[1].to_owned(),
        line: 0,
        message: found[2].to_owned(),
    }));
    Ok(settle(&output, findings))
}

fn finding(item: &Value) -> Finding {
    let places = item["locations"].as_array().map(Vec::as_slice).unwrap_or_default();
    let primary = |place: &&Value| place.pointer("/symbolic/kind").and_then(Value::as_str) == Some("Primary");
    let place = places.iter().find(primary).or(places.first()).unwrap_or(&Value::Null);
    let text = |at: &str| place.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let row = place
        .pointer("/concrete/location/start_point/row")
        .and_then(Value::as_u64);
    let note = text("/symbolic/annotation");
    Finding {
        rule: item["ident"].as_str().unwrap_or_default().to_owned(),
        path: text("/symbolic/key/Local/verbatim_path")
            .trim_start_matches("./")
            .to_owned(),
        line: row.map_or(0, |row| row + 1),
        message: format!("{}: {note}", item["desc"].as_str().unwrap_or_default()),
    }
}
