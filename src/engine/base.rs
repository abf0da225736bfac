//! `.boatyard/base.json`: the pristine output that a later update compares with, kept in the repository.
//!
//! One line for each file, sorted by path, so that git shows its changes file by file. It is untrusted when read back:
//! every path goes through [`RelPath`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers::SCHEMA_PATH;
use super::error::Problem;
use super::tree::{File, Policy, RelPath};

/// Where it lies.
pub const BASE_PATH: &str = ".boatyard/base.json";

/// The newest format that this Boatyard reads and the one it writes. The first one knew neither ids nor states.
pub const FORMAT: u32 = 2;

/// The folder in which an update keeps its lock, its journal and what it replaced.
pub const JOURNAL_PATH: &str = ".boatyard/journal";

/// What was generated, by which Boatyard, from which answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Base {
    /// The version of the Boatyard that wrote it.
    pub boatyard: String,
    /// The document of `boatyard.json` that it was made from.
    pub answers: Value,
    /// Whether the repository was there before Boatyard, with a service of its own.
    pub adopted: bool,
    /// Every generated file.
    pub files: Files,
}

/// Generated files by path.
pub type Files = BTreeMap<RelPath, Entry>;

/// One generated file, as the last update left it behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The pristine output.
    pub file: File,
    /// The output's id, which stays when the output moves; empty in bases of the first format.
    pub id: String,
    /// What became of it.
    pub state: State,
}

/// What became of a generated file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is in the repository, edited or not.
    #[default]
    Current,
    /// The user deleted it, so it stays away.
    Deleted,
    /// The answers no longer give it, and it is kept for the user's edits.
    Orphan,
    /// The user's own file stands at its path and is left alone.
    Yours,
    /// A file of the user's does the same under another name, so this one stays away.
    Instead,
}

impl State {
    fn is_current(&self) -> bool {
        *self == Self::Current
    }
}

impl Entry {
    /// The entry of a file that was just generated.
    pub fn new(file: File, id: impl Into<String>) -> Self {
        Self {
            file,
            id: id.into(),
            state: State::Current,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    mode: Mode,
    policy: Policy,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    id: String,
    #[serde(default, skip_serializing_if = "State::is_current")]
    state: State,
    text: String,
}

#[derive(Serialize, Deserialize)]
enum Mode {
    #[serde(rename = "644")]
    Plain,
    #[serde(rename = "755")]
    Executable,
}

#[derive(Deserialize)]
struct Head {
    format: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "format")]
    _format: u32,
    boatyard: String,
    answers: Value,
    #[serde(default)]
    adopted: bool,
    files: BTreeMap<RelPath, Line>,
}

impl Base {
    /// The text of the file.
    pub fn to_text(&self) -> String {
        let adopted = if self.adopted { "\"adopted\": true,\n" } else { "" };
        let mut text = format!(
            "{{\n\"format\": {FORMAT},\n\"boatyard\": {},\n\"answers\": {},\n{adopted}\"files\": {{",
            Value::from(self.boatyard.as_str()),
            self.answers
        );
        for (index, (path, entry)) in self.files.iter().enumerate() {
            let line = Line {
                mode: if entry.file.executable {
                    Mode::Executable
                } else {
                    Mode::Plain
                },
                policy: entry.file.policy,
                id: entry.id.clone(),
                state: entry.state,
                text: entry.file.text.clone(),
            };
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            text.push_str(&Value::from(path.as_str()).to_string());
            text.push_str(": ");
            // Serialising a struct of strings cannot fail; an empty entry would be refused on reading.
            text.push_str(&serde_json::to_string(&line).unwrap_or_default());
        }
        text.push_str("\n}\n}\n");
        text
    }

    /// Reads the file back.
    ///
    /// # Errors
    /// It is damaged, holds a path that leaves the project, or was written by a newer Boatyard.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let damaged = |error: serde_json::Error| {
            Problem::new(format!("`{BASE_PATH}` is damaged: {error}")).hint("restore it from git")
        };
        let head: Head = serde_json::from_str(text).map_err(damaged)?;
        if head.format > FORMAT {
            return Err(Problem::new(format!(
                "`{BASE_PATH}` has format {}, this boatyard reads up to {FORMAT}",
                head.format
            ))
            .hint("install the version of boatyard that wrote it, or a newer one"));
        }
        let document: Document = serde_json::from_str(text).map_err(damaged)?;
        let mut files = Files::new();
        for (path, line) in document.files {
            if own(path.as_str()) {
                return Err(Problem::new(format!(
                    "`{BASE_PATH}` is damaged: it claims `{path}`, which no template gives"
                ))
                .hint("restore it from git"));
            }
            let file = File {
                text: line.text,
                executable: matches!(line.mode, Mode::Executable),
                policy: line.policy,
            };
            let (id, state) = (line.id, line.state);
            files.insert(path, Entry { file, id, state });
        }
        Ok(Self {
            boatyard: document.boatyard,
            answers: document.answers,
            adopted: document.adopted,
            files,
        })
    }
}

/// Whether Boatyard keeps this path for itself, whatever its case: no generated file but the schema lies there.
pub fn own(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path == super::repository::ANSWERS_PATH || path != SCHEMA_PATH && path.split('/').next() == Some(".boatyard")
}
