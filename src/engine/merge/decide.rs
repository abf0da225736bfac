//! The decision table, one row for one path.

use super::shape::Shaped;
use super::structured::{self, Syntax};
use super::{OnConflict, Rules, Stages};
use crate::engine::base::{Entry, State};
use crate::engine::change::{Action, Reason};
use crate::engine::tree::{Found, Policy, RelPath};

/// One path and its three states.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The path.
    pub path: &'a RelPath,
    /// What was generated.
    pub base: Option<&'a Entry>,
    /// What is there.
    pub disk: &'a Found,
    /// What is generated now.
    pub new: Option<&'a Entry>,
}

/// The bytes of a file and its mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether it is a program.
    pub executable: bool,
}

/// What happens to the file, and what the next update compares with.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// What happens.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// How many regions are in conflict.
    pub conflicts: usize,
    /// What to write.
    pub write: Option<Content>,
    /// Whether to remove it.
    pub remove: bool,
    /// Whether it is a program, where nothing is written.
    pub executable: bool,
    /// The next base.
    pub entry: Option<Entry>,
    /// The sides of a conflict.
    pub stages: Option<Stages>,
}

impl Decided {
    fn new(action: Action, reason: Reason, entry: Option<Entry>) -> Self {
        Self {
            action,
            reason,
            conflicts: 0,
            write: None,
            remove: false,
            executable: entry.as_ref().is_some_and(|entry| entry.file.executable),
            entry,
            stages: None,
        }
    }

    fn writes(mut self, bytes: Vec<u8>, executable: bool) -> Self {
        self.write = Some(Content { bytes, executable });
        self
    }

    /// Lines of the file afterwards.
    pub(super) fn lines(&self, disk: &Found) -> usize {
        let count = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().count();
        match (&self.write, disk) {
            (Some(content), _) => count(&content.bytes),
            (None, Found::File { bytes, .. }) if !self.remove => count(bytes),
            _ => 0,
        }
    }
}

/// Decides one row.
pub fn decide(row: &Row<'_>, rules: &Rules) -> Decided {
    match (row.base, row.new) {
        (None, None) => Decided::new(Action::Unchanged, Reason::Same, None),
        (None, Some(new)) => fresh(row, new, rules),
        (Some(base), new) if base.state == State::Yours => yours(row, base, new, rules),
        // A file that came to stand there since was never ours.
        (Some(base), new) if base.state == State::Instead && *row.disk != Found::Absent => yours(row, base, new, rules),
        (Some(base), new) => match row.disk {
            Found::Absent => gone(base, new),
            disk if same(row.path, base, disk) => pristine(row, base, new),
            _ => edited(row, base, new, rules),
        },
    }
}

/// Nothing is known of this path so far.
fn fresh(row: &Row<'_>, new: &Entry, rules: &Rules) -> Decided {
    match row.disk {
        Found::Absent => create(new),
        disk if same(row.path, new, disk) => Decided::new(Action::Adopt, Reason::Same, Some(new.clone())),
        Found::File { .. } if rules.on_conflict == OnConflict::Replace => replace(row, new),
        Found::File { .. } | Found::Other(_) => Decided::new(Action::Keep, Reason::Yours, with(new, State::Yours)),
    }
}

/// The user's own file stood here at the last update.
fn yours(row: &Row<'_>, base: &Entry, new: Option<&Entry>, rules: &Rules) -> Decided {
    let Some(new) = new else {
        return Decided::new(Action::Unchanged, Reason::Yours, None);
    };
    let told = base.file.text == new.file.text;
    match fresh(row, new, rules) {
        decided if decided.action == Action::Keep && told => Decided {
            action: Action::Unchanged,
            ..decided
        },
        decided => decided,
    }
}

/// The user deleted it, or nothing ever stood here: said once, and again when what is generated changes.
fn gone(base: &Entry, new: Option<&Entry>) -> Decided {
    let instead = base.state == State::Instead;
    let told = (instead || base.state == State::Deleted) && new.is_none_or(|new| new.file.text == base.file.text);
    let action = if told { Action::Unchanged } else { Action::Keep };
    let entry = match new {
        // A seed is the user's; what it was tells whether one that comes back was edited.
        Some(new) if new.file.policy == Policy::Managed => new,
        _ => base,
    };
    match instead {
        true => Decided::new(action, Reason::Instead, with(entry, State::Instead)),
        false => Decided::new(action, Reason::Deleted, with(entry, State::Deleted)),
    }
}

/// It is as it was generated.
fn pristine(row: &Row<'_>, base: &Entry, new: Option<&Entry>) -> Decided {
    let Some(new) = new else {
        return Decided {
            remove: true,
            ..Decided::new(Action::Delete, Reason::Obsolete, None)
        };
    };
    if same(row.path, new, row.disk) {
        return Decided::new(Action::Unchanged, Reason::Same, Some(new.clone()));
    }
    let Some(mine) = shaped(row.disk) else {
        return replace(row, new);
    };
    let settled = structured::merge(
        Syntax::of(row.path.as_str()).filter(|syntax| *syntax == Syntax::GoMod),
        &base.file.text,
        &mine.text,
        &new.file.text,
        super::text::Settle::Theirs,
        &super::text::Labels::none(),
    );
    // What a package manager added to it stays, everything else is replaced.
    let text = match mine.text == base.file.text {
        true => new.file.text.clone(),
        false => settled.text,
    };
    Decided::new(Action::Update, Reason::Changed, Some(new.clone()))
        .writes(mine.shape.write(&text), new.file.executable)
}

/// The user edited it, or put something else in its place.
fn edited(row: &Row<'_>, base: &Entry, new: Option<&Entry>, rules: &Rules) -> Decided {
    let Some(new) = new else {
        let told = base.state == State::Orphan;
        let action = if told { Action::Unchanged } else { Action::Keep };
        return Decided::new(action, Reason::Orphaned, with(base, State::Orphan));
    };
    if same(row.path, new, row.disk) {
        return Decided::new(Action::Adopt, Reason::Included, Some(new.clone()));
    }
    let unchanged = new.file.text == base.file.text && new.file.executable == base.file.executable;
    if new.file.policy == Policy::Seed {
        let action = if unchanged { Action::Unchanged } else { Action::Keep };
        // The old base stays, so that a seed put back as it was follows again.
        let kept = Entry {
            id: new.id.clone(),
            ..base.clone()
        };
        return Decided::new(action, Reason::Seeded, with(&kept, State::Current));
    }
    if unchanged {
        return Decided::new(Action::Keep, Reason::Edited, Some(new.clone()));
    }
    let blocked = |reason| Decided {
        conflicts: usize::from(rules.on_conflict != OnConflict::Keep),
        ..Decided::new(Action::Conflict, reason, Some(new.clone()))
    };
    match (row.disk, shaped(row.disk)) {
        (Found::File { .. }, Some(mine)) => three_way(row, base, &mine, new, rules),
        (Found::File { .. }, None) if rules.on_conflict == OnConflict::Replace => replace(row, new),
        (Found::File { .. }, None) => keep_or(rules, blocked(Reason::Unmergeable)),
        _ => keep_or(rules, blocked(Reason::Obstructed)),
    }
}

/// A conflict that nothing is written for is a keep where that was asked for.
fn keep_or(rules: &Rules, decided: Decided) -> Decided {
    match rules.on_conflict {
        OnConflict::Keep => Decided {
            action: Action::Keep,
            ..decided
        },
        _ => decided,
    }
}

fn three_way(row: &Row<'_>, base: &Entry, mine: &Shaped, new: &Entry, rules: &Rules) -> Decided {
    let merged = structured::merge(
        Syntax::of(row.path.as_str()),
        &base.file.text,
        &mine.text,
        &new.file.text,
        rules.on_conflict.settle(),
        &rules.labels,
    );
    // A mode that the user changed is an edit like any other.
    let now = executable(row.disk).unwrap_or(base.file.executable);
    let mode = if now == base.file.executable {
        new.file.executable
    } else {
        now
    };
    if merged.text == mine.text && mode == now {
        return Decided::new(Action::Keep, Reason::Included, Some(new.clone()));
    }
    let inline = matches!(rules.on_conflict, OnConflict::Markers | OnConflict::Diff3);
    let (action, reason) = match merged.conflicts {
        0 => (Action::Merge, Reason::Both),
        _ if inline => (Action::Conflict, Reason::Overlap),
        _ => (Action::Merge, Reason::Replaced),
    };
    let stages = (action == Action::Conflict).then(|| Stages {
        base: Some(Content {
            bytes: mine.shape.write(&base.file.text),
            executable: base.file.executable,
        }),
        ours: Content {
            bytes: mine.shape.write(&mine.text),
            executable: now,
        },
        theirs: Content {
            bytes: mine.shape.write(&new.file.text),
            executable: mode,
        },
    });
    Decided {
        conflicts: if inline { merged.conflicts } else { 0 },
        stages,
        ..Decided::new(action, reason, Some(new.clone()))
    }
    .writes(mine.shape.write(&merged.text), mode)
}

fn create(new: &Entry) -> Decided {
    let bytes = new.file.text.clone().into_bytes();
    Decided::new(Action::Create, Reason::New, Some(new.clone())).writes(bytes, new.file.executable)
}

/// Writes the new output over whatever file is there, stored as that was.
fn replace(row: &Row<'_>, new: &Entry) -> Decided {
    let bytes = match shaped(row.disk) {
        Some(mine) => mine.shape.write(&new.file.text),
        None => new.file.text.clone().into_bytes(),
    };
    Decided::new(Action::Update, Reason::Replaced, Some(new.clone())).writes(bytes, new.file.executable)
}

fn with(entry: &Entry, state: State) -> Option<Entry> {
    Some(Entry { state, ..entry.clone() })
}

/// Whether a file holds what was generated, however it is stored and whatever a package manager added to it.
pub(super) fn same(path: &RelPath, entry: &Entry, disk: &Found) -> bool {
    let syntax = Syntax::of(path.as_str());
    executable(disk).is_none_or(|mode| mode == entry.file.executable)
        && shaped(disk).is_some_and(|mine| {
            let bare = |text| structured::without_locks(syntax, text);
            mine.text == entry.file.text || bare(&mine.text) == bare(&entry.file.text)
        })
}

fn shaped(disk: &Found) -> Option<Shaped> {
    match disk {
        Found::File { bytes, .. } => Shaped::read(bytes),
        _ => None,
    }
}

fn executable(disk: &Found) -> Option<bool> {
    match disk {
        Found::File { executable, .. } => *executable,
        _ => None,
    }
}
