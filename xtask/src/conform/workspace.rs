//! Where the repositories under test come from: rendered, or an existing folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::covering::{self, in_cluster, service};
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
    /// Whether the service itself is tested here, and not as part of another stack
    pub service: bool,
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
            service: true,
            origin,
            boatyard: PathBuf::new(),
        }]);
    }
    let boatyard = stack::boatyard()?;
    let every = stack::list(&boatyard)?;
    let chosen: Vec<Stack> = match pattern {
        Some(pattern) => every.into_iter().filter(|stack| stack.matches(pattern)).collect(),
        None => {
            let (clustered, hosted): (Vec<Stack>, Vec<Stack>) = every.into_iter().partition(in_cluster);
            let services = if all {
                covering::deployed(hosted)
            } else {
                covering::pairwise(hosted)
            };
            // Those of the cluster first: they go one after the other, and others beside them.
            let released = covering::released(&clustered, &services, all);
            released.into_iter().chain(services).collect()
        }
    };
    ensure!(
        !chosen.is_empty(),
        "no stack has `{}` in its id",
        pattern.unwrap_or_default()
    );
    // The service is the same whatever it is deployed to: it is tested where that costs least.
    let mut tested = BTreeSet::new();
    let mut sources = Vec::new();
    for stack in chosen
        .iter()
        .filter(|stack| !in_cluster(stack))
        .chain(chosen.iter().filter(|stack| in_cluster(stack)))
    {
        if tested.insert(service(stack)) {
            sources.push(stack.to_string());
        }
    }
    let source = |stack: Stack| Source {
        service: sources.contains(&stack.to_string()),
        stack,
        plan: None,
        origin: None,
        boatyard: boatyard.clone(),
    };
    Ok(chosen.into_iter().map(source).collect())
}

impl Source {
    /// Whether it needs the cluster.
    pub fn in_cluster(&self) -> bool {
        in_cluster(&self.stack)
    }

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
        target: own(match (there("deploy/compose"), there("deploy/helm")) {
            (true, _) => "compose",
            (_, true) => "kubernetes",
            _ => "none",
        }),
        strategy: released_by(dir).map(own),
        delivery: there("deploy/helm").then(|| own(if there("deploy/argocd") { "argocd" } else { "helm" })),
        ci: own(if there(".github") { "github" } else { "none" }),
    })
}

/// How the chart of a folder replaces a release.
fn released_by(dir: &Path) -> Option<&'static str> {
    let mut charts = fs::read_dir(dir.join("deploy/helm")).ok()?;
    let templates = charts.next()?.ok()?.path().join("templates");
    let mut text = String::new();
    for entry in fs::read_dir(templates).ok()?.flatten() {
        text += &fs::read_to_string(entry.path()).unwrap_or_default();
    }
    let strategies = [
        ("canary:", "canary"),
        ("blueGreen:", "blue-green"),
        ("type: Recreate", "recreate"),
    ];
    let found = strategies.iter().find(|(sign, _)| text.contains(sign));
    Some(found.map_or("rolling", |(_, strategy)| strategy))
}
