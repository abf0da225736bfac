//! `boatyard diff`: the update as a unified diff; exit 1 when there is any.

use clap::ArgMatches;

use crate::engine::diff::unified;

use super::{Context, update};
use crate::shell::after::pager;
use crate::shell::failure::Failure;
use crate::shell::project::Project;

pub(super) fn run(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    let project = Project::find(matches)?;
    project.settled()?;
    let refit = update::decide(matches, context, &project)?;
    let files = unified(&refit.update, &refit.disk);
    if matches.get_flag("json") {
        let set = update::set(&project, &refit, "diff", true, context);
        super::print(&serde_json::to_string_pretty(&set).unwrap_or_default());
    } else {
        let text: String = files.iter().map(|file| context.report.patch(&file.text)).collect();
        pager::show(&text);
    }
    match files.is_empty() {
        true => Ok(()),
        false => Err(Failure::Differs(Vec::new())),
    }
}
