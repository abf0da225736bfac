//! The laws of an update, each over random repositories, edits and changes. `CASES=100000 cargo test laws` tries more.

use std::collections::{BTreeMap, BTreeSet};

use boatyard::engine::base::{Files, State};
use boatyard::engine::merge::structured::{Syntax, merge};
use boatyard::engine::merge::text::{Labels, Settle};
use proptest::prelude::*;

use super::life::{Life, at, files};

pub fn cases(few: u32) -> ProptestConfig {
    let wish = std::env::var("CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(wish.unwrap_or(few))
    }
}

/// A file of four regions, each in one of three states; regions stand far from each other.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Made {
    /// Which of the regions, two bits each.
    regions: [u8; 4],
    seed: bool,
}

fn made() -> impl Strategy<Value = Made> {
    prop::array::uniform4(0_u8..3).prop_map(|regions| Made { regions, seed: false })
}

const PATHS: [&str; 5] = ["README.md", "src/app.ts", "docs/a.md", "docs/b.md", "Makefile"];

/// What a state of the templates generates: some of the paths.
fn state() -> impl Strategy<Value = BTreeMap<usize, Made>> {
    // The last one is a seed, in every state.
    let seeded = |(path, made)| {
        (
            path,
            Made {
                seed: path == PATHS.len() - 1,
                ..made
            },
        )
    };
    prop::collection::btree_map(0..PATHS.len(), made(), 0..=PATHS.len())
        .prop_map(move |state| state.into_iter().map(seeded).collect())
}

/// The text of a file: regions, with stretches between that never change but by the user's hand.
fn text(path: usize, made: Made, edits: &BTreeSet<(usize, usize)>) -> String {
    let mut text = String::new();
    for (region, state) in made.regions.iter().enumerate() {
        for line in 0..3 {
            text.push_str(&format!("{path} still {region} {line}\n"));
        }
        if edits.contains(&(path, region)) {
            text.push_str(&format!("mine {path} {region}\n"));
        }
        for line in 0..3 {
            text.push_str(&format!("{path} still {region} {line} too\n"));
        }
        for line in 0..*state {
            text.push_str(&format!("{path} region {region} state {state} line {line}\n"));
        }
    }
    text.push_str("the end\n");
    text
}

fn generate(state: &BTreeMap<usize, Made>) -> Files {
    let texts: Vec<(String, String)> = state
        .iter()
        .map(|(path, made)| {
            let seed = if made.seed { "seed:" } else { "" };
            (format!("{seed}{}", PATHS[*path]), text(*path, *made, &BTreeSet::new()))
        })
        .collect();
    files(
        &texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect::<Vec<_>>(),
    )
}

/// A repository of this state with these edits and without these files.
fn edited(state: &BTreeMap<usize, Made>, edits: &BTreeSet<(usize, usize)>, gone: &BTreeSet<usize>) -> Life {
    let mut life = Life::default();
    life.update(&generate(state));
    for (path, made) in state {
        if gone.contains(path) {
            life.disk.remove(&at(PATHS[*path]));
        } else {
            life.write(PATHS[*path], &text(*path, *made, edits));
        }
    }
    life
}

type Edits = BTreeSet<(usize, usize)>;

fn edits() -> impl Strategy<Value = Edits> {
    prop::collection::btree_set((0..PATHS.len(), 0_usize..4), 0..6)
}

fn gone() -> impl Strategy<Value = BTreeSet<usize>> {
    prop::collection::btree_set(0..PATHS.len(), 0..2)
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn nothing_new_changes_nothing(state in state(), edits in edits(), gone in gone()) {
        let mut life = edited(&state, &edits, &gone);
        let before = life.clone();
        let update = life.update(&generate(&state));
        prop_assert!(update.edits.is_empty());
        prop_assert_eq!(&life.disk, &before.disk);
        let settled = life.clone();
        life.update(&generate(&state));
        prop_assert_eq!(life, settled);
    }

    #[test]
    fn an_edit_away_from_changed_regions_survives(one in state(), two in state(), edits in edits(), crlf in any::<bool>(), bom in any::<bool>()) {
        let mut life = edited(&one, &edits, &BTreeSet::new());
        let stored = |text: String| {
            let text = if crlf { text.replace('\n', "\r\n") } else { text };
            if bom { format!("\u{feff}{text}") } else { text }
        };
        for path in one.keys() {
            let text = life.text(PATHS[*path]).expect("text");
            life.write(PATHS[*path], &stored(text));
        }
        let update = life.update(&generate(&two));
        prop_assert_eq!(update.conflicts(), 0);
        for (path, before) in &one {
            let touched = edits.iter().any(|(file, _)| file == path);
            let now = life.text(PATHS[*path]);
            match two.get(path) {
                None if !touched => prop_assert_eq!(now, None),
                None => prop_assert_eq!(now, Some(stored(text(*path, *before, &edits)))),
                // The user's own since the first day.
                Some(made) if made.seed && touched => prop_assert_eq!(now, Some(stored(text(*path, *before, &edits)))),
                Some(made) => prop_assert_eq!(now, Some(stored(text(*path, *made, &edits)))),
            }
        }
    }

    #[test]
    fn there_and_back_is_where_it_was(one in state(), two in state(), edits in edits(), gone in gone()) {
        let mut life = edited(&one, &edits, &gone);
        life.update(&generate(&one));
        let before = life.clone();
        life.update(&generate(&two));
        life.update(&generate(&one));
        for path in one.keys() {
            prop_assert_eq!(life.text(PATHS[*path]), before.text(PATHS[*path]), "{}", PATHS[*path]);
        }
        prop_assert_eq!(&life.disk, &before.disk);
        for (path, entry) in &before.base {
            prop_assert_eq!(&life.base[path].file.text, &entry.file.text, "{}", path);
        }
    }

    #[test]
    fn two_updates_are_as_good_as_one(one in state(), two in state(), three in state(), edits in edits()) {
        let mut there = edited(&one, &edits, &BTreeSet::new());
        let mut straight = there.clone();
        there.update(&generate(&two));
        there.update(&generate(&three));
        straight.update(&generate(&three));
        // What the last state no longer gives stays as the user last had it, so it depends on the way.
        for path in three.keys().map(|path| PATHS[*path]) {
            prop_assert_eq!(there.text(path), straight.text(path), "{}", path);
        }
        let current = |life: &Life| -> Vec<_> {
            let entries = life.base.iter().filter(|(_, entry)| entry.state == State::Current);
            entries.map(|(path, entry)| (path.clone(), entry.file.text.clone())).collect()
        };
        prop_assert_eq!(current(&there), current(&straight));
    }

    #[test]
    fn parts_of_both_sides_never_conflict(
        syntax in 0_usize..4,
        base in prop::collection::btree_set("[a-f][a-f]", 1..6),
        mine in prop::collection::vec(("[g-k][g-k]", 0_usize..8), 0..4),
        theirs in prop::collection::vec(("[m-q][m-q]", 0_usize..8), 0..4),
        gone in prop::collection::btree_set(0_usize..6, 0..2),
    ) {
        let syntax = SYNTAXES[syntax];
        let base: Vec<String> = base.into_iter().collect();
        let mut ours: Vec<String> = base.clone();
        let mut new: Vec<String> = base.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, name)| name.clone()).collect();
        for (list, added) in [(&mut ours, &mine), (&mut new, &theirs)] {
            for (name, place) in added {
                if !list.contains(name) {
                    list.insert((*place).min(list.len()), name.clone());
                }
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let wanted: BTreeSet<&String> = ours.iter().filter(|name| !base.contains(name) || new.contains(name)).chain(&new).collect();
        let (b, o, t) = (document(syntax, &base, &[]), document(syntax, &ours, &mine), document(syntax, &new, &[]));
        let merged = merge(Some(syntax), &b, &o, &t, Settle::Markers, &Labels::none());
        prop_assert_eq!(merged.conflicts, 0, "{}", merged.text);
        let found = names(syntax, &merged.text);
        prop_assert_eq!(found.iter().collect::<BTreeSet<_>>(), wanted, "{}", merged.text);
        prop_assert_eq!(found.len(), names(syntax, &merged.text).into_iter().collect::<BTreeSet<_>>().len());
        // Nothing of the user's is lost or goes elsewhere but the parts that went.
        let bare = |line: &&str| line.trim_end().trim_end_matches(',').to_owned();
        let went: Vec<&String> = base.iter().filter(|name| !new.contains(name)).collect();
        let of = |line: &str, name: &str| line.contains(&format!("{name}-part")) || line.contains(&format!("image: {name}"));
        let kept = o.lines().filter(|line| !line.trim().is_empty() && !went.iter().any(|name| of(line, name)));
        let kept: Vec<String> = kept.map(|line| bare(&line)).collect();
        let lines: Vec<String> = merged.text.lines().map(|line| bare(&line)).collect();
        let mut rest = lines.iter();
        for line in kept {
            prop_assert!(rest.any(|other| *other == line), "`{}` is lost:\n{}", line, merged.text);
        }
    }

    #[test]
    fn any_three_texts_merge(texts in prop::array::uniform3("[a-c:\\[\\]{}\",\n #=-]{0,40}"), syntax in 0_usize..4) {
        let [base, ours, theirs] = texts.map(|text| if text.is_empty() { text } else { format!("{text}\n") });
        let merged = merge(Some(SYNTAXES[syntax]), &base, &ours, &theirs, Settle::Markers, &Labels::none());
        if ours == base {
            prop_assert_eq!(&merged.text, &theirs);
        }
        if theirs == base {
            prop_assert_eq!(&merged.text, &ours);
        }
    }

    /// Services that end alike, some of which go: lines alone take the end of one for that of another.
    #[test]
    fn comments_stay_with_their_part(
        names in prop::collection::btree_set("[a-f][a-f]", 2..6),
        gone in prop::collection::btree_set(0_usize..6, 0..3),
        remarks in prop::collection::vec((0_usize..6, 0_usize..6), 1..4),
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let all = |_: usize| true;
        let (base, ours) = (services(&names, all, &[]), services(&names, all, &remarks));
        let theirs = services(&names, |at| !gone.contains(&at), &[]);
        let merged = merge(Some(Syntax::Yaml), &base, &ours, &theirs, Settle::Markers, &Labels::none());
        let comments = |text: &str| text.matches("# about ").count();
        prop_assert_eq!(comments(&merged.text), comments(&ours), "{}", merged.text);
        let mut service = "";
        for line in merged.text.lines() {
            match line.trim_start().strip_prefix("# about ") {
                Some(about) => prop_assert_eq!(about, service, "{}", merged.text),
                None if line.starts_with("  ") && !line.starts_with("   ") => service = line.trim().trim_end_matches(':'),
                None => {}
            }
        }
    }
}

/// A file of the services that are `there`, with comments of the user's behind lines of them.
fn services(names: &[String], there: impl Fn(usize) -> bool, remarks: &[(usize, usize)]) -> String {
    let mut text = "services:\n  app:\n    needs:\n".to_owned();
    let kept: Vec<(usize, &String)> = names.iter().enumerate().filter(|(at, _)| there(*at)).collect();
    kept.iter()
        .for_each(|(_, name)| text.push_str(&format!("      {name}: healthy\n")));
    for (at, name) in kept {
        let body = [
            "    image: NAME",
            "    check:",
            "      interval: 1s",
            "      timeout: 1s",
            "      retries: 1",
        ];
        text.push_str(&format!("\n  {name}:\n"));
        for (number, line) in body.iter().enumerate() {
            text.push_str(&format!("{}\n", line.replace("NAME", name)));
            let depth = if number == 0 { 4 } else { 6 };
            let behind = remarks.iter().filter(|remark| **remark == (at, number));
            behind.for_each(|_| text.push_str(&format!("{:depth$}# about {name}\n", "")));
        }
    }
    text + "\nvolumes:\n  data:\n"
}

const SYNTAXES: [Syntax; 4] = [Syntax::Json, Syntax::Toml, Syntax::Yaml, Syntax::GoMod];

/// A document of these parts; those of `remarked` have a comment, where the syntax knows any.
fn document(syntax: Syntax, names: &[String], remarked: &[(String, usize)]) -> String {
    let remark = |name: &String, sign: &str| match remarked.iter().any(|(other, _)| other == name) {
        true => format!(" {sign} why {name}"),
        false => String::new(),
    };
    let parts = |line: &dyn Fn(&String) -> String| names.iter().map(line).collect::<String>();
    match syntax {
        Syntax::Json => {
            let count = names.len();
            let lines: String = names
                .iter()
                .enumerate()
                .map(|(at, name)| format!("    \"{name}-part\": \"1\"{}\n", if at + 1 < count { "," } else { "" }))
                .collect();
            format!("{{\n  \"name\": \"x\",\n  \"parts\": {{\n{lines}  }}\n}}\n")
        }
        Syntax::Toml => format!(
            "[project]\nname = \"x\"\nparts = [\n{}]\n\n[tool.x]\non = true\n",
            parts(&|name| format!("    \"{name}-part==1\",{}\n", remark(name, "#")))
        ),
        Syntax::Yaml => format!(
            "# Head.\nname: x\n\nparts:\n{}last: true\n",
            parts(&|name| format!("  {name}-part:\n    image: {name}{}\n\n", remark(name, "#")))
        ),
        Syntax::GoMod => format!(
            "module x\n\ngo 1.26\n\nrequire (\n{})\n",
            parts(&|name| format!("\texample.com/{name}-part v1.0.0{}\n", remark(name, "//")))
        ),
    }
}

/// The parts of a document, as its own parser sees them.
fn names(syntax: Syntax, text: &str) -> Vec<String> {
    let bare = |name: &str| name.trim_end_matches("==1").trim_end_matches("-part").to_owned();
    match syntax {
        Syntax::Json => {
            let value: serde_json::Value = serde_json::from_str(text).expect(text);
            value["parts"]
                .as_object()
                .expect("parts")
                .keys()
                .map(|name| bare(name))
                .collect()
        }
        Syntax::Toml => {
            let value: toml::Table = text.parse().expect(text);
            let parts = value["project"]["parts"].as_array().expect("parts");
            parts.iter().map(|name| bare(name.as_str().expect("a name"))).collect()
        }
        Syntax::Yaml => {
            let value: serde_yaml_ng::Value = serde_yaml_ng::from_str(text).expect(text);
            assert_eq!(value["last"].as_bool(), Some(true), "{text}");
            let parts = value["parts"].as_mapping().expect("parts");
            parts.keys().map(|name| bare(name.as_str().expect("a name"))).collect()
        }
        Syntax::GoMod => text
            .lines()
            .filter_map(|line| line.strip_prefix("\texample.com/")?.split(' ').next())
            .map(bare)
            .collect(),
    }
}
