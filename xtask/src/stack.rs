//! The combinations that Boatyard offers, and how to render one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::process;

/// One choice on every axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// Language of the service
    pub language: String,
    /// Database, or `none`
    pub database: String,
    /// Cache, or `none`
    pub cache: String,
    /// Where it is deployed, or `none`
    pub target: String,
    /// How a release replaces the one before, where a cluster runs it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// Who brings a release to the cluster
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// Continuous integration
    pub ci: String,
}

impl fmt::Display for Stack {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            language,
            database,
            cache,
            target,
            strategy,
            delivery,
            ci,
        } = self;
        write!(out, "{language}-{database}-{cache}-{target}")?;
        for more in [strategy, delivery].into_iter().flatten() {
            write!(out, "-{more}")?;
        }
        write!(out, "-{ci}")
    }
}

impl Stack {
    /// Whether a pattern names this stack: every comma-separated part of it is in the id.
    pub fn matches(&self, pattern: &str) -> bool {
        let id = self.to_string();
        pattern.split(',').all(|part| id.contains(part.trim()))
    }

    /// Whether it is made of this component: `base`, or `axis/id`.
    pub fn has(&self, component: &str) -> bool {
        let chosen = |(axis, id): (&str, &str)| answers(self).contains(&format!("{axis}={id}"));
        component.split_once('/').is_none_or(chosen)
    }

    /// The name of its package manager's lock among `tests/locks`.
    pub fn lock_folder(&self) -> PathBuf {
        let name = format!("{}-{}-{}", self.language, self.database, self.cache);
        root().join("tests/locks").join(name)
    }
}

#[derive(Deserialize)]
struct Catalog {
    combinations: Vec<Stack>,
}

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// Where reports and renderings go.
pub fn proof_folder() -> PathBuf {
    root().join("target/proof")
}

/// What stands in the kept locks of Python for the public index and its files, which a lock must name.
const INDEX: [(&str, &str); 2] = [
    ("\"index:", concat!("\"https://pypi", ".org/simple")),
    ("\"files:", concat!("\"https://files.python", "hosted.org/packages/")),
];

/// A kept lock as its package manager wrote it.
///
/// # Errors
/// It cannot be read.
pub fn kept_lock(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(INDEX
        .iter()
        .fold(text, |text, (short, address)| text.replace(short, address)))
}

/// Builds the product and gives the path of its binary.
pub fn boatyard() -> Result<PathBuf> {
    process::ok(
        Command::new("cargo")
            .args(["build", "--release", "--quiet"])
            .current_dir(root()),
        Duration::from_secs(900),
    )
    .context("the product does not build")?;
    Ok(target_folder().join("release/boatyard"))
}

/// Where cargo puts what it builds, as cargo itself decides it.
pub fn target_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    root().join(target)
}

/// Every valid combination, as the product lists them.
pub fn list(boatyard: &Path) -> Result<Vec<Stack>> {
    let output = process::ok(Command::new(boatyard).args(["list", "--json"]), Duration::from_secs(30))?;
    let catalog: Catalog =
        serde_json::from_str(&output.stdout).context("`boatyard list --json` has no `combinations`")?;
    Ok(catalog.combinations)
}

/// Renders a stack as a new repository at `folder`, which must not exist.
pub fn render(boatyard: &Path, stack: &Stack, name: &str, folder: &Path) -> Result<()> {
    let mut command = Command::new(boatyard);
    command.arg("new").arg(folder).args(["--name", name, "--yes"]);
    command.args(answers(stack));
    process::ok(&mut command, Duration::from_secs(60))?;
    Ok(())
}

/// The flags that choose this stack.
pub fn answers(stack: &Stack) -> Vec<String> {
    let axes = [
        ("language", Some(&stack.language)),
        ("database", Some(&stack.database)),
        ("cache", Some(&stack.cache)),
        ("target", Some(&stack.target)),
        ("strategy", stack.strategy.as_ref()),
        ("delivery", stack.delivery.as_ref()),
        ("ci", Some(&stack.ci)),
    ];
    axes.into_iter()
        .filter_map(|(axis, id)| Some((axis, id?)))
        .flat_map(|(axis, id)| ["--set".to_owned(), format!("{axis}={id}")])
        .collect()
}

/// The plan of a rendered repository, as the product resolves its answers.
pub fn plan(boatyard: &Path, folder: &Path) -> Result<Value> {
    let mut command = Command::new(boatyard);
    command
        .args(["plan", "--json", "--answers"])
        .arg(folder.join("boatyard.json"));
    let output = process::ok(&mut command, Duration::from_secs(30))?;
    serde_json::from_str(&output.stdout).context("`boatyard plan --json` prints no JSON")
}
