//! The rendered tree as a template of cookiecutter and of copier, with the name as its question.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use walkdir::WalkDir;

/// Where the templates are.
pub struct Templates {
    /// Cookiecutter's
    pub cookiecutter: PathBuf,
    /// Copier's
    pub copier: PathBuf,
}

/// Writes both templates below `work`.
pub fn write(tree: &Path, work: &Path) -> Result<Templates> {
    let templates = Templates {
        cookiecutter: work.join("cookiecutter"),
        copier: work.join("copier"),
    };
    convert(
        tree,
        &templates.cookiecutter.join("{{cookiecutter.name}}"),
        "cookiecutter.name",
    )?;
    fs::write(
        templates.cookiecutter.join("cookiecutter.json"),
        "{\"name\": \"service\"}\n",
    )?;
    copier(tree, &templates.copier)?;
    Ok(templates)
}

/// Writes copier's into a folder.
pub fn copier(tree: &Path, target: &Path) -> Result<()> {
    convert(tree, target, "name")?;
    let questions = "_templates_suffix: \"\"\nname:\n  type: str\n  default: service\n";
    Ok(fs::write(target.join("copier.yml"), questions)?)
}

/// Every file with what Jinja would read as syntax escaped, and the project's name as a variable.
fn convert(tree: &Path, target: &Path, variable: &str) -> Result<()> {
    for path in files(tree)? {
        let to = target.join(&path);
        fs::create_dir_all(to.parent().unwrap_or(target))?;
        // `copy` keeps the mode of a script.
        fs::copy(tree.join(&path), &to)?;
        fs::write(&to, escape(&fs::read_to_string(tree.join(&path))?, variable))?;
    }
    Ok(())
}

/// Only what would be syntax: a template written by hand would escape no more.
fn escape(text: &str, variable: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let taken = if let Some(mark) = ["{{", "{%", "{#"].into_iter().find(|mark| rest.starts_with(mark)) {
            out.push_str(&format!("{{{{ '{mark}' }}}}"));
            mark.len()
        } else if rest.starts_with("{orders") {
            out.push_str("{{ '{' }}");
            1
        } else if rest.starts_with("orders") {
            out.push_str(&format!("{{{{ {variable} }}}}"));
            "orders".len()
        } else {
            out.push(next);
            next.len_utf8()
        };
        rest = &rest[taken..];
    }
    out
}

/// Fails unless both trees hold the same paths and bytes.
pub fn same(left: &Path, right: &Path) -> Result<()> {
    let read = |folder: &Path| -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        files(folder)?
            .into_iter()
            .map(|path| Ok((path.clone(), fs::read(folder.join(path))?)))
            .collect()
    };
    let (left, right) = (read(left)?, read(right)?);
    for (path, bytes) in &left {
        match right.get(path) {
            None => bail!("{} is missing", path.display()),
            Some(other) if other != bytes => bail!("{} differs", path.display()),
            Some(_) => {}
        }
    }
    match right.keys().find(|path| !left.contains_key(*path)) {
        Some(path) => bail!("{} is too many", path.display()),
        None => Ok(()),
    }
}

/// Number of files and their bytes.
pub fn size(tree: &Path) -> Result<(usize, u64)> {
    let files = files(tree)?;
    let mut bytes = 0;
    for path in &files {
        bytes += fs::metadata(tree.join(path))?.len();
    }
    Ok((files.len(), bytes))
}

fn files(tree: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(tree).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.path().strip_prefix(tree)?.to_path_buf());
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_jinja_reads_as_syntax_is_escaped() {
        assert_eq!(escape("name: orders\n", "name"), "name: {{ name }}\n");
        assert_eq!(escape("${{ a }}", "name"), "${{ '{{' }} a }}");
        assert_eq!(escape("{# orders {", "n"), "{{ '{#' }} {{ n }} {");
        assert_eq!(escape("{orders}", "n"), "{{ '{' }}{{ n }}}");
    }

    #[test]
    fn trees_that_differ_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        for tree in [&a, &b] {
            fs::create_dir(tree).unwrap();
            fs::write(tree.join("one"), "1").unwrap();
        }
        assert!(same(&a, &b).is_ok());
        fs::write(b.join("one"), "2").unwrap();
        assert!(same(&a, &b).is_err());
        fs::write(b.join("one"), "1").unwrap();
        fs::write(b.join("two"), "2").unwrap();
        assert!(same(&a, &b).is_err());
        assert!(same(&b, &a).is_err());
    }
}
