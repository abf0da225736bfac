//! Comments are no parts, but they are about some: one inside a part belongs to it, and never to another.

use std::ops::Range;

use super::super::version;
use super::node::{Node, Part};

/// The comments inside a part whose own text is `own`: between the parts that it consists of and behind them. Those inside
/// a value without parts belong to its text.
pub(super) fn inside(text: &str, own: Range<usize>, value: &Node, comment: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let mut at = own.start;
    for part in value.parts().unwrap_or_default() {
        between(&text[at..part.start], comment, &mut notes);
        notes.extend(part.notes.iter().cloned());
        at = part.end;
    }
    if at > own.start {
        between(&text[at..own.end.max(at)], comment, &mut notes);
    }
    notes
}

/// The comments of a text that is nothing else but blanks, brackets and commas. `// indirect` is `go mod tidy`'s own.
fn between(text: &str, comment: &str, notes: &mut Vec<String>) {
    let of = |line: &str| line.find(comment).map(|at| line[at..].trim_end().to_owned());
    notes.extend(text.lines().filter_map(of).filter(|note| note != "// indirect"));
}

impl Part {
    /// Whether somebody wrote a comment inside it or behind it that `base` lacks. A version that was moved is none.
    pub fn annotated(&self, base: &Self) -> bool {
        let known = |note: &String| {
            let mut others = base.notes.iter().chain([&base.remark]);
            others.any(|other| other == note || version::only_versions(other, note))
        };
        !self.notes.iter().all(known) || !(self.remark.is_empty() || known(&self.remark))
    }
}

/// Whether a comment stands inside a part where neither side has it: lines that two parts have alike were taken for each
/// other.
pub(super) fn astray(merged: &Node, ours: &Node, theirs: &Node) -> bool {
    merged.parts().unwrap_or_default().iter().any(|part| {
        let sides = [ours.part(&part.name), theirs.part(&part.name)];
        let known = |note: &String| sides.iter().flatten().any(|side| side.notes.contains(note));
        match sides {
            [None, None] => false,
            _ if !part.notes.iter().all(known) => true,
            [Some(mine), Some(new)] => astray(&part.value, &mine.value, &new.value),
            // What only one side has is as it has it.
            [Some(side), None] | [None, Some(side)] => astray(&part.value, &side.value, &side.value),
        }
    })
}
