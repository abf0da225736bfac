//! Charts as helm sees them: linted, rendered, described.

use std::fs;

use anyhow::Result;
use regex::Regex;

use super::charts::{LIMIT, charts, helm, kinds, program, write};
use super::manifests;
use crate::process;
use crate::verify::check::{Batch, Finding, Ran, settle};

/// `helm lint --strict`, with each file of values; one is enough for a chart like another.
pub fn lint(batch: &Batch) -> Result<Ran> {
    let line = Regex::new(r"(?m)^\[(ERROR|WARNING)\] (\S*): (.*)$")?;
    let template = Regex::new(r"templates/[\w./-]+\.\w+")?;
    let mut findings = Vec::new();
    let charts = charts(batch)?;
    for (chart, new) in charts.iter().zip(kinds(&charts)) {
        let folder = tempfile::tempdir()?;
        for (name, content) in &chart.files {
            write(folder.path(), &format!("{}/{name}", last(&chart.path)), content)?;
        }
        let overlays = std::iter::once(None).chain(chart.overlays().into_iter().map(Some));
        for overlay in overlays.take(if new { usize::MAX } else { 1 }) {
            let path = overlay.map(|overlay| format!("{}/{overlay}", last(&chart.path)));
            let mut arguments = vec!["lint", "--strict", last(&chart.path)];
            arguments.extend(path.iter().flat_map(|path| ["--values", path.as_str()]));
            let output = helm(batch.toolbox, folder.path(), &arguments)?;
            let mut found = Vec::new();
            for problem in line.captures_iter(&output.stdout) {
                let message = problem[3].to_owned();
                let place = template.find(&message).map_or(&problem[2], |place| place.as_str());
                found.push(Finding {
                    rule: problem[1].to_lowercase(),
                    path: format!("{}/{}", chart.path, place.trim_end_matches('/')),
                    line: 0,
                    message,
                });
            }
            let Ran::Found(found) = settle(&output, found) else {
                continue;
            };
            findings.extend(found);
        }
    }
    findings.dedup_by(|a, b| a.path == b.path && a.message == b.message);
    Ok(Ran::Found(findings))
}

/// `helm template` with each file of values and any two toggles, and its output is YAML.
pub fn template(batch: &Batch) -> Result<Ran> {
    let place = Regex::new(r"(templates/[\w./-]+\.\w+):(\d+)")?;
    let manifests = manifests::of(batch)?;
    let mut findings = Vec::new();
    for problem in &manifests.problems {
        let mut finding = problem.clone();
        if let Some(place) = place.captures(&problem.message).filter(|_| problem.rule == "template") {
            finding.path = problem.path.replace("Chart.yaml", &place[1]);
            finding.line = place[2].parse().unwrap_or(0);
        }
        findings.push(finding);
    }
    Ok(Ran::Found(findings))
}

/// Each chart's README.md is what helm-docs makes of its values.
pub fn docs(batch: &Batch) -> Result<Ran> {
    let (charts, folder) = (charts(batch)?, tempfile::tempdir()?);
    let read = |name: &str| name != "README.md" && !name.contains('/');
    for (number, chart) in charts.iter().enumerate() {
        for (name, content) in chart.files.iter().filter(|(name, _)| read(name)) {
            write(folder.path(), &format!("{number}/{name}"), content)?;
        }
    }
    let mut command = program(batch.toolbox, "kubernetes", "helm-docs")?;
    command.args([
        "--chart-search-root",
        ".",
        "--sort-values-order",
        "file",
        "--log-level",
        "warning",
    ]);
    let output = process::run(command.current_dir(folder.path()), LIMIT)?;
    let mut findings = Vec::new();
    for (number, chart) in charts.iter().enumerate() {
        let made = fs::read_to_string(folder.path().join(format!("{number}/README.md"))).unwrap_or_default();
        let kept = chart.files.get("README.md").map(|text| String::from_utf8_lossy(text));
        let kept = kept.unwrap_or_default();
        if made != kept {
            let lines = made
                .lines()
                .zip(kept.lines())
                .take_while(|(made, kept)| made == kept)
                .count();
            let line = made.lines().nth(lines).unwrap_or("nothing more");
            findings.push(Finding {
                rule: "differs".to_owned(),
                path: format!("{}/README.md", chart.path),
                line: lines as u64 + 1,
                message: format!("helm-docs writes: {line}"),
            });
        }
    }
    Ok(settle(&output, findings))
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
