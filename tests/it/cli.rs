//! The command line without a person: where answers come from, which one wins, what is written and printed.

use serde_json::{Value, json};

use crate::golden::catalog;
use crate::support::Place;

/// One component of each axis by its flags, as `new` wants them without `--yes`.
fn flags(place: &Place) -> Vec<String> {
    let out = place.run(["new", "any", "--yes", "--dry-run", "--json"]).go().done();
    let document: Value = serde_json::from_str(&out.stdout).expect("JSON");
    let words: Vec<String> = serde_json::from_value(document["equivalent"].clone()).expect("words");
    words[5..].to_vec()
}

#[test]
fn every_way_to_answer_gives_the_same_bytes() {
    let place = Place::new();
    let owner = json!({"team": "@acme/orders", "on_call": "orders-rota"});
    let environments = json!([{"id": "production", "class": "production", "domain": "orders.acme.test"}]);
    let mut values: Vec<(String, String)> = vec![("name".into(), "Acme Orders".into())];
    let axes = catalog().axes.len();
    let mut every_axis = catalog().combinations();
    every_axis.retain(|chosen| chosen.len() == axes);
    values.extend(every_axis.pop().expect("a combination with an answer on every axis"));
    values.push(("description".into(), "Takes \"orders\", and more".into()));
    values.push(("licence".into(), "MIT".into()));

    let set = |key: &str, value: &str| ["--set".to_owned(), format!("{key}={value}")];
    let nested = [
        set("owner.team", "@acme/orders"),
        set("owner.on_call", "orders-rota"),
        set("environments", &environments.to_string()),
    ]
    .concat();
    let mut by_flags = vec!["new".to_owned(), "flags".to_owned()];
    let mut by_set = vec!["new".to_owned(), "set".to_owned()];
    let mut document = json!({"$schema": "any", "owner": owner, "environments": environments});
    let mut by_env = place.run(["new", "env"]);
    for (key, value) in &values {
        by_flags.extend([format!("--{key}"), value.clone()]);
        by_set.extend(set(key, value));
        document[key] = value.clone().into();
        by_env = by_env.env(&format!("BOATYARD_{}", key.to_uppercase()), value);
    }
    by_flags.extend(nested.clone());
    by_set.extend(nested);
    by_env = by_env
        .env("BOATYARD_OWNER_TEAM", "@acme/orders")
        .env("BOATYARD_OWNER_ON_CALL", "orders-rota")
        .env("BOATYARD_ENVIRONMENTS", &environments.to_string());

    place.run(by_flags.iter().map(String::as_str)).go().done();
    place.run(by_set.iter().map(String::as_str)).go().done();
    place
        .write("a.json", &document.to_string())
        .run(["new", "file", "--answers", "a.json"])
        .go()
        .done();
    place
        .run(["new", "stdin", "--answers", "-"])
        .stdin(&document.to_string())
        .go()
        .done();
    by_env.go().done();
    let expected = place.tree("flags");
    assert!(expected.len() > 10);
    for other in ["set", "file", "stdin", "env"] {
        assert_eq!(place.tree(other), expected, "{other}");
    }
    // What the repository remembers, and the command that `--json` tells, give it again.
    place
        .run(["new", "again", "--answers", "flags/boatyard.json"])
        .go()
        .done();
    let out = place
        .run(["new", "told", "--answers", "a.json", "--dry-run", "--json"])
        .go()
        .done();
    let told: Value = serde_json::from_str(&out.stdout).expect("JSON");
    let words: Vec<String> = serde_json::from_value(told["equivalent"].clone()).expect("words");
    place.run(words[1..].iter().map(String::as_str)).go().done();
    assert_eq!(place.tree("again"), expected);
    assert_eq!(place.tree("told"), expected);
}

#[test]
fn the_stronger_source_wins() {
    // Flag, `--set`, `--answers`, environment, default: each is stronger than those after it.
    let place = Place::new();
    place
        .write("none.json", r#"{"cache": "none"}"#)
        .write("redis.json", r#"{"cache": "redis"}"#);
    let cases: [(&[&str], Option<&str>, &str); 7] = [
        (&[], None, "redis"),
        (&[], Some("none"), "none"),
        (&["--answers", "none.json"], Some("redis"), "none"),
        (
            &["--set", "cache=none", "--answers", "redis.json"],
            Some("redis"),
            "none",
        ),
        (&["--cache", "none", "--set", "cache=redis"], None, "none"),
        (
            &["--cache", "redis", "--set", "cache=none", "--answers", "none.json"],
            Some("none"),
            "redis",
        ),
        (&["--set", "cache=none", "--set", "cache=redis"], None, "redis"),
    ];
    for (args, variable, expected) in cases {
        let mut run = place.run(
            ["new", "orders", "--yes", "--dry-run", "--json"]
                .iter()
                .chain(args)
                .copied(),
        );
        if let Some(value) = variable {
            run = run.env("BOATYARD_CACHE", value);
        }
        let out = run.go().done();
        let document: Value = serde_json::from_str(&out.stdout).expect("JSON");
        assert_eq!(document["answers"]["cache"], expected, "{args:?} and {variable:?}");
    }
}

#[test]
fn a_dry_run_writes_nothing_and_tells_what_would_be() {
    let place = Place::new();
    let dry = place.run(["new", "orders", "--yes", "--dry-run"]).go().done();
    assert!(place.tree("").is_empty());
    let wet = place.run(["new", "orders", "--yes", "--verbose"]).go().done();
    assert_eq!(dry.stdout, "");
    let told = |text: &str, verb: &str| -> Vec<String> {
        let lines = text.lines().take_while(|line| !line.is_empty());
        lines.map(|line| line.replace(verb, "create")).collect()
    };
    assert_eq!(told(&dry.stderr, "would create"), told(&wet.stderr, "created"));
    let mut files: Vec<String> = place
        .tree("orders")
        .into_keys()
        .filter(|path| !path.ends_with('/'))
        .collect();
    files.sort();
    let listed: Vec<String> = dry
        .stderr
        .lines()
        .filter_map(|line| Some(line.strip_prefix("  create ")?.to_owned()))
        .collect();
    assert_eq!(listed, files);
}

#[test]
fn json_passes_its_schema_and_is_all_of_standard_output() {
    let place = Place::new();
    let schema: Value = serde_json::from_str(&place.run(["schema", "result"]).go().done().stdout).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for args in [&["--dry-run"][..], &[]] {
        let out = place
            .run(["new", "orders", "--yes", "--json"].iter().chain(args).copied())
            .go()
            .done();
        let document: Value = serde_json::from_str(&out.stdout).expect("JSON");
        assert!(validator.is_valid(&document), "{document:#}");
        assert_eq!(document["dry_run"], !args.is_empty());
        assert_eq!(
            (&document["locked"], &document["committed"]),
            (&json!([]), &Value::Null)
        );
        assert_eq!(out.stderr, "");
    }
}

#[test]
fn quiet_says_nothing_and_yes_does_nothing_more() {
    let place = Place::new();
    place
        .program("npm", "echo npm ran >&2; exit 1")
        .program("git", "echo git ran >&2; exit 1");
    place.run(["new", "orders", "--yes", "--quiet"]).go().gave(0, "", "");
    assert!(!place.path("orders/.git").exists() && !place.path("orders/package-lock.json").exists());
}

#[test]
fn nobody_is_waited_for() {
    let place = Place::new();
    let out = place.run(["new", "orders"]).stdin_never_ends().go();
    assert_eq!(out.code, Some(2));
    let args = flags(&place);
    let full: Vec<&str> = ["new", "orders", "--name", "Orders"]
        .into_iter()
        .chain(args.iter().map(String::as_str))
        .collect();
    place.run(full).stdin_never_ends().go().done();
    #[cfg(unix)]
    {
        // With standard input closed altogether.
        let closed = std::process::Command::new("sh")
            .args(["-c", "exec \"$0\" new closed --yes <&-", crate::support::BOATYARD])
            .current_dir(place.path(""))
            .output()
            .expect("sh");
        assert!(closed.status.success(), "{}", String::from_utf8_lossy(&closed.stderr));
    }
}

#[test]
fn names_become_directories() {
    for (name, slug) in [
        ("Orders", "orders"),
        ("Café Orders 2", "cafe-orders-2"),
        ("rosie's", "rosies"),
    ] {
        let place = Place::new();
        place.run(["new", "--name", name, "--yes"]).go().done();
        assert!(place.path(slug).join("boatyard.json").is_file(), "{name}");
    }
}

#[test]
fn completions_know_the_catalog() {
    let place = Place::new();
    // clap_complete gives values to three of them; PowerShell completes flags.
    let values = ["language", "node", "postgres", "dry-run"];
    for (shell, words) in [
        ("bash", &values[..]),
        ("zsh", &values),
        ("fish", &values),
        ("powershell", &["--language", "--dry-run"]),
    ] {
        let out = place.run(["completions", shell]).go().done();
        for word in words {
            assert!(out.stdout.contains(word), "{shell} does not complete {word}");
        }
    }
}
