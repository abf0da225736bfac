//! Whole rendered repositories, the plan behind each, and one diff for each component: documentation and golden in one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use boatyard::engine::base::BASE_PATH;
use boatyard::engine::catalog::{Axis, Catalog};
use boatyard::engine::draft::{Draft, Source};
use boatyard::engine::repository;
use boatyard::engine::resolve::VERSION;
use boatyard::engine::tree::Tree;
use similar::TextDiff;

use crate::golden::{answers, catalog, golden, root, updating};

/// The files of a directory by path below it, `/` between parts.
fn on_disk(directory: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path
                    .strip_prefix(directory)
                    .expect("below")
                    .to_string_lossy()
                    .replace('\\', "/");
                found.insert(name, fs::read_to_string(&path).expect("examples are text"));
            }
        }
    }
    found
}

fn examples() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(root().join("examples"))
        .expect("examples")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    all.sort();
    assert!(all.len() >= 2, "examples are gone");
    all
}

#[test]
fn examples_are_what_their_answers_give() {
    let catalog = catalog();
    for example in examples() {
        let text = fs::read_to_string(example.join("answers.json")).expect("answers.json");
        let values = serde_json::from_str(&text).expect("answers.json is an object");
        let (draft, problems) = Draft::read(
            &[Source {
                origin: "answers.json".into(),
                values,
            }],
            catalog,
            VERSION,
        );
        assert_eq!(problems, []);
        let answers = draft.complete(catalog).expect("complete answers");
        let (plan, tree) = repository::generate(&answers, catalog).expect("generate");
        let name = example.file_name().expect("a name").to_string_lossy().into_owned();
        golden(
            &root().join(format!("tests/golden/plan/{name}.json")),
            &format!("{}\n", serde_json::to_string_pretty(&plan).expect("a plan is JSON")),
        );
        compare(&example.join("tree"), tree);
    }
}

/// The exact set of paths and the exact text of each; the base file only repeats them.
fn compare(directory: &Path, mut tree: Tree) {
    tree.retain(|path, _| path.as_str() != BASE_PATH);
    let wanted: BTreeSet<String> = tree.keys().map(ToString::to_string).collect();
    for (path, file) in &tree {
        golden(&directory.join(path.as_str()), &file.text);
    }
    for path in on_disk(directory).into_keys().filter(|path| !wanted.contains(path)) {
        if updating() {
            fs::remove_file(directory.join(&path)).expect("remove what is generated no longer");
        } else {
            panic!(
                "`{}/{path}` is generated no longer; `UPDATE=1 cargo test` removes it",
                directory.display()
            );
        }
    }
}

/// What choosing this component changes in the default repository, or in the one nearest to it that has the axis.
fn difference(catalog: &Catalog, axis: &Axis, id: &str) -> String {
    let beside = axis.when.iter().map(|(other, ids)| (other.as_str(), ids[0].as_str()));
    let beside: Vec<(&str, &str)> = beside.collect();
    let tree = |pairs: &[(&str, &str)]| {
        let (_, tree) = repository::generate(&answers(catalog, pairs), catalog).expect("generate");
        tree.into_iter()
            .filter(|(path, _)| path.as_str() != BASE_PATH)
            .map(|(path, file)| (path.to_string(), file.text))
            .collect::<BTreeMap<_, _>>()
    };
    let (before, after) = (tree(&beside), tree(&[&beside[..], &[(&axis.id, id)]].concat()));
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut text = String::new();
    for path in paths {
        match (before.get(path), after.get(path)) {
            (Some(_), None) => text.push_str(&format!("gone {path}\n")),
            (None, Some(new)) => text.push_str(&format!("new {path} ({} lines)\n", new.lines().count())),
            (Some(old), Some(new)) if old != new => {
                let diff = TextDiff::from_lines(old, new);
                text.push_str(&diff.unified_diff().context_radius(1).header(path, path).to_string());
            }
            _ => {}
        }
    }
    text
}

#[test]
fn each_component_changes_what_its_golden_says() {
    let catalog = catalog();
    for axis in &catalog.axes {
        for id in axis.components.iter().filter(|id| **id != axis.default) {
            golden(
                &root().join(format!("tests/golden/component/{}.{id}.diff", axis.id)),
                &difference(catalog, axis, id),
            );
        }
    }
}
