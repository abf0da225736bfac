//! Merging by lines against `git merge-file`, which has done it for twenty years. Needs git; without it there is nothing to compare.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::Command;

use boatyard::engine::merge::text::{Settle, merge};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use similar::TextDiff;

use super::labels;

/// How many random texts are compared; `CASES=100000 cargo test` compares more.
fn cases() -> u32 {
    std::env::var("CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(60)
}

/// What git gives: the text, and whether it is in conflict.
fn git(place: &Path, base: &str, ours: &str, theirs: &str, favour: Option<&str>) -> Option<(String, bool)> {
    for (name, text) in [("base", base), ("ours", ours), ("theirs", theirs)] {
        fs::write(place.join(name), text).expect("a file");
    }
    let mut command = Command::new("git");
    command.args([
        "merge-file",
        "--quiet",
        "-p",
        "-L",
        "yours",
        "-L",
        "before",
        "-L",
        "boatyard",
    ]);
    let output = command
        .args(favour)
        .args(["ours", "base", "theirs"])
        .current_dir(place)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .ok()?;
    let code = output.status.code()?;
    assert!(code < 128, "git failed: {}", String::from_utf8_lossy(&output.stderr));
    Some((String::from_utf8(output.stdout).expect("text"), code > 0))
}

/// A text of few different lines, and two texts made of it by a few edits: regions touch, repeat and overlap.
fn texts() -> impl Strategy<Value = (String, String, String)> {
    let line = || prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "g", "", "}", "  x"]);
    let edit = || (0_usize..24, 0_usize..4, prop::collection::vec(line(), 0..4));
    (
        prop::collection::vec(line(), 0..24),
        prop::collection::vec(edit(), 0..4),
        prop::collection::vec(edit(), 0..4),
    )
        .prop_map(|(base, mine, theirs)| {
            let edited = |edits: Vec<(usize, usize, Vec<&'static str>)>| {
                let mut lines = base.clone();
                for (at, gone, new) in edits {
                    let at = at.min(lines.len());
                    let to = (at + gone).min(lines.len());
                    lines.splice(at..to, new);
                }
                text(&lines)
            };
            let (mine, theirs) = (edited(mine), edited(theirs));
            (text(&base), mine, theirs)
        })
}

fn text(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// How the two differ on these texts, if they do.
fn difference(place: &Path, base: &str, ours: &str, theirs: &str) -> Option<String> {
    let told = |what: &str, mine: &str, its: &str| Some(format!("{what}\n--- boatyard\n{mine}--- git\n{its}"));
    let with = |settle| merge(base, ours, theirs, settle, &labels());
    let mine = with(Settle::Markers);
    let (its, conflicted) = git(place, base, ours, theirs, None).expect("git");
    if (mine.conflicts > 0) != conflicted {
        return told("a conflict for one alone", &mine.text, &its);
    }
    let settled = [
        (Settle::Ours, "--ours"),
        (Settle::Theirs, "--theirs"),
        (Settle::Diff3, "--diff3"),
    ];
    settled.into_iter().find_map(|(settle, favour)| {
        let mine = with(settle).text;
        let (its, _) = git(place, base, ours, theirs, Some(favour)).expect("git");
        (mine != its).then(|| told(favour, &mine, &its))?
    })
}

/// The three texts with every line of the base made unlike all others, and the lines that came of it with it: then there is
/// one way only to tell which line became which.
fn told_apart(base: &str, ours: &str, theirs: &str) -> [String; 3] {
    let side = |text: &str| -> String {
        let diff = TextDiff::from_lines(base, text);
        diff.iter_all_changes()
            .filter_map(|change| match (change.old_index(), change.new_index()) {
                (Some(old), Some(_)) => Some(format!("{old} {}", change.value())),
                (None, Some(_)) => Some(format!("+ {}", change.value())),
                _ => None,
            })
            .collect()
    };
    [side(base), side(ours), side(theirs)]
}

#[test]
fn lines_merge_as_git_merges_them() {
    let place = tempfile::tempdir().expect("a directory");
    if git(place.path(), "", "", "", None).is_none() {
        eprintln!("no git: nothing to compare with");
        return;
    }
    let explained = Cell::new(0_u32);
    let mut runner = TestRunner::new(Config {
        cases: cases(),
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&texts(), |(base, ours, theirs)| {
        if difference(place.path(), &base, &ours, &theirs).is_some() {
            // Of equal lines the two may take another for the one that stayed. With that settled they must agree.
            let [base, ours, theirs] = told_apart(&base, &ours, &theirs);
            if let Some(difference) = difference(place.path(), &base, &ours, &theirs) {
                return Err(TestCaseError::fail(difference));
            }
            explained.set(explained.get() + 1);
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (cases, explained) = (cases(), explained.get());
    eprintln!("{cases} merges, {explained} of them differ in which of equal lines stayed");
    assert!(explained < cases / 10, "{explained} of {cases} differ");
}
