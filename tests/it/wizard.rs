//! Whole sessions with the wizard, in a pseudo-terminal.
#![cfg(unix)]

use std::fs;

use crate::support::{BOATYARD, Place};
use crate::terminal::{CTRL_C, DOWN, ENTER, ESC, Session, Setup, UP};

mod terminals;

const SUMMARY: &str = "❯ Create it";

/// Presses Enter until the summary is there; gives the questions on the way, beginning with the one that is open.
fn enter_through(session: &mut Session) -> Vec<String> {
    let mut asked: Vec<String> = Vec::new();
    loop {
        let question = session.question(asked.last().map_or("", String::as_str));
        if session.text().contains(SUMMARY) {
            return asked;
        }
        asked.push(question);
        session.send(ENTER);
    }
}

fn answers(place: &Place, directory: &str) -> serde_json::Value {
    let text = fs::read_to_string(place.path(directory).join("boatyard.json")).expect("boatyard.json");
    serde_json::from_str(&text).expect("JSON")
}

/// The command that the session told to run elsewhere.
fn equivalent(screen: &str) -> Vec<String> {
    let told = screen
        .lines()
        .skip_while(|line| !line.contains("the same without questions"));
    let command: Vec<&str> = told.skip(1).take_while(|line| !line.is_empty()).collect();
    shlex::split(&command.join("\n").replace("\\\n", "")).expect("shell words")
}

#[test]
fn enter_enter_enter_is_a_good_answer() {
    let place = Place::new();
    let mut session = Session::start(&place, &["new", "orders"], &Setup::default());
    let asked = enter_through(&mut session);
    assert!(
        asked[0].starts_with("? What is the service called? (orders)"),
        "{asked:?}"
    );
    assert!(asked.len() > 3, "{asked:?}");
    let page = session.text();
    session.send(ENTER);
    let (code, screen) = session.end();
    assert_eq!(code, 0, "{}", screen.contents());
    assert!(!screen.hide_cursor(), "the cursor is hidden");
    let flags = place.run(["new", "flags", "--name", "orders", "--yes"]).go().done();
    assert_eq!(place.tree("orders"), place.tree("flags"), "{}", flags.stderr);
    let created = screen.contents();
    let files = place.tree("orders").keys().filter(|path| !path.ends_with('/')).count();
    assert!(page.contains(&format!("? {files} files, ")), "{page}");
    assert!(created.contains(&format!("created {files} files, ")), "{created}");
    let after: Vec<&str> = created
        .lines()
        .skip_while(|line| *line != "next")
        .map(str::trim)
        .collect();
    assert_eq!(after[1], "cd orders");
    assert!(after[2].starts_with("make setup "), "{after:?}");
    assert_eq!(after.len(), 4, "{after:?}");
}

#[test]
fn the_equivalent_command_gives_the_same_bytes() {
    let place = Place::new();
    let mut session = Session::start(&place, &["new"], &Setup::default());
    session.question("");
    session.send("Rosie's \"big\" shop").send(ENTER);
    session.see("holds '\"'");
    session.send(&"\x7f".repeat(20)).send("Rosie's big shop").send(ENTER);
    session.see("? Which language?").send(ENTER);
    session.see("? Which database?").send(DOWN).send(DOWN).send(ENTER);
    session.see("? Which cache?");
    enter_through(&mut session);
    session.send(ENTER);
    let (code, screen) = session.end();
    assert_eq!(code, 0, "{}", screen.contents());
    let words = equivalent(&screen.contents());
    assert_eq!(words[..3], ["boatyard", "new", "rosies-big-shop"]);
    assert!(words.contains(&"Rosie's big shop".to_owned()), "{words:?}");
    assert_eq!(answers(&place, "rosies-big-shop")["database"], "none");
    let elsewhere = Place::new();
    elsewhere.run(words[1..].iter().map(String::as_str)).go().done();
    assert_eq!(place.tree("rosies-big-shop"), elsewhere.tree("rosies-big-shop"));
}

#[test]
fn esc_goes_back_and_keeps_what_was_said() {
    let place = Place::new();
    let mut session = Session::start(&place, &["new"], &Setup::default());
    session.question("");
    session.send("Shop").send(ENTER);
    session.see("? Which language?").send(ENTER);
    session.see("? Which database?").send(DOWN).send(DOWN).send(ENTER);
    session.see("? Which cache?").send(ESC);
    session.wait("database again", |text| {
        text.contains("? Which database?") && text.contains("❯ None") && !text.contains("cache")
    });
    session.send(ESC).see("? Which language?");
    session.send(ESC).see("called? (Shop)");
    session.send(ESC);
    let (code, screen) = session.end();
    assert_eq!(code, 130);
    assert_eq!(screen.contents().trim(), "nothing written");
    assert!(!screen.hide_cursor());
    assert!(place.tree("").is_empty());
}

#[test]
fn the_summary_edits_every_answer() {
    let place = Place::new();
    let mut session = Session::start(&place, &["new", "orders"], &Setup::default());
    enter_through(&mut session);
    let rows = |text: &str| -> Vec<String> {
        let list = text.lines().skip_while(|line| !line.contains("Create it")).skip(1);
        list.take_while(|line| !line.contains("Cancel"))
            .map(|line| line.trim_matches(['❯', ' ']).to_owned())
            .collect()
    };
    let keys = rows(&session.text());
    let down = |key: &str| DOWN.repeat(1 + keys.iter().position(|row| row.starts_with(key)).expect("a row"));
    // The page comes back with the edited row marked.
    session.send(&down("name")).send(ENTER).see("called? (orders)");
    session.send("Shop").send(ENTER).see("❯ name             Shop (shop)");
    let up = |key: &str| UP.repeat(1 + keys.iter().position(|row| row.starts_with(key)).expect("a row"));
    session
        .send(&up("name"))
        .see(SUMMARY)
        .send(&down("database"))
        .send(ENTER);
    session
        .see("? Which database?")
        .send(DOWN)
        .send(DOWN)
        .send(ENTER)
        .see("❯ database         None");
    session
        .send(&up("database"))
        .see(SUMMARY)
        .send(&down("description"))
        .send(ENTER);
    session
        .see("(The shop service)")
        .send("-dashed \"quotes\" $HOME 'n' all")
        .send(ENTER)
        .see("❯ description      -dashed");
    session
        .send(&up("description"))
        .see(SUMMARY)
        .send(&down("licence"))
        .send(ENTER);
    session
        .see("❯ none")
        .send(DOWN)
        .send(ENTER)
        .see("❯ licence          MIT");
    session
        .send(&up("licence"))
        .see(SUMMARY)
        .send(&down("domain"))
        .send(ENTER);
    session
        .see("(shop.example.com)")
        .send("https://shop")
        .send(ENTER)
        .see("write a host name in lower case");
    session.send(ESC).see("❯ domain           shop.example.com");
    session
        .send(ENTER)
        .see("(shop.example.com)")
        .send(ENTER)
        .see("❯ domain           shop.example.com");
    session.send(&up("domain")).see(SUMMARY).send(ENTER);
    let (code, screen) = session.end();
    assert_eq!(code, 0, "{}", screen.contents());
    let kept = answers(&place, "orders");
    assert_eq!(kept["name"], "Shop");
    assert_eq!(kept["database"], "none");
    assert_eq!(kept["licence"], "MIT");
    assert_eq!(kept["description"], "-dashed \"quotes\" $HOME 'n' all");
    assert_eq!(
        kept["domain"],
        serde_json::Value::Null,
        "a default that was looked at is no choice"
    );
    let elsewhere = Place::new();
    elsewhere
        .run(equivalent(&screen.contents())[1..].iter().map(String::as_str))
        .go()
        .done();
    assert_eq!(place.tree("orders"), elsewhere.tree("orders"));
}

#[test]
fn ctrl_c_at_any_question_leaves_nothing() {
    let mut reached = false;
    // So low that prompts reach the bottom.
    let setup = Setup {
        rows: 12,
        ..Setup::default()
    };
    for enters in 0.. {
        let place = Place::new();
        let script = format!("printf '\\n\\n\\n\\n\\n\\n\\n\\n\\n'; exec {BOATYARD} new orders");
        let mut session = Session::of("/bin/sh", &place, &["-c", &script], &setup);
        let mut last = String::new();
        for _ in 0..enters {
            last = session.question(&last);
            session.send(ENTER);
        }
        session.question(&last);
        reached = session.text().contains(SUMMARY);
        session.send(CTRL_C);
        let (code, screen) = session.end();
        assert_eq!(code, 130, "after {enters} answers");
        assert!(!screen.hide_cursor(), "the cursor is hidden after {enters} answers");
        assert!(
            !screen.bracketed_paste(),
            "pastes stay bracketed after {enters} answers"
        );
        assert!(
            screen.contents().trim_end().ends_with("\nnothing written"),
            "{}",
            screen.contents()
        );
        assert!(place.tree("").is_empty());
        if reached {
            break;
        }
    }
    assert!(reached);
}

#[test]
fn cancel_on_the_summary_leaves_nothing() {
    let place = Place::new();
    let mut session = Session::start(&place, &["new", "orders"], &Setup::default());
    enter_through(&mut session);
    session.send(UP).see("❯ Cancel").send(ENTER);
    let (code, screen) = session.end();
    assert_eq!((code, screen.hide_cursor()), (130, false));
    assert!(place.tree("").is_empty());
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let place = Place::new();
    let mut session = Session::start(&place, &["new", "orders"], &Setup::default());
    session.question("");
    assert!(session.screen().bracketed_paste());
    session.signal("TERM");
    let (code, screen) = session.end();
    assert_eq!(
        (code, screen.hide_cursor(), screen.bracketed_paste()),
        (143, false, false)
    );
    assert!(place.tree("").is_empty());
}

#[test]
fn only_what_is_open_is_asked() {
    let place = Place::new();
    let mut session = Session::start(
        &place,
        &["new", "--name", "Shop", "--database", "none", "--set", "cache=redis"],
        &Setup::default(),
    );
    let asked = enter_through(&mut session);
    assert!(
        asked
            .iter()
            .all(|question| !question.contains("called") && !question.contains("database")),
        "{asked:?}"
    );
    session.send(ENTER);
    assert_eq!(session.end().0, 0);
    assert_eq!(answers(&place, "shop")["database"], "none");
}

#[test]
fn nothing_is_asked_when_nothing_is_open() {
    let place = Place::new();
    let full = place.run(["new", "orders", "--yes", "--dry-run", "--json"]).go().done();
    let document: serde_json::Value = serde_json::from_str(&full.stdout).expect("JSON");
    let words: Vec<String> = serde_json::from_value(document["equivalent"].clone()).expect("words");
    let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    let mut session = Session::start(&place, &args, &Setup::default());
    let (code, screen) = session.end();
    assert_eq!(code, 0);
    assert!(screen.contents().starts_with("created "), "{}", screen.contents());
    assert!(
        !screen.contents().contains("without questions"),
        "{}",
        screen.contents()
    );
    // Nor by `--yes`.
    let mut session = Session::start(&place, &["new", "other", "--yes"], &Setup::default());
    assert_eq!(session.end().0, 0);
}

#[test]
fn the_directory_is_checked_before_the_first_question() {
    let place = Place::new();
    place.write("full/mine", "mine\n").write("shop/mine", "mine\n");
    let mut session = Session::start(&place, &["new", "full"], &Setup::default());
    let (code, screen) = session.end();
    assert_eq!(code, 2);
    assert!(
        screen
            .contents()
            .starts_with("error: `full` is not empty: it holds `mine`"),
        "{}",
        screen.contents()
    );
    // And with the name, where that decides it.
    let mut session = Session::start(&place, &["new"], &Setup::default());
    session.question("");
    session.send("Shop").send(ENTER).see("`shop` is not empty");
    session.send("2").send(ENTER).see("? Which language?");
    session.send(CTRL_C);
    assert_eq!(session.end().0, 130);
}

#[test]
fn wrong_flags_are_told_before_the_first_question() {
    let place = Place::new();
    let mut session = Session::start(&place, &["new", "orders", "--database", "postgre"], &Setup::default());
    let (code, screen) = session.end();
    assert_eq!(code, 2);
    assert!(!screen.contents().contains("no answer for"), "{}", screen.contents());
}
