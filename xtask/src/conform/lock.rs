//! The package manager's lock of a rendered repository: the committed one, so that
//! builds can be repeated, or one that the package manager makes in its own image.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::docker;
use crate::process;
use crate::stack::{self, Stack};

/// What a language's package manager needs for a lock, and what shows its work.
pub struct Manager {
    /// Language
    pub language: &'static str,
    /// The lock
    pub lock: &'static str,
    /// Makes it, in the image of the Dockerfile's first stage
    pub make: &'static str,
    /// A build step that installs dependencies has one of these in it
    pub installs: &'static [&'static str],
    /// Paths that only development needs, or building
    pub development: &'static [&'static str],
}

const NODE_DEVELOPMENT: &[&str] = &[
    "node_modules/typescript/",
    "node_modules/vitest/",
    "node_modules/@biomejs/",
    "node_modules/npm/",
    "bin/npm",
];

/// One row for each; the first of a language is that of the kept locks.
pub const MANAGERS: &[Manager] = &[
    Manager {
        language: "node",
        lock: "package-lock.json",
        make: "npm install --package-lock-only --ignore-scripts --no-audit --no-fund",
        installs: &["npm ci"],
        development: NODE_DEVELOPMENT,
    },
    Manager {
        language: "node",
        lock: "pnpm-lock.yaml",
        make: "pnpm install --lockfile-only --ignore-scripts",
        installs: &["pnpm install"],
        development: NODE_DEVELOPMENT,
    },
    Manager {
        language: "python",
        lock: "uv.lock",
        make: "uv lock",
        installs: &["--no-install-project"],
        development: &[
            "site-packages/pytest/",
            "site-packages/mypy/",
            "bin/ruff",
            "local/bin/uv",
        ],
    },
    Manager {
        language: "go",
        lock: "go.sum",
        make: "go mod tidy",
        installs: &["go mod download"],
        development: &["usr/local/go/", "go/pkg/mod/"],
    },
];

/// The package manager of a repository: the one whose lock it has, else the first of its language.
pub fn manager(language: &str, folder: &Path) -> Result<&'static Manager> {
    let all = || MANAGERS.iter().filter(|manager| manager.language == language);
    let found = all().find(|manager| folder.join(manager.lock).exists());
    found
        .or_else(|| all().next())
        .with_context(|| format!("no package manager known for {language}"))
}

/// Provides the lock of a repository that has none.
pub fn provide(stack: &Stack, folder: &Path) -> Result<()> {
    let manager = manager(&stack.language, folder)?;
    if folder.join(manager.lock).exists() {
        return Ok(());
    }
    let kept = stack.lock_folder();
    if kept.is_dir() {
        for entry in fs::read_dir(&kept)? {
            let entry = entry?;
            fs::write(folder.join(entry.file_name()), stack::kept_lock(&entry.path())?)?;
        }
        return Ok(());
    }
    println!("   no lock in tests/locks: `{}`", manager.make);
    let image = super::image::builder(folder)?;
    let mut command = Command::new("docker");
    command.args(["run", "--rm", "--label", &docker::label(), "--volume"]);
    command.arg(format!("{}:/work", folder.display()));
    command.args(["--workdir", "/work", "--entrypoint", "sh", &image, "-c", manager.make]);
    process::ok(&mut command, Duration::from_secs(300)).context("no lock could be made")?;
    Ok(())
}
