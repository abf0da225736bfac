//! Alerts: what Prometheus reads of them, and the pages that they name.

use std::fs;

use anyhow::Result;
use regex::Regex;
use serde_json::{Value, json};

use super::charts::{LIMIT, program};
use super::manifests;
use super::scan::{finding, name, number, once};
use crate::process;
use crate::verify::check::{Batch, Finding, Ran, settle};

/// Every expression and every template of alerts and of an analysis is one that Prometheus takes.
pub fn rules(batch: &Batch) -> Result<Ran> {
    let manifests = manifests::of(batch)?;
    let folder = tempfile::tempdir()?;
    let mut command = program(batch.toolbox, "prometheus-rules", "prometheus-rules")?;
    let mut files = 0;
    for (number, document) in manifests.documents.iter().enumerate() {
        if let Some(groups) = groups(&document.object) {
            fs::write(
                folder.path().join(name(number)),
                json!({ "groups": groups }).to_string(),
            )?;
            command.arg(name(number));
            files += 1;
        }
    }
    if files == 0 {
        return Ok(Ran::Found(Vec::new()));
    }
    let output = process::run(command.current_dir(folder.path()), LIMIT)?;
    let mut findings = Vec::new();
    for line in output.stdout.lines() {
        let (file, message) = line.split_once(": ").unwrap_or(("", line));
        findings.push(finding(&manifests, number(file), None, "invalid".to_owned(), message));
    }
    Ok(settle(&output, once(findings)))
}

/// The groups of rules of an object; each query of an analysis is one.
fn groups(object: &Value) -> Option<Value> {
    match object["kind"].as_str()? {
        "PrometheusRule" => Some(object["spec"]["groups"].clone()),
        "AnalysisTemplate" => {
            let metrics = object["spec"]["metrics"].as_array()?.iter();
            let rule = |metric: &Value| {
                let query = metric["provider"]["prometheus"]["query"].as_str()?;
                Some(json!({ "record": "analysis", "expr": query }))
            };
            let rules: Vec<Value> = metrics.filter_map(rule).collect();
            Some(json!([{ "name": "analysis", "rules": rules }]))
        }
        _ => None,
    }
}

/// The page that an alert sends people to is in the repository.
pub fn runbooks(batch: &Batch) -> Result<Ran> {
    let named = Regex::new(r"\brunbook: *(docs/\S+)")?;
    let mut findings = Vec::new();
    for file in batch.files.iter().filter(|path| path.ends_with(".yaml")) {
        let text = fs::read_to_string(batch.folder.join(file))?;
        for (number, line) in (1..).zip(text.lines()) {
            let absent = |page: &str| !batch.files.iter().any(|file| file == page);
            if let Some(page) = named
                .captures(line)
                .map(|found| found[1].to_owned())
                .filter(|page| absent(page))
            {
                findings.push(Finding {
                    rule: "absent".to_owned(),
                    path: file.clone(),
                    line: number,
                    message: format!("`{page}` is not in the repository"),
                });
            }
        }
    }
    Ok(Ran::Found(findings))
}
