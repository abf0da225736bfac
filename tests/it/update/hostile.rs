//! A base file, answers and a journal from somebody who means harm: no panic, nothing outside the project, no link followed.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use boatyard::engine::base::Base;
use boatyard::engine::merge::OnConflict;
use boatyard::engine::refit::Wanted;
use boatyard::engine::tree::{Found, RelPath};
use boatyard::shell::disk::journal::{Journal, pending};
use boatyard::shell::disk::ops::System;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{files, generated, run};
use crate::golden::{answers, catalog};
use crate::support::Place;

/// Paths that lead out of the project, or to what is Boatyard's or git's own.
const BAD: &[&str] = &[
    "../outside",
    "/etc/passwd",
    "a/../../outside",
    ".git/hooks/pre-commit",
    "sub/.git/config",
    "C:/x",
    "boatyard.json",
    "BOATYARD.JSON",
    ".boatyard/base.json",
    ".boatyard/journal/lock",
    ".Boatyard/base.json",
    "",
    ".",
];

fn base(path: &str, text: &str) -> String {
    let entry = json!({ "mode": "644", "policy": "managed", "text": text });
    json!({ "format": 2, "boatyard": "0.1.0", "answers": {}, "files": { path: entry } }).to_string()
}

#[test]
fn no_base_claims_what_is_not_generated() {
    for path in BAD {
        let problem = Base::parse(&base(path, "x")).expect_err(path);
        assert!(
            problem.message.starts_with("`.boatyard/base.json` is damaged: "),
            "{path}: {problem}"
        );
    }
}

#[test]
fn a_base_cannot_reach_through_a_link() {
    let place = Place::new();
    generated(&place);
    place.write("outside/secret", "x\n");
    std::os::unix::fs::symlink("../outside", place.path("repo/way")).expect("a link");
    // As generated, and no longer given: what would be deleted inside the project.
    let mut entries: Value = serde_json::from_str(&super::text(&place, ".boatyard/base.json")).expect("JSON");
    entries["files"]["way/secret"] = json!({ "mode": "644", "policy": "managed", "text": "x\n" });
    entries["files"]["way"] = json!({ "mode": "644", "policy": "managed", "text": "x\n" });
    place.write("repo/.boatyard/base.json", &entries.to_string());
    run(&place, &["update", "--cache", "none"]).done();
    assert_eq!(fs::read_to_string(place.path("outside/secret")).expect("text"), "x\n");
}

/// What an interrupted run would leave that was about to write this file.
fn journal_that_writes(path: &str) -> String {
    let new = json!({ "bytes": 7, "executable": false });
    let steps = json!({ "format": 1, "undo": false, "steps": [{ "path": path, "old": null, "new": new }] });
    format!("{steps}\ngotcha\n")
}

#[test]
fn a_damaged_journal_is_refused() {
    let whole = journal_that_writes("x");
    let cases = [
        String::new(),
        whole.replace('\n', ""),
        whole.replace("\"format\":1", "\"format\":2"),
        whole.replace("\"bytes\":7", "\"bytes\":8"),
        whole.replace("\"bytes\":7", "\"bytes\":6"),
        format!("{whole}x"),
    ];
    let told = "error: `repo/.boatyard/journal/running` is damaged\n\
                hint: restore the repository from git, then remove `repo/.boatyard/journal/running`\n";
    let place = Place::new();
    let before = generated(&place);
    for text in cases {
        place.write("repo/.boatyard/journal/running", &text);
        run(&place, &["update"]).gave(2, "", told);
    }
    // Nor is a link followed, to a file that never ends.
    let running = place.path("repo/.boatyard/journal/running");
    fs::remove_file(&running).expect("it was there");
    std::os::unix::fs::symlink("/dev/zero", &running).expect("a link");
    run(&place, &["update"]).gave(2, "", told);
    fs::remove_file(&running).expect("it is still there");
    assert_eq!(files(&place), before);
}

#[test]
fn a_journal_cannot_reach_out_either() {
    for path in BAD.iter().filter(|path| RelPath::parse(path).is_err()) {
        let place = Place::new();
        generated(&place);
        place.write("repo/.boatyard/journal/running", &journal_that_writes(path));
        let out = run(&place, &["update"]);
        assert_eq!(out.code, Some(2), "{path}: {}", out.stderr);
        assert!(!place.path("outside").exists());
    }
    let place = Place::new();
    generated(&place);
    place.dir("outside");
    std::os::unix::fs::symlink("../outside", place.path("repo/way")).expect("a link");
    place.write("repo/.boatyard/journal/running", &journal_that_writes("way/x"));
    assert!(pending(&place.path("repo")));
    let out = run(&place, &["update"]);
    assert_eq!(out.code, Some(74), "{}", out.stderr);
    assert!(place.tree("outside").is_empty());
    let root = place.path("repo");
    assert!(Journal::open(&root, &System).is_ok_and(|journal| journal.roll_forward().is_ok()));
}

/// What is generated over them.
static WANTED: LazyLock<Wanted> = LazyLock::new(|| Wanted::new(answers(catalog(), &[]), catalog()).expect("a plan"));

fn found() -> impl Strategy<Value = Found> {
    prop_oneof![
        Just(Found::Absent),
        Just(Found::Other("a directory")),
        (prop::collection::vec(any::<u8>(), 0..40), any::<bool>()).prop_map(|(bytes, executable)| Found::File {
            bytes,
            executable: Some(executable)
        }),
        "\\PC{0,40}\n?".prop_map(|text| Found::File {
            bytes: text.into_bytes(),
            executable: Some(false)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(std::env::var("CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64))
    })]

    /// Any base over any disk: an update decides something for every path, and writes nowhere else.
    #[test]
    fn any_base_and_any_disk_are_decided(
        entries in prop::collection::vec((prop::sample::select(vec!["README.md", "package.json", "compose.yaml", "go.mod", "x/y", "x", "Makefile"]), "\\PC{0,30}\n?", prop::sample::select(vec!["current", "deleted", "orphan", "yours"]), any::<bool>()), 0..6),
        disk in prop::collection::vec(found(), 7),
        which in 0_usize..4,
    ) {
        let files: serde_json::Map<String, Value> = entries
            .iter()
            .map(|(path, text, state, seed)| {
                let policy = if *seed { "seed" } else { "managed" };
                (path.to_string(), json!({ "mode": "755", "policy": policy, "id": "x", "state": state, "text": text }))
            })
            .collect();
        let text = json!({ "format": 2, "boatyard": "0.1.0", "answers": {}, "files": files }).to_string();
        let base = Base::parse(&text).expect("a base");
        let catalog = catalog();
        let wanted = &*WANTED;
        let paths = wanted.paths(&base);
        let disk: BTreeMap<RelPath, Found> = paths.iter().cloned().zip(disk.into_iter().cycle()).collect();
        let rules = [OnConflict::Markers, OnConflict::Diff3, OnConflict::Keep, OnConflict::Replace][which];
        let update = wanted.update(&base, &disk, catalog, rules);
        prop_assert!(update.edits.keys().all(|path| paths.contains(path)));
        prop_assert!(update.changes.iter().all(|change| paths.contains(&change.path)));
        // What is no file is never written over.
        prop_assert!(update.edits.keys().all(|path| !matches!(disk[path], Found::Other(_)) || path.as_str() == ".boatyard/base.json" || path.as_str() == "boatyard.json"));
    }
}
