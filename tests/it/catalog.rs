//! The catalog as a whole: templates keep to the rules, slots meet, and a broken catalog is told what is broken.

use std::collections::{BTreeMap, BTreeSet};

use boatyard::engine::catalog::Catalog;
use boatyard::engine::error::Error;

use crate::golden::catalog;

/// `slot("name")` in a template.
fn slots_used(text: &str) -> Vec<String> {
    text.split("slot(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}

/// What stands between `{{%` and `%}}`, and between `{{{` and `}}}`.
fn code(text: &str) -> Vec<&str> {
    let between = |open: &'static str, close: &'static str| {
        text.split(open)
            .skip(1)
            .filter_map(move |rest| rest.split(close).next())
    };
    between("{{%", "%}}").chain(between("{{{", "}}}")).collect()
}

#[test]
fn templates_decide_little() {
    for (path, text) in &catalog().templates {
        // Every second piece between quotes is text, not code.
        let bare = |code: &str| code.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        let words = |code: &str| bare(code).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let all: Vec<Vec<String>> = code(text).into_iter().map(words).collect();
        let ifs = all.iter().flatten().filter(|word| *word == "if").count();
        assert!(
            ifs <= 3,
            "`templates/{path}` has {ifs} `if`: a fact or a plan field is missing"
        );
        for banned in ["elif", "and", "or"] {
            assert!(
                !all.iter().flatten().any(|word| word == banned),
                "`templates/{path}` uses `{banned}`: the plan lacks a field"
            );
        }
        assert!(
            !text.contains("-%}}") && !text.contains("{{%-"),
            "`templates/{path}` trims by hand; trim_blocks does that"
        );
        assert!(!text.contains('\r'), "`templates/{path}` has CRLF line ends");
    }
}

#[test]
fn every_slot_is_filled_and_every_part_is_used() {
    let catalog = catalog();
    let used: BTreeSet<String> = catalog.templates.values().flat_map(|text| slots_used(text)).collect();
    let filled: BTreeSet<String> = catalog
        .templates
        .keys()
        .filter_map(|path| Some(path.rsplit_once("/parts/")?.1.strip_suffix(".j2")?.to_owned()))
        .collect();
    assert_eq!(
        used, filled,
        "left: slots that templates ask for; right: parts that exist"
    );
}

#[test]
fn every_version_is_used() {
    let catalog = catalog();
    let texts: String = catalog.templates.values().map(String::as_str).collect();
    let components = catalog.components.values().chain(std::iter::once(&catalog.base));
    for component in components {
        for facts in std::iter::once(&component.facts).chain(component.with.values()) {
            let own = serde_json::to_string(facts).expect("facts are JSON");
            for version in &facts.versions {
                // Packages reach the package manager's file as a list, images of services through the service.
                let listed =
                    version.scope.is_some() || facts.services.iter().any(|service| service.version == version.id);
                assert!(
                    listed
                        || texts.contains(&format!("[\"{}\"]", version.id))
                        || texts.contains(&format!("versions.{}", version.id))
                        || own.contains(&format!("version.{} }}", version.id)),
                    "nothing uses the version `{}`",
                    version.id
                );
            }
        }
    }
}

const AXES: &str = r#"{"axes":[{"id":"language","question":"?","about":"a","default":"x","components":["x"]}]}"#;
const BASE: &str = r#"{"title":"b","about":"b"}"#;

/// A component `language/x` with these members beside title and about, a template path, and what the catalog says of it.
const BROKEN: &[(&str, &str, &str)] = &[
    ("", "base/files/a", "`templates/base/files/a`: does not end in `.j2`"),
    ("", "base/a.j2", "`templates/base/a.j2`: stands in no layer"),
    (
        "",
        "language/y/files/a.j2",
        "`templates/language/y/files/a.j2`: belongs to no component",
    ),
    (
        "",
        "base/with/cache.redis/files/a.j2",
        "`templates/base/with/cache.redis/files/a.j2`: stands in a `with/` that names nothing",
    ),
    (
        "",
        "base/other/a.j2",
        "`templates/base/other/a.j2`: is neither in `files/`, `seed/` nor `parts/`",
    ),
    (
        "",
        "base/files/.git/hooks/x.j2",
        "`templates/base/files/.git/hooks/x.j2`: enters `.git`",
    ),
    (
        "",
        "base/files/../../x.j2",
        "`templates/base/files/../../x.j2`: holds `.` or `..`",
    ),
    (
        r#","with":{"cache.redis":{}}"#,
        "base/files/a.j2",
        "`stacks/language/x.json`: `with` names `cache.redis`, which nothing is",
    ),
    (
        r#","conflicts":["cache.redis"]"#,
        "base/files/a.j2",
        "`stacks/language/x.json`: `conflicts` names `cache.redis`, which nothing is",
    ),
    (
        r#","facts":{"versions":[{"id":"v","kind":"runtime","name":"n","version":"1","source":" ","checked":"today"}]}"#,
        "base/files/a.j2",
        "`stacks/language/x.json`: the version `v` lacks source, checked (YYYY-MM-DD), eol",
    ),
    (
        r#","facts":{"versions":[{"id":"v","kind":"action","name":"n","version":"1","sha":"v7","source":"s","checked":"2026-11-21"}]}"#,
        "base/files/a.j2",
        "`stacks/language/x.json`: the version `v` lacks sha (40 hex digits)",
    ),
    (
        r#","options":[{"id":"o","about":"a","kind":"choice","values":["a"],"default":"b"}]"#,
        "base/files/a.j2",
        "`stacks/language/x.json`: the option `o` needs `values` that hold its default",
    ),
    (
        r#","options":[{"id":"language","about":"a","kind":"text","default":"b"}]"#,
        "base/files/a.j2",
        "`stacks/language/x.json`: the option `language` is declared twice",
    ),
    (
        r#","signs":[{"kind":"smell","names":["x"],"points":1}]"#,
        "base/files/a.j2",
        "`stacks/language/x.json`: a sign is of the kind `smell`, which no place gives",
    ),
];

#[test]
fn a_broken_catalog_says_what_is_broken() {
    for (members, template, message) in BROKEN {
        let component = format!(r#"{{"title":"x","about":"x"{members}}}"#);
        let stacks = [
            ("axes.json", AXES),
            ("base.json", BASE),
            ("language/x.json", component.as_str()),
        ];
        let Err(Error::Bug(problems)) = Catalog::load(stacks, [(*template, "text")]) else {
            panic!("accepted: {members} {template}")
        };
        let found: BTreeMap<_, _> = problems.iter().map(|problem| (problem.message.as_str(), ())).collect();
        assert!(found.contains_key(message), "wanted {message}\nfound {problems:#?}");
    }
}

#[test]
fn a_stack_file_that_does_not_parse_is_named() {
    let load =
        |path: &str, text: &str| match Catalog::load([("axes.json", AXES), ("base.json", BASE), (path, text)], []) {
            Err(Error::Bug(problems)) => problems[0].message.clone(),
            other => panic!("{other:?}"),
        };
    assert_eq!(
        load("language/x.json", "{"),
        "`stacks/language/x.json`: EOF while parsing an object at line 1 column 1"
    );
    assert!(
        load("language/x.json", r#"{"title":"x","about":"x","fact":{}}"#)
            .starts_with("`stacks/language/x.json`: unknown field `fact`")
    );
    let component = r#"{"title":"x","about":"x"}"#;
    let place = r#"{"skip":[],"places":[{"kind":"name","beside":"language.z","files":["x"]}]}"#;
    let stacks = [
        ("axes.json", AXES),
        ("base.json", BASE),
        ("language/x.json", component),
        ("places.json", place),
    ];
    let Err(Error::Bug(problems)) = Catalog::load(stacks, []) else {
        panic!("accepted")
    };
    assert_eq!(
        problems[0].message,
        "`stacks/places.json`: `beside` names `language.z`, which nothing is"
    );
    assert_eq!(
        load("language/y.toml", ""),
        "`stacks/language/y.toml` is no `.json` file"
    );
    assert_eq!(
        load("cache/z.json", BASE),
        "`stacks/axes.json` offers `language.x`, which has no file"
    );
}
