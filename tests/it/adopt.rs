//! `adopt`: what small applications in the shapes of real ones are taken for, and what becomes of them.
//!
//! `adopt/<application>/` holds the files of each, `adopt/<application>.txt` what is found: `UPDATE=1 cargo test` rewrites
//! it.
#![cfg(unix)]

mod hostile;
mod interrupted;
mod refusals;

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::golden::{golden, root};
use crate::support::{Out, Place};

/// A copy of an application in `repo`.
fn lay(application: &str) -> Place {
    let place = Place::new();
    let from = root().join("tests/it/adopt").join(application);
    let mut open = vec![from.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("an application").flatten() {
            match entry.path().is_dir() {
                true => open.push(entry.path()),
                false => {
                    let name = entry.path();
                    let name = name.strip_prefix(&from).expect("below").display().to_string();
                    // Git would keep no folder of that name.
                    place.write(
                        &format!("repo/{name}"),
                        &fs::read_to_string(entry.path()).expect("text"),
                    );
                }
            }
        }
    }
    place
}

/// The applications there are.
fn applications() -> Vec<String> {
    let folders = fs::read_dir(root().join("tests/it/adopt"))
        .expect("applications")
        .flatten();
    let mut names: Vec<String> = folders
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

fn run(place: &Place, args: &[&str]) -> Out {
    place.run([args, &["--project", "repo"]].concat()).go()
}

fn files(place: &Place) -> BTreeMap<String, Vec<u8>> {
    crate::update::files(place)
}

#[test]
fn each_application_is_taken_for_what_it_is() {
    let all = applications();
    assert!(all.len() >= 10, "only {} applications found", all.len());
    for application in all {
        let place = lay(&application);
        let before = place.tree("repo");
        let out = run(&place, &["adopt", "--dry-run"]);
        let told = out.stderr.lines().take_while(|line| !line.starts_with("  create "));
        let told: String = told.map(|line| format!("{line}\n")).collect();
        let text = format!("{told}[exit {}]\n", out.code.expect("a code"));
        golden(&root().join(format!("tests/it/adopt/{application}.txt")), &text);
        assert_eq!(place.tree("repo"), before, "{application}: a preview wrote something");
    }
}

#[test]
fn what_is_there_stays_and_updates_work_from_then_on() {
    for application in applications() {
        let place = lay(&application);
        let before = files(&place);
        let out = run(&place, &["adopt", "--yes"]);
        if out.code != Some(0) {
            assert_eq!(
                (out.code, files(&place)),
                (Some(2), before),
                "{application}: {}",
                out.stderr
            );
            continue;
        }
        let kept = |when: &str| {
            let now = files(&place);
            for (path, bytes) in &before {
                assert_eq!(
                    now.get(path),
                    Some(bytes),
                    "{application}: `{path}` is another one {when}"
                );
            }
        };
        kept("after the adoption");
        run(&place, &["status"]).gave(0, "up to date with boatyard 0.1.0\n", "");
        run(&place, &["update"]).gave(0, "", "nothing to change in `repo`\n");
        // One of each language tells as much of changes as all of them.
        if !["express-postgres", "django-postgres", "gin-mysql"].contains(&application.as_str()) {
            continue;
        }
        let adopted = files(&place);
        for change in [["--database", "mongo"], ["--target", "compose"]] {
            let out = run(&place, &["update", change[0], change[1]]).done();
            if out.stderr.starts_with("nothing to change") {
                continue;
            }
            kept(&format!("after {change:?}"));
            // No second service grows beside theirs.
            for path in files(&place).keys().filter(|path| !before.contains_key(*path)) {
                let service = ["src/", "tests/", "cmd/", "internal/", "migrations/", "load/"];
                assert!(
                    !service.iter().any(|folder| path.starts_with(folder)),
                    "{application}: {path}"
                );
            }
            run(&place, &["update", "--undo"]).done();
            assert_eq!(files(&place), adopted, "{application}: {change:?} is not taken back");
        }
        run(&place, &["update", "--language", "go", "--cache", "redis"]).done();
        run(&place, &["eject", "--allow-dirty"]).done();
        kept("after eject");
    }
}

#[test]
fn the_document_shows_what_would_stand_beside_each_file() {
    let place = lay("express-postgres");
    let out = run(&place, &["adopt", "--dry-run", "--json"]).done();
    assert_eq!(out.stderr, "");
    let document: Value = serde_json::from_str(&out.stdout).expect("JSON");
    crate::schemas::check(&boatyard::engine::schema::adoption(), &document, "an adoption");
    let kept: Vec<(&str, &str)> = document["kept"]
        .as_array()
        .expect("kept files")
        .iter()
        .map(|kept| {
            (
                kept["path"].as_str().expect("a path"),
                kept["yours"].as_str().expect("a path"),
            )
        })
        .collect();
    assert_eq!(
        kept,
        [
            (".github/workflows/ci.yml", ".github/workflows/test.yml"),
            ("Dockerfile", "Dockerfile"),
            ("README.md", "README.md"),
            ("compose.yaml", "docker-compose.yml"),
            ("package.json", "package.json"),
        ]
    );
    let patch = |at: usize| document["kept"][at]["patch"].as_str().expect("a patch");
    assert!(patch(1).contains("\n-FROM node:18-alpine\n"), "{}", patch(1));
    assert!(
        patch(3).starts_with("diff --git a/docker-compose.yml b/compose.yaml\nrename from docker-compose.yml\n"),
        "{}",
        patch(3)
    );
    assert_eq!(document["changes"]["answers"]["package_manager"], "npm");
    let left_out = document["left_out"].as_array().expect("files");
    assert!(left_out.iter().any(|path| path == "src/app.ts") && left_out.iter().all(|path| path != "Makefile"));
    // The same for people.
    let shown = run(&place, &["adopt", "--dry-run"]).done().stdout;
    assert!(shown.contains("rename to compose.yaml\n") && shown.contains("\n-FROM node:18-alpine\n"));
}

#[test]
fn what_was_said_comes_before_what_was_found() {
    let place = lay("unsure");
    let out = run(
        &place,
        &["adopt", "--yes", "--database", "mongo", "--set", "name=Orders"],
    )
    .done();
    assert!(
        out.stderr.contains("  database   PostgreSQL or MongoDB?"),
        "{}",
        out.stderr
    );
    let answers: Value = serde_json::from_str(&crate::update::text(&place, "boatyard.json")).expect("JSON");
    assert_eq!(
        (&answers["database"], &answers["name"]),
        (&"mongo".into(), &"Orders".into())
    );
    // Another language has no use for what was found of the first.
    let place = lay("nest-mongo-redis");
    run(&place, &["adopt", "--yes", "--language", "python"]).done();
    let answers = crate::update::text(&place, "boatyard.json");
    assert!(
        answers.contains("\"python\"") && !answers.contains("package_manager"),
        "{answers}"
    );
    // A variable in CI decides nothing that files tell.
    let place = lay("chi-mongo");
    let args = ["adopt", "--yes", "--project", "repo"];
    place.run(args).env("BOATYARD_DATABASE", "postgres").go().done();
    assert!(crate::update::text(&place, "boatyard.json").contains("\"mongo\""));
}

#[test]
fn a_repository_of_ours_that_lost_its_base_is_ours_again() {
    let place = Place::new();
    let before = crate::update::generated(&place);
    fs::remove_dir_all(place.path("repo/.boatyard")).expect("a folder");
    fs::remove_dir_all(place.path("repo/src/items")).expect("a folder");
    fs::remove_file(place.path("repo/src/platform/health.ts")).expect("a file");
    crate::update::edit(&place, "Makefile", "\n", "\n# Ours.\n");
    let makefile = crate::update::text(&place, "Makefile");
    // What it was made from is written down, so nobody has to agree.
    run(&place, &["adopt"]).done();
    let after = files(&place);
    assert_eq!(crate::update::text(&place, "Makefile"), makefile);
    assert_eq!(after.get("boatyard.json"), before.get("boatyard.json"));
    assert_eq!(
        after.get("src/platform/health.ts"),
        before.get("src/platform/health.ts")
    );
    // What was written once and went stays away.
    assert!(!after.keys().any(|path| path.starts_with("src/items/")));
    run(&place, &["status"]).gave(0, "up to date with boatyard 0.1.0\n", "");
    run(&place, &["update", "--cache", "none"]).done();
    assert!(!files(&place).keys().any(|path| path.starts_with("src/items/")));
    assert!(!crate::update::text(&place, "compose.yaml").contains("redis"));
    assert_eq!(crate::update::text(&place, "Makefile"), makefile);
}

#[test]
fn a_person_agrees_on_one_page() {
    use crate::terminal::{CTRL_C, ENTER, Session, Setup};
    let place = lay("fastapi-sqlalchemy");
    let before = place.tree("repo");
    let args = ["adopt", "--project", "repo"];
    let mut session = Session::start(&place, &args, &Setup::default());
    session.see("❯ Adopt it as this").send(CTRL_C);
    let (code, screen) = session.end();
    assert_eq!((code, place.tree("repo")), (130, before), "{}", screen.contents());
    let mut session = Session::start(&place, &args, &Setup::default());
    session.see("❯ Adopt it as this").send(ENTER);
    let (code, screen) = session.end();
    assert_eq!(code, 0, "{}", screen.contents());
    assert!(crate::update::text(&place, "boatyard.json").contains("\"python\""));
    // What is open is asked first.
    let place = lay("unsure");
    let mut session = Session::start(&place, &args, &Setup::default());
    session
        .see("Which database?")
        .send(ENTER)
        .see("❯ Adopt it as this")
        .send(ENTER);
    assert_eq!(session.end().0, 0);
}
