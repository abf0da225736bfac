//! What is done in a repository: Boatyard, git, its own checks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::{LOCKS, Life, patch};
use crate::process::{self, Output};
use crate::stack;

/// What says which packages a repository needs; where it changed, they are installed again.
const MANIFESTS: [&str; 3] = ["package.json", "pyproject.toml", "go.mod"];

/// No check of a repository's own takes longer.
const LIMIT: Duration = Duration::from_secs(600);

/// Neither git nor Boatyard takes longer.
const SHORT: Duration = Duration::from_secs(60);

impl Life<'_> {
    /// Where people work.
    pub(super) fn repository(&self) -> PathBuf {
        self.folder.join("orders")
    }

    /// Generates a repository beside it, or itself, without a cache.
    pub(super) fn generate(&self, boatyard: &Path, name: &str) -> Result<()> {
        let mut command = Command::new(boatyard);
        command.args(["new", name, "--yes", "--name", "orders", "--language", self.language]);
        command.args(["--database", "postgres", "--cache", "none", "--target", "compose"]);
        process::ok(command.current_dir(&self.folder), SHORT).map(drop)
    }

    /// Runs a version of Boatyard inside it.
    pub(super) fn boatyard(&self, boatyard: &Path, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(boatyard);
        process::ok(command.args(arguments).current_dir(self.repository()), SHORT)
    }

    /// Locks as they are kept for the tests, so that no new release of a dependency changes what happens here.
    pub(super) fn locks(&self) -> Result<()> {
        let folder = stack::root().join(format!("tests/locks/{}-postgres-none", self.language));
        for name in LOCKS.iter().filter(|name| folder.join(name).exists()) {
            fs::write(self.repository().join(name), stack::kept_lock(&folder.join(name))?)?;
        }
        Ok(())
    }

    /// The edits are there, and what the repository checks itself holds; then it is committed under this name.
    pub(super) fn works(&self, tag: &str) -> Result<()> {
        patch::is_there(self.edits, &self.repository())?;
        let mut changed = vec!["diff", "--name-only", "HEAD", "--"];
        changed.extend(MANIFESTS);
        if !self.git(&changed)?.is_empty() {
            self.make("setup")?;
        }
        for target in ["lint", "typecheck", "test"] {
            self.make(target)?;
        }
        // What the checks write over is not what people wrote.
        patch::is_there(self.edits, &self.repository())?;
        self.commit(tag)
    }

    fn make(&self, target: &str) -> Result<()> {
        let mut make = self.tools.toolbox.command("make");
        make.arg(target).env("GOTOOLCHAIN", "auto");
        // A package that was fetched once is not asked after again.
        make.env("npm_config_prefer_offline", "true");
        process::ok(make.current_dir(self.repository()), LIMIT).map(drop)
    }

    /// Commits all there is, and tags it.
    pub(super) fn commit(&self, tag: &str) -> Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", tag])?;
        self.git(&["tag", &tag.replace(' ', "-")]).map(drop)
    }

    /// What differs between two repositories beside it, as a patch of one.
    pub(super) fn changes(&self, before: &str, after: &str) -> Result<String> {
        let mut git = Command::new("git");
        git.args(["diff", "--no-index", "--no-color", "--unified=0", before, after]);
        // Ends with 1 where there are differences.
        let output = process::run(git.current_dir(&self.folder), SHORT)?;
        Ok(output.stdout.replace(&format!("+++ b/{after}/"), "+++ b/"))
    }

    /// What git prints.
    pub(super) fn git(&self, arguments: &[&str]) -> Result<String> {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]);
        git.args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"]);
        Ok(process::ok(git.args(arguments).current_dir(self.repository()), SHORT)?.stdout)
    }
}
