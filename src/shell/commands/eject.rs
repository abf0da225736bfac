//! `boatyard eject`: plain files and no trace; from then on the repository is nobody's but the user's.

use clap::ArgMatches;

use super::{Context, update};
use crate::engine::base::BASE_PATH;
use crate::engine::error::Problem;
use crate::engine::merge::OnConflict;
use crate::engine::repository::ANSWERS_PATH;
use crate::shell::disk;
use crate::shell::disk::journal::Journal;
use crate::shell::disk::ops::System;
use crate::shell::failure::Failure;
use crate::shell::project::{Project, Refit};
use crate::shell::{interrupt, sources, wizard};

pub(super) fn run(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    let json = matches.get_flag("json");
    let report = if json { context.report.quiet() } else { context.report };
    let project = Project::find(matches)?;
    if matches.get_flag("dry-run") {
        project.settled()?;
        let set = update::set(&project, &decide(&project, context)?, "eject", true, context);
        report.update(&set);
        update::print(json, &set);
        return Ok(());
    }
    interrupt::watch(wizard::restore);
    let journal = Journal::open(&project.root, &System)?;
    if let Some(line) = interrupt::deferred(|| journal.roll_forward())? {
        report.say(&line);
    }
    if !disk::exists(&project.root.join(BASE_PATH)) && !disk::exists(&project.root.join(ANSWERS_PATH)) {
        // Nothing but the journal of a killed run was left.
        return journal.leave();
    }
    let refit = decide(&project, context)?;
    update::refuse(&project, &refit, matches.get_flag("allow-dirty"))?;
    let set = update::set(&project, &refit, "eject", false, context);
    interrupt::deferred(|| {
        journal.apply(&update::steps(&refit), false)?;
        journal.leave()
    })?;
    report.update(&set);
    update::print(json, &set);
    Ok(())
}

/// What becomes of the repository, which must be up to date: nobody updates it afterwards.
fn decide(project: &Project, context: &Context) -> Result<Refit, Failure> {
    let catalog = &context.catalog;
    let base = project.base()?;
    let (draft, problems) = project.draft(None, catalog, &base)?;
    let answers = sources::complete(draft, problems, catalog)?;
    let now = project.refit(answers.clone(), base.clone(), catalog, OnConflict::Markers)?;
    if now.update.edits.keys().any(|path| path.as_str() != BASE_PATH) {
        return Err(Failure::input(
            Problem::new("the repository is not up to date, and nothing updates it once it is ejected")
                .hint("`boatyard update` first"),
        ));
    }
    project.ejected(answers, base, catalog)
}
