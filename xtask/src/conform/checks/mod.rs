//! All checks, by section of the contract, in the order they run: those that
//! only ask first, those that break servers later, and the logs of all of them last.

mod alike;
mod build;
mod caching;
mod commands;
mod configuration;
mod connections;
mod container;
mod dependencies;
mod deployment;
mod endpoints;
mod errors;
mod headers;
mod hostile;
mod idempotency;
mod items;
mod kubernetes;
mod lifecycle;
mod limits;
mod logs;
mod metrics;
mod migrations;
mod openapi;
mod outages;
mod tracing;
mod unproven;
mod validation;

use super::check::Check;

/// Every check.
pub fn all() -> Vec<&'static Check> {
    let groups: [&[Check]; 28] = [
        container::CHECKS,
        build::CHECKS,
        commands::CHECKS,
        configuration::CHECKS,
        connections::CHECKS,
        endpoints::CHECKS,
        items::CHECKS,
        errors::CHECKS,
        validation::CHECKS,
        openapi::CHECKS,
        alike::CHECKS,
        caching::CHECKS,
        idempotency::CHECKS,
        limits::CHECKS,
        headers::CHECKS,
        metrics::CHECKS,
        logs::CHECKS,
        tracing::CHECKS,
        migrations::CHECKS,
        lifecycle::CHECKS,
        hostile::CHECKS,
        dependencies::CHECKS,
        outages::CHECKS,
        deployment::CHECKS,
        kubernetes::CHECKS,
        unproven::CHECKS,
        headers::LAST,
        logs::LAST,
    ];
    groups.into_iter().flatten().collect()
}
