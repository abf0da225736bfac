//! The commands one by one, in one repository each.

use serde_json::Value;

use super::{different, edit, files, generated, run, text};
use crate::support::Place;

#[test]
fn nothing_new_changes_nothing() {
    let place = Place::new();
    let before = generated(&place);
    run(&place, &["update"]).gave(0, "", "nothing to change in `repo`\n");
    run(&place, &["diff"]).gave(0, "", "");
    run(&place, &["status"]).gave(0, "up to date with boatyard 0.1.0\n", "");
    assert_eq!(files(&place), before);
}

#[test]
fn there_and_back_gives_the_same_bytes() {
    let place = Place::new();
    generated(&place);
    edit(&place, "package.json", "\"zod\": ", "\"zz\": \"1.0.0\",\n    \"zod\": ");
    edit(&place, "Makefile", "\n", "\n# Ours.\n");
    edit(&place, "SECURITY.md", "\n", "\n\nOurs.\n");
    edit(
        &place,
        "compose.yaml",
        "\nvolumes:",
        "\n  mailpit:\n    image: axllent/mailpit:v1.27 # mails\n\nvolumes:",
    );
    let before = files(&place);
    for away in [
        ["cache=none"].as_slice(),
        &["database=none"],
        &["target=none"],
        &["cache=none", "database=none"],
        &["licence=MIT"],
    ] {
        let set: Vec<&str> = away.iter().flat_map(|set| ["--set", set]).collect();
        run(&place, &[&["update"], set.as_slice()].concat()).done();
        assert!(different(&files(&place), &before).len() > 3, "{away:?}");
        run(&place, &["status"]).done();
        let back: Vec<&str> = ["cache=redis", "database=postgres", "target=compose", "licence=none"]
            .iter()
            .flat_map(|set| ["--set", set])
            .collect();
        run(&place, &[&["update"], back.as_slice()].concat()).done();
        let now = files(&place);
        let left: Vec<String> = different(&now, &before)
            .into_iter()
            .filter(|path| !path.starts_with(".boatyard/") && path != "boatyard.json")
            .collect();
        assert_eq!(left, Vec::<String>::new(), "{away:?}");
    }
}

#[test]
fn a_dry_run_and_a_diff_are_the_real_thing() {
    let place = Place::new();
    let before = generated(&place);
    edit(&place, "package.json", "\"zod\": ", "\"zz\": \"1.0.0\",\n    \"zod\": ");
    let edited = files(&place);
    let dry = run(&place, &["update", "--cache", "none", "--dry-run", "--json"]).done();
    assert_eq!(files(&place), edited);
    assert!(!place.path("repo/.boatyard/journal").exists());
    let diff = run(&place, &["diff", "--cache", "none"]);
    assert_eq!((diff.code, diff.stderr.as_str()), (Some(1), ""));
    let done = run(&place, &["update", "--cache", "none", "--json"]).done();
    let document = |text: &str| -> Value { serde_json::from_str(text).expect("JSON") };
    let (dry, done) = (document(&dry.stdout), document(&done.stdout));
    assert_eq!(dry["changes"], done["changes"]);
    assert_eq!((&dry["dry_run"], &done["dry_run"]), (&true.into(), &false.into()));
    // Every file that differs is told, and no other.
    let told: Vec<&str> = done["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter(|change| !["keep", "unchanged", "adopt"].contains(&change["action"].as_str().expect("a word")))
        .map(|change| change["path"].as_str().expect("a path"))
        .collect();
    assert_eq!(different(&files(&place), &edited), told);
    let told: Vec<&str> = diff
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("diff --git a/")?.split(" b/").next())
        .chain([".boatyard/base.json"])
        .collect();
    let mut expected = different(&files(&place), &edited);
    expected.sort();
    let mut told: Vec<String> = told.iter().map(ToString::to_string).collect();
    told.sort();
    assert_eq!(told, expected);
    run(&place, &["update", "--undo"]).done();
    assert_eq!(files(&place), edited);
    assert_ne!(before, edited);
}

#[test]
fn an_update_can_be_taken_back_once() {
    let place = Place::new();
    let before = generated(&place);
    run(&place, &["update", "--undo"]).gave(
        2,
        "",
        "error: there is no update to take back\nhint: only the last update can be taken back, and once\n",
    );
    run(&place, &["update", "--cache", "none"]).done();
    let after = files(&place);
    edit(&place, "Makefile", "\n", "\n# Later.\n");
    run(&place, &["update", "--undo"]).gave(
        2,
        "",
        "error: `Makefile` changed since the update\nhint: `--allow-dirty` takes the update back all the same\n",
    );
    place.write("repo/Makefile", std::str::from_utf8(&after["Makefile"]).expect("text"));
    let count = different(&before, &after).len();
    run(&place, &["update", "--undo"]).gave(
        0,
        "",
        &format!("took the last update back: {count} files are as before\n"),
    );
    assert_eq!(files(&place), before);
    assert_eq!(run(&place, &["update", "--undo"]).code, Some(2));
}

#[test]
fn it_works_from_any_directory_of_the_repository() {
    let place = Place::new();
    generated(&place);
    place.dir("repo/src/deep/er");
    let out = std::process::Command::new(crate::support::BOATYARD)
        .args(["update", "--cache", "none"])
        .current_dir(place.path("repo/src/deep/er"))
        .env_clear()
        .output()
        .expect("a run");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(!text(&place, "compose.yaml").contains("redis"));
    assert!(!place.path("repo/src/deep/er/boatyard.json").exists());
    let out = place.run(["status"]).go();
    out.gave(
        2,
        "",
        "error: there is no `boatyard.json` in the current directory or above it\n\
         hint: run it inside a boatyard repository, or name one with `--project DIR`\n",
    );
}

#[test]
fn conflicts_are_shown_settled_or_refused() {
    let place = Place::new();
    generated(&place);
    edit(
        &place,
        ".env.example",
        "REDIS_URL=redis://localhost:6379",
        "REDIS_URL=redis://cache:6379",
    );
    let edited = files(&place);
    let abort = run(&place, &["update", "--cache", "none", "--on-conflict", "abort"]);
    abort.gave(
        1,
        "",
        "error: `.env.example`: your edits and the changes overlap\n\
         hint: nothing was written; leave `--on-conflict abort` out to get both sides between markers\n",
    );
    assert_eq!(files(&place), edited);
    let out = run(&place, &["update", "--cache", "none"]);
    assert_eq!(out.code, Some(1));
    assert!(
        out.stderr
            .contains("  conflict  .env.example  (your edits and the changes overlap)\n"),
        "{}",
        out.stderr
    );
    let marked = text(&place, ".env.example");
    assert!(
        marked.contains("<<<<<<< yours\n") && marked.contains("\n>>>>>>> boatyard 0.1.0\n"),
        "{marked}"
    );
    // What holds markers is not written over, and status tells.
    let status = run(&place, &["status"]);
    assert_eq!(status.code, Some(0));
    assert!(
        status
            .stdout
            .contains("in conflict: markers are left\n  .env.example\n"),
        "{}",
        status.stdout
    );
    run(&place, &["update", "--cache", "redis"]).gave(
        2,
        "",
        "error: `.env.example` still holds the markers of a conflict\n\
         hint: settle it first, or add `--allow-dirty`\n",
    );
    run(&place, &["update", "--undo"]).done();
    assert_eq!(files(&place), edited);
    for (how, holds, lacks) in [
        ("keep", "REDIS_URL=redis://cache:6379", "<<<<<<<"),
        ("replace", "DATABASE_URL", "REDIS_URL"),
    ] {
        run(&place, &["update", "--cache", "none", "--on-conflict", how]).done();
        let text = text(&place, ".env.example");
        assert!(text.contains(holds) && !text.contains(lacks), "{how}: {text}");
        run(&place, &["update", "--undo"]).done();
    }
    assert_eq!(
        run(&place, &["update", "--cache", "none", "--on-conflict", "diff3"]).code,
        Some(1)
    );
    assert!(text(&place, ".env.example").contains("||||||| as generated before\n"));
}

#[test]
fn deleted_files_stay_away_and_drift_is_told_once() {
    let place = Place::new();
    generated(&place);
    std::fs::remove_file(place.path("repo/SECURITY.md")).expect("removed");
    run(&place, &["status"]).gave(1, "drifted: generated files are gone\n  SECURITY.md\n", "");
    run(&place, &["update"]).gave(
        0,
        "",
        "  keep      SECURITY.md  (you deleted it, so it stays away)\nnothing to change in `repo`\n",
    );
    run(&place, &["status"]).gave(0, "up to date with boatyard 0.1.0\n", "");
    run(&place, &["update"]).gave(0, "", "nothing to change in `repo`\n");
    run(&place, &["update", "--cache", "none"]).done();
    assert!(!place.path("repo/SECURITY.md").exists());
}

#[test]
fn storage_is_the_users() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    generated(&place);
    let crlf = format!("\u{feff}{}", text(&place, "README.md").replace('\n', "\r\n"));
    place.write("repo/README.md", &crlf);
    let bare = text(&place, "Makefile").trim_end().to_owned();
    place.write("repo/Makefile", &bare);
    let script = place.path("repo/compose.yaml");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    run(&place, &["update", "--cache", "none"]).done();
    let now = text(&place, "README.md");
    assert!(now.starts_with('\u{feff}') && !now.contains("edis"));
    assert_eq!(now.matches('\n').count(), now.matches("\r\n").count());
    assert!(!text(&place, "Makefile").ends_with('\n'));
    assert_eq!(
        std::fs::metadata(&script).expect("a file").permissions().mode() & 0o777,
        0o755
    );
}

#[test]
fn what_is_no_file_is_left_alone() {
    let place = Place::new();
    generated(&place);
    place.write("outside.md", "outside\n");
    std::fs::remove_file(place.path("repo/README.md")).expect("removed");
    std::os::unix::fs::symlink("../outside.md", place.path("repo/README.md")).expect("a link");
    std::fs::remove_file(place.path("repo/Makefile")).expect("removed");
    place.dir("repo/Makefile");
    std::fs::rename(place.path("repo/deploy"), place.path("elsewhere")).expect("moved");
    std::os::unix::fs::symlink("../elsewhere", place.path("repo/deploy")).expect("a link");
    let elsewhere = place.tree("elsewhere");
    let out = run(&place, &["update", "--cache", "none"]);
    assert_eq!(out.code, Some(1), "{}", out.stderr);
    for path in ["README.md", "Makefile", "deploy/compose/compose.yaml"] {
        let told = format!("  conflict  {path}  (it changed, but no plain file stands at its path)\n");
        assert!(out.stderr.contains(&told), "{path}: {}", out.stderr);
    }
    assert_eq!(
        std::fs::read_to_string(place.path("outside.md")).expect("text"),
        "outside\n"
    );
    assert_eq!(place.tree("elsewhere"), elsewhere);
    run(&place, &["update"]).done();
}

#[test]
fn status_is_a_document_too() {
    let place = Place::new();
    generated(&place);
    edit(&place, "Makefile", "\n", "\n# Ours.\n");
    edit(&place, "src/platform/config.ts", "\n", "\n// Ours.\n");
    let out = run(&place, &["status", "--json"]).done();
    let status: Value = serde_json::from_str(&out.stdout).expect("JSON");
    let schema = boatyard::engine::schema::status();
    assert!(jsonschema::validator_for(&schema).expect("a schema").is_valid(&status));
    assert_eq!(
        status["edits"],
        serde_json::json!(["Makefile", "src/platform/config.ts"])
    );
    assert_eq!(
        (&status["behind"], &status["edited"], &status["drifted"]),
        (&false.into(), &true.into(), &false.into())
    );
    let out = run(&place, &["update", "--cache", "none", "--json"]).done();
    let schema = boatyard::engine::schema::result();
    let document: Value = serde_json::from_str(&out.stdout).expect("JSON");
    assert!(
        jsonschema::validator_for(&schema)
            .expect("a schema")
            .is_valid(&document)
    );
}

#[test]
fn deleted_files_come_back_when_they_are_asked_for() {
    let place = Place::new();
    let before = generated(&place);
    for path in [
        "Makefile",
        "docs/runbooks/disk-full.md",
        "docs/architecture.md",
        "src/app.ts",
    ] {
        std::fs::remove_file(place.path(&format!("repo/{path}"))).expect("a file");
    }
    // Told once, then they stay away.
    run(&place, &["update"]).done();
    run(&place, &["update"]).gave(0, "", "nothing to change in `repo`\n");
    run(&place, &["update", "--restore", "README.md", "--restore", "doc"]).gave(
        2,
        "",
        "error: no generated file is gone at `README.md`\n\
         hint: name one that you deleted, or a directory of such, by its path in the repository\n\
         error: no generated file is gone at `doc`\n\
         hint: name one that you deleted, or a directory of such, by its path in the repository\n",
    );
    run(&place, &["update", "--restore", "docs/", "--restore", "src/app.ts"]).gave(
        0,
        "",
        "  create    docs/architecture.md\n  create    docs/runbooks/disk-full.md\n  create    src/app.ts\n\
         in `repo`: 3 created\n",
    );
    run(&place, &["update", "--restore", "Makefile"]).done();
    assert_eq!(files(&place), before);
}
