//! The example resource, as a client uses it; and what every error looks like.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::http::{Request, Response};
use super::instance::Instance;

/// Path of the collection.
pub const ITEMS: &str = "/api/v1/items";

/// Creates an item and gives it.
pub fn create(instance: &Instance, name: &str) -> Result<Value> {
    post(instance, &json!({ "name": name }))?.expect(201)?.json()
}

/// Sends a `POST` with this body.
pub fn post(instance: &Instance, body: &Value) -> Result<Response> {
    instance.send(&Request::json("POST", ITEMS, body))
}

/// Sends a `POST` with these bytes as JSON.
pub fn post_raw(instance: &Instance, body: &[u8]) -> Result<Response> {
    instance.send(&Request::new("POST", ITEMS).body("application/json", body))
}

/// The path of an item.
pub fn path(item: &Value) -> String {
    format!("{ITEMS}/{}", item["id"].as_str().unwrap_or("no-id"))
}

/// Sends a `PATCH`.
pub fn patch(instance: &Instance, item: &Value, body: &Value) -> Result<Response> {
    instance.send(&Request::json("PATCH", &path(item), body))
}

/// The `ETag` of an item.
pub fn etag(instance: &Instance, item: &Value) -> Result<String> {
    let response = instance.get(&path(item))?.expect(200)?;
    Ok(response.header("etag").context("no ETag on an item")?.to_owned())
}

/// Pages through the whole collection.
pub fn all(instance: &Instance, limit: usize) -> Result<Vec<Value>> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    for _ in 0..2000 {
        let page = instance
            .get(&format!("{ITEMS}?limit={limit}{cursor}"))?
            .expect(200)?
            .json()?;
        let part = page["items"].as_array().context("no `items`")?;
        ensure!(part.len() <= limit, "{} items on a page of {limit}", part.len());
        items.extend(part.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(items),
        }
    }
    anyhow::bail!("paging does not end")
}

/// Checks that an answer is an RFC 9457 problem of this status, and gives it.
pub fn problem(response: &Response, status: u16) -> Result<Value> {
    ensure!(
        response.status == status,
        "status {} instead of {status}: {}",
        response.status,
        response.short()
    );
    let kind = response.header("content-type").unwrap_or("none");
    ensure!(
        kind.starts_with("application/problem+json"),
        "{status} has content type {kind}"
    );
    let body = response.json()?;
    ensure!(body["status"] == status, "member status is {}", body["status"]);
    for member in ["type", "title"] {
        ensure!(body[member].is_string(), "{status} has no member `{member}`: {body}");
    }
    let id = response.header("x-request-id").context("no X-Request-ID")?;
    ensure!(
        body["request_id"] == id,
        "request_id {} is not {id}",
        body["request_id"]
    );
    let text = body.to_string();
    for leak in [
        "node_modules",
        "/app/",
        "at Object.",
        "Traceback",
        "goroutine",
        "SELECT ",
        "pg_",
    ] {
        ensure!(!text.contains(leak), "a problem tells internals ({leak}): {text}");
    }
    Ok(body)
}

/// Checks that an answer is a 422 that names this field.
pub fn invalid(response: &Response, field: &str) -> Result<()> {
    let body = problem(response, 422)?;
    let errors = body["errors"].as_array().context("a 422 without `errors`")?;
    ensure!(
        errors.iter().any(|error| error.to_string().contains(field)),
        "`errors` does not name `{field}`: {body}"
    );
    Ok(())
}
