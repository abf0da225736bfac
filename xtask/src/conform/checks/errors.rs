//! §2: errors, bad input and its precedence.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::http::Request;
use crate::conform::items::{self, ITEMS};
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new(
        "errors.problem-json",
        "2",
        "Errors are RFC 9457 `application/problem+json`, with `request_id`, the router's own 404 and 405 included; no stack trace, no driver message",
        When::Always,
        problem_json,
    ),
    Check::new("errors.405-allow", "2", "405 (with `Allow`)", When::Always, allow),
    Check::new(
        "errors.precedence",
        "2",
        "in this order of precedence: unknown route 404, 405, 429, 413, 415, unparsable 400, invalid 422, absent item 404, 412, 409",
        When::Always,
        precedence,
    ),
    Check::new(
        "errors.precedence-429",
        "2",
        "429 comes after 404 and 405, before 413, 415, 400 and 422",
        When::Always,
        precedence_429,
    )
    .once(),
    Check::new("errors.head", "2", "`HEAD` as `GET`", When::Always, head),
    Check::new(
        "errors.no-redirects",
        "2",
        "no redirects for slashes",
        When::Always,
        no_redirects,
    ),
];

fn problem_json(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    items::problem(&instance.get("/nowhere")?, 404)?;
    items::problem(&instance.get("/api/v1/nowhere")?, 404)?;
    items::problem(&instance.get(&format!("{ITEMS}/not-there"))?, 404)?;
    items::problem(&instance.send(&Request::new("DELETE", "/live"))?, 405)?;
    items::problem(&instance.send(&Request::json("PUT", ITEMS, &json!({})))?, 405)?;
    items::problem(&items::post_raw(instance, b"{")?, 400)?;
    items::problem(&items::post(instance, &json!({}))?, 422)?;
    let text = Request::new("POST", ITEMS).body("text/plain", b"name=x");
    items::problem(&instance.send(&text)?, 415)?;
    let large = vec![b' '; 1_048_577];
    items::problem(&items::post_raw(instance, &large)?, 413)?;
    Ok(())
}

fn allow(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let item = items::create(instance, "allow")?;
    let cases = [
        (ITEMS.to_owned(), "DELETE", &["GET", "HEAD", "POST"][..]),
        (items::path(&item), "POST", &["GET", "HEAD", "PATCH", "DELETE"][..]),
        (items::path(&item), "PUT", &["GET", "HEAD", "PATCH", "DELETE"][..]),
        ("/live".to_owned(), "POST", &["GET", "HEAD"][..]),
        ("/openapi.json".to_owned(), "PATCH", &["GET", "HEAD"][..]),
    ];
    for (path, method, wanted) in cases {
        let answer = instance.send(&Request::new(method, &path))?;
        items::problem(&answer, 405).with_context(|| format!("{method} {path}"))?;
        let allow = answer
            .header("allow")
            .with_context(|| format!("{method} {path}: no Allow"))?;
        let mut methods: Vec<&str> = allow.split(',').map(str::trim).collect();
        methods.retain(|method| *method != "OPTIONS");
        methods.sort_unstable();
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        ensure!(methods == wanted, "{method} {path}: Allow is `{allow}`");
    }
    Ok(())
}

/// One pair of wrongs each: the answer must be the first one's.
fn precedence(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("BODY_LIMIT_BYTES", "2000"))?;
    let absent = format!("{ITEMS}/01890000-0000-7000-8000-000000000000");
    let large = vec![b'x'; 3000];
    let raw =
        |method: &str, path: &str, kind: &str, body: &[u8]| instance.send(&Request::new(method, path).body(kind, body));
    let json = "application/json";
    let item = items::create(&instance, "precedence")?;
    let stale = |path: &str, body: &str| {
        let request = Request::new("PATCH", path).header("If-Match", "\"another-version\"");
        instance.send(&request.body(json, body.as_bytes()))
    };
    let cases = [
        ("404 before 413", 404, raw("POST", "/nowhere", json, &large)),
        ("404 before 415", 404, raw("POST", "/nowhere", "text/plain", b"x")),
        ("404 before 400", 404, raw("POST", "/nowhere", json, b"{")),
        ("405 before 413", 405, raw("PUT", ITEMS, json, &large)),
        ("405 before 415", 405, raw("PUT", ITEMS, "text/plain", b"x")),
        ("405 before 400", 405, raw("PUT", ITEMS, json, b"{")),
        ("413 before 415", 413, raw("POST", ITEMS, "text/plain", &large)),
        ("413 before 400", 413, raw("POST", ITEMS, json, &large)),
        ("415 before 400", 415, raw("POST", ITEMS, "text/plain", b"{")),
        (
            "415 before 404 of the item",
            415,
            raw("PATCH", &absent, "text/plain", b"{}"),
        ),
        ("400 before 404 of the item", 400, raw("PATCH", &absent, json, b"{")),
        (
            "422 before 404 of the item",
            422,
            raw("PATCH", &absent, json, br#"{"name":""}"#),
        ),
        ("404 of the item before 412", 404, stale(&absent, r#"{"name":"x"}"#)),
        ("422 before 412", 422, stale(&items::path(&item), r#"{"name":""}"#)),
        ("412", 412, stale(&items::path(&item), r#"{"name":"x"}"#)),
    ];
    for (what, status, answer) in cases {
        items::problem(&answer?, status).context(what)?;
    }
    Ok(())
}

fn precedence_429(bed: &Bed) -> Result<()> {
    let settings = Settings::new().set("RATE_LIMIT_PER_MINUTE", "1");
    let instance = bed.start(&settings.set("BODY_LIMIT_BYTES", "2000"))?;
    let mut last = instance.get(ITEMS)?;
    for _ in 0..3 {
        last = instance.get(ITEMS)?;
    }
    items::problem(&last, 429)?;
    let send =
        |method: &str, path: &str, kind: &str, body: &[u8]| instance.send(&Request::new(method, path).body(kind, body));
    let json = "application/json";
    items::problem(&send("POST", "/api/v1/nowhere", json, b"{}")?, 404).context("404 first")?;
    items::problem(&send("PUT", ITEMS, json, b"{}")?, 405).context("405 first")?;
    items::problem(&send("POST", ITEMS, json, &[b'x'; 3000])?, 429).context("before 413")?;
    items::problem(&send("POST", ITEMS, "text/plain", b"x")?, 429).context("before 415")?;
    items::problem(&send("POST", ITEMS, json, b"{")?, 429).context("before 400")?;
    items::problem(&send("POST", ITEMS, json, b"{}")?, 429).context("before 422")?;
    items::problem(&instance.get(&format!("{ITEMS}?limit=0"))?, 429).context("before 422")?;
    Ok(())
}

fn head(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let item = items::create(instance, "head")?;
    let absent = format!("{ITEMS}/01890000-0000-7000-8000-000000000000");
    let paths = [
        "/live",
        "/ready",
        "/openapi.json",
        ITEMS,
        &items::path(&item),
        &absent,
        "/nowhere",
    ];
    for path in paths {
        let get = instance.get(path)?;
        let mut connection = instance.connect()?;
        let head = connection.send(&Request::new("HEAD", path))?;
        ensure!(
            head.status == get.status,
            "{path}: HEAD {} and GET {}",
            head.status,
            get.status
        );
        for name in ["content-type", "etag", "cache-control", "x-content-type-options"] {
            ensure!(head.header(name) == get.header(name), "{path}: {name} differs");
        }
        if !head.closes() {
            // A body after the head would be taken for the next answer.
            let next = connection.send(&Request::get("/live"));
            next.context("the answer to HEAD has a body")?.expect(200)?;
        }
    }
    Ok(())
}

fn no_redirects(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let items = format!("{ITEMS}/");
    for path in [
        "/live/",
        "//live",
        "/ready/",
        &items,
        "/api//v1/items",
        "/./live",
        "/LIVE",
        "/",
    ] {
        let status = instance.get(path)?.status;
        ensure!(!(300..400).contains(&status), "{path} answers {status}");
        ensure!(status < 500, "{path} answers {status}");
    }
    Ok(())
}
