//! `cargo xtask bench`: `boatyard new` beside `cp -r`, cookiecutter and copier, in one run; then `update` beside copier's.
//!
//! All four lay down the same tree: the one that Boatyard renders. For the two template
//! engines it is turned into a template whose output is that tree again, byte for byte.

mod contender;
mod sample;
mod template;
mod timed;
mod update;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use self::contender::Contender;
use self::sample::Sample;
use crate::report::{Outcome, Report, Row};
use crate::stack;
use crate::verify::toolbox;

/// The aims: at most this many times `cp -r`, and at least this many times faster than copier.
const AT_MOST: f64 = 3.0;
const AT_LEAST: f64 = 50.0;

/// The aim of an update: seconds for a thousand repositories.
const THOUSAND: f64 = 10.0;

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Args {
    /// Measured rounds; in each, every contender runs once
    #[arg(long, default_value_t = 11)]
    rounds: usize,
    /// Rounds before them that do not count
    #[arg(long, default_value_t = 2)]
    warm_up: usize,
    /// Repositories that `boatyard update` refits, as many at once as there are cores
    #[arg(long, default_value_t = 40)]
    repositories: usize,
}

/// Runs the comparison.
pub fn run(args: Args) -> Result<ExitCode> {
    let started = Instant::now();
    let boatyard = stack::boatyard()?;
    let stacks = stack::list(&boatyard)?;
    let chosen = stacks.first().context("`boatyard list` has no combination")?;
    let python = toolbox::pip(&toolbox::pins_folder().join("bench"))?;
    let work = tempfile::Builder::new().prefix("boatyard-bench-").tempdir()?;
    timed::clean_up_when_interrupted(work.path().to_path_buf())?;
    let tree = work.path().join("orders");
    stack::render(&boatyard, chosen, "orders", &tree)?;
    let templates = template::write(&tree, work.path())?;
    let contenders = contender::all(&boatyard, chosen, &tree, &templates, &python);
    for contender in &contenders {
        let output = contender.run(&work.path().join("proof"))?.folder;
        template::same(&tree, &output).with_context(|| format!("{} lays down another tree", contender.name))?;
        fs::remove_dir_all(work.path().join("proof"))?;
    }

    let samples = measure(&contenders, work.path(), &args)?;
    let (files, bytes) = template::size(&tree)?;
    let mut report = Report::new("bench");
    report.seconds = started.elapsed().as_secs_f64();
    report.measure("tree", "files", files as f64);
    report.measure("tree", "bytes", bytes as f64);
    let [new, copy, _, copier] = samples.as_slice() else {
        bail!("a contender is missing")
    };
    for sample in &samples {
        report.measure(sample.name, "min ms", sample.min());
        report.measure(sample.name, "median ms", sample.median());
        report.measure(sample.name, "max ms", sample.max());
        report.measure(sample.name, "times cp -r", sample.median() / copy.median());
    }
    let (slower, faster) = (new.median() / copy.median(), copier.median() / new.median());
    let (slow, fast) = (format!("{slower:.1} times"), format!("{faster:.1} times"));
    aim(
        &mut report,
        [
            "boatyard new",
            "cp",
            &format!("`new` takes at most {AT_MOST} times `cp -r`"),
        ],
        Ok((slow, slower <= AT_MOST)),
    );
    aim(
        &mut report,
        [
            "boatyard new",
            "copier",
            &format!("`new` is at least {AT_LEAST} times faster than copier"),
        ],
        Ok((fast, faster >= AT_LEAST)),
    );
    let updates = update::measure(&boatyard, chosen, &python, work.path(), &args)?;
    tell(&mut report, &updates);
    report.write(&stack::proof_folder())?;
    show(&report, &samples, copy, files, bytes);
    Ok(if report.count(Outcome::Failed) == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The figures of `update`, and how they stand to copier's and to the aim.
fn tell(report: &mut Report, updates: &update::Measured) {
    let update::Measured { own, copier, thousand } = updates;
    for sample in std::iter::once(own).chain(copier) {
        report.measure(sample.name, "min ms", sample.min());
        report.measure(sample.name, "median ms", sample.median());
        report.measure(sample.name, "max ms", sample.max());
    }
    report.measure(own.name, "s for 1000 repositories", *thousand);
    let beside = copier
        .as_ref()
        .map_err(|error| format!("copier is left out: {error:#}").replace('\n', " "))
        .map(|copier| {
            let (mine, other) = (own.median(), copier.median());
            let faster = other / mine;
            (format!("{faster:.1} times ({mine:.1} ms, {other:.1} ms)"), faster > 1.0)
        });
    aim(report, [own.name, "copier", "`update` is faster than copier's"], beside);
    let statement = format!("a thousand repositories are updated in at most {THOUSAND} s");
    let detail = (format!("{thousand:.1} s"), *thousand <= THOUSAND);
    aim(report, [own.name, "thousand", &statement], Ok(detail));
}

/// Alternating rounds, so that a busy moment of the machine meets everyone.
fn measure(contenders: &[Contender], work: &Path, args: &Args) -> Result<Vec<Sample>> {
    let mut samples: Vec<Sample> = contenders.iter().map(|contender| Sample::new(contender.name)).collect();
    for round in 0..args.warm_up + args.rounds {
        for turn in 0..contenders.len() {
            let at = (round + turn) % contenders.len();
            let folder = work.join(format!("{round}-{at}"));
            let run = contenders[at].run(&folder)?;
            fs::remove_dir_all(&folder)?;
            if round >= args.warm_up {
                samples[at].add(run.elapsed);
            }
        }
    }
    Ok(samples)
}

/// A row for an aim: its subject, name and statement, and how it stands, or why that could not be measured.
fn aim(report: &mut Report, [subject, name, statement]: [&str; 3], stands: Result<(String, bool), String>) {
    let (detail, outcome) = match stands {
        Ok((detail, true)) => (detail, Outcome::Passed),
        Ok((detail, false)) => (detail, Outcome::Failed),
        Err(why) => (why, Outcome::NotRun),
    };
    report.rows.push(Row {
        subject: subject.to_owned(),
        name: name.to_owned(),
        section: "aims".to_owned(),
        statement: statement.to_owned(),
        outcome,
        detail,
        seconds: 0.0,
    });
}

fn show(report: &Report, samples: &[Sample], copy: &Sample, files: usize, bytes: u64) {
    println!("{files} files, {} kB", bytes / 1000);
    println!(
        "{:<14} {:>9} {:>9} {:>9} {:>12}",
        "", "min ms", "median ms", "max ms", "times cp -r"
    );
    for sample in samples {
        let ratio = sample.median() / copy.median();
        println!(
            "{:<14} {:>9.1} {:>9.1} {:>9.1} {:>12.1}",
            sample.name,
            sample.min(),
            sample.median(),
            sample.max(),
            ratio
        );
    }
    for row in &report.rows {
        println!("{}: {}", row.statement, row.detail);
    }
    println!("report: {}", stack::proof_folder().join("bench.md").display());
    println!("{}", report.summary());
}
