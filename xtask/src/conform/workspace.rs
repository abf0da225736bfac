//! Where the repositories under test come from: rendered, or an existing folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::store::Kind;
use crate::process;
use crate::stack::{self, Stack};

/// Folders that are never part of a repository.
const NOT_SOURCE: [&str; 6] = ["node_modules", "dist", "coverage", ".git", ".venv", "target"];

/// One repository to be tested.
pub struct Source {
    /// Its stack
    pub stack: Stack,
    /// Its plan, when the product rendered it
    pub plan: Option<Value>,
    origin: Option<PathBuf>,
    boatyard: PathBuf,
}

/// The repositories that the arguments ask for.
pub fn sources(dir: Option<&Path>, pattern: Option<&str>, all: bool) -> Result<Vec<Source>> {
    if let Some(dir) = dir {
        let stack = recognise(dir)?;
        // How its image migrates stands in its production set, or else in its plan.
        let planned = dir.join("boatyard.json").exists() && !dir.join("deploy/compose").exists();
        let plan = if planned {
            Some(stack::plan(&stack::boatyard()?, dir)?)
        } else {
            None
        };
        let origin = Some(dir.to_path_buf());
        return Ok(vec![Source {
            stack,
            plan,
            origin,
            boatyard: PathBuf::new(),
        }]);
    }
    let boatyard = stack::boatyard()?;
    let every = stack::list(&boatyard)?;
    let chosen: Vec<Stack> = match pattern {
        Some(pattern) => every.into_iter().filter(|stack| stack.matches(pattern)).collect(),
        None if all => deployed(every),
        None => covering(every),
    };
    ensure!(
        !chosen.is_empty(),
        "no stack has `{}` in its id",
        pattern.unwrap_or_default()
    );
    let source = |stack| Source {
        stack,
        plan: None,
        origin: None,
        boatyard: boatyard.clone(),
    };
    Ok(chosen.into_iter().map(source).collect())
}

/// One stack of each service, the one that is also deployed.
fn deployed(mut every: Vec<Stack>) -> Vec<Stack> {
    let mut seen = BTreeSet::new();
    every.retain(|stack| {
        let service = (stack.language.clone(), stack.database.clone(), stack.cache.clone());
        stack.target != "none" && seen.insert(service)
    });
    every
}

/// The pairs of choices that a stack shows to work together.
fn pairs(stack: &Stack) -> [(&str, &str, &str); 5] {
    let Stack {
        language,
        database,
        cache,
        target,
        ..
    } = stack;
    [
        ("language, database", language, database),
        ("language, cache", language, cache),
        ("database, cache", database, cache),
        ("language, target", language, target),
        ("database, target", database, target),
    ]
}

/// Few stacks that show every pair: always the one next that shows most new ones. Of equals the richest,
/// until every language has been deployed; then the plainest, which take least time.
fn covering(every: Vec<Stack>) -> Vec<Stack> {
    let mut open: BTreeSet<_> = every.iter().flat_map(pairs).collect();
    let mut chosen: Vec<Stack> = Vec::new();
    while !open.is_empty() {
        let deploy = open
            .iter()
            .any(|(kind, _, target)| *kind == "language, target" && *target != "none");
        let key = |stack: &Stack| {
            let new = pairs(stack).iter().filter(|pair| open.contains(*pair)).count();
            let parts = [&stack.database, &stack.cache, &stack.target];
            let plain = parts.iter().filter(|id| **id == "none").count();
            (new, if deploy { parts.len() - plain } else { plain })
        };
        // The first of equals, so that the order of the catalog decides.
        let Some(best) = every.iter().rev().max_by_key(|stack| key(stack)) else {
            break;
        };
        for pair in pairs(best) {
            open.remove(&pair);
        }
        chosen.push(best.clone());
    }
    chosen
}

impl Source {
    /// Puts a fresh copy of the repository into the proof folder and gives its path.
    pub fn lay_down(&mut self) -> Result<PathBuf> {
        let folder = stack::proof_folder().join("conform").join(self.stack.to_string());
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        match &self.origin {
            Some(origin) => copy(origin, &folder)?,
            None => {
                fs::create_dir_all(folder.parent().context("no parent")?)?;
                stack::render(&self.boatyard, &self.stack, "orders", &folder)?;
                self.plan = Some(stack::plan(&self.boatyard, &folder)?);
            }
        }
        Ok(folder)
    }
}

/// Copies a repository without what is installed or built in it.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if kind.is_dir() {
            if !NOT_SOURCE.iter().any(|known| name == *known) {
                copy(&entry.path(), &to.join(&name))?;
            }
        } else if kind.is_file() {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

/// What stack a folder holds, from its own files.
fn recognise(dir: &Path) -> Result<Stack> {
    let mut config = Command::new("docker");
    config.args(["compose", "--file"]).arg(dir.join("compose.yaml"));
    config.args(["config", "--no-interpolate", "--format", "json"]);
    let text = process::ok(&mut config, Duration::from_secs(60))?.stdout;
    let config: Value = serde_json::from_str(&text)?;
    let services = config["services"].as_object().context("compose.yaml has no services")?;
    let kinds: Vec<Kind> = services
        .values()
        .filter_map(|service| Kind::of_image(service["image"].as_str()?))
        .collect();
    let own = str::to_owned;
    let there = |path: &str| dir.join(path).exists();
    let database = if kinds.contains(&Kind::Postgres) {
        "postgres"
    } else if kinds.contains(&Kind::Mongo) {
        "mongo"
    } else {
        "none"
    };
    let language = match (there("package.json"), there("pyproject.toml")) {
        (true, _) => "node",
        (_, true) => "python",
        _ => "go",
    };
    Ok(Stack {
        language: own(language),
        database: own(database),
        cache: own(if kinds.contains(&Kind::Redis) { "redis" } else { "none" }),
        target: own(if there("deploy/compose") { "compose" } else { "none" }),
        strategy: None,
        delivery: None,
        ci: own(if there(".github") { "github" } else { "none" }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(language: &str, database: &str, cache: &str, target: &str) -> Stack {
        let own = str::to_owned;
        Stack {
            language: own(language),
            database: own(database),
            cache: own(cache),
            target: own(target),
            strategy: None,
            delivery: None,
            ci: own("github"),
        }
    }

    #[test]
    fn the_covering_set_shows_every_pair_with_few_stacks() {
        let mut every = Vec::new();
        for language in ["node", "python", "go"] {
            for database in ["postgres", "mongo", "none"] {
                for cache in ["redis", "none"] {
                    for target in ["compose", "none"] {
                        every.push(stack(language, database, cache, target));
                    }
                }
            }
        }
        let chosen = covering(every.clone());
        assert_eq!(chosen[0], stack("node", "postgres", "redis", "compose"));
        assert_eq!(chosen.len(), 9, "{chosen:?}");
        let shown: BTreeSet<_> = chosen.iter().flat_map(pairs).collect();
        assert!(every.iter().flat_map(pairs).all(|pair| shown.contains(&pair)));
    }
}
