//! The distinct charts of many trees, and `helm`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use regex::Regex;
use serde::Deserialize as _;
use serde_json::Value;

use crate::process::{self, Output};
use crate::verify::cache;
use crate::verify::check::Batch;
use crate::verify::toolbox::Toolbox;

/// Longest wait for a program that looks at everything.
pub const LIMIT: Duration = Duration::from_secs(300);

/// A chart that differs from all others, in the first tree that has it.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Its folder, which begins with the tree's name
    pub path: String,
    /// Its files, relative to the folder, with their content
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Chart {
    /// The files of values that lie over `values.yaml`.
    pub fn overlays(&self) -> Vec<&str> {
        let overlay = |name: &&String| name.starts_with("values-") && name.ends_with(".yaml");
        self.files.keys().filter(overlay).map(String::as_str).collect()
    }

    /// A file as YAML; `Null` when it is not there.
    pub fn yaml(&self, name: &str) -> Result<Value> {
        let Some(content) = self.files.get(name) else {
            return Ok(Value::Null);
        };
        serde_yaml_ng::from_slice(content).with_context(|| format!("{}/{name}", self.path))
    }

    /// A digest of some of its files.
    pub fn digest(&self, wanted: impl Fn(&str) -> bool) -> String {
        let files = self.files.iter().filter(|(name, _)| wanted(name));
        let parts: Vec<&[u8]> = files
            .flat_map(|(name, content)| [name.as_bytes(), content.as_slice()])
            .collect();
        cache::digest(&parts)
    }

    /// Whether another chart is this one but for how a program is called.
    pub fn is_like(&self, other: &Self) -> bool {
        let called = |line: &&str| {
            !["command: [", "args: ["]
                .iter()
                .any(|key| line.trim_start().starts_with(key))
        };
        let same = |(name, content): (&String, &Vec<u8>)| {
            let (own, other) = (String::from_utf8_lossy(content), other.files.get(name));
            other.is_some_and(|other| {
                own.lines()
                    .filter(called)
                    .eq(String::from_utf8_lossy(other).lines().filter(called))
            })
        };
        self.files.len() == other.files.len() && self.files.iter().all(same)
    }
}

/// The charts that are not like one before them: what is costly is done with these.
pub fn kinds(charts: &[Chart]) -> Vec<bool> {
    let first = |(number, chart): (usize, &Chart)| !charts[..number].iter().any(|other| chart.is_like(other));
    charts.iter().enumerate().map(first).collect()
}

/// The distinct charts among a batch's files.
pub fn charts(batch: &Batch) -> Result<Vec<Chart>> {
    let mut charts = BTreeMap::new();
    for manifest in batch.files.iter().filter(|path| path.ends_with("/Chart.yaml")) {
        let path = manifest.trim_end_matches("/Chart.yaml");
        let mut files = BTreeMap::new();
        for file in &batch.files {
            if let Some(name) = file.strip_prefix(path).and_then(|rest| rest.strip_prefix('/')) {
                files.insert(name.to_owned(), fs::read(batch.folder.join(file))?);
            }
        }
        let chart = Chart {
            path: path.to_owned(),
            files,
        };
        // Charts are one if they have the same name and the same files.
        let key = (within(path).to_owned(), chart.digest(|_| true));
        let number = charts.len();
        charts.entry(key).or_insert((number, chart));
    }
    let mut charts: Vec<(usize, Chart)> = charts.into_values().collect();
    charts.sort_by_key(|(number, _)| *number);
    Ok(charts.into_iter().map(|(_, chart)| chart).collect())
}

/// A path without the name of its tree.
pub fn within(path: &str) -> &str {
    path.split_once('/').map_or(path, |(_, rest)| rest)
}

/// The programs that only charts need, installed when the first one is looked at.
pub fn program(toolbox: &Toolbox, set: &str, name: &str) -> Result<Command> {
    let program = toolbox.go_tools(set)?.join("bin").join(name);
    Ok(toolbox.command(&program.to_string_lossy()))
}

/// Calls helm, which finds nothing of its user's on this machine.
pub fn helm(toolbox: &Toolbox, folder: &Path, arguments: &[&str]) -> Result<Output> {
    let mut helm = program(toolbox, "kubernetes", "helm")?;
    for (variable, name) in [("CONFIG", "config"), ("CACHE", "cache"), ("DATA", "data")] {
        helm.env(
            format!("HELM_{variable}_HOME"),
            std::env::temp_dir().join(format!("no-helm-{name}")),
        );
    }
    helm.env_remove("KUBECONFIG").args(arguments).current_dir(folder);
    process::run(&mut helm, LIMIT)
}

/// Reads every document of a YAML text, as Kubernetes does; one that holds nothing is left out.
pub fn documents(text: &str) -> Result<Vec<Value>> {
    let mut documents = Vec::new();
    // Of YAML 1.1, where a number that begins with 0 is octal: a file's mode.
    let octal = Regex::new(r"(?m)(: +)0([0-7]+)$")?;
    let text = octal.replace_all(text, "${1}0o$2");
    for document in serde_yaml_ng::Deserializer::from_str(&text) {
        // By way of YAML's own values: they refuse a key that is there twice.
        let document = serde_json::to_value(serde_yaml_ng::Value::deserialize(document)?)?;
        if !document.is_null() {
            documents.push(document);
        }
    }
    Ok(documents)
}

/// A value at a dotted path.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, key| &value[key])
}

/// Values with one entry, at a dotted path.
pub fn nested(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, key| {
        Value::Object(std::iter::once((key.to_owned(), inner)).collect())
    })
}

/// Writes a file below a folder.
pub fn write(folder: &Path, name: &str, content: &[u8]) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap_or(folder))?;
    fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_as_kubernetes_does() {
        let read = documents("---\nmode: 0440\n---\n# nothing\n---\nport: 80\n").unwrap();
        assert_eq!(
            read,
            [serde_json::json!({"mode": 288}), serde_json::json!({"port": 80})]
        );
        assert!(documents("a: 1\na: 2\n").is_err());
    }
}
