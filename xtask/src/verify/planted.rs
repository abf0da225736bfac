//! Planted defects: a tool that finds nothing proves something only when it would have found this.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::Path;

use super::check::globs;
use super::tree::Tree;
use crate::stack;

/// What the names of trees that carry defects begin with.
pub const TREE: &str = "planted";

/// One known defect and the rule that must find it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defect {
    /// The check that must find it
    pub tool: String,
    /// The rule it must name
    pub rule: String,
    /// The file, by pattern, that makes a tree a project which its check can look at; any tree will do without it
    pub project: Option<String>,
    /// Where it is planted
    pub path: String,
    /// What is wrong with it
    pub about: String,
    /// The file, line by line; a secret is cut in pieces so that it is none here. Without it,
    /// the file is another defect's
    #[serde(default)]
    pub text: Vec<Line>,
}

/// A line, or pieces of one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// As it stands
    Whole(String),
    /// To be joined
    Pieces(Vec<String>),
}

/// Every defect of `planted/`.
pub fn load() -> Result<Vec<Defect>> {
    let folder = stack::root().join("xtask/src/verify/planted");
    let mut paths: Vec<_> = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
    paths.sort_by_key(fs::DirEntry::file_name);
    let mut defects = Vec::new();
    for path in paths {
        let text = fs::read_to_string(path.path())?;
        let file: Vec<Defect> = serde_json::from_str(&text).with_context(|| path.path().display().to_string())?;
        defects.extend(file);
    }
    Ok(defects)
}

/// Whether a tree carries defects.
pub fn is_planted(tree: &str) -> bool {
    tree.starts_with(TREE)
}

/// Plants each defect in a copy of the first tree that can have it, and drops those that none can.
pub fn plant(trees: &[Tree], defects: &mut Vec<Defect>, work: &Path) -> Result<Vec<Tree>> {
    defects.retain(|defect| defect.place(trees).is_some());
    let mut copies: BTreeMap<usize, Tree> = BTreeMap::new();
    for defect in defects.iter() {
        let Some(number) = defect.place(trees) else { continue };
        let (from, name) = (&trees[number], format!("{TREE}-{number}"));
        let copy = match copies.entry(number) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Tree::copy(&from.root, &name, work, from.lock.clone())?),
        };
        if !defect.text.is_empty() {
            copy.add(&defect.path, &defect.content())?;
        }
    }
    Ok(copies.into_values().collect())
}

impl Defect {
    fn place(&self, trees: &[Tree]) -> Option<usize> {
        let fits = |tree: &Tree| {
            let project = self.project.as_ref().map(|file| globs(&[file]));
            project.is_none_or(|file| file.is_ok_and(|file| tree.files.keys().any(|path| file.is_match(path))))
        };
        trees.iter().position(fits)
    }

    fn content(&self) -> String {
        let mut content = String::new();
        for line in &self.text {
            match line {
                Line::Whole(text) => content.push_str(text),
                Line::Pieces(pieces) => content.extend(pieces.iter().map(String::as_str)),
            }
            content.push('\n');
        }
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_planted_defect() {
        let defects = load().unwrap();
        for check in crate::verify::checks::all() {
            assert!(
                defects.iter().any(|defect| defect.tool == check.id),
                "{} has no planted defect",
                check.id
            );
        }
    }

    #[test]
    fn every_planted_file_has_a_text() {
        let defects = load().unwrap();
        for defect in &defects {
            let whole = |other: &&Defect| other.path == defect.path && !other.text.is_empty();
            assert!(defects.iter().any(|other| whole(&other)), "{}", defect.path);
        }
    }

    #[test]
    fn no_defect_overwrites_another() {
        let mut seen = std::collections::BTreeMap::new();
        for defect in load().unwrap().iter().filter(|defect| !defect.text.is_empty()) {
            let content = defect.content();
            assert_eq!(
                *seen.entry(defect.path.clone()).or_insert_with(|| content.clone()),
                content,
                "{}",
                defect.path
            );
        }
    }
}
