//! What an update does to each file: a pure function of what was generated, what is there, and what is generated now.

use std::collections::{BTreeMap, BTreeSet};

use super::base::{Entry, Files, State};
use super::change::{Action, Change, OWN_LAYER, Reason};
use super::tree::{Found, Policy, RelPath};

pub mod decide;
pub mod shape;
pub mod structured;
pub mod text;
pub mod version;

use decide::{Content, Decided, Row};
use text::{Labels, Settle};

/// How edits and changes that contradict each other are settled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Both sides between markers; a file that is none of ours is kept.
    #[default]
    Markers,
    /// The same, with what both came from between them.
    Diff3,
    /// The user's side.
    Keep,
    /// The new output's side.
    Replace,
}

impl OnConflict {
    fn settle(self) -> Settle {
        match self {
            Self::Markers => Settle::Markers,
            Self::Diff3 => Settle::Diff3,
            Self::Keep => Settle::Ours,
            Self::Replace => Settle::Theirs,
        }
    }
}

/// How to merge.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What to do about contradictions.
    pub on_conflict: OnConflict,
    /// What the sides are called beside markers.
    pub labels: Labels,
}

/// What an update comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// Every file that was or is generated, sorted by path.
    pub changes: Vec<Change>,
    /// What to write and to remove.
    pub edits: BTreeMap<RelPath, Edit>,
    /// What the next update compares with.
    pub files: Files,
    /// For each file with conflicts: the three texts that it came from.
    pub stages: BTreeMap<RelPath, Stages>,
}

/// What is done to one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// This becomes its content.
    Write(Content),
    /// It goes.
    Remove,
}

/// The three sides of a conflict, for git's index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stages {
    /// What both came from; none when there was nothing.
    pub base: Option<Content>,
    /// The user's side.
    pub ours: Content,
    /// The new output.
    pub theirs: Content,
}

/// Every path that [`update`] has to know the present state of.
pub fn paths(base: &Files, new: &Files) -> BTreeSet<RelPath> {
    base.keys().chain(new.keys()).cloned().collect()
}

/// Decides what happens to every file.
///
/// `disk` holds what stands at each of [`paths`]; a path that it lacks is taken for absent. `origin` gives the layer of a
/// path and the choices that put it there.
pub fn update(
    base: &Files,
    disk: &BTreeMap<RelPath, Found>,
    new: &Files,
    rules: &Rules,
    origin: impl Fn(&RelPath) -> (String, BTreeMap<String, String>),
) -> Update {
    let moves = moves(base, disk, new);
    let left: BTreeSet<&RelPath> = moves.values().collect();
    let at = |path: &RelPath| disk.get(path).unwrap_or(&Found::Absent);
    let mut update = Update {
        changes: Vec::new(),
        edits: BTreeMap::new(),
        files: Files::new(),
        stages: BTreeMap::new(),
    };
    for path in paths(base, new) {
        if left.contains(&path) {
            continue;
        }
        let from = moves.get(&path);
        let old = from.unwrap_or(&path);
        // Somebody who moved the file already is not undone.
        let moved_by_hand = from.is_some() && at(old) == &Found::Absent;
        let row = Row {
            path: &path,
            base: base.get(old),
            disk: if moved_by_hand { at(&path) } else { at(old) },
            new: new.get(&path),
        };
        let mut decided = decide::decide(&row, rules);
        if from.is_some() && !moved_by_hand {
            moving(&mut decided, row.disk);
            if decided.write.is_some() {
                update.edits.insert(old.clone(), Edit::Remove);
            }
        }
        update.take(
            path.clone(),
            from.filter(|_| !moved_by_hand).cloned(),
            decided,
            &row,
            &origin,
        );
    }
    update
}

/// Outputs that stand at another path now: the new path, and the old one. The user's file must be free to go there.
fn moves(base: &Files, disk: &BTreeMap<RelPath, Found>, new: &Files) -> BTreeMap<RelPath, RelPath> {
    let mut ids: BTreeMap<&str, Vec<&RelPath>> = BTreeMap::new();
    for (path, entry) in base {
        let known = !entry.id.is_empty() && entry.state != State::Yours;
        if known && !new.contains_key(path) {
            ids.entry(&entry.id).or_default().push(path);
        }
    }
    let free = |path: &RelPath| matches!(disk.get(path), None | Some(Found::Absent));
    new.iter()
        .filter(|(path, _)| !base.contains_key(path))
        .filter_map(|(path, entry)| match ids.get(entry.id.as_str())?.as_slice() {
            [old] if free(path) || free(old) => Some((path.clone(), (*old).clone())),
            _ => None,
        })
        .collect()
}

/// What was decided about the text of a file that moves, as a move.
fn moving(decided: &mut Decided, disk: &Found) {
    let Found::File { bytes, executable } = disk else {
        return;
    };
    let stays = matches!(decided.action, Action::Keep | Action::Unchanged | Action::Adopt);
    if decided.write.is_none() && !decided.remove && stays {
        decided.write = Some(Content {
            bytes: bytes.clone(),
            executable: executable.unwrap_or(decided.executable),
        });
    }
    if decided.write.is_some() && decided.action != Action::Conflict {
        decided.action = Action::Move;
    }
}

impl Update {
    fn take(
        &mut self,
        path: RelPath,
        from: Option<RelPath>,
        decided: Decided,
        row: &Row<'_>,
        origin: &impl Fn(&RelPath) -> (String, BTreeMap<String, String>),
    ) {
        let (layer, because) = match row.new {
            Some(_) => origin(&path),
            None => (OWN_LAYER.to_owned(), BTreeMap::new()),
        };
        let policy = row.new.or(row.base).map_or(Policy::Managed, |entry| entry.file.policy);
        self.changes.push(Change {
            path: path.clone(),
            from,
            action: decided.action,
            reason: decided.reason,
            conflicts: decided.conflicts,
            policy,
            executable: decided
                .write
                .as_ref()
                .map_or(decided.executable, |content| content.executable),
            lines: decided.lines(row.disk),
            layer,
            because,
        });
        if let Some(stages) = decided.stages {
            self.stages.insert(path.clone(), stages);
        }
        if let Some(content) = decided.write {
            self.edits.insert(path.clone(), Edit::Write(content));
        } else if decided.remove {
            self.edits.insert(path.clone(), Edit::Remove);
        }
        if let Some(entry) = decided.entry {
            self.files.insert(path, entry);
        }
    }

    /// How many regions are in conflict, over all files; a file that could not be merged at all counts as one.
    pub fn conflicts(&self) -> usize {
        self.changes.iter().map(|change| change.conflicts).sum()
    }
}

/// Whether a file is as it was generated: its text, apart from how it is stored, and its mode.
pub fn pristine(path: &RelPath, entry: &Entry, disk: &Found) -> bool {
    decide::same(path, entry, disk)
}

/// Why a keep is one: whether people edited the file.
pub fn edited(change: &Change) -> bool {
    matches!(
        (change.action, change.reason),
        (Action::Merge | Action::Conflict | Action::Move, _)
            | (
                Action::Keep,
                Reason::Edited | Reason::Included | Reason::Orphaned | Reason::Obstructed | Reason::Unmergeable
            )
    )
}
