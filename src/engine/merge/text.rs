//! The three-way merge of texts by lines: `similar` finds the regions, here they are settled.

use std::ops::Range;

use similar::{DiffableStr, MergeRegion, MergeResolution, TextMerge};

use super::version::{self, Ahead};

/// Whose lines stand where both sides changed the same ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Settle {
    /// Both, between markers.
    #[default]
    Markers,
    /// Both and what they came from, between markers.
    Diff3,
    /// The user's.
    Ours,
    /// The new output's.
    Theirs,
}

/// What the sides are called beside the markers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// What both came from.
    pub base: String,
    /// The user's side.
    pub ours: String,
    /// The new output.
    pub theirs: String,
}

/// A merged text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The text, with markers where nothing else settled a region.
    pub text: String,
    /// How many regions were changed by both sides in different ways, settled by markers or by choice.
    pub conflicts: usize,
}

/// Merges line by line what two sides made of `base`.
///
/// All end in a newline or are empty. Lines that differ in nothing but versions never conflict: the side that is ahead
/// gives them.
pub fn merge(base: &str, ours: &str, theirs: &str, settle: Settle, labels: &Labels) -> Merged {
    let merge = TextMerge::from_lines(base, ours, theirs);
    let mut out = Merged {
        text: String::with_capacity(ours.len() + theirs.len() / 8),
        conflicts: 0,
    };
    for region in merge.regions() {
        let (base, ours, theirs) = sides(&merge, region);
        match region.resolution() {
            MergeResolution::Theirs => out.push(&theirs),
            MergeResolution::Conflict => match versions(&base, &ours, &theirs) {
                Some(lines) => out.push(&lines),
                None => out.conflict(&base, &ours, &theirs, settle, labels),
            },
            _ => out.push(&ours),
        }
    }
    out
}

/// Both sides as one conflict, but for what they begin and end with alike.
pub fn apart(base: &str, ours: &str, theirs: &str, settle: Settle, labels: &Labels) -> Merged {
    let [base, ours, theirs] = [base, ours, theirs].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let mut out = Merged {
        text: String::new(),
        conflicts: 0,
    };
    out.conflict(&base, &ours, &theirs, settle, labels);
    out
}

fn sides<'a>(
    merge: &'a TextMerge<'_, '_, '_, str>,
    region: &MergeRegion,
) -> (Vec<&'a str>, Vec<&'a str>, Vec<&'a str>) {
    fn lines<'a>(range: Range<usize>, line: impl Fn(usize) -> Option<&'a str>) -> Vec<&'a str> {
        range.filter_map(line).collect()
    }
    (
        lines(region.base_range(), |index| merge.base_line(index)),
        lines(region.ours_range(), |index| merge.ours_line(index)),
        lines(region.theirs_range(), |index| merge.theirs_line(index)),
    )
}

/// The lines of a region in which every line differs in nothing but versions.
fn versions<'a>(base: &[&'a str], ours: &[&'a str], theirs: &[&'a str]) -> Option<Vec<&'a str>> {
    if base.len() != ours.len() || base.len() != theirs.len() {
        return None;
    }
    base.iter()
        .zip(ours)
        .zip(theirs)
        .map(|((&base, &ours), &theirs)| match (ours == base, theirs == base) {
            (true, true) => Some(base),
            (false, true) => version::only_versions(base, ours).then_some(ours),
            (true, false) => version::only_versions(base, theirs).then_some(theirs),
            (false, false) => match version::ahead(base, ours, theirs)? {
                Ahead::Ours => Some(ours),
                Ahead::Theirs => Some(theirs),
            },
        })
        .collect()
}

impl Labels {
    /// For merges that leave no marker.
    pub fn none() -> Self {
        Self {
            base: String::new(),
            ours: String::new(),
            theirs: String::new(),
        }
    }
}

impl Merged {
    fn push(&mut self, lines: &[&str]) {
        lines.iter().for_each(|line| self.text.push_str(line));
    }

    /// Settles a region that both sides changed. Lines that they agree on at its edges are nobody's conflict.
    fn conflict(&mut self, base: &[&str], ours: &[&str], theirs: &[&str], settle: Settle, labels: &Labels) {
        self.conflicts += 1;
        match settle {
            Settle::Ours => self.push(ours),
            Settle::Theirs => self.push(theirs),
            Settle::Diff3 => self.markers(Some(base), ours, theirs, labels),
            Settle::Markers => {
                let same = |a: &[&str], b: &[&str]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
                let head = same(ours, theirs);
                let (rest, others) = (&ours[head..], &theirs[head..]);
                let backwards = |lines: &[&'_ str]| lines.iter().rev().map(|line| line.to_string()).collect::<Vec<_>>();
                let tail = backwards(rest)
                    .iter()
                    .zip(&backwards(others))
                    .take_while(|(a, b)| a == b)
                    .count();
                self.push(&ours[..head]);
                self.markers(None, &rest[..rest.len() - tail], &others[..others.len() - tail], labels);
                self.push(&rest[rest.len() - tail..]);
            }
        }
    }

    /// Puts both sides between markers, and what they came from where that is wanted.
    pub(super) fn markers(&mut self, base: Option<&[&str]>, ours: &[&str], theirs: &[&str], labels: &Labels) {
        self.marker("<<<<<<<", &labels.ours);
        self.push(ours);
        if let Some(base) = base {
            self.marker("|||||||", &labels.base);
            self.push(base);
        }
        self.marker("=======", "");
        self.push(theirs);
        self.marker(">>>>>>>", &labels.theirs);
    }

    fn marker(&mut self, sign: &str, label: &str) {
        self.text.push_str(sign);
        if !label.is_empty() {
            self.text.push(' ');
            self.text.push_str(label);
        }
        self.text.push('\n');
    }
}

/// Whether a text still holds the markers of a conflict: the three of them, in order, each at the start of a line.
pub fn holds_markers(text: &str) -> bool {
    let mut wanted = ["<<<<<<< ", "=======", ">>>>>>> "].iter();
    let mut next = wanted.next();
    for line in text.tokenize_lines() {
        let Some(sign) = next else { break };
        let found = match *sign {
            "=======" => line.trim_end() == "=======",
            sign => line.starts_with(sign),
        };
        if found {
            next = wanted.next();
        }
    }
    next.is_none()
}
