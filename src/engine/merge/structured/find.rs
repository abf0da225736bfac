//! What stands at a path of names in a text, and where.

use super::Syntax;
use super::node::{Kind, Node, Part};

/// Words longer than this are no names.
const LONGEST: usize = 300;

/// The texts at `keys`, each with the place where it stands: the names of the parts there where `names` says so, else
/// their values. `fits` compares a key with a name.
///
/// Where a text is not written one part to a line, its words stand for its parts: enough for those who look for a name.
pub fn find(
    syntax: Syntax,
    text: &str,
    keys: &[&str],
    names: bool,
    fits: fn(&str, &str) -> bool,
) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    if let Some(root) = syntax.parse(text) {
        let mut search = Search {
            names,
            fits,
            found: &mut found,
        };
        search.node(&root, 0, keys);
    }
    found
}

struct Search<'a> {
    names: bool,
    fits: fn(&str, &str) -> bool,
    found: &'a mut Vec<(usize, String)>,
}

impl Search<'_> {
    fn node(&mut self, node: &Node, start: usize, keys: &[&str]) {
        match (&node.kind, keys) {
            (Kind::Parts { parts, .. }, [key, rest @ ..]) => {
                let fits = self.fits;
                for part in parts.iter().filter(|part| fits(key, bare(part))) {
                    self.node(&part.value, part.start, rest);
                }
            }
            (Kind::Parts { parts, .. }, []) => parts.iter().for_each(|part| self.part(part)),
            (Kind::Leaf(text), []) if !text.starts_with(['[', '{']) => self.found.push((start, text.clone())),
            (Kind::Leaf(text), _) => self.words(text, start, keys.last().copied()),
        }
    }

    /// The words of a text: those behind `key`, or all where there is none or it stands for any.
    fn words(&mut self, text: &str, start: usize, key: Option<&str>) {
        let apart = |c: char| c.is_whitespace() || matches!(c, ',' | ':' | '[' | ']' | '{' | '}' | '"' | '\'');
        let key = key.filter(|key| !self.names && !key.contains('*'));
        let mut before = "";
        for word in text
            .split(apart)
            .filter(|word| !word.is_empty() && word.len() <= LONGEST)
        {
            if key.is_none_or(|key| (self.fits)(key, before)) {
                self.found.push((start, word.to_owned()));
            }
            before = word;
        }
    }

    fn part(&mut self, part: &Part) {
        match (&part.value.kind, self.names) {
            (_, true) => self.found.push((part.start, bare(part).to_owned())),
            (Kind::Leaf(text), false) => self.found.push((part.start, text.clone())),
            _ => {}
        }
    }
}

/// The name of a part, without the brackets of a table.
fn bare(part: &Part) -> &str {
    part.name.trim_matches(['[', ']', '"'])
}
