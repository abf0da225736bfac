//! `boatyard schema`: JSON Schemas of what Boatyard reads and prints.

use clap::ArgMatches;

use crate::engine::schema;

use super::Context;
use crate::shell::failure::Failure;

pub(super) fn run(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    let schema = match matches.get_one::<String>("of").map(String::as_str) {
        Some("adoption") => schema::adoption(),
        Some("plan") => schema::plan(),
        Some("result") => schema::result(),
        Some("status") => schema::status(),
        _ => schema::answers(&context.catalog),
    };
    super::print(&format!("{schema:#}"));
    Ok(())
}
