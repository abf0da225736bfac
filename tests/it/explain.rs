//! Why something is in a repository: exact answers for one of each kind.

use std::collections::BTreeMap;

use boatyard::engine::explain::explain;
use boatyard::engine::repository;

use crate::golden::{answers, catalog, golden, root};

/// One subject of each kind, and what does not exist.
const SUBJECTS: &[&str] = &[
    "compose.yaml",
    "./compose.yaml",
    ".boatyard/base.json",
    "boatyard.json",
    "src/platform/cache.ts",
    "src/items/routes.ts",
    "DATABASE_URL",
    "PORT",
    "fastify",
    "postgres",
    "test",
    "deploy",
    "metrics",
    "dockerfile",
    "DATABSE_URL",
    "no such thing",
];

#[test]
fn explanations_name_component_and_choices() {
    let catalog = catalog();
    let (plan, _) = repository::generate(&answers(catalog, &[]), catalog).expect("generate");
    let mut text = String::new();
    for subject in SUBJECTS {
        let answer = match explain(subject, &plan) {
            Ok(found) => found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Err(problem) => problem.to_string(),
        };
        text.push_str(&format!("> {subject}\n{answer}\n\n"));
    }
    golden(&root().join("tests/golden/explain.txt"), &text);
}

/// A file is there because of its choices: change one of them and it is gone.
#[test]
fn reasons_are_true() {
    let catalog = catalog();
    let (plan, tree) = repository::generate(&answers(catalog, &[]), catalog).expect("generate");
    let without: BTreeMap<&str, &str> = [("database", "none"), ("cache", "none"), ("target", "none")].into();
    for (axis, other) in without {
        let (_, changed) = repository::generate(&answers(catalog, &[(axis, other)]), catalog).expect("generate");
        for output in plan.outputs.iter().filter(|output| tree.contains_key(&output.path)) {
            // Another layer may give the same path, with other content.
            assert!(
                !output.because.contains_key(axis) || changed.get(&output.path) != tree.get(&output.path),
                "`{}` says it is there because of `{axis}`, and is there without it",
                output.path
            );
        }
    }
}
