//! Staged writing: everything goes into a temporary directory first, and appears by renaming.
//!
//! A new directory appears by one rename. Into a directory that exists (it may be somebody's current directory, so it
//! must stay the same one) the entries are moved one by one, after a marker says that the staging is complete; a run that
//! was killed between is finished by the next.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::tree::Tree;

use super::super::failure::Failure;
use super::{Target, parent, write_tree};

const MARK: &str = "boatyard-staging-";
const LOCK: &str = "lock";
const FILES: &str = "files";
const COMPLETE: &str = "complete";

/// Writes a new repository.
///
/// # Errors
/// A file operation failed; what was staged is removed.
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
    // A rename that failed half-way must stay for the next run to finish.
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
            let Ok(lock) = File::open(path.join(LOCK)) else {
                continue;
            };
            if lock.try_lock().is_err() {
                continue; // another boatyard is at work there
            }
            if path.join(COMPLETE).exists() {
                move_entries(&path.join(FILES), directory)?;
                told.push(format!(
                    "finished what an interrupted run had begun in `{}`",
                    directory.display()
                ));
            } else {
                told.push(format!("removed `{}`, left by an interrupted run", path.display()));
            }
            fs::remove_dir_all(&path).map_err(|error| Failure::io("remove", &path, &error))?;
        }
    }
    Ok(told)
}

/// Where the staging directory lies: beside a new directory, inside an existing one; always on the same file system.
fn home(directory: &Path, target: Target) -> Result<PathBuf, Failure> {
    match target {
        Target::Absent => parent(directory),
        Target::Empty => Ok(directory.to_owned()),
    }
}

/// `.orders.boatyard-staging-` beside, `.boatyard-staging-` inside: only this directory's own leftovers are touched.
fn prefix(directory: &Path, target: Target) -> String {
    match (target, directory.file_name()) {
        (Target::Absent, Some(name)) => format!(".{}.{MARK}", name.to_string_lossy()),
        _ => format!(".{MARK}"),
    }
}

fn leftovers(home: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(home) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
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

fn move_entries(from: &Path, to: &Path) -> Result<(), Failure> {
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::io("read", from, &error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| Failure::io("read", from, &error))?;
        let place = to.join(entry.file_name());
        fs::rename(entry.path(), &place).map_err(|error| Failure::io("create", &place, &error))?;
    }
    Ok(())
}
