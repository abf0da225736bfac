//! What people read: messages on standard error, in colour where that is wanted; the only file that knows `console`.

use console::{
    Style, Term, colors_enabled_stderr, measure_text_width, set_colors_enabled, set_colors_enabled_stderr, truncate_str,
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::engine::change::ChangeSet;
use crate::engine::error::Problem;

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

/// How many cells of the terminal the text takes.
pub fn width(text: &str) -> usize {
    measure_text_width(text)
}

/// The text, cut to this many cells.
pub fn cut(text: &str, cells: usize) -> String {
    truncate_str(text, cells, "…").into_owned()
}
