//! §3: logs. The checks over "every line" read what all instances of the stack wrote; they run last.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::http::Request;
use crate::conform::instance::{Instance, message};
use crate::conform::items::{self, ITEMS};
use crate::conform::pace;
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new(
        "logs.access-line",
        "3",
        "One access line per request, with its fields",
        When::Always,
        access_line,
    ),
    Check::new("logs.probes-debug", "3", "probes at `debug`", When::Always, probes).once(),
    Check::new(
        "logs.level",
        "1",
        "`LOG_LEVEL`: `debug`, `info`, `warn`, `error`",
        When::Always,
        level,
    )
    .once(),
    Check::new(
        "logs.life-cycle",
        "3",
        "Start, ready, shutting down and stopped are logged",
        When::Always,
        life_cycle,
    ),
    Check::new(
        "logs.crash",
        "3",
        "One JSON object a line on stdout, the framework's and a crash's included",
        When::Always,
        crash,
    )
    .once(),
    Check::new(
        "logs.error-fields",
        "3",
        "for an error `error.type`, `error.message`, `error.stack`",
        When::Database,
        error_fields,
    ),
    Check::new(
        "logs.no-secrets",
        "3",
        "No secrets, no bodies, no query strings",
        When::Always,
        no_secrets,
    ),
];

/// The checks over everything that was written.
pub const LAST: &[Check] = &[
    Check::new(
        "logs.every-line",
        "3",
        "One JSON object a line on stdout: `timestamp` (RFC 3339, UTC), `level`, `message`, `service`, `version`, `env`",
        When::Always,
        every_line,
    ),
    Check::new(
        "logs.never-a-secret",
        "3",
        "No secrets in any line of the whole run",
        When::Always,
        never_a_secret,
    ),
];

/// Milliseconds of the day in an RFC 3339 time, for differences within a day.
pub fn milliseconds(time: &str) -> Result<f64> {
    let clock = time.split('T').nth(1).context("no time of day")?.trim_end_matches('Z');
    let mut parts = clock.split(':').map(str::parse::<f64>);
    let mut next = || parts.next().context("short time")?.context("no number");
    Ok((next()? * 3600.0 + next()? * 60.0 + next()?) * 1e3)
}

/// The access lines of a request id.
fn access<'a>(lines: &'a [Value], id: &str) -> Vec<&'a Value> {
    let lines = lines.iter();
    lines
        .filter(|line| line["request_id"] == id && !line["duration_ms"].is_null())
        .collect()
}

fn after_writing(instance: &Instance) -> Result<Vec<Value>> {
    pace::pause(std::time::Duration::from_millis(200));
    instance.logs()?.lines()
}

fn access_line(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let item = items::create(&instance, "logged")?;
    let path = items::path(&item);
    let pattern = "/api/v1/items/{id}";
    let cases = [
        ("log-1", Request::get(&path), 200, pattern),
        ("log-2", Request::get(&format!("{ITEMS}?limit=3")), 200, ITEMS),
        ("log-3", Request::get("/nowhere"), 404, "unmatched"),
        ("log-4", Request::json("POST", ITEMS, &json!({})), 422, ITEMS),
        (
            "log-5",
            Request::new("POST", ITEMS).body("application/json", b"{"),
            400,
            ITEMS,
        ),
        ("log-6", Request::new("PUT", ITEMS), 405, ""),
        ("log-7", Request::new("HEAD", &path), 200, pattern),
        ("log-8", Request::new("DELETE", &path), 204, pattern),
    ];
    for (id, request, status, _) in &cases {
        let request = request.clone().header("X-Request-ID", id);
        instance.send(&request)?.expect(*status).context(*id)?;
    }
    let lines = after_writing(&instance)?;
    for (id, request, status, route) in &cases {
        let found = access(&lines, id);
        ensure!(
            found.len() == 1,
            "{} access lines for {} {}",
            found.len(),
            request.method,
            request.target
        );
        let line = found[0];
        ensure!(line["method"] == request.method.as_str(), "method: {line}");
        ensure!(line["status"] == *status, "status: {line}");
        let bare = request.target.split('?').next().unwrap_or("");
        ensure!(line["path"] == bare, "path: {line}");
        ensure!(route.is_empty() || line["route"] == *route, "route: {line}");
        ensure!(line["duration_ms"].is_number(), "duration_ms: {line}");
        let client = line["client_address"].as_str().unwrap_or("");
        ensure!(client.parse::<std::net::IpAddr>().is_ok(), "client_address: {line}");
        ensure!(line["level"] == "info" || *status >= 400, "level: {line}");
    }
    Ok(())
}

fn probes(bed: &Bed) -> Result<()> {
    let count = |level: &str| -> Result<(usize, Vec<Value>)> {
        let instance = bed.start(&Settings::new().set("LOG_LEVEL", level))?;
        for probe in ["/live", "/ready", "/health"] {
            instance
                .send(&Request::get(probe).header("X-Request-ID", "probe"))?
                .expect(200)?;
        }
        let lines = after_writing(&instance)?;
        let found: Vec<Value> = access(&lines, "probe").into_iter().cloned().collect();
        Ok((found.len(), found))
    };
    let (at_info, lines) = count("info")?;
    ensure!(at_info == 0, "a probe is logged at info: {}", lines[0]);
    let (at_debug, lines) = count("debug")?;
    ensure!(at_debug == 3, "{at_debug} of 3 probes are logged at debug");
    ensure!(
        lines.iter().all(|line| line["level"] == "debug"),
        "level of a probe: {}",
        lines[0]
    );
    Ok(())
}

fn level(bed: &Bed) -> Result<()> {
    for level in ["warn", "error"] {
        let instance = bed.start(&Settings::new().set("LOG_LEVEL", level))?;
        instance
            .send(&Request::get(ITEMS).header("X-Request-ID", "quiet"))?
            .expect(200)?;
        let lines = after_writing(&instance)?;
        let quiet = |line: &&Value| line["level"] == "info" || line["level"] == "debug";
        let loud = lines.iter().find(quiet);
        ensure!(loud.is_none(), "LOG_LEVEL={level} still writes {loud:?}");
    }
    Ok(())
}

fn life_cycle(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    instance.signal("TERM")?;
    instance.wait(std::time::Duration::from_secs(10))?;
    let lines = instance.logs()?.lines()?;
    let messages: Vec<String> = lines.iter().map(|line| message(line).to_lowercase()).collect();
    let place = |words: &[&str]| {
        messages
            .iter()
            .position(|message| words.iter().any(|word| message.contains(word)))
    };
    let start = place(&["start", "listening"]).context("start is not logged")?;
    let ready = place(&["ready"]).context("ready is not logged")?;
    let ending = place(&["shutting down", "shutdown"]).context("shutting down is not logged")?;
    let stopped = place(&["stopped"]).context("stopped is not logged")?;
    ensure!(
        start <= ready && ready < ending && ending < stopped,
        "out of order: {messages:?}"
    );
    ensure!(stopped + 1 == messages.len(), "something after `stopped`: {messages:?}");
    Ok(())
}

/// An address that is not the container's: listening fails after the configuration was found good.
fn crash(bed: &Bed) -> Result<()> {
    let output = bed.run(&[], &Settings::new().set("HOST", "203.0.113.7"), 20)?;
    ensure!(output.code != 0, "exit status 0 though it cannot listen");
    ensure!(
        !output.stdout.trim().is_empty(),
        "nothing on stdout; stderr: {}",
        output.stderr
    );
    ensure!(output.stderr.trim().is_empty(), "on stderr: {}", output.stderr);
    for line in output.stdout.lines().filter(|line| !line.is_empty()) {
        let value: Value = serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))?;
        complete(&value)?;
    }
    ensure!(output.stdout.contains("\"error\""), "no error line: {}", output.stdout);
    Ok(())
}

/// A member that is written `error.type` or as `error: {type}`.
fn error_member(line: &Value, name: &str) -> bool {
    line["error"][name].is_string() || line[format!("error.{name}")].is_string()
}

fn error_fields(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let database = bed.database()?;
    database.kill()?;
    let answered = instance.send(&Request::get(ITEMS).header("X-Request-ID", "failing"));
    std::thread::sleep(std::time::Duration::from_secs(3));
    database.start()?;
    items::problem(&answered?, 503)?;
    let lines = after_writing(&instance)?;
    let with_error: Vec<&Value> = lines
        .iter()
        .filter(|line| error_member(line, "message") || !line["error"].is_null())
        .collect();
    ensure!(!with_error.is_empty(), "an outage of the database leaves no error line");
    for line in with_error {
        for name in ["type", "message"] {
            ensure!(error_member(line, name), "no error.{name}: {line}");
        }
    }
    let stack = lines.iter().any(|line| error_member(line, "stack"));
    ensure!(stack, "no line has error.stack");
    Ok(())
}

fn no_secrets(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("LOG_LEVEL", "debug"))?;
    let body = json!({ "name": "sekret-body", "description": "sekret-body" });
    let item = items::post(&instance, &body)?.expect(201)?.json()?;
    let requests = [
        Request::get(&format!("{ITEMS}?limit=2&token=sekret-query")),
        Request::get(&format!("{}?password=sekret-query", items::path(&item))),
        Request::get("/nowhere?access_token=sekret-query"),
        Request::get(ITEMS)
            .header("Authorization", "Bearer sekret-header")
            .header("Cookie", "session=sekret-header")
            .header("X-Api-Key", "sekret-header"),
        Request::json("POST", ITEMS, &json!({ "name": ["sekret-body"] })),
        Request::new("POST", ITEMS).body("application/json", b"{\"name\": sekret-body"),
        Request::json("POST", ITEMS, &json!({ "name": "x" })).header("Idempotency-Key", "sekret-header"),
    ];
    for request in requests {
        let status = instance.send(&request)?.status;
        ensure!(status < 500, "{} {} answers {status}", request.method, request.target);
    }
    pace::pause(std::time::Duration::from_millis(200));
    let logs = instance.logs()?;
    for secret in ["sekret-query", "sekret-header", "sekret-body"] {
        let line = logs
            .stdout
            .lines()
            .chain(logs.stderr.lines())
            .find(|line| line.contains(secret));
        ensure!(line.is_none(), "{secret} in the log: {}", line.unwrap_or_default());
    }
    Ok(())
}

fn complete(line: &Value) -> Result<()> {
    for name in ["timestamp", "level", "message", "service", "version", "env"] {
        // A start that is refused for its APP_ENV has none to tell.
        let untold = name == "env" && line.to_string().contains("APP_ENV");
        ensure!(line[name].is_string() || untold, "no `{name}`: {line}");
    }
    let time = line["timestamp"].as_str().unwrap_or("");
    ensure!(
        time.len() >= 20 && time.ends_with('Z') && time.as_bytes()[10] == b'T',
        "timestamp {time}"
    );
    let level = line["level"].as_str().unwrap_or("");
    let known = ["debug", "info", "warn", "error", "fatal"].contains(&level);
    ensure!(known, "level {level}");
    Ok(())
}

fn every_line(bed: &Bed) -> Result<()> {
    let mut count = 0;
    for logs in bed.archive.all() {
        ensure!(
            logs.stderr.trim().is_empty(),
            "on stderr: {}",
            crate::process::tail(&logs.stderr, 300)
        );
        for line in logs.lines()? {
            complete(&line)?;
            count += 1;
        }
    }
    ensure!(count > 0, "no lines at all");
    Ok(())
}

/// Passwords that checks set, and markers that they send.
fn never_a_secret(bed: &Bed) -> Result<()> {
    for logs in bed.archive.all() {
        for line in logs.stdout.lines().chain(logs.stderr.lines()) {
            ensure!(!line.contains("sekret"), "a secret in the log: {line}");
        }
    }
    Ok(())
}
