//! `boatyard new`: answers, a tree, one write, and what was asked for after it.

use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::engine::answers::Answers;
use crate::engine::catalog::Catalog;
use crate::engine::change::{self, ChangeSet};
use crate::engine::draft::Draft;
use crate::engine::error::Problem;
use crate::engine::names::Names;
use crate::engine::next;
use crate::engine::plan::Plan;
use crate::engine::questions::{Interview, Offer};
use crate::engine::repository;
use crate::engine::resolve::VERSION;
use crate::engine::tree::Tree;

use super::Context;
use crate::shell::after::{self, commit, offers};
use crate::shell::failure::{Failure, shown};
use crate::shell::report::Report;
use crate::shell::wizard::{self, Wizard};
use crate::shell::{disk, interrupt, sources};

/// What the arguments say beside the answers.
struct Request<'a> {
    catalog: &'a Catalog,
    report: Report,
    /// The directory, where one was given.
    directory: Option<PathBuf>,
    yes: bool,
    dry_run: bool,
    json: bool,
    /// `--lock` and `--no-lock`, `--git` and `--no-git`.
    lock: Option<bool>,
    git: Option<bool>,
}

/// What was decided, by arguments or in the wizard.
struct Decided {
    answers: Answers,
    lock: bool,
    git: bool,
    asked: bool,
}

pub(super) fn run(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    let said = |yes: &str, no: &str| match (matches.get_flag(yes), matches.get_flag(no)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let json = matches.get_flag("json");
    let request = Request {
        catalog: &context.catalog,
        report: if json { context.report.quiet() } else { context.report },
        directory: matches.get_one::<String>("dir").map(PathBuf::from),
        yes: matches.get_flag("yes"),
        dry_run: matches.get_flag("dry-run"),
        json,
        lock: said("lock", "no-lock"),
        git: said("git", "no-git"),
    };
    interrupt::watch(wizard::restore);
    let (draft, problems) = sources::draft(matches, &context.catalog)?;
    request.run(draft, problems, sources::interactive(matches))
}

impl Request<'_> {
    fn run(&self, draft: Draft, problems: Vec<Problem>, person: bool) -> Result<(), Failure> {
        let decided = match person && !self.yes {
            true => self.ask(draft, problems)?,
            false => self.take(draft, problems)?,
        };
        let directory = self.place(&decided.answers.name)?;
        let target = self.look(&directory)?;
        let (plan, tree) = repository::generate(&decided.answers, self.catalog)?;
        let mut set = self.changes(&directory, &decided, &plan, &tree);
        if self.dry_run {
            self.report.changes(&set);
            self.tell(&set, &decided, &plan);
            return Ok(());
        }
        interrupt::deferred(|| {
            disk::write_new(&directory, target, &tree)?;
            self.report.changes(&set);
            let done = self.after(&directory, &decided, &plan, &mut set);
            if matches!(done, Err(Failure::Interrupted)) {
                self.report.say(&format!(
                    "interrupted; the repository in {} is complete",
                    shown(&directory)
                ));
            }
            self.tell(&set, &decided, &plan);
            done
        })
    }

    /// The answers as they were given, completed by `--yes`; every problem in one message.
    fn take(&self, draft: Draft, mut problems: Vec<Problem>) -> Result<Decided, Failure> {
        let draft = match self.yes {
            true => {
                let suggested = self.directory.as_deref().and_then(directory_name);
                if let (None, Some(name)) = (&draft.name, &suggested) {
                    problems.extend(Names::parse(name).err());
                }
                draft.with_defaults(self.catalog, suggested)
            }
            false => draft,
        };
        let place = self.place(draft.name.as_deref().unwrap_or_default());
        let answers = sources::complete(draft, problems, self.catalog).map_err(|failure| {
            // The place is looked at before it is written to; here it is one more thing to tell.
            let taken = place.ok().and_then(|directory| disk::target(&directory).err());
            match (failure, taken) {
                (Failure::Input(all), Some(Failure::Input(taken))) => Failure::Input([all, taken].concat()),
                (failure, _) => failure,
            }
        })?;
        Ok(Decided {
            answers,
            lock: self.lock.unwrap_or(false),
            git: self.git.unwrap_or(false),
            asked: false,
        })
    }

    /// The answers of a person, who is asked for what is missing and for nothing else.
    fn ask(&self, draft: Draft, problems: Vec<Problem>) -> Result<Decided, Failure> {
        if !problems.is_empty() {
            return Err(Failure::Input(problems));
        }
        let known = match (&self.directory, &draft.name) {
            (None, None) => None,
            (_, name) => Some(self.place(name.as_deref().unwrap_or_default())?),
        };
        if let Some(directory) = &known {
            self.look(directory)?;
        }
        let suggested = self.directory.as_deref().and_then(directory_name);
        let silent = Interview::new(self.catalog, draft.clone(), None, Vec::new());
        let (answers, taken) = if silent.next().is_none() {
            (silent.answers()?, None)
        } else {
            let interview = Interview::new(self.catalog, draft, suggested, self.offers(known.as_deref()));
            let decisions = Wizard::new(interview, self.catalog, self.directory.as_deref(), self.report).run();
            let decisions = decisions.inspect_err(|failure| {
                if matches!(failure, Failure::Interrupted) {
                    self.report.say("nothing written");
                }
            })?;
            (decisions.answers, Some(decisions.accepted))
        };
        let accepted = |key| taken.as_ref().is_some_and(|taken| taken.contains(&key));
        Ok(Decided {
            lock: self.lock.unwrap_or(accepted(offers::LOCK)),
            git: self.git.unwrap_or(accepted(offers::GIT)),
            asked: taken.is_some(),
            answers,
        })
    }

    /// What the wizard may offer: what no flag decided.
    fn offers(&self, directory: Option<&Path>) -> Vec<Offer> {
        let mut all = Vec::new();
        if !self.dry_run && self.lock.is_none() {
            all.extend(offers::lock(self.catalog));
        }
        if !self.dry_run && self.git.is_none() {
            all.extend(offers::git(directory));
        }
        all
    }

    /// The directory: the given one, or the name's.
    fn place(&self, name: &str) -> Result<PathBuf, Failure> {
        match &self.directory {
            Some(directory) => Ok(directory.clone()),
            None => Ok(PathBuf::from(Names::parse(name).map_err(Failure::input)?.slug)),
        }
    }

    /// Finishes or removes what an interrupted run left, then makes sure that the place is free.
    fn look(&self, directory: &Path) -> Result<disk::Target, Failure> {
        if !self.dry_run {
            for line in disk::sweep(directory)? {
                self.report.say(&line);
            }
        }
        disk::target(directory)
    }

    fn changes(&self, directory: &Path, decided: &Decided, plan: &Plan, tree: &Tree) -> ChangeSet {
        let place = directory.display().to_string();
        let mut equivalent = next::equivalent(&place, &decided.answers, self.catalog);
        let steps = [(decided.lock, "--lock"), (decided.git, "--git")];
        equivalent.extend(steps.iter().filter(|(on, _)| *on).map(|(_, flag)| (*flag).to_owned()));
        ChangeSet {
            schema: "boatyard.changes/1",
            command: "new",
            dry_run: self.dry_run,
            directory: place,
            answers: decided.answers.to_document(self.catalog),
            changes: change::create_all(plan, tree),
            locked: Vec::new(),
            committed: None,
            equivalent,
        }
    }

    /// Locks and commits where that was asked for; one that fails does not stop the other.
    fn after(&self, directory: &Path, decided: &Decided, plan: &Plan, set: &mut ChangeSet) -> Result<(), Failure> {
        let mut problems = Vec::new();
        for lock in plan.lock.iter().filter(|_| decided.lock) {
            match after::lock(directory, lock, &self.report) {
                Ok(file) => set.locked.push(file),
                Err(Failure::Io(found)) => problems.extend(found),
                Err(other) => return Err(other),
            }
        }
        if decided.git {
            let mut files: Vec<_> = set.changes.iter().map(|change| change.path.clone()).collect();
            files.extend(set.locked.iter().cloned());
            let message = format!("Lay down {} with Boatyard {VERSION}", plan.project.name);
            match commit::commit(directory, &files, &message, &self.report) {
                Ok(id) => set.committed = Some(id),
                Err(Failure::Io(found)) => problems.extend(found),
                Err(other) => return Err(other),
            }
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Failure::Io(problems)),
        }
    }

    /// The document, or what a person does next.
    fn tell(&self, set: &ChangeSet, decided: &Decided, plan: &Plan) {
        if self.json {
            super::print(&serde_json::to_string_pretty(set).unwrap_or_default());
            return;
        }
        if decided.asked {
            let command = next::command(&set.equivalent, self.report.size().1.saturating_sub(2));
            self.report
                .commands("the same without questions", &[(command, String::new())]);
        }
        if !set.dry_run {
            self.report.commands("next", &next::steps(&set.directory, plan));
        }
    }
}

/// The directory's own name, `.` included.
fn directory_name(directory: &Path) -> Option<String> {
    let full = std::path::absolute(directory).ok()?;
    Some(full.file_name()?.to_string_lossy().into_owned())
}
