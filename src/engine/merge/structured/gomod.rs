//! `go.mod` taken apart: directives, and the modules of `require` blocks. What `// indirect` marks is `go mod tidy`'s own.

use super::node::{Kind, Node, Part};

/// The parts of a `go.mod`: each directive and each required module, by name.
pub(super) fn parse(text: &str) -> Option<Node> {
    let mut parts: Vec<Part> = Vec::new();
    let mut block: Option<(String, bool)> = None;
    let mut at = 0;
    let mut head = 0;
    for line in text.split_inclusive('\n') {
        let from = at;
        at += line.len();
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let words: Vec<&str> = code.split_whitespace().collect();
        let indirect = comment.trim() == "indirect";
        let name = match (&block, words.as_slice()) {
            (_, []) => continue,
            (Some(_), [")"]) => {
                block = None;
                head = at;
                continue;
            }
            (None, [directive, "("]) => {
                block = Some(((*directive).to_owned(), false));
                head = at;
                continue;
            }
            (Some((directive, _)), words) => called(directive, words),
            (None, [directive, rest @ ..]) => called(directive, rest),
        };
        if indirect {
            head = at;
            continue;
        }
        let start = from + (line.len() - line.trim_start().len());
        let end = from + code.trim_end().len();
        parts.push(Part {
            name,
            lines: head..at,
            start,
            end,
            value: Node {
                range: start..end,
                kind: Kind::Leaf(words.join(" ")),
            },
            remark: comment.trim().to_owned(),
        });
        head = at;
    }
    let mut names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let sound = block.is_none() && !parts.is_empty() && names.len() == parts.len();
    sound.then_some(Node {
        range: 0..text.len(),
        kind: Kind::Parts {
            parts,
            commas: false,
            ordered: false,
        },
    })
}

/// `require github.com/jackc/pgx/v5`; there is one `go`, `toolchain` and `module` only.
fn called(directive: &str, words: &[&str]) -> String {
    match directive {
        "module" | "go" | "toolchain" => directive.to_owned(),
        "require" | "replace" | "exclude" if directive != "exclude" => {
            format!("{directive} {}", words.first().unwrap_or(&""))
        }
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
