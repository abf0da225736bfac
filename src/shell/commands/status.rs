//! `boatyard status`: behind, edited, drifted; exit 1 for behind or drifted.

use clap::ArgMatches;

use crate::engine::merge::OnConflict;
use crate::engine::status::Status;

use super::Context;
use crate::shell::failure::Failure;
use crate::shell::project::Project;
use crate::shell::sources;

pub(super) fn run(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    let project = Project::find(matches)?;
    let status = look(&project, context)?;
    if matches.get_flag("json") {
        super::print(&serde_json::to_string_pretty(&status).unwrap_or_default());
    } else {
        super::print(&page(&status));
    }
    match status.behind || status.drifted {
        true => Err(Failure::Differs(Vec::new())),
        false => Ok(()),
    }
}

fn look(project: &Project, context: &Context) -> Result<Status, Failure> {
    let told = |failure: Failure| -> Result<Status, Failure> {
        match failure {
            Failure::Input(problems) => {
                let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Ok(Status::broken(project.name(), lines.join("\n")))
            }
            other => Err(other),
        }
    };
    if let Err(failure) = project.settled() {
        return told(failure);
    }
    let base = match project.base() {
        Ok(base) => base,
        Err(failure) => return told(failure),
    };
    let catalog = &context.catalog;
    let (draft, problems) = project.draft(None, catalog, &base)?;
    let answers = sources::complete(draft, problems, catalog)?;
    let refit = project.refit(answers, base, catalog, OnConflict::Markers)?;
    Ok(Status::new(project.name(), &refit.base, &refit.disk, &refit.update))
}

/// The status as a person reads it: a line for each verdict, and below it the files.
fn page(status: &Status) -> String {
    let mut lines = Vec::new();
    let mut block = |title: String, files: Vec<String>| {
        if !files.is_empty() {
            lines.push(title);
            lines.extend(files.into_iter().map(|file| format!("  {file}")));
        }
    };
    let names = |paths: &[crate::engine::tree::RelPath]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    for problem in &status.problems {
        block("drifted".into(), problem.lines().map(str::to_owned).collect());
    }
    let pending = status.pending.iter();
    let pending: Vec<String> = pending
        .map(|(path, action)| format!("{:<9} {path}", action.word()))
        .collect();
    block(
        format!("behind: `boatyard update` changes {} files", pending.len()),
        pending,
    );
    block("drifted: generated files are gone".into(), names(&status.missing));
    block("in conflict: markers are left".into(), names(&status.conflicts));
    block(
        "no longer generated, kept for their edits".into(),
        names(&status.orphans),
    );
    block("edited".into(), names(&status.edits));
    if !status.behind && !status.drifted {
        lines.insert(0, format!("up to date with boatyard {}", status.this));
    }
    lines.join("\n")
}
