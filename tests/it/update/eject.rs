//! `eject` leaves plain files, every edit, and no trace.

use std::fs;

use super::{different, edit, files, run, text};
use crate::golden::catalog;
use crate::support::Place;

#[test]
fn nothing_speaks_of_boatyard_afterwards() {
    let languages = &catalog().axis("language").expect("an axis").components;
    assert!(languages.len() > 2);
    for language in languages {
        let place = Place::new();
        let args = [
            "new",
            "repo",
            "--name",
            "Orders",
            "--yes",
            "--no-lock",
            "--no-git",
            "--language",
            language,
        ];
        place.run(args).go().done();
        edit(&place, "Makefile", "\n", "\n# Ours.\n");
        let before = files(&place);
        let dry = run(&place, &["eject", "--dry-run"]).done();
        assert_eq!(files(&place), before);
        let out = run(&place, &["eject"]).done();
        assert_eq!(
            out.stderr.replace("in `repo`", "would be in `repo`"),
            dry.stderr,
            "{language}"
        );
        assert!(!place.path("repo/.boatyard").exists());
        let after = files(&place);
        for (path, bytes) in &after {
            let text = String::from_utf8_lossy(bytes).to_lowercase();
            assert!(!text.contains("boatyard"), "{language}: `{path}` speaks of it");
        }
        assert!(text(&place, "Makefile").contains("# Ours."));
        // Only what spoke of it is different, and parses as before.
        let changed = different(&before, &after);
        assert!(changed.len() < 9, "{changed:?}");
        for path in &changed {
            if let Some(bytes) = after.get(path) {
                let text = String::from_utf8(bytes.clone()).expect("text");
                crate::combinations::parse(path, &text).unwrap_or_else(|problem| panic!("{path}: {problem}"));
                assert!(
                    text.ends_with('\n') && !text.ends_with("\n\n") && !text.contains("\n\n\n"),
                    "{path}:\n{text}"
                );
            }
        }
        let out = run(&place, &["status"]);
        assert_eq!(out.code, Some(2), "{}", out.stderr);
    }
}

#[test]
fn what_is_behind_is_updated_first() {
    let place = Place::new();
    super::generated(&place);
    edit(&place, "boatyard.json", "\"redis\"", "\"none\"");
    let before = files(&place);
    run(&place, &["eject"]).gave(
        2,
        "",
        "error: the repository is not up to date, and nothing updates it once it is ejected\nhint: `boatyard update` first\n",
    );
    assert_eq!(files(&place), before);
}

#[test]
fn a_killed_eject_is_ended_by_the_next() {
    let place = Place::new();
    super::generated(&place);
    run(&place, &["update"]).done();
    // What a run leaves that is killed when only its journal is left.
    fs::remove_file(place.path("repo/boatyard.json")).expect("removed");
    fs::remove_file(place.path("repo/.boatyard/base.json")).expect("removed");
    run(&place, &["eject"]).gave(0, "", "");
    assert!(!place.path("repo/.boatyard").exists());
}
