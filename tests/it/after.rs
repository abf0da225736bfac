//! `--lock` and `--git`: what runs, what is told, and that the repository stays whatever happens.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{BOATYARD, Place, Run};
use crate::terminal::{ENTER, Session, Setup};

/// A package manager that writes down how it was called and makes a lock file.
const NPM: &str = "echo \"$@\" > called; echo '{}' > package-lock.json";

fn real_git() -> String {
    let path = std::env::var_os("PATH").expect("PATH");
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("git"))
        .find(|file| file.is_file());
    found.expect("git is installed").display().to_string()
}

/// git with nothing of this machine's settings.
fn git_settings() -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "user.useConfigOnly"),
        ("GIT_CONFIG_VALUE_0", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for role in ["AUTHOR", "COMMITTER"] {
        all.insert(format!("GIT_{role}_NAME"), "Ada".into());
        all.insert(format!("GIT_{role}_EMAIL"), "ada@example.com".into());
    }
    all
}

fn with_git(mut run: Run<'_>) -> Run<'_> {
    for (name, value) in git_settings() {
        run = run.env(&name, &value);
    }
    run
}

fn git(directory: &Path, args: &[&str]) -> String {
    let out = Command::new("git")
        .args(args)
        .current_dir(directory)
        .output()
        .expect("git");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("UTF-8")
}

#[test]
fn lock_and_commit_when_asked() {
    let place = Place::new();
    place
        .program("npm", NPM)
        .program("git", &format!("exec {} \"$@\"", real_git()));
    let out = with_git(place.run(["new", "orders", "--yes", "--lock", "--git", "--json"]))
        .go()
        .done();
    let document: Value = serde_json::from_str(&out.stdout).expect("JSON");
    assert_eq!(document["locked"], serde_json::json!(["package-lock.json"]));
    let equivalent = document["equivalent"].as_array().expect("words");
    assert!(
        equivalent.ends_with(&["--lock".into(), "--git".into()]),
        "{equivalent:?}"
    );
    let called = std::fs::read_to_string(place.path("orders/called")).expect("npm ran");
    assert_eq!(called, "install --package-lock-only --ignore-scripts\n");
    let orders = place.path("orders");
    assert_eq!(
        document["committed"].as_str().expect("a commit"),
        git(&orders, &["rev-parse", "main"]).trim()
    );
    assert_eq!(
        git(&orders, &["log", "--format=%an %s"]),
        format!("Ada Lay down orders with Boatyard {}\n", env!("CARGO_PKG_VERSION"))
    );
    // Everything that was written, and nothing that others made.
    assert_eq!(git(&orders, &["status", "--porcelain", "--ignored"]), "?? called\n");
    let modes = git(&orders, &["ls-files", "--stage"]);
    assert_eq!(
        modes.lines().count(),
        document["changes"].as_array().expect("changes").len() + 1
    );
}

#[test]
fn an_existing_git_directory_is_used() {
    let place = Place::new();
    place
        .dir("orders")
        .program("git", &format!("exec {} \"$@\"", real_git()));
    git(&place.path("orders"), &["init", "--quiet", "--initial-branch=trunk"]);
    // A hook's variables point elsewhere and are not followed.
    let run = with_git(place.run(["new", "orders", "--yes", "--git"])).env("GIT_DIR", "/nowhere");
    let out = run.go().done();
    assert!(out.stderr.contains("\ncommitted "), "{}", out.stderr);
    assert_eq!(git(&place.path("orders"), &["branch", "--show-current"]), "trunk\n");
}

#[test]
fn what_is_missing_is_told_and_the_repository_stays() {
    let place = Place::new();
    let out = place.run(["new", "orders", "--yes", "--lock", "--git"]).go();
    assert_eq!(out.code, Some(74));
    let told: Vec<&str> = out
        .stderr
        .lines()
        .filter(|line| line.starts_with("error") || line.starts_with("hint"))
        .collect();
    assert_eq!(
        told,
        [
            "error: `--lock` needs `npm`, which is not installed",
            "hint: the repository is complete without it; `npm install --package-lock-only --ignore-scripts` there locks it later",
            "error: `--git` needs `git`, which is not installed",
            "hint: the repository is complete; commit it when git is there",
        ]
    );
    assert!(place.path("orders/boatyard.json").is_file());
}

#[test]
fn a_failing_package_manager_is_quoted_and_the_commit_is_made() {
    let place = Place::new();
    place
        .program("npm", "echo 'npm error code ENOTFOUND' >&2; exit 1")
        .program("git", &format!("exec {} \"$@\"", real_git()));
    let out = with_git(place.run(["new", "orders", "--yes", "--lock", "--git", "--json"])).go();
    assert_eq!(out.code, Some(74));
    assert!(
        out.stderr
            .contains("--ignore-scripts` failed:\n  npm error code ENOTFOUND\nhint: "),
        "{}",
        out.stderr
    );
    let document: Value = serde_json::from_str(&out.stdout).expect("JSON");
    assert_eq!(document["locked"], serde_json::json!([]));
    assert!(document["committed"].is_string());
}

#[test]
fn a_package_manager_that_makes_nothing_is_told() {
    let place = Place::new();
    place.program("npm", "exit 0");
    let out = place.run(["new", "orders", "--yes", "--lock"]).go();
    assert_eq!(out.code, Some(74));
    assert!(out.stderr.contains("` made no `package-lock.json`\n"), "{}", out.stderr);
}

#[test]
fn git_without_an_identity_is_told_how_to_get_one() {
    let place = Place::new();
    place.program("git", &format!("exec {} \"$@\"", real_git()));
    let mut run = place.run(["new", "orders", "--yes", "--git"]);
    for (name, value) in git_settings()
        .into_iter()
        .filter(|(name, _)| name.starts_with("GIT_CONFIG"))
    {
        run = run.env(&name, &value);
    }
    let out = run.go();
    assert_eq!(out.code, Some(74));
    let told = "error: git does not know who commits\nhint: tell it: `git config --global user.name \"Your Name\"` and \
                `git config --global user.email you@example.com`, then `git add --all` and `git commit`\n";
    assert!(out.stderr.ends_with(told), "{}", out.stderr);
    assert!(place.path("orders/boatyard.json").is_file());
}

#[test]
fn the_wizard_offers_what_is_installed() {
    let place = Place::new();
    place
        .program("npm", NPM)
        .program("git", &format!("exec {} \"$@\"", real_git()));
    let mut setup = Setup::default();
    setup.env.extend(git_settings());
    let mut session = Session::start(&place, &["new", "orders"], &setup);
    let mut last = String::new();
    let mut asked = Vec::new();
    while !session.text().contains("❯ Create it") {
        last = session.question(&last);
        asked.push(last.clone());
        if !session.text().contains("❯ Create it") {
            session.send(ENTER);
        }
    }
    session.send(ENTER);
    assert!(asked.contains(&"? Lock the dependencies now?".to_owned()), "{asked:?}");
    assert!(asked.contains(&"? Make the first commit?".to_owned()), "{asked:?}");
    let (code, screen) = session.end();
    let text = screen.contents();
    assert_eq!(code, 0, "{text}");
    for line in [
        "locked the dependencies in `package-lock.json`",
        "committed ",
        " --lock --git",
    ] {
        assert!(text.contains(line), "no `{line}`:\n{text}");
    }
    assert!(!screen.hide_cursor());
    // A flag decides without a question.
    let place = Place::new();
    place.program("npm", NPM).program("git", "exit 1");
    let mut session = Session::start(&place, &["new", "orders", "--no-lock", "--no-git"], &Setup::default());
    let mut last = String::new();
    while !session.text().contains("❯ Create it") {
        last = session.question(&last);
        assert!(!last.contains("Lock") && !last.contains("commit"), "{last}");
        if !session.text().contains("❯ Create it") {
            session.send(ENTER);
        }
    }
    session.send(ENTER);
    assert_eq!(session.end().0, 0);
    assert!(!place.path("orders/package-lock.json").exists() && !place.path("orders/.git").exists());
}

#[test]
fn ctrl_c_while_locking_ends_the_package_manager_and_keeps_the_repository() {
    let place = Place::new();
    place.program("npm", "/bin/sleep 60");
    let mut session = Session::start(&place, &["new", "orders", "--yes", "--lock"], &Setup::default());
    session.see("locking the dependencies");
    session.send("\x03");
    let (code, screen) = session.end();
    assert_eq!(code, 130, "{}", screen.contents());
    assert!(!screen.hide_cursor());
    assert!(
        screen
            .contents()
            .contains("interrupted; the repository in `orders` is complete"),
        "{}",
        screen.contents()
    );
    assert!(place.path("orders/boatyard.json").is_file());
}

#[test]
fn a_first_commit_is_marked_where_nobody_s_repository_is() {
    // The working directory `inner` is a repository.
    for (directory, marked) in [("../orders", "Yes"), ("orders", "No"), ("../inner/orders", "No")] {
        let place = Place::new();
        place.program("git", "exit 1");
        std::fs::create_dir_all(place.path("inner/.git")).expect("a repository");
        let script = format!("cd inner && exec {BOATYARD} new {directory} --no-lock");
        let mut session = Session::of("/bin/sh", &place, &["-c", &script], &Setup::default());
        let mut last = session.question("");
        while last != "? Make the first commit?" {
            session.send(ENTER);
            last = session.question(&last);
        }
        assert!(
            session.text().contains(&format!("❯ {marked}")),
            "{directory}: {}",
            session.text()
        );
    }
}
