//! The command line; the only file that knows its grammar. Flags for answers come from the catalog.

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

use crate::engine::catalog::Catalog;
use crate::engine::resolve::VERSION;

/// The whole grammar.
pub fn command(catalog: &Catalog) -> Command {
    let json = |about: &'static str| flag("json", about);
    Command::new("boatyard")
        .version(VERSION)
        .about("Lays down complete, production-ready service repositories")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(
            Arg::new("color")
                .long("color")
                .global(true)
                .value_name("WHEN")
                .value_parser(["auto", "always", "never"])
                .default_value("auto")
                .help("Colour messages; `NO_COLOR` is honoured"),
        )
        .arg(flag("quiet", "Print errors only").short('q').global(true))
        .arg(flag("verbose", "Print every file").short('v').global(true))
        .subcommand(
            with_answers(
                Command::new("new").about("Make a repository, from questions or from flags"),
                catalog,
            )
            .arg(
                Arg::new("dir")
                    .value_name("DIR")
                    .value_parser(clap::builder::NonEmptyStringValueParser::new())
                    .value_hint(ValueHint::DirPath)
                    .help("Where; the name's directory when absent"),
            )
            .arg(flag("yes", "Take the default for what is not answered").short('y'))
            .arg(flag("dry-run", "Show what would be written, write nothing").short('n'))
            .arg(json("Print the changes as JSON"))
            .arg(flag("lock", "Let the package manager lock the dependencies afterwards").overrides_with("no-lock"))
            .arg(flag("no-lock", "Do not lock, do not ask").overrides_with("lock"))
            .arg(flag("git", "Make the first commit afterwards").overrides_with("no-git"))
            .arg(flag("no-git", "Do not commit, do not ask").overrides_with("git")),
        )
        .subcommand(
            with_answers(
                Command::new("update")
                    .about("Refit a repository to changed answers or a newer Boatyard, keeping every edit"),
                catalog,
            )
            .arg(project())
            .arg(flag("yes", "Take today's answers, do not ask").short('y'))
            .arg(flag("dry-run", "Show what would happen, write nothing").short('n'))
            .arg(json("Print the changes as JSON"))
            .arg(on_conflict())
            .arg(flag(
                "allow-dirty",
                "Write over uncommitted edits and files with conflict markers too",
            ))
            .arg(
                Arg::new("restore")
                    .long("restore")
                    .value_name("PATH")
                    .action(ArgAction::Append)
                    .help("Write a generated file again that you deleted, or all in a directory"),
            )
            .arg(
                flag("undo", "Take the last update back")
                    .conflicts_with_all(["dry-run", "answers", "set", "lock", "restore"]),
            )
            .arg(flag("lock", "Let the package manager lock the dependencies afterwards").overrides_with("no-lock"))
            .arg(flag("no-lock", "Do not lock, do not ask").overrides_with("lock")),
        )
        .subcommand(
            with_answers(Command::new("diff").about("Show an update as a unified diff"), catalog)
                .arg(project())
                .arg(json("Print the changes as JSON"))
                .arg(on_conflict()),
        )
        .subcommand(
            with_answers(
                Command::new("adopt").about("Put a repository that is there under Boatyard, overwriting nothing"),
                catalog,
            )
            .arg(project().help("The repository, whose files say what it is made of"))
            .arg(flag("yes", "Take what was found, do not ask").short('y'))
            .arg(flag("dry-run", "Show what would happen beside what was found, write nothing").short('n'))
            .arg(json("Print what was found and the changes as JSON")),
        )
        .subcommand(
            Command::new("eject")
                .about("Leave plain files and no trace of Boatyard")
                .arg(project())
                .arg(flag("dry-run", "Show what would happen, write nothing").short('n'))
                .arg(json("Print the changes as JSON"))
                .arg(flag("allow-dirty", "Write over uncommitted edits too")),
        )
        .subcommand(
            Command::new("status")
                .about("Say whether a repository is behind, edited or drifted; exit 1 for behind or drifted")
                .arg(project())
                .arg(json("Print it as JSON")),
        )
        .subcommand(
            with_answers(Command::new("plan").about("Show the resolved plan"), catalog)
                .arg(flag("yes", "Take the default for what is not answered").short('y'))
                .arg(json("Print it as JSON, whole")),
        )
        .subcommand(
            Command::new("list")
                .about("Show every choice, option and pinned version")
                .arg(json("Print it as JSON")),
        )
        .subcommand(
            Command::new("explain")
                .about("Say why a file, variable, version, service or task is in a repository")
                .arg(
                    Arg::new("subject")
                        .value_name("PATH")
                        .required(true)
                        .value_hint(ValueHint::FilePath)
                        .help("A path of the repository, or a name such as `DATABASE_URL`"),
                )
                .arg(project())
                .arg(json("Print it as JSON")),
        )
        .subcommand(
            Command::new("schema").about("Print a JSON Schema").arg(
                Arg::new("of")
                    .value_name("DOCUMENT")
                    .required(true)
                    .value_parser(["adoption", "answers", "plan", "result", "status"]),
            ),
        )
        .subcommand(
            Command::new("completions").about("Print a completion script").arg(
                Arg::new("shell")
                    .required(true)
                    .value_parser(clap::value_parser!(clap_complete::Shell)),
            ),
        )
}

fn project() -> Arg {
    Arg::new("project")
        .long("project")
        .value_name("DIR")
        .value_hint(ValueHint::DirPath)
        .default_value(".")
        .help("The repository, or a directory in it")
}

fn on_conflict() -> Arg {
    Arg::new("on-conflict")
        .long("on-conflict")
        .value_name("HOW")
        .value_parser([
            PossibleValue::new("markers").help("both sides between markers"),
            PossibleValue::new("diff3").help("the same, with what both came from"),
            PossibleValue::new("keep").help("your side"),
            PossibleValue::new("replace").help("the new side, files that were yours included"),
            PossibleValue::new("abort").help("write nothing at all"),
        ])
        .default_value("markers")
        .help("What to do where your edits and the changes contradict each other")
}

fn flag(id: &'static str, about: &'static str) -> Arg {
    Arg::new(id).long(id).action(ArgAction::SetTrue).help(about)
}

fn with_answers(mut command: Command, catalog: &Catalog) -> Command {
    command = command
        .arg(
            Arg::new("answers")
                .long("answers")
                .value_name("FILE")
                .value_hint(ValueHint::FilePath)
                .help("Answers as JSON, in the form of `boatyard.json`; `-` reads standard input"),
        )
        .arg(
            Arg::new("set")
                .long("set")
                .value_name("KEY=VALUE")
                .action(ArgAction::Append)
                .help("Any answer by its key, such as `owner.team=@acme/orders`"),
        )
        .arg(flag(
            "non-interactive",
            "Never ask; also when `CI` is set or there is no terminal",
        ))
        .arg(
            Arg::new("name")
                .long("name")
                .value_name("NAME")
                .help("The project's name"),
        );
    for axis in &catalog.axes {
        let offered = axis
            .components
            .iter()
            .filter_map(|id| Some((id.clone(), catalog.component(&axis.id, id)?.title.clone())))
            .collect();
        command = command.arg(
            Arg::new(axis.id.clone())
                .long(axis.id.clone())
                .value_name(axis.id.to_uppercase())
                .value_parser(Offered(offered))
                .help(axis.about.clone()),
        );
    }
    for (_, option) in catalog.options() {
        let offered = option
            .values
            .iter()
            .map(|value| (value.clone(), String::new()))
            .collect();
        command = command.arg(
            Arg::new(option.id.clone())
                .long(option.id.replace('_', "-"))
                .value_name(option.id.to_uppercase())
                .value_parser(Offered(offered))
                .help(option.about.clone()),
        );
    }
    command
}

/// The flags among `matches` that answer something, as (flag, key, value).
pub fn given(matches: &ArgMatches, catalog: &Catalog) -> Vec<(String, String, String)> {
    let axes = catalog.axes.iter().map(|axis| axis.id.as_str());
    let options = catalog.options().map(|(_, option)| option.id.as_str());
    std::iter::once("name")
        .chain(axes)
        .chain(options)
        .filter_map(|key| {
            let value = matches.get_one::<String>(key)?;
            Some((format!("--{}", key.replace('_', "-")), key.to_owned(), value.clone()))
        })
        .collect()
}

/// Shows the valid values in help and completions and still takes any, so that one message can name every wrong one.
#[derive(Clone)]
struct Offered(Vec<(String, String)>);

impl TypedValueParser for Offered {
    type Value = String;

    fn parse_ref(&self, command: &Command, _: Option<&Arg>, value: &std::ffi::OsStr) -> Result<String, clap::Error> {
        let invalid = || clap::Error::new(clap::error::ErrorKind::InvalidUtf8).with_cmd(command);
        value.to_str().map(str::to_owned).ok_or_else(invalid)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        if self.0.is_empty() {
            return None;
        }
        Some(Box::new(self.0.iter().map(|(value, about)| {
            let value = PossibleValue::new(value.clone());
            if about.is_empty() {
                value
            } else {
                value.help(about.clone())
            }
        })))
    }
}
