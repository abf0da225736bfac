//! What was found out about a repository, and what its adoption came to.

use std::path::Path;

use crate::engine::adopt::Adoption;
use crate::engine::change::Reason;
use crate::engine::detect::{Evidence, Finding, How};

use super::Report;
use crate::shell::failure::shown;

impl Report {
    /// A line for each finding: the key, what was found, and what says so.
    pub fn findings(&self, root: &Path, findings: &[Finding]) {
        let rows: Vec<[String; 3]> = findings.iter().map(row).collect();
        let wide = |column: usize| rows.iter().map(|row| super::width(&row[column])).max().unwrap_or(0);
        let (keys, titles) = (wide(0), wide(1));
        self.say(&format!("found in {}:", shown(root)));
        for [key, title, why] in &rows {
            let pad = |text: &str, wide: usize| " ".repeat(wide.saturating_sub(super::width(text)));
            let line = format!("  {key}{}  {title}{}  {why}", pad(key, keys), pad(title, titles));
            self.say(line.trim_end());
        }
    }

    /// What stays the user's, and how to see what would have been generated.
    pub fn adopted(&self, adoption: &Adoption) {
        for path in &adoption.unread {
            self.say(&format!("`{path}` is too large to be read for signs"));
        }
        if !adoption.left_out.is_empty() {
            let count = adoption.left_out.len();
            self.say(&format!(
                "left out {count} files of a new service's own: this repository has its service"
            ));
        }
        let yours = adoption
            .changes
            .changes
            .iter()
            .any(|change| change.reason == Reason::Yours);
        if yours && !adoption.changes.dry_run {
            self.say("your files stay as they are; `boatyard diff --on-conflict replace` shows what is generated beside them");
        }
    }
}

fn row(finding: &Finding) -> [String; 3] {
    let mut why: Vec<String> = finding.evidence.iter().map(Evidence::shown).collect();
    let title = match (finding.how, &finding.value) {
        (How::Found, Some(name)) if why.is_empty() => {
            why.push("the directory's name".into());
            name.clone()
        }
        (How::Absent, None) => "?".to_owned(),
        (How::Absent, Some(_)) => {
            why.push("no sign of any".into());
            finding.title.clone()
        }
        (How::Other, Some(value)) => format!("{}, so `{value}`", finding.title),
        (How::Other, None) => format!("{}, not offered", finding.title),
        (How::Unsure, _) => format!("{}?", finding.title),
        _ => finding.title.clone(),
    };
    [finding.key.clone(), title, why.join(", ")]
}
