//! Wrong values: the schema of a chart must refuse each of them, and say which key is wrong.
//!
//! The wrong values are derived from the schema, so that a new key is attacked by itself.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::charts::{self, Chart, charts, write};
use super::pairs::{merge, resolve};
use crate::verify::check::{Batch, Finding, Ran};

const SCHEMA: &str = "values.schema.json";
const UNKNOWN: &str = "unheardOf";

/// A wrong value.
#[derive(Debug)]
struct Attack {
    /// The values
    values: Value,
    /// Where the refusal must say that it is
    at: String,
    /// The key that it must name there
    key: String,
    /// What is wrong, for a message
    about: String,
    /// The part of the schema that must refuse it: two charts that share it share the answer
    part: String,
}

impl Attack {
    /// Whether one of helm's lines refuses it.
    fn is_named(&self, refusal: &str) -> bool {
        let at = format!("at '{}': ", self.at);
        let says = |line: &str| line.contains(&at) && line.contains(&self.key);
        refusal.lines().any(says)
    }

    /// Whether two cannot be tried together: helm would not see the one below the other.
    fn hides(&self, other: &Self) -> bool {
        fn apart(one: &Value, other: &Value) -> bool {
            let (Value::Object(one), Value::Object(other)) = (one, other) else {
                return false;
            };
            one.iter()
                .all(|(key, value)| other.get(key).is_none_or(|other| apart(value, other)))
        }
        !apart(&self.values, &other.values)
    }
}

/// Attacks every distinct part of every chart's schema.
pub fn attack(batch: &Batch) -> Result<Ran> {
    let (mut schemas, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut findings = Vec::new();
    for chart in charts(batch)? {
        let path = format!("{}/{SCHEMA}", chart.path);
        let mut find = |rule: &str, message: String| {
            findings.push(Finding {
                rule: rule.to_owned(),
                path: path.clone(),
                line: 0,
                message,
            });
        };
        let Some(text) = chart.files.get(SCHEMA) else {
            find("absent", "the chart takes any values".to_owned());
            continue;
        };
        if !schemas.insert(chart.digest(|name| [SCHEMA, "values.yaml"].contains(&name))) {
            continue;
        }
        let schema: Value = serde_json::from_slice(text).with_context(|| path.clone())?;
        let (mut attacks, vague) = attacks(&schema);
        for key in vague {
            find("vague", format!("`{key}` may be anything"));
        }
        let charge = Charge::new(batch, &chart)?;
        if let Some(refusal) = charge.refusal(&json!({}))? {
            find("defaults", format!("values.yaml is refused: {refusal}"));
        }
        attacks.retain(|attack| seen.insert((attack.about.clone(), attack.part.clone())));
        for round in rounds(attacks) {
            let mut values = json!({});
            round
                .iter()
                .for_each(|attack| merge(&mut values, attack.values.clone()));
            let refusal = charge.refusal(&values)?.unwrap_or_default();
            for attack in round.iter().filter(|attack| !attack.is_named(&refusal)) {
                match charge.refusal(&attack.values)? {
                    None => find("accepted", attack.about.clone()),
                    Some(alone) => find(
                        "unnamed",
                        format!("{} is refused without its name: {alone}", attack.about),
                    ),
                }
            }
        }
    }
    Ok(Ran::Found(findings))
}

/// Attacks that helm can judge in one call: it tells everything that is wrong.
fn rounds(attacks: Vec<Attack>) -> Vec<Vec<Attack>> {
    let mut rounds: Vec<Vec<Attack>> = Vec::new();
    for attack in attacks {
        let fits = |round: &&mut Vec<Attack>| !round.iter().any(|other| other.hides(&attack));
        match rounds.iter_mut().find(fits) {
            Some(round) => round.push(attack),
            None => rounds.push(vec![attack]),
        }
    }
    rounds
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
            write(
                folder.path(),
                name,
                chart.files.get(name).map_or(&[][..], Vec::as_slice),
            )?;
        }
        write(
            folder.path(),
            "Chart.yaml",
            b"apiVersion: v2\nname: orders\nversion: 1.0.0\n",
        )?;
        Ok(Self { batch, folder })
    }

    /// What helm says against some values; nothing if it takes them.
    fn refusal(&self, values: &Value) -> Result<Option<String>> {
        write(self.folder.path(), "wrong.json", values.to_string().as_bytes())?;
        let arguments = ["template", "orders", ".", "--values", "wrong.json"];
        let output = charts::helm(self.batch.toolbox, self.folder.path(), &arguments)?;
        Ok((output.code != 0).then_some(output.stderr))
    }
}

/// The wrong values of a schema, and the keys that it says nothing of.
fn attacks(schema: &Value) -> (Vec<Attack>, Vec<String>) {
    let mut found = Found {
        root: schema,
        attacks: Vec::new(),
        vague: Vec::new(),
    };
    found.object(schema, &Place::Top);
    (found.attacks, found.vague)
}

/// Where an object stands in the values.
enum Place<'a> {
    Top,
    Key(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>),
}

impl Place<'_> {
    /// Values with this one at the place.
    fn put(&self, value: Value) -> Value {
        match self {
            Self::Top => value,
            Self::Key(parent, key) => parent.put(json!({ *key: value })),
            Self::Item(parent) => parent.put(json!([value])),
        }
    }

    fn path(&self) -> String {
        match self {
            Self::Top => String::new(),
            Self::Key(Place::Top, key) => (*key).to_owned(),
            Self::Key(parent, key) => format!("{}.{key}", parent.path()),
            Self::Item(parent) => format!("{}[]", parent.path()),
        }
    }

    /// The path as helm writes it.
    fn pointer(&self) -> String {
        match self {
            Self::Top => String::new(),
            Self::Key(parent, key) => format!("{}/{key}", parent.pointer()),
            Self::Item(parent) => format!("{}/0", parent.pointer()),
        }
    }
}

struct Found<'a> {
    root: &'a Value,
    attacks: Vec<Attack>,
    vague: Vec<String>,
}

impl Found<'_> {
    fn object(&mut self, schema: &Value, place: &Place) {
        match &schema["additionalProperties"] {
            // A map: any key, but not any value.
            rest @ Value::Object(_) => {
                for (wrong, what) in wrongs(resolve(self.root, rest)) {
                    self.add(schema, place, "ANY_KEY", wrong, &what);
                }
            }
            Value::Bool(true) => {}
            _ => self.add(schema, place, UNKNOWN, json!(1), "a key that the chart does not know"),
        }
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let property = resolve(self.root, property);
            let required = schema["required"].as_array();
            if required.is_some_and(|keys| keys.contains(&json!(key))) {
                self.add(schema, place, key, Value::Null, "missing");
            }
            let wrongs = wrongs(property);
            if wrongs.is_empty() {
                self.vague.push(Place::Key(place, key).path());
            }
            for (wrong, what) in wrongs {
                self.add(schema, place, key, wrong, &what);
            }
        }
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let (property, parent) = (resolve(self.root, property), place);
            let place = Place::Key(parent, key);
            let items = resolve(self.root, &property["items"]);
            if property["type"] == "object" {
                self.object(property, &place);
            } else if items["type"] == "object" {
                self.object(items, &Place::Item(&place));
            } else if items.is_object() {
                for (wrong, what) in wrongs(items) {
                    self.add(schema, parent, key, json!([wrong]), &format!("with an item {what}"));
                }
            }
        }
    }

    fn add(&mut self, schema: &Value, place: &Place, key: &str, wrong: Value, what: &str) {
        let whole = Place::Key(place, key);
        let at = match &wrong {
            // What is not there is missed by what it should be in, and so is who should not be there.
            Value::Null => place.pointer(),
            _ if key == UNKNOWN => place.pointer(),
            Value::Array(items) if !items.is_empty() => format!("{}/0", whole.pointer()),
            _ => whole.pointer(),
        };
        self.attacks.push(Attack {
            about: format!("`{}`: {what}", whole.path()),
            // helm takes a key with null out of its values, but not out of an item of them.
            values: match (place, wrong) {
                (Place::Item(_), Value::Null) => place.put(json!({})),
                (_, wrong) => whole.put(wrong),
            },
            at,
            key: key.to_owned(),
            part: schema.to_string(),
        });
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
    let samples = [
        ("boolean", json!(true)),
        ("string", json!("text")),
        ("integer", json!(7)),
        ("array", json!([])),
    ];
    let other = |kind: &&str| !(kinds.contains(kind) || *kind == "integer" && kinds.contains(&"number"));
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
    if number("minItems").is_some_and(|least| least > 0) {
        wrongs.push((json!([]), "without an item".to_owned()));
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
                "proxies": {"type": "array", "items": {"type": "string"}},
                "peers": {"type": "array", "items": {"type": "object", "properties": {"app": {"type": "string"}}}},
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
                "`proxies`: of type boolean",
                "`peers`: of type boolean",
                "`config.ANY_KEY`: of type boolean",
                "`route.unheardOf`: a key that the chart does not know",
                "`route.type`: no value of the list",
                "`route.port`: of type boolean",
                "`route.port`: below 1",
                "`route.port`: above 65535",
                "`proxies`: with an item of type boolean",
                "`peers[].unheardOf`: a key that the chart does not know",
                "`peers[].app`: of type boolean",
            ]
        );
        assert_eq!(attacks[13].values, json!({"route": {"port": 65536}}));
        assert_eq!(attacks[16].values, json!({"peers": [{"app": true}]}));
        let at: Vec<&str> = [0, 1, 14, 15, 16].map(|number| attacks[number].at.as_str()).to_vec();
        assert_eq!(at, ["", "", "/proxies/0", "/peers/0", "/peers/0/app"]);
        assert!(attacks[16].is_named("- at '/peers/0/app': got boolean, want string"));
        assert!(!attacks[16].is_named("- at '/peers': validation failed"));
        let rounds = rounds(attacks);
        let sizes: Vec<usize> = rounds.iter().map(Vec::len).collect();
        assert_eq!(sizes, [6, 7, 3, 1]);
    }
}
