//! Which template folders apply, and which file each of them gives.

use std::collections::{BTreeMap, BTreeSet};

use super::super::catalog::{Catalog, Component};
use super::super::environments::Environment;
use super::super::error::Problem;
use super::super::names::Names;
use super::super::plan::Output;
use super::super::tree::{Policy, RelPath};

/// Stands in a path for an environment's id.
const ENVIRONMENT: &str = "__environment__";

/// Outputs sorted by path, part templates by slot, and the layers that give something.
type Layout = (Vec<Output>, BTreeMap<String, Vec<String>>, Vec<String>);

/// Everything that a `with` may match: `axis.id`, `provides.capability`, `option.value`, in selection order.
pub(super) fn selectors(
    choices: &BTreeMap<String, String>,
    selected: &[(String, &Component)],
    options: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut all: Vec<String> = selected
        .iter()
        .filter_map(|(key, _)| key.split_once('/'))
        .map(|(a, id)| format!("{a}.{id}"))
        .collect();
    debug_assert_eq!(all.len(), choices.len());
    let provided: BTreeSet<&String> = selected.iter().flat_map(|(_, component)| &component.provides).collect();
    all.extend(provided.into_iter().map(|capability| format!("provides.{capability}")));
    all.extend(options.iter().map(|(id, value)| format!("{id}.{value}")));
    all
}

/// Lays the selected layers over each other. A template whose path names `__environment__` gives a file for each
/// environment, apart from those that have one of their own.
///
/// # Errors
/// Two layers that give one path.
pub(super) fn outputs(
    catalog: &Catalog,
    selected: &[(String, &Component)],
    selectors: &[String],
    project: &Names,
    environments: &[Environment],
) -> Result<Layout, Vec<Problem>> {
    let mut outputs: BTreeMap<RelPath, Output> = BTreeMap::new();
    let mut slots: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut used = Vec::new();
    let mut problems = Vec::new();
    for (component, selector) in folders(selected, selectors) {
        let layer = match &selector {
            Some(selector) => format!("{component}/with/{selector}"),
            None => component.clone(),
        };
        for (template, place) in below(catalog, &layer) {
            if used.last() != Some(&layer) {
                used.push(layer.clone());
            }
            if let Some(slot) = place.strip_prefix("parts/") {
                slots.entry(slot.to_owned()).or_default().push(template.to_owned());
                continue;
            }
            let (policy, path) = match (place.strip_prefix("files/"), place.strip_prefix("seed/")) {
                (Some(path), _) => (Policy::Managed, path),
                (_, Some(path)) => (Policy::Seed, path),
                _ => continue,
            };
            let id = format!("{component}:{path}");
            for environment in of_environments(path, environments) {
                let of = |text: &str| text.replace(ENVIRONMENT, environment.unwrap_or_default());
                let path = match RelPath::parse(&named(&of(path), project)) {
                    Ok(path) => path,
                    Err(problem) => {
                        problems.push(Problem::new(format!("`templates/{template}`: its output {problem}")));
                        continue;
                    }
                };
                let output = Output {
                    id: of(&id),
                    policy,
                    layer: layer.clone(),
                    template: template.to_owned(),
                    because: because(&component, selector.as_deref()),
                    path: path.clone(),
                    environment: environment.map(str::to_owned),
                };
                match outputs.get(&path) {
                    Some(other) if output.environment.is_none() == other.environment.is_none() => {
                        problems.push(Problem::new(format!(
                            "`{path}` comes from both `{}` and `templates/{template}`",
                            other.template
                        )));
                    }
                    Some(other) if other.environment.is_none() => {}
                    _ => {
                        outputs.insert(path, output);
                    }
                }
            }
        }
    }
    if problems.is_empty() {
        Ok((outputs.into_values().collect(), slots, used))
    } else {
        Err(problems)
    }
}

/// Layer folders in order: each component's own, then its `with/` folders in selection order.
fn folders(selected: &[(String, &Component)], selectors: &[String]) -> Vec<(String, Option<String>)> {
    selected
        .iter()
        .flat_map(|(key, _)| {
            std::iter::once((key.clone(), None)).chain(selectors.iter().map(move |s| (key.clone(), Some(s.clone()))))
        })
        .collect()
}

/// Templates of one layer with their place in it, without `.j2`; those of its `with/` folders are layers of their own.
fn below<'a>(catalog: &'a Catalog, layer: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let prefix = format!("{layer}/");
    let skip = prefix.len();
    catalog
        .templates
        .range(prefix.clone()..)
        .take_while(move |(path, _)| path.starts_with(&prefix))
        .filter_map(move |(path, _)| Some((path.as_str(), path[skip..].strip_suffix(".j2")?)))
        .filter(|(_, place)| !place.starts_with("with/"))
}

/// The environments that a path gives a file for; none for a file that belongs to all of them.
fn of_environments<'a>(path: &str, environments: &'a [Environment]) -> Vec<Option<&'a str>> {
    if path.contains(ENVIRONMENT) {
        environments
            .iter()
            .map(|environment| Some(environment.id.as_str()))
            .collect()
    } else {
        vec![None]
    }
}

/// The path with the project's names in it: `__package__` in `snake_case`, `__slug__` in `kebab-case`.
fn named(path: &str, project: &Names) -> String {
    path.replace("__package__", &project.snake)
        .replace("__slug__", &project.slug)
}

fn because(component: &str, selector: Option<&str>) -> BTreeMap<String, String> {
    let own = component.split_once('/');
    let other = selector.and_then(|selector| selector.split_once('.'));
    own.into_iter()
        .chain(other)
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
