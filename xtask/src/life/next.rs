//! The next version of Boatyard: this one, with other templates and another version.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use walkdir::WalkDir;

use crate::{process, stack};

/// What the next version changes.
const CHANGES: &str = include_str!("next.json");

#[derive(Deserialize)]
struct Change {
    path: String,
    /// What stands there once; nothing where the file is new
    from: String,
    to: String,
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Builds it and gives its binary.
///
/// # Errors
/// What a change replaces is not there once; the next version does not build.
pub fn build() -> Result<PathBuf> {
    let folder = stack::proof_folder().join("life/boatyard");
    let mut files = sources()?;
    for change in serde_json::from_str::<Vec<Change>>(CHANGES)? {
        apply(&mut files, &change)?;
    }
    lay_down(&files, &folder)?;
    // What is built for the version beside it serves here too; only the binary has a place of its own.
    let target = stack::proof_folder().join("life/target");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--quiet", "--package", "boatyard"]);
    cargo.arg("--target-dir").arg(&target);
    cargo.env("CARGO_BUILD_BUILD_DIR", stack::target_folder());
    process::ok(cargo.current_dir(&folder), Duration::from_secs(900)).context("the next version does not build")?;
    Ok(target.join("release/boatyard"))
}

/// Every file of this repository, committed or not.
fn sources() -> Result<Files> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = process::ok(git.current_dir(stack::root()), Duration::from_secs(60))?;
    let paths = listed.stdout.split('\0').filter(|path| !path.is_empty());
    // A file that was deleted and not committed is still listed.
    paths
        .filter(|path| stack::root().join(path).is_file())
        .map(|path| Ok((PathBuf::from(path), fs::read(stack::root().join(path))?)))
        .collect()
}

fn apply(files: &mut Files, change: &Change) -> Result<()> {
    let path = PathBuf::from(&change.path);
    if change.from.is_empty() {
        files.insert(path, change.to.clone().into_bytes());
        return Ok(());
    }
    let bytes = files
        .get_mut(&path)
        .with_context(|| format!("there is no {}", change.path))?;
    let text = String::from_utf8_lossy(bytes);
    let times = text.matches(&change.from).count();
    ensure!(times == 1, "{} has {times} times `{}`", change.path, change.from);
    *bytes = text.replacen(&change.from, &change.to, 1).into_bytes();
    Ok(())
}

/// Makes a folder hold these files and no others. What is as it was is not touched, and not built again.
fn lay_down(files: &Files, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        if entry.file_type().is_file() && !files.contains_key(entry.path().strip_prefix(folder)?) {
            fs::remove_file(entry.path())?;
        }
    }
    for (path, bytes) in files {
        let path = folder.join(path);
        if fs::read(&path).ok().as_ref() != Some(bytes) {
            fs::create_dir_all(path.parent().context("no parent")?)?;
            fs::write(path, bytes)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_there_once() {
        let mut files = sources().expect("sources");
        let before = files.clone();
        for change in serde_json::from_str::<Vec<Change>>(CHANGES).expect("changes") {
            apply(&mut files, &change).expect("there once");
        }
        let changed = files.iter().filter(|(path, bytes)| before.get(*path) != Some(bytes));
        assert!(changed.count() > 4);
    }

    #[test]
    fn only_what_differs_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let files = |texts: &[(&str, &str)]| -> Files {
            let texts = texts.iter();
            texts
                .map(|(path, text)| (path.into(), text.as_bytes().to_vec()))
                .collect()
        };
        lay_down(&files(&[("a", "1"), ("in/b", "1")]), folder.path()).expect("written");
        let kept = fs::metadata(at("a")).and_then(|a| a.modified()).expect("a time");
        lay_down(&files(&[("a", "1"), ("c", "2")]), folder.path()).expect("written");
        let now = fs::metadata(at("a")).and_then(|a| a.modified()).expect("a time");
        assert_eq!((now, at("in/b").exists(), at("c").exists()), (kept, false, true));
    }
}
