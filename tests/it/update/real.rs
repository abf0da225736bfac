//! Laws over the templates themselves: any combination, lines of the user's anywhere, any change, and back.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use boatyard::engine::base::{Base, Files};
use boatyard::engine::refit::Wanted;
use boatyard::engine::tree::{Found, RelPath};
use proptest::prelude::*;
use proptest::sample::Index;
use similar::{DiffTag, TextDiff};

use super::laws::cases;
use super::life::Life;
use crate::golden::{answers, catalog};

/// What every combination of choices gives, with npm and with pnpm where that is a choice, rendered once.
static ALL: LazyLock<Vec<Wanted>> = LazyLock::new(|| {
    let catalog = catalog();
    let mut all = Vec::new();
    for mut chosen in catalog.combinations() {
        all.push(chosen.clone());
        if chosen["language"] == "node" {
            chosen.insert("package_manager".into(), "pnpm".into());
            all.push(chosen);
        }
    }
    all.iter()
        .map(|chosen| {
            let pairs: Vec<(&str, &str)> = chosen.iter().map(|(axis, id)| (axis.as_str(), id.as_str())).collect();
            Wanted::new(answers(catalog, &pairs), catalog).expect("a plan")
        })
        .collect()
});

/// Whether lines of the user's stand away from all that differs between two states, by as much as a diff shows, or the other
/// has no such file. Nearer ones may have lines around them that stand elsewhere as well, such as `}` and a blank one.
fn away(path: &RelPath, lines: &[usize], one: &Wanted, two: &Wanted) -> bool {
    const FAR: usize = 3;
    let (Some(old), Some(new)) = (one.files.get(path), two.files.get(path)) else {
        return true;
    };
    let (old, new): (Vec<&str>, Vec<&str>) = (old.file.text.lines().collect(), new.file.text.lines().collect());
    let diff = TextDiff::from_slices(&old, &new);
    let changed = diff.ops().iter().filter(|op| op.tag() != DiffTag::Equal);
    let changed: Vec<_> = changed
        .map(|op| match op.tag() {
            DiffTag::Delete => sliding(&old, op.old_range(), &old[op.old_range()]),
            DiffTag::Insert => sliding(&old, op.old_range(), &new[op.new_range()]),
            _ => op.old_range(),
        })
        .collect();
    lines.iter().all(|line| {
        let far = |range: &Range<usize>| line + FAR < range.start || *line > range.end + FAR;
        changed.iter().all(far)
    })
}

/// All places where a stretch that comes or goes may be said to do so: the tail of one block is often that of the next.
fn sliding(text: &[&str], range: Range<usize>, stretch: &[&str]) -> Range<usize> {
    let count = stretch.len();
    let down = (0..text.len() - range.end).take_while(|at| text[range.end + at] == stretch[at % count]);
    let up = (0..range.start).take_while(|at| text[range.start - 1 - at] == stretch[count - 1 - at % count]);
    range.start - up.count()..range.end + down.count()
}

/// Lines of the user's in files of `one`, to `two` and back.
fn there_and_back(
    [one, two]: [&Wanted; 2],
    [from, to]: [&Files; 2],
    edits: &[(Index, Index)],
) -> Result<(), TestCaseError> {
    let mut life = Life::default();
    life.update(from);
    let paths: Vec<String> = from.keys().map(ToString::to_string).collect();
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, (path, line)) in edits.iter().enumerate() {
        let path = path.get(&paths);
        let text = life.text(path).expect("text");
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mine = format!("# mine {number}\n");
        let line = line.index(lines.len() + 1);
        places.entry(path).or_default().push(line);
        lines.insert(line, &mine);
        life.write(path, &lines.concat());
    }
    let before = life.disk.clone();
    let there = life.update(to);
    let and_back = life.update(from);
    // The user's lines are there, whatever happened around them.
    let mine = |disk: &BTreeMap<_, Found>| -> usize {
        let count = |found: &Found| match found {
            Found::File { bytes, .. } => String::from_utf8_lossy(bytes).matches("# mine ").count(),
            _ => 0,
        };
        disk.values().map(count).sum()
    };
    if there.conflicts() + and_back.conflicts() > 0 {
        prop_assert!(mine(&life.disk) >= mine(&before));
        return Ok(());
    }
    prop_assert_eq!(mine(&life.disk), mine(&before));
    for (path, found) in &before {
        let exact = places
            .get(path.as_str())
            .is_none_or(|lines| away(path, lines, one, two));
        let lines = |found: Option<&Found>| -> Vec<String> {
            let Some(Found::File { bytes, .. }) = found else {
                return Vec::new();
            };
            let mut lines: Vec<String> = String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect();
            if !exact {
                // Beside a part that went and came back, a line may stand before or after it.
                lines.retain(|line| !line.is_empty());
                lines.sort();
            }
            lines
        };
        prop_assert_eq!(lines(life.disk.get(path)), lines(Some(found)), "{}", path);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(12))]

    /// Over the templates themselves: lines of the user's in any files, any change of the stack, and back.
    #[test]
    fn real_repositories_come_back(one: Index, two: Index, edits in prop::collection::vec(any::<(Index, Index)>(), 0..6)) {
        let sides = [one.get(&ALL), two.get(&ALL)];
        there_and_back(sides, sides.map(|side| &side.files), &edits)?;
    }
}

proptest! {
    #![proptest_config(cases(400))]

    /// The same for one file that differs, which finds more in its time.
    #[test]
    fn real_files_come_back(one: Index, two: Index, path: Index, edits in prop::collection::vec(any::<(Index, Index)>(), 1..4)) {
        let sides = [one.get(&ALL), two.get(&ALL)];
        let [from, to] = sides.map(|side| &side.files);
        let text = |files: &Files, path: &RelPath| files.get(path).map(|entry| entry.file.text.clone());
        let differ: Vec<&RelPath> = from.keys().filter(|path| text(from, path) != text(to, path)).collect();
        if let Some(path) = (!differ.is_empty()).then(|| *path.get(&differ)) {
            let only = |files: &Files| -> Files {
                files.get(path).map(|entry| (path.clone(), entry.clone())).into_iter().collect()
            };
            there_and_back(sides, [&only(from), &only(to)], &edits)?;
        }
    }
}

#[test]
fn real_repositories_have_nothing_new() {
    for one in ALL.iter() {
        let mut life = Life::default();
        life.update(&one.files);
        assert!(life.update(&one.files).edits.is_empty());
        let base = Base {
            boatyard: "0.1.0".into(),
            answers: serde_json::Value::Null,
            adopted: true,
            files: life.base.clone(),
        };
        assert_eq!(Base::parse(&base.to_text()).map(|base| base.files), Ok(life.base));
    }
}
