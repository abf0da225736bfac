//! `docs/wizard.svg`: a session with the wizard, recorded from the real program. `scripts/record-wizard` makes it anew.
#![cfg(unix)]

use std::fs;

use crate::golden::root;
use crate::support::{BOATYARD, Place};
use crate::terminal::{DOWN, ENTER, Session, Setup, UP};

mod svg;

const ROWS: u16 = 22;
const COLUMNS: u16 = 92;

/// Screens and how long each is shown, in milliseconds.
struct Recording {
    session: Session,
    frames: Vec<(vt100::Screen, u32)>,
}

impl Recording {
    /// Waits until the screen shows this, then keeps it for so long.
    fn show(&mut self, what: &str, milliseconds: u32) -> &mut Self {
        self.session.see(what);
        self.frames.push((self.session.screen(), milliseconds));
        self
    }

    /// Types letter by letter.
    fn typed(&mut self, text: &str) -> &mut Self {
        for end in text.char_indices().map(|(at, letter)| at + letter.len_utf8()) {
            let before = self.session.text();
            self.session
                .send(&text[end - text[..end].chars().last().map_or(0, char::len_utf8)..end]);
            self.session
                .wait("echo", |now| now != before || text[..end].ends_with(' '));
            self.frames.push((self.session.screen(), 70));
        }
        self
    }

    fn press(&mut self, key: &str) -> &mut Self {
        self.session.send(key);
        self
    }
}

#[test]
#[ignore = "writes docs/wizard.svg"]
fn record() {
    let place = Place::new();
    place
        .program("npm", "/bin/sleep 1; echo '{}' > package-lock.json")
        .program("git", "PATH=/usr/local/bin:/usr/bin:/bin exec git \"$@\"");
    std::os::unix::fs::symlink(BOATYARD, place.path("bin/boatyard")).expect("a link");
    let mut setup = Setup {
        rows: ROWS,
        columns: COLUMNS,
        ..Setup::default()
    };
    for (name, value) in [
        ("PS1", "$ "),
        ("GIT_AUTHOR_NAME", "Ada"),
        ("GIT_AUTHOR_EMAIL", "ada@example.com"),
        ("GIT_COMMITTER_NAME", "Ada"),
        ("GIT_COMMITTER_EMAIL", "ada@example.com"),
    ] {
        setup.env.insert(name.into(), value.into());
    }
    let session = Session::of("/bin/sh", &place, &["-i"], &setup);
    let mut film = Recording {
        session,
        frames: Vec::new(),
    };
    film.show("$", 600)
        .typed("boatyard new")
        .press(ENTER)
        .show("called?", 900);
    film.typed("Orders").press(ENTER).show("? Which language?", 1300);
    film.press(ENTER).show("? Which database?", 1600);
    film.press(ENTER)
        .show("? Which cache?", 1100)
        .press(DOWN)
        .show("❯ None", 700);
    film.press(UP)
        .show("❯ Redis", 500)
        .press(ENTER)
        .show("? Where does it run?", 1300);
    film.press(ENTER).show("? Lock the dependencies", 1000);
    film.press(ENTER).show("? Make the first commit?", 1000);
    film.press(ENTER)
        .show("❯ Create it", 2600)
        .press(ENTER)
        .show("locking", 600);
    film.show("committed", 10).show("\n$", 7000);
    let text = svg::film(&film.frames, ROWS, COLUMNS);
    fs::write(root().join("docs/wizard.svg"), text).expect("docs/wizard.svg");
}

#[test]
fn the_picture_is_small_and_stands_alone() {
    let text = fs::read_to_string(root().join("docs/wizard.svg")).expect("docs/wizard.svg");
    assert!(text.len() < 100_000, "{} bytes", text.len());
    for foreign in ["http://", "https://", "@import", "url(", "<script", "data:"] {
        let own = text.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !own.contains(foreign),
            "the picture refers to something outside: {foreign}"
        );
    }
    for shown in ["boatyard new", "Which database?", "Create it", "make setup"] {
        assert!(text.contains(shown), "the picture lacks `{shown}`");
    }
}
