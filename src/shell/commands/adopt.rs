//! `boatyard adopt`: a look at what is there, answers with their evidence, and only what is missing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ArgMatches;

use crate::engine::adopt::{self, Adoption};
use crate::engine::answers::Answers;
use crate::engine::base::BASE_PATH;
use crate::engine::detect::{self, Finding, Seen};
use crate::engine::draft::Draft;
use crate::engine::error::Problem;
use crate::engine::merge::OnConflict;
use crate::engine::next;
use crate::engine::questions::Interview;
use crate::engine::refit::Wanted;
use crate::engine::repository::ANSWERS_PATH;
use crate::engine::tree::{Found, RelPath};

use super::{Context, update};
use crate::shell::after::pager;
use crate::shell::disk::journal::{self, Journal};
use crate::shell::disk::ops::System;
use crate::shell::disk::{place, survey};
use crate::shell::failure::{Failure, shown};
use crate::shell::project::{Project, Refit};
use crate::shell::wizard::{self, Purpose, Wizard};
use crate::shell::{interrupt, sources};

/// What was seen before anything was decided.
struct Look {
    seen: Seen,
    unread: Vec<RelPath>,
    findings: Vec<Finding>,
    draft: Draft,
    problems: Vec<Problem>,
    /// Boatyard made it, and its base is lost.
    ours: bool,
}

pub(super) fn run(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    let json = matches.get_flag("json");
    let dry_run = matches.get_flag("dry-run");
    let report = if json { context.report.quiet() } else { context.report };
    let root = PathBuf::from(matches.get_one::<String>("project").map_or(".", String::as_str));
    let project = Project { root };
    interrupt::watch(wizard::restore);
    if finished(&project, dry_run)? {
        report.say("finished the adoption that an interrupted run had begun");
        return Ok(());
    }
    let look = look(matches, context, &project)?;
    report.findings(&project.root, &look.findings);
    let answers = decide(matches, context, &project, &look)?;
    let wanted = Wanted::new(answers, &context.catalog)?;
    let (refit, kept) = refit(&project, wanted, &look, context)?;
    let set = |dry_run| update::set(&project, &refit, "adopt", dry_run, context);
    let mut adoption = Adoption {
        schema: adopt::SCHEMA,
        findings: look.findings,
        kept,
        left_out: refit.wanted.left_out(&refit.base, &refit.disk),
        unread: look.unread,
        changes: set(dry_run),
    };
    if !dry_run {
        let journal = Journal::open(&project.root, &System)?;
        interrupt::deferred(|| {
            // What a killed run only staged goes.
            journal.roll_forward()?;
            journal.apply(&update::steps(&refit), false)
        })?;
    }
    adoption.changes.equivalent[1] = "adopt".into();
    report.update(&adoption.changes);
    report.adopted(&adoption);
    if json {
        super::print(&serde_json::to_string_pretty(&adoption).unwrap_or_default());
    } else if dry_run {
        let text: String = adoption.kept.iter().map(|kept| report.patch(&kept.patch)).collect();
        pager::show(&text);
    }
    Ok(())
}

/// Whether this directory can be adopted, or an adoption of it was begun and is finished now.
fn finished(project: &Project, dry_run: bool) -> Result<bool, Failure> {
    let root = &project.root;
    if !root.is_dir() {
        return Err(Failure::input(
            Problem::new(format!("there is no directory {}", shown(root)))
                .hint("name the repository's with `--project DIR`"),
        ));
    }
    if journal::pending(root) {
        if dry_run {
            project.settled()?;
        }
        let journal = Journal::open(root, &System)?;
        return interrupt::deferred(|| journal.roll_forward()).map(|said| said.is_some());
    }
    for path in [BASE_PATH, ANSWERS_PATH] {
        let own = RelPath::parse(path).map_err(|what| Failure::input(Problem::new(what)))?;
        match (place::found(root, &own)?, path) {
            (Found::Other(what), _) => {
                return Err(Failure::input(
                    Problem::new(format!("`{path}` is {what}")).hint("boatyard keeps its files there; move it away"),
                ));
            }
            (Found::File { .. }, BASE_PATH) => {
                return Err(Failure::input(
                    Problem::new(format!("{} is under boatyard already", shown(root)))
                        .hint("`boatyard update` changes it, `boatyard status` tells how it stands"),
                ));
            }
            _ => {}
        }
    }
    Ok(false)
}

fn look(matches: &ArgMatches, context: &Context, project: &Project) -> Result<Look, Failure> {
    let catalog = &context.catalog;
    let own = RelPath::parse(ANSWERS_PATH).map_err(|what| Failure::input(Problem::new(what)))?;
    let stored = match place::found(&project.root, &own)? {
        Found::Absent => None,
        _ => Some(project.stored()?),
    };
    let files = survey::files(&project.root, &catalog.places.skip)?;
    let (texts, unread) = survey::texts(&project.root, detect::readable(&files, &catalog.places))?;
    let seen = Seen { files, texts };
    let ours = stored.is_some();
    // Options are looked for on the components that were named, whatever else is found.
    let (named, _) = sources::layered(matches, catalog, stored.iter().cloned().collect())?;
    let findings = detect::findings(&seen, &survey::name(&project.root), &named.choices, catalog);
    let known = std::iter::once(adopt::proposals(&findings)).chain(stored).collect();
    let (draft, problems) = sources::layered(matches, catalog, known)?;
    Ok(Look {
        seen,
        unread,
        findings,
        draft,
        problems,
        ours,
    })
}

/// The answers: a person's, or what was found where `--yes` takes that, or what was given.
fn decide(matches: &ArgMatches, context: &Context, project: &Project, look: &Look) -> Result<Answers, Failure> {
    let catalog = &context.catalog;
    if !look.problems.is_empty() {
        return Err(Failure::Input(look.problems.clone()));
    }
    let silent = ["yes", "dry-run", "json"].iter().any(|id| matches.get_flag(id));
    if !silent && sources::interactive(matches) {
        let interview = Interview::new(catalog, look.draft.clone(), None, Vec::new());
        let wizard = Wizard::new(interview, catalog, Some(&project.root), context.report).with(Purpose::Adopt);
        let decided = wizard.run().inspect_err(|failure| {
            if matches!(failure, Failure::Interrupted) {
                context.report.say("nothing written");
            }
        })?;
        return Ok(decided.answers);
    }
    let open = adopt::open(&look.findings, &look.draft, catalog);
    if !open.is_empty() {
        return Err(Failure::Input(open));
    }
    let answers = sources::complete(look.draft.clone(), Vec::new(), catalog)?;
    let confirmed = matches.get_flag("yes") || matches.get_flag("dry-run") || look.ours;
    if !confirmed && !sources::all_given(matches, catalog, &answers) {
        return Err(Failure::input(
            Problem::new("what was found is a proposal, and nobody is here to agree to it").hint(format!(
                "`--yes` takes it, or say what it is: `{}`",
                next::quoted(answers.to_flags(catalog).iter().map(String::as_str))
            )),
        ));
    }
    Ok(answers)
}

/// What the adoption comes to, and what stays in place of something generated.
fn refit(
    project: &Project,
    wanted: Wanted,
    look: &Look,
    context: &Context,
) -> Result<(Refit, Vec<adopt::Kept>), Failure> {
    let catalog = &context.catalog;
    let nothing = adopt::ground(&wanted, &BTreeMap::new(), &BTreeMap::new(), true);
    let mut disk = place::look(&project.root, &wanted.paths(&nothing))?;
    let stand_ins = adopt::stand_ins(&wanted, &look.seen.files, &disk, catalog);
    disk.extend(place::look(&project.root, &stand_ins.values().cloned().collect())?);
    let base = adopt::ground(&wanted, &disk, &stand_ins, look.ours);
    let mut update = wanted.update(&base, &disk, catalog, OnConflict::Keep);
    adopt::tell(&mut update, &stand_ins);
    let kept = adopt::kept(&update, &wanted, &disk, &stand_ins);
    let refit = Refit {
        wanted,
        base,
        disk,
        update,
    };
    Ok((refit, kept))
}
