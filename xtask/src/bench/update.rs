//! `boatyard update` beside `copier update`, over the same two states of one repository: with a cache and without.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context, Result};

use super::sample::Sample;
use super::{Args, template, timed};
use crate::process;
use crate::stack::{self, Stack};

/// What copier keeps its answers in, as a template of its own.
const ANSWERS: (&str, &str) = ("{{_copier_conf.answers_file}}", "{{ _copier_answers|to_nice_yaml }}\n");

/// What only one of the programs writes.
const OWN: [&str; 4] = [".git", ".boatyard", "boatyard.json", ".copier-answers.yml"];

/// A repository before its update, and what brings it to the state after it.
struct Contender {
    name: &'static str,
    before: PathBuf,
    program: PathBuf,
    args: &'static [&'static str],
}

/// What was measured.
pub struct Measured {
    /// `boatyard update`.
    pub own: Sample,
    /// `copier update`, or why it is left out.
    pub copier: Result<Sample>,
    /// Seconds that a thousand repositories take, as many at once as there are cores.
    pub thousand: f64,
}

/// Measures the rounds of both, then one update each of many repositories by boatyard alone.
pub fn measure(boatyard: &Path, chosen: &Stack, python: &Path, work: &Path, args: &Args) -> Result<Measured> {
    let work = work.join("update");
    fs::create_dir_all(&work)?;
    let after = Stack {
        cache: "none".into(),
        ..chosen.clone()
    };
    let (one, two) = (work.join("one"), work.join("two"));
    stack::render(boatyard, chosen, "orders", &one)?;
    stack::render(boatyard, &after, "orders", &two)?;
    let wanted = bare(&two, &work, "wanted")?;
    let ours = Contender {
        name: "boatyard update",
        before: one.clone(),
        program: boatyard.to_path_buf(),
        args: &["update", "--cache", "none"],
    };
    let mut own = Sample::new(ours.name);
    // Somebody else's program that fails is left out, and that is told.
    let mut copier = copier(&one, &two, python, &work).map(|theirs| (Sample::new(theirs.name), theirs));
    for _ in 0..args.rounds {
        own.add(ours.update(&work, &wanted)?);
        copier = copier.and_then(|(mut sample, theirs)| {
            sample.add(theirs.update(&work, &wanted)?);
            Ok((sample, theirs))
        });
    }
    let many = work.join("many");
    let repositories = args.repositories.max(1);
    for number in 0..repositories {
        copy(&one, &many.join(number.to_string()))?;
    }
    Ok(Measured {
        own,
        copier: copier.map(|(sample, _)| sample),
        thousand: ours.update_all(&many, &work)?.as_secs_f64() / repositories as f64 * 1000.0,
    })
}

impl Contender {
    /// Updates a copy, which must come to the state that is wanted.
    fn update(&self, work: &Path, wanted: &Path) -> Result<Duration> {
        let folder = work.join("run");
        let _ = fs::remove_dir_all(&folder);
        copy(&self.before, &folder)?;
        let elapsed = self.run(&folder, work)?;
        strip(&folder);
        template::same(wanted, &folder).with_context(|| format!("{} comes to another state", self.name))?;
        Ok(elapsed)
    }

    /// Updates the repositories of a folder, as many at once as there are cores.
    fn update_all(&self, many: &Path, work: &Path) -> Result<Duration> {
        let workers = available_parallelism().map_or(1, usize::from);
        let mut command = Command::new("sh");
        command.args(["-c", r#"ls | xargs -P "$0" -I {} sh -c 'cd "$0" && exec "$@"' {} "$@""#]);
        command.arg(workers.to_string()).arg(&self.program).args(self.args);
        timed::run(self.name, command.current_dir(many), work, timed::LIMIT)
    }

    fn run(&self, folder: &Path, work: &Path) -> Result<Duration> {
        let mut command = Command::new(&self.program);
        timed::run(
            self.name,
            command.args(self.args).current_dir(folder),
            work,
            timed::LIMIT,
        )
    }
}

/// A repository that copier made from the first of two tagged states of a template, committed.
fn copier(one: &Path, two: &Path, python: &Path, work: &Path) -> Result<Contender> {
    let (source, target) = (work.join("template"), work.join("copied"));
    fs::create_dir_all(&source)?;
    git(&source, &["init", "--quiet"])?;
    for (tree, tag) in [(one, "v1"), (two, "v2")] {
        git(&source, &["rm", "-r", "--quiet", "--ignore-unmatch", "."])?;
        template::copier(&bare(tree, work, "bare")?, &source)?;
        fs::write(source.join(ANSWERS.0), ANSWERS.1)?;
        git(&source, &["add", "--all", "--force"])?;
        git(&source, &["commit", "--quiet", "--message", tag])?;
        git(&source, &["tag", tag])?;
    }
    let program = python.join("bin/copier");
    let mut command = Command::new(&program);
    command.args([
        "copy",
        "--defaults",
        "--quiet",
        "--vcs-ref",
        "v1",
        "--data",
        "name=orders",
    ]);
    timed::run("copier copy", command.arg(&source).arg(&target), work, timed::LIMIT)?;
    git(&target, &["init", "--quiet"])?;
    git(&target, &["add", "--all"])?;
    git(&target, &["commit", "--quiet", "--message", "v1"])?;
    Ok(Contender {
        name: "copier update",
        before: target,
        program,
        args: &["update", "--defaults", "--quiet", "--vcs-ref", "v2"],
    })
}

/// The same tree without what only one of the programs writes.
fn bare(tree: &Path, work: &Path, name: &str) -> Result<PathBuf> {
    let folder = work.join(name);
    let _ = fs::remove_dir_all(&folder);
    copy(tree, &folder)?;
    strip(&folder);
    Ok(folder)
}

fn strip(folder: &Path) {
    for own in OWN {
        let path = folder.join(own);
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    process::ok(Command::new("cp").arg("-r").arg(from).arg(to), timed::LIMIT)?;
    Ok(())
}

fn git(folder: &Path, args: &[&str]) -> Result<()> {
    let mut command = Command::new("git");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.args(["-c", "user.name=bench", "-c", "user.email=bench@example.com"]);
    process::ok(command.args(args).current_dir(folder), timed::LIMIT)?;
    Ok(())
}
