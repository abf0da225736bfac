//! `go.mod` taken apart: directives, and the modules of `require` blocks. What `// indirect` marks is `go mod tidy`'s own.

use std::ops::Range;

use super::node::{Kind, Node, Part};
use super::notes;

/// The parts of a `go.mod`: each directive by its name, and the modules of a block as parts of it.
pub(super) fn parse(text: &str) -> Option<Node> {
    let mut parts: Vec<Part> = Vec::new();
    let mut block: Option<Block> = None;
    let (mut at, mut head) = (0, 0);
    for line in text.split_inclusive('\n') {
        let from = at;
        at += line.len();
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let words: Vec<&str> = code.split_whitespace().collect();
        let start = from + (line.len() - line.trim_start().len());
        let end = from + code.trim_end().len();
        match (&mut block, words.as_slice()) {
            (_, []) => {}
            (Some(_), [")"]) => {
                let part = block.take()?.close(text, from, end, at);
                // A block of nothing but `go mod tidy`'s own is none of ours.
                parts.extend(part);
                head = at;
            }
            (None, [directive, "("]) => {
                block = Some(Block {
                    name: (*directive).to_owned(),
                    lines: head,
                    start,
                    body: at,
                    head: at,
                    parts: Vec::new(),
                });
            }
            (Some(block), words) => {
                if comment.trim() != "indirect" {
                    let name = called(&block.name, words);
                    let part = leaf(name, block.head..at, start..end, words, comment);
                    block.parts.push(part);
                }
                block.head = at;
            }
            (None, [directive, rest @ ..]) => {
                if comment.trim() != "indirect" {
                    let name = called(directive, rest);
                    parts.push(leaf(name, head..at, start..end, &words, comment));
                }
                head = at;
            }
        }
    }
    let sound = block.is_none() && distinct(&parts) && parts.iter().all(|part| part.value.parts().is_none_or(distinct));
    (sound && !parts.is_empty()).then(|| node(0..text.len(), parts))
}

/// A block that is being read.
struct Block {
    name: String,
    lines: usize,
    start: usize,
    body: usize,
    head: usize,
    parts: Vec<Part>,
}

impl Block {
    /// The block as a part; none when it holds none.
    fn close(self, text: &str, bracket: usize, end: usize, at: usize) -> Option<Part> {
        (!self.parts.is_empty()).then(|| {
            let value = node(self.body..bracket, self.parts);
            Part {
                name: self.name,
                lines: self.lines..at,
                start: self.start,
                end,
                notes: notes::inside(text, self.start..end, &value, "//"),
                value,
                remark: String::new(),
            }
        })
    }
}

fn node(range: Range<usize>, parts: Vec<Part>) -> Node {
    Node {
        range,
        kind: Kind::Parts {
            parts,
            commas: false,
            ordered: false,
        },
    }
}

fn leaf(name: String, lines: Range<usize>, own: Range<usize>, words: &[&str], comment: &str) -> Part {
    Part {
        name,
        lines,
        start: own.start,
        end: own.end,
        value: Node {
            range: own,
            kind: Kind::Leaf(words.join(" ")),
        },
        remark: comment.trim().to_owned(),
        notes: Vec::new(),
    }
}

/// Whether no two parts have one name.
fn distinct(parts: &[Part]) -> bool {
    let mut names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

/// `require github.com/jackc/pgx/v5`; there is one `go`, `toolchain` and `module` only.
fn called(directive: &str, words: &[&str]) -> String {
    match directive {
        "module" | "go" | "toolchain" => directive.to_owned(),
        "require" | "replace" => format!("{directive} {}", words.first().unwrap_or(&"")),
        _ => format!("{directive} {}", words.join(" ")),
    }
}

/// The text without the modules that `go mod tidy` adds by itself, and without blocks that held nothing else.
pub(super) fn without_indirect(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for line in text.split_inclusive('\n') {
        let (_, comment) = line.split_once("//").unwrap_or((line, ""));
        if comment.trim() == "indirect" {
            continue;
        }
        let emptied = line.trim() == ")" && kept.last().is_some_and(|last| last.trim_end().ends_with("require ("));
        if emptied {
            kept.pop();
            if kept.last().is_some_and(|last| last.trim().is_empty()) {
                kept.pop();
            }
            continue;
        }
        kept.push(line);
    }
    kept.concat()
}
