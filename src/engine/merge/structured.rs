//! The three-way merge of files whose parts have names: two sides that add different keys, dependencies or services never
//! conflict. The user's text stays byte for byte outside the parts that are touched; where this is in doubt, lines decide.

use super::text::{self, Labels, Merged, Settle};

mod find;
mod gomod;
mod json;
mod node;
mod notes;
mod pick;
mod print;
mod toml;
mod yaml;

pub use find::find;
use node::Node;
use print::Sources;

/// A syntax whose parts have names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// JSON, comments allowed.
    Json,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
    /// `go.mod`.
    GoMod,
}

impl Syntax {
    /// The syntax of a file, by its name; none: lines.
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name.rsplit_once('.').map(|(_, ending)| ending) {
            _ if name == "go.mod" => Some(Self::GoMod),
            Some("json") => Some(Self::Json),
            Some("toml") => Some(Self::Toml),
            Some("yaml" | "yml") => Some(Self::Yaml),
            _ => None,
        }
    }

    /// The parts of a text; none when it cannot be taken apart.
    fn parse(self, text: &str) -> Option<Node> {
        match self {
            Self::Json => json::parse(text),
            Self::Toml => toml::parse(text),
            Self::Yaml => yaml::parse(text),
            Self::GoMod => gomod::parse(text),
        }
    }
}

/// Merges by parts where that can be shown to be right, else by lines.
///
/// The result of lines stands when it holds exactly the parts that it should. Otherwise the parts are put in place in the
/// user's text, and the outcome is taken apart again to see that it holds what it should. Where neither can be, and lines
/// would put a comment into a part that it is not about, the whole difference is a conflict.
pub fn merge(syntax: Option<Syntax>, base: &str, ours: &str, theirs: &str, settle: Settle, labels: &Labels) -> Merged {
    let by_lines = text::merge(base, ours, theirs, settle, labels);
    let nodes = syntax.map(|syntax| (syntax, [base, ours, theirs].map(|text| syntax.parse(text))));
    let Some((syntax, [Some(old), Some(mine), Some(new)])) = &nodes else {
        return by_lines;
    };
    // What lines can settle comes along, comments of the new output among it.
    let settled = text::merge(base, ours, theirs, Settle::Ours, labels).text;
    let texts = Texts {
        base,
        ours,
        theirs,
        settled: &settled,
    };
    if let Some(by_parts) = parts(*syntax, [old, mine, new], &texts, settle, labels, &by_lines) {
        return by_parts;
    }
    let astray = syntax
        .parse(&settled)
        .is_some_and(|node| notes::astray(&node, mine, new));
    match astray {
        true => text::apart(base, ours, theirs, settle, labels),
        false => by_lines,
    }
}

/// What is merged.
struct Texts<'a> {
    base: &'a str,
    ours: &'a str,
    theirs: &'a str,
    /// By lines, the user's where both sides changed the same ones.
    settled: &'a str,
}

fn parts(
    syntax: Syntax,
    [old, mine, new]: [&Node; 3],
    texts: &Texts<'_>,
    settle: Settle,
    labels: &Labels,
    by_lines: &Merged,
) -> Option<Merged> {
    let Texts {
        base,
        ours,
        theirs,
        settled,
    } = *texts;
    let picked = pick::merge(old, mine, new)?;
    let clean = picked.conflicts() == 0;
    let fits = |node: &Node| picked.fits(node) && !notes::astray(node, mine, new);
    if by_lines.conflicts == 0 && clean && fits(&syntax.parse(&by_lines.text)?) {
        return Some(by_lines.clone());
    }
    [settled, ours].iter().find_map(|start| {
        let node = syntax.parse(start)?;
        let sources = Sources {
            text: start,
            base,
            ours,
            theirs,
            labels,
        };
        let plain = print::print(&picked, &node, &sources, Settle::Ours)?;
        // Shown to be right without markers, which no syntax has.
        let checked = syntax.parse(&plain.text).is_some_and(|node| fits(&node));
        // Comments are no parts, and the user's are not lost with a part that goes.
        let comments = ours.lines().map(str::trim).filter(|line| line.starts_with(['#', '/']));
        let mut added = comments.filter(|line| !base.contains(line));
        if !checked || !added.all(|line| plain.text.contains(line)) {
            return None;
        }
        match clean || settle == Settle::Ours {
            true => Some(Merged {
                conflicts: picked.conflicts(),
                ..plain
            }),
            false => print::print(&picked, &node, &sources, settle),
        }
    })
}

/// Puts the parts of `new` in place of those of `old`, which keep their formatting where they stay; none when that cannot
/// be done.
pub fn rewrite(syntax: Syntax, old: &str, new: &str) -> Option<String> {
    let (mine, theirs) = (syntax.parse(old)?, syntax.parse(new)?);
    let picked = pick::merge(&mine, &mine, &theirs)?;
    let sources = Sources {
        text: old,
        base: old,
        ours: old,
        theirs: new,
        labels: &Labels::none(),
    };
    let printed = print::print(&picked, &mine, &sources, Settle::Ours)?.text;
    let fits = syntax.parse(&printed).is_some_and(|node| picked.fits(&node));
    fits.then_some(printed)
}

/// The text without what a package manager keeps in it for itself.
pub fn without_locks(syntax: Option<Syntax>, text: &str) -> std::borrow::Cow<'_, str> {
    match syntax {
        Some(Syntax::GoMod) => gomod::without_indirect(text).into(),
        _ => text.into(),
    }
}
