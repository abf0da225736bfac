//! A release that Argo Rollouts watches.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::release::{SECOND, refused};
use crate::conform::bed::Bed;
use crate::conform::cluster::succeeded;
use crate::conform::spoil;
use crate::process;

const BAD: &str = "0.0.50";
const ABORTED: &str = "3.0.0";

pub fn bad_answers(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let image = staging.altered(bed, BAD, |folder| spoil::list_of_items(folder, &bed.stack.language))?;
    let seen = refused(bed, staging, &image, "bad answers: taken back s")?;
    let (share, span) = seen.errors();
    bed.measure("bad answers %", share);
    bed.measure("bad answers s", span);
    let others: Vec<&String> = seen.lost.iter().filter(|lost| !lost.starts_with("status 5")).collect();
    ensure!(others.is_empty(), "{} lost in another way: {}", others.len(), others[0]);
    ensure!(share < 50.0, "{share:.0} % of the requests met it");
    staging.serves(SECOND)
}

/// What the runbook says of taking a release back by hand, by somebody who may deploy.
pub fn abort(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let image = staging.version(ABORTED, "")?;
    let deployer = staging.deployer();
    let (cluster, namespace, slug) = (&staging.cluster, staging.namespace.as_str(), staging.slug.as_str());
    let patch = || -> Result<Instant> {
        cluster.until(
            "the controller brings the new version up",
            Duration::from_secs(60),
            || {
                let selector = format!("app.kubernetes.io/instance={slug}");
                let pods = cluster.list(namespace, &["pods", "--selector", &selector])?;
                let new = |pod: &&Value| pod["spec"]["containers"][0]["image"] == image.as_str();
                let Some(pod) = pods.iter().find(new) else {
                    return Ok(false);
                };
                // Until it has written that down, it forgets what it is told.
                let rollout = cluster.get(namespace, &["rollouts.argoproj.io", slug])?;
                Ok(rollout["status"]["currentPodHash"] == pod["metadata"]["labels"]["rollouts-pod-template-hash"])
            },
        )?;
        let patch = r#"{"status":{"abort":true}}"#;
        let rollout = ["patch", "rollout", slug, "--subresource=status", "--type=merge"];
        let patch = ["--namespace", namespace, "--patch", patch];
        let mut command = Command::new("kubectl");
        command.args(rollout).args(patch).env("KUBECONFIG", deployer);
        let output = process::run(&mut command, Duration::from_secs(30))?;
        succeeded("the patch", &output)?;
        Ok(Instant::now())
    };
    let mut seconds = 0.0;
    let seen = staging.under_load(|| {
        thread::scope(|scope| {
            let patched = scope.spawn(patch);
            let (output, _) = staging.deploy(&image)?;
            let patched = patched.join().ok().context("the patch panicked")??;
            seconds = patched.elapsed().as_secs_f64();
            ensure!(output.code != 0, "`make deploy` succeeds");
            Ok(())
        })
    })?;
    bed.measure("aborted by hand: back after s", seconds);
    seen.nothing_lost()?;
    staging.serves(SECOND)
}
