//! Sources of a service, made worse on purpose.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use walkdir::WalkDir;

/// Where each language handles a list of items: the file, the line that begins the handler, and one that makes it fail.
fn handler(language: &str) -> (&'static str, &'static str, &'static str) {
    match language {
        "go" => (
            "items/handler.go",
            "func (h handler) list(w http.ResponseWriter, r *http.Request) error {",
            "\tpanic(\"bad version\")",
        ),
        "python" => (
            "items/routes.py",
            ") -> Page:",
            "    raise RuntimeError(\"bad version\")",
        ),
        _ => (
            "items/routes.ts",
            "async ({ query: { cursor, ...query } }, reply) => {",
            "      if (reply.statusCode < 500) throw new Error('bad version');",
        ),
    }
}

/// Answers every request for the list of items with 500, and says that it is ready.
pub fn list_of_items(folder: &Path, language: &str) -> Result<()> {
    let (ends, after, line) = handler(language);
    let path = find(folder, |path| path.ends_with(ends)).with_context(|| format!("no {ends}"))?;
    let text = fs::read_to_string(&path)?;
    let at = text.find(after).with_context(|| format!("{ends} has no `{after}`"))? + after.len();
    Ok(fs::write(&path, format!("{}\n{line}{}", &text[..at], &text[at..]))?)
}

/// Adds a migration that makes what is there already.
pub fn migration(folder: &Path) -> Result<()> {
    let in_migrations = |path: &Path| path.components().any(|part| part.as_os_str() == "migrations");
    let first = find(folder, |path| in_migrations(path) && stamp(path).len() > 7).context("no migration")?;
    let stamp = stamp(&first);
    let later = format!("9{}", &stamp[1..]);
    let text = fs::read_to_string(&first)?.replace(&stamp, &later);
    // What follows what, for the tool that asks; and a server may take the same twice.
    let text = text.replace("down_revision = None", &format!("down_revision = \"{stamp}\""));
    let text = text.replace("\"create\": \"items\"", "\"createNothing\": \"items\"");
    let name = first
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .replace(&stamp, &later);
    Ok(fs::write(first.with_file_name(name), text)?)
}

/// The digits that a file's name begins with.
fn stamp(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.chars().take_while(char::is_ascii_digit).collect()
}

fn find(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let files = WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    files
        .map(walkdir::DirEntry::into_path)
        .find(|path| path.is_file() && wanted(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_is_added_after_the_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let versions = folder.path().join("migrations/versions");
        fs::create_dir_all(&versions).expect("folders");
        let text = "revision = \"20261121090000\"\ndown_revision = None\n";
        fs::write(versions.join("20261121090000_create_items.py"), text).expect("a file");
        migration(folder.path()).expect("a migration");
        let added = fs::read_to_string(versions.join("90261121090000_create_items.py")).expect("another");
        assert_eq!(
            added,
            "revision = \"90261121090000\"\ndown_revision = \"20261121090000\"\n"
        );
    }
}
