//! §2: `/openapi.json`, its own soundness and that answers match it.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::http::{Request, Response};
use crate::conform::items::{self, ITEMS};

pub const CHECKS: &[Check] = &[
    Check::new(
        "openapi.sound",
        "2",
        "`GET /openapi.json`: OpenAPI 3.1",
        When::Always,
        sound,
    ),
    Check::new(
        "openapi.complete",
        "2",
        "`GET /openapi.json`: of what follows",
        When::Always,
        complete,
    ),
    Check::new(
        "openapi.answers-match",
        "2",
        "Answers match their description",
        When::Always,
        answers_match,
    ),
];

const ONE: &str = "/api/v1/items/{id}";

fn document(bed: &Bed) -> Result<Value> {
    let answer = bed.main()?.get("/openapi.json")?.expect(200)?;
    let kind = answer.header("content-type").unwrap_or("").to_owned();
    ensure!(kind.starts_with("application/json"), "content type {kind}");
    answer.json()
}

/// Follows `$ref` within the document.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> Result<&'a Value> {
    let Some(reference) = value["$ref"].as_str() else {
        return Ok(value);
    };
    let pointer = reference
        .strip_prefix('#')
        .with_context(|| format!("`{reference}` leads away"))?;
    document
        .pointer(pointer)
        .with_context(|| format!("`{reference}` leads nowhere"))
}

fn each(value: &Value, see: &mut dyn FnMut(&Value) -> Result<()>) -> Result<()> {
    see(value)?;
    match value {
        Value::Array(list) => list.iter().try_for_each(|value| each(value, see)),
        Value::Object(members) => members.values().try_for_each(|value| each(value, see)),
        _ => Ok(()),
    }
}

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in ["get", "post", "put", "patch", "delete", "head"] {
            if item[method].is_object() {
                all.push((path.clone(), method.to_owned(), &item[method]));
            }
        }
    }
    all
}

fn sound(bed: &Bed) -> Result<()> {
    let document = document(bed)?;
    let version = document["openapi"].as_str().unwrap_or("");
    ensure!(version.starts_with("3.1."), "openapi is `{version}`");
    ensure!(document["info"]["title"].is_string(), "no info.title");
    ensure!(document["info"]["version"].is_string(), "no info.version");
    each(&document, &mut |value| resolve(&document, value).map(drop))?;
    let all = operations(&document);
    let mut ids: Vec<&str> = Vec::new();
    for (path, method, operation) in &all {
        let id = operation["operationId"].as_str();
        let id = id.with_context(|| format!("{method} {path} has no operationId"))?;
        ensure!(!ids.contains(&id), "operationId {id} is there twice");
        ids.push(id);
        let answers = operation["responses"].as_object();
        ensure!(
            answers.is_some_and(|answers| !answers.is_empty()),
            "{method} {path}: no responses"
        );
        for (status, answer) in answers.into_iter().flatten() {
            let answer = resolve(&document, answer)?;
            ensure!(
                answer["description"].is_string(),
                "{method} {path} {status}: no description"
            );
        }
        let shared = &document["paths"][path]["parameters"];
        let own = &operation["parameters"];
        let mut described: Vec<&str> = Vec::new();
        for parameter in [shared, own].into_iter().filter_map(Value::as_array).flatten() {
            let parameter = resolve(&document, parameter)?;
            if parameter["in"] == "path" {
                ensure!(
                    parameter["required"] == true,
                    "{method} {path}: an optional path parameter"
                );
                described.extend(parameter["name"].as_str());
            }
        }
        for name in path.split('{').skip(1).filter_map(|part| part.split('}').next()) {
            ensure!(described.contains(&name), "{method} {path}: `{name}` is not described");
        }
    }
    each(&document, &mut |value| {
        let Some(schema) = value.get("schema").filter(|schema| schema.is_object()) else {
            return Ok(());
        };
        let schema = with_components(&document, schema);
        jsonschema::validator_for(&schema)
            .map(drop)
            .map_err(|error| anyhow::anyhow!("{error}: {schema}"))
    })
}

fn complete(bed: &Bed) -> Result<()> {
    let document = document(bed)?;
    let wanted: [(&str, &str, &[&str]); 5] = [
        (ITEMS, "get", &["200", "422", "429"]),
        (ITEMS, "post", &["201", "400", "413", "415", "422", "429"]),
        (ONE, "get", &["200", "304", "404", "429"]),
        (ONE, "patch", &["200", "400", "404", "412", "413", "415", "422", "429"]),
        (ONE, "delete", &["204", "404", "412", "429"]),
    ];
    for (path, method, statuses) in wanted {
        let answers = &document["paths"][path][method]["responses"];
        for status in statuses {
            ensure!(!answers[status].is_null(), "{method} {path} says nothing of {status}");
        }
        if bed.database.is_some() {
            ensure!(!answers["503"].is_null(), "{method} {path} says nothing of 503");
        }
    }
    Ok(())
}

/// A schema with the document's components in reach of its references.
fn with_components(document: &Value, schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let (Some(members), Some(components)) = (schema.as_object_mut(), document.get("components")) {
        members.insert("components".to_owned(), components.clone());
    }
    schema
}

/// Holds an answer against its description.
fn matches(document: &Value, path: &str, method: &str, answer: &Response) -> Result<()> {
    let what = format!("{method} {path} {}", answer.status);
    let responses = &document["paths"][path][method]["responses"];
    let described = &responses[answer.status.to_string()];
    let described = if described.is_null() {
        &responses["default"]
    } else {
        described
    };
    ensure!(described.is_object(), "{what} is not described");
    let described = resolve(document, described)?;
    let Some(content) = described["content"].as_object() else {
        ensure!(answer.body.is_empty(), "{what} has a body that is not described");
        return Ok(());
    };
    let kind = answer
        .header("content-type")
        .unwrap_or("")
        .split(';')
        .next()
        .unwrap_or("")
        .trim();
    let media = content
        .get(kind)
        .with_context(|| format!("{what}: `{kind}` is not described"))?;
    let schema = with_components(document, &media["schema"]);
    let validator = jsonschema::validator_for(&schema).map_err(|error| anyhow::anyhow!("{what}: {error}"))?;
    let body = answer.json()?;
    let wrong = validator.iter_errors(&body).next().map(|error| error.to_string());
    ensure!(wrong.is_none(), "{what}: {}", wrong.unwrap_or_default());
    Ok(())
}

fn answers_match(bed: &Bed) -> Result<()> {
    let (document, instance) = (document(bed)?, bed.main()?);
    let item = items::create(instance, "described")?;
    let path = items::path(&item);
    let absent = format!("{ITEMS}/01890000-0000-7000-8000-000000000000");
    let stale = |method: &str| {
        let request = if method == "PATCH" {
            Request::json(method, &path, &json!({ "name": "x" }))
        } else {
            Request::new(method, &path)
        };
        request.header("If-Match", "\"stale\"")
    };
    let tag = items::etag(instance, &item)?;
    let raw = |kind: &str, body: &[u8]| Request::new("POST", ITEMS).body(kind, body);
    let json_type = "application/json";
    let cases = [
        ("get", ITEMS, Request::get(&format!("{ITEMS}?limit=2"))),
        ("get", ITEMS, Request::get(&format!("{ITEMS}?limit=0"))),
        (
            "post",
            ITEMS,
            Request::json("POST", ITEMS, &json!({ "name": "d", "description": "e" })),
        ),
        ("post", ITEMS, Request::json("POST", ITEMS, &json!({}))),
        ("post", ITEMS, raw(json_type, b"{")),
        ("post", ITEMS, raw("text/plain", b"x")),
        ("post", ITEMS, raw(json_type, &vec![b' '; 1_048_577])),
        ("get", ONE, Request::get(&path)),
        ("get", ONE, Request::get(&path).header("If-None-Match", &tag)),
        ("get", ONE, Request::get(&absent)),
        ("patch", ONE, Request::json("PATCH", &path, &json!({ "name": "y" }))),
        ("patch", ONE, Request::json("PATCH", &absent, &json!({ "name": "y" }))),
        ("patch", ONE, Request::json("PATCH", &path, &json!({ "name": "" }))),
        ("patch", ONE, stale("PATCH")),
        ("delete", ONE, stale("DELETE")),
        ("delete", ONE, Request::new("DELETE", &absent)),
        ("delete", ONE, Request::new("DELETE", &path)),
    ];
    for (method, pattern, request) in cases {
        matches(&document, pattern, method, &instance.send(&request)?)?;
    }
    Ok(())
}
