//! A repository that deploys to a cluster: what its chart and its scripts promise, on a real one.

mod development;
mod operation;
mod preview;
mod progressive;
mod release;
mod rotation;
mod uninstall;

use crate::conform::check::{Check, On, When};

/// In the order of a service's life: each builds on what the ones before left.
pub const CHECKS: &[Check] = &[
    Check::new(
        "kubernetes.development",
        "6",
        "A cluster of one's own: the servers and the service come up as restricted pods, and the chart's test passes",
        When::Cluster(On::Any),
        development::development,
    ),
    Check::new(
        "kubernetes.contract",
        "2",
        "What the contract says of requests holds through the Service as well",
        When::Cluster(On::Any),
        development::contract,
    ),
    Check::new(
        "kubernetes.development-uninstall",
        "6",
        "`helm uninstall` there leaves the servers, the Secret and nothing else",
        When::Cluster(On::Argocd),
        development::uninstall,
    ),
    Check::new(
        "kubernetes.first",
        "4, 5",
        "From an empty namespace to the first release by `make deploy`, with the rights of a deployer only",
        When::Cluster(On::Helm),
        release::first,
    ),
    Check::new(
        "kubernetes.nothing-new",
        "4",
        "The same release again changes no object and restarts no pod",
        When::Cluster(On::Helm),
        release::nothing_new,
    ),
    Check::new(
        "kubernetes.told",
        "4",
        "`make deploy-plan` shows what a release would change and nothing else, `make smoke-test` and `make status` work; none changes a thing",
        When::Cluster(On::Helm),
        release::told,
    ),
    Check::new(
        "kubernetes.network",
        "1, 2",
        "A stranger in the cluster reaches neither the service, its metrics nor its servers",
        When::Cluster(On::Helm),
        operation::network,
    ),
    Check::new(
        "kubernetes.zero-downtime",
        "4",
        "A replacement under load loses 0 requests, on kept and on new connections",
        When::Cluster(On::Gradual),
        release::zero_downtime,
    ),
    Check::new(
        "kubernetes.one-at-a-time",
        "4",
        "A replacement ends the instance of before first: never do two run",
        When::Cluster(On::Recreate),
        release::one_at_a_time,
    ),
    Check::new(
        "kubernetes.bad-version",
        "4",
        "A version that never gets ready takes no request, and `make deploy` itself goes back and fails",
        When::Cluster(On::Helm),
        release::bad_version,
    ),
    Check::new(
        "kubernetes.failing-migration",
        "4",
        "A migration that fails stops the release, and the old version serves on",
        When::Cluster(On::Database),
        release::failing_migration,
    ),
    Check::new(
        "kubernetes.bad-answers",
        "4",
        "A version that is ready and answers with errors is taken back by itself",
        When::Cluster(On::Progressive),
        progressive::bad_answers,
    ),
    Check::new(
        "kubernetes.abort",
        "4",
        "A release that is taken back by hand, as the runbook says and with a deployer's rights, loses 0 requests",
        When::Cluster(On::Progressive),
        progressive::abort,
    ),
    Check::new(
        "kubernetes.rollback",
        "4",
        "`make rollback` brings the release before back; with several instances no request is lost",
        When::Cluster(On::Helm),
        release::rollback,
    ),
    Check::new(
        "kubernetes.drain",
        "4",
        "Pods that are evicted one after the other: the budget keeps one serving, 0 requests are lost",
        When::Cluster(On::Gradual),
        operation::drain,
    ),
    Check::new(
        "kubernetes.rotation",
        "1",
        "A second user of the database takes turns with the first, forth and back, without a lost request; a changed password needs no restart",
        When::Cluster(On::Database),
        rotation::rotation,
    ),
    Check::new(
        "kubernetes.scale",
        "4",
        "Under load there are more instances",
        When::Cluster(On::Rolling),
        operation::scale,
    ),
    Check::new(
        "kubernetes.previews",
        "5",
        "Pull requests run beside each other with the rights of their workflow, take a second commit, and leave nothing",
        When::Cluster(On::Rolling),
        preview::previews,
    ),
    Check::new(
        "kubernetes.uninstall",
        "6",
        "`helm uninstall` leaves what was there before the first release, and nothing else",
        When::Cluster(On::Helm),
        uninstall::uninstall,
    ),
];
