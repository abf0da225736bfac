//! Findings that are wrong about us: one reviewed list, each with its reason.

use std::cell::Cell;

use anyhow::{Context, Result};
use globset::GlobSet;
use serde::Deserialize;

use super::check::globs;

const LIST: &str = include_str!("exceptions.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    tool: String,
    rule: String,
    path: String,
    reason: String,
}

/// One accepted finding.
pub struct Exception {
    /// The check
    pub tool: String,
    /// Its rule
    pub rule: String,
    /// Pattern of the paths it holds for
    pub path: String,
    /// Why the finding is wrong here
    pub reason: String,
    globs: GlobSet,
    uses: Cell<usize>,
}

/// The reviewed list.
pub struct Exceptions(Vec<Exception>);

impl Exceptions {
    /// Reads the list.
    pub fn load() -> Result<Self> {
        Self::parse(LIST)
    }

    /// Reads a list from its text.
    pub fn parse(text: &str) -> Result<Self> {
        let entries: Vec<Entry> = serde_json::from_str(text).context("exceptions.json")?;
        let build = |entry: Entry| {
            Ok(Exception {
                globs: globs(&[&entry.path])?,
                tool: entry.tool,
                rule: entry.rule,
                path: entry.path,
                reason: entry.reason,
                uses: Cell::new(0),
            })
        };
        entries.into_iter().map(build).collect::<Result<_>>().map(Self)
    }

    /// Whether a finding is listed; counts the use.
    pub fn covers(&self, tool: &str, rule: &str, path: &str) -> bool {
        let found = self
            .0
            .iter()
            .find(|entry| entry.tool == tool && entry.rule == rule && entry.globs.is_match(path));
        found.inspect(|entry| entry.uses.set(entry.uses.get() + 1)).is_some()
    }

    /// Every exception, with how often it was used.
    pub fn uses(&self) -> impl Iterator<Item = (&Exception, usize)> {
        self.0.iter().map(|entry| (entry, entry.uses.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_names_a_check_and_gives_a_reason() {
        let ids: Vec<_> = crate::verify::checks::all().iter().map(|check| check.id).collect();
        for (entry, _) in Exceptions::load().unwrap().uses() {
            assert!(ids.contains(&entry.tool.as_str()), "{} is no check", entry.tool);
            assert!(
                entry.reason.split_whitespace().count() >= 8,
                "{} {}: {}",
                entry.tool,
                entry.rule,
                entry.reason
            );
        }
    }
}
