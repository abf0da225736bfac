//! Patterns with `*`, in time that no input can blow up.

/// Nothing longer is compared: it is no name that a person wrote.
const LONGEST: usize = 300;

/// Whether a name fits: `*` stands for anything, case and `_` in place of `-` mean nothing.
pub fn name(pattern: &str, name: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    name.len() <= LONGEST && wild(plain(pattern).as_bytes(), plain(name).as_bytes(), None)
}

/// Whether a path fits: `*` stands for anything but `/`, `**` for anything. A pattern without `/` is about the last part
/// alone, one that starts with `./` about the whole.
pub fn path(pattern: &str, path: &str) -> bool {
    let (pattern, path) = match pattern.strip_prefix("./") {
        Some(pattern) => (pattern, path),
        None if pattern.contains('/') => (pattern, path),
        None => (pattern, path.rsplit('/').next().unwrap_or(path)),
    };
    wild(pattern.as_bytes(), path.as_bytes(), Some(b'/'))
}

/// A walk with one memory: where to go on when the last star takes one byte more. `wall` is what a single star cannot
/// pass; a star that cannot go on gives way to the double star before it.
fn wild(pattern: &[u8], text: &[u8], wall: Option<u8>) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut single: Option<(usize, usize)> = None;
    let mut double: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&b'*') {
            if wall.is_none() || pattern.get(at + 1) == Some(&b'*') {
                at += if wall.is_none() { 1 } else { 2 };
                (double, single) = (Some((at, seen)), None);
            } else {
                at += 1;
                single = Some((at, seen));
            }
        } else if at == pattern.len() && seen == text.len() {
            return true;
        } else if at < pattern.len() && seen < text.len() && pattern[at] == text[seen] {
            (at, seen) = (at + 1, seen + 1);
        } else if let Some((after, from)) = single.filter(|(_, from)| text.get(*from).is_some_and(|b| Some(*b) != wall))
        {
            single = Some((after, from + 1));
            (at, seen) = (after, from + 1);
        } else if let Some((after, from)) = double.filter(|(_, from)| *from < text.len()) {
            (double, single) = (Some((after, from + 1)), None);
            (at, seen) = (after, from + 1);
        } else {
            return false;
        }
    }
}
