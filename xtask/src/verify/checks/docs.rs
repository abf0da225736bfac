//! Pages people read: links lead somewhere, and commands they name exist.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use regex::Regex;

use crate::verify::check::{Batch, Finding, Ran};
use crate::verify::tree::Tree;

/// Pages, and where the commands they name are defined.
pub const COMMAND_READS: &[&str] = &["**/*.md", "Makefile", "package.json"];

#[derive(Default)]
struct Page {
    links: Vec<(u64, String)>,
    anchors: BTreeSet<String>,
    code: Vec<(u64, String)>,
}

/// Every relative link leads to a file or folder of the tree, and every anchor to a heading.
pub fn links(batch: &Batch) -> Result<Ran> {
    let Some(tree) = batch.tree else {
        return Ok(Ran::Found(Vec::new()));
    };
    let pages = pages(tree)?;
    let mut findings = Vec::new();
    for (path, page) in &pages {
        for (line, link) in &page.links {
            if let Some((rule, message)) = broken(tree, &pages, path, link) {
                findings.push(Finding {
                    rule: rule.to_owned(),
                    path: path.clone(),
                    line: *line,
                    message,
                });
            }
        }
    }
    Ok(Ran::Found(findings))
}

/// Every `make` target and `npm run` script that a page names exists.
pub fn commands(batch: &Batch) -> Result<Ran> {
    let Some(tree) = batch.tree else {
        return Ok(Ran::Found(Vec::new()));
    };
    let targets = targets(tree)?;
    let scripts = scripts(tree)?;
    let mut findings = Vec::new();
    for (path, page) in pages(tree)? {
        for (line, code) in &page.code {
            let mut missing = |rule: &str, name: &str| {
                let message = format!("`{name}` is named here and does not exist");
                findings.push(Finding {
                    rule: rule.to_owned(),
                    path: path.clone(),
                    line: *line,
                    message,
                });
            };
            for target in named(code, "make").filter(|target| !targets.contains(*target)) {
                missing("make-target", target);
            }
            for script in named(code, "npm run")
                .take(1)
                .filter(|script| !scripts.contains(*script))
            {
                missing("npm-script", script);
            }
        }
    }
    Ok(Ran::Found(findings))
}

/// The bare words after a command; options and assignments are not targets.
fn named<'a>(line: &'a str, command: &str) -> impl Iterator<Item = &'a str> {
    let line = line.trim().trim_start_matches("$ ");
    let rest = line
        .strip_prefix(command)
        .and_then(|rest| rest.strip_prefix(' '))
        .unwrap_or_default();
    let ends = |word: &&str| !matches!(*word, "#" | "&&" | "|" | ";" | "--");
    let is_name = |word: &&str| {
        word.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-:".contains(c))
    };
    rest.split_whitespace()
        .take_while(ends)
        .filter(is_name)
        .filter(|word| !word.starts_with('-'))
}

fn targets(tree: &Tree) -> Result<BTreeSet<String>> {
    let rule = Regex::new(r"(?m)^([a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*)*):(?:[^=]|$)")?;
    let text = if tree.files.contains_key("Makefile") {
        tree.text("Makefile")?
    } else {
        None
    };
    let text = text.unwrap_or_default();
    Ok(rule
        .captures_iter(&text)
        .flat_map(|found| found[1].split(' ').map(str::to_owned).collect::<Vec<_>>())
        .collect())
}

fn scripts(tree: &Tree) -> Result<BTreeSet<String>> {
    #[derive(serde::Deserialize)]
    struct Manifest {
        #[serde(default)]
        scripts: BTreeMap<String, String>,
    }
    let text = if tree.files.contains_key("package.json") {
        tree.text("package.json")?
    } else {
        None
    };
    let Some(text) = text else { return Ok(BTreeSet::new()) };
    let manifest: Manifest = serde_json::from_str(&text)?;
    Ok(manifest.scripts.into_keys().collect())
}

fn pages(tree: &Tree) -> Result<BTreeMap<String, Page>> {
    let mut pages = BTreeMap::new();
    for path in tree.files.keys().filter(|path| path.ends_with(".md")) {
        if let Some(text) = tree.text(path)? {
            pages.insert(path.clone(), page(&text));
        }
    }
    Ok(pages)
}

fn page(text: &str) -> Page {
    let mut page = Page::default();
    let (mut heading, mut block) = (None::<String>, false);
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_TASKLISTS;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        let line = 1 + text[..range.start].matches('\n').count() as u64;
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push((line, dest_url.into_string()));
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let slug = slug(&heading.take().unwrap_or_default());
                let count = seen.entry(slug.clone()).or_default();
                page.anchors
                    .insert(if *count == 0 { slug } else { format!("{slug}-{count}") });
                *count += 1;
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented)) => block = true,
            Event::End(TagEnd::CodeBlock) => block = false,
            Event::Text(words) if block => {
                page.code.extend(
                    words
                        .lines()
                        .enumerate()
                        .map(|(at, code)| (line + at as u64, code.to_owned())),
                );
            }
            Event::Text(words) => heading.iter_mut().for_each(|title| title.push_str(&words)),
            Event::Code(words) => {
                heading.iter_mut().for_each(|title| title.push_str(&words));
                page.code.push((line, words.into_string()));
            }
            Event::Html(html) | Event::InlineHtml(html) => page.anchors.extend(html_anchors(&html)),
            _ => {}
        }
    }
    page
}

/// A heading's anchor, as GitHub makes it.
fn slug(title: &str) -> String {
    let kept = title.trim().to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn html_anchors(html: &str) -> Vec<String> {
    let parts = ["id=\"", "name=\""].iter().flat_map(|mark| html.split(mark).skip(1));
    parts
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}

fn broken(tree: &Tree, pages: &BTreeMap<String, Page>, from: &str, link: &str) -> Option<(&'static str, String)> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (target, anchor) = link
        .split_once('#')
        .map_or((link, None), |(target, anchor)| (target, Some(anchor)));
    let Some(path) = resolve(from, target) else {
        return Some(("link", format!("`{link}` leads out of the repository")));
    };
    let folder = format!("{path}/");
    let exists =
        path.is_empty() || tree.files.contains_key(&path) || tree.files.keys().any(|file| file.starts_with(&folder));
    if !exists {
        return Some(("link", format!("`{link}` leads nowhere")));
    }
    let page = pages.get(&path)?;
    let anchor = anchor?;
    (!page.anchors.contains(anchor)).then(|| ("anchor", format!("`{link}` names no heading of {path}")))
}

fn resolve(from: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = Vec::new();
    if !target.starts_with('/') {
        parts.extend(from.split('/'));
        parts.pop();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_those_of_github() {
        for (title, anchor) in [
            ("First steps", "first-steps"),
            ("What `make up` does", "what-make-up-does"),
            ("Roll back: the quick way", "roll-back-the-quick-way"),
            ("CI & CD", "ci--cd"),
            ("snake_case stays", "snake_case-stays"),
        ] {
            assert_eq!(slug(title), anchor);
        }
    }

    #[test]
    fn only_bare_words_after_make_are_targets() {
        let words = |line| named(line, "make").collect::<Vec<_>>();
        assert_eq!(words("make setup test"), ["setup", "test"]);
        assert_eq!(words("$ make deploy TAG=v1 # now"), ["deploy"]);
        assert_eq!(words("make -j2 lint && echo done"), ["lint"]);
        assert!(words("makefile up").is_empty());
    }

    #[test]
    fn links_resolve_from_the_page_they_stand_in() {
        assert_eq!(
            resolve("docs/runbooks/deploy.md", "../../README.md").as_deref(),
            Some("README.md")
        );
        assert_eq!(resolve("docs/a.md", "b.md").as_deref(), Some("docs/b.md"));
        assert_eq!(resolve("docs/a.md", "/compose.yaml").as_deref(), Some("compose.yaml"));
        assert_eq!(resolve("README.md", "../other"), None);
    }

    #[test]
    fn a_page_gives_its_links_anchors_and_code() {
        let page = page("# One\n\n[a](b.md#c) `make x`\n\n# One\n\n```sh\nmake y\nmake z\n```\n");
        assert_eq!(page.links, [(3, "b.md#c".to_owned())]);
        assert_eq!(
            page.anchors.iter().map(String::as_str).collect::<Vec<_>>(),
            ["one", "one-1"]
        );
        let code: Vec<_> = page.code.iter().map(|(line, code)| (*line, code.as_str())).collect();
        assert_eq!(code, [(3, "make x"), (8, "make y"), (9, "make z")]);
    }
}
