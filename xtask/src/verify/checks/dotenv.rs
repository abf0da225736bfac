//! `.env` files: every reader of them must see the same values.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Result;
use regex::Regex;

use crate::verify::check::{Batch, Finding, Ran};

/// Syntax that shells, compose and Node read alike, and no name twice.
pub fn check(batch: &Batch) -> Result<Ran> {
    let mut findings = Vec::new();
    for path in &batch.files {
        let text = fs::read_to_string(batch.folder.join(path))?;
        findings.extend(problems(&text)?.into_iter().map(|(line, rule, message)| Finding {
            rule: rule.to_owned(),
            path: path.clone(),
            line,
            message,
        }));
    }
    Ok(Ran::Found(findings))
}

fn problems(text: &str) -> Result<Vec<(u64, &'static str, String)>> {
    let assignment = Regex::new(r"^([A-Z][A-Z0-9_]*)=(.*)$")?;
    let plain = Regex::new(r#"^(?:[^\s"'`$\\#;&|<>()*]*|"[^"`$\\]*"|'[^']*')$"#)?;
    let mut names = BTreeSet::new();
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        // A variable that is commented out is an offer: it must be usable as it stands.
        let line = match line.strip_prefix('#') {
            Some(rest) if assignment.is_match(rest.trim_start()) => rest.trim_start(),
            Some(_) => continue,
            None => line,
        };
        if line.is_empty() {
            continue;
        }
        let Some(parts) = assignment.captures(line) else {
            found.push((number, "syntax", "neither a comment nor NAME=value".to_owned()));
            continue;
        };
        if !names.insert(parts[1].to_owned()) {
            found.push((number, "duplicate", format!("{} stands here twice", &parts[1])));
        }
        if !plain.is_match(&parts[2]) {
            found.push((
                number,
                "value",
                format!("the value of {} is read in different ways; quote it", &parts[1]),
            ));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_table_of_lines() {
        for (text, expected) in [
            ("PORT=3000\n", None),
            ("# words\n#PORT=3000\n", None),
            // A shell takes `?` for a pattern in words, never in an assignment.
            ("URL=postgresql://a:b@localhost:5432/a?x=1\n", None),
            ("URL=postgresql://a:b@localhost:5432/a?x=1&y=2\n", Some("value")),
            ("URL=postgresql://a:b@localhost:5432/a\n", None),
            ("NAME=\"two words\"\n", None),
            ("NAME=two words\n", Some("value")),
            ("NAME=$HOME\n", Some("value")),
            ("port=1\n", Some("syntax")),
            ("export PORT=1\n", Some("syntax")),
            ("PORT=1\n# PORT=2\n", Some("duplicate")),
        ] {
            let rules: Vec<_> = problems(text).unwrap().into_iter().map(|(_, rule, _)| rule).collect();
            assert_eq!(rules.first().copied(), expected, "{text:?}");
        }
    }
}
