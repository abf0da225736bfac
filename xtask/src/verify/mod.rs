//! `cargo xtask verify`: the validators over every combination.
//!
//! Zero findings and zero suppressions, but for the reviewed list in `exceptions.json`.
//! Every run also plants a known defect for each validator and requires that it is found.

pub mod cache;
mod check;
mod checks;
mod exceptions;
mod planted;
mod run;
mod summary;
pub mod toolbox;
mod tree;
mod variants;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use self::exceptions::Exceptions;
use self::summary::{Line, Summary};
use self::toolbox::Toolbox;
use self::tree::Tree;
use crate::report::{Outcome, Report};
use crate::stack;

/// Arguments of `cargo xtask verify`.
#[derive(clap::Args)]
pub struct Args {
    /// Only combinations whose id contains every part of this comma-separated text
    pattern: Option<String>,
    /// Look at this repository instead of rendering combinations; may be repeated
    #[arg(long, value_name = "DIR", conflicts_with = "pattern")]
    dir: Vec<PathBuf>,
    /// Only prove that every validator finds its planted defect
    #[arg(long)]
    self_test: bool,
    /// Only this check and its planted defects; may be repeated
    #[arg(long, value_name = "CHECK")]
    only: Vec<String>,
}

/// Runs the validators.
pub fn run(args: Args) -> Result<ExitCode> {
    let started = Instant::now();
    let mut checks = checks::all();
    if let Some(unknown) = args
        .only
        .iter()
        .find(|id| !checks.iter().any(|check| check.id == id.as_str()))
    {
        let ids: Vec<&str> = checks.iter().map(|check| check.id).collect();
        bail!("no check is called `{unknown}`\nhint: {}", ids.join(", "));
    }
    checks.retain(|check| args.only.is_empty() || args.only.iter().any(|id| id == check.id));
    let toolbox = Toolbox::install()?;
    let work = tempfile::Builder::new().prefix("boatyard-verify-").tempdir()?;
    let mut trees = trees(&args, work.path())?;
    let mut defects = planted::load()?;
    // One defect may stand in a file of another's, so all of them are planted.
    let planted = planted::plant(&trees, &mut defects, &work.path().join("trees"))?;
    defects.retain(|defect| checks.iter().any(|check| check.id == defect.tool));
    if args.self_test {
        trees.clear();
    }
    let whole = args.pattern.is_none() && args.dir.is_empty() && args.only.is_empty() && !args.self_test;
    eprintln!(
        "{} checks over {} repositories and {} planted defects",
        checks.len(),
        trees.len(),
        defects.len()
    );
    trees.extend(planted);

    let done = run::run(&checks, &trees, work.path(), &toolbox)?;
    let exceptions = Exceptions::load()?;
    let mut summary = Summary::new(&checks, &exceptions, &done);
    summary.self_test(&defects, &done);
    if whole {
        summary.exceptions();
    }
    let (report, table) = summary.finish(&toolbox, &trees, started.elapsed().as_secs_f64());
    report.write(&stack::proof_folder())?;
    show(&report, &table);
    Ok(if report.count(Outcome::Failed) == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn trees(args: &Args, work: &Path) -> Result<Vec<Tree>> {
    let target = work.join("trees");
    let mut trees = Vec::new();
    for folder in &args.dir {
        let folder = folder
            .canonicalize()
            .with_context(|| format!("cannot read {}", folder.display()))?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let lock = tree::lock(&folder);
        trees.push(Tree::copy(&folder, &name, &target, lock)?);
    }
    if args.dir.is_empty() {
        let boatyard = stack::boatyard()?;
        let pattern = args.pattern.as_deref().unwrap_or_default();
        let wanted = |name: &str| pattern.split(',').all(|part| name.contains(part.trim()));
        for variant in variants::all(&boatyard)?.iter().filter(|variant| wanted(&variant.name)) {
            let rendered = work.join("rendered").join(&variant.name);
            std::fs::create_dir_all(work.join("rendered"))?;
            variant.render(&boatyard, &rendered)?;
            trees.push(Tree::copy(&rendered, &variant.name, &target, variant.lock())?);
        }
        if trees.is_empty() {
            bail!("no combination matches `{pattern}`\nhint: `boatyard list` names them");
        }
    }
    Ok(trees)
}

fn show(report: &Report, table: &[(&str, Line)]) {
    for row in report.rows.iter().filter(|row| row.outcome == Outcome::Failed) {
        println!("FAILED {} · {} · {}", row.section, row.name, row.statement);
        for finding in row.detail.split(" · ") {
            println!("    {finding}");
        }
    }
    println!(
        "{:<20} {:>10} {:>7} {:>9} {:>8}",
        "check", "version", "inputs", "findings", "seconds"
    );
    for (id, line) in table {
        println!(
            "{id:<20} {:>10} {:>7} {:>9} {:>8.1}",
            line.version, line.inputs, line.findings, line.seconds
        );
    }
    for row in report.rows.iter().filter(|row| row.outcome == Outcome::NotRun) {
        println!("not run here: {} ({})", row.name, row.detail);
    }
    println!(
        "{:.0} s, report: {}",
        report.seconds,
        stack::proof_folder().join("verify.md").display()
    );
    println!("{}", report.summary());
}
