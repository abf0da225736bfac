//! Rendered repositories, copied side by side into one work folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use walkdir::WalkDir;

use super::cache;
use crate::process;

/// What a repository gathers while people work in it; it was not generated.
const LEFT_OUT: [&str; 14] = [
    "target",
    ".git",
    "node_modules",
    "dist",
    "coverage",
    ".env",
    ".venv",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "package-lock.json",
    "pnpm-lock.yaml",
    "uv.lock",
    "tmp",
];

/// What package managers call their locks.
const LOCKS: [&str; 4] = ["package-lock.json", "pnpm-lock.yaml", "uv.lock", "go.sum"];

/// The lock in a folder.
pub fn lock(folder: &Path) -> Option<PathBuf> {
    LOCKS.iter().map(|name| folder.join(name)).find(|path| path.exists())
}

/// One repository under test.
pub struct Tree {
    /// Its combination, or the name of its folder
    pub name: String,
    /// Where its copy stands
    pub root: PathBuf,
    /// Path → digest of the content
    pub files: BTreeMap<String, String>,
    /// The package manager's lock, if one is known
    pub lock: Option<PathBuf>,
}

impl Tree {
    /// Copies a repository to `<work>/<name>`, as a git repository of its own.
    pub fn copy(source: &Path, name: &str, work: &Path, lock: Option<PathBuf>) -> Result<Self> {
        let root = work.join(name);
        let mut files = BTreeMap::new();
        let walk = WalkDir::new(source).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(|entry| entry.depth() == 0 || !left_out(&entry.file_name().to_string_lossy())) {
            let entry = entry?;
            if !entry.file_type().is_file() {
                continue;
            }
            let path = entry.path().strip_prefix(source)?;
            let target = root.join(path);
            fs::create_dir_all(target.parent().unwrap_or(&root))?;
            fs::copy(entry.path(), &target)?;
            files.insert(
                path.to_string_lossy().into_owned(),
                cache::digest(&[&fs::read(&target)?]),
            );
        }
        if files.is_empty() {
            bail!("{} holds no files", source.display());
        }
        process::ok(
            Command::new("git").args(["init", "--quiet"]).arg(&root),
            Duration::from_secs(20),
        )?;
        Ok(Self {
            name: name.to_owned(),
            root,
            files,
            lock,
        })
    }

    /// Adds a file to the copy.
    pub fn add(&mut self, path: &str, text: &str) -> Result<()> {
        let target = self.root.join(path);
        fs::create_dir_all(target.parent().unwrap_or(&self.root))?;
        fs::write(&target, text)?;
        self.files.insert(path.to_owned(), cache::digest(&[text.as_bytes()]));
        Ok(())
    }

    /// A file's text; nothing for one that is not text.
    pub fn text(&self, path: &str) -> Result<Option<String>> {
        let bytes = fs::read(self.root.join(path)).with_context(|| format!("cannot read {}/{path}", self.name))?;
        Ok(String::from_utf8(bytes).ok())
    }

    /// Links the project's installed packages into the copy.
    pub fn link_packages(&self, modules: &Path) -> Result<()> {
        let link = self.root.join("node_modules");
        match std::os::unix::fs::symlink(modules, &link) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            other => other.with_context(|| format!("cannot link {}", link.display())),
        }
    }
}

fn left_out(name: &str) -> bool {
    LEFT_OUT.contains(&name)
}
