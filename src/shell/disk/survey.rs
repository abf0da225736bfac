//! A look over a directory that nobody generated: the paths of its files, and the texts of a few. No link is followed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::engine::tree::{Found, RelPath};

use super::super::failure::Failure;
use super::place::found;

/// The most files that are listed.
const MOST: usize = 50_000;

/// How far below the root.
const DEEPEST: usize = 8;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 512 * 1024;

/// The files below a directory, those near it first; directories of a name in `skip` are not entered.
///
/// # Errors
/// The directory itself cannot be read.
pub fn files(root: &Path, skip: &[String]) -> Result<Vec<RelPath>, Failure> {
    let mut listed = Vec::new();
    let mut level = vec![String::new()];
    for depth in 0..DEEPEST {
        let mut below = Vec::new();
        for folder in &level {
            let entries = match fs::read_dir(root.join(folder)) {
                Ok(entries) => entries,
                Err(error) if depth == 0 => return Err(Failure::io("read", root, &error)),
                // What cannot be read tells nothing.
                Err(_) => continue,
            };
            let mut here = Vec::new();
            for entry in entries.flatten() {
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let path = match folder.is_empty() {
                    true => name.clone(),
                    false => format!("{folder}/{name}"),
                };
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && !skip.contains(&name) => below.push(path),
                    Ok(kind) if kind.is_file() => here.extend(RelPath::parse(&path)),
                    _ => {}
                }
            }
            here.sort();
            listed.extend(here);
            if listed.len() >= MOST {
                listed.truncate(MOST);
                return Ok(listed);
            }
        }
        below.sort();
        level = below;
    }
    Ok(listed)
}

/// The texts of these files, and those that are too large to be read.
///
/// # Errors
/// One of them cannot be read.
pub fn texts(root: &Path, paths: Vec<RelPath>) -> Result<(BTreeMap<RelPath, String>, Vec<RelPath>), Failure> {
    let mut texts = BTreeMap::new();
    let mut unread = Vec::new();
    for path in paths {
        let large = fs::symlink_metadata(root.join(path.as_str())).is_ok_and(|data| data.len() > LARGEST);
        if large {
            unread.push(path);
        } else if let Found::File { bytes, .. } = found(root, &path)? {
            let text = String::from_utf8_lossy(&bytes);
            texts.insert(path, text.trim_start_matches('\u{feff}').to_owned());
        }
    }
    Ok((texts, unread))
}

/// The name of a directory, `.` included.
pub fn name(root: &Path) -> String {
    let full = fs::canonicalize(root).unwrap_or_default();
    full.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
