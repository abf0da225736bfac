//! Suppressions: a generated file must be right, not excused.

use std::fs;

use anyhow::{Context, Result};
use globset::GlobSet;
use regex::Regex;
use serde::Deserialize;

use crate::verify::check::{Batch, Finding, Ran, globs};

const LIST: &str = include_str!("../suppressions.json");

#[derive(Deserialize)]
struct Entry {
    tool: String,
    pattern: Option<String>,
    path: Option<String>,
}

struct Mark {
    tool: String,
    pattern: Option<Regex>,
    path: Option<GlobSet>,
}

/// No file excuses itself from any tool.
pub fn check(batch: &Batch) -> Result<Ran> {
    let marks = marks()?;
    let mut findings = Vec::new();
    for path in &batch.files {
        let Ok(text) = fs::read_to_string(batch.folder.join(path)) else {
            continue;
        };
        for (tool, line) in suppressions(&marks, path, &text) {
            let message = format!("suppresses {tool}");
            findings.push(Finding {
                rule: tool,
                path: path.clone(),
                line,
                message,
            });
        }
    }
    Ok(Ran::Found(findings))
}

fn marks() -> Result<Vec<Mark>> {
    let entries: Vec<Entry> = serde_json::from_str(LIST).context("suppressions.json")?;
    let mark = |entry: Entry| {
        Ok(Mark {
            pattern: entry.pattern.as_deref().map(Regex::new).transpose()?,
            path: entry.path.as_deref().map(|path| globs(&[path])).transpose()?,
            tool: entry.tool,
        })
    };
    entries.into_iter().map(mark).collect()
}

fn suppressions(marks: &[Mark], path: &str, text: &str) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for mark in marks
        .iter()
        .filter(|mark| mark.path.as_ref().is_none_or(|globs| globs.is_match(path)))
    {
        let Some(pattern) = &mark.pattern else {
            found.push((mark.tool.clone(), 0));
            continue;
        };
        for (number, line) in (1..).zip(text.lines()) {
            if pattern.is_match(line) {
                found.push((mark.tool.clone(), number));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_seen_and_plain_words_are_not() {
        let marks = marks().unwrap();
        for (path, line, tool) in [
            ("a.ts", "// biome-ignore lint/suspicious: why", "biome"),
            ("a.ts", "// @ts-expect-error", "typescript"),
            ("a.ts", "/* v8 ignore next */", "coverage"),
            ("Dockerfile", "# hadolint ignore=DL3008", "hadolint"),
            ("Dockerfile", "# check=skip=all", "docker"),
            ("a.sh", "# shellcheck disable=SC2086", "shellcheck"),
            ("a.yml", "uses: x # zizmor: ignore[unpinned-uses]", "zizmor"),
            ("a.yml", "# yamllint disable-line", "yamllint"),
            ("a.yml", "# checkov:skip=CKV_1", "checkov"),
            ("a.yml", "# dclint-disable", "dclint"),
            ("a.md", "<!-- markdownlint-disable -->", "markdownlint"),
            ("a.py", "import os  # noqa: F401", "python"),
            ("a.go", "x() //nolint:errcheck", "go"),
            ("Makefile", "\tnpm run lint || true", "exit code"),
            ("a/.trivyignore", "CVE-1", "configuration"),
            ("biome.json", "\"noFoo\": \"off\"", "configuration"),
        ] {
            let found = suppressions(&marks, path, line);
            assert_eq!(
                found.first().map(|(tool, _)| tool.as_str()),
                Some(tool),
                "{path}: {line}"
            );
        }
        for line in [
            "ignored by git",
            "we disable compression here",
            "check the skip link",
            "docker rm x || true",
        ] {
            assert!(suppressions(&marks, "a.md", line).is_empty(), "{line}");
        }
    }
}
