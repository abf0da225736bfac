//! Every valid combination: rendered, parsed in its own syntax, free of what was not chosen.

use std::collections::BTreeMap;

use boatyard::engine::answers::SCHEMA_PATH;
use boatyard::engine::base::{BASE_PATH, Base};
use boatyard::engine::repository;
use boatyard::engine::tree::{File, Tree};

use crate::golden::{answers, catalog};

fn all() -> Vec<(BTreeMap<String, String>, Tree)> {
    let catalog = catalog();
    let combinations = catalog.combinations();
    assert!(combinations.len() >= 8, "{} combinations", combinations.len());
    combinations
        .into_iter()
        .map(|chosen| {
            let pairs: Vec<(&str, &str)> = chosen.iter().map(|(axis, id)| (axis.as_str(), id.as_str())).collect();
            let (_, tree) = repository::generate(&answers(catalog, &pairs), catalog)
                .unwrap_or_else(|error| panic!("{chosen:?}: {error}"));
            (chosen, tree)
        })
        .collect()
}

/// Why a file is not what its name promises.
pub fn parse(path: &str, text: &str) -> Result<(), String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        // Helm's templates are YAML once Helm has rendered them.
        "yaml" if path.starts_with("deploy/helm/") && path.contains("/templates/") => Ok(()),
        "json" => serde_json::from_str::<serde_json::Value>(text)
            .map(drop)
            .map_err(|error| error.to_string()),
        "yaml" | "yml" => {
            for document in serde_yaml_ng::Deserializer::from_str(text) {
                serde::Deserialize::deserialize(document)
                    .map(|_: serde_yaml_ng::Value| ())
                    .map_err(|error| error.to_string())?;
            }
            Ok(())
        }
        "toml" => text.parse::<toml::Table>().map(drop).map_err(|error| error.to_string()),
        _ if name.starts_with(".env") => text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .try_for_each(|line| match line.split_once('=') {
                Some((key, _))
                    if key
                        .bytes()
                        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') =>
                {
                    Ok(())
                }
                _ => Err(format!("no NAME=value: {line}")),
            }),
        _ => Ok(()),
    }
}

fn shape(path: &str, file: &File) -> Result<(), String> {
    let text = &file.text;
    for marker in ["{{{", "}}}", "{{%", "%}}", "{{#", "#}}"] {
        // Closing braces of nested objects stand together.
        let structural = marker == "}}}" && [".go", ".json", ".py", ".ts"].iter().any(|end| path.ends_with(end));
        if text.contains(marker) && !structural && path != BASE_PATH {
            return Err(format!("a template marker is left: {marker}"));
        }
    }
    if !text.ends_with('\n') || text.ends_with("\n\n") || text.starts_with('\n') {
        return Err("does not end in exactly one newline, or starts with one".into());
    }
    if text.contains('\r') || text.contains('\u{feff}') {
        return Err("holds CR or a byte order mark".into());
    }
    if let Some(line) = text.lines().position(|line| line.ends_with([' ', '\t'])) {
        return Err(format!("line {} ends in white space", line + 1));
    }
    // Python's formatter puts two between functions.
    let (gap, blank) = if path.ends_with(".py") || path.ends_with(".mako") {
        ("\n\n\n\n", "three")
    } else {
        ("\n\n\n", "two")
    };
    if path != BASE_PATH && text.contains(gap) {
        return Err(format!("holds {blank} blank lines in a row"));
    }
    if file.executable != text.starts_with("#!") {
        return Err("mode and first line disagree".into());
    }
    let secrets = ["PRIVATE KEY-----", "AKIA", "ghp_", "xoxb-", "eyJhbGciOi"];
    match secrets.iter().find(|secret| text.contains(**secret)) {
        Some(secret) => Err(format!("looks like a secret: {secret}")),
        None => Ok(()),
    }
}

#[test]
fn every_file_is_whole_and_parses() {
    for (chosen, tree) in all() {
        for (path, file) in &tree {
            let checked = shape(path.as_str(), file).and_then(|()| parse(path.as_str(), &file.text));
            if let Err(problem) = checked {
                panic!("{chosen:?}: `{path}`: {problem}");
            }
        }
    }
}

/// The test of the design: what was not chosen leaves no word behind, and no template asked for that.
#[test]
fn what_was_not_chosen_leaves_no_word() {
    let words = [
        ("cache", "none", &["redis", "valkey"][..]),
        (
            "database",
            "none",
            &["postgres", "database_url", "migrat", "pg_dump", "sql"][..],
        ),
        (
            "target",
            "none",
            &["deploy/compose", "deploy.yml", "make deploy", "nginx/", "make rollback"][..],
        ),
    ];
    let mut found = Vec::new();
    for (chosen, tree) in all() {
        for (axis, id, words) in &words {
            if chosen.get(*axis).map(String::as_str) != Some(id) {
                continue;
            }
            for (path, file) in tree
                .iter()
                .filter(|(path, _)| ![SCHEMA_PATH, BASE_PATH].contains(&path.as_str()))
            {
                let text = format!("{path}\n{}", file.text).to_lowercase();
                for word in words.iter().filter(|word| text.contains(**word)) {
                    let line = text
                        .lines()
                        .find(|line| line.contains(*word))
                        .unwrap_or_default()
                        .trim();
                    found.push(format!("{axis}.{id}: `{path}` says `{word}`: {line}"));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_base_file_gives_back_what_was_generated() {
    for (chosen, mut tree) in all() {
        let base = tree
            .iter()
            .find(|(path, _)| path.as_str() == BASE_PATH)
            .map(|(_, file)| Base::parse(&file.text).expect("it parses"))
            .expect("a base file");
        tree.retain(|path, _| ![BASE_PATH, repository::ANSWERS_PATH].contains(&path.as_str()));
        assert!(base.files.values().all(|entry| !entry.id.is_empty()));
        let files: Tree = base.files.into_iter().map(|(path, entry)| (path, entry.file)).collect();
        assert_eq!(files, tree, "{chosen:?}");
    }
}

#[test]
fn two_renders_are_the_same_bytes() {
    assert_eq!(all(), all());
}
