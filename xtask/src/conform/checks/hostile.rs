//! §2: no request, however odd, is answered 500; and what a busy service measures.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::docker;
use crate::conform::fuzz::{self, Dice};
use crate::conform::http::{Connection, Request};
use crate::conform::items::{self, ITEMS};
use crate::conform::load::{Load, Reuse, at_once};
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new(
        "hostile.10000",
        "2",
        "No request, however odd, is answered 500: 10 000 hostile ones, no answer of 5xx, no crash",
        When::Always,
        ten_thousand,
    ),
    Check::new(
        "hostile.smuggling",
        "2",
        "A request with two framings is refused or read as one, never as two",
        When::Always,
        smuggling,
    )
    .once(),
    Check::new(
        "load.measured",
        "2",
        "A small closed loop on the items API loses no request",
        When::Always,
        measured,
    )
    .alone(),
];

const SEED: u64 = 0x0b0a_77a5;
const THREADS: usize = 4;

fn ten_thousand(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let started = docker::inspect(&instance.name)?["State"]["StartedAt"].clone();
    let address = instance.public;
    let sums = at_once(THREADS, |thread| {
        attack(address, SEED + thread as u64, 10_000 / THREADS)
    });
    let sums = sums.with_context(|| instance.last_words())?;
    let answered: usize = sums.iter().sum();
    ensure!(answered > 5000, "only {answered} of 10 000 were answered");
    let state = docker::inspect(&instance.name)?;
    ensure!(
        state["State"]["Running"] == true,
        "it crashed; {}",
        instance.last_words()
    );
    ensure!(state["State"]["StartedAt"] == started, "it was restarted");
    instance.get("/live")?.expect(200)?;
    items::create(&instance, "after the storm")?;
    let lines = instance.logs()?.lines()?;
    let bad = lines
        .iter()
        .find(|line| line["status"].as_u64().is_some_and(|status| status >= 500));
    ensure!(
        bad.is_none(),
        "a 5xx in the log: {}",
        bad.map(ToString::to_string).unwrap_or_default()
    );
    let error = lines.iter().find(|line| line["level"] == "error");
    ensure!(
        error.is_none(),
        "an error in the log: {}",
        error.map(ToString::to_string).unwrap_or_default()
    );
    Ok(())
}

/// 501 and 505 blame what the request asks of HTTP itself; any other 5xx blames the service.
fn is_failure(status: u16) -> bool {
    status >= 500 && ![501, 505].contains(&status)
}

/// Sends `count` hostile requests; how many were answered. Fails on the first answer of 5xx.
fn attack(address: SocketAddr, seed: u64, count: usize) -> Result<usize> {
    let (mut dice, mut answered) = (Dice::new(seed), 0);
    let mut kept: Option<Connection> = None;
    for number in 0..count {
        if dice.below(4) == 0 {
            kept = None;
            let bytes = fuzz::raw_bytes(&mut dice);
            for status in raw_answers(address, &bytes)? {
                answered += 1;
                if is_failure(status) {
                    bail!("{status} for bytes {number} of seed {seed:#x}: {}", shown(&bytes));
                }
            }
            continue;
        }
        let request = fuzz::odd_request(&mut dice);
        let reused = kept.is_some();
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Connection::open(address).context("it takes no more connections")?,
        };
        // What asks for another protocol or gives a wrong length may well leave us waiting.
        connection.patience(Duration::from_millis(400))?;
        let Ok(answer) = connection.send(&request) else {
            if reused {
                kept = None;
            }
            continue;
        };
        answered += 1;
        if is_failure(answer.status) {
            bail!(
                "{} for request {number} of seed {seed:#x}: {}",
                answer.status,
                shown(&request.bytes())
            );
        }
        let framed = !request.headers.iter().any(|(name, _)| {
            ["content-length", "connection", "expect", "upgrade"].contains(&name.to_ascii_lowercase().as_str())
        });
        if framed && !answer.closes() && request.method != "CONNECT" {
            kept = Some(connection);
        }
    }
    Ok(answered)
}

/// The statuses of all answers to raw bytes.
fn raw_answers(address: SocketAddr, bytes: &[u8]) -> Result<Vec<u16>> {
    let mut stream = TcpStream::connect(address).context("it takes no more connections")?;
    let _ = stream.write_all(bytes);
    let mut text = Vec::new();
    // First as a client that waits, then as one that has nothing more to say.
    for (patience, ends) in [(80, false), (400, true)] {
        stream.set_read_timeout(Some(Duration::from_millis(patience)))?;
        if ends && stream.shutdown(Shutdown::Write).is_err() {
            break;
        }
        let mut buffer = [0; 8192];
        while let Ok(read) = stream.read(&mut buffer) {
            if read == 0 {
                break;
            }
            text.extend_from_slice(&buffer[..read]);
        }
        if !text.is_empty() {
            break;
        }
    }
    let text = String::from_utf8_lossy(&text);
    let statuses = text
        .split("HTTP/1.1 ")
        .skip(1)
        .filter_map(|rest| rest.get(..3)?.parse().ok());
    Ok(statuses.collect())
}

fn shown(bytes: &[u8]) -> String {
    let text: String = bytes.escape_ascii().take(500).map(char::from).collect();
    text
}

fn smuggling(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let hidden = "GET /api/v1/items?limit=1 HTTP/1.1\r\nHost: x\r\nX-Request-ID: smuggled\r\n\r\n";
    let length = hidden.len();
    let post = "POST /api/v1/items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    // With both framings the chunks count (RFC 9112, 6.3): what follows them may be a request of its own.
    let two_framings = [
        format!(
            "{post}Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
            length + 5
        ),
        format!(
            "{post}Transfer-Encoding: chunked\r\nContent-Length: {}\r\n\r\n0\r\n\r\n{hidden}",
            length + 5
        ),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n1;\n{{\r\n0\r\n\r\n{hidden}"),
    ];
    for shape in &two_framings {
        let statuses = raw_answers(instance.public, shape.as_bytes())?;
        ensure!(
            !statuses.iter().any(|status| is_failure(*status)),
            "{statuses:?} for {}",
            shown(shape.as_bytes())
        );
    }
    let from = instance.logs()?.stdout.len();
    let shapes = [
        format!("{post}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("{post}Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding : chunked\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}"),
        format!("{post}Content-Length: +0\r\n\r\n{hidden}"),
        format!("{post}Content-Length: 0x0\r\n\r\n{hidden}"),
        format!("{post}X: y\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding:\u{b}chunked\r\nContent-Length: {length}\r\n\r\n{hidden}"),
    ];
    for shape in &shapes {
        let statuses = raw_answers(instance.public, shape.as_bytes())?;
        ensure!(
            !statuses.iter().any(|status| is_failure(*status)),
            "{statuses:?} for {}",
            shown(shape.as_bytes())
        );
        std::thread::sleep(Duration::from_millis(40));
        let logs = instance.logs()?.stdout;
        let passed = logs.get(from..).unwrap_or_default().contains("\"smuggled\"");
        ensure!(!passed, "the hidden request was answered: {}", shown(shape.as_bytes()));
    }
    instance.get("/live")?.expect(200)?;
    Ok(())
}

fn measured(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let made: Result<Vec<String>> = (0..50)
        .map(|number| Ok(items::path(&items::create(&instance, &format!("load {number}"))?)))
        .collect();
    let paths = made?;
    let make = move |number: usize| match number % 10 {
        0 => Request::json("POST", ITEMS, &json!({ "name": "load", "description": "a few words" })),
        1 => Request::get(&format!("{ITEMS}?limit=20")),
        _ => Request::get(&paths[number % paths.len()]),
    };
    let accept = |answer: &crate::conform::http::Response| [200, 201].contains(&answer.status);
    let warm = Load::start(instance.public, 8, Reuse::KeepAlive, make.clone(), accept);
    std::thread::sleep(Duration::from_secs(2));
    warm.stop();
    let load = Load::start(instance.public, 8, Reuse::KeepAlive, make, accept);
    std::thread::sleep(Duration::from_secs(5));
    let (tally, seconds) = load.stop();
    tally.none_lost()?;
    bed.measure("items requests/s", tally.answered as f64 / seconds);
    bed.measure("p50 ms", tally.percentile(0.5).as_secs_f64() * 1e3);
    bed.measure("p99 ms", tally.percentile(0.99).as_secs_f64() * 1e3);
    Ok(())
}
