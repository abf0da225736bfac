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

/// Clears up on Ctrl-C; `keep` leaves everything up, here and at the end.
pub fn guard(keep: bool) -> Result<()> {
    let _ = KEEP.set(keep);
    ctrlc::set_handler(|| {
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
    if KEEP.get().copied().unwrap_or(false) {
        return;
    }
    let mine = format!("label={}", label());
    let project = format!("name=by{}-", run_id());
    let remove = |list: &[&str], remove: &[&str]| {
        let found = run(list, 30).map(|output| output.stdout).unwrap_or_default();
        let mut ids: Vec<&str> = found.split_whitespace().collect();
        ids.dedup();
        if !ids.is_empty() {
            let _ = run(&[remove, &ids].concat(), 120);
        }
    };
    remove(&["ps", "-aq", "--filter", &mine], &["rm", "-fv"]);
    remove(&["ps", "-aq", "--filter", &project], &["rm", "-fv"]);
    remove(&["network", "ls", "-q", "--filter", &project], &["network", "rm"]);
    remove(&["volume", "ls", "-q", "--filter", &project], &["volume", "rm", "-f"]);
    remove(&["image", "ls", "-q", "--filter", &mine], &["image", "rm", "-f"]);
    // What `make up` builds has compose's name and no label.
    let built = format!("reference=by{}-*", run_id());
    remove(&["image", "ls", "-q", "--filter", &built], &["image", "rm", "-f"]);
}

/// Removes a container without waiting for it; what is left at the end goes with `clear`.
pub fn remove(container: &str) {
    if KEEP.get().copied().unwrap_or(false) {
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
