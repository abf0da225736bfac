//! `cargo xtask conform`: the black-box proof of the service contract. It renders a
//! repository, builds its image, starts its servers and holds running instances
//! against every sentence of the contract, without knowing what they are written in.

mod bed;
mod check;
mod checks;
mod database;
mod docker;
mod fuzz;
mod http;
mod idle;
mod image;
mod instance;
mod items;
mod load;
mod lock;
mod otlp;
mod pace;
mod production;
mod repository;
mod settings;
mod store;
mod tls;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::report::{Outcome, Report, Row};
use crate::stack::{self, Stack};
use bed::Bed;
use check::{CannotRun, Check};
use repository::Repository;

/// Arguments of `cargo xtask conform`.
#[derive(clap::Args)]
pub struct Args {
    /// Only stacks whose id (`node-postgres-redis-compose-github`) holds these comma-separated texts
    pattern: Option<String>,
    /// Every stack, and on every stack also the checks that otherwise run once
    #[arg(long)]
    all: bool,
    /// An existing repository instead of rendered ones
    #[arg(long, value_name = "DIR", conflicts_with_all = ["pattern", "all"])]
    dir: Option<PathBuf>,
    /// Only checks whose name contains one of these comma-separated texts
    #[arg(long, value_name = "NAMES")]
    only: Option<String>,
    /// Leave containers, networks, volumes and images up
    #[arg(long)]
    keep: bool,
    /// List the checks and stop
    #[arg(long)]
    list: bool,
}

/// Runs the contract suite.
pub fn run(args: Args) -> Result<ExitCode> {
    if args.list {
        for check in checks::all() {
            println!("{:<34} {:<6} {}", check.name, check.section, check.statement);
        }
        return Ok(ExitCode::SUCCESS);
    }
    docker::guard(args.keep)?;
    docker::ok(&["version"]).context("conform needs a running Docker (`docker version` fails)")?;
    let started = Instant::now();
    let mut report = Report::new("conform");
    let mut done_once: Vec<(String, &str)> = Vec::new();
    for mut source in workspace::sources(args.dir.as_deref(), args.pattern.as_deref(), args.all)? {
        let subject = source.stack.to_string();
        println!("== {subject}");
        let prepared = prepare(&mut source);
        match prepared {
            Ok(bed) => run_checks(&args, &bed, &subject, &mut done_once, &mut report),
            Err(error) => report.rows.push(broken(&subject, &error)),
        }
        docker::clear();
    }
    report.seconds = started.elapsed().as_secs_f64();
    report.write(&stack::proof_folder())?;
    println!("{}", report.figures_text());
    for row in report.rows.iter().filter(|row| row.outcome == Outcome::NotRun) {
        println!("not run: {} {}: {}", row.subject, row.name, row.detail);
    }
    for row in report.rows.iter().filter(|row| row.outcome == Outcome::Failed) {
        println!("failed: {} {}: {}", row.subject, row.name, row.detail);
    }
    println!("report: {}", stack::proof_folder().join("conform.md").display());
    println!("{}", report.summary());
    let failed = report.count(Outcome::Failed) > 0;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn prepare(source: &mut workspace::Source) -> Result<Bed> {
    let folder = source.lay_down()?;
    let label = source.stack.label();
    let repository = Repository::open(&folder, &label, source.plan.as_ref())?;
    lock::provide(&source.stack, &folder)?;
    println!("   building the image");
    let tag = format!("{}:conform", repository.project);
    let build = image::build(&folder, &tag, &[])?;
    println!("   built in {:.0} s; starting the servers", build.seconds);
    Bed::raise(&source.stack, repository, build)
}

fn run_checks(args: &Args, bed: &Bed, subject: &str, done_once: &mut Vec<(String, &'static str)>, report: &mut Report) {
    let selected = |name: &str| {
        let only = args.only.as_deref().unwrap_or("");
        only.split(',').any(|part| name.contains(part.trim()))
    };
    for check in checks::all() {
        if !selected(check.name) || !check.applies(bed) {
            continue;
        }
        let key = (bed.stack.language.clone(), check.name);
        if check.once && !args.all {
            if done_once.contains(&key) {
                continue;
            }
            done_once.push(key);
        }
        let row = prove(check, bed, subject);
        let mark = match row.outcome {
            Outcome::Passed => "ok  ",
            Outcome::Failed => "FAIL",
            Outcome::NotRun => "--  ",
        };
        println!("   {mark} {:<34} {:>5.1} s  {}", row.name, row.seconds, row.detail);
        report.rows.push(row);
    }
    for (name, value) in bed.figures.borrow().iter() {
        report.measure(subject, name, *value);
    }
}

fn prove(check: &Check, bed: &Bed, subject: &str) -> Row {
    let started = Instant::now();
    let result = (check.run)(bed);
    let (outcome, detail) = match result {
        Ok(()) => (Outcome::Passed, String::new()),
        Err(error) if error.is::<CannotRun>() => (Outcome::NotRun, error.to_string()),
        Err(error) => (Outcome::Failed, format!("{error:#}")),
    };
    Row {
        subject: subject.to_owned(),
        name: check.name.to_owned(),
        section: check.section.to_owned(),
        statement: check.statement.to_owned(),
        outcome,
        detail,
        seconds: started.elapsed().as_secs_f64(),
    }
}

fn broken(subject: &str, error: &anyhow::Error) -> Row {
    println!("   FAIL {error:#}");
    Row {
        subject: subject.to_owned(),
        name: "stack.starts".to_owned(),
        section: "5".to_owned(),
        statement: "The image builds, its servers start, and its migrations run".to_owned(),
        outcome: Outcome::Failed,
        detail: format!("{error:#}"),
        seconds: 0.0,
    }
}

impl Stack {
    /// A short name for containers: `node-postgres-redis`.
    fn label(&self) -> String {
        format!("{}-{}-{}", self.language, self.database, self.cache)
    }
}
