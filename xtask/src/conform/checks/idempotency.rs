//! §2: `Idempotency-Key`.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::http::{Connection, Request, Response};
use crate::conform::instance::Instance;
use crate::conform::items::{self, ITEMS};
use crate::conform::load::at_once;
use crate::conform::settings::Settings;
use crate::conform::store::Kind;

pub const CHECKS: &[Check] = &[
    Check::new(
        "idempotency.retry",
        "2",
        "With a database, `POST` takes `Idempotency-Key`: a retry gets the first answer again",
        When::Database,
        retry,
    ),
    Check::new(
        "idempotency.other-body",
        "2",
        "another body under the same key is 422",
        When::Database,
        other_body,
    ),
    Check::new(
        "idempotency.at-once",
        "2",
        "a duplicate of one still running 409; one item is created",
        When::Database,
        same_moment,
    ),
    Check::new(
        "idempotency.still-running",
        "2",
        "a duplicate of one still running 409",
        When::Database,
        still_running,
    ),
    Check::new(
        "idempotency.length",
        "2",
        "`Idempotency-Key` (≤ 255)",
        When::Database,
        length,
    ),
    Check::new(
        "idempotency.not-kept",
        "2",
        "429 and 5xx are not kept; it is written in the item's own transaction",
        When::Database,
        not_kept,
    ),
    Check::new(
        "idempotency.invalid-then-valid",
        "2",
        "A refused body creates nothing under its key",
        When::Database,
        invalid_then_valid,
    ),
    Check::new(
        "idempotency.ignored",
        "2",
        "Without a database a key changes nothing",
        When::NoDatabase,
        ignored,
    ),
];

fn request(key: &str, body: &Value) -> Request {
    Request::json("POST", ITEMS, body).header("Idempotency-Key", key)
}

fn post(instance: &Instance, key: &str, body: &Value) -> Result<Response> {
    instance.send(&request(key, body))
}

fn key(bed: &Bed, what: &str) -> String {
    format!("conform-{what}-{}", bed.next())
}

fn count(instance: &Instance, name: &str) -> Result<usize> {
    let all = items::all(instance, 100)?;
    Ok(all.iter().filter(|item| item["name"] == name).count())
}

fn retry(bed: &Bed) -> Result<()> {
    let (instance, key) = (bed.main()?, key(bed, "retry"));
    let body = json!({ "name": key, "description": "once" });
    let first = post(instance, &key, &body)?.expect(201)?;
    let second = post(instance, &key, &body)?.expect(201)?;
    ensure!(second.json()? == first.json()?, "another answer: {}", second.short());
    ensure!(
        second.header("location") == first.header("location"),
        "another Location"
    );
    let reordered = format!(r#"{{ "description": "once", "name": "{key}" }}"#);
    let third = Request::new("POST", ITEMS).header("Idempotency-Key", &key);
    let third = instance.send(&third.body("application/json", reordered.as_bytes()))?;
    // The same members in another order: either the same request or another one, never a new item.
    ensure!([201, 422].contains(&third.status), "status {}", third.status);
    let other = bed.start(&Settings::new())?;
    let elsewhere = post(&other, &key, &body)?.expect(201).context("on another instance")?;
    ensure!(
        elsewhere.json()? == first.json()?,
        "another instance gives another answer"
    );
    ensure!(count(instance, &key)? == 1, "{} items", count(instance, &key)?);
    Ok(())
}

fn other_body(bed: &Bed) -> Result<()> {
    let (instance, key) = (bed.main()?, key(bed, "other"));
    post(instance, &key, &json!({ "name": key }))?.expect(201)?;
    let answer = post(instance, &key, &json!({ "name": "something else" }))?;
    items::problem(&answer, 422)?;
    Ok(())
}

fn same_moment(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    for _ in 0..4 {
        let key = key(bed, "moment");
        let body = json!({ "name": key });
        let answers = at_once(8, |_| Connection::open(instance.public)?.send(&request(&key, &body)))?;
        let mut ids = Vec::new();
        for answer in &answers {
            match answer.status {
                201 => ids.push(answer.json()?["id"].clone()),
                409 => drop(items::problem(answer, 409)?),
                other => anyhow::bail!("status {other}: {}", answer.short()),
            }
        }
        ensure!(!ids.is_empty(), "nobody created it");
        ensure!(ids.iter().all(|id| *id == ids[0]), "several items: {ids:?}");
        ensure!(count(instance, &key)? == 1, "{} items", count(instance, &key)?);
    }
    Ok(())
}

/// Holds the table so that the first request cannot finish, then sends its duplicate.
fn still_running(bed: &Bed) -> Result<()> {
    let (instance, key) = (bed.main()?, key(bed, "running"));
    let body = json!({ "name": key });
    if bed.database()?.kind == Kind::Mongo {
        return while_held(bed, instance, &key, &body);
    }
    let _lock = bed.hold_items(3)?;
    let address = instance.public;
    let first = request(&key, &body);
    let running = std::thread::spawn(move || Connection::open(address)?.send(&first));
    std::thread::sleep(Duration::from_millis(600));
    let duplicate = post(instance, &key, &body)?;
    let first = running
        .join()
        .map_err(|_| anyhow::anyhow!("a thread died"))??
        .expect(201)?;
    items::problem(&duplicate, 409)?;
    ensure!(
        duplicate.elapsed < Duration::from_secs(2),
        "409 after {:?}",
        duplicate.elapsed
    );
    let later = post(instance, &key, &body)?.expect(201)?;
    ensure!(later.json()? == first.json()?, "another answer later");
    Ok(())
}

/// Where nothing can hold the items alone, another client stands for the first request.
fn while_held(bed: &Bed, instance: &Instance, key: &str, body: &Value) -> Result<()> {
    let held = bed.database()?.hold_key(&bed.login()?.database, key, 8)?;
    let duplicate = post(instance, key, body)?;
    items::problem(&duplicate, 409)?;
    ensure!(
        duplicate.elapsed < Duration::from_secs(2),
        "409 after {:?}",
        duplicate.elapsed
    );
    drop(held);
    post(instance, key, body)?
        .expect(201)
        .context("after the other one gave up")?;
    ensure!(count(instance, key)? == 1, "{} items", count(instance, key)?);
    Ok(())
}

fn length(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let body = json!({ "name": "long key" });
    let mut longest = key(bed, "long");
    longest += &"k".repeat(255 - longest.len());
    post(instance, &longest, &body)?.expect(201)?;
    items::problem(&post(instance, &format!("{longest}x"), &body)?, 422)?;
    items::problem(&post(instance, "", &body)?, 422).context("an empty key")?;
    Ok(())
}

fn not_kept(bed: &Bed) -> Result<()> {
    let settings = Settings::new().set("REQUEST_TIMEOUT_SECONDS", "2");
    let (instance, key) = (bed.start(&settings)?, key(bed, "not-kept"));
    let body = json!({ "name": key });
    let lock = bed.hold_items(6)?;
    let answer = post(&instance, &key, &body)?;
    drop(lock);
    items::problem(&answer, 503)?;
    instance.until("free again", Duration::from_secs(10), |it| {
        it.get(&format!("{ITEMS}?limit=1"))
            .is_ok_and(|answer| answer.status == 200)
    })?;
    post(&instance, &key, &body)?
        .expect(201)
        .context("the retry after a 503")?;
    ensure!(count(&instance, &key)? == 1, "{} items", count(&instance, &key)?);
    let limited = bed.start(&Settings::new().set("RATE_LIMIT_PER_MINUTE", "1"))?;
    let mut last = limited.get(ITEMS)?;
    for _ in 0..3 {
        last = limited.get(ITEMS)?;
    }
    items::problem(&last, 429)?;
    let later = self::key(bed, "after-429");
    items::problem(&post(&limited, &later, &body)?, 429)?;
    post(&instance, &later, &body)?
        .expect(201)
        .context("the retry after a 429")?;
    Ok(())
}

fn invalid_then_valid(bed: &Bed) -> Result<()> {
    let (instance, key) = (bed.main()?, key(bed, "invalid"));
    items::problem(&post(instance, &key, &json!({ "name": "" }))?, 422)?;
    ensure!(count(instance, "")? == 0, "an item without a name");
    let fresh = self::key(bed, "valid");
    post(instance, &fresh, &json!({ "name": key }))?.expect(201)?;
    ensure!(count(instance, &key)? == 1, "{} items", count(instance, &key)?);
    Ok(())
}

fn ignored(bed: &Bed) -> Result<()> {
    let (instance, key) = (bed.main()?, key(bed, "ignored"));
    let body = json!({ "name": key });
    post(instance, &key, &body)?.expect(201)?;
    post(instance, &key, &body)?.expect(201)?;
    Ok(())
}
