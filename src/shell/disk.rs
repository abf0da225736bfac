//! The file system; the only file that knows it. A repository appears whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::engine::error::Problem;
use crate::engine::tree::Tree;

use super::failure::{Failure, shown};
use super::interrupt;

pub mod journal;
pub mod ops;
pub mod place;
mod stage;
pub mod survey;

pub use stage::{sweep, write_new};

/// What stands where a new repository shall go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Nothing.
    Absent,
    /// A directory that is empty, or holds only `.git`.
    Empty,
}

/// Looks at the place for a new repository.
///
/// # Errors
/// It is taken, or its parent is missing or no directory.
pub fn target(directory: &Path) -> Result<Target, Failure> {
    let read = match fs::read_dir(directory) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound && directory.is_symlink() => {
            return Err(Failure::input(
                Problem::new(format!("{} is a symbolic link that leads nowhere", shown(directory)))
                    .hint("name another directory, or make the one it points to"),
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = parent(directory)?;
            return writable(&parent).map(|()| Target::Absent);
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(Failure::input(
                Problem::new(format!("{} is a file, or lies below one", shown(directory)))
                    .hint("name another directory"),
            ));
        }
        Err(error) => return Err(Failure::io("read", directory, &error)),
    };
    let mut held = Vec::new();
    for entry in read {
        let entry = entry.map_err(|error| Failure::io("read", directory, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        match stage::left_behind(&entry.path(), &name) {
            // The next sweep removes or finishes it.
            Some(true) => {}
            Some(false) => {
                return Err(Failure::input(
                    Problem::new(format!("another boatyard is writing into {}", shown(directory)))
                        .hint("wait until it is done, or name another directory"),
                ));
            }
            None if name == ".git" => {}
            None => held.push(name),
        }
    }
    held.sort();
    match held.len() {
        0 => writable(directory).map(|()| Target::Empty),
        count => Err(Failure::input(taken(directory, &held, count))),
    }
}

fn taken(directory: &Path, held: &[String], count: usize) -> Problem {
    let some: Vec<String> = held.iter().take(3).map(|name| format!("`{name}`")).collect();
    let more = if count > 3 {
        format!(" and {} more", count - 3)
    } else {
        String::new()
    };
    let problem = Problem::new(format!(
        "{} is not empty: it holds {}{more}",
        shown(directory),
        some.join(", ")
    ));
    if held.iter().any(|name| name == "boatyard.json") {
        problem.hint("a boatyard repository is there already; name another directory")
    } else {
        problem.hint("name another directory, such as `boatyard new DIR`; `new` never writes over files")
    }
}

/// The directory that holds `path`.
fn parent(path: &Path) -> Result<PathBuf, Failure> {
    let parent = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => PathBuf::from("."),
    };
    if parent.is_dir() {
        return Ok(parent);
    }
    Err(Failure::input(
        Problem::new(format!("there is no directory {}", shown(&parent)))
            .hint(format!("make it first: `mkdir -p {}`", parent.display())),
    ))
}

/// Whether files can be made in a directory, found out without making one.
#[cfg(unix)]
fn writable(directory: &Path) -> Result<(), Failure> {
    use rustix::fs::{Access, access};
    access(directory, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| Failure::io("write into", directory, &error.into()))
}

/// Elsewhere the first write tells.
#[cfg(not(unix))]
fn writable(_: &Path) -> Result<(), Failure> {
    Ok(())
}

/// Whether something is at `path`.
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// Reads a text file, or standard input for `-`.
///
/// # Errors
/// It cannot be read, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().read_to_string(&mut text)
    } else {
        File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    };
    match read {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Failure::input(
            Problem::new(format!("there is no file `{}`", path.display())).hint("check the path"),
        )),
        Err(error) => Err(Failure::io("read", path, &error)),
    }
}

/// Writes every file of `tree` below `root`, which exists and is ours alone; stops between two files when asked to.
fn write_tree(root: &Path, tree: &Tree) -> Result<(), Failure> {
    for (path, file) in tree {
        if interrupt::asked() {
            return Err(Failure::Interrupted);
        }
        let path = root.join(path.as_str());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| Failure::io("create", parent, &error))?;
        }
        create(&path, file.executable)
            .and_then(|mut out| out.write_all(file.text.as_bytes()))
            .map_err(|error| Failure::io("write", &path, &error))?;
    }
    Ok(())
}

#[cfg(unix)]
fn create(path: &Path, executable: bool) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mode = if executable { 0o755 } else { 0o644 };
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    // The mode above passes through the umask; git knows two modes and so do we.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    Ok(file)
}

#[cfg(not(unix))]
fn create(path: &Path, _: bool) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
