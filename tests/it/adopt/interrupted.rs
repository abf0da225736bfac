//! An adoption that was killed is finished by the next run, whatever of it was written; two at once are one too many.

use std::fs;

use boatyard::shell::disk::journal::Journal;
use boatyard::shell::disk::ops::System;

use super::{files, lay, run};

#[test]
fn the_next_run_finishes_it() {
    let done = lay("chi-mongo");
    let before = files(&done);
    run(&done, &["adopt", "--yes"]).done();
    let after = files(&done);
    let added: Vec<&String> = after.keys().filter(|path| !before.contains_key(*path)).collect();
    // Everything was staged, and none, some or all of the files were written.
    for written in [0, 1, added.len() / 2, added.len()] {
        let place = lay("chi-mongo");
        let journal = fs::read_to_string(done.path("repo/.boatyard/journal/last")).expect("text");
        place.write("repo/.boatyard/journal/running", &journal);
        for path in added
            .iter()
            .filter(|path| **path != ".boatyard/base.json")
            .take(written)
        {
            let from = done.path("repo").join(path);
            place.write(&format!("repo/{path}"), "");
            fs::copy(from, place.path("repo").join(path)).expect("a file");
        }
        let torn = files(&place);
        run(&place, &["adopt", "--dry-run"]).gave(
            2,
            "",
            "error: an update of this repository was interrupted\nhint: `boatyard update` finishes it\n",
        );
        assert_eq!(files(&place), torn);
        run(&place, &["adopt"]).gave(0, "", "finished the adoption that an interrupted run had begun\n");
        assert_eq!(files(&place), after, "{written} files were written");
        run(&place, &["status"]).done();
    }
    // One that was killed while it staged wrote nothing that counts.
    let place = lay("chi-mongo");
    place.write("repo/.boatyard/journal/next", "{");
    run(&place, &["adopt", "--yes"]).done();
    assert_eq!(files(&place), after);
}

#[test]
fn two_at_once_are_one_too_many() {
    let place = lay("chi-mongo");
    let before = files(&place);
    let root = place.path("repo");
    let journal = Journal::open(&root, &System);
    assert!(journal.is_ok());
    let out = run(&place, &["adopt", "--yes"]);
    assert_eq!(out.code, Some(2));
    assert!(
        out.stderr
            .ends_with("error: another boatyard is updating `repo`\nhint: wait until it is done\n"),
        "{}",
        out.stderr
    );
    assert_eq!(files(&place), before);
}
