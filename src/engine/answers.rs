//! What the user decided, complete and valid; kept in the repository's `boatyard.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::catalog::Catalog;
use super::environments::Environment;

/// The repository's own copy of the schema, so that editors need no website.
pub const SCHEMA_PATH: &str = ".boatyard/answers.schema.json";

/// The user's decisions. Every axis is present; options only where chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The project's name, as typed.
    pub name: String,
    /// Component by axis.
    pub choices: BTreeMap<String, String>,
    /// Option values that the user set.
    pub options: BTreeMap<String, String>,
    /// Who owns the service.
    pub owner: Owner,
    /// Where it runs, in the order of promotion; empty: the target's default.
    pub environments: Vec<Environment>,
    /// Where what it is built from comes from.
    pub supply: Supply,
    /// A semver range of Boatyard versions that may update the repository.
    pub requires: Option<String>,
}

/// Who owns the service: labels, tags, CODEOWNERS, alert routing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Owner {
    /// `@organisation/team` or an e-mail address, as CODEOWNERS takes it.
    pub team: Option<String>,
    /// How much depends on it, such as `1` or `critical`.
    pub tier: Option<String>,
    /// Who is called: a rota's name or address.
    pub on_call: Option<String>,
    /// What its cost is booked on.
    pub cost_center: Option<String>,
    /// The most sensitive data it holds, such as `internal` or `personal`.
    pub data_class: Option<String>,
}

/// Where images, packages and runners come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Supply {
    /// Put before the name of every base image, such as `mirror.example.com/dockerhub`.
    pub image_prefix: Option<String>,
    /// The registry that the service's image is published to; `ghcr.io` when absent.
    pub registry: Option<String>,
    /// The label of the CI runner; the catalog's pinned one when absent.
    pub runner: Option<String>,
}

impl Answers {
    /// The document of `boatyard.json`: `$schema`, name, every axis in catalog order, then what else was decided.
    pub fn to_document(&self, catalog: &Catalog) -> Value {
        let mut document = Map::new();
        document.insert("$schema".into(), SCHEMA_PATH.into());
        document.insert("name".into(), self.name.clone().into());
        for axis in &catalog.axes {
            if let Some(id) = self.choices.get(&axis.id) {
                document.insert(axis.id.clone(), id.clone().into());
            }
        }
        for (id, value) in &self.options {
            document.insert(id.clone(), value.clone().into());
        }
        let mut insert = |key: &str, value: Option<Value>| {
            if let Some(value) = value.and_then(without_empty) {
                document.insert(key.into(), value);
            }
        };
        insert("owner", serde_json::to_value(&self.owner).ok());
        insert("environments", serde_json::to_value(&self.environments).ok());
        insert("supply", serde_json::to_value(&self.supply).ok());
        insert("requires", self.requires.clone().map(Value::String));
        Value::Object(document)
    }

    /// `boatyard.json` as text: two spaces, a final newline.
    pub fn to_text(&self, catalog: &Catalog) -> String {
        format!("{:#}\n", self.to_document(catalog))
    }

    /// The flags that make the same repository: `--name`, one for each axis, then options and the rest by `--set`.
    pub fn to_flags(&self, catalog: &Catalog) -> Vec<String> {
        let mut flags = Vec::new();
        let Value::Object(document) = self.to_document(catalog) else {
            return flags;
        };
        for (key, value) in document.iter().filter(|(key, _)| *key != "$schema") {
            match value {
                Value::String(text) if key == "requires" => {
                    flags.push("--set".into());
                    flags.push(format!("requires={text}"));
                }
                // A value that starts with a dash would be taken for a flag.
                Value::String(text) if text.starts_with('-') => {
                    flags.push(format!("--{}={text}", key.replace('_', "-")));
                }
                Value::String(text) => {
                    flags.push(format!("--{}", key.replace('_', "-")));
                    flags.push(text.clone());
                }
                other => {
                    flags.push("--set".into());
                    flags.push(format!("{key}={other}"));
                }
            }
        }
        flags
    }
}

/// Drops nulls, empty lists and empty objects, so that only what was decided is written.
fn without_empty(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) => {
            let items: Vec<Value> = items.into_iter().filter_map(without_empty).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(map) => {
            let map: Map<String, Value> = map
                .into_iter()
                .filter_map(|(key, value)| Some((key, without_empty(value)?)))
                .collect();
            (!map.is_empty()).then_some(Value::Object(map))
        }
        other => Some(other),
    }
}
