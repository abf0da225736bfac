//! The decision table of `docs`: each row is what was generated, what is there, what is generated now, and what comes of it.

use std::collections::BTreeMap;

use boatyard::engine::base::{Entry, Files, State};
use boatyard::engine::change::{Action, Reason};
use boatyard::engine::merge::{Edit, OnConflict, Rules, Update, update};
use boatyard::engine::tree::{File, Found, Policy, RelPath};

use super::labels;

fn path(text: &str) -> RelPath {
    RelPath::parse(text).expect("a path")
}

/// `text`, `seed:text`, `program:text`, and behind it `@deleted`, `@orphan`, `@yours`, `@instead`; `-` for none.
fn entry(cell: &str) -> Option<Entry> {
    if cell == "-" {
        return None;
    }
    let (cell, state) = match cell.split_once('@') {
        Some((cell, "deleted")) => (cell, State::Deleted),
        Some((cell, "orphan")) => (cell, State::Orphan),
        Some((cell, "yours")) => (cell, State::Yours),
        Some((cell, "instead")) => (cell, State::Instead),
        _ => (cell, State::Current),
    };
    let (text, policy, executable) = match cell.split_once(':') {
        Some(("seed", text)) => (text, Policy::Seed, false),
        Some(("program", text)) => (text, Policy::Managed, true),
        _ => (cell, Policy::Managed, false),
    };
    let file = File {
        text: text.replace(' ', "\n") + "\n",
        executable,
        policy,
    };
    Some(Entry {
        file,
        id: "base:file".into(),
        state,
    })
}

/// `text`, `program:text`, `bytes` for what is no text, `link` and `folder`; `-` for nothing.
fn found(cell: &str) -> Found {
    let file = |bytes: &[u8], executable| Found::File {
        bytes: bytes.to_vec(),
        executable: Some(executable),
    };
    match cell {
        "-" => Found::Absent,
        "bytes" => file(b"\xff\xfe\0", false),
        "link" => Found::Other("a symbolic link"),
        "folder" => Found::Other("a directory"),
        _ => match cell.strip_prefix("program:") {
            Some(text) => file((text.replace(' ', "\n") + "\n").as_bytes(), true),
            None => file((cell.replace(' ', "\n") + "\n").as_bytes(), false),
        },
    }
}

fn shown(entry: Option<&Entry>) -> String {
    let Some(entry) = entry else { return "-".into() };
    let kind = match (entry.file.policy, entry.file.executable) {
        (Policy::Seed, _) => "seed:",
        (_, true) => "program:",
        _ => "",
    };
    let state = match entry.state {
        State::Current => "",
        State::Deleted => "@deleted",
        State::Orphan => "@orphan",
        State::Yours => "@yours",
        State::Instead => "@instead",
    };
    format!("{kind}{}{state}", entry.file.text.trim_end().replace('\n', " "))
}

fn run(base: &str, disk: &str, new: &str, on_conflict: OnConflict) -> Update {
    let files = |cell| {
        entry(cell)
            .map(|entry| (path("file"), entry))
            .into_iter()
            .collect::<Files>()
    };
    let disk = BTreeMap::from([(path("file"), found(disk))]);
    let rules = Rules {
        on_conflict,
        labels: labels(),
    };
    update(&files(base), &disk, &files(new), &rules, |_| {
        ("base".into(), BTreeMap::new())
    })
}

/// base | disk | new | action and reason | written | next base
const ROWS: &[[&str; 6]] = &[
    // Nothing was generated before.
    ["-", "-", "n", "create new", "n", "n"],
    ["-", "n", "n", "adopt same", "", "n"],
    ["-", "mine", "n", "keep yours", "", "n@yours"],
    ["-", "program:n", "n", "keep yours", "", "n@yours"],
    ["-", "bytes", "n", "keep yours", "", "n@yours"],
    ["-", "link", "n", "keep yours", "", "n@yours"],
    ["-", "folder", "n", "keep yours", "", "n@yours"],
    // A file of another name does the same.
    ["b@instead", "-", "b", "unchanged instead", "", "b@instead"],
    ["b@instead", "-", "n", "keep instead", "", "n@instead"],
    ["b@instead", "-", "-", "unchanged instead", "", "b@instead"],
    ["b@instead", "mine", "n", "keep yours", "", "n@yours"],
    ["b@instead", "n", "n", "adopt same", "", "n"],
    // As generated.
    ["b", "b", "b", "unchanged same", "", "b"],
    ["b", "b", "n", "update changed", "n", "n"],
    ["b", "b", "program:b", "update changed", "program:b", "program:b"],
    ["b", "b", "-", "delete obsolete", "gone", "-"],
    // Edited.
    ["b", "mine", "b", "keep edited", "", "b"],
    ["b", "program:b", "b", "keep edited", "", "b"],
    ["b", "n", "n", "adopt included", "", "n"],
    [
        "a b c d e",
        "a b c d mine",
        "n b c d e",
        "merge both",
        "n b c d mine",
        "n b c d e",
    ],
    [
        "a b c",
        "program:a b c",
        "n b c",
        "merge both",
        "program:n b c",
        "n b c",
    ],
    [
        "a b c",
        "a mine b c",
        "a n b c",
        "conflict overlap",
        "a <<<<<<< yours mine ======= n >>>>>>> boatyard b c",
        "a n b c",
    ],
    ["a b c d", "n b c mine", "n b c d", "keep included", "", "n b c d"],
    ["b", "bytes", "n", "conflict unmergeable", "", "n"],
    ["b", "link", "n", "conflict obstructed", "", "n"],
    ["b", "folder", "n", "conflict obstructed", "", "n"],
    ["b", "link", "b", "keep edited", "", "b"],
    ["b", "mine", "-", "keep orphaned", "", "b@orphan"],
    ["b", "link", "-", "keep orphaned", "", "b@orphan"],
    ["b@orphan", "mine", "-", "unchanged orphaned", "", "b@orphan"],
    ["b@orphan", "b", "-", "delete obsolete", "gone", "-"],
    ["b@orphan", "mine", "b", "keep edited", "", "b"],
    [
        "a b c d@orphan",
        "a b c mine",
        "n b c d",
        "merge both",
        "n b c mine",
        "n b c d",
    ],
    // Deleted.
    ["b", "-", "b", "keep deleted", "", "b@deleted"],
    ["b", "-", "n", "keep deleted", "", "n@deleted"],
    ["b", "-", "-", "keep deleted", "", "b@deleted"],
    ["b@deleted", "-", "b", "unchanged deleted", "", "b@deleted"],
    ["b@deleted", "-", "n", "keep deleted", "", "n@deleted"],
    ["b@deleted", "-", "-", "unchanged deleted", "", "b@deleted"],
    ["b@deleted", "b", "n", "update changed", "n", "n"],
    ["b@deleted", "mine", "b", "keep edited", "", "b"],
    // The user's own.
    ["n@yours", "mine", "n", "unchanged yours", "", "n@yours"],
    ["n@yours", "mine", "m", "keep yours", "", "m@yours"],
    ["n@yours", "n", "n", "adopt same", "", "n"],
    ["n@yours", "-", "n", "create new", "n", "n"],
    ["n@yours", "mine", "-", "unchanged yours", "", "-"],
    // Seeds.
    ["-", "-", "seed:n", "create new", "n", "seed:n"],
    ["seed:b", "b", "seed:b", "unchanged same", "", "seed:b"],
    ["seed:b", "b", "seed:n", "update changed", "n", "seed:n"],
    ["seed:b", "b", "-", "delete obsolete", "gone", "-"],
    ["seed:b", "mine", "seed:b", "unchanged seeded", "", "seed:b"],
    ["seed:b", "mine", "seed:n", "keep seeded", "", "seed:b"],
    ["seed:b", "n", "seed:n", "adopt included", "", "seed:n"],
    ["seed:b", "mine", "-", "keep orphaned", "", "seed:b@orphan"],
    ["seed:b", "-", "seed:n", "keep deleted", "", "seed:b@deleted"],
    [
        "seed:b@deleted",
        "-",
        "seed:b",
        "unchanged deleted",
        "",
        "seed:b@deleted",
    ],
    // A file that changes hands.
    ["b", "mine", "seed:n", "keep seeded", "", "b"],
    [
        "seed:a b c d",
        "a b c mine",
        "n b c d",
        "merge both",
        "n b c mine",
        "n b c d",
    ],
];

fn check(rows: &[[&str; 6]], on_conflict: OnConflict) {
    for [base, disk, new, decided, written, next] in rows {
        let update = run(base, disk, new, on_conflict);
        let what = format!("{on_conflict:?}: {base} | {disk} | {new}");
        let change = &update.changes[0];
        let reason = serde_json::to_value(change.reason).expect("JSON");
        let told = format!("{} {}", change.action.word(), reason.as_str().expect("a word"));
        assert_eq!(told, *decided, "{what}");
        let edit = match update.edits.get(&path("file")) {
            None => String::new(),
            Some(Edit::Remove) => "gone".into(),
            Some(Edit::Write(content)) => {
                let text = String::from_utf8(content.bytes.clone()).expect("text");
                let mode = if content.executable { "program:" } else { "" };
                format!("{mode}{}", text.trim_end().replace('\n', " "))
            }
        };
        assert_eq!(edit, *written, "{what}");
        assert_eq!(shown(update.files.get(&path("file"))), *next, "{what}");
        assert_eq!(
            change.action.writes() && change.conflicts == 0,
            !edit.is_empty() && change.conflicts == 0,
            "{what}"
        );
        assert_eq!(change.action == Action::Conflict, change.conflicts > 0, "{what}");
        assert_eq!(change.reason == Reason::Overlap, !update.stages.is_empty(), "{what}");
        // The same update again finds nothing to do.
        if !matches!(*disk, "bytes" | "link" | "folder") && change.action != Action::Conflict {
            let after = match edit.as_str() {
                "gone" => "-",
                "" => disk,
                text => text,
            };
            let again = run(next, after, new, on_conflict);
            assert!(again.edits.is_empty(), "{what}: again");
            assert_eq!(shown(again.files.get(&path("file"))), *next, "{what}: again");
        }
    }
}

#[test]
fn every_row_of_the_table() {
    check(ROWS, OnConflict::Markers);
}

#[test]
fn rows_that_the_user_decides() {
    check(
        &[
            ["-", "mine", "n", "update replaced", "n", "n"],
            ["-", "bytes", "n", "update replaced", "n", "n"],
            ["-", "link", "n", "keep yours", "", "n@yours"],
            ["b", "bytes", "n", "update replaced", "n", "n"],
            ["b", "link", "n", "conflict obstructed", "", "n"],
            ["n@yours", "mine", "n", "update replaced", "n", "n"],
            ["a b c", "a mine b c", "a n b c", "merge replaced", "a n b c", "a n b c"],
            [
                "a b c d e f",
                "a mine b c d you",
                "n b c d e f",
                "merge replaced",
                "n b c d you",
                "n b c d e f",
            ],
            ["seed:b", "mine", "seed:n", "keep seeded", "", "seed:b"],
        ],
        OnConflict::Replace,
    );
    check(
        &[
            ["-", "mine", "n", "keep yours", "", "n@yours"],
            ["b", "bytes", "n", "keep unmergeable", "", "n"],
            ["b", "link", "n", "keep obstructed", "", "n"],
            ["a b c", "a mine b c", "a n b c", "keep included", "", "a n b c"],
            [
                "a b c d e f",
                "a mine b c d f",
                "a n b c d e g",
                "merge replaced",
                "a mine b c d f",
                "a n b c d e g",
            ],
        ][..4],
        OnConflict::Keep,
    );
    check(
        &[[
            "a b c",
            "a mine b c",
            "a n b c",
            "conflict overlap",
            "a <<<<<<< yours mine ||||||| before ======= n >>>>>>> boatyard b c",
            "a n b c",
        ]],
        OnConflict::Diff3,
    );
}
