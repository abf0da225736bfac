//! §2: traces.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When, cannot_run};
use crate::conform::http::Request;
use crate::conform::instance::Instance;
use crate::conform::items::{self, ITEMS};
use crate::conform::otlp::Receiver;
use crate::conform::pace;
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new(
        "tracing.traceparent",
        "2",
        "W3C `traceparent` is honoured; its ids are in the request's log lines",
        When::Always,
        traceparent,
    ),
    Check::new(
        "tracing.sampler",
        "2",
        "the sampler follows the parent; probes are not traced",
        When::Always,
        sampler,
    )
    .once(),
    Check::new(
        "tracing.flushed",
        "4",
        "exporters flush at the end: the spans of the last requests arrive",
        When::Always,
        flushed,
    )
    .once(),
    Check::new(
        "tracing.collector-away",
        "4",
        "A collector that does not answer delays nothing, the end neither (3 s at most)",
        When::Always,
        collector_away,
    )
    .once(),
    Check::new(
        "tracing.off",
        "1",
        "`OTEL_EXPORTER_OTLP_ENDPOINT` unset = no tracing",
        When::Always,
        off,
    )
    .once(),
];

const PARENT: &str = "00f067aa0ba902b7";

fn traced(bed: &Bed) -> Result<(Receiver, Instance)> {
    let receiver = Receiver::start(&bed.network)?;
    let instance = bed.start(&exporting(&receiver.endpoint))?;
    Ok((receiver, instance))
}

fn exporting(endpoint: &str) -> Settings {
    Settings::new()
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        .set("OTEL_SERVICE_NAME", "orders-conform")
        .set("OTEL_BSP_SCHEDULE_DELAY", "300")
        .flag("--add-host=host.docker.internal:host-gateway")
}

fn trace_id(number: u32) -> String {
    format!("4bf92f3577b34da6a3ce929d{number:08x}")
}

fn with_parent(path: &str, trace: &str, flags: &str) -> Request {
    Request::get(path).header("traceparent", &format!("00-{trace}-{PARENT}-{flags}"))
}

fn traceparent(bed: &Bed) -> Result<()> {
    let (receiver, instance) = traced(bed)?;
    let trace = trace_id(1);
    let item = items::create(&instance, "traced")?;
    let path = items::path(&item);
    let request = with_parent(&format!("{path}?token=sekret-in-query"), &trace, "01");
    instance
        .send(&request.header("X-Request-ID", "trace-me"))?
        .expect(200)?;
    let spans = receiver.trace(&trace, Duration::from_secs(8));
    if spans.is_empty() && receiver.spans().is_empty() {
        let words = instance.last_words();
        if words.contains("EHOSTUNREACH") || words.contains("no route to host") {
            return Err(cannot_run("containers cannot reach the host here"));
        }
    }
    ensure!(
        !spans.is_empty(),
        "no span of the given trace; {} others",
        receiver.spans().len()
    );
    let top = spans
        .iter()
        .find(|span| span.parent == PARENT)
        .context("no span below the given one")?;
    ensure!(top.service == "orders-conform", "service.name is {}", top.service);
    ensure!(
        top.name.contains("{id}") || top.name.contains(":id") || top.name == "GET",
        "span name {}",
        top.name
    );
    ensure!(
        !top.name.contains(path.rsplit('/').next().unwrap_or("?")),
        "an id in the name {}",
        top.name
    );
    for span in &spans {
        for (name, value) in &span.attributes {
            ensure!(
                !value.contains("sekret-in-query"),
                "{name} of {} holds the query",
                span.name
            );
        }
    }
    let ids: Vec<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let lines = instance.logs()?.lines()?;
    let access = lines
        .iter()
        .find(|line| line["request_id"] == "trace-me")
        .context("no access line")?;
    ensure!(access["trace_id"] == trace, "trace_id is {}", access["trace_id"]);
    let span = access["span_id"].as_str().unwrap_or("");
    ensure!(ids.contains(&span), "span_id {span} is none of {ids:?}");
    if bed.database.is_some() {
        let speaks = |(name, value): &(String, String)| {
            name.starts_with("db.system") && (value.starts_with("postgres") || value == "mongodb")
        };
        ensure!(
            spans.iter().any(|span| span.attributes.iter().any(speaks)),
            "no span of the database below the request"
        );
    }
    let garbage = Request::get(ITEMS).header("traceparent", "00-zzz-1-01");
    instance.send(&garbage)?.expect(200)?;
    Ok(())
}

fn sampler(bed: &Bed) -> Result<()> {
    let (receiver, instance) = traced(bed)?;
    let (unsampled, probed, sampled) = (trace_id(2), trace_id(3), trace_id(4));
    instance.send(&with_parent(ITEMS, &unsampled, "00"))?.expect(200)?;
    for probe in ["/live", "/ready", "/health"] {
        instance.send(&with_parent(probe, &probed, "01"))?.expect(200)?;
    }
    instance.send(&with_parent(ITEMS, &sampled, "01"))?.expect(200)?;
    ensure!(
        !receiver.trace(&sampled, Duration::from_secs(8)).is_empty(),
        "the sampled one is missing"
    );
    thread::sleep(Duration::from_millis(800));
    ensure!(
        receiver.trace(&unsampled, Duration::ZERO).is_empty(),
        "exported though its parent is not sampled"
    );
    ensure!(receiver.trace(&probed, Duration::ZERO).is_empty(), "probes are traced");
    Ok(())
}

fn flushed(bed: &Bed) -> Result<()> {
    let receiver = Receiver::start(&bed.network)?;
    let settings = exporting(&receiver.endpoint).set("OTEL_BSP_SCHEDULE_DELAY", "60000");
    let instance = bed.start(&settings)?;
    let trace = trace_id(5);
    instance.send(&with_parent(ITEMS, &trace, "01"))?.expect(200)?;
    ensure!(
        receiver.trace(&trace, Duration::from_millis(300)).is_empty(),
        "exported before the end already"
    );
    instance.signal("TERM")?;
    let code = instance.wait(Duration::from_secs(10))?;
    ensure!(code == 0, "exit status {code}");
    ensure!(
        !receiver.trace(&trace, Duration::from_secs(1)).is_empty(),
        "the last spans are lost"
    );
    Ok(())
}

fn collector_away(bed: &Bed) -> Result<()> {
    // A documentation address: packets to it get no answer at all.
    let instance = bed.start(&exporting("http://192.0.2.1:4318"))?;
    for _ in 0..20 {
        let answer = items::post(&instance, &json!({ "name": "no collector" }))?.expect(201)?;
        ensure!(
            answer.elapsed < Duration::from_secs(1),
            "delayed by {:?}",
            answer.elapsed
        );
    }
    let started = Instant::now();
    instance.signal("TERM")?;
    let code = instance.wait(Duration::from_secs(15))?;
    let took = started.elapsed();
    ensure!(code == 0, "exit status {code}");
    pace::within("the end", took, Duration::from_secs(6))
}

fn off(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let id = trace_id(6);
    instance.send(&with_parent(ITEMS, &id, "01"))?.expect(200)?;
    instance.signal("TERM")?;
    ensure!(instance.wait(Duration::from_secs(10))? == 0, "exit status is not 0");
    let logs = instance.logs()?;
    for word in ["4318", "4317", "ECONNREFUSED", "otlp"] {
        ensure!(
            !logs.stdout.contains(word),
            "the log speaks of `{word}` though nothing is exported"
        );
    }
    let resident = |settings: &Settings| -> Result<f64> {
        let page = bed.start(settings)?.get_private("/metrics")?.text();
        super::metrics::sum(&page, "process_resident_memory_bytes", &[]).context("no memory metric")
    };
    bed.measure("MB without tracing", resident(&Settings::new())? / 1e6);
    bed.measure("MB with tracing", resident(&exporting("http://192.0.2.1:4318"))? / 1e6);
    Ok(())
}
