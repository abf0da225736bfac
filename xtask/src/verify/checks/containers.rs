//! Dockerfiles and compose files.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;
use crate::verify::check::{Batch, Finding, Ran, settle};

const LIMIT: Duration = Duration::from_secs(120);

/// What `docker compose config` looks at.
pub const COMPOSE_READS: &[&str] = &["**/compose*.yaml", "**/compose*.yml", "**/.env*"];

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
    let mut command = batch.toolbox.command("dclint");
    command
        .args(["--formatter", "json", "--config"])
        .arg(config)
        .args(&batch.files);
    let output = process::run(command.current_dir(batch.folder), LIMIT)?;
    let files: Vec<File> = serde_json::from_str(&output.stdout).context("dclint gave no JSON")?;
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

fn relative(path: &str, folder: &Path) -> String {
    Path::new(path)
        .strip_prefix(folder)
        .map_or(path.to_owned(), |path| path.to_string_lossy().into_owned())
}
