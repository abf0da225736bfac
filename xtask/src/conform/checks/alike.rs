//! §1, §2, §3: the same from outside in every language. What a service shows is compared with what is kept for its kind
//! of stack beside this file; `UPDATE=1` writes it anew.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use similar::TextDiff;

use crate::conform::alike;
use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::http::Request;
use crate::conform::items::{self, ITEMS};
use crate::conform::settings::Settings;
use crate::stack;

pub const CHECKS: &[Check] = &[
    Check::new(
        "alike.openapi",
        "2",
        "`openapi.json` is the same in every language: paths, statuses, required fields, bounds",
        When::Always,
        openapi,
    ),
    Check::new(
        "alike.answers",
        "2",
        "Answers are the same in every language: statuses, headers, bodies, problems",
        When::Always,
        answers,
    ),
    Check::new(
        "alike.metrics",
        "2",
        "Metrics are alike in all languages: names, types, labels, buckets",
        When::Always,
        metrics,
    ),
    Check::new(
        "alike.logs",
        "3",
        "Logs are alike in all languages: levels, messages, fields",
        When::Always,
        logs,
    ),
    Check::new(
        "alike.configuration",
        "1",
        "A refused configuration reads the same in every language",
        When::Always,
        configuration,
    ),
];

/// Compares with what is kept for stacks with or without a database and a cache.
fn compare(bed: &Bed, surface: &str, shown: &str) -> Result<()> {
    let database = if bed.database.is_some() { "database" } else { "memory" };
    let cache = if bed.cache.is_some() { "-cache" } else { "" };
    let file: PathBuf = stack::root().join(format!("xtask/src/conform/alike/{surface}-{database}{cache}.txt"));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, shown)?;
        return Ok(());
    }
    let kept = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let difference = TextDiff::from_lines(kept.as_str(), shown);
    ensure!(
        kept == shown,
        "differs from {surface}-{database}{cache}.txt: {}",
        difference.unified_diff().context_radius(0)
    );
    Ok(())
}

fn openapi(bed: &Bed) -> Result<()> {
    let document = bed.main()?.get("/openapi.json")?.expect(200)?.json()?;
    compare(bed, "openapi", &alike::openapi(&document))
}

fn answers(bed: &Bed) -> Result<()> {
    // Nothing is in a store of its own that would make pages differ from run to run.
    let instance = bed.start(&Settings::new().set("CORS_ALLOWED_ORIGINS", "https://app.example.com"))?;
    let item = items::create(&instance, "alike")?;
    let (path, tag) = (items::path(&item), items::etag(&instance, &item)?);
    let absent = format!("{ITEMS}/01890000-0000-7000-8000-000000000000");
    let post = |body| Request::json("POST", ITEMS, &body);
    let patch = |body| Request::json("PATCH", &path, &body);
    let requests = [
        ("live", Request::get("/live")),
        ("ready", Request::get("/ready")),
        ("health", Request::get("/health")),
        ("probe with another method", Request::new("POST", "/live")),
        ("nothing there", Request::get("/nowhere")),
        ("create", post(json!({ "name": "a", "description": "b" }))),
        ("create, two fields wrong", post(json!({ "name": "", "other": 1 }))),
        ("create, name of another type", post(json!({ "name": 1 }))),
        ("create, no object", post(json!([]))),
        (
            "create, no JSON",
            Request::new("POST", ITEMS).body("application/json", b"{"),
        ),
        (
            "create, another type",
            Request::new("POST", ITEMS).body("text/plain", b"x"),
        ),
        (
            "create, too large",
            Request::new("POST", ITEMS).body("application/json", &vec![b' '; 1_048_577]),
        ),
        ("read", Request::get(&path)),
        ("read again", Request::get(&path)),
        (
            "read by a browser",
            Request::get(&path).header("Origin", "https://app.example.com"),
        ),
        (
            "ask before a write",
            Request::new("OPTIONS", &path)
                .header("Origin", "https://app.example.com")
                .header("Access-Control-Request-Method", "PATCH"),
        ),
        ("read, known", Request::get(&path).header("If-None-Match", &tag)),
        ("head", Request::new("HEAD", &path)),
        ("read, absent", Request::get(&absent)),
        ("read, another shape", Request::get(&format!("{ITEMS}/x"))),
        ("change", patch(json!({ "description": null }))),
        ("change, stale", patch(json!({ "name": "c" })).header("If-Match", &tag)),
        ("change nothing", patch(json!({}))),
        (
            "change, absent",
            Request::json("PATCH", &absent, &json!({ "name": "c" })),
        ),
        ("replace", Request::json("PUT", &path, &json!({}))),
        ("list", Request::get(&format!("{ITEMS}?limit=1"))),
        ("list, limit wrong", Request::get(&format!("{ITEMS}?limit=0"))),
        ("list, cursor wrong", Request::get(&format!("{ITEMS}?cursor=x"))),
        ("delete", Request::new("DELETE", &path)),
        ("delete, absent", Request::new("DELETE", &path)),
        ("description", Request::new("HEAD", "/openapi.json")),
    ];
    let mut shown = String::new();
    for (what, request) in requests {
        let answer = instance.send(&request).with_context(|| what.to_owned())?;
        shown += &format!("# {what}: {}\n{}\n", request.method, alike::answer(&answer));
    }
    let behind_proxy = Settings::new()
        .set("TRUSTED_PROXIES", "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,127.0.0.0/8")
        .set("RATE_LIMIT_PER_MINUTE", "1");
    let limited = bed.start(&behind_proxy)?;
    // An address of its own, since the cache counts for all instances.
    let request = Request::get(&format!("{ITEMS}?limit=0")).header("X-Forwarded-For", "198.51.100.77");
    for what in ["within the limit", "over the limit"] {
        let answer = limited.send(&request)?;
        shown += &format!("# {what}\n{}\n", alike::answer(&answer));
    }
    let page = limited.get_private("/nowhere")?;
    shown += &format!("# private listener, nothing there: {}\n", page.status);
    compare(bed, "answers", &shown)
}

fn metrics(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let item = items::create(&instance, "measured")?;
    instance.get(&items::path(&item))?.expect(200)?;
    instance.get("/nowhere")?.expect(404)?;
    compare(
        bed,
        "metrics",
        &alike::metrics(&instance.get_private("/metrics")?.text()),
    )
}

fn logs(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let item = items::create(&instance, "logged")?;
    instance.get(&items::path(&item))?.expect(200)?;
    instance.get("/nowhere")?.expect(404)?;
    items::post_raw(&instance, b"{")?.expect(400)?;
    instance.signal("TERM")?;
    instance.wait(Duration::from_secs(20))?;
    compare(bed, "logs", &alike::logs(&instance.logs()?.lines()?))
}

fn configuration(bed: &Bed) -> Result<()> {
    let bad = [
        ("APP_ENV", ""),
        ("PORT", "0x10"),
        ("METRICS_PORT", "70000"),
        ("LOG_LEVEL", "loud"),
        ("REQUEST_TIMEOUT_SECONDS", "-1"),
        ("BODY_LIMIT_BYTES", "many"),
        ("RATE_LIMIT_PER_MINUTE", "1.5"),
        ("TRUSTED_PROXIES", "10.0.0.0/40"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example.com/path"),
        ("READY_CHECKS", "sometimes"),
        ("SHUTDOWN_GRACE_SECONDS", "x"),
        ("FEATURE_LINK_HEADER", "yes"),
        ("DATABASE_URL", "mysql://user:sekret@host/name"),
        ("DATABASE_TLS", "prefer"),
        ("DATABASE_POOL_MAX", "0"),
        ("REDIS_URL", "http://host"),
    ];
    let settings = bad
        .iter()
        .fold(Settings::new(), |settings, (name, value)| settings.set(name, value));
    let output = bed.run(&[], &settings, 30)?;
    let mut shown = format!("exit status {}\n", output.code);
    for line in output.stdout.lines() {
        let line: serde_json::Value = serde_json::from_str(line)?;
        let message = line["message"].as_str().unwrap_or_default();
        shown += &format!("{}: {message}\n", line["level"].as_str().unwrap_or("–"));
    }
    // The database's kind names its own schemes.
    let mut kept: Vec<&str> = shown.lines().filter(|line| !line.contains("DATABASE_URL")).collect();
    kept.sort_unstable();
    compare(bed, "configuration", &(kept.join("\n") + "\n"))
}
