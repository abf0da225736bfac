//! A path inside a project cannot point outside it.

use std::path::{Component, Path};

use boatyard::engine::tree::RelPath;
use proptest::prelude::*;

const ACCEPTED: &[&str] = &[
    "a",
    "a/b.ts",
    ".github/workflows/ci.yml",
    ".env.example",
    "a b/c",
    "src/größe.md",
    ".gitignore",
    "console/x",
];

const REFUSED: &[&str] = &[
    "",
    "/",
    "/etc/passwd",
    "..",
    "../x",
    "a/../../x",
    "a/./b",
    "./a",
    "a//b",
    "a/",
    "C:/x",
    "c:x",
    "a\\b",
    "\\\\host\\share",
    "a\0b",
    "a\nb",
    "con",
    "src/NUL.txt",
    "com1",
    "lpt9.log",
    "a./b",
    "a /b",
    ".git/hooks/pre-commit",
    "x/.GIT/config",
    ".git",
    "a:b",
    "a*b",
    "a?b",
    "a|b",
];

#[test]
fn paths_by_construction() {
    for path in ACCEPTED {
        assert_eq!(
            RelPath::parse(path).map(|p| p.as_str().to_owned()),
            Ok((*path).to_owned()),
            "{path:?}"
        );
    }
    for path in REFUSED {
        assert!(RelPath::parse(path).is_err(), "{path:?} was accepted");
    }
    assert!(RelPath::parse(&"a/".repeat(600)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn no_path_leaves_the_project(path in "[a-zA-Z./\\\\: \\x00~-]{0,24}") {
        if let Ok(path) = RelPath::parse(&path) {
            let parts: Vec<_> = Path::new(path.as_str()).components().collect();
            prop_assert!(parts.iter().all(|part| matches!(part, Component::Normal(_))));
            prop_assert!(Path::new("/root").join(path.as_str()).starts_with("/root"));
        }
    }
}
