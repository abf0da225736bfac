//! §2, §4: a cache that dies, freezes and comes back.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::instance::Instance;
use crate::conform::items::{self, ITEMS};
use crate::conform::pace;
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new(
        "cache.killed",
        "2",
        "a cache that is down is `degraded`, still 200; the cache never fails or delays a request: 100 ms at most; it is used again when it is back",
        When::Cache,
        cache_killed,
    ),
    Check::new(
        "cache.frozen",
        "2",
        "The cache never fails or delays a request: 100 ms at most, no offline queue, a breaker",
        When::Cache,
        cache_frozen,
    ),
    Check::new(
        "cache.down-at-start",
        "2, 4",
        "The cache is not required: a start without it is ready",
        When::Cache,
        cache_down_at_start,
    ),
];

/// Reads an item again and again; the slowest answer, every one of which must be 200.
fn slowest_read(instance: &Instance, path: &str, rounds: u32) -> Result<Duration> {
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let answer = instance.get(path)?.expect(200)?;
        slowest = slowest.max(answer.elapsed);
        thread::sleep(Duration::from_millis(60));
    }
    Ok(slowest)
}

/// Reads and writes while the cache is away: all succeed, none is delayed.
fn without_cache(instance: &Instance, path: &str, usual: Duration) -> Result<()> {
    let mut slowest = slowest_read(instance, path, 15)?;
    for number in 0..8 {
        let answer = items::post(instance, &json!({ "name": format!("no cache {number}") }))?.expect(201)?;
        slowest = slowest.max(answer.elapsed);
        let item = answer.json()?;
        let answer = items::patch(instance, &item, &json!({ "description": "x" }))?.expect(200)?;
        slowest = slowest.max(answer.elapsed);
    }
    instance.get(ITEMS)?.expect(200)?;
    instance.until("degraded", Duration::from_secs(8), |it| {
        let health = it.get("/health").and_then(|answer| answer.expect(200)?.json());
        health.is_ok_and(|health| health["status"] == "degraded" && health["checks"]["cache"]["status"] == "unhealthy")
    })?;
    instance.get("/ready")?.expect(200)?;
    slowest = slowest.max(slowest_read(instance, path, 15)?);
    // A tenth for the cache, and what is usual for any request.
    let usual = usual.max(Duration::from_millis(50));
    let added = slowest.saturating_sub(usual);
    pace::within("what the cache adds to a request", added, Duration::from_millis(110))
}

fn cache_killed(bed: &Bed) -> Result<()> {
    let (instance, cache) = (bed.start(&Settings::new())?, bed.cache()?);
    let item = items::create(&instance, "cached")?;
    let path = items::path(&item);
    let usual = slowest_read(&instance, &path, 15)?;
    cache.kill()?;
    let went = without_cache(&instance, &path, usual);
    cache.start()?;
    went?;
    instance.until("the cache is used again", Duration::from_secs(8), |it| {
        it.get(&path)
            .is_ok_and(|answer| answer.header("x-cache") == Some("hit"))
    })?;
    instance.until("healthy", Duration::from_secs(8), |it| {
        let health = it.get("/health").and_then(|answer| answer.json());
        health.is_ok_and(|health| health["checks"]["cache"]["status"] == "healthy")
    })?;
    Ok(())
}

fn cache_frozen(bed: &Bed) -> Result<()> {
    let (instance, cache) = (bed.start(&Settings::new())?, bed.cache()?);
    let path = items::path(&items::create(&instance, "frozen")?);
    let usual = slowest_read(&instance, &path, 15)?;
    let frozen = cache.freeze()?;
    let went = without_cache(&instance, &path, usual);
    drop(frozen);
    went?;
    instance.until("the cache is used again", Duration::from_secs(8), |it| {
        it.get(&path)
            .is_ok_and(|answer| answer.header("x-cache") == Some("hit"))
    })?;
    let changed = items::patch(
        &instance,
        &json!({ "id": path.rsplit('/').next() }),
        &json!({ "name": "thawed" }),
    )?;
    changed.expect(200)?;
    let read = instance.get(&path)?.expect(200)?.json()?;
    ensure!(read["name"] == "thawed", "a stale item after the thaw: {read}");
    Ok(())
}

fn cache_down_at_start(bed: &Bed) -> Result<()> {
    let cache = bed.cache()?;
    cache.kill()?;
    let started = bed.start(&Settings::new()).and_then(|instance| {
        items::create(&instance, "without a cache")?;
        Ok(instance)
    });
    cache.start()?;
    started?.until("healthy", Duration::from_secs(8), |it| {
        let health = it.get("/health").and_then(|answer| answer.json());
        health.is_ok_and(|health| health["checks"]["cache"]["status"] == "healthy")
    })?;
    Ok(())
}
