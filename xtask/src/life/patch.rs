//! Whether what a patch adds stands in the files of a folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Each stretch of lines that the patch adds to a file has to stand in it once.
///
/// # Errors
/// A file that cannot be read; a stretch that is not there, or is there twice.
pub fn is_there(patch: &str, folder: &Path) -> Result<()> {
    for (path, stretch) in stretches(patch) {
        let text = fs::read_to_string(folder.join(path)).with_context(|| format!("cannot read {path}"))?;
        let (all, wanted): (Vec<&str>, Vec<&str>) = (text.lines().collect(), stretch.lines().collect());
        match all.windows(wanted.len()).filter(|lines| *lines == wanted).count() {
            1 => {}
            0 => bail!("{path} lacks:\n{stretch}"),
            times => bail!("{path} has {times} times:\n{stretch}"),
        }
    }
    Ok(())
}

/// The path of a file, and lines that are added there one after the other.
fn stretches(patch: &str) -> Vec<(&str, String)> {
    let mut all: Vec<(&str, String)> = Vec::new();
    let (mut path, mut open) = ("", false);
    for line in patch.lines() {
        if let Some(name) = line.strip_prefix("+++ b/") {
            (path, open) = (name, false);
        } else if let Some(added) = line.strip_prefix('+').filter(|_| !line.starts_with("+++ ")) {
            if !open {
                all.push((path, String::new()));
            }
            open = true;
            if let Some((_, stretch)) = all.last_mut() {
                stretch.push_str(added);
                stretch.push('\n');
            }
        } else {
            open = false;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "--- a/one\n+++ b/one\n@@ -1 +1,3 @@\n x\n+a\n+b\n@@ -9 +11 @@\n-y\n+c\n--- /dev/null\n+++ b/in/two\n@@ -0,0 +1 @@\n+d\n";

    #[test]
    fn lines_that_follow_each_other_are_one_stretch() {
        let expected = [("one", "a\nb\n"), ("one", "c\n"), ("in/two", "d\n")];
        assert_eq!(stretches(PATCH), expected.map(|(path, text)| (path, text.to_owned())));
    }

    #[test]
    fn a_stretch_stands_there_once() {
        for (one, two, expected) in [
            ("x\na\nb\nz\nc\n", "d\n", ""),
            ("a\nz\nb\nc\n", "d\n", "one lacks:\na\nb\n"),
            ("a\nb\nc\nc\n", "d\n", "one has 2 times:\nc\n"),
            ("a\nb\nxc\n", "d\n", "one lacks:\nc\n"),
            ("a\nb\nc\n", "", "in/two lacks:\nd\n"),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            fs::create_dir(folder.path().join("in")).expect("a folder");
            fs::write(folder.path().join("one"), one).expect("written");
            fs::write(folder.path().join("in/two"), two).expect("written");
            let said = is_there(PATCH, folder.path()).err().map(|error| error.to_string());
            assert_eq!(said.unwrap_or_default(), expected);
        }
    }
}
