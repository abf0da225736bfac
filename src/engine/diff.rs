//! An update as a unified diff, in the form that `git apply` reads.

use std::collections::BTreeMap;
use std::fmt::Write;

use similar::TextDiff;

use super::base::BASE_PATH;
use super::merge::decide::Content;
use super::merge::{Edit, Update};
use super::tree::{File, Found, RelPath};

/// One file of a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiff {
    /// The file.
    pub path: RelPath,
    /// Its header and hunks.
    pub text: String,
}

/// What the update changes, file by file; the base, which nobody reads, is left out.
pub fn unified(update: &Update, disk: &BTreeMap<RelPath, Found>) -> Vec<FileDiff> {
    let moved: BTreeMap<&RelPath, &RelPath> = update
        .changes
        .iter()
        .filter_map(|change| Some((&change.path, change.from.as_ref()?)))
        .collect();
    let mut found = Vec::new();
    for (path, edit) in update.edits.iter().filter(|(path, _)| path.as_str() != BASE_PATH) {
        // What moved away is told where it went.
        if moved.values().any(|from| *from == path) {
            continue;
        }
        let from = moved.get(path).copied().unwrap_or(path);
        let old = disk.get(from).and_then(content);
        let new = match edit {
            Edit::Write(content) => Some(content),
            Edit::Remove => None,
        };
        let text = one(from, old.as_ref(), path, new);
        found.push(FileDiff {
            path: path.clone(),
            text,
        });
    }
    found
}

/// What would have to change for a file of the user's to be the generated one, which may have another name.
pub fn beside(yours: &RelPath, disk: &Found, path: &RelPath, file: &File) -> String {
    let new = Content {
        bytes: file.text.clone().into_bytes(),
        executable: file.executable,
    };
    one(yours, content(disk).as_ref(), path, Some(&new))
}

fn content(found: &Found) -> Option<Content> {
    match found {
        Found::File { bytes, executable } => Some(Content {
            bytes: bytes.clone(),
            executable: executable.unwrap_or(false),
        }),
        _ => None,
    }
}

fn one(from: &RelPath, old: Option<&Content>, path: &RelPath, new: Option<&Content>) -> String {
    let mode = |content: &Content| if content.executable { "100755" } else { "100644" };
    let mut out = format!("diff --git a/{from} b/{path}\n");
    // Writing into a text cannot fail.
    let _ = match (old, new) {
        (None, Some(new)) => writeln!(out, "new file mode {}", mode(new)),
        (Some(old), None) => writeln!(out, "deleted file mode {}", mode(old)),
        (Some(old), Some(new)) if old.executable != new.executable => {
            writeln!(out, "old mode {}\nnew mode {}", mode(old), mode(new))
        }
        _ => Ok(()),
    };
    if from != path {
        let _ = writeln!(out, "rename from {from}\nrename to {path}");
    }
    let bytes = [old, new].map(|content| content.map_or(&[][..], |content| content.bytes.as_slice()));
    let [Ok(before), Ok(after)] = bytes.map(std::str::from_utf8) else {
        let _ = writeln!(out, "Binary files a/{from} and b/{path} differ");
        return out;
    };
    if before != after {
        let name = |present: bool, side: &str, path: &RelPath| match present {
            true => format!("{side}/{path}"),
            false => "/dev/null".to_owned(),
        };
        let diff = TextDiff::from_lines(before, after);
        let (a, b) = (name(old.is_some(), "a", from), name(new.is_some(), "b", path));
        let _ = write!(out, "{}", diff.unified_diff().context_radius(3).header(&a, &b));
    }
    out
}
