//! The program run as people run it, in a place of its own and with nothing of this machine's environment.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The program under test.
pub const BOATYARD: &str = env!("CARGO_BIN_EXE_boatyard");

/// Longer than anything takes on a busy machine, shorter than anybody waits for a hang.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A temporary directory that runs happen in.
pub struct Place(TempDir);

impl Place {
    /// An empty one.
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// A path inside.
    pub fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Writes a file, and the directories above it.
    pub fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below the place")).expect("directories");
        fs::write(path, text).expect("a file");
        self
    }

    /// Makes a directory.
    pub fn dir(&self, path: &str) -> &Self {
        fs::create_dir_all(self.path(path)).expect("a directory");
        self
    }

    /// Writes a shell script into `bin/`, for runs whose `PATH` is that folder.
    #[cfg(unix)]
    pub fn program(&self, name: &str, script: &str) -> &Self {
        use std::os::unix::fs::PermissionsExt;
        self.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.path(&format!("bin/{name}")), fs::Permissions::from_mode(0o755)).expect("a mode");
        self
    }

    /// Every file and directory below `path`, with its text; directories end in `/`.
    pub fn tree(&self, path: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.path(path);
        let mut found = BTreeMap::new();
        let mut open = vec![root.clone()];
        while let Some(next) = open.pop() {
            for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
                let name = entry.path().strip_prefix(&root).expect("below").display().to_string();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    found.insert(format!("{name}/"), Vec::new());
                    open.push(entry.path());
                } else {
                    found.insert(name, fs::read(entry.path()).unwrap_or_default());
                }
            }
        }
        found
    }

    /// A run of the program with these arguments.
    pub fn run<'a>(&'a self, args: impl IntoIterator<Item = &'a str>) -> Run<'a> {
        Run {
            place: self,
            args: args.into_iter().map(str::to_owned).collect(),
            env: environment(self.0.path()),
            stdin: Stdin::Empty,
        }
    }
}

/// All that a run's environment holds: a home without settings, and no program to be found.
pub fn environment(home: &Path) -> BTreeMap<String, String> {
    let home = home.display().to_string();
    BTreeMap::from([
        ("PATH".to_owned(), format!("{home}/bin")),
        ("HOME".to_owned(), home),
        ("LC_ALL".to_owned(), "C.UTF-8".to_owned()),
    ])
}

enum Stdin {
    Empty,
    Text(String),
    NeverEnding,
}

/// One run, about to happen.
pub struct Run<'a> {
    place: &'a Place,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    stdin: Stdin,
}

/// What a run gave.
#[derive(Debug, PartialEq, Eq)]
pub struct Out {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run<'_> {
    /// With this variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// With this on standard input.
    pub fn stdin(mut self, text: &str) -> Self {
        self.stdin = Stdin::Text(text.into());
        self
    }

    /// With a standard input that stays open and says nothing.
    pub fn stdin_never_ends(mut self) -> Self {
        self.stdin = Stdin::NeverEnding;
        self
    }

    /// Starts it.
    pub fn start(&self) -> Child {
        Command::new(BOATYARD)
            .args(&self.args)
            .current_dir(self.place.path(""))
            .env_clear()
            .envs(&self.env)
            .stdin(match self.stdin {
                Stdin::Empty => Stdio::null(),
                _ => Stdio::piped(),
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }

    /// Runs it to its end.
    pub fn go(self) -> Out {
        let mut child = self.start();
        let mut input = child.stdin.take();
        if let (Some(pipe), Stdin::Text(text)) = (&mut input, &self.stdin) {
            // A program that does not read is no failure of the test.
            let _ = pipe.write_all(text.as_bytes());
            input = None;
        }
        let read = |mut from: Box<dyn Read + Send>| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                from.read_to_end(&mut text).expect("output");
                String::from_utf8(text).expect("UTF-8")
            })
        };
        let stdout = read(Box::new(child.stdout.take().expect("a pipe")));
        let stderr = read(Box::new(child.stderr.take().expect("a pipe")));
        let begin = Instant::now();
        let status = loop {
            match child.try_wait().expect("a status") {
                Some(status) => break status,
                None if begin.elapsed() > PATIENCE => {
                    let _ = child.kill();
                    panic!("`boatyard {}` hangs", self.args.join(" "));
                }
                None => std::thread::sleep(Duration::from_millis(3)),
            }
        };
        drop(input);
        Out {
            code: status.code(),
            stdout: stdout.join().expect("stdout"),
            stderr: stderr.join().expect("stderr"),
        }
    }
}

impl Out {
    /// Ends the test unless the run did its work.
    pub fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// Ends the test unless the run gave this.
    pub fn gave(&self, code: i32, stdout: &str, stderr: &str) {
        let expected = Out {
            code: Some(code),
            stdout: stdout.into(),
            stderr: stderr.into(),
        };
        assert_eq!(*self, expected, "\n{}", self.stderr);
    }
}
