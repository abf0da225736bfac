//! A repository appears whole or not at all: the places it may go to, and runs that are killed.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use crate::support::Place;

/// What a run that nobody disturbs writes.
fn whole(place: &Place) -> BTreeMap<String, Vec<u8>> {
    place.run(["new", "whole", "--name", "Orders", "--yes"]).go().done();
    place.tree("whole")
}

/// The staging directories in `tree`.
fn staging(tree: &BTreeMap<String, Vec<u8>>) -> Vec<&String> {
    tree.keys()
        .filter(|path| path.starts_with(".boatyard-staging-") && path.matches('/').count() == 1 && path.ends_with('/'))
        .collect()
}

#[test]
fn every_free_place_is_filled() {
    let place = Place::new();
    let expected = whole(&place);
    place.dir("empty").dir("fresh/.git").dir("real").dir("deep/below");
    std::os::unix::fs::symlink("real", place.path("link")).expect("a link");
    for directory in [
        "absent",
        "empty",
        "link",
        "deep/below/orders",
        "slash/",
        "./dot",
        "deep/../up",
    ] {
        place.run(["new", directory, "--name", "Orders", "--yes"]).go().done();
        assert_eq!(place.tree(directory), expected, "{directory}");
    }
    assert_eq!(place.tree("real"), expected);
    place.run(["new", "fresh", "--name", "Orders", "--yes"]).go().done();
    let mut fresh = place.tree("fresh");
    assert!(fresh.remove(".git/").is_some());
    assert_eq!(fresh, expected);
    assert!(staging(&place.tree("")).is_empty());
}

#[test]
fn the_current_directory_stays_the_same_one() {
    use std::os::unix::fs::MetadataExt;
    let place = Place::new();
    let expected = whole(&Place::new());
    let before = fs::metadata(place.path("")).expect("a directory").ino();
    place.run(["new", ".", "--name", "Orders", "--yes"]).go().done();
    assert_eq!(fs::metadata(place.path("")).expect("a directory").ino(), before);
    assert_eq!(place.tree(""), expected);
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let made = std::process::Command::new("sh")
        .args([
            "-c",
            "umask 077; exec \"$0\" new orders --yes",
            crate::support::BOATYARD,
        ])
        .current_dir(place.path(""))
        .env_remove("CI")
        .status();
    assert!(made.expect("sh").success());
    for path in place.tree("orders").into_keys().filter(|path| !path.ends_with('/')) {
        let path = place.path("orders").join(path);
        let program = fs::read(&path).expect("text").starts_with(b"#!");
        let mode = fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode, if program { 0o755 } else { 0o644 }, "{}", path.display());
    }
}

#[test]
fn a_place_without_permission_is_refused_before_anything_is_written() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.dir("closed");
    fs::set_permissions(place.path("closed"), fs::Permissions::from_mode(0o555)).expect("a mode");
    // The superuser may write there all the same; the kernel's own tree refuses even that.
    let root = fs::write(place.path("closed/probe"), "").is_ok();
    let (directory, told) = match root {
        false => (
            "closed/orders",
            "error: cannot write into `closed`: permission denied\n",
        ),
        true => (
            "/proc/orders",
            "error: cannot create a directory in `/proc`: no such file or directory\n",
        ),
    };
    let before = place.tree("");
    place.run(["new", directory, "--yes"]).go().gave(74, "", told);
    assert_eq!(place.tree(""), before);
}

#[test]
fn a_killed_run_leaves_all_or_nothing_and_the_next_one_clears_up() {
    let place = Place::new();
    let expected = whole(&place);
    let mut seen = [0_u32; 3];
    for round in 0..24_u64 {
        for target in ["absent", "fresh"] {
            let directory = format!("{target}-{round}");
            if target == "fresh" {
                place.dir(&format!("{directory}/.git"));
            }
            let args = ["new", &directory, "--name", "Orders", "--yes"];
            let mut child = place.run(args).start();
            // Writing begins some milliseconds in; where exactly depends on the machine, so the delays spread.
            std::thread::sleep(Duration::from_micros(4_000 + round * 1_700));
            child.kill().expect("SIGKILL");
            child.wait().expect("an end");
            let mut left = place.tree(&directory);
            left.remove(".git/");
            let complete = left == expected;
            if target == "absent" {
                assert!(left.is_empty() || complete, "round {round}: {:?}", left.keys());
            }
            let out = place.run(args).go();
            let mut now = place.tree(&directory);
            now.remove(".git/");
            assert_eq!(now, expected, "round {round} into {target}: {}", out.stderr);
            let beside = staging(&place.tree("")).len() + staging(&now).len();
            assert_eq!(beside, 0, "round {round}: staging is left: {}", out.stderr);
            let state = match (complete, out.stderr.contains("interrupted run")) {
                (true, false) => 0,
                (_, true) => 1,
                (false, false) => 2,
            };
            seen[state] += 1;
            assert_eq!(
                out.code,
                Some(if complete || out.stderr.contains("is complete") {
                    2
                } else {
                    0
                }),
                "{}",
                out.stderr
            );
        }
    }
    eprintln!("complete {}, cleared up {}, not begun {}", seen[0], seen[1], seen[2]);
}

#[test]
fn leftovers_in_every_state_are_cleared_up() {
    let place = Place::new();
    let expected = whole(&place);
    let run = |directory: &str| place.run(["new", directory, "--name", "Orders", "--yes"]).go();

    // Killed before the lock, before the files, in the middle of them: nothing of it was visible.
    for (state, files) in [("a", &[][..]), ("b", &["lock"]), ("c", &["lock", "files/README.md"])] {
        let beside = format!(".boatyard-staging-{state}.x1y2z3");
        let inside = format!("in-{state}/.boatyard-staging-x1y2z3");
        for (staged, directory) in [(&beside, state.to_owned()), (&inside, format!("in-{state}"))] {
            place.dir(staged);
            files
                .iter()
                .for_each(|file| drop(place.write(&format!("{staged}/{file}"), "half")));
            // A preview neither clears up nor is disturbed.
            let before = place.tree("");
            place
                .run(["new", &directory, "--name", "Orders", "--yes", "--dry-run"])
                .go()
                .done();
            assert_eq!(place.tree(""), before);
            let out = run(&directory).done();
            let told = format!("removed `{staged}`, left by an interrupted run\ncreated ");
            assert!(out.stderr.starts_with(&told), "{}", out.stderr);
            assert_eq!(place.tree(&directory), expected, "{staged}");
            assert!(!place.path(staged).exists());
        }
    }

    // Killed while the entries were being moved: the next run moves the rest.
    let names: Vec<String> = fs::read_dir(place.path("whole"))
        .expect("entries")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    for moved in [0, 1, names.len() / 2, names.len()] {
        let directory = format!("moved-{moved}");
        place
            .run(["new", &format!("{directory}-source"), "--name", "Orders", "--yes"])
            .go()
            .done();
        let staged = format!("{directory}/.boatyard-staging-x1y2z3");
        place.dir(&format!("{directory}/.git")).dir(&format!("{staged}/files"));
        place
            .write(&format!("{staged}/lock"), "")
            .write(&format!("{staged}/complete"), "");
        for (index, name) in names.iter().enumerate() {
            let to = if index < moved {
                directory.clone()
            } else {
                format!("{staged}/files")
            };
            let from = place.path(&format!("{directory}-source")).join(name);
            fs::rename(from, place.path(&to).join(name)).expect("a move");
        }
        let out = run(&directory);
        assert_eq!(out.code, Some(2));
        let told = format!(
            "finished in `{directory}` what an interrupted run had begun: the repository there is complete\n\
             error: `{directory}` is not empty"
        );
        assert!(out.stderr.starts_with(&told), "{}", out.stderr);
        let mut now = place.tree(&directory);
        now.remove(".git/");
        assert_eq!(now, expected, "{moved} moved");
    }
}

#[test]
fn a_live_run_is_left_alone() {
    let place = Place::new();
    for staged in [".boatyard-staging-absent.x1y2z3", "empty/.boatyard-staging-x1y2z3"] {
        place.write(&format!("{staged}/lock"), "");
    }
    let held: Vec<fs::File> = [".boatyard-staging-absent.x1y2z3", "empty/.boatyard-staging-x1y2z3"]
        .iter()
        .map(|staged| {
            let lock = fs::File::open(place.path(staged).join("lock")).expect("a lock");
            lock.lock().expect("a lock");
            lock
        })
        .collect();
    place.run(["new", "absent", "--yes"]).go().done();
    assert!(place.path(".boatyard-staging-absent.x1y2z3/lock").exists());
    place.run(["new", "empty", "--name", "Orders", "--yes"]).go().gave(
        2,
        "",
        "error: another boatyard is writing into `empty`\nhint: wait until it is done, or name another directory\n",
    );
    drop(held);
}

#[test]
fn what_appeared_meanwhile_is_not_overwritten() {
    let place = Place::new();
    let staged = "orders/.boatyard-staging-x1y2z3";
    place
        .write(&format!("{staged}/lock"), "")
        .write(&format!("{staged}/complete"), "");
    place
        .write(&format!("{staged}/files/README.md"), "ours\n")
        .write("orders/README.md", "mine\n");
    let out = place.run(["new", "orders", "--yes"]).go();
    assert_eq!(out.code, Some(2), "{}", out.stderr);
    let before = place.tree("orders");
    assert_eq!(before["README.md"], b"mine\n");
}
