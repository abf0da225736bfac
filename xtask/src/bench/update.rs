//! `boatyard update` beside `copier update`, over the same two states of one repository: with a cache and without.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::sample::Sample;
use super::template;
use crate::process;
use crate::stack::{self, Stack};

/// How long a preparation may take.
const LIMIT: Duration = Duration::from_secs(120);

/// What copier keeps its answers in, as a template of its own.
const ANSWERS: (&str, &str) = ("{{_copier_conf.answers_file}}", "{{ _copier_answers|to_nice_yaml }}\n");

/// What only one of the programs writes.
const OWN: [&str; 4] = [".git", ".boatyard", "boatyard.json", ".copier-answers.yml"];

/// A repository before its update, and what brings it to the state after it.
struct Contender {
    name: &'static str,
    before: PathBuf,
    program: PathBuf,
    args: Vec<String>,
}

/// What was measured.
pub struct Measured {
    /// `boatyard update`, then `copier update`.
    pub samples: Vec<Sample>,
    /// Seconds that many repositories take one after the other.
    pub many: f64,
}

/// Measures `rounds` updates of each, then one of each of `repositories` by boatyard alone.
pub fn measure(
    boatyard: &Path,
    chosen: &Stack,
    python: &Path,
    work: &Path,
    rounds: usize,
    repositories: usize,
) -> Result<Measured> {
    let work = work.join("update");
    let after = Stack {
        cache: "none".into(),
        ..chosen.clone()
    };
    let [one, two] = [("one", chosen), ("two", &after)].map(|(name, stack)| {
        let folder = work.join(name);
        fs::create_dir_all(&work)
            .map_err(Into::into)
            .and_then(|()| stack::render(boatyard, stack, "orders", &folder))
            .map(|()| folder)
    });
    let (one, two) = (one?, two?);
    let contenders = [
        Contender {
            name: "boatyard update",
            before: one.clone(),
            program: boatyard.to_path_buf(),
            args: ["update", "--cache", "none"].map(str::to_owned).to_vec(),
        },
        Contender {
            name: "copier update",
            before: copier(&one, &two, python, &work)?,
            program: python.join("bin/copier"),
            args: ["update", "--defaults", "--quiet", "--vcs-ref", "v2"]
                .map(str::to_owned)
                .to_vec(),
        },
    ];
    let mut samples: Vec<Sample> = contenders.iter().map(|contender| Sample::new(contender.name)).collect();
    for round in 0..rounds {
        for (contender, sample) in contenders.iter().zip(&mut samples) {
            let folder = work.join("run");
            copy(&contender.before, &folder)?;
            sample.add(contender.run(&folder)?);
            if round == 0 {
                for own in OWN {
                    let _ = fs::remove_dir_all(folder.join(own)).or_else(|_| fs::remove_file(folder.join(own)));
                }
                template::same(&bare(&two, &work)?, &folder)
                    .with_context(|| format!("{} comes to another state", contender.name))?;
            }
            fs::remove_dir_all(&folder)?;
        }
    }
    for number in 0..repositories {
        copy(&one, &work.join(format!("many/{number}")))?;
    }
    let started = Instant::now();
    for number in 0..repositories {
        contenders[0].run(&work.join(format!("many/{number}")))?;
    }
    let many = started.elapsed().as_secs_f64();
    Ok(Measured { samples, many })
}

impl Contender {
    fn run(&self, folder: &Path) -> Result<Duration> {
        let started = Instant::now();
        let status = Command::new(&self.program)
            .args(&self.args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .with_context(|| format!("{} does not start", self.name))?;
        let elapsed = started.elapsed();
        if !status.success() {
            bail!("{} ended with {status}", self.name);
        }
        Ok(elapsed)
    }
}

/// A repository that copier made from the first of two tagged states of a template, committed.
fn copier(one: &Path, two: &Path, python: &Path, work: &Path) -> Result<PathBuf> {
    let (source, target) = (work.join("template"), work.join("copied"));
    fs::create_dir_all(&source)?;
    git(&source, &["init", "--quiet"])?;
    for (tree, tag) in [(one, "v1"), (two, "v2")] {
        for entry in fs::read_dir(&source)?
            .flatten()
            .filter(|entry| entry.file_name() != ".git")
        {
            let path = entry.path();
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
        template::copier(&bare(tree, work)?, &source)?;
        fs::write(source.join(ANSWERS.0), ANSWERS.1)?;
        git(&source, &["add", "--all", "--force"])?;
        git(&source, &["commit", "--quiet", "--message", tag])?;
        git(&source, &["tag", tag])?;
    }
    let mut command = Command::new(python.join("bin/copier"));
    command.args([
        "copy",
        "--defaults",
        "--quiet",
        "--vcs-ref",
        "v1",
        "--data",
        "name=orders",
    ]);
    process::ok(command.arg(&source).arg(&target), LIMIT)?;
    git(&target, &["init", "--quiet"])?;
    git(&target, &["add", "--all"])?;
    git(&target, &["commit", "--quiet", "--message", "v1"])?;
    Ok(target)
}

/// The same tree without what only Boatyard writes.
fn bare(tree: &Path, work: &Path) -> Result<PathBuf> {
    let folder = work.join("bare");
    let _ = fs::remove_dir_all(&folder);
    copy(tree, &folder)?;
    for own in OWN {
        let _ = fs::remove_dir_all(folder.join(own)).or_else(|_| fs::remove_file(folder.join(own)));
    }
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    process::ok(Command::new("cp").arg("-r").arg(from).arg(to), LIMIT)?;
    Ok(())
}

fn git(folder: &Path, args: &[&str]) -> Result<()> {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=bench", "-c", "user.email=bench@example.com"]);
    process::ok(command.args(args).current_dir(folder), LIMIT)?;
    Ok(())
}
