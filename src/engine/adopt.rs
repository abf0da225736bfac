//! A repository that was there first comes under Boatyard: what is missing is added, and what is there is the user's.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::base::{Base, Entry, State};
use super::catalog::Catalog;
use super::change::{Action, ChangeSet, Reason};
use super::detect::{Evidence, Finding, How, pattern};
use super::diff;
use super::draft::{Draft, Source};
use super::error::Problem;
use super::merge::Update;
use super::refit::Wanted;
use super::resolve::VERSION;
use super::tree::{Found, Policy, RelPath};

/// The version of the document's shape.
pub const SCHEMA: &str = "boatyard.adoption/1";

/// The document of `boatyard adopt --json`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Adoption {
    /// The version of this document's shape.
    pub schema: &'static str,
    /// What was found out, and from what.
    pub findings: Vec<Finding>,
    /// Files of the user's that stay where something else is generated.
    pub kept: Vec<Kept>,
    /// What is generated for a new service, and left out here: this repository has its own.
    pub left_out: BTreeSet<RelPath>,
    /// Files that were too large to be read for signs.
    pub unread: Vec<RelPath>,
    /// What happens.
    pub changes: ChangeSet,
}

/// A file of the user's, and what would have been generated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Kept {
    /// The path of what is generated.
    pub path: RelPath,
    /// The user's file: at that path, or one that does the same under another name.
    pub yours: RelPath,
    /// What would make the generated file of the user's; empty where that is no plain file.
    pub patch: String,
}

/// The answers that were found, as a source of them.
pub fn proposals(findings: &[Finding]) -> Source {
    let found = findings.iter().filter_map(|finding| {
        let value = finding.value.clone()?;
        Some((finding.key.clone(), Value::from(value)))
    });
    Source {
        origin: "what was found".into(),
        values: found.collect::<Map<_, _>>(),
    }
}

/// Choices that nobody made and that no file tells.
pub fn open(findings: &[Finding], draft: &Draft, catalog: &Catalog) -> Vec<Problem> {
    let mut problems = Vec::new();
    for axis in catalog.axes.iter().filter(|axis| axis.applies(&draft.choices)) {
        let found = findings.iter().find(|finding| finding.key == axis.id);
        let Some(finding) = found.filter(|_| !draft.choices.contains_key(&axis.id)) else {
            continue;
        };
        let seen: Vec<String> = finding.evidence.iter().map(Evidence::shown).collect();
        let (id, title, seen) = (&axis.id, &finding.title, seen.join(", "));
        let message = match finding.how {
            How::Unsure => format!("`{id}` may be {title} ({seen})"),
            How::Other => format!("`{id}` is {title} ({seen}), which boatyard does not have"),
            _ => format!("no file tells the `{id}`"),
        };
        let flags = axis.components.join("|");
        problems.push(Problem::new(message).hint(format!("say which with `--{id} {flags}`")));
    }
    problems
}

/// For each missing output the user's file that does the same under another name, if there is one.
pub fn stand_ins(
    wanted: &Wanted,
    files: &[RelPath],
    disk: &BTreeMap<RelPath, Found>,
    catalog: &Catalog,
) -> BTreeMap<RelPath, RelPath> {
    let answers = &wanted.answers;
    let chosen = answers.choices.iter();
    let chosen = chosen.filter_map(|(axis, id)| catalog.component(axis, id));
    let components: Vec<_> = std::iter::once(&catalog.base).chain(chosen).collect();
    let missing = wanted
        .files
        .keys()
        .filter(|path| disk.get(path).is_none_or(|found| *found == Found::Absent));
    missing
        .filter_map(|path| {
            let lower = path.as_str().to_lowercase();
            let listed = components
                .iter()
                .filter_map(|component| component.stand_ins.get(path.as_str()));
            let patterns: Vec<&String> = listed.flatten().collect();
            let fits = |file: &&RelPath| {
                let name = file.as_str().to_lowercase();
                name == lower || patterns.iter().any(|one| pattern::path(&one.to_lowercase(), &name))
            };
            Some((path.clone(), files.iter().find(fits)?.clone()))
        })
        .collect()
}

/// What an adoption starts from. `ours` says that Boatyard made the repository, which lost its base.
///
/// What has a stand-in stays away, and in a repository of ours so does what is written once.
pub fn ground(
    wanted: &Wanted,
    disk: &BTreeMap<RelPath, Found>,
    stand_ins: &BTreeMap<RelPath, RelPath>,
    ours: bool,
) -> Base {
    let absent = |path: &RelPath| disk.get(path).is_none_or(|found| *found == Found::Absent);
    let away = |path: &RelPath, entry: &Entry| {
        stand_ins.contains_key(path) || ours && entry.file.policy == Policy::Seed && absent(path)
    };
    let files = wanted.files.iter().filter(|(path, entry)| away(path, entry));
    let files = files.map(|(path, entry)| {
        let state = match stand_ins.contains_key(path) {
            true => State::Instead,
            false => State::Deleted,
        };
        (path.clone(), Entry { state, ..entry.clone() })
    });
    Base {
        boatyard: VERSION.to_owned(),
        answers: Value::Null,
        adopted: !ours,
        files: files.collect(),
    }
}

/// Says so of every output that is not added for its stand-in.
pub fn tell(update: &mut Update, stand_ins: &BTreeMap<RelPath, RelPath>) {
    for change in &mut update.changes {
        if stand_ins.contains_key(&change.path) {
            change.action = Action::Keep;
        }
    }
}

/// What would have been generated beside each file that stays.
pub fn kept(
    update: &Update,
    wanted: &Wanted,
    disk: &BTreeMap<RelPath, Found>,
    stand_ins: &BTreeMap<RelPath, RelPath>,
) -> Vec<Kept> {
    let kept = update.changes.iter().filter(|change| {
        let reasons = [Reason::Yours, Reason::Instead];
        change.action == Action::Keep && reasons.contains(&change.reason)
    });
    kept.filter_map(|change| {
        let path = change.path.clone();
        let yours = stand_ins.get(&path).unwrap_or(&path).clone();
        let patch = match (disk.get(&yours), wanted.files.get(&path)) {
            (Some(found @ Found::File { .. }), Some(entry)) => diff::beside(&yours, found, &path, &entry.file),
            (_, Some(_)) => String::new(),
            _ => return None,
        };
        Some(Kept { path, yours, patch })
    })
    .collect()
}
