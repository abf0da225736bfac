//! One file for each verb: read, call the engine, report or write.

use clap::ArgMatches;

use crate::engine::catalog::Catalog;

use super::cli;
use super::embedded;
use super::failure::Failure;
use super::report::{Level, Report};

mod adopt;
mod diff;
mod eject;
mod explain;
mod list;
mod new;
mod plan;
mod schema;
mod status;
mod update;

/// What every command works with.
pub struct Context {
    /// The embedded catalog.
    pub catalog: Catalog,
    /// Where messages go.
    pub report: Report,
}

/// Runs the program with these arguments and gives its exit code.
pub fn run(args: impl IntoIterator<Item = std::ffi::OsString>) -> u8 {
    let catalog = match embedded::catalog() {
        Ok(catalog) => catalog,
        Err(error) => {
            Report::new(Level::Normal, "auto").problems(error.problems());
            return 70;
        }
    };
    let matches = match cli::command(&catalog).try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(message) => {
            // Help and version go to standard output with code 0, the rest to standard error with code 2.
            let _ = message.print();
            return u8::try_from(message.exit_code()).unwrap_or(2);
        }
    };
    let color = matches.get_one::<String>("color").map_or("auto", String::as_str);
    let context = Context {
        catalog,
        report: Report::new(level(&matches), color),
    };
    match dispatch(&matches, &context) {
        Ok(()) => 0,
        Err(failure) => {
            context.report.problems(failure.problems());
            failure.exit_code()
        }
    }
}

fn level(matches: &ArgMatches) -> Level {
    match (matches.get_flag("quiet"), matches.get_flag("verbose")) {
        (true, _) => Level::Quiet,
        (_, true) => Level::Verbose,
        _ => Level::Normal,
    }
}

fn dispatch(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    match matches.subcommand() {
        Some(("new", matches)) => new::run(matches, context),
        Some(("update", matches)) => update::run(matches, context),
        Some(("adopt", matches)) => adopt::run(matches, context),
        Some(("eject", matches)) => eject::run(matches, context),
        Some(("diff", matches)) => diff::run(matches, context),
        Some(("status", matches)) => status::run(matches, context),
        Some(("plan", matches)) => plan::run(matches, context),
        Some(("list", matches)) => list::run(matches, context),
        Some(("explain", matches)) => explain::run(matches, context),
        Some(("schema", matches)) => schema::run(matches, context),
        Some(("completions", matches)) => {
            if let Some(shell) = matches.get_one::<clap_complete::Shell>("shell") {
                clap_complete::generate(
                    *shell,
                    &mut cli::command(&context.catalog),
                    "boatyard",
                    &mut std::io::stdout(),
                );
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Prints a document on standard output; a reader that went away is no error.
fn print(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end_matches('\n'));
}
