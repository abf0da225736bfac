//! JSON Schemas: those that the validator bundles, and Boatyard's own in the tree.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;
use crate::verify::check::{Batch, Finding, Ran, settle};

/// GitHub workflows.
pub fn workflows(batch: &Batch) -> Result<Ran> {
    builtin(batch, "vendor.github-workflows")
}

/// GitHub composite actions.
pub fn actions(batch: &Batch) -> Result<Ran> {
    builtin(batch, "vendor.github-actions")
}

/// Dependabot's configuration.
pub fn dependabot(batch: &Batch) -> Result<Ran> {
    builtin(batch, "vendor.dependabot")
}

/// Compose files.
pub fn compose(batch: &Batch) -> Result<Ran> {
    builtin(batch, "vendor.compose-spec")
}

/// `boatyard.json` against the schema it names; one call for all that name the same schema.
pub fn answers(batch: &Batch) -> Result<Ran> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(rename = "$schema")]
        schema: String,
    }
    let mut groups: BTreeMap<Vec<u8>, (PathBuf, Vec<String>)> = BTreeMap::new();
    let mut findings = Vec::new();
    for file in &batch.files {
        let path = batch.folder.join(file);
        let head: Head =
            serde_json::from_str(&fs::read_to_string(&path)?).with_context(|| format!("{file} names no $schema"))?;
        let schema = path.with_file_name(&head.schema);
        match fs::read(&schema) {
            Ok(content) => groups
                .entry(content)
                .or_insert_with(|| (schema, Vec::new()))
                .1
                .push(file.clone()),
            Err(_) => findings.push(Finding {
                rule: "absent".to_owned(),
                path: file.clone(),
                line: 0,
                message: format!("its $schema `{}` is not in the repository", head.schema),
            }),
        }
    }
    for (schema, files) in groups.into_values() {
        let schema = schema.to_string_lossy().into_owned();
        if let Ran::Found(found) = check(batch, &["--schemafile", &schema], &files)? {
            findings.extend(found);
        }
    }
    Ok(Ran::Found(findings))
}

fn builtin(batch: &Batch, name: &str) -> Result<Ran> {
    check(batch, &["--builtin-schema", name], &batch.files)
}

fn check(batch: &Batch, schema: &[&str], files: &[String]) -> Result<Ran> {
    #[derive(Deserialize)]
    struct Page {
        #[serde(default)]
        errors: Vec<Problem>,
        #[serde(default)]
        parse_errors: Vec<ParseProblem>,
    }
    #[derive(Deserialize)]
    struct Problem {
        filename: String,
        path: String,
        message: String,
    }
    #[derive(Deserialize)]
    struct ParseProblem {
        filename: String,
        message: String,
    }
    let mut command = batch.toolbox.command("check-jsonschema");
    command.args(schema).args(["--output-format", "json"]).args(files);
    let output = process::run(command.current_dir(batch.folder), Duration::from_secs(120))?;
    let page: Page = serde_json::from_str(&output.stdout)
        .with_context(|| format!("check-jsonschema gave no JSON: {}", process::tail(&output.text(), 500)))?;
    let problems = page.errors.into_iter().map(|problem| Finding {
        rule: "schema".to_owned(),
        path: clean(&problem.filename),
        line: 0,
        message: format!("{}: {}", problem.path, problem.message),
    });
    let unread = page.parse_errors.into_iter().map(|problem| Finding {
        rule: "parse".to_owned(),
        path: clean(&problem.filename),
        line: 0,
        message: problem.message,
    });
    Ok(settle(&output, problems.chain(unread).collect()))
}

fn clean(path: &str) -> String {
    Path::new(path)
        .strip_prefix("./")
        .unwrap_or(Path::new(path))
        .to_string_lossy()
        .into_owned()
}
