//! `boatyard plan`: what would be generated, resolved.

use clap::ArgMatches;

use crate::engine::error::{Error, Problem};
use crate::engine::resolve::resolve;

use super::Context;
use crate::shell::failure::Failure;
use crate::shell::sources;

pub(super) fn run(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    let (mut draft, problems) = sources::draft(matches, &context.catalog)?;
    if matches.get_flag("yes") {
        draft = draft.with_defaults(&context.catalog, Some("service".to_owned()));
    }
    let plan = resolve(&sources::complete(draft, problems, &context.catalog)?, &context.catalog)?;
    if matches.get_flag("json") {
        let text =
            serde_json::to_string_pretty(&plan).map_err(|error| Error::Bug(vec![Problem::new(error.to_string())]))?;
        super::print(&text);
        return Ok(());
    }
    let mut lines = vec![format!("{} ({})", plan.project.name, plan.project.slug)];
    for axis in context
        .catalog
        .axes
        .iter()
        .filter_map(|axis| plan.stack.get(&axis.id).map(|chosen| (axis, chosen)))
    {
        lines.push(format!("  {:<12} {}", axis.0.id, axis.1.title));
    }
    lines.push("services".into());
    lines.extend(
        plan.services
            .iter()
            .map(|s| format!("  {:<12} {} on {}", s.service.id, s.image, s.service.port)),
    );
    lines.push("variables".into());
    lines.extend(
        plan.env_all
            .iter()
            .map(|e| format!("  {:<32} {}", e.variable.name, e.variable.about)),
    );
    lines.push("tasks".into());
    lines.extend(
        plan.tasks
            .iter()
            .map(|task| format!("  {:<20} {}", task.name, task.about.as_deref().unwrap_or_default())),
    );
    lines.push("files".into());
    lines.extend(
        plan.outputs
            .iter()
            .map(|output| format!("  {:<52} {}", output.path.as_str(), output.layer)),
    );
    super::print(&lines.join("\n"));
    Ok(())
}
