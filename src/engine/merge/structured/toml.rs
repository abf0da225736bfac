//! TOML taken apart; the only file that knows `toml_parser`.

use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_document};

use super::node::{Kind, Node, Piece, called, lines};

/// Deeper nesting is no configuration that a person wrote.
const DEEPEST: u32 = 60;

/// The parts of a TOML text: its tables by their headers, and the keys before the first one.
pub(super) fn parse(text: &str) -> Option<Node> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut events: Vec<Event> = Vec::new();
    let mut errors: Option<toml_parser::ParseError> = None;
    let mut receiver = |event: Event| events.push(event);
    parse_document(&tokens, &mut RecursionGuard::new(&mut receiver, DEEPEST), &mut errors);
    if errors.is_some() || events.iter().any(|event| event.kind() == EventKind::Error) {
        return None;
    }
    let mut reader = Reader {
        text,
        events: events
            .iter()
            .filter(|event| {
                !matches!(
                    event.kind(),
                    EventKind::Whitespace | EventKind::Comment | EventKind::Newline
                )
            })
            .collect(),
        at: 0,
    };
    let mut pieces = reader.keys()?;
    while let Some(table) = reader.table(&pieces)? {
        pieces.push(table);
    }
    let parts = lines(text, pieces, None, "#")?;
    Some(Node {
        range: 0..text.len(),
        kind: Kind::Parts {
            parts,
            commas: false,
            ordered: false,
        },
    })
}

struct Reader<'a> {
    text: &'a str,
    events: Vec<&'a Event>,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<EventKind> {
        self.events.get(self.at).map(|event| event.kind())
    }

    fn next(&mut self) -> Option<(EventKind, usize, usize)> {
        let event = self.events.get(self.at)?;
        self.at += 1;
        Some((event.kind(), event.span().start(), event.span().end()))
    }

    /// A table with its header; the outer none is a text that is understood wrongly, the inner one the end.
    fn table(&mut self, before: &[Piece]) -> Option<Option<Piece>> {
        let Some((kind, start, mut end)) = self.next() else {
            return Some(None);
        };
        if !matches!(kind, EventKind::StdTableOpen | EventKind::ArrayTableOpen) {
            return None;
        }
        loop {
            let (kind, _, to) = self.next()?;
            end = to.max(end);
            if matches!(kind, EventKind::StdTableClose | EventKind::ArrayTableClose) {
                break;
            }
        }
        let header = self.text[start..end].to_owned();
        // The tables of an array are told from each other by their place.
        let earlier = before.iter().filter(|piece| piece.name.starts_with(&header)).count();
        let name = match kind {
            EventKind::ArrayTableOpen => format!("{header}#{earlier}"),
            _ => header.clone(),
        };
        let head = super::node::line_end(self.text, end);
        let keys = self.keys()?;
        let value = match lines(self.text, keys, None, "#") {
            Some(parts) => {
                let end = parts.last().map_or(head, |part| part.lines.end);
                Node {
                    range: head..end,
                    kind: Kind::Parts {
                        parts,
                        commas: false,
                        ordered: false,
                    },
                }
            }
            None => Node {
                range: start..end,
                kind: Kind::Leaf(header),
            },
        };
        let end = value.range.end.max(end);
        Some(Some(Piece {
            name,
            start,
            end,
            value,
        }))
    }

    /// Lines of `key = value`, up to the next header.
    fn keys(&mut self) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        while self.peek() == Some(EventKind::SimpleKey) {
            let (_, start, mut end) = self.next()?;
            loop {
                match self.next()? {
                    (EventKind::KeyValSep, ..) => break,
                    (EventKind::SimpleKey | EventKind::KeySep, _, to) => end = to,
                    _ => return None,
                }
            }
            let value = self.value()?;
            pieces.push(Piece {
                name: self.text[start..end].to_owned(),
                start,
                end: value.range.end,
                value,
            });
        }
        Some(pieces)
    }

    fn value(&mut self) -> Option<Node> {
        let (kind, start, end) = self.next()?;
        match kind {
            EventKind::Scalar => Some(Node {
                range: start..end,
                kind: Kind::Leaf(self.text[start..end].to_owned()),
            }),
            EventKind::ArrayOpen => {
                let mut pieces = Vec::new();
                loop {
                    match self.peek()? {
                        EventKind::ArrayClose => break,
                        EventKind::ValueSep => {
                            self.next();
                        }
                        _ => {
                            let value = self.value()?;
                            pieces.push(Piece {
                                name: called(&self.text[value.range.clone()]),
                                start: value.range.start,
                                end: value.range.end,
                                value,
                            });
                        }
                    }
                }
                let (_, _, end) = self.next()?;
                let kind = match lines(self.text, pieces, None, "#") {
                    Some(parts) => Kind::Parts {
                        parts,
                        commas: true,
                        ordered: true,
                    },
                    None => Kind::Leaf(self.text[start..end].to_owned()),
                };
                Some(Node {
                    range: start..end,
                    kind,
                })
            }
            EventKind::InlineTableOpen => {
                let mut depth = 1;
                let mut end = end;
                while depth > 0 {
                    let (kind, _, to) = self.next()?;
                    end = to;
                    match kind {
                        EventKind::InlineTableOpen => depth += 1,
                        EventKind::InlineTableClose => depth -= 1,
                        _ => {}
                    }
                }
                Some(Node {
                    range: start..end,
                    kind: Kind::Leaf(self.text[start..end].to_owned()),
                })
            }
            _ => None,
        }
    }
}
