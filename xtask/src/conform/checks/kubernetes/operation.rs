//! A release in operation: who reaches it, nodes that are emptied, more load, and other passwords.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::release::FIRST;
use crate::conform::bed::Bed;
use crate::conform::check::cannot_run;
use crate::conform::cluster::succeeded;
use crate::conform::http::{Connection, Request};
use crate::conform::load::{Load, Reuse};
use crate::conform::staging::Staging;

/// An image with a shell that opens connections.
const STRANGER: &str = "debian:trixie-slim";

pub fn network(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let policies = staging.cluster.list(&staging.namespace, &["networkpolicies"])?;
    ensure!(!policies.is_empty(), "no NetworkPolicy");
    let mut places = vec![(staging.slug.clone(), 80), (staging.slug.clone(), 9464)];
    for service in staging.cluster.list(&staging.namespace, &["services"])? {
        let meta = &service["metadata"];
        let name = meta["name"].as_str().unwrap_or_default().to_owned();
        if meta["labels"]["app.kubernetes.io/instance"] != staging.slug.as_str() {
            let ports = service["spec"]["ports"].as_array();
            let ports = ports.into_iter().flatten().filter_map(|port| port["port"].as_u64());
            places.extend(ports.map(|port| (name.clone(), port)));
        }
    }
    let open = |name: &str, port: u64| {
        format!(
            "timeout 3 bash -c '</dev/tcp/{name}.{}/{port}' 2>/dev/null",
            staging.namespace
        )
    };
    let mut script = String::new();
    for (name, port) in &places {
        script += &format!("if {}; then echo reached {name}:{port}; fi\n", open(name, *port));
    }
    // So that silence means closed doors, not that nothing can be asked at all.
    script += "if timeout 5 bash -c '</dev/tcp/kubernetes.default/443'; then echo asked; fi\n";
    let said = stranger(bed, staging, &script)?;
    ensure!(said.contains("asked"), "the stranger reaches nothing at all: {said}");
    ensure!(!said.contains("reached"), "a stranger {}", said.replace('\n', ", "));
    Connection::open(staging.service()?)?
        .send(&Request::get("/ready"))?
        .expect(200)?;
    Ok(())
}

/// Runs a script in a pod that has nothing to do with the service, in a namespace of its own.
fn stranger(bed: &Bed, staging: &Staging, script: &str) -> Result<String> {
    let namespace = format!("{}-stranger-{}", staging.slug, bed.next());
    let cluster = &staging.cluster;
    cluster.claim(&namespace)?;
    cluster.load_named(&format!("image: {STRANGER}"))?;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "stranger" },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "containers": [{
                "name": "stranger", "image": STRANGER, "imagePullPolicy": "IfNotPresent", "command": ["bash", "-c", script]
            }]
        }
    });
    cluster.apply(&namespace, &pod.to_string())?;
    let ended = cluster.until("the stranger is done", Duration::from_secs(60), || {
        Ok(cluster.get(&namespace, &["pod", "stranger"])?["status"]["phase"] == "Succeeded")
    });
    let said = cluster.ok(&["--namespace", &namespace, "logs", "stranger"]);
    let words = cluster.last_words(&namespace);
    cluster.ok(&["delete", "namespace", &namespace, "--wait=false"])?;
    ended.with_context(|| words)?;
    said
}

pub fn drain(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let mut refused = 0;
    let seen = staging.under_load(|| {
        let pods: Vec<String> = staging.pods()?.iter().filter_map(name).collect();
        ensure!(pods.len() > 1, "only {} pods", pods.len());
        for pod in &pods {
            staging
                .cluster
                .until(&format!("{pod} may go"), Duration::from_secs(60), || {
                    let gone = evict(staging, pod)?;
                    refused += usize::from(!gone);
                    Ok(gone)
                })?;
        }
        let old: BTreeSet<String> = pods.into_iter().collect();
        staging.cluster.until("others are ready", Duration::from_secs(60), || {
            let now = staging.pods()?;
            let new = now
                .iter()
                .filter(|pod| is_ready(pod) && !name(pod).is_some_and(|name| old.contains(&name)));
            Ok(new.count() == old.len())
        })?;
        Ok(())
    })?;
    bed.measure("requests during a drain", seen.answered as f64);
    ensure!(refused > 0, "all pods were let go at once");
    seen.nothing_lost()
}

pub fn name(pod: &Value) -> Option<String> {
    pod["metadata"]["name"].as_str().map(str::to_owned)
}

fn is_ready(pod: &Value) -> bool {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// Asks for a pod's eviction; whether the budget allows it.
fn evict(staging: &Staging, pod: &str) -> Result<bool> {
    let file = staging.folder.with_file_name("eviction.json");
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": pod, "namespace": staging.namespace }
    });
    std::fs::write(&file, eviction.to_string())?;
    let path = format!("/api/v1/namespaces/{}/pods/{pod}/eviction", staging.namespace);
    let file = file.to_string_lossy().into_owned();
    let output = staging
        .cluster
        .kubectl(&["create", "--raw", &path, "--filename", &file], 30)?;
    if output.code == 0 {
        return Ok(true);
    }
    ensure!(
        output.text().contains("disruption budget"),
        "eviction: {}",
        output.text()
    );
    Ok(false)
}

pub fn scale(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    if !staging.cluster.serves("metrics.k8s.io/v1beta1") {
        return Err(cannot_run("the cluster has no metrics.k8s.io"));
    }
    staging
        .write_values(&json!({ "autoscaling": { "enabled": true, "minReplicas": 2, "maxReplicas": 3, "cpu": 50 } }))?;
    succeeded("make deploy", &staging.deploy(&staging.version(FIRST, "")?)?.0)?;
    let make = |number: usize| {
        thread::sleep(Duration::from_millis(2));
        Request::get(&format!("/api/v1/items?limit={}", 1 + number % 100))
    };
    let load = Load::start(staging.service()?, 6, Reuse::Fresh, make, |answer| answer.status == 200);
    let scaled = staging
        .cluster
        .until("a third instance is ready", Duration::from_secs(120), || {
            Ok(staging.pods()?.iter().filter(|pod| is_ready(pod)).count() == 3)
        });
    let (tally, _) = load.stop();
    let seconds = scaled
        .with_context(|| staging.cluster.last_words(&staging.namespace))?
        .as_secs_f64();
    bed.measure("scaled up s", seconds);
    tally.none_lost()
}
