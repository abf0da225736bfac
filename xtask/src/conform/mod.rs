//! `cargo xtask conform`: the black-box proof of the service contract. It renders a
//! repository, builds its image, starts its servers and holds running instances
//! against every sentence of the contract, without knowing what they are written in.

mod alike;
mod bed;
mod check;
mod checks;
mod cluster;
mod covering;
mod database;
mod development;
mod docker;
mod figures;
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
mod rollouts;
mod settings;
mod spoil;
mod staging;
mod store;
mod tls;
mod traffic;
mod values;
mod workspace;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::report::{Outcome, Report, Row};
use crate::stack::{self, Stack};
use bed::Bed;
use check::{CannotRun, Check, When};
use repository::Repository;
use workspace::Source;

/// Arguments of `cargo xtask conform`.
#[derive(clap::Args)]
pub struct Args {
    /// Only stacks whose id (`node-postgres-redis-compose-github`) holds these comma-separated texts
    pattern: Option<String>,
    /// Every service (or with a pattern, those stacks), built from nothing and deployed, also the checks that otherwise
    /// run once; writes `docs/figures.md`
    #[arg(long)]
    all: bool,
    /// An existing repository instead of rendered ones
    #[arg(long, value_name = "DIR", conflicts_with_all = ["pattern", "all"])]
    dir: Option<PathBuf>,
    /// Only checks whose name contains one of these comma-separated texts
    #[arg(long, value_name = "NAMES")]
    only: Option<String>,
    /// How many stacks to test at the same time; figures are worth most with one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    jobs: u8,
    /// Leave containers, networks, volumes and images up
    #[arg(long)]
    keep: bool,
    /// List the checks and stop
    #[arg(long)]
    list: bool,
}

impl Args {
    /// Whether the check of this name is asked for.
    fn selects(&self, name: &str) -> bool {
        let only = self.only.as_deref().unwrap_or("");
        only.split(',').any(|part| name.contains(part.trim()))
    }
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
    let mut sources = workspace::sources(args.dir.as_deref(), args.pattern.as_deref(), args.all)?;
    let service = checks::all()
        .iter()
        .any(|check| !in_cluster(check) && args.selects(check.name));
    for source in &mut sources {
        source.service &= service;
    }
    sources.retain(|source| source.service || source.in_cluster());
    let mut report = Report::new("conform");
    for part in every_stack(&args, sources) {
        report.rows.extend(part.rows);
        report.figures.extend(part.figures);
    }
    cluster::clear();
    docker::clear();
    report.seconds = started.elapsed().as_secs_f64();
    report.write(&stack::proof_folder())?;
    println!("{}", report.figures_table());
    for row in report.rows.iter().filter(|row| row.outcome == Outcome::NotRun) {
        println!("not run: {} {}: {}", row.subject, row.name, row.detail);
    }
    for row in report.rows.iter().filter(|row| row.outcome == Outcome::Failed) {
        println!("failed: {} {}: {}", row.subject, row.name, row.detail);
    }
    println!("report: {}", stack::proof_folder().join("conform.md").display());
    println!("{}", report.summary());
    if args.all && args.only.is_none() {
        figures::write(&report)?;
    }
    let failed = report.count(Outcome::Failed) > 0;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What the stacks that are tested at the same time share.
#[derive(Default)]
struct Shared {
    /// What has been proven once for a language: check, language, and the servers that it speaks to
    once: Mutex<BTreeSet<String>>,
    /// Written by what must have the machine to itself, read by everything else
    machine: RwLock<()>,
    /// Held by the one stack that is being tested in the cluster
    cluster: Mutex<()>,
}

impl Shared {
    /// Does some work, alone or beside that of other stacks.
    fn work<T>(&self, alone: bool, work: impl FnOnce() -> T) -> T {
        if alone {
            let _machine = self.machine.write().unwrap_or_else(PoisonError::into_inner);
            work()
        } else {
            let _machine = self.machine.read().unwrap_or_else(PoisonError::into_inner);
            work()
        }
    }
}

/// The cluster, as long as one stack has it.
type Held<'a> = MutexGuard<'a, ()>;

/// Tests the stacks, several at a time where that is asked for; their reports in the order of the stacks.
fn every_stack(args: &Args, sources: Vec<Source>) -> Vec<Report> {
    let (shared, waiting) = (
        Shared::default(),
        Mutex::new(sources.into_iter().enumerate().collect::<Vec<_>>()),
    );
    let done = Mutex::new(Vec::new());
    let work = || {
        while let Some(((index, mut source), cluster)) = next(&waiting, &shared) {
            let report = one_stack(args, &mut source, &shared);
            drop(cluster);
            locked(&done).push((index, report));
        }
    };
    thread::scope(|scope| {
        for _ in 0..args.jobs {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, report)| report).collect()
}

/// The next stack to test: there is one cluster, so while a stack is in it nobody waits for it who could test
/// another. It comes with the cluster where it needs it.
fn next<'a>(waiting: &Mutex<Vec<(usize, Source)>>, shared: &'a Shared) -> Option<((usize, Source), Option<Held<'a>>)> {
    let free = shared.cluster.try_lock().ok();
    let mut waiting = locked(waiting);
    let ready = waiting
        .iter()
        .position(|(_, source)| !source.in_cluster() || free.is_some())?;
    let next = waiting.remove(ready);
    let cluster = if next.1.in_cluster() { free } else { None };
    Some((next, cluster))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn in_cluster(check: &Check) -> bool {
    matches!(check.when, When::Cluster(_))
}

fn one_stack(args: &Args, source: &mut Source, shared: &Shared) -> Report {
    let subject = source.stack.to_string();
    let said = if args.jobs > 1 {
        format!("{} ", source.stack.label())
    } else {
        String::new()
    };
    println!("== {subject}");
    let mut report = Report::new("conform");
    if !source.service && !cluster::is_named() {
        let checks = checks::all().into_iter().filter(|check| args.selects(check.name));
        let checks = checks.filter(|check| check.is_of_cluster(&source.stack));
        report
            .rows
            .extend(checks.map(|check| not_run(check, &subject, "KUBECONFIG names no cluster")));
        return report;
    }
    match shared.work(args.all, || prepare(args, source, &said)) {
        Ok(bed) => {
            run_checks(args, source, &bed, &subject, &said, shared, &mut report);
            let project = bed.repository.project.clone();
            drop(bed);
            docker::clear_project(&project);
        }
        Err(error) => report.rows.push(broken(&subject, &said, &error)),
    }
    report
}

fn prepare(args: &Args, source: &mut Source, said: &str) -> Result<Bed> {
    let folder = source.lay_down()?;
    let label = source.stack.label();
    let repository = Repository::open(&folder, &label, source.plan.as_ref())?;
    lock::provide(&source.stack, &folder)?;
    println!("   {said}building the image");
    let tag = format!("{}:conform", repository.project);
    // A figure of the build says something only where no layer of an earlier one is used.
    let fresh: &[&str] = if args.all { &["--no-cache"] } else { &[] };
    let build = image::build(&folder, &tag, fresh)?;
    if !source.service {
        println!("   {said}built in {:.0} s", build.seconds);
        return Bed::bare(&source.stack, repository, build);
    }
    println!("   {said}built in {:.0} s; starting the servers", build.seconds);
    Bed::raise(&source.stack, repository, build)
}

fn run_checks(
    args: &Args,
    source: &Source,
    bed: &Bed,
    subject: &str,
    said: &str,
    shared: &Shared,
    report: &mut Report,
) {
    for check in checks::all() {
        if !args.selects(check.name) || !check.applies(bed) || !(source.service || in_cluster(check)) {
            continue;
        }
        if check.once && !args.all && !locked(&shared.once).insert(check.scope(bed)) {
            continue;
        }
        // A cluster mostly waits: what must be alone need not wait for it, but where figures are what it is all about.
        let row = if in_cluster(check) && !args.all {
            prove(check, bed, subject)
        } else {
            shared.work(check.alone, || prove(check, bed, subject))
        };
        let mark = match row.outcome {
            Outcome::Passed => "ok  ",
            Outcome::Failed => "FAIL",
            Outcome::NotRun => "--  ",
        };
        println!(
            "   {mark} {said}{:<34} {:>5.1} s  {}",
            row.name, row.seconds, row.detail
        );
        report.rows.push(row);
    }
    for (name, value) in bed.figures.borrow().iter() {
        report.measure(subject, name, *value);
    }
    report.measure(subject, "checks passed", report.count(Outcome::Passed) as f64);
    report.measure(subject, "checks failed", report.count(Outcome::Failed) as f64);
}

fn prove(check: &Check, bed: &Bed, subject: &str) -> Row {
    let started = Instant::now();
    let (mut result, mut slow) = ((check.run)(bed), String::new());
    for _ in 0..2 {
        match &result {
            // The proofs of a cluster go on from what the one before left.
            Err(error) if error.is::<pace::TooSlow>() && !in_cluster(check) => {
                slow += &format!("too slow: {error:#}; ")
            }
            _ => break,
        }
        result = (check.run)(bed);
    }
    let (outcome, detail) = match result {
        Ok(()) => (Outcome::Passed, slow),
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

fn not_run(check: &Check, subject: &str, reason: &str) -> Row {
    Row {
        subject: subject.to_owned(),
        name: check.name.to_owned(),
        section: check.section.to_owned(),
        statement: check.statement.to_owned(),
        outcome: Outcome::NotRun,
        detail: reason.to_owned(),
        seconds: 0.0,
    }
}

fn broken(subject: &str, said: &str, error: &anyhow::Error) -> Row {
    println!("   FAIL {said}{error:#}");
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
    /// A short name for containers: `node-postgres-redis-compose`.
    fn label(&self) -> String {
        let target = [Some(&self.target), self.strategy.as_ref(), self.delivery.as_ref()];
        let target: Vec<&str> = target.into_iter().flatten().map(String::as_str).collect();
        format!(
            "{}-{}-{}-{}",
            self.language,
            self.database,
            self.cache,
            target.join("-")
        )
    }
}
