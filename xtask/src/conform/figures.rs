//! The page of figures in `docs`, one row for each service.

use std::fmt::Write as _;
use std::fs;
use std::thread;

use anyhow::{Context, Result};

use crate::report::Report;
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

/// Writes `docs/figures.md`.
pub fn write(report: &Report) -> Result<()> {
    let path = stack::root().join("docs/figures.md");
    let cores = thread::available_parallelism().map_or(0, usize::from);
    fs::write(&path, page(report, cores)).with_context(|| format!("cannot write {}", path.display()))
}

fn page(report: &Report, cores: usize) -> String {
    let mut page = format!(
        "# What the services measure\n\n\
         Written by `cargo xtask conform --all` at the end of a run without a failure, on a machine with {cores} cores.\n\
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
    let mut subjects: Vec<&str> = report.figures.iter().map(|figure| figure.subject.as_str()).collect();
    subjects.dedup();
    for subject in subjects {
        let cells = COLUMNS.map(|(_, name, digits)| {
            let mut all = report.figures.iter();
            let found = all.find(|figure| figure.subject == subject && figure.name == name);
            found.map_or("–".to_owned(), |figure| format!("{:.digits$}", figure.value))
        });
        let _ = writeln!(page, "| {subject} | {} |", cells.join(" | "));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_each_stack_and_a_dash_for_what_was_not_measured() {
        let mut report = Report::new("conform");
        report.measure("a", "p99 ms", 7.46);
        report.measure("a", "image MB", 15.04);
        report.measure("b", "checks passed", 171.0);
        let page = page(&report, 2);
        let table: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).skip(2).collect();
        assert_eq!(
            table,
            [
                "| a | – | 15.0 | – | – | – | 7 | – | – |",
                "| b | – | – | – | – | – | – | 171 | – |"
            ]
        );
    }
}
