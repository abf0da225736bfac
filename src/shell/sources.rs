//! Where answers come from, collected with their origins; later sources win.

use std::io::IsTerminal;
use std::path::Path;

use clap::ArgMatches;
use serde_json::{Map, Value};

use crate::engine::answers::Answers;
use crate::engine::base::BASE_PATH;
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
    let given = given(matches, catalog)?;
    let mut sources = environment();
    sources.extend(given.sources);
    let (draft, more) = Draft::read(&sources, catalog, VERSION);
    let problems = [given.problems, more].concat();
    if given.unread {
        return Err(Failure::Input(problems));
    }
    Ok((draft, problems))
}

/// Answers for a repository that has some: what was given now, then its own, then those that it was made from.
///
/// The environment answers only axes that the repository knows nothing of, so that no variable in CI converts it. What new
/// answers leave without a meaning goes, unless it was given now as well.
///
/// # Errors
/// As [`draft`].
pub fn refit(
    matches: Option<&ArgMatches>,
    catalog: &Catalog,
    stored: Source,
    before: &Value,
) -> Result<(Draft, Vec<Problem>), Failure> {
    let axes = before.as_object().into_iter().flatten().filter(|(key, _)| {
        // A line that somebody took out is no decision for today's default.
        catalog.axis(key).is_some() || *key == "name"
    });
    let before = Source {
        origin: BASE_PATH.to_owned(),
        values: axes.map(|(key, value)| (key.clone(), value.clone())).collect(),
    };
    match matches {
        Some(matches) => layered(matches, catalog, vec![before, stored]),
        None => layers(Given::default(), catalog, vec![before, stored]),
    }
}

/// The same for answers that are known from these sources, the later the better.
///
/// # Errors
/// As [`draft`].
pub fn layered(matches: &ArgMatches, catalog: &Catalog, known: Vec<Source>) -> Result<(Draft, Vec<Problem>), Failure> {
    layers(given(matches, catalog)?, catalog, known)
}

fn layers(given: Given, catalog: &Catalog, known: Vec<Source>) -> Result<(Draft, Vec<Problem>), Failure> {
    let axes = |source: &Source| source.values.keys().all(|key| catalog.axis(key).is_some());
    let mut sources: Vec<Source> = environment().into_iter().filter(axes).collect();
    sources.extend(known);
    let (new, old) = (
        given.sources.iter().flat_map(|source| source.values.keys()),
        sources.len(),
    );
    let new: Vec<String> = new.cloned().collect();
    sources.extend(given.sources);
    let (mut draft, more) = Draft::read(&sources, catalog, VERSION);
    if sources.len() > old {
        let settled = draft.clone().without_strays(catalog);
        draft
            .options
            .retain(|id, _| settled.options.contains_key(id) || new.contains(id));
        draft
            .choices
            .retain(|id, _| settled.choices.contains_key(id) || new.contains(id));
    }
    let problems = [given.problems, more].concat();
    if given.unread {
        return Err(Failure::Input(problems));
    }
    Ok((draft, problems))
}

/// Whether the command line names every one of these choices.
pub fn all_given(matches: &ArgMatches, catalog: &Catalog, answers: &Answers) -> bool {
    let Ok(given) = given(matches, catalog) else {
        return false;
    };
    let named = |axis: &String| given.sources.iter().any(|source| source.values.contains_key(axis));
    answers.choices.keys().all(named)
}

/// Whether any answer was given on the command line.
pub fn any_given(matches: &ArgMatches, catalog: &Catalog) -> bool {
    let named = ["answers", "set"].iter().any(|id| matches.contains_id(id));
    named || !cli::given(matches, catalog).is_empty()
}

/// Answers of the command line.
#[derive(Default)]
struct Given {
    sources: Vec<Source>,
    problems: Vec<Problem>,
    /// The file of `--answers` could not be read.
    unread: bool,
}

fn given(matches: &ArgMatches, catalog: &Catalog) -> Result<Given, Failure> {
    let mut given = Given::default();
    match matches.get_one::<String>("answers").map(|path| file(path)) {
        Some(Ok(source)) => given.sources.push(source),
        Some(Err(Failure::Input(found))) => {
            given.problems.extend(found);
            given.unread = true;
        }
        Some(Err(other)) => return Err(other),
        None => {}
    }
    for pair in matches.get_many::<String>("set").into_iter().flatten() {
        match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                given
                    .sources
                    .push(Source::single(format!("--set {key}"), key, value.into()));
            }
            _ => given.problems.push(
                Problem::new(format!("`--set {pair}` is no `KEY=VALUE`")).hint("write it as `--set language=node`"),
            ),
        }
    }
    for (flag, key, value) in cli::given(matches, catalog) {
        given.sources.push(Source::single(flag, &key, value.into()));
    }
    Ok(given)
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
