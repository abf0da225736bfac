//! §2: what is no valid body, parameter or id.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::http::Request;
use crate::conform::items::{self, ITEMS};

pub const CHECKS: &[Check] = &[
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
];

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
