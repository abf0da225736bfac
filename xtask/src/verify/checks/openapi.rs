//! The OpenAPI document: the one the service itself describes, and any that lies in the tree.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use super::node;
use crate::process;
use crate::verify::check::{Batch, Finding, Ran, settle};
use crate::verify::toolbox::pins_folder;

const LIMIT: Duration = Duration::from_secs(120);
const SCRIPT: &str = "openapi";

/// The service, which describes itself, and documents.
pub const READS: &[&str] = &["**/*.ts", "**/*openapi*.json", "**/*openapi*.yaml"];

/// Rules for API descriptions.
pub fn redocly(batch: &Batch) -> Result<Ran> {
    let is_document = |path: &&String| path.contains("openapi") && !path.ends_with(".ts");
    let documents: Vec<&String> = batch.files.iter().filter(is_document).collect();
    let described = described(batch)?;
    if described.is_none() && documents.is_empty() {
        return Ok(Ran::Not(format!("package.json has no script `{SCRIPT}`")));
    }
    let mut findings = Vec::new();
    if let Some(text) = described {
        // Outside the tree, where other tools would take it for a part of the project.
        let file = tempfile::Builder::new().suffix(".json").tempfile()?;
        fs::write(file.path(), text)?;
        findings.extend(lint(batch, file.path(), "openapi.json")?);
    }
    for document in documents {
        findings.extend(lint(batch, &batch.folder.join(document), document)?);
    }
    Ok(Ran::Found(findings))
}

/// What the service says of itself, without being started.
fn described(batch: &Batch) -> Result<Option<String>> {
    let manifest = fs::read_to_string(batch.folder.join("package.json")).unwrap_or_else(|_| "{}".to_owned());
    let manifest: Value = serde_json::from_str(&manifest)?;
    if manifest["scripts"].get(SCRIPT).is_none() || !node::link(batch)? {
        return Ok(None);
    }
    let mut npm = batch.toolbox.command("npm");
    npm.args(["run", "--silent", SCRIPT]).current_dir(batch.folder);
    let output = process::ok(&mut npm, LIMIT)?;
    let _: Value = serde_json::from_str(&output.stdout).context("`npm run openapi` gave no JSON")?;
    Ok(Some(output.stdout))
}

fn lint(batch: &Batch, document: &Path, name: &str) -> Result<Vec<Finding>> {
    #[derive(Deserialize)]
    struct Page {
        problems: Vec<Problem>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Problem {
        rule_id: String,
        message: String,
        location: Vec<Location>,
    }
    #[derive(Deserialize)]
    struct Location {
        pointer: Option<String>,
    }
    let mut command = batch.toolbox.command("redocly");
    command
        .args(["lint", "--format", "json", "--config"])
        .arg(pins_folder().join("config/redocly.yaml"))
        .arg(document);
    command
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    let output = process::run(command.current_dir(batch.folder), LIMIT)?;
    let page: Page = serde_json::from_str(&output.stdout)
        .with_context(|| format!("redocly gave no JSON: {}", process::tail(&output.text(), 500)))?;
    let findings = page.problems.into_iter().map(|problem| {
        let pointer = problem
            .location
            .into_iter()
            .find_map(|place| place.pointer)
            .unwrap_or_default();
        Finding {
            rule: problem.rule_id,
            path: name.to_owned(),
            line: 0,
            message: format!("{pointer}: {}", problem.message),
        }
    });
    match settle(&output, findings.collect()) {
        Ran::Found(findings) => Ok(findings),
        Ran::Not(reason) => bail!(reason),
    }
}
