//! `boatyard new`: answers, a tree, one write.

use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::engine::answers::Answers;
use crate::engine::change::{self, ChangeSet};
use crate::engine::draft::Draft;
use crate::engine::error::Problem;
use crate::engine::names::Names;
use crate::engine::repository;

use super::Context;
use crate::shell::disk;
use crate::shell::failure::Failure;
use crate::shell::sources;

pub(super) fn run(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    let (draft, problems) = sources::draft(matches, &context.catalog)?;
    let given = matches.get_one::<String>("dir").map(PathBuf::from);
    if let Some(directory) = &given {
        look(directory, matches, context)?;
    }
    let answers = answers(draft, problems, given.as_deref(), matches, context)?;
    let directory = match given {
        Some(directory) => directory,
        None => {
            let names = Names::parse(&answers.name).map_err(Failure::input)?;
            let directory = PathBuf::from(names.slug);
            look(&directory, matches, context)?;
            directory
        }
    };
    let (plan, tree) = repository::generate(&answers, &context.catalog)?;
    let set = ChangeSet {
        schema: "boatyard.changes/1",
        command: "new",
        dry_run: matches.get_flag("dry-run"),
        directory: directory.display().to_string(),
        answers: answers.to_document(&context.catalog),
        changes: change::create_all(&plan, &tree),
        equivalent: equivalent(&directory, &answers, context),
    };
    if !set.dry_run {
        disk::write_new(&directory, disk::target(&directory)?, &tree)?;
    }
    if matches.get_flag("json") {
        super::print(&serde_json::to_string_pretty(&set).unwrap_or_default());
    } else {
        context.report.changes(&set);
    }
    Ok(())
}

/// Finishes what an interrupted run left, then makes sure that the place is free.
fn look(directory: &Path, matches: &ArgMatches, context: &Context) -> Result<disk::Target, Failure> {
    if !matches.get_flag("dry-run") {
        for line in disk::sweep(directory)? {
            context.report.say(&line);
        }
    }
    disk::target(directory)
}

fn answers(
    draft: Draft,
    problems: Vec<Problem>,
    directory: Option<&Path>,
    matches: &ArgMatches,
    context: &Context,
) -> Result<Answers, Failure> {
    let draft = if matches.get_flag("yes") {
        draft.with_defaults(&context.catalog, directory.and_then(directory_name))
    } else {
        draft
    };
    sources::complete(draft, problems, &context.catalog)
}

/// The directory's own name, `.` included.
fn directory_name(directory: &Path) -> Option<String> {
    let full = std::path::absolute(directory).ok()?;
    Some(full.file_name()?.to_string_lossy().into_owned())
}

fn equivalent(directory: &Path, answers: &Answers, context: &Context) -> Vec<String> {
    let mut command = vec!["boatyard".to_owned(), "new".to_owned(), directory.display().to_string()];
    command.extend(answers.to_flags(&context.catalog));
    command
}
