//! An update of many files that ends as a whole: staged, then begun by one rename, then carried out step by step.
//!
//! `.boatyard/journal/` holds `lock`, and one of these files: `next` while an update is staged, `running` while it is
//! carried out, `last` when it is done, so that it can be taken back. A run that was killed leaves `next`, which the next
//! run removes, or `running`, which it carries out to the end: each step is one that can be taken twice.
//!
//! The disk has the journal before the first step; the files of the project are left to the system, as git leaves them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::engine::base::{BASE_PATH, JOURNAL_PATH};
use crate::engine::error::Problem;
use crate::engine::tree::RelPath;

use super::super::failure::{Failure, shown};
use super::ops::{self, Ops};
use super::place::{above, found};

mod steps;
mod undo;

pub use steps::{Step, content};
use steps::{amended, sibling, stands};

const NEXT: &str = "next";
const RUNNING: &str = "running";
const LAST: &str = "last";

/// The journal of a project, locked: nobody else updates it meanwhile.
pub struct Journal<'a> {
    root: &'a Path,
    ops: &'a dyn Ops,
    folder: PathBuf,
    lock: File,
}

impl Drop for Journal<'_> {
    fn drop(&mut self) {
        // Closing is not enough: a child that is being started holds the file open until it is another program.
        let _ = self.lock.unlock();
    }
}

/// Whether an update of this project was begun and not ended.
pub fn pending(root: &Path) -> bool {
    root.join(JOURNAL_PATH).join(RUNNING).exists()
}

impl<'a> Journal<'a> {
    /// Takes the lock.
    ///
    /// # Errors
    /// Somebody else has it, or the journal cannot be made.
    pub fn open(root: &'a Path, ops: &'a dyn Ops) -> Result<Self, Failure> {
        let own = RelPath::parse(&format!("{JOURNAL_PATH}/lock")).map_err(broken)?;
        for folder in above(root, &own) {
            match fs::symlink_metadata(&folder) {
                Ok(metadata) if !metadata.is_dir() => {
                    return Err(Failure::input(
                        Problem::new(format!("{} is no directory", shown(&folder)))
                            .hint("boatyard keeps its files there; move it away"),
                    ));
                }
                Ok(_) => {}
                Err(_) => ops
                    .create_dir(&folder)
                    .map_err(|error| Failure::io("create", &folder, &error))?,
            }
        }
        let folder = root.join(JOURNAL_PATH);
        let path = folder.join("lock");
        let lock = ops::lock_file(&path).map_err(|error| Failure::io("write", &path, &error))?;
        if lock.try_lock().is_err() {
            return Err(Failure::input(
                Problem::new(format!("another boatyard is updating {}", shown(root))).hint("wait until it is done"),
            ));
        }
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            // Nothing in here is anybody else's business.
            ops.create(&ignore, b"*\n", false)
                .map_err(|error| Failure::io("write", &ignore, &error))?;
        }
        Ok(Self {
            root,
            ops,
            folder,
            lock,
        })
    }

    /// Ends what a killed run began, and says what it did.
    ///
    /// # Errors
    /// A file operation failed; it can be tried again.
    pub fn roll_forward(&self) -> Result<Option<String>, Failure> {
        let next = self.folder.join(NEXT);
        self.ops
            .remove_file(&next)
            .map_err(|error| Failure::io("remove", &next, &error))?;
        if !self.folder.join(RUNNING).exists() {
            return Ok(None);
        }
        self.carry_out()?;
        Ok(Some("finished the update that an interrupted run had begun".into()))
    }

    /// Carries out an update; afterwards it is the one that can be taken back.
    ///
    /// # Errors
    /// A file changed meanwhile, or an operation failed: before the update began nothing is written, afterwards the next
    /// run ends it.
    pub fn apply(&self, steps: &[Step], undo: bool) -> Result<(), Failure> {
        let next = self.folder.join(NEXT);
        let staged = self.stage(&next, steps, undo).and_then(|()| self.unchanged(steps));
        if staged.is_err() {
            // What is left is swept by the next run.
            let _ = self.ops.remove_file(&next);
            return staged;
        }
        let running = self.folder.join(RUNNING);
        self.ops
            .rename(&next, &running)
            .map_err(|error| Failure::io("create", &running, &error))?;
        self.carry_out()
    }

    /// Takes Boatyard's own folder away, journal and all; an update that was carried out can no longer be taken back.
    ///
    /// # Errors
    /// A file operation failed.
    pub fn leave(self) -> Result<(), Failure> {
        let own = self.folder.parent().map(Path::to_owned).unwrap_or_default();
        self.ops
            .remove_dir_all(&own)
            .map_err(|error| Failure::io("remove", &own, &error))
    }

    fn stage(&self, next: &Path, steps: &[Step], undo: bool) -> Result<(), Failure> {
        let bytes = steps::encode(steps, undo).map_err(|error| broken(&error.to_string()))?;
        self.ops
            .create(next, &bytes, false)
            .and_then(|()| self.ops.sync(next))
            .map_err(|error| Failure::io("write", next, &error))
    }

    /// The last look before the first write.
    fn unchanged(&self, steps: &[Step]) -> Result<(), Failure> {
        let mut problems = Vec::new();
        for step in steps {
            if !stands(&found(self.root, &step.path)?, step.old.as_ref()) {
                problems.push(
                    Problem::new(format!("`{}` changed while the update was being prepared", step.path))
                        .hint("nothing was written; run the command again"),
                );
            }
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Failure::Io(problems)),
        }
    }

    /// Takes every step that was not taken yet. A file that somebody changed meanwhile is left as it is, and the base
    /// keeps what it knew of it, so that the next update merges that change.
    fn carry_out(&self) -> Result<(), Failure> {
        let (steps, _) = steps::read(&self.folder.join(RUNNING))?;
        let mut left = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let amended = match step.path.as_str() {
                BASE_PATH if !left.is_empty() => amended(step, &left),
                _ => None,
            };
            let step = amended.as_ref().unwrap_or(step);
            let here = found(self.root, &step.path)?;
            if stands(&here, step.new.as_ref()) {
                self.tidy(index, step);
            } else if stands(&here, step.old.as_ref()) {
                self.take(index, step)?;
            } else {
                self.tidy(index, step);
                left.push(step.path.clone());
            }
        }
        let (running, last) = (self.folder.join(RUNNING), self.folder.join(LAST));
        self.ops
            .rename(&running, &last)
            .map_err(|error| Failure::io("create", &last, &error))?;
        let problem = |path: &RelPath| {
            Problem::new(format!(
                "`{path}` changed while the update was being written; it is left as it is"
            ))
            .hint("run `boatyard update` again to bring the update into it")
        };
        match left.is_empty() {
            true => Ok(()),
            false => Err(Failure::Io(left.iter().map(problem).collect())),
        }
    }

    fn take(&self, index: usize, step: &Step) -> Result<(), Failure> {
        let path = self.root.join(step.path.as_str());
        let Some(content) = &step.new else {
            self.ops
                .remove_file(&path)
                .map_err(|error| Failure::io("remove", &path, &error))?;
            // Git knows no empty directories, and neither does a repository.
            let folders = above(self.root, &step.path);
            let _ = folders.iter().rev().try_for_each(|folder| self.ops.remove_dir(folder));
            return Ok(());
        };
        for folder in above(self.root, &step.path) {
            if !folder.is_dir() {
                self.ops
                    .create_dir(&folder)
                    .map_err(|error| Failure::io("create", &folder, &error))?;
            }
        }
        let sibling = sibling(&path, index);
        let failed = |error| Failure::io("write", &path, &error);
        self.ops.remove_file(&sibling).map_err(failed)?;
        let written = self
            .ops
            .create(&sibling, &content.bytes, content.executable)
            .and_then(|()| self.ops.rename(&sibling, &path));
        written.map_err(|error| {
            let _ = self.ops.remove_file(&sibling);
            failed(error)
        })
    }

    /// Removes what a killed run may have left beside a file.
    fn tidy(&self, index: usize, step: &Step) {
        let sibling = sibling(&self.root.join(step.path.as_str()), index);
        if fs::symlink_metadata(&sibling).is_ok() {
            let _ = self.ops.remove_file(&sibling);
        }
    }
}

fn broken(what: &str) -> Failure {
    Failure::Bug(vec![Problem::new(format!("the journal: {what}"))])
}
