//! Wrong values: the schema of a chart must refuse each of them, and say which key is wrong.
//!
//! The wrong values are derived from the schema, so that a new key is attacked by itself.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::charts::{self, Chart, charts, nested, write};
use super::pairs::resolve;
use crate::process::tail;
use crate::verify::check::{Batch, Finding, Ran};

const SCHEMA: &str = "values.schema.json";
const UNKNOWN: &str = "unheardOf";

/// A wrong value.
#[derive(Debug)]
struct Attack {
    /// The values
    values: Value,
    /// The key that the refusal must name
    key: String,
    /// What is wrong, for a message
    about: String,
    /// The part of the schema that must refuse it: two charts that share it share the answer
    part: String,
}

/// Attacks every distinct part of every chart's schema.
pub fn attack(batch: &Batch) -> Result<Ran> {
    let (mut schemas, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut findings = Vec::new();
    for chart in charts(batch)? {
        let path = format!("{}/{SCHEMA}", chart.path);
        let finding = |rule: &str, message: String| Finding {
            rule: rule.to_owned(),
            path: path.clone(),
            line: 0,
            message,
        };
        let Some(text) = chart.files.get(SCHEMA) else {
            findings.push(finding("absent", "the chart takes any values".to_owned()));
            continue;
        };
        if !schemas.insert(chart.digest(|name| [SCHEMA, "values.yaml"].contains(&name))) {
            continue;
        }
        let schema: Value = serde_json::from_slice(text).with_context(|| path.clone())?;
        let (attacks, vague) = attacks(&schema);
        findings.extend(vague.into_iter().map(|key| finding("vague", format!("`{key}` may be anything"))));
        let mut charge = Charge::new(batch, &chart)?;
        if let Some(refusal) = charge.refusal(&json!({}))? {
            findings.push(finding("defaults", format!("values.yaml is refused: {refusal}")));
        }
        for attack in attacks {
            if !seen.insert((attack.about.clone(), attack.part)) {
                continue;
            }
            match charge.refusal(&attack.values)? {
                None => findings.push(finding("accepted", attack.about)),
                Some(refusal) if !refusal.contains(&attack.key) => {
                    findings.push(finding("unnamed", format!("{} is refused without its name: {refusal}", attack.about)));
                }
                Some(_) => {}
            }
        }
    }
    Ok(Ran::Found(findings))
}

/// A chart without templates: all that helm does with it is to judge its values.
struct Charge<'a> {
    batch: &'a Batch<'a>,
    folder: tempfile::TempDir,
}

impl<'a> Charge<'a> {
    fn new(batch: &'a Batch<'a>, chart: &Chart) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        for name in ["values.yaml", SCHEMA] {
            write(folder.path(), name, chart.files.get(name).map_or(&[][..], Vec::as_slice))?;
        }
        write(folder.path(), "Chart.yaml", b"apiVersion: v2\nname: orders\nversion: 1.0.0\n")?;
        Ok(Self { batch, folder })
    }

    /// What helm says against some values; nothing if it takes them.
    fn refusal(&mut self, values: &Value) -> Result<Option<String>> {
        write(self.folder.path(), "wrong.json", values.to_string().as_bytes())?;
        let arguments = ["template", "orders", ".", "--values", "wrong.json"];
        let output = charts::helm(self.batch.toolbox, self.folder.path(), &arguments)?;
        Ok((output.code != 0).then(|| tail(&output.stderr, 400).to_owned()))
    }
}

/// The wrong values of a schema, and the keys that it says nothing of.
fn attacks(schema: &Value) -> (Vec<Attack>, Vec<String>) {
    let (mut attacks, mut vague) = (Vec::new(), Vec::new());
    object(schema, schema, "", &mut attacks, &mut vague);
    (attacks, vague)
}

fn object(root: &Value, schema: &Value, path: &str, attacks: &mut Vec<Attack>, vague: &mut Vec<String>) {
    let part = schema.to_string();
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let mut add = |key: &str, wrong: Value, what: &str| {
        attacks.push(Attack {
            about: format!("`{}`: {what}", below(key)),
            values: nested(&below(key), wrong),
            key: key.to_owned(),
            part: part.clone(),
        });
    };
    let properties = schema["properties"].as_object();
    match (&schema["additionalProperties"], properties) {
        // A map: any key, but not any value.
        (rest @ Value::Object(_), _) => {
            for (wrong, what) in wrongs(resolve(root, rest)) {
                add("ANY_KEY", wrong, &what);
            }
        }
        (Value::Bool(true), _) => {}
        _ => add(UNKNOWN, json!(1), "a key that the chart does not know"),
    }
    for (key, property) in properties.into_iter().flatten() {
        let property = resolve(root, property);
        let required = schema["required"].as_array().is_some_and(|keys| keys.contains(&json!(key)));
        if required {
            add(key, Value::Null, "missing");
        }
        let wrongs = wrongs(property);
        if wrongs.is_empty() {
            vague.push(below(key));
        }
        for (wrong, what) in wrongs {
            add(key, wrong, &what);
        }
    }
    for (key, property) in properties.into_iter().flatten() {
        let property = resolve(root, property);
        if property["type"] == "object" {
            object(root, property, &below(key), attacks, vague);
        }
    }
}

/// Values that a property must not take, each with what is wrong about it.
fn wrongs(property: &Value) -> Vec<(Value, String)> {
    let mut wrongs = Vec::new();
    let kinds: Vec<&str> = match &property["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let samples = [("boolean", json!(true)), ("string", json!("text")), ("integer", json!(7)), ("array", json!([]))];
    let other = |kind: &&str| !kinds.contains(kind) && !(*kind == "integer" && kinds.contains(&"number"));
    if !kinds.is_empty()
        && let Some((kind, wrong)) = samples.iter().find(|(kind, _)| other(kind))
    {
        wrongs.push((wrong.clone(), format!("of type {kind}")));
    }
    if property["enum"].is_array() {
        wrongs.push((json!(UNKNOWN), "no value of the list".to_owned()));
    }
    let number = |key: &str| property[key].as_i64();
    if let Some(least) = number("minimum") {
        wrongs.push((json!(least - 1), format!("below {least}")));
    }
    if let Some(most) = number("maximum") {
        wrongs.push((json!(most + 1), format!("above {most}")));
    }
    if let Some(least) = number("minLength").filter(|least| *least > 0) {
        wrongs.push((json!(""), format!("shorter than {least}")));
    }
    if property["pattern"].is_string() {
        wrongs.push((json!("?! \u{7}"), "of another form".to_owned()));
    }
    if property["items"].is_object() {
        wrongs.extend(self::wrongs(&property["items"]).into_iter().map(|(wrong, what)| (json!([wrong]), format!("with an item {what}"))));
    }
    wrongs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_schema_is_attacked_at_its_level() {
        let schema = json!({
            "$defs": {"port": {"type": "integer", "minimum": 1, "maximum": 65535}},
            "type": "object", "additionalProperties": false, "required": ["name"],
            "properties": {
                "name": {"type": "string", "pattern": "^a"},
                "odd": {"description": "no type"},
                "config": {"type": "object", "additionalProperties": {"type": "string"}},
                "route": {"type": "object", "additionalProperties": false, "properties": {
                    "type": {"enum": ["none"]}, "port": {"$ref": "#/$defs/port"},
                }},
            },
        });
        let (attacks, vague) = attacks(&schema);
        assert_eq!(vague, ["odd"]);
        let about: Vec<&str> = attacks.iter().map(|attack| attack.about.as_str()).collect();
        assert_eq!(
            about,
            [
                "`unheardOf`: a key that the chart does not know",
                "`name`: missing",
                "`name`: of type boolean",
                "`name`: of another form",
                "`config`: of type boolean",
                "`route`: of type boolean",
                "`config.ANY_KEY`: of type boolean",
                "`route.unheardOf`: a key that the chart does not know",
                "`route.type`: no value of the list",
                "`route.port`: of type boolean",
                "`route.port`: below 1",
                "`route.port`: above 65535",
            ]
        );
        assert_eq!(attacks[11].values, json!({"route": {"port": 65536}}));
    }
}
