//! On a terminal: today's answers on one page, and a patch in a pager; the same bytes whatever surrounds a run.

use super::{different, files, generated, run, text};
use crate::support::Place;
use crate::terminal::{CTRL_C, DOWN, ENTER, Session, Setup};

#[test]
fn todays_answers_are_the_defaults() {
    let place = Place::new();
    let before = generated(&place);
    let args = ["update", "--project", "repo"];
    // Enter at once changes nothing.
    let mut session = Session::start(&place, &args, &Setup::default());
    session.see("❯ Update to this");
    session.see("PostgreSQL");
    session.send(ENTER);
    let (code, screen) = session.end();
    assert_eq!(code, 0, "{}", screen.contents());
    assert!(
        screen.contents().contains("nothing to change in `repo`"),
        "{}",
        screen.contents()
    );
    assert_eq!(files(&place), before);
    // Ctrl-C leaves everything as it is.
    let mut session = Session::start(&place, &args, &Setup::default());
    session.see("❯ Update to this").send(CTRL_C);
    let (code, screen) = session.end();
    assert_eq!(code, 130);
    assert!(screen.contents().contains("nothing written"), "{}", screen.contents());
    assert_eq!(files(&place), before);
    // Another database: the page, its entry, the answer below the marked one, and the page again.
    let mut session = Session::start(&place, &args, &Setup::default());
    session.see("❯ Update to this").send(DOWN).see("❯ name");
    session
        .send(DOWN)
        .see("❯ language")
        .send(DOWN)
        .see("❯ database")
        .send(ENTER);
    session.see("❯ PostgreSQL").send(DOWN).see("❯ MongoDB").send(ENTER);
    session
        .see("❯ database")
        .send("\x1b[A")
        .see("❯ language")
        .send("\x1b[A")
        .see("❯ name");
    session.send("\x1b[A").see("❯ Update to this").send(ENTER);
    let (code, screen) = session.end();
    assert_eq!(code, 0, "{}", screen.contents());
    assert!(text(&place, "boatyard.json").contains("\"database\": \"mongo\""));
    assert!(text(&place, "compose.yaml").contains("mongo"));
}

#[test]
fn nobody_is_asked_who_said_what_to_do() {
    let place = Place::new();
    generated(&place);
    for args in [
        ["update", "--project", "repo", "--yes"].as_slice(),
        &["update", "--project", "repo", "--cache", "none"],
        &["update", "--project", "repo", "--dry-run"],
        &["status", "--project", "repo"],
    ] {
        let mut session = Session::start(&place, args, &Setup::default());
        let (code, screen) = session.end();
        assert_eq!(code, 0, "{args:?}: {}", screen.contents());
        assert!(!screen.contents().contains("Update to this"), "{args:?}");
    }
    super::edit(&place, "boatyard.json", "\"none\"", "\"redis\"");
    let mut session = Session::start(&place, &["update", "--project", "repo"], &Setup::default());
    let (code, screen) = session.end();
    assert_eq!(code, 0, "{}", screen.contents());
}

#[test]
fn a_patch_goes_through_the_pager_on_a_terminal_only() {
    let place = Place::new();
    generated(&place);
    place.program("pages", "echo paged; exec /bin/cat >/dev/null");
    let mut setup = Setup::default();
    setup.env.insert("PAGER".into(), "pages".into());
    let args = ["diff", "--project", "repo", "--cache", "none"];
    let (code, screen) = Session::start(&place, &args, &setup).end();
    assert_eq!((code, screen.contents().trim()), (1, "paged"));
    let out = place.run(args).env("PAGER", "pages").go();
    assert!(out.stdout.starts_with("diff --git a/"), "{}", out.stdout);
}

#[test]
fn surroundings_change_nothing() {
    let here = Place::new();
    generated(&here);
    run(&here, &["update", "--database", "none"]).done();
    let expected = files(&here);
    let place = Place::new();
    generated(&place);
    place.dir("repo/docs/deep");
    let script = "umask 077; cd repo/docs/deep; exec \"$0\" update --database none";
    let done = std::process::Command::new("sh")
        .args(["-c", script, crate::support::BOATYARD])
        .current_dir(place.path(""))
        .env_clear()
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("LANG", "tr_TR.UTF-8")
        .env("TZ", "Pacific/Kiritimati")
        .output()
        .expect("sh");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(different(&files(&place), &expected), Vec::<String>::new());
}

#[test]
fn dependencies_are_locked_when_that_was_asked_for() {
    let place = Place::new();
    generated(&place);
    place.program("npm", "echo '{}' > package-lock.json");
    run(&place, &["update", "--cache", "none"]).done();
    assert!(!place.path("repo/package-lock.json").exists());
    let out = run(&place, &["update", "--cache", "redis", "--lock"]).done();
    assert!(
        out.stderr.contains("locked the dependencies in `package-lock.json`"),
        "{}",
        out.stderr
    );
    assert!(place.path("repo/package-lock.json").exists());
    // Whatever it made is its own.
    run(&place, &["status"]).done();
    run(&place, &["update"]).gave(0, "", "nothing to change in `repo`\n");
}
