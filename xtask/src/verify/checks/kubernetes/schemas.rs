//! Schemas of Kubernetes and of what extends it, made once from pinned packages: no network at the check.
//!
//! Kubernetes' own come out of a package of PyPI, the others out of the definitions that the
//! projects' Go modules carry.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use walkdir::WalkDir;

use crate::process;
use crate::verify::cache;
use crate::verify::toolbox::{pins_folder, pip};

/// The versions of Kubernetes that a chart must be right for.
pub const VERSIONS: [&str; 3] = ["1.35.0", "1.36.0", "1.37.0"];

/// Counts the changes of the conversion: what the cache holds was made by it.
const EDITION: &[u8] = b"2";

#[derive(Deserialize)]
struct Source {
    module: String,
    version: String,
    sum: String,
    folder: String,
}

/// The folder of schemas: `v1.37.0/deployment-apps-v1.json`, `crd/argoproj.io_rollout_v1alpha1.json`.
pub fn folder() -> Result<PathBuf> {
    let pins = pins_folder().join("kubernetes");
    let sources = fs::read_to_string(pins.join("crds.json")).context("cannot read crds.json")?;
    let requirements = fs::read(pins.join("requirements.txt")).context("cannot read requirements.txt")?;
    cache::once("schemas", &[sources.as_bytes(), &requirements, EDITION], |folder| {
        core(&pip(&pins)?, folder)?;
        let sources: Vec<Source> = serde_json::from_str(&sources).context("crds.json")?;
        sources
            .iter()
            .try_for_each(|source| custom(source, &folder.join("crd")))
    })
}

/// Writes Kubernetes' own, each with the definitions that it needs.
fn core(environment: &Path, folder: &Path) -> Result<()> {
    for version in VERSIONS {
        let wanted = format!("v{version}-local-strict");
        let from = WalkDir::new(environment)
            .into_iter()
            .filter_map(Result::ok)
            .find(|entry| entry.file_name().to_string_lossy() == wanted)
            .with_context(|| format!("the package has no schemas of Kubernetes {version}"))?;
        let to = folder.join(format!("v{version}"));
        fs::create_dir_all(&to)?;
        let definitions: Value = serde_json::from_str(&fs::read_to_string(from.path().join("_definitions.json"))?)?;
        for entry in fs::read_dir(from.path())? {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
            let text = fs::read_to_string(&path)?;
            let schema: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
            if schema["properties"]["kind"].is_object() && schema["properties"]["apiVersion"].is_object() {
                fs::write(to.join(name), whole(schema, &definitions["$defs"]).to_string())?;
            }
        }
    }
    Ok(())
}

/// A schema that refers to nothing outside itself.
fn whole(mut schema: Value, definitions: &Value) -> Value {
    let mut own = Map::new();
    let mut open = references(&mut schema);
    while let Some(name) = open.pop() {
        if !own.contains_key(&name) {
            let mut definition = definitions[&name].clone();
            open.extend(references(&mut definition));
            own.insert(name, definition);
        }
    }
    if let Some(schema) = schema.as_object_mut() {
        // With an address of its own, a schema would look for its references there.
        schema.remove("$id");
        schema.insert("$defs".to_owned(), Value::Object(own));
    }
    schema
}

/// The definitions that a schema refers to; the references point into itself from now on.
fn references(schema: &mut Value) -> Vec<String> {
    match schema {
        Value::Array(items) => items.iter_mut().flat_map(references).collect(),
        Value::Object(entries) => {
            let mut found = Vec::new();
            for (key, value) in entries {
                let name = value
                    .as_str()
                    .and_then(|to| to.rsplit_once("#/$defs/"))
                    .map(|(_, name)| name.to_owned());
                match name.filter(|_| key == "$ref") {
                    Some(name) => {
                        *value = json!(format!("#/$defs/{name}"));
                        found.push(name);
                    }
                    None => found.extend(references(value)),
                }
            }
            found
        }
        _ => Vec::new(),
    }
}

/// Writes a schema for each version of each definition in a folder of a Go module.
fn custom(source: &Source, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let definitions = module(source)?.join(&source.folder);
    let files = fs::read_dir(&definitions).with_context(|| format!("cannot read {}", definitions.display()))?;
    for file in files {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for document in serde_yaml_ng::Deserializer::from_str(&text) {
            let document = Value::deserialize(document).with_context(|| path.display().to_string())?;
            for (name, schema) in versions(&document) {
                fs::write(folder.join(name), schema.to_string())?;
            }
        }
    }
    Ok(())
}

fn module(source: &Source) -> Result<PathBuf> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Module {
        dir: PathBuf,
        sum: String,
    }
    let name = format!("{}@{}", source.module, source.version);
    let mut go = Command::new("go");
    go.args(["mod", "download", "-json", &name]).env("GOTOOLCHAIN", "auto");
    let output = process::ok(go.current_dir(std::env::temp_dir()), Duration::from_secs(600))?;
    let module: Module = serde_json::from_str(&output.stdout).with_context(|| name.clone())?;
    if module.sum != source.sum {
        bail!("{name} is not what crds.json pins: {}", module.sum);
    }
    Ok(module.dir)
}

fn versions(document: &Value) -> Vec<(String, Value)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
    let spec = &document["spec"];
    let (group, kind) = (text(&spec["group"]), text(&spec["names"]["kind"]));
    let mut schemas = BTreeMap::new();
    for version in spec["versions"].as_array().into_iter().flatten() {
        let mut schema = version["schema"]["openAPIV3Schema"].clone();
        close(&mut schema);
        if let Some(properties) = schema["properties"].as_object_mut() {
            properties.insert("metadata".to_owned(), json!({ "type": "object" }));
            schemas.insert(format!("{group}_{kind}_{}.json", text(&version["name"])), schema);
        }
    }
    schemas.into_iter().collect()
}

/// Makes plain JSON Schema of a definition's, in which a key that it does not name is wrong.
fn close(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    let is = |schema: &Map<String, Value>, key: &str| schema.get(key) == Some(&Value::Bool(true));
    if is(schema, "x-kubernetes-int-or-string") {
        schema.remove("anyOf");
        schema.insert("type".to_owned(), json!(["string", "integer"]));
    }
    if is(schema, "nullable")
        && let Some(Value::String(kind)) = schema.get("type").cloned()
    {
        schema.insert("type".to_owned(), json!([kind, "null"]));
    }
    let open = is(schema, "x-kubernetes-preserve-unknown-fields") || is(schema, "x-kubernetes-embedded-resource");
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(close);
        if !open {
            schema.entry("additionalProperties").or_insert(Value::Bool(false));
        }
    }
    for key in ["items", "additionalProperties"] {
        schema.get_mut(key).into_iter().for_each(close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_takes_along_what_it_refers_to() {
        let definitions = json!({
            "a": {"properties": {"b": {"$ref": "/api/_definitions.json#/$defs/b"}}},
            "b": {"type": "string"},
            "c": {},
        });
        let schema = json!({"$id": "x", "properties": {"a": {"$ref": "/api/_definitions.json#/$defs/a"}}});
        let whole = whole(schema, &definitions);
        assert_eq!(whole["properties"]["a"]["$ref"], "#/$defs/a");
        assert_eq!(
            whole["$defs"],
            json!({"a": {"properties": {"b": {"$ref": "#/$defs/b"}}}, "b": {"type": "string"}})
        );
        assert_eq!(whole.get("$id"), None);
    }

    #[test]
    fn a_definition_becomes_a_closed_schema() {
        let document = json!({"spec": {
            "group": "example.com", "names": {"kind": "Boat"},
            "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "metadata": {"type": "object", "properties": {}},
                "spec": {"type": "object", "properties": {
                    "port": {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true},
                    "note": {"type": "string", "nullable": true},
                    "rest": {"type": "object", "properties": {}, "x-kubernetes-preserve-unknown-fields": true},
                }},
            }}}}],
        }});
        let schemas = versions(&document);
        let (name, schema) = &schemas[0];
        assert_eq!(name, "example.com_boat_v1.json");
        assert_eq!(schema["additionalProperties"], false);
        let spec = &schema["properties"]["spec"]["properties"];
        assert_eq!(spec["port"]["type"], json!(["string", "integer"]));
        assert_eq!(spec["note"]["type"], json!(["string", "null"]));
        assert_eq!(spec["rest"].get("additionalProperties"), None);
        assert_eq!(schema["properties"]["metadata"], json!({"type": "object"}));
    }
}
