//! What cannot be adopted: one message, exit 2, nothing written.

use std::fs;
use std::os::unix::fs::symlink;

use boatyard::shell::disk::survey;

use super::{lay, run};
use crate::support::Place;

fn refused(place: &Place, args: &[&str], message: &str) {
    let before = place.tree("");
    let out = run(place, args);
    let from = out.stderr.find("error: ").unwrap_or_default();
    assert_eq!((out.code, &out.stderr[from..]), (Some(2), message), "{args:?}");
    assert_eq!(place.tree(""), before, "{args:?}: something was written");
}

#[test]
fn what_cannot_be_adopted_is_told_and_left_alone() {
    let place = Place::new();
    refused(
        &place,
        &["adopt"],
        "error: there is no directory `repo`\nhint: name the repository's with `--project DIR`\n",
    );
    refused(
        &lay("nothing"),
        &["adopt", "--yes"],
        "error: no file tells the `language`\nhint: say which with `--language node|python|go`\n",
    );
    refused(
        &lay("rails"),
        &["adopt", "--yes"],
        "error: `language` is Ruby (1 of 1 source files, Gemfile), which boatyard does not have\n\
         hint: say which with `--language node|python|go`\n",
    );
    refused(
        &lay("unsure"),
        &["adopt", "--yes"],
        "error: `database` may be PostgreSQL or MongoDB (package.json:1 `pg`, package.json:1 `mongodb`)\n\
         hint: say which with `--database postgres|mongo|none`\n",
    );
    refused(
        &lay("gin-mysql"),
        &["adopt"],
        "error: what was found is a proposal, and nobody is here to agree to it\n\
         hint: `--yes` takes it, or say what it is: `--name invoices --language go --database none --cache redis \
         --target kubernetes --strategy rolling --delivery helm --ci github`\n",
    );
    refused(
        &lay("gin-mysql"),
        &["adopt", "--yes", "--database", "mysql"],
        "error: --database: `mysql` is no `database`\nhint: `database` is one of `postgres`, `mongo`, `none`\n",
    );
}

#[test]
fn one_that_is_under_boatyard_is_not_adopted_again() {
    let place = lay("chi-mongo");
    run(&place, &["adopt", "--yes"]).done();
    refused(
        &place,
        &["adopt", "--yes"],
        "error: `repo` is under boatyard already\nhint: `boatyard update` changes it, `boatyard status` tells how it stands\n",
    );
}

#[test]
fn no_link_is_followed() {
    let place = lay("chi-mongo");
    place.write(
        "outside/package.json",
        "{\"dependencies\": {\"express\": \"4\", \"pg\": \"8\"}}\n",
    );
    place.write("outside/README.md", "theirs\n");
    symlink("../outside", place.path("repo/way")).expect("a link");
    symlink("../outside/package.json", place.path("repo/package.json")).expect("a link");
    symlink("../outside", place.path("repo/docs")).expect("a link");
    symlink("../outside/README.md", place.path("repo/README.md")).expect("a link");
    let outside = place.tree("outside");
    let seen = survey::files(&place.path("repo"), &[]).expect("files");
    assert!(
        !seen.iter().any(|path| path.as_str().ends_with("package.json")),
        "{seen:?}"
    );
    let out = run(&place, &["adopt", "--yes"]).done();
    assert!(
        !out.stderr.contains("express") && !out.stderr.contains("PostgreSQL"),
        "{}",
        out.stderr
    );
    assert_eq!(place.tree("outside"), outside);
    assert!(place.path("repo/README.md").is_symlink());
    run(&place, &["update", "--database", "postgres"]).done();
    assert_eq!(place.tree("outside"), outside);
    for own in ["boatyard.json", ".boatyard/base.json"] {
        let place = lay("chi-mongo");
        place.dir("repo/.boatyard");
        symlink("../outside", place.path("repo").join(own)).expect("a link");
        let message =
            format!("error: `{own}` is a symbolic link\nhint: boatyard keeps its files there; move it away\n");
        refused(&place, &["adopt", "--yes"], &message);
    }
    let place = lay("chi-mongo");
    place.dir("outside");
    symlink("../outside", place.path("repo/.boatyard")).expect("a link");
    let out = run(&place, &["adopt", "--yes"]);
    assert_eq!((out.code, place.tree("outside").len()), (Some(2), 0), "{}", out.stderr);
}

#[test]
fn what_stands_in_the_way_stays_there() {
    let place = lay("chi-mongo");
    place.dir("repo/README.md").dir("repo/mise.toml/x");
    place.write("repo/docs", "a file\n");
    run(&place, &["adopt", "--yes"]).done();
    assert!(place.path("repo/README.md").is_dir());
    assert_eq!(fs::read_to_string(place.path("repo/docs")).expect("text"), "a file\n");
    run(&place, &["update", "--cache", "redis"]).done();
    assert_eq!(fs::read_to_string(place.path("repo/docs")).expect("text"), "a file\n");
}
