//! Outputs that stand at another path now: the user's edits go with them.

use std::collections::BTreeMap;

use boatyard::engine::base::{Entry, Files};
use boatyard::engine::merge::{Edit, OnConflict, Rules, update};
use boatyard::engine::tree::{File, Found, Policy, RelPath};

use super::labels;

fn path(text: &str) -> RelPath {
    RelPath::parse(text).expect("a path")
}

/// What stands in three trees of paths, as `path=text` words; the entries' ids are given before a `#`.
fn tree(cells: &str) -> Vec<(String, RelPath, String)> {
    cells
        .split_whitespace()
        .map(|cell| {
            let (place, text) = cell.split_once('=').expect("path=text");
            let (id, place) = place.split_once('#').unwrap_or((place, place));
            (id.to_owned(), path(place), text.replace('_', "\n") + "\n")
        })
        .collect()
}

fn files(cells: &str) -> Files {
    tree(cells)
        .into_iter()
        .map(|(id, path, text)| (path, Entry::new(File::new(text, Policy::Managed), id)))
        .collect()
}

/// base | disk | new | changes | disk afterwards
const MOVES: &[[&str; 5]] = &[
    ["x#old=b", "old=b", "x#new=b", "move new<old", "new=b"],
    ["x#old=b", "old=b", "x#new=n", "move new<old", "new=n"],
    ["x#old=b", "old=mine", "x#new=b", "move new<old", "new=mine"],
    [
        "x#old=a_b_c_d",
        "old=a_b_c_m",
        "x#new=n_b_c_d",
        "move new<old",
        "new=n_b_c_m",
    ],
    [
        "x#old=b",
        "old=mine",
        "x#new=n",
        "conflict new<old",
        "new=<<<<<<< yours_mine_=======_n_>>>>>>> boatyard",
    ],
    ["x#old=b", "", "x#new=n", "keep new", ""],
    // Somebody moved it already.
    ["x#old=b", "new=b", "x#new=n", "update new", "new=n"],
    ["x#old=b", "new=mine", "x#new=b", "keep new", "new=mine"],
    // Something else stands there.
    [
        "x#old=b",
        "old=b new=mine",
        "x#new=n",
        "keep new, delete old",
        "new=mine",
    ],
    [
        "x#old=b",
        "old=edit new=mine",
        "x#new=n",
        "keep new, keep old",
        "new=mine old=edit",
    ],
    // Two files change places.
    [
        "x#one=1 y#two=2",
        "one=1 two=2",
        "x#two=1 y#one=2",
        "update one, update two",
        "one=2 two=1",
    ],
    // One id twice is none.
    [
        "x#old=b x#other=c",
        "old=b other=c",
        "x#new=n",
        "create new, delete old, delete other",
        "new=n",
    ],
    ["#old=b", "old=b", "x#new=b", "create new, delete old", "new=b"],
];

#[test]
fn moves_carry_edits() {
    for [base, disk, new, told, after] in MOVES {
        let mut here: BTreeMap<RelPath, Vec<u8>> = tree(disk)
            .into_iter()
            .map(|(_, path, text)| (path, text.into_bytes()))
            .collect();
        let found = here
            .iter()
            .map(|(path, bytes)| {
                let file = Found::File {
                    bytes: bytes.clone(),
                    executable: Some(false),
                };
                (path.clone(), file)
            })
            .collect();
        let rules = Rules {
            on_conflict: OnConflict::Markers,
            labels: labels(),
        };
        let update = update(&files(base), &found, &files(new), &rules, |_| {
            ("base".into(), BTreeMap::new())
        });
        let changes: Vec<String> = update
            .changes
            .iter()
            .map(|change| {
                let from = change.from.as_ref().map(|from| format!("<{from}")).unwrap_or_default();
                format!("{} {}{from}", change.action.word(), change.path)
            })
            .collect();
        assert_eq!(changes.join(", "), *told, "{base} | {disk} | {new}");
        for (path, edit) in update.edits {
            match edit {
                Edit::Write(content) => here.insert(path, content.bytes),
                Edit::Remove => here.remove(&path),
            };
        }
        let left: Vec<String> = here
            .iter()
            .map(|(path, bytes)| {
                format!(
                    "{path}={}",
                    String::from_utf8_lossy(bytes).trim_end().replace('\n', "_")
                )
            })
            .collect();
        assert_eq!(left.join(" "), *after, "{base} | {disk} | {new}");
    }
}
