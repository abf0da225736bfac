//! `cargo xtask life`: a repository that people work in goes through changes of its stack and an upgrade of Boatyard.
//! After each step what they did is there, and its own `make lint typecheck test` passes.

mod next;
mod patch;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::process::{self, Output};
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

/// Nothing of a repository's own tests takes longer.
const LIMIT: Duration = Duration::from_secs(600);

/// Arguments of `cargo xtask life`.
#[derive(clap::Args)]
pub struct Args {
    /// Only this language
    #[arg(long, value_name = "ID")]
    language: Option<String>,
}

/// Lets a repository of each language live.
pub fn run(args: Args) -> Result<ExitCode> {
    let started = Instant::now();
    let toolbox = Toolbox::install()?;
    let (now, next) = (stack::boatyard()?, next::build()?);
    let mut report = Report::new("life");
    for (language, edits) in EDITS {
        if args.language.as_deref().is_some_and(|only| only != language) {
            continue;
        }
        let mut life = Life::new(language, edits, &toolbox, &mut report)?;
        // What comes after a step that failed says nothing.
        let _ = life.live(&now, &next);
    }
    report.seconds = started.elapsed().as_secs_f64();
    report.write(&stack::proof_folder())?;
    println!("{}", report.summary());
    let failed = report.count(Outcome::Failed) > 0;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

struct Life<'a> {
    language: &'a str,
    edits: &'a str,
    folder: PathBuf,
    toolbox: &'a Toolbox,
    report: &'a mut Report,
}

impl<'a> Life<'a> {
    fn new(language: &'a str, edits: &'a str, toolbox: &'a Toolbox, report: &'a mut Report) -> Result<Self> {
        let folder = stack::proof_folder().join("life").join(language);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self {
            language,
            edits,
            folder,
            toolbox,
            report,
        })
    }

    fn live(&mut self, now: &Path, next: &Path) -> Result<()> {
        self.step("people work in it", |life| {
            life.generate(now, "orders")?;
            life.git(&["init", "--quiet"])?;
            life.commit("generated")?;
            fs::write(life.folder.join("edits.patch"), life.edits)?;
            life.git(&["apply", "../edits.patch"])
                .context("people's edits no longer apply")?;
            life.works("edited")
        })?;
        self.step("a cache comes", |life| {
            life.boatyard(now, &["update", "--set", "cache=redis"])?;
            life.works("with a cache")
        })?;
        self.step("nothing new", |life| {
            let output = life.boatyard(now, &["update"])?;
            ensure!(output.text().starts_with("nothing to change"), "{}", output.text());
            ensure!(life.git(&["status", "--porcelain"])?.is_empty(), "something changed");
            Ok(())
        })?;
        self.step("the cache goes", |life| {
            life.boatyard(now, &["update", "--set", "cache=none"])?;
            life.works("without it")?;
            // Answers are written down since, and the package manager has written its lock again.
            let differs = life.git(&["diff", "--name-only", "edited", "without-it"])?;
            let known = [
                "boatyard.json",
                ".boatyard/base.json",
                "package-lock.json",
                "uv.lock",
                "go.sum",
                "go.mod",
            ];
            let other: Vec<&str> = differs.lines().filter(|path| !known.contains(path)).collect();
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
            let status = life.boatyard(next, &["status"])?;
            ensure!(!status.text().contains("behind"), "{}", status.text());
            Ok(())
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
        self.report.rows.push(Row {
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

    fn repository(&self) -> PathBuf {
        self.folder.join("orders")
    }

    fn generate(&self, boatyard: &Path, name: &str) -> Result<()> {
        let mut command = Command::new(boatyard);
        command.args([
            "new",
            name,
            "--yes",
            "--name",
            "orders",
            "--database",
            "postgres",
            "--cache",
            "none",
        ]);
        command.args(["--language", self.language, "--target", "compose"]);
        process::ok(command.current_dir(&self.folder), Duration::from_secs(60)).map(drop)
    }

    fn boatyard(&self, boatyard: &Path, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(boatyard);
        process::ok(
            command.args(arguments).current_dir(self.repository()),
            Duration::from_secs(60),
        )
    }

    /// The edits are there, and what the repository checks itself holds; then it is committed under this name.
    fn works(&self, tag: &str) -> Result<()> {
        patch::is_there(self.edits, &self.repository())?;
        for target in ["setup", "lint", "typecheck", "test"] {
            let mut make = self.toolbox.command("make");
            process::ok(make.arg(target).current_dir(self.repository()), LIMIT)?;
        }
        self.commit(tag)
    }

    fn commit(&self, tag: &str) -> Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", tag])?;
        self.git(&["tag", &tag.replace(' ', "-")]).map(drop)
    }

    fn changes(&self, before: &str, after: &str) -> Result<String> {
        let mut git = Command::new("git");
        git.args(["diff", "--no-index", "--no-color", "--unified=0", before, after]);
        // Ends with 1 where there are differences.
        Ok(process::run(git.current_dir(&self.folder), Duration::from_secs(60))?.stdout)
    }

    fn git(&self, arguments: &[&str]) -> Result<String> {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]);
        git.args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"]);
        let output = process::ok(
            git.args(arguments).current_dir(self.repository()),
            Duration::from_secs(60),
        )?;
        Ok(output.stdout)
    }
}
