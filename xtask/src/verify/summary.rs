//! From results to the report: a row for each distinct input, defect and exception.

use std::collections::BTreeMap;

use super::check::{Check, Finding, Ran, Version};
use super::exceptions::Exceptions;
use super::planted::{self, Defect};
use super::run::{Done, Unit, by_file};
use super::toolbox::Toolbox;
use super::tree::Tree;
use crate::report::{Outcome, Report, Row};

/// A validator of the issue that no package registry has; the generated workflow runs it.
const NOT_HERE: [(&str, &str); 1] = [(
    "trivy",
    "in no package registry; the generated workflow runs it on every pull request",
)];

/// What a run of one check comes to.
#[derive(Debug, Default)]
pub struct Line {
    /// Its pinned version
    pub version: String,
    /// Distinct inputs
    pub inputs: usize,
    /// Findings that no exception covers
    pub findings: usize,
    /// Wall time of its calls
    pub seconds: f64,
}

/// Everything that came out of a run.
pub struct Summary<'a> {
    checks: &'a [Check],
    exceptions: &'a Exceptions,
    report: Report,
    lines: BTreeMap<usize, Line>,
}

impl<'a> Summary<'a> {
    /// Counts what every check found.
    pub fn new(checks: &'a [Check], exceptions: &'a Exceptions, done: &[Done]) -> Self {
        let report = Report::new("verify");
        let mut summary = Self {
            checks,
            exceptions,
            report,
            lines: BTreeMap::new(),
        };
        for one in done {
            summary.count(one);
        }
        summary
    }

    fn count(&mut self, done: &Done) {
        let id = self.checks[done.check].id;
        let units: Vec<&Unit> = done
            .units
            .iter()
            .filter(|unit| !planted::is_planted(&unit.tree))
            .collect();
        let seconds = done.seconds / done.units.len().max(1) as f64;
        match &done.ran {
            Err(error) => self.row(id, "all", id, Outcome::Failed, format!("{error:#}"), done.seconds),
            Ok(Ran::Not(reason)) => {
                if !self
                    .report
                    .rows
                    .iter()
                    .any(|row| row.section == id && row.outcome == Outcome::NotRun)
                {
                    self.row(id, "all", id, Outcome::NotRun, reason.clone(), 0.0);
                }
            }
            Ok(Ran::Found(findings)) => {
                for unit in &units {
                    let own = self.left(done.check, findings, |tree, path| {
                        tree == unit.tree && (self.checks[done.check].scope.is_set() || path == unit.name)
                    });
                    self.line(done.check).findings += own.len();
                    let outcome = if own.is_empty() {
                        Outcome::Passed
                    } else {
                        Outcome::Failed
                    };
                    self.row(id, &unit.tree, &unit.name, outcome, own.join(" · "), seconds);
                }
                let astray = |tree: &str, path: &str| {
                    !planted::is_planted(tree)
                        && !done.units.iter().any(|unit| {
                            tree == unit.tree && (self.checks[done.check].scope.is_set() || path == unit.name)
                        })
                };
                let astray = self.left(done.check, findings, astray);
                if !astray.is_empty() {
                    self.row(id, "all", id, Outcome::Failed, astray.join(" · "), 0.0);
                }
            }
        }
        let line = self.line(done.check);
        line.inputs += units.len();
        line.seconds += done.seconds;
    }

    /// The findings in some files, less what the exceptions cover, as text.
    fn left(&self, check: usize, findings: &[Finding], wanted: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let mut left = Vec::new();
        for ((tree, path), found) in by_file(findings)
            .into_iter()
            .filter(|((tree, path), _)| wanted(tree, path))
        {
            for finding in found {
                if !self.exceptions.covers(self.checks[check].id, &finding.rule, path) {
                    left.push(format!(
                        "{tree}/{path}:{} {} {}",
                        finding.line, finding.rule, finding.message
                    ));
                }
            }
        }
        left
    }

    /// Adds a row for each planted defect: found by the rule that must find it, or not.
    pub fn self_test(&mut self, defects: &[Defect], done: &[Done]) {
        for defect in defects {
            let results: Vec<&Done> = done
                .iter()
                .filter(|done| self.checks[done.check].id == defect.tool)
                .collect();
            let ran: Vec<&Vec<Finding>> = results
                .iter()
                .filter_map(|done| match &done.ran {
                    Ok(Ran::Found(findings)) => Some(findings),
                    _ => None,
                })
                .collect();
            let at: Vec<&Finding> = ran
                .iter()
                .flat_map(|found| found.iter())
                .filter(|finding| {
                    let (tree, path) = finding.path.split_once('/').unwrap_or_default();
                    planted::is_planted(tree) && path == defect.path
                })
                .collect();
            let (outcome, detail) = if at.iter().any(|finding| finding.rule == defect.rule) {
                (Outcome::Passed, String::new())
            } else if ran.is_empty() && results.iter().all(|done| done.ran.is_ok()) {
                (Outcome::NotRun, "the check did not run".to_owned())
            } else {
                let rules: Vec<&str> = at.iter().map(|finding| finding.rule.as_str()).collect();
                (
                    Outcome::Failed,
                    format!("{} was not found, only {rules:?}", defect.rule),
                )
            };
            let name = format!("{} {}", defect.tool, defect.rule);
            self.report.rows.push(Row {
                subject: planted::TREE.to_owned(),
                name,
                section: "self-test".to_owned(),
                statement: defect.about.clone(),
                outcome,
                detail,
                seconds: 0.0,
            });
        }
    }

    /// Adds a row for each exception; one that nothing used is a failure.
    pub fn exceptions(&mut self) {
        for (exception, uses) in self.exceptions.uses() {
            let used = if uses > 0 { Outcome::Passed } else { Outcome::Failed };
            self.report.rows.push(Row {
                subject: exception.path.clone(),
                name: format!("{} {}", exception.tool, exception.rule),
                section: "exceptions".to_owned(),
                statement: exception.reason.clone(),
                outcome: used,
                detail: format!("covers {uses} findings"),
                seconds: 0.0,
            });
        }
    }

    /// Adds what cannot run here, and the measurements.
    pub fn finish(mut self, toolbox: &Toolbox, trees: &[Tree], seconds: f64) -> (Report, Vec<(&'a str, Line)>) {
        for (tool, reason) in NOT_HERE {
            self.row(tool, "all", tool, Outcome::NotRun, reason.to_owned(), 0.0);
        }
        self.report.seconds = seconds;
        let mut table = Vec::new();
        for (number, check) in self.checks.iter().enumerate() {
            let mut line = self.lines.remove(&number).unwrap_or_default();
            line.version = version(&check.version, toolbox, trees);
            self.report.measure(check.id, "inputs", line.inputs as f64);
            self.report.measure(check.id, "findings", line.findings as f64);
            self.report.measure(check.id, "seconds", line.seconds);
            table.push((check.id, line));
        }
        for row in &mut self.report.rows {
            if let Some((id, line)) = table.iter().find(|(id, _)| *id == row.section) {
                row.statement = format!("{id} {} finds nothing", line.version).replace("  ", " ");
            }
        }
        (self.report, table)
    }

    fn line(&mut self, check: usize) -> &mut Line {
        self.lines.entry(check).or_default()
    }

    fn row(&mut self, id: &str, subject: &str, name: &str, outcome: Outcome, detail: String, seconds: f64) {
        self.report.rows.push(Row {
            subject: subject.to_owned(),
            name: name.to_owned(),
            section: id.to_owned(),
            statement: format!("{id} finds nothing"),
            outcome,
            detail,
            seconds,
        });
    }
}

fn version(version: &Version, toolbox: &Toolbox, trees: &[Tree]) -> String {
    match version {
        Version::Pin(package) => toolbox.version(package).trim_start_matches('v').to_owned(),
        Version::Own => String::new(),
        Version::Project(package) => trees
            .iter()
            .find_map(|tree| project_version(tree, package))
            .unwrap_or_default(),
    }
}

fn project_version(tree: &Tree, package: &str) -> Option<String> {
    if tree.files.contains_key("pyproject.toml") {
        let manifest = tree.text("pyproject.toml").ok()??;
        let pin = regex::Regex::new(&format!(r#""{}==([^"]+)""#, regex::escape(package))).ok()?;
        return Some(pin.captures(&manifest)?[1].to_owned());
    }
    let manifest: serde_json::Value = serde_json::from_str(&tree.text("package.json").ok()??).ok()?;
    let version = manifest.get("devDependencies")?.get(package)?.as_str()?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::check::{Scope, Select};

    fn check() -> Vec<Check> {
        vec![Check {
            id: "lint",
            version: Version::Own,
            select: Select::Globs(&["**"]),
            scope: Scope::Files,
            cost: 1,
            run: |_| Ok(Ran::Found(Vec::new())),
        }]
    }

    fn done(found: &[(&str, &str)]) -> Vec<Done> {
        let unit = |tree: &str, name: &str| Unit {
            tree: tree.to_owned(),
            name: name.to_owned(),
        };
        let finding = |(rule, path): &(&str, &str)| Finding {
            rule: (*rule).to_owned(),
            path: (*path).to_owned(),
            line: 1,
            message: String::new(),
        };
        vec![Done {
            check: 0,
            units: vec![unit("one", "a.md"), unit("one", "b.md"), unit(planted::TREE, "bad.md")],
            ran: Ok(Ran::Found(found.iter().map(finding).collect())),
            seconds: 1.0,
        }]
    }

    fn judged(found: &[(&str, &str)], exceptions: &str) -> Vec<(String, Outcome)> {
        let (checks, exceptions, done) = (check(), Exceptions::parse(exceptions).unwrap(), done(found));
        let defects: Vec<Defect> =
            serde_json::from_str(r#"[{"tool": "lint", "rule": "R1", "path": "bad.md", "about": "bad", "text": []}]"#)
                .unwrap();
        let mut summary = Summary::new(&checks, &exceptions, &done);
        summary.self_test(&defects, &done);
        summary.exceptions();
        summary
            .report
            .rows
            .iter()
            .map(|row| (row.name.clone(), row.outcome))
            .collect()
    }

    #[test]
    fn a_finding_fails_its_file_and_a_planted_one_is_required() {
        use Outcome::{Failed, Passed};
        let except = r#"[{"tool": "lint", "rule": "R2", "path": "b.*", "reason": "r"}]"#;
        let planted = ("R1", "planted/bad.md");
        for (found, exceptions, expected) in [
            (
                vec![planted],
                "[]",
                vec![("a.md", Passed), ("b.md", Passed), ("lint R1", Passed)],
            ),
            (
                vec![],
                "[]",
                vec![("a.md", Passed), ("b.md", Passed), ("lint R1", Failed)],
            ),
            (
                vec![planted, ("R2", "one/b.md")],
                "[]",
                vec![("a.md", Passed), ("b.md", Failed), ("lint R1", Passed)],
            ),
            (
                vec![planted, ("R2", "one/b.md")],
                except,
                vec![
                    ("a.md", Passed),
                    ("b.md", Passed),
                    ("lint R1", Passed),
                    ("lint R2", Passed),
                ],
            ),
            (
                vec![planted],
                except,
                vec![
                    ("a.md", Passed),
                    ("b.md", Passed),
                    ("lint R1", Passed),
                    ("lint R2", Failed),
                ],
            ),
            (
                vec![planted, ("exit", "")],
                "[]",
                vec![
                    ("a.md", Passed),
                    ("b.md", Passed),
                    ("lint", Failed),
                    ("lint R1", Passed),
                ],
            ),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(name, outcome)| (name.to_owned(), outcome))
                .collect();
            assert_eq!(judged(&found, exceptions), expected, "{found:?} {exceptions}");
        }
    }
}
