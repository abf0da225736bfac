//! The page of figures in `docs`, one row for each service.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::thread;

use anyhow::{Context, Result};

use crate::report::{Outcome, Report, Row};
use crate::stack;

/// What a column shows: its title, the name of the measurement, its digits after the point.
const COLUMNS: [(&str, &str, usize); 8] = [
    ("build s", "build s", 0),
    ("image MB", "image MB", 1),
    ("ready ms", "start to ready ms", 0),
    ("idle MB", "idle MB", 1),
    ("items/s", "items requests/s", 0),
    ("p99 ms", "p99 ms", 0),
    ("checks", "checks passed", 0),
    ("lost", "requests lost on SIGTERM", 0),
];

/// Writes `docs/figures.md`: a row for each stack of which nothing failed; rows of other stacks stay.
pub fn write(report: &Report) -> Result<()> {
    let path = stack::root().join("docs/figures.md");
    let before = fs::read_to_string(&path).unwrap_or_default();
    let cores = thread::available_parallelism().map_or(0, usize::from);
    fs::write(&path, page(&before, report, cores)).with_context(|| format!("cannot write {}", path.display()))
}

fn page(before: &str, report: &Report, cores: usize) -> String {
    let mut page = format!(
        "# What the services measure\n\n\
         Written by `cargo xtask conform --all`, on a machine with {cores} cores: a row for each stack of which no check failed.\n\
         The figures compare the stacks with each other; on another machine all of them are different.\n\n\
         - **build s**: the image, without the layers of an earlier build\n\
         - **ready ms**: from the start of the process to its `ready` line, with one processor, the best of three\n\
         - **idle MB**: memory of the container before the first request\n\
         - **items/s**, **p99 ms**: a mix of reads and writes, load and servers on the same machine\n\
         - **checks**: sentences of the contract that hold; **lost**: requests under load while SIGTERM ends the service\n\n"
    );
    let titles: Vec<&str> = COLUMNS.iter().map(|(title, _, _)| *title).collect();
    let _ = writeln!(page, "| stack | {} |", titles.join(" | "));
    let _ = writeln!(page, "| --- |{}", " ---: |".repeat(COLUMNS.len()));
    let rows = before.lines().filter(|line| line.starts_with("| ")).skip(2);
    let mut rows: BTreeMap<&str, String> = rows
        .filter_map(|row| Some((row.split(' ').nth(1)?, row.to_owned())))
        .collect();
    for figure in &report.figures {
        let subject = figure.subject.as_str();
        let failed = |row: &Row| row.subject == subject && row.outcome == Outcome::Failed;
        if !report.rows.iter().any(failed) {
            rows.insert(subject, row(report, subject));
        }
    }
    for row in rows.values() {
        let _ = writeln!(page, "{row}");
    }
    page
}

fn row(report: &Report, subject: &str) -> String {
    let cells = COLUMNS.map(|(_, name, digits)| {
        let mut all = report.figures.iter();
        let found = all.find(|figure| figure.subject == subject && figure.name == name);
        found.map_or("–".to_owned(), |figure| format!("{:.digits$}", figure.value))
    });
    format!("| {subject} | {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_stacks_without_a_failure_are_written_and_others_stay() {
        let mut report = Report::new("conform");
        report.measure("b", "p99 ms", 7.46);
        report.measure("b", "image MB", 15.04);
        report.measure("a", "checks passed", 171.0);
        let rows = |report: &Report, before: &str| -> (String, Vec<String>) {
            let page = page(before, report, 2);
            let rows = page.lines().filter(|line| line.starts_with("| ")).skip(2);
            let rows = rows.map(str::to_owned).collect();
            (page, rows)
        };
        let (before, first) = rows(&report, "");
        let expected = [
            "| a | – | – | – | – | – | – | 171 | – |",
            "| b | – | 15.0 | – | – | – | 7 | – | – |",
        ];
        assert_eq!(first, expected);
        let mut report = Report::new("conform");
        report.measure("a", "checks passed", 170.0);
        report.measure("b", "p99 ms", 8.0);
        report.rows.push(Row {
            subject: "a".to_owned(),
            name: "a.check".to_owned(),
            section: String::new(),
            statement: String::new(),
            outcome: Outcome::Failed,
            detail: String::new(),
            seconds: 0.0,
        });
        let expected = [expected[0], "| b | – | – | – | – | – | 8 | – | – |"];
        assert_eq!(rows(&report, &before).1, expected);
    }
}
