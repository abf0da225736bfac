//! §2: entity tags, concurrent changes and the cache in front of an item.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::http::{Connection, Request};
use crate::conform::items::{self, ITEMS};
use crate::conform::load::at_once;
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new(
        "etag.version",
        "2",
        "`ETag` (the item's version) on an item",
        When::Always,
        version,
    ),
    Check::new(
        "etag.if-none-match",
        "2",
        "`If-None-Match` 304",
        When::Always,
        if_none_match,
    ),
    Check::new(
        "etag.if-match",
        "2",
        "`If-Match` on PATCH and DELETE, 412 when stale",
        When::Always,
        if_match,
    ),
    Check::new(
        "etag.if-match-race",
        "2",
        "Of concurrent PATCHes with the same `If-Match` one succeeds, the others are 412",
        When::Always,
        if_match_race,
    ),
    Check::new(
        "patch.both-survive",
        "2",
        "without it two PATCHes of different fields both survive",
        When::Always,
        both_survive,
    ),
    Check::new(
        "cache.aside",
        "2",
        "With the cache: `GET /items/{id}` is cache-aside (`X-Cache: hit|miss`)",
        When::Cache,
        aside,
    ),
    Check::new(
        "cache.invalidates",
        "2",
        "a write invalidates",
        When::Cache,
        invalidates,
    ),
    Check::new(
        "cache.across-instances",
        "2",
        "a write on one instance is seen on the other",
        When::Both,
        across_instances,
    ),
];

fn version(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let made = items::post(instance, &json!({ "name": "etag" }))?.expect(201)?;
    let item = made.json()?;
    let first = items::etag(instance, &item)?;
    ensure!(
        first.starts_with('"') && first.ends_with('"'),
        "{first} is no strong tag"
    );
    ensure!(items::etag(instance, &item)? == first, "it changes without a write");
    if let Some(tag) = made.header("etag") {
        ensure!(tag == first, "POST says {tag}, GET {first}");
    }
    let patched = items::patch(instance, &item, &json!({ "name": "etag 2" }))?.expect(200)?;
    let second = items::etag(instance, &item)?;
    ensure!(second != first, "a write does not change it");
    if let Some(tag) = patched.header("etag") {
        ensure!(tag == second, "PATCH says {tag}, GET {second}");
    }
    Ok(())
}

fn if_none_match(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let item = items::create(instance, "if-none-match")?;
    let tag = items::etag(instance, &item)?;
    let get = |value: &str| instance.send(&Request::get(&items::path(&item)).header("If-None-Match", value));
    for value in [tag.clone(), format!("\"x\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
        let answer = get(&value)?.expect(304).with_context(|| value.clone())?;
        ensure!(answer.body.is_empty(), "304 with a body");
        ensure!(answer.header("etag") == Some(tag.as_str()), "304 without the tag");
    }
    get("\"x\"")?.expect(200)?;
    items::patch(instance, &item, &json!({ "name": "changed" }))?.expect(200)?;
    get(&tag)?.expect(200)?;
    Ok(())
}

fn if_match(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let item = items::create(instance, "if-match")?;
    let path = items::path(&item);
    let tag = items::etag(instance, &item)?;
    let patch = |value: &str| {
        let body = json!({ "description": value });
        instance.send(&Request::json("PATCH", &path, &body).header("If-Match", value))
    };
    items::problem(&patch("\"stale\"")?, 412)?;
    patch(&tag)?.expect(200)?;
    items::problem(&patch(&tag)?, 412)?;
    let now = items::etag(instance, &item)?;
    patch(&format!("\"x\", {now}"))?
        .expect(200)
        .context("one of several tags")?;
    patch("*")?.expect(200).context("any version")?;
    let delete = |value: &str| instance.send(&Request::new("DELETE", &path).header("If-Match", value));
    items::problem(&delete(&tag)?, 412)?;
    instance.get(&path)?.expect(200)?;
    delete(&items::etag(instance, &item)?)?.expect(204)?;
    Ok(())
}

fn if_match_race(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    for round in 0..5 {
        let item = items::create(instance, "race")?;
        let tag = items::etag(instance, &item)?;
        let statuses = at_once(6, |number| {
            let body = json!({ "name": format!("race {number}") });
            let request = Request::json("PATCH", &items::path(&item), &body);
            let mut connection = Connection::open(instance.public)?;
            Ok(connection.send(&request.header("If-Match", &tag))?.status)
        })?;
        let won = statuses.iter().filter(|status| **status == 200).count();
        let lost = statuses.iter().filter(|status| **status == 412).count();
        ensure!(won == 1 && lost == 5, "round {round}: {statuses:?}");
    }
    Ok(())
}

fn both_survive(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    for round in 0..15 {
        let item = items::create(instance, "before")?;
        let bodies = [json!({ "name": "after" }), json!({ "description": "after" })];
        at_once(2, |number| {
            let request = Request::json("PATCH", &items::path(&item), &bodies[number]);
            Connection::open(instance.public)?.send(&request)?.expect(200)
        })?;
        let read = instance.get(&items::path(&item))?.expect(200)?.json()?;
        ensure!(
            read["name"] == "after" && read["description"] == "after",
            "round {round}: one is lost: {read}"
        );
    }
    Ok(())
}

fn aside(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let item = items::create(instance, "aside")?;
    let path = items::path(&item);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = instance.get(&path)?.expect(200)?;
        ensure!(answer.json()? == item, "the cache changes it: {}", answer.short());
        seen.push(answer.header("x-cache").unwrap_or("none").to_owned());
    }
    ensure!(seen == ["miss", "hit", "hit"], "X-Cache is {seen:?}");
    let list = instance.get(ITEMS)?;
    ensure!(list.header("x-cache").is_none(), "the list has X-Cache");
    Ok(())
}

fn invalidates(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let item = items::create(instance, "invalidates")?;
    let path = items::path(&item);
    for _ in 0..2 {
        instance.get(&path)?.expect(200)?;
    }
    items::patch(instance, &item, &json!({ "name": "changed" }))?.expect(200)?;
    let read = instance.get(&path)?.expect(200)?;
    ensure!(read.json()?["name"] == "changed", "a stale item: {}", read.short());
    instance.get(&path)?.expect(200)?;
    instance.send(&Request::new("DELETE", &path))?.expect(204)?;
    items::problem(&instance.get(&path)?, 404)?;
    Ok(())
}

fn across_instances(bed: &Bed) -> Result<()> {
    let (first, second) = (bed.main()?, bed.start(&Settings::new())?);
    let item = items::create(first, "across")?;
    let path = items::path(&item);
    first.get(&path)?.expect(200)?;
    let other = second.get(&path)?.expect(200)?;
    ensure!(other.header("x-cache") == Some("hit"), "the cache is not shared");
    items::patch(&second, &item, &json!({ "name": "changed" }))?.expect(200)?;
    let read = first.get(&path)?.expect(200)?;
    ensure!(read.json()?["name"] == "changed", "a stale item: {}", read.short());
    Ok(())
}
