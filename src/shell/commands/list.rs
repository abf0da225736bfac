//! `boatyard list`: the catalog, for people and for programs.

use clap::ArgMatches;
use serde_json::{Value, json};

use crate::engine::catalog::{Catalog, Component};
use crate::engine::facts::Version;
use crate::engine::resolve::VERSION;

use super::Context;
use crate::shell::failure::Failure;

pub(super) fn run(matches: &ArgMatches, context: &Context) -> Result<(), Failure> {
    let catalog = &context.catalog;
    if matches.get_flag("json") {
        super::print(&format!("{:#}", document(catalog)));
        return Ok(());
    }
    let mut lines = Vec::new();
    for axis in &catalog.axes {
        lines.push(format!("{}: {}", axis.id, axis.about));
        for id in &axis.components {
            if let Some(component) = catalog.component(&axis.id, id) {
                let default = if *id == axis.default { " (default)" } else { "" };
                lines.push(format!("  {id:<12} {}: {}{default}", component.title, component.about));
            }
        }
    }
    lines.push("options".into());
    for (key, option) in catalog.options() {
        let values = if option.values.is_empty() {
            String::new()
        } else {
            format!(" [{}]", option.values.join(", "))
        };
        lines.push(format!("  {:<12} {} ({key}){values}", option.id, option.about));
    }
    lines.push("versions".into());
    for (key, version) in versions(catalog) {
        let eol = version
            .eol
            .as_ref()
            .map(|eol| format!(", supported to {eol}"))
            .unwrap_or_default();
        lines.push(format!(
            "  {:<44} {key}, looked up {}{eol}",
            shown(version),
            version.checked
        ));
    }
    super::print(&lines.join("\n"));
    Ok(())
}

/// A version on one line; an action without its commit.
fn shown(version: &Version) -> String {
    match &version.tag {
        Some(tag) => format!("{}:{tag}", version.name),
        None => format!("{} {}", version.name, version.version),
    }
}

/// Every version of the catalog once, with the component that first brings it.
fn versions(catalog: &Catalog) -> Vec<(&str, &Version)> {
    let components = catalog
        .components
        .iter()
        .map(|(key, component)| (key.as_str(), component));
    let mut all: Vec<(&str, &Version)> = Vec::new();
    for (key, component) in std::iter::once(("base", &catalog.base)).chain(components) {
        let facts = std::iter::once(&component.facts).chain(component.with.values());
        for version in facts.flat_map(|facts| &facts.versions) {
            if !all.iter().any(|(_, known)| *known == version) {
                all.push((key, version));
            }
        }
    }
    all
}

fn document(catalog: &Catalog) -> Value {
    let component =
        |id: &String, component: &Component| json!({ "id": id, "title": component.title, "about": component.about });
    let axes: Vec<Value> = catalog
        .axes
        .iter()
        .map(|axis| {
            let offered = axis.components.iter().filter_map(|id| Some(component(id, catalog.component(&axis.id, id)?)));
            json!({ "id": axis.id, "question": axis.question, "about": axis.about, "default": axis.default, "components": offered.collect::<Vec<_>>() })
        })
        .collect();
    let options: Vec<Value> = catalog
        .options()
        .map(|(key, o)| json!({ "id": o.id, "component": key, "about": o.about, "values": o.values, "default": o.default }))
        .collect();
    let versions: Vec<Value> = versions(catalog)
        .into_iter()
        .map(|(key, version)| {
            let mut value = serde_json::to_value(version).unwrap_or_default();
            value["component"] = key.into();
            value["ref"] = version.reference().into();
            value
        })
        .collect();
    json!({
        "schema": "boatyard.list/1",
        "boatyard": VERSION,
        "axes": axes,
        "options": options,
        "versions": versions,
        "combinations": catalog.combinations(),
    })
}
