//! Planted defects: a tool that finds nothing proves something only when it would have found this.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::tree::Tree;
use crate::stack;

/// What the names of trees that carry defects begin with.
const TREE: &str = "planted";

/// Whether a tree carries planted defects.
pub fn is_planted(tree: &str) -> bool {
    tree.split('+').next() == Some(TREE)
}

/// One known defect and the rule that must find it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defect {
    /// The check that must find it
    pub tool: String,
    /// The rule it must name
    pub rule: String,
    /// The manifest of the project that it needs around it
    pub beside: Option<String>,
    /// Where it is planted
    pub path: String,
    /// What is wrong with it
    pub about: String,
    /// The file, line by line; a secret is cut in pieces so that it is none here
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

/// Plants the defects, each in a copy of the first tree that has what it needs.
pub fn plant(trees: &[Tree], defects: &[Defect], target: &Path) -> Result<Vec<Tree>> {
    let needs: BTreeSet<Option<&str>> = defects.iter().map(|defect| defect.beside.as_deref()).collect();
    let mut planted = Vec::new();
    for need in needs {
        let fits = |tree: &&Tree| need.is_none_or(|path| tree.files.contains_key(path));
        let Some(tree) = trees.iter().find(fits) else {
            continue;
        };
        let mut copy = Tree::copy(&tree.root, &name(need), target, tree.lock.clone())?;
        for defect in defects.iter().filter(|defect| defect.beside.as_deref() == need) {
            copy.add(&defect.path, &defect.content())?;
        }
        planted.push(copy);
    }
    Ok(planted)
}

fn name(beside: Option<&str>) -> String {
    beside.map_or_else(|| TREE.to_owned(), |manifest| format!("{TREE}+{manifest}"))
}

impl Defect {
    /// The name of the tree that carries it.
    pub fn tree(&self) -> String {
        name(self.beside.as_deref())
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
    fn no_defect_overwrites_another() {
        let mut seen = std::collections::BTreeMap::new();
        for defect in load().unwrap() {
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
