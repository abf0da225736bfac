//! Releases to an environment of a cluster: the first, the next, bad ones, and back.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::conform::bed::Bed;
use crate::conform::cluster::{Cluster, succeeded};
use crate::conform::http::{Connection, Request};
use crate::conform::spoil;
use crate::conform::staging::{Staging, tagged};
use crate::conform::traffic::Seen;
use crate::process::tail;

/// What the releases of a proof are called.
pub const FIRST: &str = "1.0.0";
pub const SECOND: &str = "2.0.0";

pub fn first(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let (output, seconds) = staging.deploy(&staging.version(FIRST, "")?)?;
    succeeded("make deploy", &output).with_context(|| staging.cluster.last_words(&staging.namespace))?;
    bed.measure("first release s", seconds);
    staging.serves(FIRST)?;
    for path in ["/ready", "/api/v1/items", "/openapi.json"] {
        Connection::open(staging.service()?)?
            .send(&Request::get(path))?
            .expect(200)?;
    }
    Ok(())
}

/// What a release that changes nothing must leave as it is: generations of what runs pods, and the pods themselves.
fn state(staging: &Staging) -> Result<BTreeSet<String>> {
    let mut state = BTreeSet::new();
    let mut kinds = vec![
        "deployments",
        "services",
        "configmaps",
        "networkpolicies",
        "poddisruptionbudgets",
    ];
    if staging.cluster.serves("argoproj.io/v1alpha1") {
        kinds.push("rollouts.argoproj.io");
    }
    let selector = format!("app.kubernetes.io/instance={}", staging.slug);
    let mut all = staging
        .cluster
        .list(&staging.namespace, &[&kinds.join(","), "--selector", &selector])?;
    all.extend(staging.pods()?);
    for object in &all {
        let meta = &object["metadata"];
        // A hook's objects are made anew each time.
        if meta["annotations"]["helm.sh/hook"].is_null() {
            state.insert(format!(
                "{} {} {} {}",
                object["kind"], meta["name"], meta["uid"], meta["generation"]
            ));
        }
    }
    Ok(state)
}

pub fn nothing_new(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let before = state(staging)?;
    let (output, _) = staging.deploy(&staging.version(FIRST, "")?)?;
    succeeded("make deploy", &output)?;
    let after = state(staging)?;
    let changed: Vec<&String> = before.symmetric_difference(&after).collect();
    ensure!(changed.is_empty(), "changed: {changed:?}");
    Ok(())
}

/// What a release would change, whether what runs is any good, and what runs: told, and nothing done.
pub fn told(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let before = state(staging)?;
    let (runs, next) = (
        staging.version(FIRST, "")?,
        tagged(&staging.version(FIRST, "")?, SECOND),
    );
    let plan = |image: &str| -> Result<String> {
        let output = staging.make("deploy-plan", &[("IMAGE", image)])?;
        succeeded("make deploy-plan", &output)?;
        let changes =
            |line: &&str| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---");
        Ok(output.stdout.lines().filter(changes).collect::<Vec<_>>().join("\n"))
    };
    let nothing = plan(&runs)?;
    ensure!(nothing.is_empty(), "what runs would change: {}", tail(&nothing, 600));
    let changes = plan(&next)?;
    let image = |line: &str| line.starts_with('+') && line.contains("image:") && line.contains(&next);
    ensure!(changes.lines().any(image), "the plan has no new image: {changes}");
    succeeded("make smoke-test", &staging.make("smoke-test", &[])?)?;
    let status = staging.make("status", &[])?;
    succeeded("make status", &status)?;
    ensure!(
        status.stdout.contains(&runs),
        "`make status` names no image: {}",
        status.stdout
    );
    ensure!(state(staging)? == before, "something was changed");
    Ok(())
}

pub fn zero_downtime(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let image = staging.version(SECOND, "")?;
    let mut seconds = 0.0;
    let seen = staging.under_load(|| {
        let (output, took) = staging.deploy(&image)?;
        seconds = took;
        succeeded("make deploy", &output)
    })?;
    bed.measure("replacement s", seconds);
    bed.measure("requests during a replacement", seen.answered as f64);
    bed.measure("connections opened anew", seen.retried as f64);
    seen.nothing_lost()?;
    let versions = seen.versions();
    ensure!(
        versions.contains_key(FIRST) && versions.contains_key(SECOND),
        "the load met {versions:?}"
    );
    staging.serves(SECOND)
}

pub fn one_at_a_time(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let image = staging.version(SECOND, "")?;
    let (done, most) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (cluster, namespace, slug) = (&staging.cluster, staging.namespace.as_str(), staging.slug.as_str());
    let output = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(running(cluster, namespace, slug).unwrap_or(0), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(150));
            }
        });
        let output = staging.deploy(&image);
        done.store(true, Ordering::Relaxed);
        output
    });
    let (output, seconds) = output?;
    succeeded("make deploy", &output).with_context(|| staging.cluster.last_words(&staging.namespace))?;
    bed.measure("replacement s", seconds);
    let most = most.into_inner();
    ensure!(most == 1, "{most} instances ran at the same time");
    staging.serves(SECOND)
}

/// How many pods have a container that runs, ending ones included.
fn running(cluster: &Cluster, namespace: &str, slug: &str) -> Result<usize> {
    let selector = format!("app.kubernetes.io/instance={slug}");
    let pods = cluster.list(namespace, &["pods", "--selector", &selector])?;
    let runs = |pod: &&Value| {
        let of_service = pod["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet";
        of_service && !pod["status"]["containerStatuses"][0]["state"]["running"].is_null()
    };
    Ok(pods.iter().filter(runs).count())
}

/// Releases an image that must not get through, under load; `figure` is what its seconds are called.
pub fn refused(bed: &Bed, staging: &Staging, image: &str, figure: &str) -> Result<Seen> {
    let mut took = 0.0;
    let seen = staging.under_load(|| {
        let (output, seconds) = staging.deploy(image)?;
        took = seconds;
        ensure!(output.code != 0, "`make deploy` succeeds");
        Ok(())
    })?;
    bed.measure(figure, took);
    Ok(seen)
}

/// Fails when a request was lost, unless the strategy is to stop what runs first.
pub fn none_lost(bed: &Bed, seen: &Seen) -> Result<()> {
    if bed.strategy() == "recreate" {
        return Ok(());
    }
    seen.nothing_lost()
}

pub fn bad_version(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    // Nothing outside its pod reaches it, so it never gets ready.
    let image = staging.version("0.0.127", "ENV HOST=127.0.0.1")?;
    let seen = refused(bed, staging, &image, "bad version s")?;
    none_lost(bed, &seen)?;
    let versions = seen.versions();
    ensure!(!versions.contains_key("0.0.127"), "it took requests: {versions:?}");
    staging.serves(SECOND)
}

pub fn failing_migration(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let before = staging.instances()?;
    let image = staging.altered(bed, "0.0.78", spoil::migration)?;
    refused(bed, staging, &image, "failing migration s")?.nothing_lost()?;
    ensure!(
        staging.instances()? == before,
        "the pods were replaced, or started again"
    );
    staging.serves(SECOND)
}

pub fn rollback(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let mut seconds = 0.0;
    let seen = staging.under_load(|| {
        let started = std::time::Instant::now();
        let output = staging.make("rollback", &[])?;
        seconds = started.elapsed().as_secs_f64();
        succeeded("make rollback", &output)
    })?;
    bed.measure("rollback s", seconds);
    none_lost(bed, &seen)?;
    staging.serves(FIRST)
}
