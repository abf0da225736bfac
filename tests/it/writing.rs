//! A repository appears whole or not at all: the places it may go to, and runs that are killed.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::support::Place;

/// What a run that nobody disturbs writes.
fn whole(place: &Place) -> BTreeMap<String, Vec<u8>> {
    place.run(["new", "whole", "--name", "Orders", "--yes"]).go().done();
    place.tree("whole")
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
    assert!(!begun(&place.path("")));
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
            "umask 077; exec \"$0\" new orders --yes --quiet",
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
    const ROUNDS: u32 = 8;
    let place = Place::new();
    let expected = whole(&place);
    let mut cleared = 0;
    for (round, target) in (0..ROUNDS).flat_map(|round| [(round, "absent"), (round, "fresh")]) {
        let directory = format!("{target}-{round}");
        if target == "fresh" {
            place.dir(&format!("{directory}/.git"));
        }
        let home = place.path(if target == "fresh" { &directory } else { "" });
        let args = ["new", &directory, "--name", "Orders", "--yes"];
        let mut child = place.run(args).start();
        // The kill comes some while after writing began: at once, and later from round to round.
        while !begun(&home) && child.try_wait().expect("a status").is_none() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(u64::from(round * round) * 150));
        child.kill().expect("SIGKILL");
        child.wait().expect("an end");

        let visible = |directory: &str| {
            let mut tree = place.tree(directory);
            tree.retain(|path, _| path != ".git/" && !path.starts_with(".boatyard-staging-"));
            tree
        };
        let left = visible(&directory);
        if target == "absent" {
            assert!(left.is_empty() || left == expected, "round {round}: {:?}", left.keys());
        }
        let out = place.run(args).go();
        assert_eq!(
            visible(&directory),
            expected,
            "round {round} into {target}: {}",
            out.stderr
        );
        assert!(!begun(&home), "round {round}: staging is left: {}", out.stderr);
        let finished = left == expected || out.stderr.starts_with("finished in ");
        assert_eq!(out.code, Some(if finished { 2 } else { 0 }), "{}", out.stderr);
        cleared += u32::from(out.stderr.contains("interrupted run"));
    }
    assert!(
        cleared >= ROUNDS / 2,
        "only {cleared} kills came while something was being written"
    );
}

#[test]
fn an_interrupted_run_clears_up_by_itself() {
    let place = Place::new();
    let expected = whole(&place);
    let mut stopped = 0;
    for round in 0..6_u32 {
        let directory = format!("orders-{round}");
        let mut child = place.run(["new", &directory, "--name", "Orders", "--yes"]).start();
        while !begun(&place.path("")) && child.try_wait().expect("a status").is_none() {
            std::thread::yield_now();
        }
        let id = child.id().to_string();
        // It may have ended by itself meanwhile.
        let _ = std::process::Command::new("kill").args(["-s", "INT", &id]).status();
        let code = child.wait().expect("an end").code();
        assert!(!begun(&place.path("")), "round {round}: staging is left");
        match code {
            Some(0) => assert_eq!(place.tree(&directory), expected),
            Some(130) => stopped += 1,
            other => panic!("round {round} ended with {other:?}"),
        }
        assert!(code == Some(0) || place.tree(&directory).is_empty() || place.tree(&directory) == expected);
    }
    eprintln!("{stopped} of 6 were stopped");
}

/// Whether staging lies in this directory.
fn begun(home: &Path) -> bool {
    let entries = fs::read_dir(home).into_iter().flatten().flatten();
    entries
        .into_iter()
        .any(|entry| entry.file_name().to_string_lossy().starts_with(".boatyard-staging-"))
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
            for file in files {
                place.write(&format!("{staged}/{file}"), "half");
            }
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
    let before = place.tree("orders");
    place.run(["new", "orders", "--yes"]).go().gave(
        74,
        "",
        "error: `orders/README.md` appeared while the repository was being written\n\
         hint: move it away and run the command again; the rest waits in `orders/.boatyard-staging-x1y2z3/files`\n",
    );
    assert_eq!(place.tree("orders"), before);
}
