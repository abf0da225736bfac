//! Settings to render a chart with: each file of values, and any two toggles together at least once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::charts::{Chart, at, nested};

/// What is set beside the toggles, where the chart knows it and leaves it empty.
const GIVEN: [(&str, &str); 7] = [
    ("image.repository", "registry.example.com/orders"),
    ("image.tag", "1.2.3"),
    ("route.host", "orders.example.com"),
    ("route.gateway.name", "public"),
    ("route.gateway.namespace", "gateways"),
    ("route.ingress.className", "public"),
    ("database.host", "database.example.com"),
];

/// Texts that switch something on, where the chart knows them. What begins with `elsewhere-` is made by
/// nobody here: the policies look for the rest.
const SWITCHES: [(&str, &str); 8] = [
    (
        "image.digest",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    ("image.pullSecret", "registry"),
    ("secrets.name", "elsewhere-credentials"),
    ("secrets.externalSecret.store", "vault"),
    ("tracing.endpoint", "http://collector.example.com:4318"),
    ("route.tls.issuer", "letsencrypt"),
    ("route.gateway.section", "https"),
    ("ca.configMap", "elsewhere-authorities"),
];

/// One way to render a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// A file of values, if one lies over `values.yaml`
    pub overlay: Option<String>,
    /// What is set beside it
    pub values: Value,
    /// What differs from the defaults, for a message
    pub about: String,
}

/// Each file of values as it stands; then pairs of everything that can be switched.
pub fn settings(chart: &Chart, values: &Value, schema: &Value) -> Vec<Settings> {
    let overlays = chart.overlays();
    let mut all: Vec<Settings> = std::iter::once(None)
        .chain(overlays.iter().map(Some))
        .map(|overlay| Settings {
            overlay: overlay.map(|name| (*name).to_owned()),
            values: given(values),
            about: overlay.unwrap_or(&"values.yaml").to_string(),
        })
        .collect();
    let toggles = toggles(values, schema);
    let mut sizes = vec![overlays.len().max(1)];
    sizes.extend(toggles.iter().map(|(_, choices)| choices.len()));
    for row in pairwise(&sizes) {
        let overlay = overlays.get(row[0]).map(|name| (*name).to_owned());
        let mut set = given(values);
        let mut about = vec![overlay.clone().unwrap_or_default()];
        for ((path, choices), number) in toggles.iter().zip(&row[1..]) {
            let choice = &choices[*number];
            merge(&mut set, nested(path, choice.clone()));
            if at(values, path) != choice {
                about.push(format!("{path}={choice}"));
            }
        }
        all.push(Settings {
            overlay,
            values: set,
            about: about.join(" "),
        });
    }
    all
}

fn given(values: &Value) -> Value {
    let mut set = json!({});
    for (path, text) in GIVEN {
        if at(values, path).as_str() == Some("") {
            merge(&mut set, nested(path, json!(text)));
        }
    }
    set
}

/// Everything that has few values: what the schema calls a boolean or lists, and the texts that switch.
fn toggles(values: &Value, schema: &Value) -> Vec<(String, Vec<Value>)> {
    let mut found = Vec::new();
    walk(schema, schema, "", &mut |path, property| {
        if path == "environment" {
            return;
        }
        if property["type"] == "boolean" {
            found.push((path.to_owned(), vec![json!(true), json!(false)]));
        } else if let Some(choices) = property["enum"].as_array() {
            found.push((path.to_owned(), choices.clone()));
        }
    });
    for (path, text) in SWITCHES {
        if at(values, path).as_str() == Some("") {
            found.push((path.to_owned(), vec![json!(""), json!(text)]));
        }
    }
    found
}

/// Visits every property that has no properties itself, by its dotted path.
fn walk(root: &Value, schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    for (name, property) in resolve(root, schema)["properties"].as_object().into_iter().flatten() {
        let property = resolve(root, property);
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        if property["properties"].is_object() {
            walk(root, property, &path, visit);
        } else {
            visit(&path, property);
        }
    }
}

/// A schema, or what it refers to in the same file.
pub fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"]
        .as_str()
        .and_then(|to| root.pointer(to.strip_prefix('#')?));
    target.unwrap_or(schema)
}

/// Lays values over others.
pub fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

/// Few rows in which any two choices of two factors meet.
fn pairwise(sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut open = BTreeSet::new();
    for (a, first) in sizes.iter().enumerate() {
        for (b, second) in sizes.iter().enumerate().skip(a + 1) {
            open.extend((0..*first).flat_map(|x| (0..*second).map(move |y| ((a, x), (b, y)))));
        }
    }
    let mut rows = Vec::new();
    while let Some(((a, x), (b, y))) = open.first().copied() {
        let mut row: Vec<Option<usize>> = vec![None; sizes.len()];
        (row[a], row[b]) = (Some(x), Some(y));
        for factor in (0..sizes.len()).filter(|factor| ![a, b].contains(factor)) {
            let gain = |choice: usize| {
                let taken = row
                    .iter()
                    .enumerate()
                    .filter_map(|(other, taken)| Some((other, (*taken)?)));
                let pairs = taken.map(|other| ordered(other, (factor, choice)));
                pairs.filter(|pair| open.contains(pair)).count()
            };
            // The last of equals, in turn, so that no choice is the filler of all rows.
            row[factor] =
                (0..sizes[factor]).max_by_key(|choice| (gain(*choice), (choice + rows.len()) % sizes[factor]));
        }
        let row: Vec<usize> = row.into_iter().map(Option::unwrap_or_default).collect();
        open.retain(|((a, x), (b, y))| row[*a] != *x || row[*b] != *y);
        rows.push(row);
    }
    rows
}

fn ordered(a: (usize, usize), b: (usize, usize)) -> ((usize, usize), (usize, usize)) {
    if a.0 < b.0 { (a, b) } else { (b, a) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_choices_meet_in_few_rows() {
        let sizes = [3, 2, 2, 2, 3, 2, 2, 2];
        let rows = pairwise(&sizes);
        for a in 0..sizes.len() {
            for b in a + 1..sizes.len() {
                for (x, y) in (0..sizes[a]).flat_map(|x| (0..sizes[b]).map(move |y| (x, y))) {
                    assert!(rows.iter().any(|row| row[a] == x && row[b] == y), "{a}={x} {b}={y}");
                }
            }
        }
        assert!(rows.len() <= 14, "{} rows", rows.len());
        assert!(pairwise(&[3]).is_empty());
    }

    #[test]
    fn toggles_come_from_the_schema() {
        let schema = json!({"$defs": {"switch": {"type": "boolean"}}, "properties": {
            "environment": {"enum": ["a", "b"]},
            "monitoring": {"type": "object", "properties": {"enabled": {"$ref": "#/$defs/switch"}}},
            "route": {"type": "object", "properties": {"type": {"enum": ["none", "gateway"]}}},
            "replicas": {"type": "integer"},
        }});
        let values = json!({"tracing": {"endpoint": ""}, "route": {"host": ""}, "image": {"tag": "1"}});
        let paths: Vec<_> = toggles(&values, &schema).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["monitoring.enabled", "route.type", "tracing.endpoint"]);
        assert_eq!(given(&values), json!({"route": {"host": "orders.example.com"}}));
    }
}
