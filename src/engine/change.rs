//! What a command does, or with `--dry-run` would do, to a directory: one value that is reported, printed and applied.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::plan::Plan;
use super::tree::{Policy, RelPath, Tree};

/// The changes to one directory, sorted by path.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ChangeSet {
    /// The version of this document's shape.
    pub schema: &'static str,
    /// The command that made it.
    pub command: &'static str,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// The directory, as the user named it.
    pub directory: String,
    /// The answers, as in `boatyard.json`.
    pub answers: Value,
    /// The changes, sorted by path.
    pub changes: Vec<Change>,
    /// Lock files that package managers made afterwards.
    pub locked: Vec<RelPath>,
    /// The first commit, if one was made.
    pub committed: Option<String>,
    /// A command that gives the same files.
    pub equivalent: Vec<String>,
}

/// What happens to one file.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// Its path inside the directory.
    pub path: RelPath,
    /// What happens.
    pub action: Action,
    /// Who keeps it current afterwards.
    pub policy: Policy,
    /// Whether it is a program.
    pub executable: bool,
    /// Its length in lines.
    pub lines: usize,
    /// The template layer that gives it; `boatyard` for Boatyard's own files.
    pub layer: String,
    /// The choices that put it here.
    pub because: BTreeMap<String, String>,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was not there and is written.
    Create,
}

/// The changes that lay down `tree` in an empty directory.
pub fn create_all(plan: &Plan, tree: &Tree) -> Vec<Change> {
    tree.iter()
        .map(|(path, file)| {
            let output = plan.outputs.iter().find(|output| output.path == *path);
            Change {
                path: path.clone(),
                action: Action::Create,
                policy: file.policy,
                executable: file.executable,
                lines: file.text.lines().count(),
                layer: output.map_or_else(|| "boatyard".to_owned(), |output| output.layer.clone()),
                because: output.map(|output| output.because.clone()).unwrap_or_default(),
            }
        })
        .collect()
}
