//! `update`, `diff` and `status`: as people run them, as laws, and with everything going wrong.
#![cfg(unix)]

mod answers;
mod asked;
mod commands;
mod copier;
mod eject;
mod faults;
mod git;
mod hostile;
mod laws;
mod life;
mod real;

use std::collections::BTreeMap;

use crate::support::Place;

/// A repository of Node, Postgres and Redis in `repo`.
pub fn generated(place: &Place) -> BTreeMap<String, Vec<u8>> {
    place
        .run(["new", "repo", "--name", "Orders", "--yes", "--no-lock", "--no-git"])
        .go()
        .done();
    files(place)
}

/// The repository's files, without what an update keeps for itself and without git's.
pub fn files(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let mut tree = place.tree("repo");
    tree.retain(|path, _| {
        !path.ends_with('/') && !path.starts_with(".boatyard/journal/") && !path.starts_with(".git/")
    });
    tree
}

/// Files whose content differs, and those that only one side has.
pub fn different(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut paths: Vec<String> = one
        .keys()
        .chain(other.keys())
        .filter(|path| one.get(*path) != other.get(*path))
        .cloned()
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// A run in the repository.
pub fn run(place: &Place, args: &[&str]) -> crate::support::Out {
    let args = [args, &["--project", "repo"]].concat();
    place.run(args).go()
}

/// Changes a text of the repository.
pub fn edit(place: &Place, path: &str, from: &str, to: &str) {
    let path = format!("repo/{path}");
    let text = std::fs::read_to_string(place.path(&path)).expect("text");
    assert!(text.contains(from), "`{path}` holds no `{from}`");
    place.write(&path, &text.replacen(from, to, 1));
}

/// A text of the repository.
pub fn text(place: &Place, path: &str) -> String {
    std::fs::read_to_string(place.path(&format!("repo/{path}"))).expect("text")
}
