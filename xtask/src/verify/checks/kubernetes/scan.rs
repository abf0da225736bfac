//! Validators of manifests: their schema, their security, how they fit together.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::charts::{LIMIT, program, write};
use super::manifests::{self, Document, Manifests, Set};
use super::schemas;
use crate::process::{self, Output};
use crate::verify::check::{Batch, Finding, Ran, settle};
use crate::verify::checks::scan;
use crate::verify::toolbox::pins_folder;

/// What belongs to no namespace.
const CLUSTER: [&str; 4] = [
    "Namespace",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
];

/// A setting under which no pod has a policy.
const OFF: &str = "networkPolicy.enabled=false";

/// Files in one call of a program that takes them by name.
const CALL: usize = 400;

/// Every object fits the schema of its kind, in each version of Kubernetes.
pub fn kubeconform(batch: &Batch) -> Result<Ran> {
    #[derive(Deserialize)]
    struct Page {
        resources: Option<Vec<Resource>>,
    }
    #[derive(Deserialize)]
    struct Resource {
        filename: String,
        status: String,
        msg: String,
    }
    let manifests = manifests::of(batch)?;
    let schemas = schemas::folder()?;
    let folder = tempfile::tempdir()?;
    for (number, document) in manifests.documents.iter().enumerate() {
        write(folder.path(), &name(number), document.object.to_string().as_bytes())?;
    }
    let mut findings = Vec::new();
    for version in schemas::VERSIONS {
        let mut command = program(batch.toolbox, "kubernetes", "kubeconform")?;
        command.args(["-strict", "-output", "json", "-kubernetes-version", version]);
        for place in [
            "{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json",
            "crd/{{.Group}}_{{.ResourceKind}}_{{.ResourceAPIVersion}}.json",
        ] {
            command.arg("-schema-location").arg(schemas.join(place));
        }
        let output = process::run(command.arg(folder.path()), LIMIT)?;
        let page: Page = serde_json::from_str(&output.stdout)
            .with_context(|| format!("kubeconform: {}", process::tail(&output.text(), 500)))?;
        let mut found = Vec::new();
        for resource in page.resources.into_iter().flatten() {
            let rule = resource.status.trim_start_matches("status").to_lowercase();
            let message = resource.msg.split_once("\n- ").map_or(&*resource.msg, |(_, what)| what);
            let message = format!("{message} (with Kubernetes {version})");
            found.push(finding(&manifests, number(&resource.filename), None, rule, &message));
        }
        let Ran::Found(found) = settle(&output, found) else {
            continue;
        };
        findings.extend(found);
    }
    Ok(Ran::Found(once(findings)))
}

/// Rules of this repository that no validator asks: `xtask/tools/kubernetes/policy`.
pub fn conftest(batch: &Batch) -> Result<Ran> {
    #[derive(Deserialize)]
    struct File {
        filename: String,
        failures: Option<Vec<Failure>>,
    }
    #[derive(Deserialize)]
    struct Failure {
        msg: String,
        #[serde(default)]
        metadata: Value,
    }
    let manifests = manifests::of(batch)?;
    let folder = tempfile::tempdir()?;
    for (number, set) in manifests.sets.iter().enumerate() {
        let items: Vec<&Value> = set.members.iter().map(|at| &manifests.documents[*at].object).collect();
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
        write(folder.path(), &name(number), list.to_string().as_bytes())?;
    }
    let mut command = program(batch.toolbox, "kubernetes", "conftest")?;
    command.args(["test", "--no-color", "--output", "json", "--policy"]);
    command.arg(pins_folder().join("kubernetes/policy")).arg(folder.path());
    let output = process::run(&mut command, LIMIT)?;
    let files: Vec<File> = serde_json::from_str(&output.stdout)
        .with_context(|| format!("conftest: {}", process::tail(&output.text(), 500)))?;
    let mut findings = Vec::new();
    for file in files {
        let set = number(&file.filename).and_then(|number| manifests.sets.get(number));
        for failure in file.failures.into_iter().flatten() {
            let (kind, of) = (&failure.metadata["kind"], &failure.metadata["name"]);
            let same = |at: &&usize| {
                let object = &manifests.documents[**at].object;
                object["kind"] == *kind && object["metadata"]["name"] == *of
            };
            let rule = failure.metadata["rule"].as_str().unwrap_or("deny").to_owned();
            let at = set.and_then(|set| set.members.iter().find(same).or(set.members.first()));
            findings.push(finding(&manifests, at.copied(), set, rule, &failure.msg));
        }
    }
    Ok(settle(&output, once(findings)))
}

/// How objects of a set fit together, and what a cluster's operator expects of them.
pub fn kube_score(batch: &Batch) -> Result<Ran> {
    let manifests = manifests::of(batch)?;
    let folder = tempfile::tempdir()?;
    let mut files = Vec::new();
    for (number, set) in manifests.sets.iter().enumerate() {
        // Each set in a namespace of its own, so that many fit in one call.
        let text = together(&manifests, set, &format!("set-{number}"));
        write(folder.path(), &name(number), text.as_bytes())?;
        files.push(name(number));
    }
    let mut findings = Vec::new();
    for files in files.chunks(CALL) {
        let mut command = program(batch.toolbox, "kube-score", "kube-score")?;
        command.args(["score", "--output-format", "json", "--kubernetes-version", "v1.37"]);
        let output = process::run(command.args(files).current_dir(folder.path()), LIMIT)?;
        let found = scores(&manifests, &output)?;
        let Ran::Found(found) = settle(&output, found) else {
            continue;
        };
        findings.extend(found);
    }
    Ok(Ran::Found(once(findings)))
}

fn scores(manifests: &Manifests, output: &Output) -> Result<Vec<Finding>> {
    #[derive(Deserialize)]
    struct Object {
        type_meta: Value,
        object_meta: Value,
        checks: Option<Vec<Score>>,
        file_name: String,
    }
    #[derive(Deserialize)]
    struct Score {
        check: Id,
        grade: u32,
        skipped: bool,
        comments: Option<Vec<Comment>>,
    }
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    #[derive(Deserialize)]
    struct Comment {
        path: String,
        summary: String,
    }
    /// The best of 1 (critical), 5 (warning), 7 (almost) and 10.
    const WELL: u32 = 10;
    let objects: Option<Vec<Object>> = serde_json::from_str(&output.stdout)
        .with_context(|| format!("kube-score: {}", process::tail(&output.text(), 500)))?;
    let mut findings = Vec::new();
    for object in objects.into_iter().flatten() {
        let set = number(&object.file_name).and_then(|number| manifests.sets.get(number));
        let same = |at: &&usize| {
            let own = known(&manifests.documents[**at], "", false);
            own["kind"] == object.type_meta["kind"] && own["metadata"]["name"] == object.object_meta["name"]
        };
        let at = set.and_then(|set| set.members.iter().find(same)).copied();
        for score in object.checks.into_iter().flatten() {
            // Who switches the policies off has none.
            let off = score.check.id == "pod-networkpolicy" && set.is_some_and(|set| set.with.contains(OFF));
            if score.skipped || score.grade >= WELL || off {
                continue;
            }
            for comment in score.comments.unwrap_or_default() {
                let rule = format!("{}: {}", score.check.id, comment.summary);
                findings.push(finding(manifests, at, set, rule, &comment.path));
            }
        }
    }
    Ok(findings)
}

/// Misconfiguration of objects.
pub fn checkov(batch: &Batch) -> Result<Ran> {
    let manifests = manifests::of(batch)?;
    let folder = documents(&manifests)?;
    let mut command = batch.toolbox.command("checkov");
    command.args(["--directory", ".", "--framework", "kubernetes"]);
    command.args(["--skip-download", "--quiet", "--compact", "--output", "json"]);
    let output = process::run(command.current_dir(folder.path()), LIMIT)?;
    let mut findings = Vec::new();
    for found in scan::failed(&output)? {
        findings.push(finding(
            &manifests,
            number(&found.path),
            None,
            found.rule,
            &found.message,
        ));
    }
    Ok(settle(&output, once(findings)))
}

/// Each object in a file, as the validators know it; equal ones of two files once.
fn documents(manifests: &Manifests) -> Result<TempDir> {
    let (folder, mut seen) = (tempfile::tempdir()?, BTreeSet::new());
    for (number, document) in manifests.documents.iter().enumerate() {
        let text = known(document, "orders-staging", false).to_string();
        if seen.insert(text.clone()) {
            fs::write(folder.path().join(name(number)), text)?;
        }
    }
    Ok(folder)
}

/// A set in a namespace, as one text.
fn together(manifests: &Manifests, set: &Set, namespace: &str) -> String {
    let documents = || set.members.iter().map(|at| &manifests.documents[*at]);
    let rollout = documents().find(|document| document.object["kind"] == "Rollout");
    let objects = documents().map(|document| {
        let mut object = known(document, namespace, true);
        // A Rollout writes the selectors of its Services.
        if let Some(rollout) = rollout
            && object["kind"] == "Service"
            && object["spec"]["selector"].is_null()
        {
            object["spec"]["selector"] = rollout.object["spec"]["selector"]["matchLabels"].clone();
        }
        object.to_string()
    });
    objects.collect::<Vec<_>>().join("\n---\n")
}

/// An object in a namespace, as every validator knows it: a Rollout is a Deployment with
/// another way to replace its pods.
fn known(document: &Document, namespace: &str, always: bool) -> Value {
    let mut object = document.object.clone();
    if !CLUSTER.iter().any(|kind| object["kind"] == *kind) && (always || object["metadata"]["namespace"].is_null()) {
        object["metadata"]["namespace"] = json!(namespace);
    }
    let target = object["kind"] == "HorizontalPodAutoscaler";
    let known = if target {
        &mut object["spec"]["scaleTargetRef"]
    } else {
        &mut object
    };
    if known["kind"] == "Rollout" {
        known["kind"] = json!("Deployment");
        known["apiVersion"] = json!("apps/v1");
        if !target && let Some(spec) = object["spec"].as_object_mut() {
            ["strategy", "analysis", "rollbackWindow"].iter().for_each(|key| {
                spec.shift_remove(*key);
            });
        }
    }
    object
}

pub(super) fn name(number: usize) -> String {
    format!("{number:05}.json")
}

pub(super) fn number(path: &str) -> Option<usize> {
    Path::new(path).file_stem()?.to_str()?.parse().ok()
}

pub(super) fn finding(
    manifests: &Manifests,
    at: Option<usize>,
    set: Option<&Set>,
    rule: String,
    message: &str,
) -> Finding {
    let document = at.and_then(|at| manifests.documents.get(at));
    let Some(document) = document else {
        return Finding {
            rule,
            path: String::new(),
            line: 0,
            message: message.to_owned(),
        };
    };
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let (kind, name) = (
        text(&document.object["kind"]),
        text(&document.object["metadata"]["name"]),
    );
    let with = set.map_or(&document.with, |set| &set.with);
    let with = if with.is_empty() {
        String::new()
    } else {
        format!(" (with {with})")
    };
    Finding {
        rule,
        path: document.path.clone(),
        line: 0,
        message: format!("{kind}/{name}: {message}{with}"),
    }
}

/// One finding for each rule and file: other settings tell the same again.
pub(super) fn once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let told = |finding: &Finding| {
        let message = finding.message.split(" (with ").next().unwrap_or_default().to_owned();
        (finding.rule.clone(), finding.path.clone(), message)
    };
    let mut findings = findings;
    findings.retain(|finding| seen.insert(told(finding)));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(object: Value) -> Document {
        Document {
            path: "one/deploy/a.yaml".to_owned(),
            with: String::new(),
            object,
        }
    }

    #[test]
    fn a_rollout_is_read_as_a_deployment_in_its_namespace() {
        let rollout = document(json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "orders"},
            "spec": {"replicas": 2, "strategy": {"canary": {}}},
        }));
        let seen = known(&rollout, "staging", false);
        assert_eq!(
            (&seen["kind"], &seen["apiVersion"]),
            (&json!("Deployment"), &json!("apps/v1"))
        );
        assert_eq!(seen["metadata"]["namespace"], "staging");
        assert_eq!(seen["spec"], json!({"replicas": 2}));
        let scaler = document(json!({
            "kind": "HorizontalPodAutoscaler", "metadata": {"namespace": "own"},
            "spec": {"scaleTargetRef": {"kind": "Rollout", "name": "orders"}},
        }));
        assert_eq!(
            known(&scaler, "staging", false)["spec"]["scaleTargetRef"]["kind"],
            "Deployment"
        );
        assert_eq!(known(&scaler, "staging", false)["metadata"]["namespace"], "own");
        assert_eq!(known(&scaler, "staging", true)["metadata"]["namespace"], "staging");
        assert_eq!(
            known(&document(json!({"kind": "Namespace"})), "x", true).get("metadata"),
            None
        );
    }
}
