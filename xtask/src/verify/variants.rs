//! What is rendered: every combination, and the first one that has an option with that option turned.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::tree;
use crate::process;
use crate::stack::{self, Stack};

/// One repository to render.
pub struct Variant {
    /// The combination's id, and what differs from the defaults
    pub name: String,
    stack: Stack,
    arguments: Vec<String>,
}

#[derive(Deserialize)]
struct Catalog {
    options: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    id: String,
    /// `base`, or the `axis/id` that declares it
    component: String,
    values: Vec<String>,
    default: Option<String>,
}

/// Every combination; then each value of each option on the first combination that has it, and each file of answers on
/// the first of all.
pub fn all(boatyard: &Path) -> Result<Vec<Variant>> {
    let stacks = stack::list(boatyard)?;
    let orders = || vec!["--name".to_owned(), "orders".to_owned()];
    let combination = |stack: &Stack| Variant {
        name: stack.to_string(),
        stack: stack.clone(),
        arguments: orders(),
    };
    let mut variants: Vec<Variant> = stacks.iter().map(combination).collect();
    let first = stacks.first().context("`boatyard list` has no combination")?;
    let mut add = |stack: &Stack, what: &str, arguments| {
        variants.push(Variant {
            name: format!("{stack}+{what}"),
            stack: stack.clone(),
            arguments,
        });
    };
    for option in options(boatyard)? {
        let stack = stacks
            .iter()
            .find(|stack| stack.has(&option.component))
            .unwrap_or(first);
        for value in option
            .values
            .iter()
            .filter(|value| Some(*value) != option.default.as_ref())
        {
            let mut arguments = orders();
            arguments.extend(["--set".to_owned(), format!("{}={value}", option.id)]);
            add(stack, &format!("{}-{value}", option.id), arguments);
        }
    }
    for path in answers()? {
        let what = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        add(
            first,
            &what,
            vec!["--answers".to_owned(), path.to_string_lossy().into_owned()],
        );
    }
    Ok(variants)
}

impl Variant {
    /// Renders it at `folder`, which must not exist.
    pub fn render(&self, boatyard: &Path, folder: &Path) -> Result<()> {
        let mut command = Command::new(boatyard);
        command.arg("new").arg(folder).args(["--yes", "--no-lock", "--no-git"]);
        command.args(&self.arguments).args(stack::answers(&self.stack));
        process::ok(&mut command, Duration::from_secs(60)).map(drop)
    }

    /// The lock of its packages, if the repository holds one.
    pub fn lock(&self) -> Option<PathBuf> {
        tree::lock(&self.stack.lock_folder())
    }
}

fn options(boatyard: &Path) -> Result<Vec<Choice>> {
    let output = process::ok(Command::new(boatyard).args(["list", "--json"]), Duration::from_secs(30))?;
    let catalog: Catalog = serde_json::from_str(&output.stdout).context("`boatyard list --json` has no `options`")?;
    Ok(catalog.options)
}

fn answers() -> Result<Vec<PathBuf>> {
    let folder = stack::root().join("xtask/src/verify/answers");
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(&folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}
