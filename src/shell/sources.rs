//! Where answers come from, collected with their origins; later sources win.

use std::io::IsTerminal;
use std::path::Path;

use clap::ArgMatches;
use serde_json::{Map, Value};

use crate::engine::answers::Answers;
use crate::engine::catalog::Catalog;
use crate::engine::draft::{Draft, Source};
use crate::engine::error::Problem;
use crate::engine::resolve::VERSION;

use super::cli;
use super::disk;
use super::failure::Failure;

const PREFIX: &str = "BOATYARD_";

/// Reads every answer that was given: environment, then `--answers`, `--set` and flags; and every problem of them.
///
/// # Errors
/// The file of `--answers` cannot be read: then nobody knows what is missing, so only the other problems are told with it.
pub fn draft(matches: &ArgMatches, catalog: &Catalog) -> Result<(Draft, Vec<Problem>), Failure> {
    let mut problems = Vec::new();
    let mut sources = environment();
    let mut unread = false;
    match matches.get_one::<String>("answers").map(|path| file(path)) {
        Some(Ok(source)) => sources.push(source),
        Some(Err(Failure::Input(found))) => {
            problems.extend(found);
            unread = true;
        }
        Some(Err(other)) => return Err(other),
        None => {}
    }
    for pair in matches.get_many::<String>("set").into_iter().flatten() {
        match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                sources.push(Source::single(format!("--set {key}"), key, value.into()));
            }
            _ => problems.push(
                Problem::new(format!("`--set {pair}` is no `KEY=VALUE`")).hint("write it as `--set language=node`"),
            ),
        }
    }
    for (flag, key, value) in cli::given(matches, catalog) {
        sources.push(Source::single(flag, &key, value.into()));
    }
    let (draft, more) = Draft::read(&sources, catalog, VERSION);
    problems.extend(more);
    if unread {
        return Err(Failure::Input(problems));
    }
    Ok((draft, problems))
}

/// The complete answers, or every problem of what was given and what is missing in one message.
///
/// # Errors
/// As said.
pub fn complete(draft: Draft, mut problems: Vec<Problem>, catalog: &Catalog) -> Result<Answers, Failure> {
    match draft.complete(catalog) {
        Ok(answers) if problems.is_empty() => Ok(answers),
        Ok(_) => Err(Failure::Input(problems)),
        Err(more) => {
            problems.extend(more);
            Err(Failure::Input(problems))
        }
    }
}

/// `BOATYARD_LANGUAGE=node`, sorted, so that messages come in the same order everywhere.
fn environment() -> Vec<Source> {
    let mut given: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty())
        .collect();
    given.sort();
    given
        .into_iter()
        .map(|(name, value)| {
            let key = nested(&name[PREFIX.len()..].to_lowercase());
            Source::single(name, &key, value.into())
        })
        .collect()
}

/// `owner_on_call` is `owner.on_call`: a variable's name has no dots.
fn nested(key: &str) -> String {
    ["owner", "supply"]
        .iter()
        .find_map(|group| Some(format!("{group}.{}", key.strip_prefix(group)?.strip_prefix('_')?)))
        .unwrap_or_else(|| key.to_owned())
}

fn file(path: &str) -> Result<Source, Failure> {
    if path == "-" && std::io::stdin().is_terminal() {
        return Err(Failure::input(
            Problem::new("`--answers -` reads standard input, which is a terminal")
                .hint("name a file, or pipe the answers in"),
        ));
    }
    let text = disk::read_text(Path::new(path))?;
    let origin = match path {
        "-" => "standard input",
        _ => path,
    };
    match serde_json::from_str::<Map<String, Value>>(&text) {
        Ok(values) => Ok(Source {
            origin: origin.to_owned(),
            values,
        }),
        Err(error) => Err(Failure::input(
            Problem::new(format!("{origin}: no JSON object of answers: {error}"))
                .hint("`boatyard schema answers` shows its form"),
        )),
    }
}

/// Whether a person is there to be asked.
pub fn interactive(matches: &ArgMatches) -> bool {
    let told_not_to = matches.get_flag("non-interactive")
        || std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    // A dumb terminal, such as an editor's, cannot move the cursor.
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !told_not_to && !dumb && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}
