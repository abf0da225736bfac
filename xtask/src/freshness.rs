//! `cargo xtask freshness`: which pinned versions are near or past the end of their support,
//! and which were looked up too long ago.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::civil::Date;
use serde::Deserialize;

use crate::report::{Outcome, Report, Row};
use crate::{process, stack};

/// Arguments of `cargo xtask freshness`.
#[derive(clap::Args)]
pub struct Args {
    /// The day to judge by; today when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Date>,
    /// Say which versions reach the end of their support within this many days
    #[arg(long, value_name = "DAYS", default_value_t = 180)]
    within: i32,
    /// Say which versions were looked up longer ago than this many days
    #[arg(long, value_name = "DAYS", default_value_t = 60)]
    older: i32,
}

/// A version as `boatyard list --json` gives it.
#[derive(Debug, Deserialize)]
struct Version {
    id: String,
    kind: String,
    component: String,
    version: String,
    eol: Option<Date>,
    source: String,
    checked: Date,
}

/// What a day makes of a version.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Its support ended this many days ago
    Past(i32),
    /// Its support ends in this many days
    Near(i32),
    /// Its support lasts, or ends on no known day
    Lasting,
}

/// Runs the command: exit 1 when a version is past its end.
pub fn run(args: Args) -> Result<ExitCode> {
    #[derive(Deserialize)]
    struct Catalog {
        versions: Vec<Version>,
    }
    let date = args
        .date
        .unwrap_or_else(|| jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date());
    let list = list(&stack::boatyard()?)?;
    let catalog: Catalog = serde_json::from_str(&list).context("`boatyard list --json` has no `versions`")?;
    let report = judge(&catalog.versions, date, args.within, args.older);
    report.write(&stack::proof_folder())?;
    for row in report.rows.iter().filter(|row| !row.detail.is_empty()) {
        println!(
            "{:<10} {:<24} {:<22} {}",
            row.section, row.subject, row.name, row.detail
        );
    }
    println!(
        "judged by {date}, report: {}",
        stack::proof_folder().join("freshness.md").display()
    );
    println!("{}", report.summary());
    Ok(if report.count(Outcome::Failed) == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn list(boatyard: &Path) -> Result<String> {
    let mut command = Command::new(boatyard);
    Ok(process::ok(command.args(["list", "--json"]), Duration::from_secs(30))?.stdout)
}

fn judge(versions: &[Version], date: Date, within: i32, older: i32) -> Report {
    let mut report = Report::new("freshness");
    for version in versions {
        let state = state(version.eol, date, within);
        let mut notes = Vec::new();
        match (&state, version.eol) {
            (State::Past(days), _) => notes.push(format!("its support ended {days} days ago")),
            (State::Near(days), _) => notes.push(format!("its support ends in {days} days")),
            (State::Lasting, None) if matches!(version.kind.as_str(), "runtime" | "image") => {
                notes.push("no end of support is known".to_owned());
            }
            (State::Lasting, _) => {}
        }
        let age = days(version.checked, date);
        if age > older {
            notes.push(format!("looked up {age} days ago, see {}", version.source));
        }
        report.rows.push(Row {
            subject: version.id.clone(),
            name: version.version.clone(),
            section: version.component.clone(),
            statement: version
                .eol
                .map_or("supported".to_owned(), |eol| format!("supported until {eol}")),
            outcome: if matches!(state, State::Past(_)) {
                Outcome::Failed
            } else {
                Outcome::Passed
            },
            detail: notes.join("; "),
            seconds: 0.0,
        });
    }
    report
}

fn state(eol: Option<Date>, date: Date, within: i32) -> State {
    match eol.map(|eol| days(date, eol)) {
        Some(left) if left < 0 => State::Past(-left),
        Some(left) if left <= within => State::Near(left),
        _ => State::Lasting,
    }
}

fn days(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_decides_what_a_version_is() {
        let today = date(2026, 11, 21);
        for (eol, expected) in [
            (None, State::Lasting),
            (Some(date(2026, 11, 20)), State::Past(1)),
            (Some(date(2025, 11, 21)), State::Past(365)),
            (Some(date(2026, 11, 21)), State::Near(0)),
            (Some(date(2027, 2, 19)), State::Near(90)),
            (Some(date(2027, 2, 20)), State::Lasting),
            (Some(date(2030, 1, 1)), State::Lasting),
        ] {
            assert_eq!(state(eol, today, 90), expected, "{eol:?}");
        }
    }

    #[test]
    fn the_report_fails_on_what_is_past_and_tells_the_rest() {
        let version = |id: &str, kind: &str, eol, checked| Version {
            id: id.to_owned(),
            kind: kind.to_owned(),
            component: "node".to_owned(),
            version: "1".to_owned(),
            eol,
            source: "the project's tags".to_owned(),
            checked,
        };
        let today = date(2026, 11, 21);
        let versions = [
            version("past", "runtime", Some(date(2026, 4, 30)), today),
            version("near", "image", Some(date(2027, 1, 1)), today),
            version("unknown", "image", None, today),
            version("package", "package", None, today),
            version("stale", "package", None, date(2026, 1, 1)),
        ];
        let report = judge(&versions, today, 90, 60);
        let rows: Vec<_> = report
            .rows
            .iter()
            .map(|row| (row.subject.as_str(), row.outcome, row.detail.as_str()))
            .collect();
        assert_eq!(
            rows,
            [
                ("past", Outcome::Failed, "its support ended 205 days ago"),
                ("near", Outcome::Passed, "its support ends in 41 days"),
                ("unknown", Outcome::Passed, "no end of support is known"),
                ("package", Outcome::Passed, ""),
                (
                    "stale",
                    Outcome::Passed,
                    "looked up 324 days ago, see the project's tags"
                ),
            ]
        );
    }
}
