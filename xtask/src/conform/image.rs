//! Building the image, and what BuildKit's own record says about the build.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use serde_json::Value;

use super::docker;
use crate::process;

/// One step of a build, as BuildKit recorded it.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// `[build 4/5] RUN npm run build`
    pub name: String,
    /// Whether it came from the cache
    pub cached: bool,
}

/// A built image.
#[derive(Debug, Clone)]
pub struct Build {
    /// Its tag
    pub image: String,
    /// Wall time of the build
    pub seconds: f64,
    /// Its steps
    pub steps: Vec<Step>,
    /// What its steps wrote
    pub log: String,
}

/// Builds a folder's Dockerfile.
pub fn build(folder: &Path, tag: &str, arguments: &[&str]) -> Result<Build> {
    let mut command = Command::new("docker");
    command
        .args(["buildx", "build", "--progress=rawjson", "--load", "--tag", tag])
        .args(["--label", &docker::label()])
        .args(arguments)
        .arg(folder);
    let output = process::run(&mut command, Duration::from_secs(900))?;
    let (steps, log) = (steps(&output.stderr), log(&output.stderr));
    if output.code != 0 {
        let lines: Vec<&str> = output.stderr.lines().filter(|line| !line.starts_with('{')).collect();
        anyhow::bail!(
            "the image does not build: {} {}",
            process::tail(&log, 1500),
            lines.join(" ")
        );
    }
    Ok(Build {
        image: tag.to_owned(),
        seconds: output.elapsed.as_secs_f64(),
        steps,
        log,
    })
}

fn steps(record: &str) -> Vec<Step> {
    let mut steps: BTreeMap<String, Step> = BTreeMap::new();
    for event in record
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
    {
        for vertex in event["vertexes"].as_array().into_iter().flatten() {
            let Some(digest) = vertex["digest"].as_str() else {
                continue;
            };
            let step = steps.entry(digest.to_owned()).or_default();
            step.name = vertex["name"].as_str().unwrap_or_default().to_owned();
            step.cached |= vertex["cached"] == true;
        }
    }
    steps.into_values().collect()
}

fn log(record: &str) -> String {
    let mut text = String::new();
    for event in record
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
    {
        for vertex in event["vertexes"].as_array().into_iter().flatten() {
            text += vertex["error"].as_str().unwrap_or_default();
        }
        for log in event["logs"].as_array().into_iter().flatten() {
            text += &plain(log["data"].as_str().unwrap_or_default());
        }
    }
    text
}

fn plain(text: &str) -> String {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The base image of the Dockerfile's last stage.
pub fn base(folder: &Path) -> Result<String> {
    let text = fs::read_to_string(folder.join("Dockerfile"))?;
    let last = text.lines().rfind(|line| line.starts_with("FROM "));
    let words: Vec<&str> = last.context("no FROM in Dockerfile")?.split_whitespace().collect();
    let name = words.iter().skip(1).find(|word| !word.starts_with("--"));
    Ok((*name.context("FROM without an image")?).to_owned())
}

/// The base image of the first stage in which something runs, which so has a shell.
pub fn builder(folder: &Path) -> Result<String> {
    let text = fs::read_to_string(folder.join("Dockerfile"))?;
    let mut stage = None;
    for line in text.lines() {
        if let Some(from) = line.strip_prefix("FROM ") {
            stage = from.split_whitespace().find(|word| !word.starts_with("--"));
        }
        if let (true, Some(image)) = (line.starts_with("RUN "), stage) {
            return Ok(image.to_owned());
        }
    }
    anyhow::bail!("no stage of the Dockerfile runs anything")
}

/// Size of an image in MB (10^6 bytes, uncompressed).
pub fn megabytes(image: &str) -> Result<f64> {
    let size = docker::inspect(image)?["Size"].as_f64();
    Ok(size.context("no size")? / 1e6)
}

/// The paths in an image's file system.
pub fn files(image: &str) -> Result<Vec<String>> {
    let id = docker::ok(&["create", "--label", &docker::label(), image])?;
    let script = format!("docker export {id} | tar -t");
    let listed = process::ok(Command::new("sh").args(["-c", &script]), Duration::from_secs(120));
    docker::ok(&["rm", "-fv", &id])?;
    let files: Vec<String> = listed?.stdout.lines().map(str::to_owned).collect();
    ensure!(!files.is_empty(), "the image holds no files");
    Ok(files)
}
