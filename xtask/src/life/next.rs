//! The next version of Boatyard: this one, with other templates and another version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

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

/// Builds it and gives its binary.
pub fn build() -> Result<PathBuf> {
    let folder = stack::proof_folder().join("life/boatyard");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = process::ok(git.current_dir(stack::root()), Duration::from_secs(60))?;
    for path in listed.stdout.split('\0').filter(|path| !path.is_empty()) {
        let (from, to) = (stack::root().join(path), folder.join(path));
        // A file that was deleted and not committed is still listed.
        if from.is_file() {
            fs::create_dir_all(to.parent().context("no parent")?)?;
            fs::copy(from, to)?;
        }
    }
    for change in serde_json::from_str::<Vec<Change>>(CHANGES)? {
        apply(&folder.join(&change.path), &change)?;
    }
    // A folder of its own: the binary beside it has the same name.
    let target = stack::proof_folder().join("life/target");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--package", "boatyard", "--target-dir"]);
    process::ok(cargo.arg(&target).current_dir(&folder), Duration::from_secs(900)).context("it does not build")?;
    Ok(target.join("debug/boatyard"))
}

fn apply(path: &Path, change: &Change) -> Result<()> {
    if change.from.is_empty() {
        return Ok(fs::write(path, &change.to)?);
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", change.path))?;
    let times = text.matches(&change.from).count();
    ensure!(times == 1, "{} has {times} times `{}`", change.path, change.from);
    fs::write(path, text.replacen(&change.from, &change.to, 1))?;
    Ok(())
}
