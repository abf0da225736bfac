//! Files whose parts have names: `structured/<case>/{base,ours,theirs,merged}.<ending>`, each a folder.

use std::fs;
use std::path::PathBuf;

use boatyard::engine::merge::structured::{Syntax, merge};
use boatyard::engine::merge::text::Settle;

use super::labels;
use crate::golden::{golden, root};

fn cases() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(root().join("tests/it/merge/structured"))
        .expect("cases")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    all.sort();
    all
}

/// The four texts of a case stand in one file, each after a line `=== name`; the title says what happens.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("=== ") {
            Some(name) => found.push((name.trim().to_owned(), String::new())),
            None => {
                if let Some((_, text)) = found.last_mut() {
                    text.push_str(line);
                }
            }
        }
    }
    found
}

#[test]
fn nesting_without_end_is_merged_by_lines() {
    for (path, open) in [
        ("x.json", "["),
        ("x.toml", "a = ["),
        ("x.toml", "a = {a = "),
        ("x.yaml", "a: ["),
        ("x.yaml", "- "),
    ] {
        let unit = open.rsplit(' ').next().filter(|unit| !unit.is_empty()).unwrap_or(open);
        let deep = format!("{open}{}\n", unit.repeat(20_000));
        let theirs = format!("{deep}# new\n");
        let merged = merge(
            Syntax::of(path),
            &deep,
            &format!("# mine\n{deep}"),
            &theirs,
            Settle::Markers,
            &labels(),
        );
        assert!(merged.text.contains("# new\n"), "{path}");
    }
}

#[test]
fn every_case_merges_as_written() {
    let cases = cases();
    assert!(cases.len() >= 20, "only {} cases found", cases.len());
    for case in cases {
        let text = fs::read_to_string(&case).expect("a case");
        let all = sections(&text);
        let get = |name: &str| -> String {
            let found = all.iter().find(|(found, _)| found == name);
            found.map(|(_, text)| text.clone()).unwrap_or_default()
        };
        let name = case.file_stem().expect("a name").to_string_lossy().into_owned();
        let path = match name.rsplit_once('.') {
            Some((_, "gomod")) => "go.mod".to_owned(),
            _ => name.clone(),
        };
        let merged = merge(
            Syntax::of(&path),
            &get("base"),
            &get("ours"),
            &get("theirs"),
            Settle::Markers,
            &labels(),
        );
        let shown = format!(
            "=== base\n{}=== ours\n{}=== theirs\n{}=== merged, {} conflicts\n{}",
            get("base"),
            get("ours"),
            get("theirs"),
            merged.conflicts,
            merged.text
        );
        golden(&case, &shown);
    }
}
