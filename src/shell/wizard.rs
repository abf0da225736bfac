//! The questions on a terminal; the only file that knows `inquire`.
//!
//! What is asked, and in which order, is the engine's business ([`Interview`]); here it is drawn and typed.

use std::fmt;
use std::path::Path;

use inquire::ui::{Color, ErrorMessageRenderConfig, RenderConfig, StyleSheet, Styled};
use inquire::validator::Validation;
use inquire::{InquireError, Select, Text};

use crate::engine::answers::Answers;
use crate::engine::catalog::Catalog;
use crate::engine::error::Problem;
use crate::engine::names::Names;
use crate::engine::questions::{Form, Interview, NAME, Question};

use super::disk;
use super::failure::Failure;
use super::report::{self, Report};

mod summary;

/// Why a question got no answer.
enum Left {
    /// Esc.
    Back,
    /// Ctrl-C, or a terminal that is gone.
    Out(Failure),
}

/// What the answers are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A new repository.
    New,
    /// Another state of one that is there; the name's directory is no question.
    Update,
    /// One that is there and knows nothing of Boatyard.
    Adopt,
}

/// The wizard: an interview, where it goes, and the terminal it is held on.
pub struct Wizard<'a> {
    interview: Interview<'a>,
    catalog: &'a Catalog,
    /// Where the repository goes; none: into the directory of its name, checked when that is typed.
    directory: Option<&'a Path>,
    report: Report,
    /// The questions asked so far, each with the rows that it takes on the screen, so that Esc can take them back.
    asked: Vec<(String, usize)>,
    purpose: Purpose,
}

/// What the wizard found out.
pub struct Decisions {
    /// The answers.
    pub answers: Answers,
    /// Offers that were taken, by key.
    pub accepted: Vec<&'static str>,
}

impl<'a> Wizard<'a> {
    /// A wizard on this terminal.
    pub fn new(interview: Interview<'a>, catalog: &'a Catalog, directory: Option<&'a Path>, report: Report) -> Self {
        Self {
            interview,
            catalog,
            directory,
            report,
            asked: Vec::new(),
            purpose: Purpose::New,
        }
    }

    /// The same for another purpose.
    #[must_use]
    pub fn with(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }

    /// Asks what is open, shows the summary, and gives what was decided there.
    ///
    /// # Errors
    /// [`Failure::Interrupted`] on Ctrl-C, on Esc at the first question and on “Cancel”.
    pub fn run(mut self) -> Result<Decisions, Failure> {
        loop {
            let left = match self.interview.next() {
                Some(question) => self.ask(&question),
                None => match self.summary() {
                    Ok(Some(answers)) => {
                        let accepted = self.interview.offers().filter(|key| self.interview.accepted(key));
                        return Ok(Decisions {
                            answers,
                            accepted: accepted.collect(),
                        });
                    }
                    Ok(None) => Ok(()),
                    Err(left) => Err(left),
                },
            };
            match (left, self.asked.pop()) {
                (Ok(()), last) => self.asked.extend(last),
                (Err(Left::Back), Some((key, rows))) => {
                    self.report.erase(rows);
                    self.interview.take_back(&key);
                }
                (Err(Left::Back), None) => return Err(Failure::Interrupted),
                (Err(Left::Out(failure)), _) => return Err(failure),
            }
        }
    }

    /// Asks one question and takes its answer.
    fn ask(&mut self, question: &Question) -> Result<(), Left> {
        let (value, shown) = self.put(question, "Esc goes back, Ctrl-C leaves")?;
        self.asked
            .push((question.key.clone(), self.rows_of(&question.asks, &shown)));
        // The prompt accepts valid answers only.
        self.interview
            .answer(&question.key, &value)
            .map_err(|problem| Left::Out(Failure::input(problem)))
    }

    /// Terminal rows of an answered prompt.
    fn rows_of(&self, asks: &str, shown: &str) -> usize {
        let cells = report::width(&format!("> {asks} {shown}"));
        cells.div_ceil(self.report.size().1.max(1)).max(1)
    }

    /// Draws one question; gives the value and how the answer is shown.
    fn put(&self, question: &Question, keys: &str) -> Result<(String, String), Left> {
        let columns = self.report.size().1;
        let answer = match &question.form {
            Form::Text { suggestion } => {
                let help = fit(&[&question.about, keys], columns);
                let mut text = Text::new(&question.asks)
                    .with_help_message(&help)
                    .with_render_config(self.style())
                    .with_validator(|value: &str| Ok(self.check(&question.key, value)));
                if let Some(suggestion) = suggestion {
                    text = text.with_default(suggestion);
                }
                text.prompt().map(|value| (value.clone(), value))
            }
            Form::Choice { entries, start } => {
                let wide = entries
                    .iter()
                    .map(|entry| entry.title.chars().count())
                    .max()
                    .unwrap_or(0);
                let lines: Vec<Line> = entries
                    .iter()
                    .map(|entry| Line {
                        title: entry.title.clone(),
                        text: line(&entry.title, &entry.about, wide, columns),
                    })
                    .collect();
                let help = fit(&["↑↓ and Enter choose", keys], columns);
                Select::new(&question.asks, lines)
                    .with_starting_cursor(*start)
                    .with_page_size(self.page())
                    .with_help_message(&help)
                    .with_formatter(&|line| line.value.title.clone())
                    .with_vim_mode(true)
                    .without_filtering()
                    .with_render_config(self.style())
                    .raw_prompt()
                    .map(|line| (entries[line.index].id.clone(), line.value.title))
            }
        };
        answer.map_err(|error| self.left(error, &question.asks))
    }

    /// Why the prompt ended; a cancelled one is taken off the screen.
    fn left(&self, error: InquireError, asks: &str) -> Left {
        match error {
            InquireError::OperationCanceled => {
                self.report.erase(self.rows_of(asks, CANCELLED));
                Left::Back
            }
            InquireError::OperationInterrupted => {
                // At the bottom of the screen there is no row below the prompt: its last one makes room.
                self.report.clear_row();
                Left::Out(Failure::Interrupted)
            }
            other => Left::Out(Failure::Io(vec![Problem::new(format!(
                "cannot ask on this terminal: {other}"
            ))])),
        }
    }

    /// How many entries fit on the screen below the question.
    fn page(&self) -> usize {
        self.report.size().0.saturating_sub(4).clamp(3, 24)
    }

    /// What is wrong with a typed text.
    fn check(&self, key: &str, value: &str) -> Validation {
        let found = match key {
            NAME => match Names::parse(value) {
                Err(problem) => Some(problem.to_string()),
                Ok(names) if self.directory.is_none() => taken(&names.slug),
                Ok(_) => None,
            },
            _ if value.is_empty() => None,
            _ => self
                .interview
                .clone()
                .answer(key, value)
                .err()
                .map(|problem| problem.to_string()),
        };
        match found {
            Some(text) => Validation::Invalid(text.into()),
            None => Validation::Valid,
        }
    }

    fn style(&self) -> RenderConfig<'static> {
        if !self.report.colored() {
            return RenderConfig::empty()
                .with_error_message(ErrorMessageRenderConfig::empty().with_prefix(Styled::new("!")))
                .with_canceled_prompt_indicator(Styled::new(CANCELLED));
        }
        RenderConfig::default_colored()
            .with_prompt_prefix(Styled::new("?").with_fg(Color::LightCyan))
            .with_answered_prompt_prefix(Styled::new("✓").with_fg(Color::LightGreen))
            .with_error_message(
                ErrorMessageRenderConfig::default_colored().with_prefix(Styled::new("!").with_fg(Color::LightRed)),
            )
            .with_highlighted_option_prefix(Styled::new("❯").with_fg(Color::LightCyan))
            .with_help_message(StyleSheet::new().with_fg(Color::DarkGrey))
            .with_canceled_prompt_indicator(Styled::new(CANCELLED))
    }
}

/// What is wrong with the directory of a name.
fn taken(slug: &str) -> Option<String> {
    let failure = disk::target(Path::new(slug)).err()?;
    Some(
        failure
            .problems()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

/// What stands for the answer of a cancelled prompt, until it is erased.
const CANCELLED: &str = "-";

/// An entry as it is drawn.
struct Line {
    title: String,
    text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

/// `title   about`, cut to the terminal's width.
fn line(title: &str, about: &str, wide: usize, columns: usize) -> String {
    let pad = wide.saturating_sub(title.chars().count());
    let text = match about.is_empty() {
        true => title.to_owned(),
        false => format!("{title}{}  {about}", " ".repeat(pad)),
    };
    report::cut(&text, columns.saturating_sub(3))
}

/// The parts that fit on one row, the last ones first: keys matter more than explanations.
fn fit(parts: &[&str], columns: usize) -> String {
    let mut kept: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    while kept.len() > 1 && report::width(&kept.join(" · ")) + 3 > columns {
        kept.remove(0);
    }
    kept.join(" · ")
}

/// Gives the terminal back as it was: for a signal that ends the program in the middle of a question.
pub fn restore() {
    use crossterm::{cursor, event, terminal};
    if terminal::is_raw_mode_enabled().unwrap_or(false) {
        let _ = terminal::disable_raw_mode();
        let _ = crossterm::execute!(std::io::stderr(), event::DisableBracketedPaste, cursor::Show);
        eprintln!();
    }
}
