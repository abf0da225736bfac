//! §2: response headers, request ids, origins and connections.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::http::Request;
use crate::conform::items::{self, ITEMS};
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new(
        "headers.security",
        "2",
        "Response headers that Helmet would set for an API (nosniff, `default-src 'none'`, referrer policy, no-store; HSTS belongs to the TLS end)",
        When::Always,
        security,
    ),
    Check::new(
        "headers.no-banner",
        "2",
        "no `Server`/`X-Powered-By` banner",
        When::Always,
        banner,
    ),
    Check::new(
        "headers.request-id",
        "2",
        "`X-Request-ID` is taken from the request when it is `[A-Za-z0-9._-]{1,128}` (else made), echoed",
        When::Always,
        request_id,
    )
    .once(),
    Check::new(
        "headers.cors",
        "1",
        "`CORS_ALLOWED_ORIGINS`: exact origins; none by default",
        When::Always,
        cors,
    )
    .once(),
    Check::new(
        "connections.keep-alive",
        "2",
        "Connections are kept and used again",
        When::Always,
        keep_alive,
    ),
    Check::new(
        "connections.slow-headers",
        "2",
        "headers must arrive within 10 s",
        When::Always,
        slow_headers,
    )
    .once(),
];

/// It is asked at the end of the run about a connection of its beginning.
pub const LAST: &[Check] = &[Check::new(
    "connections.idle-75",
    "2",
    "idle ones are kept 75 s",
    When::Always,
    idle,
)];

fn answers(bed: &Bed) -> Result<Vec<(String, crate::conform::http::Response)>> {
    let instance = bed.main()?;
    let item = items::create(instance, "headers")?;
    let mut all = Vec::new();
    for path in [
        "/live",
        "/ready",
        "/health",
        "/openapi.json",
        ITEMS,
        &items::path(&item),
        "/nowhere",
    ] {
        all.push((path.to_owned(), instance.get(path)?));
    }
    all.push(("405".to_owned(), instance.send(&Request::new("DELETE", "/live"))?));
    all.push(("400".to_owned(), items::post_raw(instance, b"{")?));
    all.push((
        "415".to_owned(),
        instance.send(&Request::new("POST", ITEMS).body("a/b", b"x"))?,
    ));
    Ok(all)
}

fn security(bed: &Bed) -> Result<()> {
    for (what, answer) in answers(bed)? {
        let header = |name: &str| answer.header(name).unwrap_or("").to_owned();
        ensure!(header("x-content-type-options") == "nosniff", "{what}: no nosniff");
        let policy = header("content-security-policy");
        ensure!(policy.contains("default-src 'none'"), "{what}: CSP is `{policy}`");
        ensure!(header("referrer-policy") == "no-referrer", "{what}: Referrer-Policy");
        ensure!(header("cache-control").contains("no-store"), "{what}: no no-store");
        ensure!(answer.header("strict-transport-security").is_none(), "{what}: has HSTS");
    }
    Ok(())
}

fn banner(bed: &Bed) -> Result<()> {
    for (what, answer) in answers(bed)? {
        for name in ["server", "x-powered-by", "via"] {
            ensure!(answer.header(name).is_none(), "{what}: has {name}");
        }
    }
    Ok(())
}

fn request_id(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let longest = "a".repeat(128);
    for good in ["abc", "A.b_c-9", &longest, "018f5c2e-0000-7000-8000-000000000000"] {
        let answer = instance.send(&Request::get("/nowhere").header("X-Request-ID", good))?;
        ensure!(answer.header("x-request-id") == Some(good), "`{good}` is not echoed");
        items::problem(&answer, 404)?;
    }
    let long = "a".repeat(129);
    let mut made = Vec::new();
    for bad in ["", "a b", "a;b", "é", "\"x\"", "{}", "<script>", &long, "a/b"] {
        let answer = instance.send(&Request::get("/live").header("X-Request-ID", bad))?;
        let id = answer.header("x-request-id").context("no X-Request-ID")?;
        ensure!(id != bad, "`{bad}` is taken");
        ensure!(!id.is_empty() && id.len() <= 128, "made `{id}`");
        made.push(id.to_owned());
    }
    made.sort();
    made.dedup();
    ensure!(made.len() == 9, "made ids repeat");
    Ok(())
}

fn cors(bed: &Bed) -> Result<()> {
    let allowed = "https://app.example.com";
    let origins = format!("{allowed},http://localhost:5173");
    let instance = bed.start(&Settings::new().set("CORS_ALLOWED_ORIGINS", &origins))?;
    let get = |origin: &str| instance.send(&Request::get(ITEMS).header("Origin", origin));
    let field = "access-control-allow-origin";
    for origin in [allowed, "http://localhost:5173"] {
        let answer = get(origin)?.expect(200)?;
        ensure!(answer.header(field) == Some(origin), "{origin} is not allowed");
        let vary = answer.header("vary").unwrap_or("").to_lowercase();
        ensure!(vary.contains("origin"), "no `Vary: Origin`");
    }
    let others = [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "http://app.example.com",
        "null",
    ];
    for origin in others {
        let seen = get(origin)?.expect(200)?;
        ensure!(seen.header(field).is_none(), "{origin} gets {:?}", seen.header(field));
    }
    let preflight = Request::new("OPTIONS", ITEMS)
        .header("Origin", allowed)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "content-type,idempotency-key");
    let answer = instance.send(&preflight)?;
    ensure!(
        [200, 204].contains(&answer.status),
        "preflight answers {}",
        answer.status
    );
    ensure!(
        answer.header(field) == Some(allowed),
        "preflight allows {:?}",
        answer.header(field)
    );
    let methods = answer.header("access-control-allow-methods").unwrap_or("");
    ensure!(
        methods.contains("POST") && methods.contains("PATCH"),
        "allowed methods: {methods}"
    );
    let closed = bed
        .main()?
        .send(&Request::get(ITEMS).header("Origin", allowed))?
        .expect(200)?;
    ensure!(closed.header(field).is_none(), "allowed though nothing is configured");
    Ok(())
}

fn keep_alive(bed: &Bed) -> Result<()> {
    let mut connection = bed.main()?.connect()?;
    for number in 0..50 {
        let path = ["/live", ITEMS, "/nowhere", "/ready"][number % 4];
        let answer = connection
            .send(&Request::get(path))
            .with_context(|| format!("request {number}"))?;
        ensure!(!answer.closes(), "{path} closes the connection");
    }
    connection.write(&[Request::get("/live").bytes(), Request::get("/nowhere").bytes()].concat())?;
    connection.read(false)?.expect(200).context("first of two pipelined")?;
    connection.read(false)?.expect(404).context("second of two pipelined")?;
    Ok(())
}

fn idle(bed: &Bed) -> Result<()> {
    let seconds = bed.idle_seconds()?;
    ensure!(
        (74.0..=90.0).contains(&seconds),
        "an idle connection was kept {seconds:.0} s"
    );
    Ok(())
}

fn slow_headers(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let started = Instant::now();
    let mut silent = instance.connect()?;
    let mut slow = instance.connect()?;
    slow.write(b"GET /live HTTP/1.1\r\nHost: orders.test\r\n")?;
    let mut ended = false;
    while started.elapsed() < Duration::from_secs(16) {
        std::thread::sleep(Duration::from_secs(1));
        if slow.write(b"X-Slow: 1\r\n").is_err() || slow.closed_within(Duration::from_millis(5))? {
            ended = true;
            break;
        }
    }
    let after = started.elapsed();
    ensure!(ended, "headers may still trickle in after {after:?}");
    ensure!(after > Duration::from_secs(8), "ended after {after:?} already");
    ensure!(
        silent.closed_within(Duration::from_secs(70))?,
        "a silent connection stays"
    );
    Ok(())
}
