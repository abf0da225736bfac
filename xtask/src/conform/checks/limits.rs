//! §1, §2: the rate limit and the size of a body.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::http::{Request, Response};
use crate::conform::instance::Instance;
use crate::conform::items::{self, ITEMS};
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new(
        "limits.body",
        "1",
        "`BODY_LIMIT_BYTES`: a larger body is answered 413, chunked ones too",
        When::Always,
        body,
    ),
    Check::new(
        "limits.rate",
        "1, 2",
        "`RATE_LIMIT_PER_MINUTE`: for each client address on `/api`; 429 carries `Retry-After`",
        When::Always,
        rate,
    ),
    Check::new(
        "limits.probes-exempt",
        "2",
        "Probes are exempt",
        When::Always,
        probes_exempt,
    )
    .once(),
    Check::new("limits.off", "1", "`0` switches it off", When::Always, off),
    Check::new(
        "limits.untrusted-header",
        "1",
        "`TRUSTED_PROXIES` none: `X-Forwarded-For` is not believed",
        When::Always,
        untrusted_header,
    )
    .once(),
    Check::new(
        "limits.trusted-proxies",
        "1",
        "`TRUSTED_PROXIES`: the client address is the right-most untrusted one of `X-Forwarded-For`",
        When::Always,
        trusted_proxies,
    )
    .once(),
    Check::new("limits.ipv6-64", "1", "IPv6 counts by /64", When::Always, ipv6).once(),
    Check::new(
        "limits.across-instances",
        "2",
        "the rate limit counts in the cache, so across instances",
        When::Cache,
        across_instances,
    ),
    Check::new(
        "limits.memory-fallback",
        "2",
        "the limiter falls back to memory when the cache is down",
        When::Cache,
        memory_fallback,
    ),
];

/// A limit of so many, behind a proxy on any private network: each check takes addresses of its own.
fn behind_proxy(limit: u32) -> Settings {
    Settings::new().set("RATE_LIMIT_PER_MINUTE", &limit.to_string()).set(
        "TRUSTED_PROXIES",
        "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,127.0.0.0/8,203.0.113.250/32",
    )
}

fn from(instance: &Instance, address: &str) -> Result<Response> {
    instance.send(&Request::get(&format!("{ITEMS}?limit=1")).header("X-Forwarded-For", address))
}

/// How many of `count` requests of a client are answered 200; the rest must be 429.
fn passed(instance: &Instance, address: &str, count: usize) -> Result<usize> {
    let mut passed = 0;
    for _ in 0..count {
        let answer = from(instance, address)?;
        match answer.status {
            200 => passed += 1,
            429 => drop(items::problem(&answer, 429)?),
            other => anyhow::bail!("status {other}: {}", answer.short()),
        }
    }
    Ok(passed)
}

fn body(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("BODY_LIMIT_BYTES", "1000"))?;
    let sized = |bytes: usize| {
        let frame = r#"{"name":"x","description":""}"#.len();
        format!(r#"{{"name":"x","description":"{}"}}"#, "y".repeat(bytes - frame))
    };
    items::post_raw(&instance, sized(1000).as_bytes())?
        .expect(201)
        .context("1000 bytes")?;
    let over = sized(1001);
    items::problem(&items::post_raw(&instance, over.as_bytes())?, 413)?;
    let chunks = format!("{:x}\r\n{over}\r\n0\r\n\r\n", over.len());
    let mut chunked = Request::new("POST", ITEMS).header("Transfer-Encoding", "chunked");
    chunked = chunked.body("application/json", chunks.as_bytes());
    items::problem(&instance.send(&chunked)?, 413).context("a chunked body")?;
    let main = bed.main()?;
    let default = format!(r#"{{"name":"x"{}}}"#, " ".repeat(1_048_576 - 12));
    items::post_raw(main, default.as_bytes())?
        .expect(201)
        .context("the default's 1 048 576 bytes")?;
    Ok(())
}

fn rate(bed: &Bed) -> Result<()> {
    let instance = bed.start(&behind_proxy(5))?;
    ensure!(passed(&instance, "198.51.100.1", 9)? == 5, "not 5 of 9 pass");
    let refused = from(&instance, "198.51.100.1")?;
    items::problem(&refused, 429)?;
    let wait = refused.header("retry-after").context("no Retry-After")?;
    let wait: u64 = wait.parse().context("Retry-After is no number of seconds")?;
    ensure!((1..=60).contains(&wait), "Retry-After is {wait}");
    ensure!(
        passed(&instance, "198.51.100.2", 5)? == 5,
        "another client is limited too"
    );
    let metrics = instance.get_private("/metrics")?.text();
    let count = super::metrics::sum(&metrics, "rate_limited_total", &[]);
    ensure!(count == Some(5.0), "rate_limited_total is {count:?}");
    Ok(())
}

fn probes_exempt(bed: &Bed) -> Result<()> {
    let instance = bed.start(&behind_proxy(1))?;
    passed(&instance, "198.51.100.3", 3)?;
    for path in ["/live", "/ready", "/health"].repeat(4) {
        let answer = instance.send(&Request::get(path).header("X-Forwarded-For", "198.51.100.3"))?;
        answer.expect(200).context(path)?;
    }
    instance.get_private("/metrics")?.expect(200)?;
    Ok(())
}

fn off(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    for _ in 0..700 {
        instance.get("/api/v1/items/x")?.expect(404)?;
    }
    Ok(())
}

fn untrusted_header(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("RATE_LIMIT_PER_MINUTE", "5"))?;
    let mut statuses = Vec::new();
    for number in 0..9 {
        statuses.push(from(&instance, &format!("198.51.100.{number}"))?.status);
    }
    ensure!(
        statuses.contains(&429),
        "a new address a request evades the limit: {statuses:?}"
    );
    Ok(())
}

fn trusted_proxies(bed: &Bed) -> Result<()> {
    let instance = bed.start(&behind_proxy(4))?;
    // What the client itself wrote stands further left and must not count.
    for number in 0..4 {
        from(&instance, &format!("192.0.2.{number}, 198.51.100.20"))?.expect(200)?;
    }
    items::problem(&from(&instance, "192.0.2.77, 198.51.100.20")?, 429)?;
    // Trusted hops on the right are skipped.
    let hops = from(&instance, "198.51.100.20, 203.0.113.250, 10.1.2.3")?;
    items::problem(&hops, 429).context("behind two trusted hops")?;
    from(&instance, "198.51.100.20, 198.51.100.21")?.expect(200)?;
    for odd in [
        "",
        "unknown",
        "198.51.100.30:8080",
        "[2001:db8::1]:80",
        ",,,",
        "a, b",
        "999.1.1.1",
    ] {
        let status = from(&instance, odd)?.status;
        ensure!(
            [200, 429].contains(&status),
            "`X-Forwarded-For: {odd}` answers {status}"
        );
    }
    from(&instance, "198.51.100.40")?.expect(200)?;
    let logged = |logs: &crate::conform::instance::Logs| {
        logs.readable()
            .iter()
            .any(|line| line["client_address"] == "198.51.100.40")
    };
    instance.until("client_address in the log", Duration::from_secs(3), |it| {
        it.logs().is_ok_and(|logs| logged(&logs))
    })?;
    Ok(())
}

fn ipv6(bed: &Bed) -> Result<()> {
    let instance = bed.start(&behind_proxy(4))?;
    for host in ["1", "2", "ffff:0:0:1", "abcd:ef01:2345:6789"] {
        let address = if host.contains(':') {
            format!("2001:db8:1:2:{host}")
        } else {
            format!("2001:db8:1:2::{host}")
        };
        from(&instance, &address)?.expect(200).context(address)?;
    }
    items::problem(&from(&instance, "2001:db8:1:2::9")?, 429).context("the fifth of one /64")?;
    from(&instance, "2001:db8:1:3::1")?.expect(200).context("another /64")?;
    Ok(())
}

fn across_instances(bed: &Bed) -> Result<()> {
    let (first, second) = (bed.start(&behind_proxy(6))?, bed.start(&behind_proxy(6))?);
    let client = "198.51.100.60";
    let sum = passed(&first, client, 4)? + passed(&second, client, 8)?;
    ensure!(sum == 6, "{sum} of 12 pass two instances");
    Ok(())
}

fn memory_fallback(bed: &Bed) -> Result<()> {
    let instance = bed.start(&behind_proxy(5))?;
    let cache = bed.cache()?;
    cache.kill()?;
    let through = passed(&instance, "198.51.100.70", 12);
    cache.start()?;
    let through = through?;
    ensure!(
        (5..=6).contains(&through),
        "{through} of 12 pass while the cache is down"
    );
    instance.until("the cache again", Duration::from_secs(10), |it| {
        let body = it.get("/health").and_then(|answer| answer.json());
        body.is_ok_and(|body| body["checks"]["cache"]["status"] == json!("healthy"))
    })?;
    Ok(())
}
