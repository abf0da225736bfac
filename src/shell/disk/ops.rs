//! The operations that change files, one by one, so that a test can fail or stop each of them.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// What changes files.
pub trait Ops {
    /// Makes a directory; one that is there is no error.
    ///
    /// # Errors
    /// As the system says.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes a file that was not there.
    ///
    /// # Errors
    /// As the system says.
    fn create(&self, path: &Path, bytes: &[u8], executable: bool) -> io::Result<()>;

    /// Waits until the disk has a file.
    ///
    /// # Errors
    /// As the system says.
    fn sync(&self, path: &Path) -> io::Result<()>;

    /// Gives a file or directory another name, in place of a file of that name.
    ///
    /// # Errors
    /// As the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file; none is no error.
    ///
    /// # Errors
    /// As the system says.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// As the system says.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Removes a directory and what it holds; none is no error.
    ///
    /// # Errors
    /// As the system says.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;
}

/// The file system itself.
#[derive(Debug, Clone, Copy)]
pub struct System;

impl Ops for System {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            done => done,
        }
    }

    fn create(&self, path: &Path, bytes: &[u8], executable: bool) -> io::Result<()> {
        super::create(path, executable)?.write_all(bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.sync_data()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        ignore_absent(fs::remove_file(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        ignore_absent(fs::remove_dir_all(path))
    }
}

fn ignore_absent(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// The file that says who is at work, made where it is missing.
pub(super) fn lock_file(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}
