//! What a command does, or with `--dry-run` would do, to a directory: one value that is reported, printed and applied.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::plan::Plan;
use super::tree::{Policy, RelPath, Tree};

/// The layer of files that no template gives.
pub const OWN_LAYER: &str = "boatyard";

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
    /// Where it was before, when it moves.
    pub from: Option<RelPath>,
    /// What happens.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// How many regions of it are in conflict.
    pub conflicts: usize,
    /// Who keeps it current afterwards.
    pub policy: Policy,
    /// Whether it is a program.
    pub executable: bool,
    /// Its length in lines afterwards.
    pub lines: usize,
    /// The template layer that gives it; `boatyard` for Boatyard's own files and for files that nothing gives any more.
    pub layer: String,
    /// The choices that put it here.
    pub because: BTreeMap<String, String>,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was not there and is written.
    Create,
    /// It was as generated and is written anew.
    Update,
    /// The user's edits and the new output go together.
    Merge,
    /// It goes to another path, with the user's edits.
    Move,
    /// The user's edits and the new output contradict each other.
    Conflict,
    /// It stays as the user has it.
    Keep,
    /// It was as generated, is no longer given, and goes.
    Delete,
    /// It is already as it shall be and is under Boatyard from now on.
    Adopt,
    /// Nothing happens.
    Unchanged,
}

impl Action {
    /// Whether the directory is another one afterwards.
    pub fn writes(self) -> bool {
        matches!(
            self,
            Self::Create | Self::Update | Self::Merge | Self::Move | Self::Conflict | Self::Delete
        )
    }

    /// The word that people read, as in the document.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Merge => "merge",
            Self::Move => "move",
            Self::Conflict => "conflict",
            Self::Keep => "keep",
            Self::Delete => "delete",
            Self::Adopt => "adopt",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Why something happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The repository is new, or the file is.
    New,
    /// What is generated changed, and nobody edited the file.
    Changed,
    /// What is generated changed, and so did the user's file, elsewhere in it.
    Both,
    /// The same lines were changed in two ways.
    Overlap,
    /// What is generated changed, and the user's file is no text that could be merged.
    Unmergeable,
    /// What is generated changed, and something that is no file stands at its path.
    Obstructed,
    /// The user edited it; what is generated is as before.
    Edited,
    /// The user's file holds already what changed.
    Included,
    /// It was written once and is the user's since.
    Seeded,
    /// The user deleted it.
    Deleted,
    /// A file that Boatyard never wrote stands at its path.
    Yours,
    /// A file of the user's does the same under another name.
    Instead,
    /// Nothing gives it any more.
    Obsolete,
    /// Nothing gives it any more, and it is kept for the user's edits.
    Orphaned,
    /// It is as generated.
    Same,
    /// `--on-conflict` decided for the new output.
    Replaced,
    /// Boatyard keeps it for itself.
    Own,
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::New => "new",
            Self::Changed => "what is generated changed",
            Self::Both => "your edits and the changes go together",
            Self::Overlap => "your edits and the changes overlap",
            Self::Unmergeable => "it changed, but yours is no text that could be merged",
            Self::Obstructed => "it changed, but no plain file stands at its path",
            Self::Edited => "you edited it",
            Self::Included => "your edits hold the changes already",
            Self::Seeded => "yours since it was written",
            Self::Deleted => "you deleted it, so it stays away",
            Self::Yours => "your own file stands at its path",
            Self::Instead => "a file of yours does the same",
            Self::Obsolete => "no longer generated",
            Self::Orphaned => "no longer generated; kept for your edits",
            Self::Same => "as generated",
            Self::Replaced => "replaced, as `--on-conflict` says",
            Self::Own => "kept by boatyard for itself",
        })
    }
}

/// The changes that lay down `tree` in an empty directory.
pub fn create_all(plan: &Plan, tree: &Tree) -> Vec<Change> {
    tree.iter()
        .map(|(path, file)| {
            let (layer, because) = origin(plan, path);
            Change {
                path: path.clone(),
                from: None,
                action: Action::Create,
                reason: Reason::New,
                conflicts: 0,
                policy: file.policy,
                executable: file.executable,
                lines: file.text.lines().count(),
                layer,
                because,
            }
        })
        .collect()
}

/// The layer that gives a path, and the choices that put it there.
pub fn origin(plan: &Plan, path: &RelPath) -> (String, BTreeMap<String, String>) {
    match plan.outputs.iter().find(|output| output.path == *path) {
        Some(output) => (output.layer.clone(), output.because.clone()),
        None => (OWN_LAYER.to_owned(), BTreeMap::new()),
    }
}
