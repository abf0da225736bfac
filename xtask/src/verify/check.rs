//! What a check is: which files it reads, how it groups them, and the program behind it.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::Result;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::Serialize;

use super::toolbox::Toolbox;
use super::tree::Tree;
use crate::process::Output;

/// Something a check does not accept.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The tool's own name for the rule
    pub rule: String,
    /// Path relative to the folder that the check was given
    pub path: String,
    /// Line, 0 when the tool names none
    pub line: u64,
    /// What is wrong
    pub message: String,
}

/// How the files of many trees become inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every distinct file once, all in one call, by path
    Files,
    /// Every distinct file once, gathered in a folder that the tool walks
    Folder,
    /// One call for every distinct set of files, in a tree that has it
    Trees,
    /// One call for all distinct sets of files, by path: what reads many trees at once
    Together,
}

impl Scope {
    /// Whether an input is a set of files, not a single one.
    pub fn is_set(self) -> bool {
        matches!(self, Self::Trees | Self::Together)
    }
}

/// Which files of a tree a check reads.
pub enum Select {
    /// Paths by pattern; one that begins with `!` takes out
    Globs(&'static [&'static str]),
    /// Shell scripts, by ending or by first line
    Shell,
}

/// Where a check's version stands.
pub enum Version {
    /// Among the pins of `xtask/tools`
    Pin(&'static str),
    /// In the project's own manifest
    Project(&'static str),
    /// The check is part of this program, or asks the machine's program
    Own,
}

/// What one call of a check gets.
pub struct Batch<'a> {
    /// The folder that paths are relative to
    pub folder: &'a Path,
    /// The selected files
    pub files: Vec<String>,
    /// The tree, for [`Scope::Trees`]
    pub tree: Option<&'a Tree>,
    /// The installed programs
    pub toolbox: &'a Toolbox,
}

/// How a call ended.
pub enum Ran {
    /// It looked, and found this
    Found(Vec<Finding>),
    /// It could not run here, for this reason
    Not(String),
}

/// One validator.
pub struct Check {
    /// Its stable name
    pub id: &'static str,
    /// Where its version stands
    pub version: Version,
    /// Which files it reads
    pub select: Select,
    /// How they are grouped
    pub scope: Scope,
    /// Rough seconds of a call: long ones start first
    pub cost: u32,
    /// Runs it
    pub run: fn(&Batch) -> Result<Ran>,
}

impl Select {
    /// The files of a tree that are selected.
    pub fn of(&self, tree: &Tree) -> Result<Vec<String>> {
        match self {
            Self::Globs(patterns) => {
                let (out, of): (Vec<&str>, Vec<&str>) = patterns.iter().partition(|pattern| pattern.starts_with('!'));
                let out: Vec<&str> = out.iter().map(|pattern| pattern.trim_start_matches('!')).collect();
                let (of, out) = (globs(&of)?, globs(&out)?);
                let wanted = |path: &&String| of.is_match(path) && !out.is_match(path);
                Ok(tree.files.keys().filter(wanted).cloned().collect())
            }
            Self::Shell => {
                let mut scripts = Vec::new();
                for path in tree.files.keys() {
                    if path.ends_with(".sh") || tree.text(path)?.is_some_and(|text| is_shell(&text)) {
                        scripts.push(path.clone());
                    }
                }
                Ok(scripts)
            }
        }
    }
}

/// Patterns in which `*` stops at a slash and `**` does not.
pub fn globs(patterns: &[&str]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(GlobBuilder::new(pattern).literal_separator(true).build()?);
    }
    Ok(set.build()?)
}

/// Findings of a program that ended; a failure without a finding is one itself.
pub fn settle(output: &Output, mut findings: Vec<Finding>) -> Ran {
    if output.code != 0 && findings.is_empty() {
        let message = format!(
            "ended with {}: {}",
            output.code,
            crate::process::tail(&output.text(), 600)
        );
        findings.push(Finding {
            rule: "exit".to_owned(),
            path: String::new(),
            line: 0,
            message,
        });
    }
    Ran::Found(findings)
}

/// A path as it stands below a folder, whether a tool gave it whole or not.
pub fn relative(path: &str, folder: &Path) -> String {
    let path = Path::new(path);
    let path = path.strip_prefix(folder).or(path.strip_prefix(".")).unwrap_or(path);
    path.to_string_lossy().into_owned()
}

fn is_shell(text: &str) -> bool {
    static FIRST: OnceLock<Option<regex::Regex>> = OnceLock::new();
    let first = FIRST.get_or_init(|| regex::Regex::new(r"^#!\s*/(usr/)?bin/(env\s+)?(ba|da|k)?sh\b").ok());
    first.as_ref().is_some_and(|pattern| pattern.is_match(text))
}
