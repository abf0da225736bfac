//! What git knows about files that an update writes: uncommitted changes, and conflicts that its tools shall see.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::engine::merge::Stages;
use crate::engine::merge::decide::Content;
use crate::engine::tree::RelPath;

use super::commit::{git, is_repository};
use crate::shell::failure::Failure;

/// Those of `paths` that have changes which no commit holds; none where there is no git.
///
/// # Errors
/// git cannot be run.
pub fn uncommitted(directory: &Path, paths: &BTreeSet<RelPath>) -> Result<BTreeSet<RelPath>, Failure> {
    if paths.is_empty() || !is_repository(directory) {
        return Ok(BTreeSet::new());
    }
    let prefix = prefix(directory)?;
    let mut args = vec![
        "--literal-pathspecs",
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=all",
        "--no-renames",
        "--",
    ];
    args.extend(paths.iter().map(RelPath::as_str));
    let output = git(directory, &args, None)?;
    let found = output
        .text
        .split('\0')
        .filter_map(|entry| entry.get(3..)?.strip_prefix(prefix.as_str()));
    Ok(found
        .filter_map(|path| RelPath::parse(path).ok())
        .filter(|path| paths.contains(path))
        .collect())
}

/// Puts conflicts into git's index, where `git mergetool`, `git status` and editors find them; gives how many.
///
/// # Errors
/// git cannot be run.
pub fn mark(directory: &Path, conflicts: &BTreeMap<RelPath, Stages>) -> Result<usize, Failure> {
    if conflicts.is_empty() || !is_repository(directory) {
        return Ok(0);
    }
    let prefix = prefix(directory)?;
    let mut lines = String::new();
    for (path, stages) in conflicts {
        // Mode 0 takes away what the index has for the path.
        lines.push_str(&format!("0 {}\t{prefix}{path}\0", "0".repeat(40)));
        let sides = [stages.base.as_ref(), Some(&stages.ours), Some(&stages.theirs)];
        for (number, content) in sides.into_iter().enumerate() {
            let Some(content) = content else { continue };
            let output = git(
                directory,
                &["hash-object", "-w", "--stdin", "--no-filters"],
                Some(&content.bytes),
            )?;
            let id = output.text.trim();
            if !output.success || id.is_empty() {
                return Ok(0);
            }
            lines.push_str(&format!("{} {id} {}\t{prefix}{path}\0", mode(content), number + 1));
        }
    }
    let output = git(
        directory,
        &["update-index", "-z", "--index-info"],
        Some(lines.as_bytes()),
    )?;
    Ok(if output.success { conflicts.len() } else { 0 })
}

/// Takes conflicts of these files out of git's index again: the user's side stands there in their place.
///
/// # Errors
/// git cannot be run.
pub fn unmark(directory: &Path, paths: &BTreeSet<RelPath>) -> Result<(), Failure> {
    if paths.is_empty() || !is_repository(directory) {
        return Ok(());
    }
    let mut args = vec![
        "--literal-pathspecs",
        "ls-files",
        "--full-name",
        "--unmerged",
        "-z",
        "--",
    ];
    args.extend(paths.iter().map(RelPath::as_str));
    let listed = git(directory, &args, None)?;
    let mut lines = String::new();
    for entry in listed.text.split('\0').filter(|_| listed.success) {
        // `mode id stage`, a tab, the path.
        if let Some((head, path)) = entry
            .split_once('\t')
            .and_then(|(head, path)| Some((head.strip_suffix(" 2")?, path)))
        {
            lines.push_str(&format!("0 {}\t{path}\0{head} 0\t{path}\0", "0".repeat(40)));
        }
    }
    if !lines.is_empty() {
        git(
            directory,
            &["update-index", "-z", "--index-info"],
            Some(lines.as_bytes()),
        )?;
    }
    Ok(())
}

fn mode(content: &Content) -> &'static str {
    if content.executable { "100755" } else { "100644" }
}

/// Where the directory lies in git's working tree: empty, or with a final `/`.
fn prefix(directory: &Path) -> Result<String, Failure> {
    let output = git(directory, &["rev-parse", "--show-prefix"], None)?;
    Ok(output.text.trim_end_matches(['\n', '\r']).to_owned())
}
