//! Version numbers that a bot moves: of two versions in the same words, the one that is ahead is kept.

use std::cmp::Ordering;

/// Which of two descendants of a text is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ahead {
    /// The user's.
    Ours,
    /// The new output's.
    Theirs,
}

/// Which of the two texts is ahead, when all three differ in nothing but versions; none when that cannot be said.
pub fn ahead(base: &str, ours: &str, theirs: &str) -> Option<Ahead> {
    let (base, ours, theirs) = (read(base), read(ours), read(theirs));
    if base.words != ours.words || base.words != theirs.words {
        return None;
    }
    if compare(&ours.versions, &base.versions)? == Ordering::Less {
        // Somebody went back on purpose; that is no bot.
        return None;
    }
    // A digest says nothing by itself: it goes with the version beside it.
    let order = compare(&ours.versions, &theirs.versions)?;
    match order {
        Ordering::Greater => Some(Ahead::Ours),
        Ordering::Less => Some(Ahead::Theirs),
        Ordering::Equal if ours.digests == theirs.digests => Some(Ahead::Ours),
        Ordering::Equal => None,
    }
}

/// Whether the texts differ in nothing but versions, and have any.
pub fn only_versions(one: &str, other: &str) -> bool {
    let (one, other) = (read(one), read(other));
    one.words == other.words && !one.versions.is_empty() && one.versions.len() == other.versions.len()
}

/// Every version of one side is at least that of the other, or nothing can be said.
fn compare(ours: &[Version], theirs: &[Version]) -> Option<Ordering> {
    if ours.is_empty() || ours.len() != theirs.len() {
        return None;
    }
    let mut order = Ordering::Equal;
    for (one, other) in ours.iter().zip(theirs) {
        match (order, one.compare(other)) {
            (_, Ordering::Equal) => {}
            (Ordering::Equal, found) => order = found,
            (known, found) if known == found => {}
            _ => return None,
        }
    }
    Some(order)
}

/// A text taken apart: words with a mark where a version or digest was, and these.
#[derive(Debug, Default)]
struct Parts {
    words: String,
    versions: Vec<Version>,
    digests: Vec<String>,
}

/// Numbers between dots, and the name of a release before them.
#[derive(Debug)]
struct Version {
    numbers: Vec<u64>,
    pre: String,
}

impl Version {
    fn compare(&self, other: &Self) -> Ordering {
        let longest = self.numbers.len().max(other.numbers.len());
        let number = |version: &Self, index: usize| version.numbers.get(index).copied().unwrap_or(0);
        (0..longest)
            .map(|index| number(self, index).cmp(&number(other, index)))
            .find(|order| *order != Ordering::Equal)
            .unwrap_or_else(|| match (self.pre.is_empty(), other.pre.is_empty()) {
                // A release comes after what was published before it.
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                _ => self.pre.cmp(&other.pre),
            })
    }
}

/// Names of releases that come before the release of their numbers.
const PRE: &[&str] = &["-alpha", "-beta", "-rc", "-pre", "-next", "a", "b", "rc"];

fn read(text: &str) -> Parts {
    let mut parts = Parts::default();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let before = &text[..text.len() - rest.len()];
        let inside_word = before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let take = if inside_word && !before.ends_with('v') {
            None
        } else {
            digest(rest).or_else(|| version(rest, before))
        };
        let length = match take {
            Some(Token::Digest(length)) => {
                parts.words.push('\u{1}');
                parts.digests.push(rest[..length].to_owned());
                length
            }
            Some(Token::Version(length, version)) => {
                parts.words.push('\u{2}');
                parts.versions.push(version);
                length
            }
            None => {
                parts.words.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    parts
}

enum Token {
    Digest(usize),
    Version(usize, Version),
}

/// A commit or content digest: 40 or 64 hexadecimal digits.
fn digest(text: &str) -> Option<Token> {
    let length = text.bytes().take_while(u8::is_ascii_hexdigit).count();
    let whole = !text[length..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    (whole && matches!(length, 40 | 64)).then_some(Token::Digest(length))
}

/// `1.2.3`, or after a sign that announces a version `1.2` and after a `v` also `1`; never an address of four numbers,
/// nor a plain number such as a limit.
fn version(text: &str, before: &str) -> Option<Token> {
    let length = text
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
        .count();
    let digits = text[..length].trim_end_matches('.');
    let numbers: Vec<u64> = digits.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let mut last = before.chars().rev();
    let announced = match last.next() {
        Some('v' | '@' | '^' | '~' | '>' | '<') => true,
        Some('=') => last.next().is_some_and(|c| matches!(c, '=' | '~' | '>' | '<' | '!')),
        Some(':') => last.next().is_some_and(|c| c.is_ascii_alphanumeric()),
        _ => false,
    };
    let fits = match numbers.len() {
        1 => before.ends_with('v'),
        2 => announced,
        3 => !before.ends_with('.'),
        _ => false,
    };
    if !fits {
        return None;
    }
    let after = &text[digits.len()..];
    let pre = match PRE.iter().any(|name| after.starts_with(name)) {
        true => {
            let length = after
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
                .count();
            after[..length].trim_end_matches(['.', '-']).to_owned()
        }
        false => String::new(),
    };
    let length = digits.len() + pre.len();
    Some(Token::Version(length, Version { numbers, pre }))
}
