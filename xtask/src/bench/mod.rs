//! `cargo xtask bench`: `boatyard new` beside `cp -r`, cookiecutter and copier, in one run.
//!
//! All four lay down the same tree: the one that Boatyard renders. For the two template
//! engines it is turned into a template whose output is that tree again, byte for byte.

mod contender;
mod sample;
mod template;

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

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Args {
    /// Measured rounds; in each, every contender runs once
    #[arg(long, default_value_t = 11)]
    rounds: usize,
    /// Rounds before them that do not count
    #[arg(long, default_value_t = 2)]
    warm_up: usize,
}

/// Runs the comparison.
pub fn run(args: Args) -> Result<ExitCode> {
    let started = Instant::now();
    let boatyard = stack::boatyard()?;
    let stacks = stack::list(&boatyard)?;
    let chosen = stacks.first().context("`boatyard list` has no combination")?;
    let python = toolbox::pip(&toolbox::pins_folder().join("bench"))?;
    let work = tempfile::Builder::new().prefix("boatyard-bench-").tempdir()?;
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
    aim(
        &mut report,
        "cp",
        &format!("`new` takes at most {AT_MOST} times `cp -r`"),
        slower,
        slower <= AT_MOST,
    );
    aim(
        &mut report,
        "copier",
        &format!("`new` is at least {AT_LEAST} times faster than copier"),
        faster,
        faster >= AT_LEAST,
    );
    report.write(&stack::proof_folder())?;
    show(&report, &samples, copy, files, bytes);
    Ok(if report.count(Outcome::Failed) == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
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

fn aim(report: &mut Report, name: &str, statement: &str, ratio: f64, holds: bool) {
    report.rows.push(Row {
        subject: "boatyard new".to_owned(),
        name: name.to_owned(),
        section: "aims".to_owned(),
        statement: statement.to_owned(),
        outcome: if holds { Outcome::Passed } else { Outcome::Failed },
        detail: format!("{ratio:.1} times"),
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
