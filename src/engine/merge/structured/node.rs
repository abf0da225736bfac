//! A text taken apart into named parts, each with its place.

use std::ops::Range;

use super::notes;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Its place. That of a block that needs no brackets is whole lines.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Something that is taken or left as a whole: its text.
    Leaf(String),
    /// Parts with names, on lines of their own.
    Parts {
        /// The parts, in order.
        parts: Vec<Part>,
        /// Whether commas stand between them.
        commas: bool,
        /// Whether their order means something, as in a list.
        ordered: bool,
    },
}

/// A named part of a text: whole lines, but for a first one that stands beside its list's dash.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// Its name; in a list, what tells it from the others.
    pub name: String,
    /// Its lines, with the blank ones and comments before it.
    pub lines: Range<usize>,
    /// Where its own text begins.
    pub start: usize,
    /// Where its own text ends, before a comma.
    pub end: usize,
    /// Its value.
    pub value: Node,
    /// The comment behind it, where versions may stand.
    pub remark: String,
    /// The comments inside it, between the parts that it consists of and behind them.
    pub notes: Vec<String>,
}

impl Node {
    /// The parts; none for a leaf.
    pub fn parts(&self) -> Option<&[Part]> {
        match &self.kind {
            Kind::Parts { parts, .. } => Some(parts),
            Kind::Leaf(_) => None,
        }
    }

    /// The part of this name.
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts()?.iter().find(|part| part.name == name)
    }

    /// Whether the values are the same: the order of names means nothing, that of a list does.
    pub fn same(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Leaf(one), Kind::Leaf(other)) => one == other,
            (
                Kind::Parts {
                    parts: mine, ordered, ..
                },
                Kind::Parts {
                    parts: others,
                    ordered: other_ordered,
                    ..
                },
            ) => {
                ordered == other_ordered
                    && mine.len() == others.len()
                    && match ordered {
                        true => mine
                            .iter()
                            .zip(others)
                            .all(|(one, other)| one.name == other.name && one.value.same(&other.value)),
                        false => mine.iter().all(|part| {
                            other
                                .part(&part.name)
                                .is_some_and(|other| part.value.same(&other.value))
                        }),
                    }
            }
            _ => false,
        }
    }
}

/// Where the line of this place begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Where the line of this place ends, its newline included.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// A part before its lines are known.
pub(super) struct Piece {
    pub name: String,
    pub start: usize,
    pub end: usize,
    pub value: Node,
}

/// Gives pieces their lines; none when they do not stand on lines of their own.
///
/// The first one may stand `beside` something else on its line, such as the dash of a list. `comment` begins comments.
pub(super) fn lines(text: &str, pieces: Vec<Piece>, beside: Option<usize>, comment: &str) -> Option<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let from = line_start(text, piece.start);
        let bare = text[from..piece.start].trim().is_empty();
        let (head, placed) = match parts.last() {
            Some(last) => (last.lines.end, bare && last.lines.end <= from),
            None if bare => (heading(text, from, comment), true),
            None => (piece.start, beside == Some(piece.start)),
        };
        // A value that is whole lines ends where the next line begins.
        let whole = piece.end > piece.start && text[..piece.end].ends_with('\n');
        let to = if whole { piece.end } else { line_end(text, piece.end) };
        let behind = text[piece.end..to].trim();
        let behind = behind.strip_prefix(',').unwrap_or(behind).trim_start();
        if !placed || !(behind.is_empty() || behind.starts_with(comment)) {
            return None;
        }
        parts.push(Part {
            remark: behind.trim_end().to_owned(),
            notes: notes::inside(text, piece.start..piece.end, &piece.value, comment),
            name: piece.name,
            lines: head..to,
            start: piece.start,
            end: piece.end,
            value: piece.value,
        });
    }
    // Two parts of one name cannot be told apart.
    let mut names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    (names.len() == parts.len() && !parts.is_empty()).then_some(parts)
}

/// Where the comments begin that head the first part, which stands at `from`. What stands above them belongs to the whole,
/// as do those that begin the text.
fn heading(text: &str, from: usize, comment: &str) -> usize {
    let mut start = from;
    while start > 0 {
        let above = line_start(text, start - 1);
        if !text[above..start].trim_start().starts_with(comment) {
            return start;
        }
        start = above;
    }
    from
}

/// What tells an item of a list from the others: what `"fastapi[standard]==0.1"` or `KEY=value` names, else the whole.
pub(super) fn called(text: &str) -> String {
    let bare = text.trim().trim_matches(['"', '\'']);
    let length = bare
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
        .unwrap_or(bare.len());
    let (name, rest) = bare.split_at(length);
    let rest = match rest.starts_with('[') {
        true => rest.split_once(']').map_or(rest, |(_, rest)| rest),
        false => rest,
    };
    let named = rest.trim_start().starts_with(['=', '<', '>', '~', '!', ';', '@']);
    if named && !name.is_empty() {
        name.to_owned()
    } else {
        bare.to_owned()
    }
}
