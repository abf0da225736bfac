//! What a repository that nobody generated is made of: every answer that its files give, each with the lines that say so.
//!
//! What a component looks like, and where things are written down, is data: signs in `stacks/<axis>/<id>.json`, places in
//! `stacks/places.json`. Everything read here is untrusted: it may be malformed, and no depth or length of it does harm.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tree::RelPath;

mod findings;
pub mod pattern;
mod read;
mod weigh;

pub use findings::findings;
pub(in crate::engine) use findings::is_built_in;
pub use read::{mentions, readable};

/// The kind of sign that is a file of a name.
pub const FILE: &str = "file";

/// The kind of sign that is a share of the source files.
pub const SOURCE: &str = "source";

/// `stacks/places.json`: where repositories write down what they are made of.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// For editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Directories whose content is somebody else's, an example or made by a program.
    pub skip: Vec<String>,
    /// The places, the most telling first.
    pub places: Vec<Place>,
}

/// Where files of one shape mention things of one kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Place {
    /// What is mentioned: a word that signs name as well, or the key of an answer.
    pub kind: String,
    /// `axis.id` of the component beside which it counts, where that is the key of an answer; none: beside any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub beside: String,
    /// Patterns of paths; one without `/` is a file's name in any directory.
    pub files: Vec<String>,
    /// Where in a file of JSON, YAML or TOML: names down to a value, with `/` between and `*` in them. None: in each line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// Whether the names of what stands there are meant, in place of the values.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub names: bool,
    /// What a line begins with.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub starts: String,
    /// What stands right before the mention: the first such text counts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub after: String,
    /// The same, but the last such text counts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub behind: String,
    /// Characters that end the mention.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub until: String,
    /// What a line or value must not hold.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub without: String,
    /// Whether only numbers are meant.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub number: bool,
}

/// What speaks for a component, a value or a feature.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// `file`, `source` (the share of all source files), or a kind of place.
    pub kind: String,
    /// Patterns of what is mentioned; `*` stands for anything. Case and `_` in place of `-` mean nothing.
    pub names: Vec<String>,
    /// How much it says, however often it is found.
    pub points: u32,
}

/// Something that is told from its signs, and is no component.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Its name, as people write it: `MySQL`.
    pub title: String,
    /// What speaks for it.
    pub signs: Vec<Sign>,
}

/// Something worth telling of a repository that decides no answer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// What it is: `framework`.
    pub id: String,
    /// What it may be.
    pub values: Vec<Known>,
}

/// What was seen of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its files, those near the root first.
    pub files: Vec<RelPath>,
    /// The texts of those that are [`readable`].
    pub texts: BTreeMap<RelPath, String>,
}

/// A place where a repository says something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Evidence {
    /// The file.
    pub path: RelPath,
    /// The line, from 1; none where the file as such tells.
    pub line: Option<usize>,
    /// What stands there.
    pub text: String,
}

/// Something mentioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Its kind.
    pub kind: String,
    /// The component beside which it counts; empty: beside any.
    pub beside: String,
    /// What is mentioned, and where.
    pub evidence: Evidence,
}

/// How far something was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Signs say so.
    Found,
    /// There is no sign of any.
    Absent,
    /// Signs speak for something that Boatyard does not have.
    Other,
    /// Signs speak for several, nearly as much for one as for another.
    Unsure,
    /// It is told, and decides nothing.
    Seen,
}

/// One thing that was found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// The key of an answer, or of a feature.
    pub key: String,
    /// The answer that is proposed.
    pub value: Option<String>,
    /// What was found, as people call it.
    pub title: String,
    /// How far.
    pub how: How,
    /// What says so, the most telling first.
    pub evidence: Vec<Evidence>,
}
