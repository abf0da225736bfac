//! `cargo xtask life`: a repository that people work in goes through changes of its stack and an upgrade of Boatyard.
//! After each step what they did is there, and its own `make lint typecheck test` passes.

mod next;
mod patch;
mod repository;

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};

use crate::report::{Outcome, Report, Row};
use crate::stack;
use crate::verify::toolbox::Toolbox;

/// What people did to a repository of each language: a route with a test, a dependency, a service of their own in
/// compose, a job in the workflow, a line in the Dockerfile, a target, a variable.
const EDITS: [(&str, &str); 3] = [
    ("node", include_str!("node.patch")),
    ("python", include_str!("python.patch")),
    ("go", include_str!("go.patch")),
];

/// What package managers write.
const LOCKS: [&str; 3] = ["package-lock.json", "uv.lock", "go.sum"];

/// Arguments of `cargo xtask life`.
#[derive(clap::Args)]
pub struct Args {
    /// Only this language
    #[arg(long, value_name = "ID")]
    language: Option<String>,
}

/// Lets a repository of each language live, two at a time.
///
/// # Errors
/// No such language; a tool or one of the two versions of Boatyard cannot be had.
pub fn run(args: Args) -> Result<ExitCode> {
    let started = Instant::now();
    let asked = |language: &str| args.language.as_deref().is_none_or(|only| only == language);
    let queue: VecDeque<_> = EDITS.into_iter().filter(|(language, _)| asked(language)).collect();
    ensure!(!queue.is_empty(), "no such language");
    let toolbox = Toolbox::install()?;
    let linter = toolbox.go_tools("golangci-lint")?;
    let tools = Tools {
        toolbox: toolbox.with(&linter.join("bin"))?,
        now: stack::boatyard()?,
        next: next::build()?,
    };
    let mut report = Report::new("life");
    report.rows = all(queue, &tools)?;
    report.seconds = started.elapsed().as_secs_f64();
    report.write(&stack::proof_folder())?;
    println!("{}", report.summary());
    let failed = report.count(Outcome::Failed) > 0;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn all(queue: VecDeque<(&'static str, &'static str)>, tools: &Tools) -> Result<Vec<Row>> {
    let queue = Mutex::new(queue);
    let work = || -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        loop {
            let taken = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some((language, edits)) = taken else {
                return Ok(rows);
            };
            let mut life = Life::new(language, edits, tools)?;
            // What comes after a step that failed says nothing.
            let _ = life.live();
            rows.append(&mut life.rows);
        }
    };
    thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        let done = workers.map(|worker| worker.join().map_err(|_| anyhow!("a worker ended early"))?);
        Ok(done.into_iter().collect::<Result<Vec<_>>>()?.concat())
    })
}

/// What every life needs.
struct Tools {
    toolbox: Toolbox,
    now: PathBuf,
    next: PathBuf,
}

struct Life<'a> {
    language: &'a str,
    edits: &'a str,
    folder: PathBuf,
    tools: &'a Tools,
    rows: Vec<Row>,
}

impl<'a> Life<'a> {
    fn new(language: &'a str, edits: &'a str, tools: &'a Tools) -> Result<Self> {
        let folder = stack::proof_folder().join("life").join(language);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self {
            language,
            edits,
            folder,
            tools,
            rows: Vec::new(),
        })
    }

    fn live(&mut self) -> Result<()> {
        let Tools { now, next, .. } = self.tools;
        self.step("people work in it", |life| {
            life.generate(now, "orders")?;
            life.locks()?;
            life.git(&["init", "--quiet"])?;
            life.commit("generated")?;
            fs::write(life.folder.join("edits.patch"), life.edits)?;
            life.git(&["apply", "../edits.patch"])
                .context("people's edits no longer apply")?;
            life.works("edited")
        })?;
        self.step("a cache comes", |life| {
            life.boatyard(now, &["update", "--set", "cache=redis"])?;
            life.works("with a cache")?;
            let compose = fs::read_to_string(life.repository().join("compose.yaml"))?;
            ensure!(compose.contains("\n  redis:\n"), "no cache came");
            Ok(())
        })?;
        // What held before holds after it, byte for byte.
        self.step("nothing new", |life| {
            let output = life.boatyard(now, &["update"])?;
            ensure!(output.text().contains("nothing to change"), "{}", output.text());
            ensure!(life.git(&["status", "--porcelain"])?.is_empty(), "something changed");
            Ok(())
        })?;
        self.step("the cache goes", |life| {
            life.boatyard(now, &["update", "--set", "cache=none"])?;
            life.works("without it")?;
            let differs = life.git(&["diff", "--name-only", "edited", "without-it"])?;
            let other: Vec<&str> = differs.lines().filter(|path| !LOCKS.contains(path)).collect();
            ensure!(other.is_empty(), "not as before: {other:?}");
            Ok(())
        })?;
        self.step("Boatyard is upgraded", |life| {
            life.generate(now, "before")?;
            life.generate(next, "after")?;
            life.boatyard(next, &["update"])?;
            life.works("upgraded")?;
            let changes = life.changes("before", "after")?;
            let lines = changes.lines().filter(|line| line.starts_with('+')).count();
            ensure!(lines > 4, "the next version brings nothing: {changes}");
            patch::is_there(&changes, &life.repository())?;
            // Neither behind nor drifted.
            life.boatyard(next, &["status"]).map(drop)
        })
    }

    /// Does a step and tells how it ended.
    fn step(&mut self, name: &str, work: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        let started = Instant::now();
        let done = work(self);
        let seconds = started.elapsed().as_secs_f64();
        let (outcome, mark) = match done {
            Ok(()) => (Outcome::Passed, "ok  "),
            Err(_) => (Outcome::Failed, "FAIL"),
        };
        let detail = done
            .as_ref()
            .err()
            .map(|error| format!("{error:#}"))
            .unwrap_or_default();
        println!("   {mark} {:<8} {name:<24} {seconds:>6.1} s  {detail}", self.language);
        self.rows.push(Row {
            subject: self.language.to_owned(),
            name: name.to_owned(),
            section: "update".to_owned(),
            statement: "People's edits are there, and the repository's own checks pass".to_owned(),
            outcome,
            detail,
            seconds,
        });
        done
    }
}
