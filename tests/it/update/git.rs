//! Beside git: what it does not hold yet is not written over, and it learns of conflicts. Without it everything else works.

use std::path::Path;
use std::process::Command;

use super::{edit, files, generated, text};
use crate::support::{Out, Place};

/// Where git is; none: these tests have nothing to show.
fn search_path() -> Option<String> {
    let path = std::env::var("PATH").ok()?;
    let found = std::env::split_paths(&path).any(|folder| folder.join("git").is_file());
    found.then_some(path)
}

fn git(place: &Place, directory: &str, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"])
        .args(args)
        .current_dir(place.path(directory))
        .env("HOME", place.path(""))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git");
    assert!(
        output.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

fn run(place: &Place, args: &[&str]) -> Out {
    let args = [args, &["--project", "repo"]].concat();
    place.run(args).env("PATH", &search_path().expect("git")).go()
}

/// A committed repository; none without git.
fn committed(place: &Place) -> Option<()> {
    search_path()?;
    generated(place);
    commit(place);
    Some(())
}

fn commit(place: &Place) {
    if !Path::new(&place.path("repo/.git")).exists() {
        git(place, "repo", &["init", "--quiet"]);
    }
    git(place, "repo", &["add", "--all"]);
    git(place, "repo", &["commit", "--quiet", "--message", "x"]);
}

/// An edit of a line that goes with the cache.
fn edit_what_goes(place: &Place) {
    edit(
        place,
        ".env.example",
        "REDIS_URL=redis://localhost:6379",
        "REDIS_URL=redis://cache:6379",
    );
}

#[test]
fn uncommitted_edits_are_not_written_over() {
    let place = Place::new();
    let Some(()) = committed(&place) else { return };
    edit(&place, "Makefile", "\n", "\n# Ours.\n");
    edit(&place, "SECURITY.md", "\n", "\n\nOurs.\n");
    edit(&place, "boatyard.json", "\"redis\"", "\"none\"");
    place.write("repo/src/mine.ts", "export {};\n");
    let before = files(&place);
    run(&place, &["update"]).gave(
        2,
        "",
        "error: `Makefile` has edits that are not committed, and this update would write it\n\
         hint: commit or stash them first, or add `--allow-dirty`\n",
    );
    assert_eq!(files(&place), before);
    // Looking is no writing, and saying yes is no permission.
    run(&place, &["update", "--dry-run"]).done();
    assert_eq!(run(&place, &["update", "--yes"]).code, Some(2));
    run(&place, &["update", "--allow-dirty"]).done();
    assert!(text(&place, "Makefile").contains("# Ours."));
    assert!(text(&place, "SECURITY.md").contains("Ours."));
}

#[test]
fn what_nobody_edited_needs_no_commit() {
    let place = Place::new();
    if search_path().is_none() {
        return;
    }
    generated(&place);
    git(&place, "repo", &["init", "--quiet"]);
    run(&place, &["update", "--cache", "none"]).done();
}

#[test]
fn git_learns_of_conflicts() {
    let place = Place::new();
    let Some(()) = committed(&place) else { return };
    edit_what_goes(&place);
    edit(&place, "Makefile", "\n", "\n# Ours.\n");
    commit(&place);
    let mine = text(&place, ".env.example");
    assert_eq!(run(&place, &["update", "--cache", "none"]).code, Some(1));
    let listed = git(&place, "repo", &["ls-files", "--unmerged"]);
    let stages: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2))
        .collect();
    assert_eq!(stages, ["1", "2", "3"], "{listed}");
    assert!(listed.lines().all(|line| line.ends_with("\t.env.example")), "{listed}");
    assert_eq!(git(&place, "repo", &["show", ":2:.env.example"]), mine);
    assert!(git(&place, "repo", &["show", ":1:.env.example"]).contains("redis://localhost:6379"));
    assert!(!git(&place, "repo", &["show", ":3:.env.example"]).contains("REDIS_URL"));
    // Merged files are no conflict.
    let status = git(&place, "repo", &["status", "--porcelain"]);
    assert!(
        status.contains("UU .env.example\n") && status.contains(" M Makefile\n"),
        "{status}"
    );
    // The journal is nobody's business.
    assert!(!status.contains("journal"), "{status}");
}

#[test]
fn what_is_taken_back_is_no_conflict_any_more() {
    let place = Place::new();
    let Some(()) = committed(&place) else { return };
    edit_what_goes(&place);
    commit(&place);
    // A conflict of somebody else's stays one.
    let blob = git(&place, "repo", &["rev-parse", "HEAD:Makefile"]);
    place.write(
        "stages",
        &format!("100644 {} 2\tother\n100644 {} 3\tother\n", blob.trim(), blob.trim()),
    );
    let file = std::fs::File::open(place.path("stages")).expect("a file");
    let done = Command::new("git")
        .args(["update-index", "--index-info"])
        .current_dir(place.path("repo"))
        .stdin(file)
        .status();
    assert!(done.expect("git").success());
    let before = git(&place, "repo", &["status", "--porcelain"]);
    assert_eq!(run(&place, &["update", "--cache", "none"]).code, Some(1));
    assert!(git(&place, "repo", &["status", "--porcelain"]).contains("UU .env.example"));
    run(&place, &["update", "--undo"]).done();
    assert_eq!(git(&place, "repo", &["status", "--porcelain"]), before);
}

#[test]
fn a_service_below_the_root_of_a_repository() {
    let place = Place::new();
    if search_path().is_none() {
        return;
    }
    generated(&place);
    git(&place, "", &["init", "--quiet"]);
    git(&place, "", &["add", "--all"]);
    git(&place, "", &["commit", "--quiet", "--message", "x"]);
    edit_what_goes(&place);
    assert_eq!(run(&place, &["update", "--cache", "none"]).code, Some(2));
    git(&place, "", &["add", "--all"]);
    git(&place, "", &["commit", "--quiet", "--message", "y"]);
    assert_eq!(run(&place, &["update", "--cache", "none"]).code, Some(1));
    let listed = git(&place, "", &["ls-files", "--unmerged"]);
    assert_eq!(
        listed
            .lines()
            .filter(|line| line.ends_with("\trepo/.env.example"))
            .count(),
        3,
        "{listed}"
    );
    run(&place, &["update", "--undo"]).done();
    assert_eq!(git(&place, "", &["ls-files", "--unmerged"]), "");
}

#[test]
fn a_diff_is_one_that_git_applies() {
    let place = Place::new();
    let Some(()) = committed(&place) else { return };
    let diff = run(&place, &["diff", "--database", "none", "--licence", "MIT"]);
    assert_eq!(diff.code, Some(1));
    place.write("update.diff", &diff.stdout);
    let before = files(&place);
    run(&place, &["update", "--database", "none", "--licence", "MIT"]).done();
    let mut after = files(&place);
    run(&place, &["update", "--undo"]).done();
    assert_eq!(files(&place), before);
    git(&place, "repo", &["apply", "../update.diff"]);
    let mut applied = files(&place);
    for tree in [&mut after, &mut applied] {
        tree.remove(".boatyard/base.json");
    }
    assert_eq!(applied, after);
}
