//! One report for every proof: what ran, what passed, what could not run here and why.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

/// How a row of a report ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It ran and holds
    Passed,
    /// It ran and does not hold
    Failed,
    /// It could not run here; the detail says why
    NotRun,
}

/// One proven (or not proven) statement.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What it is about: a stack, or a file
    pub subject: String,
    /// Its stable name
    pub name: String,
    /// Where the statement stands: a section of the contract, or a tool
    pub section: String,
    /// The statement
    pub statement: String,
    /// How it ended
    pub outcome: Outcome,
    /// Why it failed or did not run; a figure when it passed
    pub detail: String,
    /// Wall time
    pub seconds: f64,
}

/// A measured value.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What it is about
    pub subject: String,
    /// What was measured, with its unit: `image MB`
    pub name: String,
    /// The value
    pub value: f64,
}

/// The report of one run.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// `conform`, `verify`
    pub kind: String,
    /// Statements, in the order they were looked at
    pub rows: Vec<Row>,
    /// Measurements
    pub figures: Vec<Figure>,
    /// Wall time of the whole run
    pub seconds: f64,
}

impl Report {
    /// An empty report of this kind.
    pub fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            ..Self::default()
        }
    }

    /// How many rows ended this way.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.rows.iter().filter(|row| row.outcome == outcome).count()
    }

    /// The last line of every proof.
    pub fn summary(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.count(Outcome::Passed),
            self.count(Outcome::Failed),
            self.count(Outcome::NotRun)
        )
    }

    /// Adds a measurement.
    pub fn measure(&mut self, subject: &str, name: &str, value: f64) {
        self.figures.push(Figure {
            subject: subject.to_owned(),
            name: name.to_owned(),
            value,
        });
    }

    /// Writes `<kind>.json` and `<kind>.md` into a folder.
    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        let file = |ending: &str| folder.join(format!("{}.{ending}", self.kind));
        fs::write(file("json"), serde_json::to_string_pretty(self)? + "\n")
            .with_context(|| format!("cannot write {}", file("json").display()))?;
        fs::write(file("md"), self.page())?;
        Ok(())
    }

    fn page(&self) -> String {
        let mut page = format!("# {}: {}\n\n{:.0} s\n", self.kind, self.summary(), self.seconds);
        for (title, outcome) in [
            ("Failed", Outcome::Failed),
            ("Not run here", Outcome::NotRun),
            ("Passed", Outcome::Passed),
        ] {
            let rows: Vec<&Row> = self.rows.iter().filter(|row| row.outcome == outcome).collect();
            if rows.is_empty() {
                continue;
            }
            let _ = write!(page, "\n## {title}\n\n");
            page.push_str("| subject | name | section | statement | detail | s |\n");
            page.push_str("| --- | --- | --- | --- | --- | --- |\n");
            for row in rows {
                let cells = [&row.subject, &row.name, &row.section, &row.statement, &row.detail];
                let cells: Vec<String> = cells.into_iter().map(|text| cell(text)).collect();
                let _ = writeln!(page, "| {} | {:.1} |", cells.join(" | "), row.seconds);
            }
        }
        page + &self.figures_table()
    }

    /// The measurements, a row for each subject.
    pub fn figures_table(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        let mut subjects: Vec<&str> = Vec::new();
        for figure in &self.figures {
            if !names.contains(&figure.name.as_str()) {
                names.push(&figure.name);
            }
            if !subjects.contains(&figure.subject.as_str()) {
                subjects.push(&figure.subject);
            }
        }
        if names.is_empty() {
            return String::new();
        }
        let mut table = format!("\n## Measured\n\n| subject | {} |\n", names.join(" | "));
        let _ = writeln!(table, "|{}", " --- |".repeat(names.len() + 1));
        for subject in subjects {
            let value = |name: &str| {
                let mut all = self.figures.iter();
                let found = all.find(|figure| figure.subject == subject && figure.name == name);
                found.map_or("–".to_owned(), |figure| format!("{:.1}", figure.value))
            };
            let values: Vec<String> = names.iter().map(|name| value(name)).collect();
            let _ = writeln!(table, "| {subject} | {} |", values.join(" | "));
        }
        table
    }
}

fn cell(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(400).collect();
    short.replace('|', "\\|")
}
