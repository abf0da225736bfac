//! The steps of an update as they lie in the journal.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::base;
use crate::engine::error::Problem;
use crate::engine::merge::decide::Content;
use crate::engine::tree::{Found, RelPath};
use crate::shell::disk;
use crate::shell::failure::{Failure, shown};

const FORMAT: u32 = 1;

/// The file that lists them.
pub(super) const STEPS: &str = "steps.json";

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

/// `steps.json`: what to do, with contents in files of the same number in `old/` and `new/`.
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
    /// Whether the old and the new file are programs; none: no file.
    old: Option<bool>,
    new: Option<bool>,
}

/// The text of `steps.json`.
pub(super) fn document(steps: &[Step], undo: bool) -> Result<String, serde_json::Error> {
    let line = |step: &Step| Line {
        path: step.path.clone(),
        old: step.old.as_ref().map(|content| content.executable),
        new: step.new.as_ref().map(|content| content.executable),
    };
    serde_json::to_string(&Document {
        format: FORMAT,
        undo,
        steps: steps.iter().map(line).collect(),
    })
}

/// The steps of a folder of the journal.
///
/// # Errors
/// They are damaged.
pub(super) fn read(folder: &Path) -> Result<(Vec<Step>, bool), Failure> {
    let path = folder.join(STEPS);
    let text = disk::read_text(&path)?;
    let document: Document = serde_json::from_str(&text)
        .ok()
        .filter(|document: &Document| document.format == FORMAT)
        .ok_or_else(|| {
            Failure::input(Problem::new(format!("{} is damaged", shown(&path))).hint(format!(
                "restore the repository from git, then remove {}",
                shown(folder)
            )))
        })?;
    let read = |side: &str, index: usize, executable: Option<bool>| -> Result<Option<Content>, Failure> {
        let Some(executable) = executable else {
            return Ok(None);
        };
        let path = folder.join(side).join(index.to_string());
        let bytes = fs::read(&path).map_err(|error| Failure::io("read", &path, &error))?;
        Ok(Some(Content { bytes, executable }))
    };
    let steps = document.steps.into_iter().enumerate().map(|(index, line)| {
        Ok(Step {
            old: read("old", index, line.old)?,
            new: read("new", index, line.new)?,
            path: line.path,
        })
    });
    Ok((steps.collect::<Result<_, Failure>>()?, document.undo))
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
