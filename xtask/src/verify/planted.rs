//! Planted defects: a tool that finds nothing proves something only when it would have found this.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::fs;

use super::tree::Tree;
use crate::stack;

/// The name of the tree that carries the defects.
pub const TREE: &str = "planted";

/// One known defect and the rule that must find it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defect {
    /// The check that must find it
    pub tool: String,
    /// The rule it must name
    pub rule: String,
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

/// Plants the defects in a copy.
pub fn plant(tree: &mut Tree, defects: &[Defect]) -> Result<()> {
    for defect in defects {
        tree.add(&defect.path, &defect.content())?;
    }
    Ok(())
}

impl Defect {
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
