//! Cases of an update that another generator (copier, MIT) tests by name, as a list of behaviours, each with our answer.

use boatyard::engine::change::Action;
use boatyard::engine::tree::Found;

use super::life::{Life, at, files};
use super::{edit, generated, run, text};
use crate::support::Place;

/// The case by its name there, what it is about, and our answer.
struct Case {
    name: &'static str,
    ours: &'static str,
    show: fn(),
}

const fn case(name: &'static str, ours: &'static str, show: fn()) -> Case {
    Case { name, ours, show }
}

/// Nothing to show: the feature that the case is about does not exist here, as the answer says.
fn nothing() {}

fn life(texts: &[(&str, &str)]) -> Life {
    let mut life = Life::default();
    life.update(&files(texts));
    life
}

const CASES: &[Case] = &[
    case("updatediff", "edits and new output are merged line by line", || {
        let mut life = life(&[("README.md", "a\nb\nc\nd\ne\n")]);
        life.write("README.md", "a\nb\nc\nd\nmine\n");
        life.update(&files(&[("README.md", "A\nb\nc\nd\ne\n")]));
        assert_eq!(life.text("README.md").as_deref(), Some("A\nb\nc\nd\nmine\n"));
    }),
    case("commit_hooks_respected", "no commit is made, so no hook runs", nothing),
    case(
        "post_checkout_hook_ignored",
        "nothing is checked out, so no hook runs",
        nothing,
    ),
    case(
        "update_from_tagged_to_head",
        "templates are in the binary: the base says what was generated, no tag does",
        || {
            let mut life = life(&[("a", "1\n")]);
            life.update(&files(&[("a", "2\n")]));
            assert_eq!(life.text("a").as_deref(), Some("2\n"));
        },
    ),
    case("skip_update", "a seed that was edited is kept", || {
        let mut life = life(&[("seed:a", "1\n")]);
        life.write("a", "mine\n");
        let update = life.update(&files(&[("seed:a", "2\n")]));
        assert_eq!(Life::action(&update, "a"), Action::Keep);
        assert_eq!(life.text("a").as_deref(), Some("mine\n"));
    }),
    case("skip_update_deleted", "a seed that was deleted stays away", || {
        let mut life = life(&[("seed:a", "1\n")]);
        life.disk.clear();
        life.update(&files(&[("seed:a", "2\n")]));
        assert_eq!(life.text("a"), None);
    }),
    case(
        "update_deleted_path",
        "a file that was deleted stays away, with what it became",
        || {
            let mut life = life(&[("a/b", "1\n")]);
            life.disk.clear();
            let update = life.update(&files(&[("a/b", "2\n")]));
            assert_eq!((Life::action(&update, "a/b"), life.text("a/b")), (Action::Keep, None));
            assert!(
                life.update(&files(&[("a/b", "2\n")]))
                    .changes
                    .iter()
                    .all(|change| change.action == Action::Unchanged)
            );
        },
    ),
    case(
        "update_deleted_path_not_used_as_pattern",
        "a tombstone is a path, never a pattern",
        || {
            let mut life = life(&[("a/x", "1\n"), ("b/a/x", "1\n")]);
            life.disk.remove(&at("a/x"));
            life.update(&files(&[("a/x", "2\n"), ("b/a/x", "2\n")]));
            assert_eq!((life.text("a/x"), life.text("b/a/x").as_deref()), (None, Some("2\n")));
        },
    ),
    case(
        "overwrite_answers_file_always",
        "the answers are written when they change, in the user's formatting",
        || {
            let place = Place::new();
            generated(&place);
            edit(&place, "boatyard.json", "\"cache\": \"redis\"", "\"cache\" :\"redis\"");
            run(&place, &["update", "--cache", "none"]).done();
            assert!(text(&place, "boatyard.json").contains("\"cache\" :\"none\""));
        },
    ),
    case(
        "file_removed",
        "what is no longer given goes when nobody edited it, and is kept as an orphan when somebody did",
        || {
            let mut life = life(&[("a", "1\n"), ("b", "1\n"), ("c", "1\n")]);
            life.write("b", "mine\n");
            life.update(&files(&[("c", "1\n")]));
            assert_eq!(
                (life.text("a"), life.text("b").as_deref(), life.text("c").as_deref()),
                (None, Some("mine\n"), Some("1\n"))
            );
        },
    ),
    case(
        "update_inline_changed_answers_and_questions",
        "answers of the command line win over the file, new axes take their default",
        || {
            let place = Place::new();
            generated(&place);
            edit(&place, "boatyard.json", "\"cache\": \"redis\"", "\"cache\": \"none\"");
            run(&place, &["update", "--cache", "redis", "--licence", "MIT"]).done();
            assert!(text(&place, "boatyard.json").contains("\"cache\": \"redis\""));
            assert!(place.path("repo/LICENSE").exists());
        },
    ),
    case(
        "update_in_repo_subdirectory",
        "a service below the root of a repository, and from any directory in it",
        || {
            let place = Place::new();
            generated(&place);
            let out = place
                .run(["update", "--cache", "none", "--project", "repo/src/platform"])
                .go();
            assert_eq!(out.code, Some(0), "{}", out.stderr);
            assert!(!text(&place, "compose.yaml").contains("redis"));
        },
    ),
    case(
        "update_needs_more_context",
        "both sides of a conflict stand whole between markers, whatever the context",
        || {
            let mut life = life(&[("a.py", "def f():\n    x = 1\n    return x\n")]);
            life.write("a.py", "def f():\n    x = 2\n    return x\n");
            let update = life.update(&files(&[("a.py", "def f():\n    x = 3\n    return x\n")]));
            assert_eq!(update.conflicts(), 1);
            assert_eq!(
                life.text("a.py").as_deref(),
                Some("def f():\n<<<<<<< yours\n    x = 2\n=======\n    x = 3\n>>>>>>> boatyard\n    return x\n")
            );
        },
    ),
    case(
        "conflicted_files_are_marked_unmerged",
        "git's index gets the three stages: see `git_learns_of_conflicts`",
        || {
            let mut life = life(&[("a", "1\n")]);
            life.write("a", "mine\n");
            assert_eq!(life.update(&files(&[("a", "2\n")])).stages.len(), 1);
        },
    ),
    case(
        "3way_merged_files_without_conflicts_are_not_marked_unmerged",
        "a clean merge has no stages",
        || {
            let mut life = life(&[("a", "1\n2\n3\n4\n")]);
            life.write("a", "mine\n2\n3\n4\n");
            assert!(life.update(&files(&[("a", "1\n2\n3\nnew\n")])).stages.is_empty());
        },
    ),
    case(
        "update_with_new_file_in_template_and_project",
        "the user's file is kept and said so; `--on-conflict replace` takes ours",
        || {
            let mut life = Life::default();
            life.write("a", "mine\n");
            let update = life.update(&files(&[("a", "1\n")]));
            assert_eq!(
                (Life::action(&update, "a"), life.text("a").as_deref()),
                (Action::Keep, Some("mine\n"))
            );
            assert_eq!(
                Life::action(&life.update(&files(&[("a", "1\n")])), "a"),
                Action::Unchanged
            );
        },
    ),
    case(
        "update_with_new_file_in_template_and_project_via_migration",
        "there are no migrations; a file that is already as generated is adopted",
        || {
            let mut life = Life::default();
            life.write("a", "1\n");
            assert_eq!(Life::action(&life.update(&files(&[("a", "1\n")])), "a"), Action::Adopt);
            life.update(&files(&[("a", "2\n")]));
            assert_eq!(life.text("a").as_deref(), Some("2\n"));
        },
    ),
    case(
        "update_with_separate_git_directory",
        "git is asked, its directory is never looked into: see `update/git.rs`",
        nothing,
    ),
    case(
        "update_with_skip_answered_and_new_answer",
        "what is answered is not asked again; what is given wins",
        || {
            let place = Place::new();
            generated(&place);
            run(&place, &["update", "--set", "cache=none"]).done();
            run(&place, &["update"]).gave(0, "", "nothing to change in `repo`\n");
        },
    ),
    case(
        "update_vcs_ref_current",
        "an update with the same Boatyard and new answers works",
        || {
            let place = Place::new();
            generated(&place);
            run(&place, &["update", "--licence", "MIT"]).done();
            assert!(place.path("repo/LICENSE").exists());
        },
    ),
    case(
        "update_dont_validate_computed_value",
        "what is derived is not stored, so no old value of it is ever checked",
        || {
            let place = Place::new();
            generated(&place);
            assert!(!text(&place, "boatyard.json").contains("slug"));
        },
    ),
    case(
        "update_git_submodule",
        "git is asked in the directory itself, so a submodule is a repository like any other",
        nothing,
    ),
    case(
        "gitignore_file_unignored",
        "whether git ignores a file plays no part",
        nothing,
    ),
    case(
        "update_keeps_template_generated_gitignored_file",
        "a generated file that git ignores is updated like any other",
        || {
            let mut life = life(&[(".gitignore", "a\n"), ("a", "1\n")]);
            life.update(&files(&[(".gitignore", "a\n"), ("a", "2\n")]));
            assert_eq!(life.text("a").as_deref(), Some("2\n"));
        },
    ),
    case("update_with_answers_with_umlaut", "answers of any script", || {
        let place = Place::new();
        generated(&place);
        run(&place, &["update", "--description", "Prüft Größen 注文"]).done();
        assert!(text(&place, "boatyard.json").contains("Prüft Größen 注文"));
        run(&place, &["update"]).gave(0, "", "nothing to change in `repo`\n");
    }),
    case(
        "conflict_on_update_with_unicode_in_content",
        "conflicts in texts of any script",
        || {
            let mut life = life(&[("größe.md", "ä\n")]);
            life.write("größe.md", "注文\n");
            assert_eq!(life.update(&files(&[("größe.md", "🚀\n")])).conflicts(), 1);
            assert_eq!(
                life.text("größe.md").as_deref(),
                Some("<<<<<<< yours\n注文\n=======\n🚀\n>>>>>>> boatyard\n")
            );
        },
    ),
    case(
        "conditional_computed_value",
        "what is derived follows the answers",
        || {
            let place = Place::new();
            generated(&place);
            run(&place, &["update", "--database", "none"]).done();
            assert!(!text(&place, ".env.example").contains("DATABASE_URL"));
        },
    ),
    case("disable_secret_validator_on_replay", "answers hold no secrets", nothing),
    case(
        "exclude_added_in_new_version",
        "an output that a newer Boatyard no longer gives goes when nobody edited it",
        || {
            let mut life = life(&[("a", "1\n"), ("b", "1\n")]);
            let update = life.update(&files(&[("a", "1\n")]));
            assert_eq!((Life::action(&update, "b"), life.text("b")), (Action::Delete, None));
        },
    ),
    case(
        "skip_if_exists_templated",
        "a path that depends on the name is found again by the output's id",
        || {
            let mut one = files(&[("orders/main.py", "1\n")]);
            one.values_mut().for_each(|entry| entry.id = "x".into());
            let mut two = files(&[("invoices/main.py", "2\n")]);
            two.values_mut().for_each(|entry| entry.id = "x".into());
            let mut life = Life::default();
            life.update(&one);
            assert_eq!(Life::action(&life.update(&two), "invoices/main.py"), Action::Move);
            assert_eq!(
                (life.text("orders/main.py"), life.text("invoices/main.py").as_deref()),
                (None, Some("2\n"))
            );
        },
    ),
    case(
        "render_copier_conf_as_json_without_circular_reference",
        "the plan is one serialisable document: see `golden/plan`",
        nothing,
    ),
    case(
        "update_propagates_executable_bit_addition",
        "a file that becomes a program is one afterwards",
        || {
            let mut life = life(&[("run", "echo\n")]);
            life.update(&files(&[("run", "#!/bin/sh\necho\n")]));
            assert!(matches!(
                life.disk[&at("run")],
                Found::File {
                    executable: Some(true),
                    ..
                }
            ));
        },
    ),
    case("update_propagates_executable_bit_removal", "and the other way", || {
        let mut life = life(&[("run", "#!/bin/sh\necho\n")]);
        life.update(&files(&[("run", "echo\n")]));
        assert!(matches!(
            life.disk[&at("run")],
            Found::File {
                executable: Some(false),
                ..
            }
        ));
    }),
    case(
        "update_preserves_exec_bit_authored_on_unix",
        "a mode that the user set is an edit, and kept",
        || {
            let mut life = life(&[("run", "echo\n")]);
            let bytes = b"echo\n".to_vec();
            life.disk.insert(
                at("run"),
                Found::File {
                    bytes,
                    executable: Some(true),
                },
            );
            life.update(&files(&[("run", "echo more\n")]));
            assert!(matches!(
                life.disk[&at("run")],
                Found::File {
                    executable: Some(true),
                    ..
                }
            ));
            assert_eq!(life.text("run").as_deref(), Some("echo more\n"));
        },
    ),
    case(
        "update_with_exec_bit_change_and_merge_conflict",
        "text in conflict, mode as it became",
        || {
            let mut life = life(&[("run", "echo\n")]);
            life.write("run", "echo mine\n");
            let update = life.update(&files(&[("run", "#!/bin/sh\necho new\n")]));
            assert_eq!(update.conflicts(), 1);
            assert!(matches!(
                life.disk[&at("run")],
                Found::File {
                    executable: Some(true),
                    ..
                }
            ));
        },
    ),
];

#[test]
fn every_case_has_our_answer() {
    assert_eq!(CASES.len(), 35);
    let mut names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 35);
    for case in CASES {
        assert!(!case.ours.is_empty(), "{}", case.name);
        eprintln!("{}: {}", case.name, case.ours);
        (case.show)();
    }
}
