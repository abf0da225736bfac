//! YAML taken apart; the only file that knows `saphyr_parser`. Blocks are parts; what stands in brackets is a whole.

use saphyr_parser::{Event, Parser, Span};

use super::node::{Kind, Node, Piece, called, line_end, line_start, lines};

/// Deeper nesting is no configuration that a person wrote.
const DEEPEST: usize = 60;

/// The parts of a YAML text of one document.
pub(super) fn parse(text: &str) -> Option<Node> {
    let places = places(text);
    let mut events = Vec::new();
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        match event {
            Event::DocumentStart(_) => documents += 1,
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Nothing => {}
            event => events.push((event, range(&places, span)?)),
        }
    }
    if documents != 1 {
        return None;
    }
    let mut reader = Reader { text, events, at: 0 };
    let root = reader.node(0, None)?;
    // A scalar, or a text in brackets, has no parts.
    let sound = root.parts().is_some() && reader.at == reader.events.len();
    sound.then_some(root)
}

/// The byte that each character begins at: the parser counts characters.
fn places(text: &str) -> Vec<usize> {
    text.char_indices()
        .map(|(at, _)| at)
        .chain(std::iter::once(text.len()))
        .collect()
}

fn range(places: &[usize], span: Span) -> Option<(usize, usize)> {
    Some((*places.get(span.start.index())?, *places.get(span.end.index())?))
}

struct Reader<'a> {
    text: &'a str,
    events: Vec<(Event<'a>, (usize, usize))>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<(&Event<'a>, (usize, usize))> {
        let (event, place) = self.events.get(self.at)?;
        self.at += 1;
        Some((event, *place))
    }

    fn peek(&self) -> Option<&Event<'a>> {
        self.events.get(self.at).map(|(event, _)| event)
    }

    /// The next value. `after` is where the text that announces it ends: its key, or the dash of its list.
    fn node(&mut self, depth: usize, after: Option<usize>) -> Option<Node> {
        if depth > DEEPEST {
            return None;
        }
        let text = self.text;
        let (event, (start, end)) = self.next()?;
        match event {
            Event::Scalar(value, ..) => {
                // The parser puts a value that is not there wherever it noticed that.
                let absent = value.is_empty() && start == end;
                let range = match (absent, after) {
                    (true, Some(after)) => after..after,
                    _ => start..start + text[start..end].trim_end().len(),
                };
                let range = self.decorated(range, after);
                Some(leaf(text, range))
            }
            Event::Alias(_) => Some(leaf(text, start..start + text[start..end].trim_end().len())),
            Event::MappingStart(..) => self.block(depth, start, after, false),
            Event::SequenceStart(..) => self.block(depth, start, after, true),
            _ => None,
        }
    }

    /// A scalar with the anchor and tag before it.
    fn decorated(&self, range: std::ops::Range<usize>, after: Option<usize>) -> std::ops::Range<usize> {
        let Some(after) = after.filter(|after| *after <= range.start) else {
            return range;
        };
        let between = &self.text[after..range.start];
        match between.find(['&', '!']) {
            Some(at) if !between.contains(['\n', '#']) => after + at..range.end,
            _ => range,
        }
    }

    /// A mapping or sequence, which is parts when it is written without brackets.
    fn block(&mut self, depth: usize, start: usize, after: Option<usize>, list: bool) -> Option<Node> {
        let text = self.text;
        let opened = if list { '[' } else { '{' };
        let brackets = text[start..].starts_with(opened);
        let mut pieces = Vec::new();
        loop {
            match self.peek()? {
                Event::MappingEnd if !list => break,
                Event::SequenceEnd if list => break,
                _ if list => pieces.push(self.item(depth, brackets)?),
                _ => pieces.push(self.entry(depth)?),
            }
        }
        let (_, (_, closed)) = self.next()?;
        if brackets {
            let end = start + text[start..closed].trim_end().len();
            return Some(leaf(text, self.decorated(start..end, after)));
        }
        let end = pieces.last().map(|piece| piece.end)?;
        let end = if text[..end].ends_with('\n') {
            end
        } else {
            line_end(text, end)
        };
        let end = after.map_or(end, |after| self.tail(after, end));
        let first = pieces.first()?.start;
        let from = line_start(text, first);
        // Blank lines and comments before the first part belong to the block.
        let begin = match after {
            _ if !text[from..first].trim().is_empty() => first,
            Some(after) => line_end(text, after).min(from),
            None => 0,
        };
        let parts = lines(text, pieces, Some(first), "#");
        let kind = match parts {
            Some(parts) => Kind::Parts {
                parts,
                commas: false,
                ordered: list,
            },
            None => Kind::Leaf(text[begin..end].trim_end().to_owned()),
        };
        Some(Node {
            range: begin..end,
            kind,
        })
    }

    /// Where a block ends whose parts end at `end`: comments behind them that stand deeper than what announces it are its
    /// own.
    fn tail(&self, after: usize, end: usize) -> usize {
        let head = &self.text[line_start(self.text, after)..after];
        let depth = head.len() - head.trim_start_matches([' ', '-']).len();
        let (mut own, mut at) = (end, end);
        for line in self.text[end..].split_inclusive('\n') {
            at += line.len();
            let bare = line.trim_start_matches(' ');
            if bare.starts_with('#') && line.len() - bare.len() > depth {
                own = at;
            } else if !bare.trim().is_empty() {
                break;
            }
        }
        own
    }

    fn entry(&mut self, depth: usize) -> Option<Piece> {
        let (event, (start, end)) = self.next()?;
        let Event::Scalar(key, ..) = event else {
            return None;
        };
        let mut name = key.to_string();
        let after = end + self.text[end..].find(':')? + 1;
        // `? key` and keys of several lines are nobody's configuration.
        if self.text[end..after - 1].contains('\n') {
            return None;
        }
        // An anchor that stands before a block goes with its name.
        let rest = self.text[after..line_end(self.text, after)].trim();
        if rest.starts_with('&') && !rest.contains(' ') {
            name.push_str(rest);
        }
        let value = self.node(depth + 1, Some(after))?;
        Some(Piece {
            name,
            start,
            end: value.range.end.max(after),
            value,
        })
    }

    fn item(&mut self, depth: usize, brackets: bool) -> Option<Piece> {
        let (_, (begin, _)) = self.events.get(self.at)?;
        let begin = *begin;
        let text = self.text;
        let dash = match brackets {
            true => begin,
            // The nearest dash before the item, on its line or on one above.
            false => text[..begin].rfind('-')?,
        };
        if !brackets && !text[dash + 1..begin].starts_with([' ', '\t', '\n']) {
            return None;
        }
        let value = self.node(depth + 1, Some((dash + 1).min(begin)))?;
        let name = match value.parts() {
            // Where none of these is, the first key tells, as `package-ecosystem` does: never the whole, edits included.
            Some(parts) => {
                let first = parts.first().map(|part| part.name.as_str());
                ["name", "id", "uses", "path"].into_iter().chain(first).find_map(|key| {
                    let Kind::Leaf(text) = &value.part(key)?.value.kind else {
                        return None;
                    };
                    Some(format!("{key} {}", text.split('@').next().unwrap_or(text)))
                })
            }
            None => None,
        };
        let name = name.unwrap_or_else(|| called(&text[value.range.clone()]));
        Some(Piece {
            name,
            start: dash,
            end: value.range.end.max(dash + 1),
            value,
        })
    }
}

fn leaf(text: &str, range: std::ops::Range<usize>) -> Node {
    Node {
        kind: Kind::Leaf(text[range.clone()].to_owned()),
        range,
    }
}
