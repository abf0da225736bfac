//! The catalog against itself: every id that points somewhere points at something.

use std::collections::BTreeSet;

use super::{Catalog, Component, OptionKind};
use crate::engine::detect::{self, Known, Sign};
use crate::engine::error::Problem;
use crate::engine::facts::{Facts, VersionKind};
use crate::engine::tree::RelPath;

/// Every problem of the catalog, in the order of its files.
pub(super) fn problems(catalog: &Catalog) -> Vec<Problem> {
    let mut found = Vec::new();
    axes(catalog, &mut found);
    let selectors = selectors(catalog);
    component("base", &catalog.base, &selectors, &mut found);
    for (key, value) in &catalog.components {
        component(key, value, &selectors, &mut found);
    }
    let mut ids = BTreeSet::new();
    for (key, option) in catalog.options() {
        if !ids.insert(&option.id) || catalog.axis(&option.id).is_some() {
            found.push(Problem::new(format!(
                "`stacks/{key}.json`: the option `{}` is declared twice",
                option.id
            )));
        }
    }
    signs(catalog, &mut found);
    let places = catalog.places.places.iter().map(|place| &place.beside);
    for beside in places.filter(|beside| !beside.is_empty() && !selectors.contains(*beside)) {
        found.push(Problem::new(format!(
            "`stacks/places.json`: `beside` names `{beside}`, which nothing is"
        )));
    }
    for path in catalog.templates.keys() {
        template_path(path, catalog, &selectors, &mut found);
    }
    found
}

fn axes(catalog: &Catalog, found: &mut Vec<Problem>) {
    let mut listed = BTreeSet::new();
    for axis in &catalog.axes {
        for id in &axis.components {
            listed.insert(format!("{}/{id}", axis.id));
            if catalog.component(&axis.id, id).is_none() {
                found.push(Problem::new(format!(
                    "`stacks/axes.json` offers `{}.{id}`, which has no file",
                    axis.id
                )));
            }
        }
        if !axis.components.contains(&axis.default) {
            found.push(Problem::new(format!(
                "`stacks/axes.json`: the default `{}` of `{}` is not offered",
                axis.default, axis.id
            )));
        }
    }
    for key in catalog.components.keys().filter(|key| !listed.contains(*key)) {
        found.push(Problem::new(format!("`stacks/{key}.json` is offered by no axis")));
    }
}

/// Signs that nothing could ever be a sign of.
fn signs(catalog: &Catalog, found: &mut Vec<Problem>) {
    let known = |sign: &&Sign| {
        let places = &catalog.places.places;
        !detect::is_built_in(&sign.kind) && !places.iter().any(|place| place.kind == sign.kind)
    };
    let mut check = |file: &str, signs: &[Sign]| {
        for sign in signs.iter().filter(known) {
            found.push(Problem::new(format!(
                "`stacks/{file}.json`: a sign is of the kind `{}`, which no place gives",
                sign.kind
            )));
        }
    };
    let of = |known: &[Known]| known.iter().flat_map(|known| known.signs.clone()).collect::<Vec<_>>();
    for (key, component) in
        std::iter::once(("base", &catalog.base)).chain(catalog.components.iter().map(|(key, c)| (key.as_str(), c)))
    {
        check(key, &component.signs);
        for feature in &component.features {
            check(key, &of(&feature.values));
        }
        for option in &component.options {
            check(key, &option.signs.values().flatten().cloned().collect::<Vec<_>>());
            check(key, &of(&option.others));
        }
    }
    for axis in &catalog.axes {
        check("axes", &of(&axis.others));
    }
    for axis in &catalog.axes {
        if axis.absent.as_ref().is_some_and(|id| !axis.components.contains(id)) {
            found.push(Problem::new(format!(
                "`stacks/axes.json`: `absent` of `{}` is not offered",
                axis.id
            )));
        }
    }
}

/// What a `with` may name.
fn selectors(catalog: &Catalog) -> BTreeSet<String> {
    let components = catalog.components.keys().map(|key| key.replace('/', "."));
    let provided = catalog
        .components
        .values()
        .flat_map(|c| c.provides.iter().map(|capability| format!("provides.{capability}")));
    let values = catalog
        .options()
        .flat_map(|(_, option)| option.values.iter().map(move |value| format!("{}.{value}", option.id)));
    components.chain(provided).chain(values).collect()
}

fn component(key: &str, value: &Component, selectors: &BTreeSet<String>, found: &mut Vec<Problem>) {
    for (selector, facts) in &value.with {
        if !selectors.contains(selector) {
            found.push(Problem::new(format!(
                "`stacks/{key}.json`: `with` names `{selector}`, which nothing is"
            )));
        }
        versions(key, facts, found);
    }
    versions(key, &value.facts, found);
    for other in value.conflicts.iter().filter(|other| !selectors.contains(*other)) {
        found.push(Problem::new(format!(
            "`stacks/{key}.json`: `conflicts` names `{other}`, which nothing is"
        )));
    }
    for option in &value.options {
        let choice = option.kind == OptionKind::Choice;
        if choice != option.values.contains(&option.default) || choice == option.values.is_empty() {
            found.push(Problem::new(format!(
                "`stacks/{key}.json`: the option `{}` needs `values` that hold its default",
                option.id
            )));
        }
    }
}

fn versions(key: &str, facts: &Facts, found: &mut Vec<Problem>) {
    for version in &facts.versions {
        let mut missing = Vec::new();
        if version.source.trim().is_empty() {
            missing.push("source");
        }
        if !is_date(&version.checked) {
            missing.push("checked (YYYY-MM-DD)");
        }
        if version.eol.as_deref().is_some_and(|eol| !is_date(eol)) {
            missing.push("eol (YYYY-MM-DD)");
        }
        let commit = |sha: &String| sha.len() == 40 && sha.bytes().all(|b| b.is_ascii_hexdigit());
        if version.kind == VersionKind::Action && !version.sha.as_ref().is_some_and(commit) {
            missing.push("sha (40 hex digits)");
        }
        if version.kind == VersionKind::Runtime && version.eol.is_none() {
            missing.push("eol");
        }
        if version.kind == VersionKind::Package && version.scope.is_none() {
            missing.push("scope");
        }
        if !missing.is_empty() {
            found.push(Problem::new(format!(
                "`stacks/{key}.json`: the version `{}` lacks {}",
                version.id,
                missing.join(", ")
            )));
        }
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| {
            if at == 4 || at == 7 {
                byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        })
}

/// `<layer>/{files,seed}/<output>.j2`, `<layer>/parts/<slot>.j2`, where a layer may end in `with/<selector>`.
fn template_path(path: &str, catalog: &Catalog, selectors: &BTreeSet<String>, found: &mut Vec<Problem>) {
    let mut problem = |text: &str| found.push(Problem::new(format!("`templates/{path}`: {text}")));
    let Some(stem) = path.strip_suffix(".j2") else {
        return problem("does not end in `.j2`");
    };
    let mut rest: Vec<&str> = stem.split('/').collect();
    let layer = if rest[0] == "base" { 1 } else { 2 };
    if rest.len() <= layer + 1 {
        return problem("stands in no layer");
    }
    let key = rest[..layer].join("/");
    if key != "base" && !catalog.components.contains_key(&key) {
        return problem("belongs to no component");
    }
    rest.drain(..layer);
    if rest[0] == "with" {
        if !selectors.contains(rest[1]) {
            return problem("stands in a `with/` that names nothing");
        }
        rest.drain(..2);
    }
    match rest.split_first() {
        Some((&("files" | "seed"), output)) if !output.is_empty() => {
            if let Err(text) = RelPath::parse(&output.join("/")) {
                problem(text);
            }
        }
        Some((&"parts", slot)) if slot.len() == 1 => {}
        _ => problem("is neither in `files/`, `seed/` nor `parts/`"),
    }
}
