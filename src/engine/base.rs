//! `.boatyard/base.json`: the pristine output that a later update compares with, kept in the repository.
//!
//! One line for each file, sorted by path, so that git shows its changes file by file. It is untrusted when read back:
//! every path goes through [`RelPath`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Problem;
use super::tree::{File, Policy, RelPath, Tree};

/// Where it lies.
pub const BASE_PATH: &str = ".boatyard/base.json";

/// The newest format that this Boatyard reads and the one it writes.
pub const FORMAT: u32 = 1;

/// What was generated, by which Boatyard, from which answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Base {
    /// The version of the Boatyard that wrote it.
    pub boatyard: String,
    /// The document of `boatyard.json` that it was made from.
    pub answers: Value,
    /// Every generated file.
    pub files: Tree,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    mode: Mode,
    policy: Policy,
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
    files: BTreeMap<RelPath, Entry>,
}

impl Base {
    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{{\n\"format\": {FORMAT},\n\"boatyard\": {},\n\"answers\": {},\n\"files\": {{",
            Value::from(self.boatyard.as_str()),
            self.answers
        );
        for (index, (path, file)) in self.files.iter().enumerate() {
            let entry = Entry {
                mode: if file.executable { Mode::Executable } else { Mode::Plain },
                policy: file.policy,
                text: file.text.clone(),
            };
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            text.push_str(&Value::from(path.as_str()).to_string());
            text.push_str(": ");
            // Serialising a struct of strings cannot fail; an empty entry would be refused on reading.
            text.push_str(&serde_json::to_string(&entry).unwrap_or_default());
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
        let files = document
            .files
            .into_iter()
            .map(|(path, entry)| {
                let executable = matches!(entry.mode, Mode::Executable);
                (
                    path,
                    File {
                        text: entry.text,
                        executable,
                        policy: entry.policy,
                    },
                )
            })
            .collect();
        Ok(Self {
            boatyard: document.boatyard,
            answers: document.answers,
            files,
        })
    }
}
