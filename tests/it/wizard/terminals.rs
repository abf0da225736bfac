//! The wizard on terminals of every kind.

use crate::support::Place;
use crate::terminal::{CTRL_C, ENTER, ESC, Session, Setup};

#[test]
fn a_narrow_terminal_shows_whole_lines() {
    let place = Place::new();
    let setup = Setup {
        columns: 40,
        rows: 24,
        ..Setup::default()
    };
    let mut session = Session::start(&place, &["new"], &setup);
    session.question("");
    session.send("Orders").send(ENTER);
    session.see("? Which language?").send(ENTER);
    let text = session
        .see("? Which database?")
        .wait("the list", |text| text.contains("None"));
    let list: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("Which database?"))
        .collect();
    assert!(list[1].starts_with("❯ PostgreSQL") && list[1].ends_with('…'), "{text}");
    assert!(list[3].starts_with("  None"), "{text}");
    // Taking back counts rows, so it must know of wrapped ones.
    session.send(ENTER).see("? Which cache?").send(ESC);
    session.wait("one database", |text| {
        text.matches("Which database?").count() == 1 && text.contains("❯ PostgreSQL")
    });
    session.send(ESC).see("? Which language?");
    session.send(ESC).see("called? (Orders)");
    session
        .send("Orders of the whole wide world")
        .send(ENTER)
        .see("? Which language?")
        .send(ESC);
    let text = session.wait("the name again", |text| {
        text.contains("called?") && !text.contains("language")
    });
    assert_eq!(text.matches("called?").count(), 1, "{text}");
    session.send(CTRL_C);
    assert_eq!(session.end().0, 130);
}

#[test]
fn no_color_has_no_colour() {
    let coloured = |name: &str| {
        let place = Place::new();
        let mut setup = Setup::default();
        setup.env.insert(name.into(), "1".into());
        let mut session = Session::start(&place, &["new", "orders"], &setup);
        session.question("");
        session.send(ENTER).see("? Which language?");
        let screen = session.screen();
        session.send(CTRL_C).end();
        let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
        let mut cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        cells.any(|(row, column)| {
            screen
                .cell(row, column)
                .is_some_and(|cell| cell.fgcolor() != vt100::Color::Default)
        })
    };
    assert!(coloured("NOTHING"));
    assert!(!coloured("NO_COLOR"));
}

#[test]
fn dumb_terminals_and_ci_are_not_asked() {
    for (name, value) in [("TERM", "dumb"), ("CI", "true")] {
        let place = Place::new();
        let mut setup = Setup::default();
        setup.env.insert(name.into(), value.into());
        let mut session = Session::start(&place, &["new", "orders"], &setup);
        let (code, screen) = session.end();
        assert_eq!(code, 2, "{name}={value}");
        assert!(
            screen.contents().starts_with("error: no answer for `name`"),
            "{}",
            screen.contents()
        );
    }
}
