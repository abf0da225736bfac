//! JSON Schemas: those that the validator bundles, and Boatyard's own in the tree.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;
use crate::verify::check::{Batch, Finding, Ran, settle};

/// The answers and the schema they name.
pub const ANSWERS_READS: &[&str] = &["boatyard.json", ".boatyard/answers.schema.json"];

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

/// `boatyard.json` against the schema beside it.
pub fn answers(batch: &Batch) -> Result<Ran> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(rename = "$schema")]
        schema: String,
    }
    let Ok(text) = std::fs::read_to_string(batch.folder.join("boatyard.json")) else {
        return Ok(Ran::Not("the tree has no boatyard.json".to_owned()));
    };
    let head: Head = serde_json::from_str(&text).context("boatyard.json names no $schema")?;
    if !batch.folder.join(&head.schema).is_file() {
        let message = format!("its $schema `{}` is not in the repository", head.schema);
        let (rule, path) = ("absent".to_owned(), "boatyard.json".to_owned());
        return Ok(Ran::Found(vec![Finding {
            rule,
            path,
            line: 0,
            message,
        }]));
    }
    let files: Vec<String> = batch
        .files
        .iter()
        .filter(|path| !path.ends_with(".schema.json"))
        .cloned()
        .collect();
    check(batch, &["--schemafile", &head.schema], &files)
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
