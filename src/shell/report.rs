//! What people read: messages on standard error, in colour where that is wanted; the only file that knows `console`.

use console::{Style, set_colors_enabled, set_colors_enabled_stderr};

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

    /// A heading and commands to run below it.
    pub fn commands(&self, heading: &str, commands: &[String]) {
        let bold = Style::new().for_stderr().bold();
        self.say(&format!("\n{}", bold.apply_to(heading)));
        for command in commands {
            self.say(&format!("  {command}"));
        }
    }
}
