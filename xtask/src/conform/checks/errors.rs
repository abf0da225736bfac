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
    Check::new(
        "errors.invalid-bodies",
        "2",
        "invalid 422 with the fields; NUL, unpaired surrogates and unknown fields are invalid",
        When::Always,
        invalid_bodies,
    ),
    Check::new("errors.unparsable", "2", "unparsable 400", When::Always, unparsable),
    Check::new(
        "errors.media-type",
        "2",
        "415 for another media type",
        When::Always,
        media_type,
    ),
    Check::new(
        "errors.list-parameters",
        "2",
        "`limit` is 1 to 100 (20); a limit out of range and a cursor that does not decode are 422",
        When::Always,
        list_parameters,
    ),
    Check::new(
        "errors.odd-ids",
        "2",
        "an id of another shape is 404",
        When::Always,
        odd_ids,
    ),
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

fn invalid_bodies(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let long = "x".repeat(201);
    let long_wide = "😀".repeat(201);
    let wordy = "x".repeat(2001);
    let cases: Vec<(String, &str)> = vec![
        (json!({}).to_string(), "name"),
        (json!({ "name": null }).to_string(), "name"),
        (json!({ "name": "" }).to_string(), "name"),
        (json!({ "name": 7 }).to_string(), "name"),
        (json!({ "name": ["x"] }).to_string(), "name"),
        (json!({ "name": true }).to_string(), "name"),
        (json!({ "name": long }).to_string(), "name"),
        (json!({ "name": long_wide }).to_string(), "name"),
        (json!({ "name": "a\u{0}b" }).to_string(), "name"),
        (r#"{"name":"\ud800"}"#.to_owned(), "name"),
        (r#"{"name":"x\udc00y"}"#.to_owned(), "name"),
        (r#"{"name":"\udc00\ud800"}"#.to_owned(), "name"),
        (json!({ "name": "x", "description": wordy }).to_string(), "description"),
        (json!({ "name": "x", "description": 1 }).to_string(), "description"),
        (
            json!({ "name": "x", "description": "\u{0}" }).to_string(),
            "description",
        ),
        (r#"{"name":"x","description":"\ud834"}"#.to_owned(), "description"),
        (json!({ "name": "x", "colour": "red" }).to_string(), "colour"),
        (json!({ "name": "x", "id": "1" }).to_string(), "id"),
        (r#"{"name":"x","__proto__":{"a":1}}"#.to_owned(), "__proto__"),
        (
            r#"{"name":"x","constructor":{"prototype":{}}}"#.to_owned(),
            "constructor",
        ),
    ];
    for (body, field) in &cases {
        let answer = items::post_raw(instance, body.as_bytes())?;
        items::invalid(&answer, field).with_context(|| shortened(body))?;
    }
    for body in ["[]", "null", "7", "\"name\"", "true", "[{\"name\":\"x\"}]"] {
        items::problem(&items::post_raw(instance, body.as_bytes())?, 422).context(body)?;
    }
    let item = items::create(instance, "to be patched")?;
    let changes = [
        (json!({ "name": null }), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "colour": 1 }), "colour"),
        (json!({ "created_at": "2020-01-01T00:00:00.000Z" }), "created_at"),
    ];
    for (body, field) in changes {
        items::invalid(&items::patch(instance, &item, &body)?, field).with_context(|| format!("PATCH {body}"))?;
    }
    let both = items::problem(&items::post(instance, &json!({ "name": "", "description": 1 }))?, 422)?;
    let text = both["errors"].to_string();
    ensure!(
        text.contains("name") && text.contains("description"),
        "only one of two: {both}"
    );
    let largest = json!({ "name": "x".repeat(200), "description": "y".repeat(2000) });
    items::post(instance, &largest)?.expect(201)?;
    items::post(instance, &json!({ "name": "x", "description": null }))?.expect(201)?;
    Ok(())
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

fn unparsable(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let bodies: [&[u8]; 10] = [
        b"",
        b"{",
        b"{\"name\":}",
        b"{'name':'x'}",
        b"name=x",
        b"{\"name\":\"x\",}",
        b"\xff\xfe{\"name\":\"x\"}",
        b"{\"name\":\"\xc3\x28\"}",
        b"{\"name\":NaN}",
        b"{\"name\":\"x\"} trailing",
    ];
    for body in bodies {
        let answer = items::post_raw(instance, body)?;
        items::problem(&answer, 400).with_context(|| String::from_utf8_lossy(body).into_owned())?;
    }
    Ok(())
}

fn media_type(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let body = br#"{"name":"x"}"#;
    for kind in [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "image/png",
        "nonsense",
    ] {
        let answer = instance.send(&Request::new("POST", ITEMS).body(kind, body))?;
        items::problem(&answer, 415).context(kind)?;
    }
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
    ] {
        let answer = instance.send(&Request::new("POST", ITEMS).body(kind, body))?;
        answer.expect(201).context(kind)?;
    }
    let mut none = Request::new("POST", ITEMS);
    none.body = body.to_vec();
    items::problem(&instance.send(&none)?, 415).context("no media type")?;
    Ok(())
}

fn list_parameters(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    for limit in [
        "0",
        "101",
        "-1",
        "abc",
        "1.5",
        "",
        "1e2",
        "99999999999999999999",
        "%00",
        "0x10",
    ] {
        let answer = instance.get(&format!("{ITEMS}?limit={limit}"))?;
        items::invalid(&answer, "limit").with_context(|| format!("limit={limit}"))?;
    }
    for limit in ["1", "100"] {
        instance.get(&format!("{ITEMS}?limit={limit}"))?.expect(200)?;
    }
    let mutated = "eyJpZCI6IngifQ";
    for cursor in ["x", "%00", "!!!!", "AAAA", mutated, "..", "null", "%F0%9F%98%80"] {
        let answer = instance.get(&format!("{ITEMS}?cursor={cursor}"))?;
        items::invalid(&answer, "cursor").with_context(|| format!("cursor={cursor}"))?;
    }
    Ok(())
}

fn odd_ids(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let long = "a".repeat(3000);
    let ids = [
        "1",
        "abc",
        "%00",
        "..%2f..%2fetc%2fpasswd",
        "018900000000700080000000000000zz",
        "%F0%9F%98%80",
        "'",
        "null",
        "-1",
        "%ff",
        "{id}",
        &long,
    ];
    for id in ids {
        let path = format!("{ITEMS}/{id}");
        for method in ["GET", "DELETE"] {
            let status = instance.send(&Request::new(method, &path))?.status;
            // A path that is no valid UTF-8 or far too long may also be refused as a bad request.
            let refused = (id.starts_with("%ff") || id.len() > 1000) && [400, 414].contains(&status);
            ensure!(status == 404 || refused, "{method} {}: {status}", shortened(&path));
        }
    }
    let body = json!({ "name": "x" });
    items::problem(
        &instance.send(&Request::json("PATCH", &format!("{ITEMS}/abc"), &body))?,
        404,
    )?;
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
