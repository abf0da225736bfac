//! Dockerfiles and compose files.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;
use crate::verify::check::{Batch, Finding, Ran, relative, settle};

const LIMIT: Duration = Duration::from_secs(120);

/// What `docker compose config` looks at.
pub const COMPOSE_READS: &[&str] = &["**/compose*.yaml", "**/compose*.yml", "**/.env*"];

/// What `docker build --check` looks at.
pub const DOCKERFILES: &[&str] = &["**/Dockerfile", ".dockerignore"];

/// Dockerfile rules.
pub fn hadolint(batch: &Batch) -> Result<Ran> {
    #[derive(Deserialize)]
    struct Item {
        code: String,
        file: String,
        line: u64,
        message: String,
    }
    let mut command = batch.toolbox.command("hadolint");
    command
        .args(["--format", "json", "--failure-threshold", "style"])
        .args(&batch.files);
    let output = process::run(command.current_dir(batch.folder), LIMIT)?;
    let items: Vec<Item> = serde_json::from_str(&output.stdout).context("hadolint gave no JSON")?;
    let finding = |item: Item| Finding {
        rule: item.code,
        path: item.file,
        line: item.line,
        message: item.message,
    };
    Ok(settle(&output, items.into_iter().map(finding).collect()))
}

/// BuildKit's own checks, which need the base images' metadata.
pub fn docker_check(batch: &Batch) -> Result<Ran> {
    #[derive(Deserialize)]
    struct Page {
        warnings: Option<Vec<Warning>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Warning {
        rule_name: String,
        detail: String,
        location: Option<Location>,
    }
    #[derive(Deserialize)]
    struct Location {
        ranges: Vec<Range>,
    }
    #[derive(Deserialize)]
    struct Range {
        start: Start,
    }
    #[derive(Deserialize)]
    struct Start {
        line: u64,
    }
    let buildx = process::run(Command::new("docker").args(["buildx", "inspect"]), LIMIT);
    if !buildx.is_ok_and(|output| output.code == 0) {
        return Ok(Ran::Not("docker with buildx is not here".to_owned()));
    }
    let mut absent = None;
    let mut findings = Vec::new();
    for file in batch.files.iter().filter(|path| !path.ends_with(".dockerignore")) {
        let mut docker = Command::new("docker");
        docker.args([
            "buildx",
            "build",
            "--quiet",
            "--call=check,format=json",
            "--file",
            file,
            ".",
        ]);
        let output = process::run(docker.current_dir(batch.folder), LIMIT)?;
        if ["failed to resolve source metadata", "failed to resolve image"]
            .iter()
            .any(|no| output.stderr.contains(no))
        {
            absent = Some(format!(
                "a base image cannot be had: {}",
                process::tail(&output.stderr, 200)
            ));
            continue;
        }
        let page: Page = serde_json::from_str(&output.stdout)
            .with_context(|| format!("docker build --check: {}", process::tail(&output.text(), 500)))?;
        let warnings = page.warnings.unwrap_or_default();
        if output.code != 0 && warnings.is_empty() {
            let message = process::tail(&output.stderr, 300).to_owned();
            findings.push(Finding {
                rule: "error".to_owned(),
                path: file.clone(),
                line: 0,
                message,
            });
        }
        findings.extend(warnings.into_iter().map(|warning| {
            Finding {
                rule: warning.rule_name,
                path: file.clone(),
                line: warning
                    .location
                    .and_then(|place| Some(place.ranges.first()?.start.line))
                    .unwrap_or(0),
                message: warning.detail,
            }
        }));
    }
    match absent {
        Some(reason) if findings.is_empty() => Ok(Ran::Not(reason)),
        _ => Ok(Ran::Found(findings)),
    }
}

/// Compose rules.
pub fn dclint(batch: &Batch) -> Result<Ran> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct File {
        file_path: String,
        messages: Vec<Message>,
    }
    #[derive(Deserialize)]
    struct Message {
        rule: String,
        line: u64,
        message: String,
    }
    let config = crate::verify::toolbox::pins_folder().join("config/dclint.json");
    // It ends without waiting for a pipe to be read, so the report goes through a file.
    let report = tempfile::NamedTempFile::new()?;
    let mut command = batch.toolbox.command("dclint");
    command
        .args(["--formatter", "json", "--config"])
        .arg(config)
        .arg("--output-file")
        .arg(report.path());
    let output = process::run(command.args(&batch.files).current_dir(batch.folder), LIMIT)?;
    let files: Vec<File> = serde_json::from_str(&fs::read_to_string(report.path())?)
        .with_context(|| format!("dclint gave no JSON: {}", process::tail(&output.stderr, 500)))?;
    let mut findings = Vec::new();
    for file in files {
        let path = relative(&file.file_path, batch.folder);
        findings.extend(file.messages.into_iter().map(|found| Finding {
            rule: found.rule,
            path: path.clone(),
            line: found.line,
            message: found.message,
        }));
    }
    Ok(settle(&output, findings))
}

/// Whether compose itself accepts each file, with the example environment and every profile.
pub fn compose_config(batch: &Batch) -> Result<Ran> {
    let version = process::run(Command::new("docker").args(["compose", "version"]), LIMIT);
    if !version.is_ok_and(|output| output.code == 0) {
        return Ok(Ran::Not("docker compose is not here".to_owned()));
    }
    let mut findings = Vec::new();
    for file in batch.files.iter().filter(|path| !path.contains(".env")) {
        let path = batch.folder.join(file);
        let folder = path.parent().unwrap_or(batch.folder);
        let example = [folder, batch.folder]
            .into_iter()
            .map(|at| at.join(".env.example"))
            .find(|at| at.exists());
        if let Some(example) = &example {
            fs::copy(example, example.with_file_name(".env"))?;
        }
        let mut command = Command::new("docker");
        command.arg("compose");
        if let Some(example) = &example {
            command.arg("--env-file").arg(example);
        }
        command
            .args(["--profile", "*", "--file"])
            .arg(&path)
            .args(["config", "--quiet"]);
        let output = process::run(command.current_dir(folder), LIMIT)?;
        let rule = if output.code == 0 { "warning" } else { "config" };
        findings.extend(
            output
                .stderr
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(|line| Finding {
                    rule: rule.to_owned(),
                    path: file.clone(),
                    line: 0,
                    message: line.to_owned(),
                }),
        );
    }
    Ok(Ran::Found(findings))
}
