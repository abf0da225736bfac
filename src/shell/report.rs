//! What people read: messages on standard error, in colour where that is wanted; the only file that knows `console`.

use console::{
    Style, Term, colors_enabled, colors_enabled_stderr, measure_text_width, set_colors_enabled,
    set_colors_enabled_stderr, truncate_str,
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::engine::base::BASE_PATH;
use crate::engine::change::{Action, Change, ChangeSet, Reason};
use crate::engine::error::Problem;

mod adoption;

/// How much to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Errors only.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// Every file.
    Verbose,
}

/// Where messages go.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    level: Level,
}

impl Report {
    /// A report of this level; `color` is `auto`, `always` or `never`.
    pub fn new(level: Level, color: &str) -> Self {
        let chosen = match color {
            "always" => Some(true),
            "never" => Some(false),
            _ => None,
        };
        if let Some(on) = chosen {
            set_colors_enabled(on);
            set_colors_enabled_stderr(on);
        }
        Self { level }
    }

    /// One line that `--quiet` leaves out.
    pub fn say(&self, line: &str) {
        if self.level > Level::Quiet {
            eprintln!("{line}");
        }
    }

    /// The same, but only errors: a document on standard output says the rest.
    #[must_use]
    pub fn quiet(self) -> Self {
        Self { level: Level::Quiet }
    }

    /// A step that was done.
    pub fn done(&self, line: &str) {
        self.say(line);
    }

    /// A line that turns while a long step runs; on anything but a terminal it is said once.
    pub fn spinner(&self, doing: &str) -> ProgressBar {
        if self.level == Level::Quiet {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner();
        if bar.is_hidden() {
            eprintln!("{doing}");
        }
        // The template is a constant that parses; the default style would do as well.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.with_message(doing.to_owned())
    }

    /// Whether messages are coloured.
    pub fn colored(&self) -> bool {
        colors_enabled_stderr()
    }

    /// The terminal's rows and columns.
    pub fn size(&self) -> (usize, usize) {
        let (rows, columns) = Term::stderr().size();
        (usize::from(rows), usize::from(columns))
    }

    /// Empties the row that the cursor is on.
    pub fn clear_row(&self) {
        let _ = Term::stderr().clear_line();
    }

    /// Takes back the last rows of the terminal.
    pub fn erase(&self, rows: usize) {
        // A terminal that went away needs no erasing.
        let _ = Term::stderr().clear_last_lines(rows);
    }

    /// Problems, each with its hint.
    pub fn problems(&self, problems: &[Problem]) {
        let (error, hint) = (Style::new().for_stderr().red().bold(), Style::new().for_stderr().cyan());
        for problem in problems {
            eprintln!("{}: {}", error.apply_to("error"), problem.message);
            if let Some(text) = &problem.hint {
                eprintln!("{}: {text}", hint.apply_to("hint"));
            }
        }
    }

    /// What a command did or would do.
    pub fn changes(&self, set: &ChangeSet) {
        if self.level == Level::Verbose || set.dry_run {
            let green = Style::new().for_stderr().green();
            for change in &set.changes {
                self.say(&format!("  {} {}", green.apply_to("create"), change.path));
            }
        }
        let lines: usize = set.changes.iter().map(|change| change.lines).sum();
        let verb = if set.dry_run { "would create" } else { "created" };
        self.say(&format!(
            "{verb} {} files, {lines} lines, in `{}`",
            set.changes.len(),
            set.directory
        ));
    }

    /// What an update did or would do: a line for each file that a person wants to know of, and the sum.
    pub fn update(&self, set: &ChangeSet) {
        for change in &set.changes {
            let quiet = match change.action {
                Action::Unchanged | Action::Adopt => true,
                Action::Keep => change.reason == Reason::Edited,
                _ => change.reason == Reason::Own && change.path.as_str() == BASE_PATH,
            };
            if quiet && self.level != Level::Verbose {
                continue;
            }
            let style = Style::new().for_stderr();
            let style = match change.action {
                Action::Create | Action::Merge | Action::Move | Action::Update => style.green(),
                Action::Conflict => style.red().bold(),
                Action::Delete => style.yellow(),
                _ => style.dim(),
            };
            let from = change
                .from
                .as_ref()
                .map(|from| format!("{from} -> "))
                .unwrap_or_default();
            let why = match change.reason {
                Reason::New | Reason::Changed | Reason::Same | Reason::Own => String::new(),
                reason => format!("  ({reason})"),
            };
            let word = format!("{:<9}", change.action.word());
            self.say(&format!("  {} {from}{}{why}", style.apply_to(word), change.path));
        }
        self.say(&sum(set));
    }

    /// A unified diff, in colour where that is wanted.
    pub fn patch(&self, text: &str) -> String {
        if !colors_enabled() {
            return text.to_owned();
        }
        let paint = |line: &str| {
            let style = match line.as_bytes().first() {
                _ if line.starts_with("diff ") || line.starts_with("---") || line.starts_with("+++") => {
                    Style::new().bold()
                }
                Some(b'+') => Style::new().green(),
                Some(b'-') => Style::new().red(),
                Some(b'@') => Style::new().cyan(),
                _ => Style::new(),
            };
            format!("{}\n", style.apply_to(line))
        };
        text.lines().map(paint).collect()
    }

    /// A heading and commands to run below it, each with what it does.
    pub fn commands(&self, heading: &str, commands: &[(String, String)]) {
        let (bold, dim) = (Style::new().for_stderr().bold(), Style::new().for_stderr().dim());
        self.say(&format!("\n{}", bold.apply_to(heading)));
        let wide = commands.iter().map(|(command, _)| width(command)).max().unwrap_or(0);
        for (command, about) in commands {
            let line = match about.is_empty() {
                true => command.clone(),
                false => format!(
                    "{command}{}  {}",
                    " ".repeat(wide - width(command)),
                    dim.apply_to(format!("# {about}"))
                ),
            };
            self.say(&format!("  {line}"));
        }
    }
}

/// `updated 3 files and merged 1 in ., 1 in conflict`: how often each thing happened.
fn sum(set: &ChangeSet) -> String {
    let count = |action: Action| {
        let own = |change: &&Change| change.reason != Reason::Own;
        set.changes
            .iter()
            .filter(own)
            .filter(|change| change.action == action)
            .count()
    };
    let told: Vec<String> = [
        (Action::Create, "created"),
        (Action::Update, "updated"),
        (Action::Merge, "merged"),
        (Action::Move, "moved"),
        (Action::Delete, "deleted"),
        (Action::Conflict, "in conflict"),
    ]
    .iter()
    .filter_map(|(action, word)| match count(*action) {
        0 => None,
        count => Some(format!("{count} {word}")),
    })
    .collect();
    let place = super::failure::shown(std::path::Path::new(&set.directory));
    match (told.is_empty(), set.dry_run) {
        (true, _) => format!("nothing to change in {place}"),
        (false, true) => format!("would be in {place}: {}", told.join(", ")),
        (false, false) => format!("in {place}: {}", told.join(", ")),
    }
}

/// How many cells of the terminal the text takes.
pub fn width(text: &str) -> usize {
    measure_text_width(text)
}

/// The text, cut to this many cells.
pub fn cut(text: &str, cells: usize) -> String {
    truncate_str(text, cells, "…").into_owned()
}
