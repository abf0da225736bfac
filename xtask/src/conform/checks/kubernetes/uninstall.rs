//! The end of a release.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::conform::bed::Bed;
use crate::conform::cluster::{Cluster, succeeded};

pub fn uninstall(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    succeeded(
        "helm uninstall",
        &staging.helm(&["uninstall", &staging.slug, "--wait", "--timeout=90s"])?,
    )?;
    left(&staging.cluster, &staging.namespace, &staging.before)
}

/// Fails when a namespace holds what it did not hold before, once pods have had their time to end.
pub fn left(cluster: &Cluster, namespace: &str, before: &BTreeSet<String>) -> Result<()> {
    let mut more: Vec<String> = Vec::new();
    let gone = cluster.until("what the release made is gone", Duration::from_secs(100), || {
        let now = cluster.everything(namespace)?;
        more = now.difference(before).cloned().collect();
        // A Job that failed may stay to be looked at, if it goes by itself.
        for job in cluster.list(namespace, &["jobs"])? {
            if job["spec"]["ttlSecondsAfterFinished"].is_u64() {
                let name = job["metadata"]["name"].as_str().unwrap_or_default();
                let (job, pods) = (format!("job.batch/{name}"), format!("pod/{name}-"));
                more.retain(|left| *left != job && !left.starts_with(&pods));
            }
        }
        Ok(more.is_empty())
    });
    ensure!(gone.is_ok(), "`helm uninstall` leaves {more:?}");
    Ok(())
}
