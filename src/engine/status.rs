//! How a repository stands to what its answers give today.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::base::{Base, State};
use super::change::{Action, Reason};
use super::merge::shape::Shaped;
use super::merge::text::holds_markers;
use super::merge::{self, Update};
use super::resolve::VERSION;
use super::tree::{Found, Policy, RelPath};

/// The document of `boatyard status --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Status {
    /// The version of this document's shape.
    pub schema: &'static str,
    /// The directory, as the user named it.
    pub directory: String,
    /// The Boatyard that made the last update.
    pub boatyard: String,
    /// The Boatyard that looks.
    pub this: &'static str,
    /// Boatyard or the answers moved on: an update would change something.
    pub behind: bool,
    /// People edited generated files.
    pub edited: bool,
    /// A generated file is gone, the base is damaged, or an update was interrupted.
    pub drifted: bool,
    /// What an update would do, by path.
    pub pending: BTreeMap<RelPath, Action>,
    /// Generated files that people edited.
    pub edits: Vec<RelPath>,
    /// Generated files that are gone, and no update was told so yet.
    pub missing: Vec<RelPath>,
    /// Files that still hold conflict markers.
    pub conflicts: Vec<RelPath>,
    /// Files that are no longer generated, kept for their edits.
    pub orphans: Vec<RelPath>,
    /// What is wrong beside that, in words.
    pub problems: Vec<String>,
}

impl Status {
    /// The status of a repository whose base cannot be read, or whose update was interrupted.
    pub fn broken(directory: String, problem: String) -> Self {
        Self {
            schema: SCHEMA,
            directory,
            boatyard: String::new(),
            this: VERSION,
            behind: false,
            edited: false,
            drifted: true,
            pending: BTreeMap::new(),
            edits: Vec::new(),
            missing: Vec::new(),
            conflicts: Vec::new(),
            orphans: Vec::new(),
            problems: vec![problem],
        }
    }

    /// The status of a repository for which an update comes to this.
    pub fn new(directory: String, base: &Base, disk: &BTreeMap<RelPath, Found>, update: &Update) -> Self {
        let pending: BTreeMap<RelPath, Action> = update
            .changes
            .iter()
            .filter(|change| {
                change.action.writes() && (change.reason != Reason::Own || change.path.as_str() == ANSWERS)
            })
            .map(|change| (change.path.clone(), change.action))
            .collect();
        let at = |path: &RelPath| disk.get(path).unwrap_or(&Found::Absent);
        let of = |state: State, fits: &dyn Fn(&RelPath) -> bool| -> Vec<RelPath> {
            let entries = base.files.iter().filter(|(_, entry)| entry.state == state);
            entries
                .map(|(path, _)| path)
                .filter(|path| fits(path))
                .cloned()
                .collect()
        };
        let present = |path: &RelPath| *at(path) != Found::Absent;
        let mut edits = of(State::Current, &|path| {
            let entry = &base.files[path];
            entry.file.policy == Policy::Managed && present(path) && !merge::pristine(path, entry, at(path))
        });
        let orphans = of(State::Orphan, &present);
        edits.extend(orphans.iter().cloned());
        edits.sort();
        let missing = of(State::Current, &|path| {
            base.files[path].file.policy == Policy::Managed && !present(path)
        });
        let marked = |found: &Found| match found {
            Found::File { bytes, .. } => Shaped::read(bytes).is_some_and(|shaped| holds_markers(&shaped.text)),
            _ => false,
        };
        let conflicts = base.files.keys().filter(|path| marked(at(path))).cloned().collect();
        Self {
            schema: SCHEMA,
            directory,
            boatyard: base.boatyard.clone(),
            this: VERSION,
            behind: !pending.is_empty(),
            edited: !edits.is_empty(),
            drifted: !missing.is_empty(),
            pending,
            edits,
            missing,
            conflicts,
            orphans,
            problems: Vec::new(),
        }
    }
}

const SCHEMA: &str = "boatyard.status/1";
const ANSWERS: &str = super::repository::ANSWERS_PATH;
