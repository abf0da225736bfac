//! `boatyard explain`: why something is in a repository.

use std::path::Path;

use clap::ArgMatches;
use serde_json::{Map, Value};

use crate::engine::draft::{Draft, Source};
use crate::engine::error::Problem;
use crate::engine::explain::explain;
use crate::engine::repository::{self, ANSWERS_PATH};
use crate::engine::resolve::VERSION;

use super::Context;
use crate::shell::disk;
use crate::shell::failure::Failure;
use crate::shell::sources;

pub(super) fn run(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    let value = |id: &str| matches.get_one::<String>(id).cloned().unwrap_or_default();
    let path = Path::new(&value("project")).join(ANSWERS_PATH);
    if !disk::exists(&path) {
        return Err(Failure::input(
            Problem::new(format!("there is no `{}`", path.display()))
                .hint("run it inside a boatyard repository, or name one with `--project DIR`"),
        ));
    }
    let text = disk::read_text(&path)?;
    let values: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
        Failure::input(
            Problem::new(format!("`{}` is no JSON object: {error}", path.display())).hint("restore it from git"),
        )
    })?;
    let source = Source {
        origin: path.display().to_string(),
        values,
    };
    let (draft, problems) = Draft::read(&[source], &context.catalog, VERSION);
    let answers = sources::complete(draft, problems, &context.catalog)?;
    let (plan, _) = repository::generate(&answers, &context.catalog)?;
    let found = explain(&value("subject"), &plan).map_err(Failure::input)?;
    if matches.get_flag("json") {
        super::print(&serde_json::to_string_pretty(&found).unwrap_or_default());
    } else {
        super::print(&found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}
