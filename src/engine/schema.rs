//! JSON Schemas (draft 2020-12) of every document that people or programs read: generated from the types that write them.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::adopt::Adoption;
use super::answers::{Owner, Supply};
use super::catalog::{AxesFile, Catalog, Component, OptionKind};
use super::change::ChangeSet;
use super::detect::Places;
use super::environments::Environment;
use super::plan::Plan;
use super::status::Status;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// `boatyard.json`: its axes and options are the catalog's.
pub fn answers(catalog: &Catalog) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut properties = Map::new();
    let mut required = vec![Value::from("name")];
    properties.insert("$schema".into(), json!({ "type": "string" }));
    properties.insert(
        "name".into(),
        json!({ "type": "string", "minLength": 1, "maxLength": 200, "description": "The project's name, as people write it" }),
    );
    for axis in &catalog.axes {
        properties.insert(
            axis.id.clone(),
            json!({ "enum": axis.components, "default": axis.default, "description": axis.about }),
        );
        if axis.when.is_empty() {
            required.push(axis.id.clone().into());
        }
    }
    for (_, option) in catalog.options() {
        let mut schema = match option.kind {
            OptionKind::Choice => json!({ "enum": option.values }),
            OptionKind::Domain => {
                json!({ "type": "string", "format": "hostname", "pattern": r"^[a-z0-9-]+(\.[a-z0-9-]+)+$" })
            }
            OptionKind::Text => {
                json!({ "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^\\u0000-\\u001f\\u007f]*$" })
            }
        };
        schema["description"] = option.about.clone().into();
        properties.insert(option.id.clone(), schema);
    }
    properties.insert("owner".into(), part::<Owner>(&mut generator));
    properties.insert("environments".into(), part::<Vec<Environment>>(&mut generator));
    properties.insert("supply".into(), part::<Supply>(&mut generator));
    properties.insert(
        "requires".into(),
        json!({ "type": "string", "description": "A range of Boatyard versions that may update this repository, such as `>=0.1, <0.3`" }),
    );
    json!({
        "$schema": DIALECT,
        "title": "The answers that this repository was generated from",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "$defs": generator.take_definitions(true),
    })
}

/// The document of `boatyard plan --json`.
pub fn plan() -> Value {
    whole::<Plan>(SchemaSettings::draft2020_12().for_serialize())
}

/// The document that `--json` prints after a command that writes.
pub fn result() -> Value {
    whole::<ChangeSet>(SchemaSettings::draft2020_12().for_serialize())
}

/// The document of `boatyard status --json`.
pub fn status() -> Value {
    whole::<Status>(SchemaSettings::draft2020_12().for_serialize())
}

/// The document of `boatyard adopt --json`.
pub fn adoption() -> Value {
    whole::<Adoption>(SchemaSettings::draft2020_12().for_serialize())
}

/// `stacks/places.json`.
pub fn places() -> Value {
    whole::<Places>(SchemaSettings::draft2020_12())
}

/// `stacks/axes.json`.
pub fn axes() -> Value {
    whole::<AxesFile>(SchemaSettings::draft2020_12())
}

/// `stacks/base.json` and `stacks/<axis>/<id>.json`.
pub fn component() -> Value {
    whole::<Component>(SchemaSettings::draft2020_12())
}

fn part<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

fn whole<T: JsonSchema>(settings: SchemaSettings) -> Value {
    settings.into_generator().into_root_schema_for::<T>().to_value()
}
