//! What texts mention, place by place.

use super::{Evidence, Mention, Place, Places, Seen, pattern};
use crate::engine::merge::structured::{self, Syntax};
use crate::engine::tree::RelPath;

/// The most that is taken from one text by one place: more is no list that a person wrote.
const MOST: usize = 2_000;

/// The longest mention.
const LONGEST: usize = 300;

/// The files among these that some place is about.
pub fn readable(files: &[RelPath], places: &Places) -> Vec<RelPath> {
    let about = |path: &&RelPath| places.places.iter().any(|place| place.is_about(path));
    files.iter().filter(about).cloned().collect()
}

/// Everything that the texts mention: in the order of places, files and lines.
pub fn mentions(seen: &Seen, places: &Places) -> Vec<Mention> {
    let mut all = Vec::new();
    for place in &places.places {
        for path in seen.files.iter().filter(|path| place.is_about(path)) {
            let Some(text) = seen.texts.get(path) else { continue };
            let found = match place.keys.is_empty() {
                true => place.in_lines(text),
                false => place.in_parts(path, text),
            };
            all.extend(found.into_iter().take(MOST).map(|(line, text)| Mention {
                kind: place.kind.clone(),
                beside: place.beside.clone(),
                evidence: Evidence {
                    path: path.clone(),
                    line: Some(line),
                    text,
                },
            }));
        }
    }
    all
}

impl Place {
    fn is_about(&self, path: &RelPath) -> bool {
        self.files.iter().any(|pattern| pattern::path(pattern, path.as_str()))
    }

    fn in_lines(&self, text: &str) -> Vec<(usize, String)> {
        let lines = text.lines().enumerate();
        lines
            .filter_map(|(number, line)| {
                let line = line.trim();
                let starts = line.get(..self.starts.len())?;
                let rest = starts.eq_ignore_ascii_case(&self.starts).then_some(line)?;
                Some((number + 1, self.token(&rest[self.starts.len()..])?))
            })
            .collect()
    }

    fn in_parts(&self, path: &RelPath, text: &str) -> Vec<(usize, String)> {
        let Some(syntax) = Syntax::of(path.as_str()) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for keys in &self.keys {
            let keys: Vec<&str> = keys.split('/').collect();
            found.extend(structured::find(syntax, text, &keys, self.names, pattern::name));
        }
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let line = |at: usize| ends.partition_point(|end| *end < at) + 1;
        let bare = |text: &str| self.token(text.trim().trim_matches(['"', '\'']));
        let found = found.into_iter();
        found.filter_map(|(at, text)| Some((line(at), bare(&text)?))).collect()
    }

    /// The mention in a text that may hold more.
    fn token(&self, text: &str) -> Option<String> {
        if !self.without.is_empty() && text.contains(&self.without) {
            return None;
        }
        let text = match self.after.is_empty() {
            true => text,
            false => text.split_once(&self.after)?.1,
        };
        let text = match self.behind.is_empty() {
            true => text,
            false => text.rsplit_once(&self.behind)?.1,
        };
        let text = text.trim_start();
        let end = text.find(|c| self.until.contains(c)).unwrap_or(text.len());
        let token = text[..end].trim();
        let fits = !token.is_empty() && token.len() <= LONGEST && !token.chars().any(char::is_control);
        let fits = fits && (!self.number || token.bytes().all(|byte| byte.is_ascii_digit()));
        fits.then(|| token.to_owned())
    }
}
