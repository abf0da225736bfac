//! Files of a project by their paths in it. No symbolic link is ever followed, so none leads out of the project.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::tree::{Found, RelPath};

use super::super::failure::Failure;

/// What stands at each of these paths.
///
/// # Errors
/// Something is there and cannot be read.
pub fn look(root: &Path, paths: &BTreeSet<RelPath>) -> Result<BTreeMap<RelPath, Found>, Failure> {
    paths
        .iter()
        .map(|path| Ok((path.clone(), found(root, path)?)))
        .collect()
}

/// What stands at a path of the project in `root`.
///
/// # Errors
/// Something is there and cannot be read.
pub fn found(root: &Path, path: &RelPath) -> Result<Found, Failure> {
    let mut place = root.to_owned();
    let mut parts = path.as_str().split('/').peekable();
    while let Some(part) = parts.next() {
        place.push(part);
        let metadata = match fs::symlink_metadata(&place) {
            Ok(metadata) => metadata,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => return Ok(Found::Absent),
            Err(error) => return Err(Failure::io("read", &place, &error)),
        };
        let kind = metadata.file_type();
        match parts.peek() {
            _ if kind.is_symlink() => return Ok(Found::Other("a symbolic link")),
            Some(_) if !kind.is_dir() => return Ok(Found::Other("a file in place of a directory")),
            Some(_) => {}
            None if kind.is_dir() => return Ok(Found::Other("a directory")),
            None if !kind.is_file() => return Ok(Found::Other("no plain file")),
            None => {
                let bytes = fs::read(&place).map_err(|error| Failure::io("read", &place, &error))?;
                let executable = executable(&metadata);
                return Ok(Found::File { bytes, executable });
            }
        }
    }
    Ok(Found::Absent)
}

#[cfg(unix)]
fn executable(metadata: &Metadata) -> Option<bool> {
    use std::os::unix::fs::PermissionsExt;
    Some(metadata.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn executable(_: &Metadata) -> Option<bool> {
    None
}

/// The directories above a path, from the top.
pub(super) fn above(root: &Path, path: &RelPath) -> Vec<PathBuf> {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    (1..parts.len())
        .map(|count| root.join(parts[..count].join("/")))
        .collect()
}

/// The nearest directory from `start` upwards that holds `name`.
pub fn upwards(start: &Path, name: &str) -> Option<PathBuf> {
    let full = std::path::absolute(start).ok()?;
    let above = full.ancestors().find(|above| above.join(name).is_file())?;
    // As the user named it where that is the place itself.
    match above == full || above == start {
        true => Some(start.to_owned()),
        false => Some(above.to_owned()),
    }
}
