//! A pseudo-terminal with the program in it: what is typed, and what a person would see.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::support::{BOATYARD, PATIENCE, Place, environment};

pub const ENTER: &str = "\r";
pub const ESC: &str = "\x1b";
pub const CTRL_C: &str = "\x03";
pub const DOWN: &str = "\x1b[B";
pub const UP: &str = "\x1b[A";

/// A running session.
pub struct Session {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    reader: Option<std::thread::JoinHandle<()>>,
    // Closing it would hang up on the program.
    _master: Box<dyn MasterPty + Send>,
}

/// How a session is set up.
pub struct Setup {
    /// Variables beside those of every run.
    pub env: BTreeMap<String, String>,
    pub rows: u16,
    pub columns: u16,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            env: BTreeMap::from([("TERM".into(), "xterm-256color".into())]),
            rows: 40,
            columns: 200,
        }
    }
}

impl Session {
    /// Starts the program with these arguments in a terminal.
    pub fn start(place: &Place, args: &[&str], setup: &Setup) -> Self {
        Self::of(BOATYARD, place, args, setup)
    }

    /// Starts any program with these arguments in a terminal.
    pub fn of(program: &str, place: &Place, args: &[&str], setup: &Setup) -> Self {
        let size = PtySize {
            rows: setup.rows,
            cols: setup.columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.cwd(place.path(""));
        command.env_clear();
        for (name, value) in environment(&place.path("")).iter().chain(&setup.env) {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(
            cells(setup.rows),
            cells(setup.columns),
            0,
        )));
        let mut output = pair.master.try_clone_reader().expect("output");
        let shared = Arc::clone(&screen);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end is an error on Linux, nothing elsewhere.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shared.lock().expect("the screen").process(&bytes[..count]);
            }
        });
        Self {
            child,
            writer: pair.master.take_writer().expect("input"),
            screen,
            reader: Some(reader),
            _master: pair.master,
        }
    }

    /// The text on the screen.
    pub fn text(&self) -> String {
        self.screen.lock().expect("the screen").screen().contents()
    }

    /// The screen itself.
    pub fn screen(&self) -> vt100::Screen {
        self.screen.lock().expect("the screen").screen().clone()
    }

    /// Types.
    pub fn send(&mut self, keys: &str) -> &mut Self {
        self.writer.write_all(keys.as_bytes()).expect("typing");
        self.writer.flush().expect("typing");
        self
    }

    /// Sends a signal to the program, as `kill` does.
    pub fn signal(&self, name: &str) {
        let id = self.child.process_id().expect("a process").to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .expect("kill");
        assert!(sent.success());
    }

    /// Waits until the screen fits, and gives its text.
    pub fn wait(&mut self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        loop {
            let text = self.text();
            if fits(&text) {
                return text;
            }
            assert!(begin.elapsed() < PATIENCE, "no {what} on the screen:\n{text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the screen shows this.
    pub fn see(&mut self, what: &str) -> &mut Self {
        self.wait(what, |text| text.contains(what));
        self
    }

    /// Waits for an open question other than `last`, drawn to its last line; gives it.
    pub fn question(&mut self, last: &str) -> String {
        let text = self.wait("question", |text| {
            open(text).is_some_and(|asks| asks != last) && drawn(text)
        });
        open(&text).unwrap_or_default()
    }

    /// Waits for the end; gives the exit code and the last screen.
    pub fn end(&mut self) -> (u32, vt100::Screen) {
        let begin = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a status") {
                Some(status) => break status,
                None if begin.elapsed() > PATIENCE => panic!("the program does not end:\n{}", self.text()),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader");
        }
        (status.exit_code(), self.screen())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// The question that waits for an answer: an answered one starts with another sign.
fn open(text: &str) -> Option<String> {
    text.lines()
        .rev()
        .find(|line| line.starts_with("? "))
        .map(|line| line.trim_end().to_owned())
}

/// Every prompt ends in a line of keys.
fn drawn(text: &str) -> bool {
    text.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .is_some_and(|line| line.trim_end().ends_with(']'))
}

fn cells(count: u16) -> std::num::NonZeroU16 {
    count.try_into().expect("a terminal with cells")
}
