//! Puts chosen parts into a text: lines that stay are copied, those of other parts go in or out as a whole.

use super::super::text::{Labels, Merged, Settle};
use super::super::version;
use super::node::{Kind, Node, Part, line_start};
use super::pick::{Choice, Level, Named};

/// Prints the parts of `level` into `text`, whose parts are `node`; none when lines alone cannot do that.
///
/// Parts that are not in `text` come from `ours` and `theirs`, the texts that were merged.
pub(super) fn print(level: &Level<'_>, node: &Node, sources: &Sources<'_>, settle: Settle) -> Option<Merged> {
    let printer = Printer { sources, settle };
    let text = printer.level(level, node)?;
    let text = format!(
        "{}{text}{}",
        &sources.text[..node.range.start],
        &sources.text[node.range.end..]
    );
    Some(Merged {
        text,
        conflicts: level.conflicts(),
    })
}

/// The texts that parts come from.
pub(super) struct Sources<'a> {
    /// The text that parts are put into.
    pub text: &'a str,
    /// What both sides came from.
    pub base: &'a str,
    /// The user's.
    pub ours: &'a str,
    /// The new output.
    pub theirs: &'a str,
    /// What the sides are called beside markers.
    pub labels: &'a Labels,
}

struct Printer<'a> {
    sources: &'a Sources<'a>,
    settle: Settle,
}

/// Lines of a part, without the comma.
struct Chunk {
    before: String,
    behind: String,
    /// Both sides between markers, each with its own comma.
    marked: bool,
}

enum Item {
    /// Lines between two parts that belong to neither.
    Gap(String),
    Chunk(Chunk),
}

impl Printer<'_> {
    fn level(&self, level: &Level<'_>, node: &Node) -> Option<String> {
        let Kind::Parts { parts, commas, .. } = &node.kind else {
            return None;
        };
        let (text, first, last) = (self.sources.text, parts.first()?, parts.last()?);
        let beside = !text[line_start(text, first.start)..first.start].trim().is_empty();
        let indent = |part: &Part| match &text[line_start(text, part.start)..part.start] {
            blank if blank.trim().is_empty() => blank.to_owned(),
            dash => " ".repeat(dash.len()),
        };
        // Parts that stand at different depths, as in `go.mod`, come as they are.
        let indent = Some(indent(first)).filter(|first| parts.iter().all(|part| indent(part) == *first));
        let indent = indent.as_deref();
        let mut items = Vec::new();
        self.new_after(level, node, None, indent, &mut items)?;
        if beside && (!items.is_empty() || !level.named.iter().any(|named| named.name == first.name)) {
            return None;
        }
        let mut end = first.lines.start;
        for part in parts {
            items.push(Item::Gap(text[end..part.lines.start].to_owned()));
            end = part.lines.end;
            match level.named.iter().find(|named| named.name == part.name) {
                Some(named) => {
                    items.extend(self.named(named, level, Some(part), indent)?.map(Item::Chunk));
                    self.new_after(level, node, Some(part), indent, &mut items)?;
                }
                None => items.push(Item::Gap(self.left(part, level))),
            }
        }
        if !items.iter().any(|item| matches!(item, Item::Chunk(_))) {
            return None;
        }
        let trailing = comma(text, last);
        let body = join(items, commas.then_some(trailing));
        Some(format!(
            "{}{body}{}",
            &text[node.range.start..first.lines.start],
            &text[last.lines.end..node.range.end]
        ))
    }

    /// Parts that the text lacks and that come behind this one, or at the beginning.
    fn new_after(
        &self,
        level: &Level<'_>,
        node: &Node,
        after: Option<&Part>,
        indent: Option<&str>,
        into: &mut Vec<Item>,
    ) -> Option<()> {
        let from = match after {
            Some(part) => level.named.iter().position(|named| named.name == part.name)? + 1,
            None => 0,
        };
        for named in level.named[from..]
            .iter()
            .take_while(|named| node.part(named.name).is_none())
        {
            into.extend(self.named(named, level, None, indent)?.map(Item::Chunk));
        }
        Some(())
    }

    /// The lines of a chosen part; the inner none: it has none.
    fn named(
        &self,
        named: &Named<'_>,
        level: &Level<'_>,
        here: Option<&Part>,
        indent: Option<&str>,
    ) -> Option<Option<Chunk>> {
        let Sources { ours, theirs, .. } = self.sources;
        let mine = || match named.ours {
            Some(part) => self.taken(here, part, ours, indent).map(Some),
            None => Some(None),
        };
        let new = || match named.theirs {
            Some(part) => self.taken(here, part, theirs, indent).map(Some),
            None => Some(None),
        };
        match (&named.choice, self.settle) {
            (Choice::Ours, _) | (Choice::Clash, Settle::Ours) => mine(),
            (Choice::Theirs, _) | (Choice::Clash, Settle::Theirs) => new(),
            (Choice::Inner(inner), _) => {
                let (part, text) = (here?, self.sources.text);
                let value = self.level(inner, &part.value)?;
                Some(Some(Chunk {
                    before: format!(
                        "{}{value}{}",
                        &text[part.lines.start..part.value.range.start],
                        &text[part.value.range.end..part.end.max(part.value.range.end)]
                    ),
                    behind: behind(text, part),
                    marked: false,
                }))
            }
            (Choice::Clash, _) => {
                let text = self.sources.text;
                if here.is_some_and(|part| !text[line_start(text, part.start)..part.start].trim().is_empty()) {
                    // Markers need lines of their own.
                    return None;
                }
                let old = level.base.and_then(|base| base.part(named.name));
                let old = match old.filter(|_| self.settle == Settle::Diff3) {
                    Some(part) => Some(self.taken(None, part, self.sources.base, indent)?),
                    None => None,
                };
                Some(Some(self.marked(old, mine()?, new()?)))
            }
        }
    }

    /// A part of another text, in place of `here` where that is.
    fn taken(&self, here: Option<&Part>, part: &Part, source: &str, indent: Option<&str>) -> Option<Chunk> {
        let text = self.sources.text;
        let chunk = |before: String, behind: String| Chunk {
            before,
            behind,
            marked: false,
        };
        let column = line_start(source, part.start);
        let own = &source[column..part.start];
        let own = match own.trim().is_empty() {
            true => own.to_owned(),
            false => " ".repeat(own.len()),
        };
        let indent = indent.unwrap_or(&own);
        let Some(here) = here else {
            // A part that stands beside a dash in its own text cannot go on a line of its own as it is.
            if column != part.start - own.len() || !source[column..part.start].trim().is_empty() {
                return None;
            }
            let before = reindent(&source[part.lines.start..part.end], &own, indent);
            return Some(chunk(before, behind(source, part)));
        };
        if here.value.same(&part.value) {
            return Some(chunk(text[here.lines.start..here.end].to_owned(), behind(text, here)));
        }
        let block = |text: &str, part: &Part| text[part.start..part.value.range.start].contains('\n');
        let prefix = &text[here.lines.start..here.start];
        if block(text, here) != block(source, part) || part.value.range.start == part.start {
            let before = format!("{prefix}{}", reindent(&source[part.start..part.end], &own, indent));
            return Some(chunk(before, behind(source, part)));
        }
        let value = reindent(&source[part.value.range.clone()], &own, indent);
        let before = format!("{prefix}{}{value}", &text[here.start..here.value.range.start]);
        // The comment behind a digest says which version it is.
        let rest = match version::only_versions(&here.remark, &part.remark) {
            true => behind(source, part),
            false => behind(text, here),
        };
        Some(chunk(before, rest))
    }

    fn marked(&self, base: Option<Chunk>, ours: Option<Chunk>, theirs: Option<Chunk>) -> Chunk {
        // The comma is known when all parts are.
        let lines = |chunk: Option<Chunk>| chunk.map(|chunk| format!("{}\u{0}{}", chunk.before, chunk.behind));
        let (base, ours, theirs) = (lines(base), lines(ours), lines(theirs));
        let base: Option<Vec<&str>> = base.as_ref().map(|text| vec![text.as_str()]);
        let (ours, theirs): (Vec<&str>, Vec<&str>) = (
            ours.iter().map(String::as_str).collect(),
            theirs.iter().map(String::as_str).collect(),
        );
        let mut merged = Merged {
            text: String::new(),
            conflicts: 1,
        };
        merged.markers(base.as_deref(), &ours, &theirs, self.sources.labels);
        Chunk {
            before: merged.text,
            behind: String::new(),
            marked: true,
        }
    }

    /// What stays of the lines before a part that goes: comments that the user wrote there. Those that were generated for
    /// it go with it, and come back with it.
    fn left(&self, part: &Part, level: &Level<'_>) -> String {
        let lines = &self.sources.text[part.lines.start..part.start];
        let lines = &lines[..line_start(lines, lines.len())];
        let old = level.base.and_then(|base| base.part(&part.name));
        let old = old.map_or("", |old| &self.sources.base[old.lines.start..old.start]);
        let generated = |line: &str| {
            old.lines()
                .any(|old| !old.trim().is_empty() && old.trim() == line.trim())
        };
        let left: String = lines.split_inclusive('\n').filter(|line| !generated(line)).collect();
        match left.trim().is_empty() {
            true => String::new(),
            false => left,
        }
    }
}

/// Whether a comma follows the part.
fn comma(text: &str, part: &Part) -> bool {
    text[part.end..part.lines.end].trim_start().starts_with(',')
}

/// The rest of a part's last line, without the comma.
fn behind(text: &str, part: &Part) -> String {
    let rest = &text[part.end.min(part.lines.end)..part.lines.end];
    match comma(text, part) {
        true => rest.replacen(',', "", 1),
        false => rest.to_owned(),
    }
}

/// The lines one after the other; `commas` says whether one stands behind the last part, where any do.
fn join(items: Vec<Item>, commas: Option<bool>) -> String {
    let last = items.iter().rposition(|item| matches!(item, Item::Chunk(_)));
    let mut out = String::new();
    for (index, item) in items.into_iter().enumerate() {
        match item {
            Item::Gap(text) => out.push_str(&text),
            Item::Chunk(chunk) => {
                let comma = match commas {
                    Some(trailing) if Some(index) != last || trailing => ",",
                    _ => "",
                };
                if chunk.marked {
                    out.push_str(&chunk.before.replace('\u{0}', comma));
                } else {
                    out.push_str(&chunk.before);
                    out.push_str(comma);
                    out.push_str(&chunk.behind);
                }
            }
        }
    }
    out
}

/// The lines with another indentation.
fn reindent(lines: &str, from: &str, to: &str) -> String {
    if from == to {
        return lines.to_owned();
    }
    let mut out = String::with_capacity(lines.len());
    for (index, line) in lines.split_inclusive('\n').enumerate() {
        match line.strip_prefix(from) {
            // The first line may begin in the middle of one.
            Some(rest) if !line.trim().is_empty() && (index > 0 || lines.starts_with(from) && !from.is_empty()) => {
                out.push_str(to);
                out.push_str(rest);
            }
            _ if index > 0 && from.is_empty() && !line.trim().is_empty() => {
                out.push_str(to);
                out.push_str(line);
            }
            _ => out.push_str(line),
        }
    }
    out
}
