//! GitHub workflows: their syntax, and what an attacker would make of them.

use std::time::Duration;

use anyhow::{Context, Result};
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
    let findings = items.iter().map(|item| {
        let place = &item["locations"][0];
        let key = place
            .pointer("/symbolic/key/Local/given_path")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let line = place
            .pointer("/concrete/location/start_point/row")
            .and_then(Value::as_u64);
        let note = place
            .pointer("/symbolic/annotation")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Finding {
            rule: item["ident"].as_str().unwrap_or_default().to_owned(),
            path: key.trim_start_matches("./").to_owned(),
            line: line.map_or(0, |row| row + 1),
            message: format!("{}: {note}", item["desc"].as_str().unwrap_or_default()),
        }
    });
    Ok(settle(&output, findings.collect()))
}
