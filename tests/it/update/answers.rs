//! Where an update takes its answers and its base from, and what it says when it cannot.

use serde_json::Value;

use super::{different, edit, files, generated, run, text};
use crate::support::Place;

#[test]
fn an_edited_answers_file_is_enough() {
    let place = Place::new();
    generated(&place);
    edit(&place, "boatyard.json", "\"cache\": \"redis\"", "\"cache\":   \"none\"");
    let out = run(&place, &["status"]);
    assert_eq!(out.code, Some(1));
    assert!(
        out.stdout.starts_with("behind: `boatyard update` changes "),
        "{}",
        out.stdout
    );
    run(&place, &["update"]).done();
    assert!(!text(&place, "compose.yaml").contains("redis"));
    // Their way of writing it is theirs.
    assert!(text(&place, "boatyard.json").contains("\"cache\":   \"none\""));
    run(&place, &["status"]).gave(0, "up to date with boatyard 0.1.0\n", "");
}

#[test]
fn arguments_change_the_answers_and_keep_their_formatting() {
    let place = Place::new();
    generated(&place);
    let written = "{\n    \"name\": \"Orders\", \"language\": \"node\",\n    \"cache\": \"redis\",\n    \"database\": \"postgres\",\n    \"target\": \"compose\",\n    \"ci\": \"github\"\n}";
    let mine = written.replace(", \"language\": \"node\",", ",\n    \"language\": \"node\",");
    place.write("repo/boatyard.json", &mine);
    run(&place, &["update", "--cache", "none"]).done();
    assert_eq!(text(&place, "boatyard.json"), mine.replace("redis", "none"));
    run(&place, &["update", "--set", "owner.team=@acme/orders"]).done();
    let all: Value = serde_json::from_str(&text(&place, "boatyard.json")).expect("JSON");
    assert_eq!(all["owner"]["team"], "@acme/orders");
    assert_eq!(all["cache"], "none");
}

#[test]
fn arguments_come_before_the_file_and_the_environment_after_it() {
    let place = Place::new();
    let before = generated(&place);
    // A variable in CI converts nothing.
    let args = ["update", "--project", "repo"];
    place
        .run(args)
        .env("BOATYARD_CACHE", "none")
        .env("BOATYARD_LICENCE", "MIT")
        .go()
        .gave(0, "", "nothing to change in `repo`\n");
    assert_eq!(files(&place), before);
    place.write("answers.json", "{\"cache\": \"none\", \"licence\": \"MIT\"}");
    run(
        &place,
        &[
            "update",
            "--answers",
            "answers.json",
            "--set",
            "licence=Apache-2.0",
            "--cache",
            "redis",
        ],
    )
    .done();
    let answers: Value = serde_json::from_str(&text(&place, "boatyard.json")).expect("JSON");
    assert_eq!(
        (answers["cache"].as_str(), answers["licence"].as_str()),
        (Some("redis"), Some("Apache-2.0"))
    );
    // A line that was taken out is no wish for today's default.
    edit(&place, "boatyard.json", "  \"database\": \"postgres\",\n", "");
    run(&place, &["update", "--database", "none"]).done();
    edit(&place, "boatyard.json", "  \"database\": \"none\",\n", "");
    run(&place, &["update"]).done();
    assert!(text(&place, "boatyard.json").contains("\"database\": \"none\""));
}

#[test]
fn a_repository_that_cannot_be_read_says_why() {
    let place = Place::new();
    generated(&place);
    let base = text(&place, ".boatyard/base.json");
    let newer = base.replacen("\"boatyard\": \"0.1.0\"", "\"boatyard\": \"9.0.0\"", 1);
    let future = base.replacen("\"format\": 2", "\"format\": 3", 1);
    for (text, told) in [
        (
            "{",
            "error: `.boatyard/base.json` is damaged: EOF while parsing an object at line 1 column 1\nhint: restore it from git\n",
        ),
        (
            newer.as_str(),
            "error: boatyard 9.0.0 made this repository, and this is boatyard 0.1.0\nhint: install boatyard 9.0.0 or a newer one\n",
        ),
        (
            future.as_str(),
            "error: `.boatyard/base.json` has format 3, this boatyard reads up to 2\nhint: install the version of boatyard that wrote it, or a newer one\n",
        ),
    ] {
        place.write("repo/.boatyard/base.json", text);
        run(&place, &["update"]).gave(2, "", told);
        assert_eq!(run(&place, &["status"]).code, Some(1));
    }
    std::fs::remove_file(place.path("repo/.boatyard/base.json")).expect("removed");
    run(&place, &["update"]).gave(
        2,
        "",
        "error: there is no `.boatyard/base.json`, so nobody knows what was generated\nhint: restore it from git\n",
    );
    run(&place, &["status"]).gave(
        1,
        "drifted\n  there is no `.boatyard/base.json`, so nobody knows what was generated\n  hint: restore it from git\n",
        "",
    );
    place.write("repo/boatyard.json", "[]");
    place.write("repo/.boatyard/base.json", &base);
    let out = run(&place, &["update"]);
    assert_eq!(out.code, Some(2));
    assert!(
        out.stderr
            .starts_with("error: `boatyard.json` is no JSON object of answers: "),
        "{}",
        out.stderr
    );
}

#[test]
fn an_older_base_is_read() {
    let place = Place::new();
    let before = generated(&place);
    let base = text(&place, ".boatyard/base.json").replacen("\"format\": 2", "\"format\": 1", 1);
    let mut old = String::new();
    for line in base.lines() {
        let line = match (line.find("\"id\":\""), line.find("\",\"text\":")) {
            (Some(from), Some(to)) if from < to => format!("{}{}", &line[..from], &line[to + 2..]),
            _ => line.to_owned(),
        };
        old.push_str(&line);
        old.push('\n');
    }
    assert!(!old.contains("\"id\":\""));
    place.write("repo/.boatyard/base.json", &old);
    run(&place, &["update"]).gave(0, "", "nothing to change in `repo`\n");
    assert_eq!(files(&place), before);
}

#[test]
fn an_option_goes_both_ways() {
    let place = Place::new();
    generated(&place);
    edit(
        &place,
        "package.json",
        "  \"private\": true,",
        "  \"private\": true,\n  \"mine\": 1,",
    );
    edit(&place, "Dockerfile", "\nWORKDIR", "\n# Mine.\nWORKDIR");
    run(&place, &["update"]).done();
    let before = files(&place);
    run(&place, &["update", "--set", "package_manager=pnpm"]).done();
    assert!(text(&place, "Dockerfile").contains("pnpm"));
    assert!(text(&place, ".github/workflows/ci.yml").contains("pnpm"));
    assert!(text(&place, "package.json").contains("\"mine\": 1,"));
    run(&place, &["status"]).done();
    run(&place, &["update", "--package-manager", "npm"]).done();
    let after = files(&place);
    // The answer is written down since.
    assert_eq!(different(&before, &after), [".boatyard/base.json", "boatyard.json"]);
    // Another language has no such option.
    run(&place, &["update", "--language", "go", "--on-conflict", "keep"]).done();
    assert!(!text(&place, "boatyard.json").contains("package_manager"));
}
