//! A cluster of one's own, as `scripts/cluster.sh` sets it up.

use anyhow::{Context, Result, ensure};

use crate::conform::bed::Bed;
use crate::conform::check::When;
use crate::conform::cluster::succeeded;

/// What says something about requests alone, of the checks of the contract.
const REPRESENTATIVE: [&str; 20] = [
    "items.create",
    "items.shape",
    "items.get",
    "items.patch",
    "items.delete",
    "items.paging-while-writing",
    "errors.problem-json",
    "errors.405-allow",
    "errors.precedence",
    "errors.head",
    "errors.invalid-bodies",
    "errors.unparsable",
    "errors.media-type",
    "errors.list-parameters",
    "errors.odd-ids",
    "openapi.sound",
    "openapi.answers-match",
    "headers.security",
    "headers.no-banner",
    "headers.request-id",
];

pub fn development(bed: &Bed) -> Result<()> {
    let development = bed.development()?;
    development.install()?;
    for pod in development.pods()? {
        let statuses = pod["status"]["containerStatuses"].as_array();
        let restarts: u64 = (statuses.into_iter().flatten())
            .filter_map(|status| status["restartCount"].as_u64())
            .sum();
        ensure!(
            restarts == 0,
            "{} was restarted {restarts} times",
            pod["metadata"]["name"]
        );
    }
    succeeded(
        "helm test",
        &development.helm(&["test", &development.slug, "--logs", "--timeout=90s"])?,
    )
    .with_context(|| development.cluster.last_words(&development.namespace))
}

pub fn contract(bed: &Bed) -> Result<()> {
    let through = bed.through(bed.development()?.instance()?)?;
    let mut broken = Vec::new();
    let mut proved = 0;
    for check in crate::conform::checks::all() {
        if check.when != When::Always || !REPRESENTATIVE.contains(&check.name) {
            continue;
        }
        proved += 1;
        if let Err(error) = (check.run)(&through) {
            broken.push(format!("{}: {error:#}", check.name));
        }
    }
    ensure!(broken.is_empty(), "{}", broken.join("; "));
    ensure!(
        proved == REPRESENTATIVE.len(),
        "only {proved} of the chosen checks are there"
    );
    Ok(())
}

pub fn uninstall(bed: &Bed) -> Result<()> {
    let development = bed.development()?;
    succeeded(
        "helm uninstall",
        &development.helm(&["uninstall", &development.slug, "--wait", "--timeout=90s"])?,
    )?;
    super::uninstall::left(&development.cluster, &development.namespace, &development.before)
}
