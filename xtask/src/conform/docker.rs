//! The `docker` command line, and the promise that nothing of a run is left behind.

use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::{self, Output};

/// The label of everything a run starts.
pub const LABEL: &str = "boatyard.conform";

static RUN: OnceLock<String> = OnceLock::new();
static KEEP: OnceLock<bool> = OnceLock::new();

/// The id of this run, part of every name it gives.
pub fn run_id() -> &'static str {
    RUN.get_or_init(|| format!("{:x}", std::process::id()))
}

/// `label=value` of this run.
pub fn label() -> String {
    format!("{LABEL}={}", run_id())
}

/// Whether what a run starts is left up.
pub fn keeps() -> bool {
    KEEP.get().copied().unwrap_or(false)
}

/// Clears up on Ctrl-C; `keep` leaves everything up, here and at the end.
pub fn guard(keep: bool) -> Result<()> {
    let _ = KEEP.set(keep);
    ctrlc::set_handler(|| {
        super::cluster::clear();
        clear();
        // What was being started in that moment is there only now.
        std::thread::sleep(Duration::from_secs(2));
        clear();
        std::process::exit(130);
    })
    .context("cannot handle Ctrl-C")
}

/// Removes every container, network, volume and image of this run.
pub fn clear() {
    clear_project(&format!("by{}-", run_id()));
    sweep(&[("ps", &format!("label={}", label()))]);
    sweep(&[("image", &format!("label={}", label()))]);
}

/// Removes what one stack of this run left: everything whose name begins with its project.
pub fn clear_project(project: &str) {
    let (name, built) = (format!("name={project}"), format!("reference={project}*"));
    // What `make up` builds has compose's name and no label. By tag: two stacks may have built
    // the same image, and its id would take the other's away.
    sweep(&[("ps", &name), ("network", &name), ("volume", &name), ("tag", &built)]);
}

fn sweep(kinds: &[(&str, &str)]) {
    if keeps() {
        return;
    }
    for (kind, filter) in kinds {
        let (list, remove): (&[&str], &[&str]) = match *kind {
            "ps" => (&["ps", "-aq"], &["rm", "-fv"]),
            "network" => (&["network", "ls", "-q"], &["network", "rm"]),
            "volume" => (&["volume", "ls", "-q"], &["volume", "rm", "-f"]),
            "tag" => (
                &["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"],
                &["image", "rm", "-f"],
            ),
            _ => (&["image", "ls", "-q"], &["image", "rm", "-f"]),
        };
        let found = run(&[list, &["--filter", filter]].concat(), 30);
        let found = found.map(|output| output.stdout).unwrap_or_default();
        let ids: std::collections::BTreeSet<&str> = found.split_whitespace().collect();
        if !ids.is_empty() {
            let _ = run(&[remove, &ids.into_iter().collect::<Vec<_>>()].concat(), 120);
        }
    }
}

/// Removes a container without waiting for it; what is left at the end goes with `clear`.
pub fn remove(container: &str) {
    if keeps() {
        return;
    }
    let container = container.to_owned();
    std::thread::spawn(move || run(&["rm", "-fv", &container], 60));
}

/// Runs `docker …` to its end.
pub fn run(arguments: &[&str], seconds: u64) -> Result<Output> {
    process::run(Command::new("docker").args(arguments), Duration::from_secs(seconds))
}

/// Runs `docker …`, which must succeed; gives trimmed standard output.
pub fn ok(arguments: &[&str]) -> Result<String> {
    let output = process::ok(Command::new("docker").args(arguments), Duration::from_secs(120))?;
    Ok(output.stdout.trim().to_owned())
}

/// `docker inspect` of one object.
pub fn inspect(name: &str) -> Result<Value> {
    let text = ok(&["inspect", name])?;
    let mut list: Vec<Value> = serde_json::from_str(&text)?;
    list.pop().with_context(|| format!("nothing named {name}"))
}

/// A command inside a running container, whatever its exit status.
pub fn exec(container: &str, command: &[&str]) -> Result<Output> {
    run(&[&["exec", container], command].concat(), 60)
}
