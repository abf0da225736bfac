//! Lines of the contract that a run of this length, from outside, cannot show. They are
//! listed so that nobody takes them for proven.

use anyhow::Result;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When, cannot_run};

pub const CHECKS: &[Check] = &[
    Check::new(
        "idempotency.24-hours",
        "2",
        "`Idempotency-Key`: kept 24 hours",
        When::Database,
        a_day,
    )
    .once(),
    Check::new("cache.breaker", "2", "The cache: a breaker", When::Cache, inside).once(),
    Check::new(
        "tracing.nothing-loaded",
        "1",
        "`OTEL_EXPORTER_OTLP_ENDPOINT` unset = nothing loaded",
        When::Always,
        loaded,
    )
    .once(),
    Check::new(
        "config.not-restarted",
        "1",
        "exit status 78 (which no supervisor restarts)",
        When::Always,
        supervisors,
    )
    .once(),
    Check::new(
        "lifecycle.supervisors",
        "4",
        "It works behind PM2, systemd, ECS and Kubernetes alike",
        When::Always,
        supervisors,
    )
    .once(),
    Check::new(
        "migrate.expand-contract",
        "4",
        "expand, then contract",
        When::Database,
        practice,
    )
    .once(),
];

fn a_day(_: &Bed) -> Result<()> {
    Err(cannot_run("it would take 24 hours"))
}

fn inside(_: &Bed) -> Result<()> {
    Err(cannot_run(
        "seen from outside a breaker is only that nothing waits, which cache.frozen shows",
    ))
}

fn loaded(_: &Bed) -> Result<()> {
    Err(cannot_run(
        "what a process has loaded is not seen from outside; its memory is measured with and without",
    ))
}

fn supervisors(_: &Bed) -> Result<()> {
    Err(cannot_run(
        "needs those supervisors; the exit status and the signals they rely on are checked",
    ))
}

fn practice(_: &Bed) -> Result<()> {
    Err(cannot_run(
        "a way of working: there is no second version of the schema to roll out yet",
    ))
}
