//! `messages/*.txt`: a command line, what it says, and how it ends. None of them writes anything.
//!
//! A file is what a person would see: `$ NAME=value boatyard …`, `< ` before a line of standard input, then the output and
//! `[exit N]`. `UPDATE=1 cargo test` rewrites the output.

use std::fs;

use crate::golden::{golden, root};
use crate::support::Place;

/// What every command finds around it.
fn surroundings() -> Place {
    let place = Place::new();
    place.dir("empty").dir("fresh/.git").dir("full/src");
    for file in ["full/Makefile", "full/README.md", "full/package.json", "file"] {
        place.write(file, "mine\n");
    }
    place.write("repo/boatyard.json", "{}\n");
    place.write(
        "answers.json",
        r#"{"name": "Orders", "database": "none", "cache": "none"}"#,
    );
    place.write(
        "typos.json",
        r#"{"nmae": "Orders", "database": "postgre", "owner": {"team": "orders"}}"#,
    );
    place.write("list.json", "[1, 2]\n");
    place.write("broken.json", "{\"name\": \"Orders\",\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", place.path("link")).expect("a link");
    place
}

#[test]
fn every_message_is_as_written() {
    let mut files: Vec<_> = fs::read_dir(root().join("tests/it/messages"))
        .expect("messages")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    assert!(files.len() > 20, "only {} messages found", files.len());
    let place = surroundings();
    let before = place.tree("");
    for file in files {
        let text = fs::read_to_string(&file).expect("text");
        let command = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("$ "))
            .expect("a command");
        let mut words = shlex::split(command).expect("words");
        let program = words.iter().position(|word| word == "boatyard").expect("the program");
        let args = words.split_off(program + 1);
        let mut run = place.run(args.iter().map(String::as_str));
        for variable in &words[..program] {
            let (name, value) = variable.split_once('=').expect("NAME=value");
            run = run.env(name, value);
        }
        let input: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("< ")).collect();
        let mut shown = format!("$ {command}\n");
        if input.is_empty() {
            run = run.stdin_never_ends();
        } else {
            input.iter().for_each(|line| shown.push_str(&format!("< {line}\n")));
            run = run.stdin(&format!("{}\n", input.join("\n")));
        }
        let out = run.go();
        let code = out.code.map_or("signal".to_owned(), |code| code.to_string());
        golden(&file, &format!("{shown}{}{}[exit {code}]\n", out.stdout, out.stderr));
        assert_eq!(place.tree(""), before, "{} wrote something", file.display());
    }
}
