//! The steps of an update as they lie in the journal: a line of JSON that lists them, then the contents it counts,
//! old before new, one after the other.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::base;
use crate::engine::error::Problem;
use crate::engine::merge::decide::Content;
use crate::engine::tree::{Found, RelPath};
use crate::shell::failure::{Failure, shown};

const FORMAT: u32 = 1;

/// What an update does to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The file.
    pub path: RelPath,
    /// What stands there now; none: nothing.
    pub old: Option<Content>,
    /// What shall stand there; none: nothing.
    pub new: Option<Content>,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Document {
    format: u32,
    /// Whether it takes another update back.
    undo: bool,
    steps: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    path: RelPath,
    old: Option<Lying>,
    new: Option<Lying>,
}

/// A content below the first line.
#[derive(Serialize, Deserialize)]
struct Lying {
    bytes: usize,
    executable: bool,
}

/// The journal's file for these steps.
pub(super) fn encode(steps: &[Step], undo: bool) -> Result<Vec<u8>, serde_json::Error> {
    let lying = |content: &Content| Lying {
        bytes: content.bytes.len(),
        executable: content.executable,
    };
    let line = |step: &Step| Line {
        path: step.path.clone(),
        old: step.old.as_ref().map(lying),
        new: step.new.as_ref().map(lying),
    };
    let mut encoded = serde_json::to_vec(&Document {
        format: FORMAT,
        undo,
        steps: steps.iter().map(line).collect(),
    })?;
    encoded.push(b'\n');
    for content in steps.iter().flat_map(|step| [&step.old, &step.new]).flatten() {
        encoded.extend_from_slice(&content.bytes);
    }
    Ok(encoded)
}

/// The steps in a file of the journal, and whether they take another update back.
///
/// # Errors
/// It cannot be read, or is damaged.
pub(super) fn read(path: &Path) -> Result<(Vec<Step>, bool), Failure> {
    let failed = |error| Failure::io("read", path, &error);
    // A link or a device in its place is not ours.
    let plain = fs::symlink_metadata(path).map_err(failed)?.is_file();
    let encoded = if plain {
        fs::read(path).map_err(failed)?
    } else {
        Vec::new()
    };
    decode(&encoded).ok_or_else(|| {
        Failure::input(
            Problem::new(format!("{} is damaged", shown(path)))
                .hint(format!("restore the repository from git, then remove {}", shown(path))),
        )
    })
}

fn decode(encoded: &[u8]) -> Option<(Vec<Step>, bool)> {
    let end = encoded.iter().position(|byte| *byte == b'\n')?;
    let (first, mut rest) = (&encoded[..end], &encoded[end + 1..]);
    let document: Document = serde_json::from_slice(first).ok()?;
    if document.format != FORMAT {
        return None;
    }
    let mut take = |lying: Option<Lying>| -> Option<Option<Content>> {
        let Some(Lying { bytes, executable }) = lying else {
            return Some(None);
        };
        let (content, after) = rest.split_at_checked(bytes)?;
        rest = after;
        let bytes = content.to_vec();
        Some(Some(Content { bytes, executable }))
    };
    let mut steps = Vec::new();
    for line in document.steps {
        steps.push(Step {
            path: line.path,
            old: take(line.old)?,
            new: take(line.new)?,
        });
    }
    rest.is_empty().then_some((steps, document.undo))
}

/// Where a file is written before it gets its name; the same in every run.
pub(super) fn sibling(path: &Path, index: usize) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.boatyard-{index}"))
}

/// The content of what stands at a path.
pub fn content(here: &Found) -> Option<Content> {
    match here {
        Found::File { bytes, executable } => Some(Content {
            bytes: bytes.clone(),
            executable: executable.unwrap_or(false),
        }),
        _ => None,
    }
}

/// Whether this stands there.
pub(super) fn stands(here: &Found, wanted: Option<&Content>) -> bool {
    match (here, wanted) {
        (Found::Absent, None) => true,
        (Found::File { bytes, executable }, Some(wanted)) => {
            *bytes == wanted.bytes && executable.is_none_or(|mode| mode == wanted.executable)
        }
        _ => false,
    }
}

/// The step that writes the base, with the old entries of files that were left.
pub(super) fn amended(step: &Step, left: &[RelPath]) -> Option<Step> {
    let text = |content: &Option<Content>| String::from_utf8(content.as_ref()?.bytes.clone()).ok();
    let (old, mut new) = (
        base::Base::parse(&text(&step.old)?).ok()?,
        base::Base::parse(&text(&step.new)?).ok()?,
    );
    for path in left {
        match old.files.get(path) {
            Some(entry) => new.files.insert(path.clone(), entry.clone()),
            None => new.files.remove(path),
        };
    }
    let bytes = new.to_text().into_bytes();
    Some(Step {
        new: Some(Content {
            bytes,
            executable: false,
        }),
        ..step.clone()
    })
}
