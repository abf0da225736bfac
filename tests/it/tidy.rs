//! The house rules that a machine can hold.

use std::fs;
use std::path::PathBuf;

use crate::golden::root;

/// Every file below `folder` whose name ends so, with its text.
fn texts(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut open: Vec<PathBuf> = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        for path in fs::read_dir(&next)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
        {
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let name = path.strip_prefix(root()).expect("below the root").display().to_string();
                found.push((name, fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_engine_knows_nothing_of_the_world() {
    let files = texts("src/engine", ".rs");
    assert!(files.len() > 10);
    let banned = [
        "std::fs",
        "std::env",
        "std::process",
        "std::net",
        "std::time",
        "std::thread",
        "crate::shell",
        "inquire",
        "console::",
        "include_dir",
        "println!",
        ".unwrap()",
        ".expect(",
        "panic!",
    ];
    for (path, text) in files {
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            for word in banned {
                assert!(!line.contains(word), "{path}:{}: the engine uses `{word}`", number + 1);
            }
        }
    }
}

#[test]
fn one_file_knows_each_library() {
    for (word, home) in [
        ("inquire", "src/shell/wizard"),
        ("include_dir", "src/shell/embedded.rs"),
        ("use console", "src/shell/report.rs"),
        ("std::fs", "src/shell/disk"),
        ("std::process::Command", "src/shell/after"),
        ("minijinja", "src/engine/render"),
        ("jsonc_parser", "src/engine/merge/structured/json.rs"),
        ("toml_parser", "src/engine/merge/structured/toml.rs"),
        ("saphyr_parser", "src/engine/merge/structured/yaml.rs"),
    ] {
        for (path, text) in texts("src", ".rs") {
            let uses = text
                .lines()
                .any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            assert!(
                !uses || path.starts_with(home),
                "{path} uses `{word}`, which only {home} knows"
            );
        }
    }
}

#[test]
fn files_stay_small() {
    for folder in ["src", "xtask/src", "tests/it"] {
        for (path, text) in texts(folder, ".rs") {
            assert!(
                text.lines().count() <= 400,
                "{path} has {} lines: split it by noun",
                text.lines().count()
            );
        }
    }
}

#[test]
fn nothing_is_left_over() {
    // Spelled in halves, or this file would find itself.
    let banned = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["HA", "CK"],
        ["todo", "!"],
        ["unimplemented", "!"],
        ["dbg", "!"],
    ]
    .map(|halves| halves.concat());
    for folder in ["src", "xtask/src", "templates", "stacks", "tests/it", "examples"] {
        for (path, text) in texts(folder, "") {
            for word in &banned {
                assert!(!text.contains(word.as_str()), "{path} holds `{word}`");
            }
        }
    }
}

#[test]
fn the_repository_speaks_of_the_product_alone() {
    let banned = [
        ["registry.npm", "js.org"],
        ["pypi", ".org"],
        ["proxy.go", "lang.org"],
        ["crates", ".io/"],
        ["/wo", "rk/"],
        ["deb.debian", ".org"],
    ]
    .map(|halves| halves.concat());
    for folder in [
        "src",
        "xtask",
        "templates",
        "stacks",
        "tests",
        "examples",
        "docs",
        ".github",
        ".ci",
    ] {
        // A uv.lock tells the index of every package, which is the public one.
        for (path, text) in texts(folder, "")
            .into_iter()
            .filter(|(path, _)| !path.contains("/target/") && !path.ends_with("uv.lock"))
        {
            for word in &banned {
                assert!(!text.contains(word.as_str()), "{path} names `{word}`");
            }
        }
    }
}

#[test]
fn generated_files_suppress_no_validator() {
    let banned = [
        "checkov:skip",
        "hadolint ignore",
        "shellcheck disable",
        "zizmor: ignore",
        "tflint-ignore",
        "trivy:ignore",
        "tfsec:ignore",
        "dclint-disable",
        "yamllint disable",
        "biome-ignore",
        "eslint-disable",
        "@ts-ignore",
        "@ts-expect-error",
        "noqa",
        "type: ignore",
        "nolint",
        "nosec",
        "markdownlint-disable",
        "gitleaks:allow",
        "v8 ignore",
        "pragma: no cover",
    ];
    for (path, text) in texts("templates", "") {
        for word in banned {
            assert!(!text.contains(word), "{path} suppresses a validator: `{word}`");
        }
    }
}

#[test]
fn readme_and_changelog_are_kept() {
    let text = |name: &str| fs::read_to_string(root().join(name)).unwrap_or_default();
    assert!(
        text("README.md").contains("cargo run --release -- new"),
        "README.md lacks the main job"
    );
    assert!(text("README.md").contains("cargo test"), "README.md lacks the tests");
    assert!(
        text("CHANGELOG.md").contains("## Unreleased"),
        "CHANGELOG.md has no `Unreleased`"
    );
}
