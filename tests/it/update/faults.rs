//! Every file operation of an update fails, or is the last one of a run that is killed. Afterwards each file is whole, and
//! the next run ends where one run would have.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use boatyard::engine::merge::decide::Content;
use boatyard::engine::tree::RelPath;
use boatyard::shell::disk::journal::{Journal, Step, content, pending};
use boatyard::shell::disk::ops::{Ops, System};
use boatyard::shell::disk::place::found;

use super::{different, files, generated, run};
use crate::support::Place;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// One operation fails, as on a full disk.
    Fails,
    /// Nothing happens from this operation on.
    Killed,
    /// The same, and what was being written is half there.
    Torn,
}

/// The file system, until the operation of this number.
struct Faulty {
    at: usize,
    fault: Fault,
    done: Cell<usize>,
}

impl Faulty {
    fn new(at: usize, fault: Fault) -> Self {
        Self {
            at,
            fault,
            done: Cell::new(0),
        }
    }

    /// Counts an operation; whether it is the one that goes wrong, or comes after the end.
    fn step(&self) -> Result<bool> {
        let number = self.done.get();
        self.done.set(number + 1);
        let full = || Error::new(ErrorKind::StorageFull, "no space left on device");
        match self.fault {
            Fault::Fails if number == self.at => Err(full()),
            Fault::Killed if number >= self.at => Err(full()),
            Fault::Torn if number > self.at => Err(full()),
            Fault::Torn if number == self.at => Ok(false),
            _ => Ok(true),
        }
    }
}

impl Ops for Faulty {
    fn create_dir(&self, path: &Path) -> Result<()> {
        if self.step()? {
            System.create_dir(path)
        } else {
            Err(ErrorKind::Other.into())
        }
    }

    fn create(&self, path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
        if self.step()? {
            return System.create(path, bytes, executable);
        }
        System.create(path, &bytes[..bytes.len() / 2], executable)?;
        Err(ErrorKind::Other.into())
    }

    fn sync(&self, path: &Path) -> Result<()> {
        if self.step()? {
            System.sync(path)
        } else {
            Err(ErrorKind::Other.into())
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        if self.step()? {
            System.rename(from, to)
        } else {
            Err(ErrorKind::Other.into())
        }
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        if self.step()? {
            System.remove_file(path)
        } else {
            Err(ErrorKind::Other.into())
        }
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        if self.step()? {
            System.remove_dir(path)
        } else {
            Err(ErrorKind::Other.into())
        }
    }

    fn remove_dir_all(&self, path: &Path) -> Result<()> {
        if self.step()? {
            return System.remove_dir_all(path);
        }
        // Some of it is gone already.
        let first = fs::read_dir(path).ok().and_then(|mut entries| entries.next()?.ok());
        if let Some(entry) = first {
            let _ = fs::remove_file(entry.path());
        }
        Err(ErrorKind::Other.into())
    }
}

type Tree = BTreeMap<String, Vec<u8>>;

/// A repository and what an update of it does.
struct Scene {
    before: Tree,
    after: Tree,
}

/// An update of a whole repository, with edits in it.
fn scene() -> Scene {
    let place = Place::new();
    generated(&place);
    super::edit(&place, "Makefile", "\n", "\n# Ours.\n");
    super::edit(&place, "package.json", "\"zod\": ", "\"zz\": \"1.0.0\",\n    \"zod\": ");
    let before = files(&place);
    run(&place, &["update", "--cache", "none", "--licence", "MIT"]).done();
    let after = files(&place);
    assert!(different(&before, &after).len() > 20);
    Scene { before, after }
}

fn program(bytes: &[u8]) -> bool {
    bytes.starts_with(b"#!")
}

impl Scene {
    /// The repository as it was.
    fn lay(&self, place: &Place) {
        let _ = fs::remove_dir_all(place.path("repo"));
        for (path, bytes) in &self.before {
            let path = place.path("repo").join(path);
            fs::create_dir_all(path.parent().expect("below")).expect("directories");
            let mode = if program(bytes) { 0o755 } else { 0o644 };
            fs::write(&path, bytes).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        }
    }

    fn steps(&self, root: &Path) -> Vec<Step> {
        let changed = different(&self.before, &self.after);
        let mut steps: Vec<Step> = changed
            .iter()
            .map(|path| {
                let rel = RelPath::parse(path).expect("a path");
                Step {
                    old: content(&found(root, &rel).expect("read")),
                    new: self.after.get(path).map(|bytes| Content {
                        bytes: bytes.clone(),
                        executable: program(bytes),
                    }),
                    path: rel,
                }
            })
            .collect();
        steps.sort_by_key(|step| (step.path.as_str() == ".boatyard/base.json", step.new.is_some()));
        steps
    }

    /// An update during which this goes wrong; gives the number of operations.
    fn update(&self, root: &Path, ops: &Faulty) -> (usize, bool) {
        let steps = self.steps(root);
        let done = Journal::open(root, ops).and_then(|journal| {
            journal.roll_forward()?;
            journal.apply(&steps, false)
        });
        (ops.done.get(), done.is_ok())
    }

    /// Each file is the old or the new one, and nothing else is there but what a killed run leaves beside files.
    fn whole(&self, place: &Place, what: &str) {
        for (path, bytes) in files(place) {
            let name = path.rsplit('/').next().expect("a name");
            if name.starts_with('.') && name.contains(".boatyard-") {
                continue;
            }
            let known = self.before.get(&path) == Some(&bytes) || self.after.get(&path) == Some(&bytes);
            assert!(known, "{what}: `{path}` is neither old nor new");
        }
        for path in self.before.keys().filter(|path| self.after.contains_key(*path)) {
            assert!(place.path("repo").join(path).exists(), "{what}: `{path}` is gone");
        }
    }
}

#[test]
fn every_operation_may_fail_or_be_the_last() {
    let scene = scene();
    let place = Place::new();
    let root = place.path("repo");
    scene.lay(&place);
    let (total, done) = scene.update(&root, &Faulty::new(usize::MAX, Fault::Fails));
    assert!(done && total > 50, "{total} operations");
    assert_eq!(different(&files(&place), &scene.after), Vec::<String>::new());
    // All of them take a minute; a few of them tell as much on most days.
    let stride = if std::env::var_os("CASES").is_some() { 1 } else { 17 };
    let mut injected = 0;
    for fault in [Fault::Fails, Fault::Killed, Fault::Torn] {
        for at in (0..total).step_by(stride) {
            let what = format!("{fault:?} at operation {at} of {total}");
            scene.lay(&place);
            let (_, done) = scene.update(&root, &Faulty::new(at, fault));
            assert!(!done || fault == Fault::Fails, "{what}: nobody noticed");
            scene.whole(&place, &what);
            // The next run, which nothing disturbs.
            let journal = Journal::open(&root, &System).unwrap_or_else(|error| panic!("{what}: {error:?}"));
            journal
                .roll_forward()
                .unwrap_or_else(|error| panic!("{what}: {error:?}"));
            let now = files(&place);
            assert!(
                now == scene.before || now == scene.after,
                "{what}: half an update is left"
            );
            if now == scene.before {
                journal
                    .apply(&scene.steps(&root), false)
                    .unwrap_or_else(|error| panic!("{what}: {error:?}"));
            }
            assert_eq!(different(&files(&place), &scene.after), Vec::<String>::new(), "{what}");
            assert!(!pending(&root), "{what}");
            injected += 1;
        }
    }
    eprintln!("{injected} faults in {total} operations");
}

#[test]
fn a_killed_program_is_ended_by_the_next() {
    let scene = scene();
    let mut caught = 0;
    for round in 0..10_u64 {
        let place = Place::new();
        scene.lay(&place);
        let args = ["update", "--project", "repo", "--cache", "none", "--licence", "MIT"];
        let mut child = place.run(args).start();
        while !place.path("repo/.boatyard/journal").exists() && child.try_wait().expect("a status").is_none() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(round * round * 400));
        child.kill().expect("SIGKILL");
        child.wait().expect("an end");
        scene.whole(&place, &format!("round {round}"));
        caught += u32::from(files(&place) != scene.after);
        place.run(args).go().done();
        assert_eq!(
            different(&files(&place), &scene.after),
            Vec::<String>::new(),
            "round {round}"
        );
    }
    eprintln!("{caught} of 10 runs were killed on their way");
}

#[test]
fn a_file_that_changes_meanwhile_is_left() {
    let scene = scene();
    let place = Place::new();
    let root = place.path("repo");
    scene.lay(&place);
    let steps = scene.steps(&root);
    // Between reading and writing: nothing is written at all.
    place.write("repo/Makefile", "theirs\n");
    let before = files(&place);
    {
        let journal = Journal::open(&root, &System).expect("the lock");
        let failure = journal.apply(&steps, false).expect_err("a change");
        assert_eq!(
            failure.problems()[0].to_string(),
            "`Makefile` changed while the update was being prepared\nhint: nothing was written; run the command again"
        );
        assert_eq!(failure.exit_code(), 74);
    }
    assert_eq!(files(&place), before);
    // Between a killed run and the next: the file is left, and what was generated for it is still to come.
    scene.lay(&place);
    let moving = (0..)
        .find(|at| {
            scene.lay(&place);
            scene.update(&root, &Faulty::new(*at, Fault::Killed));
            pending(&root)
        })
        .expect("a begun update");
    assert!(moving > 0);
    place.write("repo/Makefile", "theirs\n");
    let out = run(&place, &["update"]);
    assert_eq!(out.code, Some(74));
    assert_eq!(
        out.stderr,
        "error: `Makefile` changed while the update was being written; it is left as it is\n\
         hint: run `boatyard update` again to bring the update into it\n"
    );
    let now = files(&place);
    assert_eq!(now["Makefile"], b"theirs\n");
    assert_eq!(different(&now, &scene.after), [".boatyard/base.json", "Makefile"]);
    let out = run(&place, &["update"]);
    assert!(out.stderr.contains("  conflict  Makefile"), "{}", out.stderr);
}

#[test]
fn an_interrupted_update_is_told_by_those_who_only_look() {
    let scene = scene();
    let place = Place::new();
    let root = place.path("repo");
    (0..).find(|at| {
        scene.lay(&place);
        scene.update(&root, &Faulty::new(*at, Fault::Killed));
        pending(&root)
    });
    let told = "error: an update of this repository was interrupted\nhint: `boatyard update` finishes it\n";
    run(&place, &["diff"]).gave(2, "", told);
    run(&place, &["update", "--dry-run"]).gave(2, "", told);
    run(&place, &["status"]).gave(
        1,
        "drifted\n  an update of this repository was interrupted\n  hint: `boatyard update` finishes it\n",
        "",
    );
    run(&place, &["update"]).gave(
        0,
        "",
        "finished the update that an interrupted run had begun\nnothing to change in `repo`\n",
    );
    assert_eq!(files(&place), scene.after);
}

#[test]
fn two_updates_at_once_are_one_too_many() {
    let place = Place::new();
    let before = generated(&place);
    let root = place.path("repo");
    let held = Journal::open(&root, &System).expect("the lock");
    run(&place, &["update", "--cache", "none"]).gave(
        2,
        "",
        "error: another boatyard is updating `repo`\nhint: wait until it is done\n",
    );
    assert_eq!(files(&place), before);
    // Looking needs no lock.
    assert_eq!(run(&place, &["diff", "--cache", "none"]).code, Some(1));
    drop(held);
    run(&place, &["update", "--cache", "none"]).done();
}

#[test]
fn a_journal_that_is_no_directory_is_refused() {
    let place = Place::new();
    generated(&place);
    place.dir("elsewhere");
    std::os::unix::fs::symlink("../../elsewhere", place.path("repo/.boatyard/journal")).expect("a link");
    run(&place, &["update"]).gave(
        2,
        "",
        "error: `repo/.boatyard/journal` is no directory\nhint: boatyard keeps its files there; move it away\n",
    );
    assert!(place.tree("elsewhere").is_empty());
}
