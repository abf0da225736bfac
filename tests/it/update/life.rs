//! A repository in memory that goes through updates, for laws that hold over many of them.

use std::collections::BTreeMap;

use boatyard::engine::base::{Entry, Files};
use boatyard::engine::change::Action;
use boatyard::engine::merge::text::Labels;
use boatyard::engine::merge::{Edit, OnConflict, Rules, Update, update};
use boatyard::engine::tree::{File, Found, Policy, RelPath};

/// What is there, and what was generated.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Life {
    pub disk: BTreeMap<RelPath, Found>,
    pub base: Files,
}

impl Life {
    /// Brings it to these files; gives what happened.
    pub fn update(&mut self, new: &Files) -> Update {
        let rules = Rules {
            on_conflict: OnConflict::Markers,
            labels: Labels {
                base: "before".into(),
                ours: "yours".into(),
                theirs: "boatyard".into(),
            },
        };
        let update = update(&self.base, &self.disk, new, &rules, |_| {
            (String::new(), BTreeMap::new())
        });
        for (path, edit) in &update.edits {
            match edit {
                Edit::Write(content) => {
                    let found = Found::File {
                        bytes: content.bytes.clone(),
                        executable: Some(content.executable),
                    };
                    self.disk.insert(path.clone(), found);
                }
                Edit::Remove => {
                    self.disk.remove(path);
                }
            }
        }
        self.base = update.files.clone();
        update
    }

    /// The text of a file; none when there is no such text.
    pub fn text(&self, path: &str) -> Option<String> {
        match self.disk.get(&at(path))? {
            Found::File { bytes, .. } => String::from_utf8(bytes.clone()).ok(),
            _ => None,
        }
    }

    /// Puts a text in place.
    pub fn write(&mut self, path: &str, text: &str) {
        let executable = match self.disk.get(&at(path)) {
            Some(Found::File { executable, .. }) => *executable,
            _ => Some(false),
        };
        let bytes = text.as_bytes().to_vec();
        self.disk.insert(at(path), Found::File { bytes, executable });
    }

    /// What happened to a file.
    pub fn action(update: &Update, path: &str) -> Action {
        let change = update.changes.iter().find(|change| change.path == at(path));
        change.expect("a change").action
    }
}

/// A path.
pub fn at(path: &str) -> RelPath {
    RelPath::parse(path).expect("a path")
}

/// Managed files of these texts; a path that starts with `seed:` is the user's after the first time.
pub fn files(texts: &[(&str, &str)]) -> Files {
    texts
        .iter()
        .map(|(path, text)| {
            let (policy, path) = match path.strip_prefix("seed:") {
                Some(path) => (Policy::Seed, path),
                None => (Policy::Managed, *path),
            };
            (at(path), Entry::new(File::new((*text).to_owned(), policy), path))
        })
        .collect()
}
