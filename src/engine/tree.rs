//! A rendered repository as a value: paths that cannot point outside it, and the files at them.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A path inside a project, with `/` between its parts.
///
/// By construction it is relative, holds no `.` or `..` part, no empty part, no backslash, colon or control character,
/// no part that Windows reserves (`con`, `nul`, a trailing dot or space), and does not enter `.git`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct RelPath(String);

impl RelPath {
    /// Reads a path, or says what is wrong with it.
    ///
    /// # Errors
    /// One sentence part that completes “the path `…` ”.
    pub fn parse(path: &str) -> Result<Self, &'static str> {
        if path.is_empty() {
            return Err("is empty");
        }
        if path.len() > 1024 {
            return Err("is longer than 1024 bytes");
        }
        if path
            .chars()
            .any(|c| c.is_control() || matches!(c, '\\' | ':' | '<' | '>' | '"' | '|' | '?' | '*'))
        {
            return Err("holds a character that no file name may have everywhere");
        }
        path.split('/').try_for_each(check_part)?;
        if path.split('/').any(|part| part.eq_ignore_ascii_case(".git")) {
            return Err("enters `.git`");
        }
        Ok(Self(path.to_owned()))
    }

    /// The path as text, `/` between parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_part(part: &str) -> Result<(), &'static str> {
    match part {
        "" => return Err("is absolute or holds an empty part"),
        "." | ".." => return Err("holds `.` or `..`"),
        _ => {}
    }
    if part.ends_with(['.', ' ']) {
        return Err("has a part that ends in a dot or a space");
    }
    let stem = part.split('.').next().unwrap_or(part);
    if is_device(stem) {
        return Err("has a part that Windows reserves for a device");
    }
    Ok(())
}

/// Whether Windows reserves this file stem, whatever its case: <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>.
pub fn is_device(stem: &str) -> bool {
    let stem = stem.to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix)
            .is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit())
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

impl fmt::Display for RelPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for RelPath {
    type Error = String;

    fn try_from(path: String) -> Result<Self, String> {
        Self::parse(&path).map_err(|problem| format!("the path `{path}` {problem}"))
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> Self {
        path.0
    }
}

/// Who keeps a file current after it was first written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Boatyard: an update merges its changes with the user's edits.
    Managed,
    /// The user: written once, then followed only while it is unedited.
    Seed,
}

/// One text file: UTF-8, LF line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The whole text.
    pub text: String,
    /// Whether it is a program: its first line starts with `#!`.
    pub executable: bool,
    /// Who keeps it current.
    pub policy: Policy,
}

impl File {
    /// A file of this text; a `#!` first line makes it executable.
    pub fn new(text: String, policy: Policy) -> Self {
        Self {
            executable: text.starts_with("#!"),
            text,
            policy,
        }
    }
}

/// Every file of a repository, sorted by path.
pub type Tree = BTreeMap<RelPath, File>;

/// What stands at a path of a project directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Absent,
    /// A file.
    File {
        /// Its content; nothing says that it is text.
        bytes: Vec<u8>,
        /// Whether it may be executed; none where the file system does not tell.
        executable: Option<bool>,
    },
    /// Something that is never read, written over or followed: `a symbolic link`, `a directory`.
    Other(&'static str),
}
