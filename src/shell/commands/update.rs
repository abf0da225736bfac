//! `boatyard update`: the repository's answers, one merge, one journalled write, and what was asked for after it.

use std::collections::BTreeSet;

use clap::ArgMatches;

use crate::engine::answers::Answers;
use crate::engine::base::Base;
use crate::engine::change::{Action, ChangeSet, Reason};
use crate::engine::error::Problem;
use crate::engine::merge::shape::Shaped;
use crate::engine::merge::text::holds_markers;
use crate::engine::merge::{Edit, OnConflict};
use crate::engine::questions::Interview;
use crate::engine::tree::{Found, RelPath};

use super::Context;
use crate::shell::after::{self, index};
use crate::shell::disk::journal::{self, Journal, Step};
use crate::shell::disk::ops::System;
use crate::shell::disk::place;
use crate::shell::failure::Failure;
use crate::shell::project::{Project, Refit};
use crate::shell::wizard::{self, Purpose, Wizard};
use crate::shell::{interrupt, sources};

pub(super) fn run(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    let json = matches.get_flag("json");
    let report = if json { context.report.quiet() } else { context.report };
    let project = Project::find(matches)?;
    interrupt::watch(wizard::restore);
    if matches.get_flag("dry-run") {
        project.settled()?;
        let refit = decide(matches, context, &project)?;
        let set = set(&project, &refit, "update", true, context);
        report.update(&set);
        print(json, &set);
        return verdict(&refit);
    }
    let journal = Journal::open(&project.root, &System)?;
    if let Some(line) = interrupt::deferred(|| journal.roll_forward())? {
        report.say(&line);
    }
    if matches.get_flag("undo") {
        let steps = journal.undo(matches.get_flag("allow-dirty"))?;
        let paths = steps.iter().map(|step| step.path.clone()).collect();
        interrupt::deferred(|| {
            journal.apply(&steps, true)?;
            index::unmark(&project.root, &paths)
        })?;
        report.say(&format!(
            "took the last update back: {} files are as before",
            steps.len()
        ));
        return Ok(());
    }
    let refit = decide(matches, context, &project)?;
    if on_conflict(matches).is_none() && refit.update.conflicts() > 0 {
        return Err(Failure::Differs(contradictions(&refit)));
    }
    refuse(&project, &refit, matches.get_flag("allow-dirty"))?;
    let mut set = set(&project, &refit, "update", false, context);
    let done = interrupt::deferred(|| {
        let steps = steps(&refit);
        if !steps.is_empty() {
            journal.apply(&steps, false)?;
        }
        index::mark(&project.root, &refit.update.stages)?;
        report.update(&set);
        lock(matches, &project, &refit, &mut set, &report)
    });
    print(json, &set);
    done?;
    verdict(&refit)
}

/// The answers, asked for on a terminal where nothing else says what to do, and what they come to.
pub(super) fn decide(matches: &ArgMatches, context: &Context, project: &Project) -> Result<Refit, Failure> {
    let catalog = &context.catalog;
    let mut base = project.base()?;
    restore(matches, project, &mut base)?;
    let (draft, problems) = project.draft(Some(matches), catalog, &base)?;
    let answers = sources::complete(draft.clone(), problems, catalog)?;
    let answers = match asks(matches, context, &answers, &base) {
        true => {
            let interview = Interview::new(catalog, draft, None, Vec::new());
            let wizard = Wizard::new(interview, catalog, Some(&project.root), context.report).with(Purpose::Update);
            let decided = wizard.run().inspect_err(|failure| {
                if matches!(failure, Failure::Interrupted) {
                    context.report.say("nothing written");
                }
            })?;
            decided.answers
        }
        false => answers,
    };
    project.refit(answers, base, catalog, on_conflict(matches).unwrap_or_default())
}

/// Forgets that the files of `--restore` were generated before and are gone, so that they are generated anew.
fn restore(matches: &ArgMatches, project: &Project, base: &mut Base) -> Result<(), Failure> {
    let named = matches.try_get_many::<String>("restore").ok().flatten();
    let mut problems = Vec::new();
    for name in named.into_iter().flatten() {
        let name = name.trim_end_matches('/');
        let below = |path: &RelPath| {
            let rest = path.as_str().strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut gone = Vec::new();
        for path in base.files.keys().filter(|path| below(path)) {
            if place::found(&project.root, path)? == Found::Absent {
                gone.push(path.clone());
            }
        }
        if gone.is_empty() {
            problems.push(
                Problem::new(format!("no generated file is gone at `{name}`"))
                    .hint("name one that you deleted, or a directory of such, by its path in the repository"),
            );
        }
        base.files.retain(|path, _| !gone.contains(path));
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure::Input(problems)),
    }
}

/// Whether a person is asked: on a terminal, when neither arguments nor an edited `boatyard.json` say what to change.
fn asks(matches: &ArgMatches, context: &Context, answers: &Answers, base: &Base) -> bool {
    let silent = ["yes", "dry-run", "json"]
        .iter()
        .any(|id| matches.try_get_one::<bool>(id).ok().flatten().copied().unwrap_or(true));
    !silent
        && !matches.contains_id("restore")
        && sources::interactive(matches)
        && !sources::any_given(matches, &context.catalog)
        && answers.to_document(&context.catalog) == base.answers
}

/// What to do about contradictions; none: write nothing.
fn on_conflict(matches: &ArgMatches) -> Option<OnConflict> {
    match matches.get_one::<String>("on-conflict").map(String::as_str) {
        Some("abort") => None,
        Some("diff3") => Some(OnConflict::Diff3),
        Some("keep") => Some(OnConflict::Keep),
        Some("replace") => Some(OnConflict::Replace),
        _ => Some(OnConflict::Markers),
    }
}

pub(super) fn set(
    project: &Project,
    refit: &Refit,
    command: &'static str,
    dry_run: bool,
    context: &Context,
) -> ChangeSet {
    let catalog = &context.catalog;
    let mut equivalent = vec!["boatyard".to_owned(), "update".to_owned()];
    equivalent.extend(refit.wanted.answers.to_flags(catalog));
    ChangeSet {
        schema: "boatyard.changes/1",
        command,
        dry_run,
        directory: project.name(),
        answers: refit.wanted.answers.to_document(catalog),
        changes: refit.update.changes.clone(),
        locked: Vec::new(),
        committed: None,
        equivalent,
    }
}

/// Refuses, unless that is allowed, to write over what nobody could get back, and over a conflict that nobody settled.
pub(super) fn refuse(project: &Project, refit: &Refit, anyway: bool) -> Result<(), Failure> {
    if anyway {
        return Ok(());
    }
    let base = &refit.base.files;
    let at_risk: BTreeSet<RelPath> = refit
        .update
        .changes
        .iter()
        .filter(|change| change.reason != Reason::Own)
        .map(|change| change.from.as_ref().unwrap_or(&change.path))
        .filter(|path| refit.update.edits.contains_key(*path))
        .filter(|path| match (&refit.disk[*path], base.get(*path)) {
            (Found::Absent, _) => false,
            // What was generated can be generated again.
            (disk, Some(entry)) => !crate::engine::merge::pristine(path, entry, disk),
            _ => true,
        })
        .cloned()
        .collect();
    let mut problems = Vec::new();
    for path in index::uncommitted(&project.root, &at_risk)? {
        problems.push(
            Problem::new(format!(
                "`{path}` has edits that are not committed, and this update would write it"
            ))
            .hint("commit or stash them first, or add `--allow-dirty`"),
        );
    }
    for path in &at_risk {
        let marked = match &refit.disk[path] {
            Found::File { bytes, .. } => Shaped::read(bytes).is_some_and(|shaped| holds_markers(&shaped.text)),
            _ => false,
        };
        if marked {
            problems.push(
                Problem::new(format!("`{path}` still holds the markers of a conflict"))
                    .hint("settle it first, or add `--allow-dirty`"),
            );
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure::Input(problems)),
    }
}

/// The update as steps: what must make room first, the base last.
pub(super) fn steps(refit: &Refit) -> Vec<Step> {
    let none = Found::Absent;
    let mut steps: Vec<Step> = refit
        .update
        .edits
        .iter()
        .map(|(path, edit)| Step {
            path: path.clone(),
            old: journal::content(refit.disk.get(path).unwrap_or(&none)),
            new: match edit {
                Edit::Write(content) => Some(content.clone()),
                Edit::Remove => None,
            },
        })
        .collect();
    steps.sort_by_key(|step| (step.path.as_str() == crate::engine::base::BASE_PATH, step.new.is_some()));
    steps
}

fn lock(
    matches: &ArgMatches,
    project: &Project,
    refit: &Refit,
    set: &mut ChangeSet,
    report: &crate::shell::report::Report,
) -> Result<(), Failure> {
    if !matches.get_flag("lock") {
        return Ok(());
    }
    for lock in &refit.wanted.plan.lock {
        set.locked.push(after::lock(&project.root, lock, report)?);
    }
    Ok(())
}

fn contradictions(refit: &Refit) -> Vec<Problem> {
    let conflicts = refit
        .update
        .changes
        .iter()
        .filter(|change| change.action == Action::Conflict);
    conflicts
        .map(|change| {
            Problem::new(format!("`{}`: {}", change.path, change.reason))
                .hint("nothing was written; leave `--on-conflict abort` out to get both sides between markers")
        })
        .collect()
}

/// Done, or done with something left for a person.
fn verdict(refit: &Refit) -> Result<(), Failure> {
    match refit.update.conflicts() {
        0 => Ok(()),
        _ => Err(Failure::Differs(Vec::new())),
    }
}

pub(super) fn print(json: bool, set: &ChangeSet) {
    if json {
        super::print(&serde_json::to_string_pretty(set).unwrap_or_default());
    }
}
