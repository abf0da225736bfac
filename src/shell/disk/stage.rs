//! Staged writing: everything goes into a temporary directory first, and appears by renaming.
//!
//! A new directory appears by one rename. Into a directory that exists (it may be somebody's current directory, so it
//! must stay the same one) the entries are moved one by one, after a marker says that the staging is complete; a run that
//! was killed between is finished by the next.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::error::Problem;
use crate::engine::tree::Tree;

use super::super::failure::{Failure, shown};
use super::{Target, parent, write_tree};

const MARK: &str = "boatyard-staging-";
const LOCK: &str = "lock";
const FILES: &str = "files";
const COMPLETE: &str = "complete";

/// Writes a new repository.
///
/// # Errors
/// A file operation failed, or a signal asked to stop; what was staged is removed.
pub fn write_new(directory: &Path, target: Target, tree: &Tree) -> Result<(), Failure> {
    let stage = Stage::open(&home(directory, target)?, &prefix(directory, target))?;
    let result = stage.fill(tree).and_then(|()| match target {
        Target::Absent => {
            fs::rename(stage.path.join(FILES), directory).map_err(|error| Failure::io("create", directory, &error))
        }
        Target::Empty => {
            let complete = stage.path.join(COMPLETE);
            File::create(&complete).map_err(|error| Failure::io("write", &complete, &error))?;
            move_entries(&stage.path.join(FILES), directory)
        }
    });
    // Moves that failed half-way must stay for the next run to finish.
    if result.is_ok() || !stage.path.join(COMPLETE).exists() {
        let _ = fs::remove_dir_all(&stage.path);
    }
    result
}

/// Finishes or removes what a killed run left for this directory, and says what it did.
///
/// # Errors
/// A file operation failed.
pub fn sweep(directory: &Path) -> Result<Vec<String>, Failure> {
    let mut told = Vec::new();
    for target in [Target::Absent, Target::Empty] {
        let Ok(home) = home(directory, target) else { continue };
        for path in leftovers(&home, &prefix(directory, target)) {
            if !path.join(COMPLETE).exists() {
                let path = path.strip_prefix(".").unwrap_or(&path);
                told.push(format!("removed {}, left by an interrupted run", shown(path)));
            } else {
                move_entries(&path.join(FILES), directory)?;
                told.push(format!(
                    "finished in {} what an interrupted run had begun: the repository there is complete",
                    shown(directory)
                ));
            }
            fs::remove_dir_all(&path).map_err(|error| Failure::io("remove", &path, &error))?;
        }
    }
    Ok(told)
}

/// Whether an entry of a directory is staging that a dead run left (true) or a live one works in (false); none: neither.
pub(super) fn left_behind(path: &Path, name: &str) -> Option<bool> {
    if !name.starts_with(&format!(".{MARK}")) || !path.is_dir() {
        return None;
    }
    match File::open(path.join(LOCK)) {
        Ok(lock) => Some(lock.try_lock().is_ok()),
        // Killed, or about to go on, between making the directory and its lock: empty in either case.
        Err(_) => Some(true),
    }
}

/// Where the staging directory lies: beside a new directory, inside an existing one; always on the same file system.
fn home(directory: &Path, target: Target) -> Result<PathBuf, Failure> {
    match target {
        Target::Absent => parent(directory),
        Target::Empty => Ok(directory.to_owned()),
    }
}

/// `.boatyard-staging-` inside, `.boatyard-staging-orders-` beside: only this directory's own leftovers are touched.
fn prefix(directory: &Path, target: Target) -> String {
    match (target, directory.file_name()) {
        (Target::Absent, Some(name)) => format!(".{MARK}{}.", name.to_string_lossy()),
        _ => format!(".{MARK}"),
    }
}

/// The staging directories of dead runs, in order.
fn leftovers(home: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(home) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with(prefix) && left_behind(&entry.path(), &name) == Some(true)
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

struct Stage {
    path: PathBuf,
    _lock: File,
}

impl Stage {
    fn open(home: &Path, prefix: &str) -> Result<Self, Failure> {
        let path = tempfile::Builder::new()
            .prefix(prefix)
            .tempdir_in(home)
            .map_err(|error| Failure::io("create a directory in", home, &error))?
            .keep();
        let lock = path.join(LOCK);
        let lock = File::create(&lock)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| Failure::io("lock", &lock, &error))?;
        Ok(Self { path, _lock: lock })
    }

    fn fill(&self, tree: &Tree) -> Result<(), Failure> {
        let files = self.path.join(FILES);
        fs::create_dir(&files).map_err(|error| Failure::io("create", &files, &error))?;
        write_tree(&files, tree)
    }
}

/// Moves everything in `from` to `to`; never over something that appeared there meanwhile.
fn move_entries(from: &Path, to: &Path) -> Result<(), Failure> {
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::io("read", from, &error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| Failure::io("read", from, &error))?;
        let place = to.join(entry.file_name());
        if place.symlink_metadata().is_ok() {
            return Err(Failure::Io(vec![
                Problem::new(format!(
                    "{} appeared while the repository was being written",
                    shown(&place)
                ))
                .hint(format!(
                    "move it away and run the command again; the rest waits in {}",
                    shown(from)
                )),
            ]));
        }
        fs::rename(entry.path(), &place).map_err(|error| Failure::io("create", &place, &error))?;
    }
    Ok(())
}
