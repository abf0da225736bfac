//! The four programs, each as one command from an empty folder to the whole tree.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::template::Templates;
use super::timed;
use crate::stack::{self, Stack};

/// A program and how to call it.
pub struct Contender {
    /// Its name in the table
    pub name: &'static str,
    program: PathBuf,
    before: Vec<OsString>,
    target: Target,
}

/// Where the output folder goes on the command line.
enum Target {
    /// Last: `cp -r FROM TO`
    Last,
    /// After an option that takes the folder above it
    Parent(&'static str),
}

/// One run.
pub struct Run {
    /// What it laid down
    pub folder: PathBuf,
    /// Wall time, process start included
    pub elapsed: Duration,
}

impl Contender {
    /// Runs it once into `<folder>/orders`; `folder` must not exist.
    pub fn run(&self, folder: &Path) -> Result<Run> {
        fs::create_dir_all(folder)?;
        let output = folder.join("orders");
        let mut command = Command::new(&self.program);
        command.args(&self.before).current_dir(folder);
        match self.target {
            Target::Last => command.arg(&output),
            Target::Parent(option) => command.arg(option).arg(folder),
        };
        let work = folder.parent().unwrap_or(folder);
        Ok(Run {
            elapsed: timed::run(self.name, &mut command, work, timed::LIMIT)?,
            folder: output,
        })
    }
}

/// Everyone, in the order of the table: boatyard, cp, cookiecutter, copier.
pub fn all(boatyard: &Path, chosen: &Stack, tree: &Path, templates: &Templates, python: &Path) -> Vec<Contender> {
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    let mut new = words(&["new", "--name", "orders", "--yes", "--no-lock", "--no-git"]);
    new.extend(stack::answers(chosen).into_iter().map(OsString::from));
    let mut copy = words(&["-r"]);
    copy.push(tree.into());
    let mut cookiecutter = words(&["--no-input", "--default-config"]);
    cookiecutter.push(templates.cookiecutter.clone().into());
    cookiecutter.push("name=orders".into());
    let mut copier = words(&["copy", "--defaults", "--quiet", "--data", "name=orders"]);
    copier.push(templates.copier.clone().into());
    let contender = |name, program, before, target| Contender {
        name,
        program,
        before,
        target,
    };
    vec![
        contender("boatyard new", boatyard.to_path_buf(), new, Target::Last),
        contender("cp -r", PathBuf::from("cp"), copy, Target::Last),
        contender(
            "cookiecutter",
            python.join("bin/cookiecutter"),
            cookiecutter,
            Target::Parent("--output-dir"),
        ),
        contender("copier", python.join("bin/copier"), copier, Target::Last),
    ]
}
