//! What a service looks like from outside, as text that has no place for its language: two services of the same
//! database and cache give the same text, or one of them has a defect.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::http::Response;

/// Header fields that belong to one connection or one moment.
const OF_THE_MOMENT: [&str; 5] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "transfer-encoding",
];

/// What Helmet adds for pages, of which an API has none; the other languages leave it out.
const FOR_PAGES: [&str; 8] = [
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "origin-agent-cluster",
    "x-dns-prefetch-control",
    "x-download-options",
    "x-frame-options",
    "x-permitted-cross-domain-policies",
    "x-xss-protection",
];

/// An answer: status, header fields sorted by name, body; what differs from one request to the next is masked.
pub fn answer(response: &Response) -> String {
    let mut text = format!("{}\n", response.status);
    let mut fields: Vec<(String, String)> = response
        .headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value.clone()))
        .filter(|(name, _)| !OF_THE_MOMENT.contains(&name.as_str()) && !FOR_PAGES.contains(&name.as_str()))
        // Of what the client has already, which servers may say again or leave out (RFC 9110, 15.4.5).
        .filter(|(name, _)| response.status != 304 || name != "content-type")
        .collect();
    fields.sort();
    for (name, value) in fields {
        let value = match name.as_str() {
            "content-type" => value.to_lowercase().replace(' ', ""),
            "etag" => "<tag>".to_owned(),
            "x-request-id" => "<id>".to_owned(),
            _ => masked(&value),
        };
        let _ = writeln!(text, "{name}: {value}");
    }
    match response.json() {
        Ok(body) => {
            let _ = writeln!(text, "{}", canonical(&mask(&body, "")));
        }
        Err(_) if response.body.is_empty() => {}
        Err(_) => text.push_str("<a body that is no JSON>\n"),
    }
    text
}

/// Masks ids, times and numbers that count in a text.
fn masked(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_inclusive(['/', ' ', '=', ';', ',']) {
        let (body, end) = match word.char_indices().last() {
            Some((at, last)) if "/ =;,".contains(last) => word.split_at(at),
            _ => (word, ""),
        };
        let id = body.len() == 36 && body.split('-').count() == 5;
        let number = !body.is_empty() && body.chars().all(|letter| letter.is_ascii_digit());
        let word = match (id, number) {
            (true, _) => "<id>",
            (_, true) => "<number>",
            _ => body,
        };
        words.push(format!("{word}{end}"));
    }
    words.concat()
}

/// Masks what one request has for itself, by the member's name.
fn mask(value: &Value, name: &str) -> Value {
    match (name, value) {
        ("id" | "request_id" | "created_at" | "updated_at" | "next_cursor", Value::String(_)) => {
            format!("<{name}>").into()
        }
        ("uptime_seconds" | "latency_ms", Value::Number(_)) => "<number>".into(),
        // Its wording is the validator's own; the field that it names is the contract's.
        ("errors", Value::Array(list)) => list
            .iter()
            .map(|one| json!({ "field": one["field"], "detail": "<detail>" }))
            .collect(),
        // Which item is the oldest depends on what was done before.
        ("items", Value::Array(list)) => list
            .iter()
            .map(|one| {
                one.as_object()
                    .map(|one| {
                        one.keys()
                            .cloned()
                            .collect::<BTreeSet<_>>()
                            .into_iter()
                            .collect::<Value>()
                    })
                    .unwrap_or_default()
            })
            .collect(),
        (_, Value::Array(list)) => list.iter().map(|one| mask(one, name)).collect(),
        (_, Value::Object(map)) => map.iter().map(|(key, one)| (key.clone(), mask(one, key))).collect(),
        (_, other) => other.clone(),
    }
}

/// JSON with sorted members, two spaces.
fn canonical(value: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Array(list) => list.iter().map(sorted).collect(),
            Value::Object(map) => {
                let map: BTreeMap<_, _> = map.iter().map(|(key, one)| (key.clone(), sorted(one))).collect();
                map.into_iter().collect::<Map<_, _>>().into()
            }
            other => other.clone(),
        }
    }
    serde_json::to_string_pretty(&sorted(value)).unwrap_or_default()
}

/// Our own metrics: name, type, label names, bucket bounds in seconds.
pub fn metrics(page: &str) -> String {
    let own = ["build_info", "cache_", "db_", "dependency_", "http_", "rate_limited_"];
    let mut lines: BTreeSet<String> = BTreeSet::new();
    for line in page.lines() {
        let name = line.trim_start_matches("# TYPE ");
        if !own.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        if line.starts_with("# TYPE ") {
            lines.insert(format!("type {name}"));
        } else if let Some((left, _)) = line.rsplit_once(' ') {
            let (name, labels) = left.split_once('{').unwrap_or((left, ""));
            // Some clients say when a series began; nothing relies on it.
            if !name.ends_with("_created") {
                lines.insert(format!("{name} {}", label_names(labels)));
            }
        }
    }
    // What a page announces and has no value of is no metric yet.
    let measured = |line: &&String| {
        let family = line.strip_prefix("type ").and_then(|rest| rest.split(' ').next());
        family.is_none_or(|family| lines.iter().any(|sample| sample.starts_with(family)))
    };
    lines
        .iter()
        .filter(measured)
        .fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

/// `method,route,status`; bucket bounds with their value.
fn label_names(labels: &str) -> String {
    let mut names: Vec<String> = labels
        .split(',')
        .filter_map(|label| {
            let (name, value) = label.trim_end_matches('}').split_once('=')?;
            let bound = value.trim_matches('"');
            Some(match (name, bound.parse::<f64>()) {
                ("le", Ok(bound)) => format!("le={bound}"),
                _ => name.to_owned(),
            })
        })
        .collect();
    names.sort();
    names.join(",")
}

/// Log lines: level, message, names of the members; sorted, since servers answer in any order.
pub fn logs(lines: &[Value]) -> String {
    let mut all: BTreeSet<String> = BTreeSet::new();
    for line in lines {
        let mut names: Vec<&str> = line
            .as_object()
            .map(|map| map.keys().map(String::as_str).collect())
            .unwrap_or_default();
        names.sort_unstable();
        let text = |name: &str| line[name].as_str().unwrap_or("–").to_owned();
        all.insert(format!("{} {:?} {}", text("level"), text("message"), names.join(" ")));
    }
    all.into_iter().fold(String::new(), |text, line| text + &line + "\n")
}

/// An OpenAPI document: paths, parameters, bodies, answers and the bounds of their values, with references followed.
pub fn openapi(document: &Value) -> String {
    let mut text = String::new();
    let mut problem = None;
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if method == "parameters" {
                continue;
            }
            let operation_id = operation["operationId"].as_str().unwrap_or("–");
            let _ = writeln!(text, "{method} {path} {operation_id}");
            for parameter in parameters(document, item, operation) {
                let _ = writeln!(text, "  {parameter}");
            }
            for (kind, media) in follow(document, &operation["requestBody"])["content"]
                .as_object()
                .into_iter()
                .flatten()
            {
                let _ = writeln!(text, "  body {kind} {}", schema(document, &media["schema"]));
            }
            let answers: BTreeMap<_, _> = operation["responses"].as_object().into_iter().flatten().collect();
            for (status, answer) in answers {
                let answer = follow(document, answer);
                let headers: BTreeSet<String> = answer["headers"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| name.to_lowercase())
                    .collect();
                let headers: Vec<String> = headers.into_iter().collect();
                let _ = writeln!(text, "  {status} {}", headers.join(" "));
                for (kind, media) in answer["content"].as_object().into_iter().flatten() {
                    let shape = schema(document, &media["schema"]);
                    // Once is enough for what every operation may answer.
                    let known = problem.as_ref() == Some(&shape);
                    let _ = writeln!(text, "    {kind} {}", if known { "as above" } else { &shape });
                    if kind == "application/problem+json" {
                        problem = Some(shape);
                    }
                }
            }
        }
    }
    text.lines()
        .fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

fn parameters(document: &Value, item: &Value, operation: &Value) -> BTreeSet<String> {
    [&item["parameters"], &operation["parameters"]]
        .into_iter()
        .filter_map(Value::as_array)
        .flatten()
        .map(|parameter| {
            let parameter = follow(document, parameter);
            let required = if parameter["required"] == true {
                "required"
            } else {
                "optional"
            };
            let name = parameter["name"].as_str().unwrap_or("–").to_lowercase();
            let place = parameter["in"].as_str().unwrap_or("–");
            format!("{place} {name} {required} {}", schema(document, &parameter["schema"]))
        })
        .collect()
}

fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// A schema on one line: what it lets through, without names, words and examples.
fn schema(document: &Value, value: &Value) -> String {
    let value = follow(document, value);
    // `anyOf: [X, null]` is another way to write X with one more type.
    let choices: Vec<&Value> = ["anyOf", "oneOf"]
        .iter()
        .filter_map(|key| value[*key].as_array())
        .flatten()
        .collect();
    let null = |one: &&&Value| one["type"] == "null";
    if let (true, Some(other)) = (
        choices.iter().any(|one| null(&one)),
        choices.iter().find(|one| !null(one)),
    ) {
        let inner = schema(document, other);
        return format!("{inner} or null");
    }
    let mut parts: Vec<String> = Vec::new();
    match &value["type"] {
        Value::String(kind) => parts.push(kind.clone()),
        Value::Array(kinds) => {
            let kinds: Vec<&str> = kinds
                .iter()
                .filter_map(Value::as_str)
                .filter(|kind| *kind != "null")
                .collect();
            parts.push(kinds.join("|"));
        }
        _ => {}
    }
    for key in [
        "format",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "default",
        "const",
        "additionalProperties",
    ] {
        // A string has no fewer than 0 characters anyway.
        if !(value[key].is_null() || key == "minLength" && value[key] == 0) {
            parts.push(format!("{key}={}", value[key]));
        }
    }
    if value["items"].is_object() {
        parts.push(format!("of [{}]", schema(document, &value["items"])));
    }
    let required: BTreeSet<&str> = value["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let members: BTreeMap<_, _> = value["properties"].as_object().into_iter().flatten().collect();
    let members: Vec<String> = members
        .into_iter()
        .map(|(name, one)| {
            let mark = if required.contains(name.as_str()) { "" } else { "?" };
            format!("{name}{mark}: {}", schema(document, one))
        })
        .collect();
    if !members.is_empty() {
        parts.push(format!("{{ {} }}", members.join("; ")));
    }
    if value["type"]
        .as_array()
        .is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"))
    {
        parts.push("or null".to_owned());
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn two_ways_to_write_a_schema_are_one() {
        let document = json!({ "components": { "schemas": { "Name": { "type": "string", "maxLength": 5 } } } });
        let ways = [
            json!({ "type": ["string", "null"], "maxLength": 5, "description": "a" }),
            json!({ "anyOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Name" }] }),
        ];
        for way in &ways {
            assert_eq!(schema(&document, way), "string maxLength=5 or null");
        }
        assert_eq!(
            schema(&document, &json!({ "type": "string", "maxLength": 6 })),
            "string maxLength=6"
        );
    }

    #[test]
    fn metrics_lose_their_values_and_keep_their_bounds() {
        let page = "# TYPE http_x histogram\nhttp_x_bucket{le=\"0.50\",route=\"/a\"} 3\nhttp_x_created 1.5\n# TYPE db_up gauge\ngo_gc 1\n";
        assert_eq!(metrics(page), "http_x_bucket le=0.5,route\ntype http_x histogram\n");
    }

    #[test]
    fn what_counts_is_masked() {
        assert_eq!(masked("\"default\";r=599;t=60"), "\"default\";r=<number>;t=<number>");
        assert_eq!(
            masked("/api/v1/items/01890000-0000-7000-8000-000000000000"),
            "/api/v1/items/<id>"
        );
    }
}
