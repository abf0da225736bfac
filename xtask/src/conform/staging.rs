//! The environment `staging` of a repository whose target is a cluster: its namespace with the
//! servers of development, its values for this cluster, and somebody who may release there and
//! do nothing else.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::bed::Bed;
use super::cluster::{self, Cluster};
use super::rollouts::{self, Controller, Prometheus};
use super::traffic::{self, Seen, Traffic};
use super::values::{merge, values};
use super::{image, workspace};
use crate::process::{self, Output};

/// The environment, its first release not yet deployed.
pub struct Staging {
    /// The cluster
    pub cluster: Cluster,
    /// The repository
    pub folder: PathBuf,
    /// Name of the release, and of its chart
    pub slug: String,
    /// Its namespace
    pub namespace: String,
    /// What was in the namespace before the first release
    pub before: BTreeSet<String>,
    /// The image that every version here is made of
    base: String,
    deployer: PathBuf,
    service: Cell<Option<SocketAddr>>,
    loaded: RefCell<BTreeSet<String>>,
    prometheus: OnceCell<Prometheus>,
    _controller: Option<Controller>,
    namespaces: Vec<String>,
}

impl Staging {
    /// Namespaces and rights by an administrator, servers, values; and what the strategy needs.
    pub fn set_up(bed: &Bed) -> Result<Self> {
        let scratch = bed.folder("cluster")?;
        let cluster = Cluster::reach(&scratch)?;
        let folder = scratch.join("staging");
        workspace::copy(&bed.repository.folder, &folder)?;
        let slug = slug(&folder)?;
        let namespace = format!("{slug}-staging");
        let monitoring = format!("{slug}-monitoring");
        let mut namespaces = vec![namespace.clone()];
        cluster.claim(&namespace)?;
        for entry in ["namespaces.yaml", "rights.yaml"] {
            let path = folder.join("deploy/kubernetes").join(entry);
            let (text, file) = (
                fs::read_to_string(&path).unwrap_or_default(),
                path.to_string_lossy().into_owned(),
            );
            // Production's is there already on a cluster that somebody uses.
            let production = format!("{slug}-production");
            if text.contains(&production) && !namespaces.contains(&production) {
                cluster.claim(&production)?;
                namespaces.push(production);
            }
            if path.exists() {
                cluster.ok(&["apply", "--server-side", "--force-conflicts", "--filename", &file])?;
            }
        }
        let controller = if bed.is_watched() {
            namespaces.push(monitoring.clone());
            Some(Controller::start(&cluster, &namespace, &scratch)?)
        } else {
            None
        };
        let mut staging = Self {
            deployer: cluster.member_of(&format!("{slug}-deployers"))?,
            cluster,
            folder,
            slug,
            namespace,
            before: BTreeSet::new(),
            base: bed.build.image.clone(),
            service: Cell::new(None),
            loaded: RefCell::default(),
            prometheus: OnceCell::new(),
            _controller: controller,
            namespaces,
        };
        rollouts::hurry(&staging.folder, &staging.chart())?;
        if bed.is_watched() {
            let selector = format!("app.kubernetes.io/instance={}", staging.slug);
            let prometheus = Prometheus::start(&staging.cluster, &monitoring, &staging.namespace, &selector)?;
            let _ = staging.prometheus.set(prometheus);
        }
        staging.servers()?;
        staging.write_values(&json!({}))?;
        staging.before = staging.cluster.everything(&staging.namespace)?;
        Ok(staging)
    }

    fn chart(&self) -> PathBuf {
        self.folder.join("deploy/helm").join(&self.slug)
    }

    /// The servers of development, and the Secret with their passwords, from outside the release.
    fn servers(&self) -> Result<()> {
        servers(&self.cluster, &self.folder, &self.namespace, &self.base)
    }

    /// The values of staging with what is different here: the servers and the resources of this
    /// cluster, no route into it, and this machine among those that may call.
    pub fn write_values(&self, further: &Value) -> Result<()> {
        let chart = self.chart();
        let development = values(&chart, &["values.yaml", "values-development.yaml"])?;
        let here = self.cluster.own_address()?;
        let monitoring = format!("{}-monitoring", self.slug);
        let mut wanted = json!({
            "route": { "type": "none" },
            "monitoring": { "enabled": false },
            "resources": { "requests": { "cpu": "20m" } },
            "networkPolicy": {
                "ingress": { "http": [{ "cidr": format!("{here}/32") }], "metrics": [{ "namespace": monitoring }] },
                "egress": development["networkPolicy"]["egress"].clone(),
            },
        });
        for section in ["database", "cache", "secrets"] {
            if !development[section].is_null() {
                wanted[section] = development[section].clone();
            }
        }
        if !development["replicas"].is_null() {
            merge(
                &mut wanted,
                &json!({ "replicas": 2, "autoscaling": { "enabled": false } }),
            );
        }
        if !development["canary"].is_null() {
            wanted["canary"] = json!({ "pause": "10s" });
        }
        if let Some(prometheus) = self.prometheus.get() {
            wanted["analysis"] = json!({ "prometheus": format!("http://{}", prometheus.address) });
        }
        let path = chart.join("values-staging.yaml");
        let mut merged = values(&chart, &["values-staging.yaml"])?;
        merge(&mut merged, &wanted);
        merge(&mut merged, further);
        fs::write(&path, serde_json::to_string_pretty(&merged)? + "\n")?;
        Ok(())
    }

    /// The kubeconfig of somebody who may release to staging.
    pub fn deployer(&self) -> &Path {
        &self.deployer
    }

    /// Runs one of the repository's targets as somebody who may release to staging.
    pub fn make(&self, target: &str, variables: &[(&str, &str)]) -> Result<Output> {
        let mut command = Command::new("make");
        command.args([target, "ENV=staging"]).current_dir(&self.folder);
        for (name, value) in variables {
            command.arg(format!("{name}={value}"));
        }
        for name in ["MAKEFLAGS", "MAKELEVEL", "NAMESPACE", "IMAGE", "ENV"] {
            command.env_remove(name);
        }
        command.env("KUBECONFIG", &self.deployer);
        process::run(&mut command, Duration::from_secs(420))
    }

    /// `helm …` in the namespace as that person.
    pub fn helm(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new("helm");
        command.args(["--namespace", &self.namespace]).args(arguments);
        process::run(command.env("KUBECONFIG", &self.deployer), Duration::from_secs(200))
    }

    /// Another version of the same service, in the cluster; further lines of Dockerfile spoil it.
    pub fn version(&self, version: &str, spoil: &str) -> Result<String> {
        let (tag, folder) = (
            tagged(&self.base, version),
            self.folder.with_file_name(format!("version-{version}")),
        );
        if self.loaded.borrow_mut().insert(tag.clone()) {
            derive(&self.base, version, spoil, &folder)?;
            self.cluster.load(&[&tag])?;
        }
        Ok(tag)
    }

    /// Another version, built from other sources, in the cluster.
    pub fn altered(&self, bed: &Bed, version: &str, alter: impl FnOnce(&Path) -> Result<()>) -> Result<String> {
        let tag = tagged(&self.base, version);
        if self.loaded.borrow_mut().insert(tag.clone()) {
            let source = self.folder.with_file_name(format!("source-{version}"));
            workspace::copy(&bed.repository.folder, &source)?;
            alter(&source)?;
            let built = tagged(&self.base, &format!("{version}-source"));
            image::build(&source, &built, &[])?;
            derive(
                &built,
                version,
                "",
                &self.folder.with_file_name(format!("version-{version}")),
            )?;
            self.cluster.load(&[&tag])?;
        }
        Ok(tag)
    }

    /// Where the Service answers from this machine.
    pub fn service(&self) -> Result<SocketAddr> {
        if let Some(address) = self.service.get() {
            return Ok(address);
        }
        let address = service(&self.cluster, &self.namespace, &self.slug)?;
        self.service.set(Some(address));
        Ok(address)
    }

    /// The pods of the service that are not being ended.
    pub fn pods(&self) -> Result<Vec<Value>> {
        let selector = format!("app.kubernetes.io/instance={}", self.slug);
        let mut pods = self.cluster.list(&self.namespace, &["pods", "--selector", &selector])?;
        pods.retain(|pod| {
            let owner = &pod["metadata"]["ownerReferences"][0]["kind"];
            owner == "ReplicaSet" && pod["metadata"]["deletionTimestamp"].is_null()
        });
        Ok(pods)
    }

    /// Which pods the service has, and how often each was started.
    pub fn instances(&self) -> Result<BTreeSet<String>> {
        let instance = |pod: &Value| {
            let restarts = &pod["status"]["containerStatuses"][0]["restartCount"];
            format!("{} {restarts}", pod["metadata"]["uid"])
        };
        Ok(self.pods()?.iter().map(instance).collect())
    }

    /// The images that run, without what they have in common.
    pub fn running(&self) -> Result<BTreeSet<String>> {
        let image = |pod: &Value| {
            let image = pod["spec"]["containers"][0]["image"].as_str().unwrap_or_default();
            image.rsplit(':').next().unwrap_or_default().to_owned()
        };
        Ok(self.pods()?.iter().map(image).collect())
    }

    /// Fails unless this version alone runs and answers; what is left of another may still end.
    pub fn serves(&self, version: &str) -> Result<()> {
        let wanted = BTreeSet::from([version.to_owned()]);
        self.cluster
            .until(&format!("{version} alone runs"), Duration::from_secs(40), || {
                Ok(self.running()? == wanted)
            })?;
        // Every node learns of the last change of the Service's endpoints a moment later.
        let (service, mut answers) = (self.service()?, String::new());
        self.cluster
            .until(&format!("{version} answers"), Duration::from_secs(30), || {
                answers = traffic::version(service).unwrap_or_else(|error| format!("{error:#}"));
                Ok(answers == version)
            })
            .with_context(|| format!("`{answers}` answers instead of `{version}`"))
            .map(drop)
    }

    /// Does something under load and a little longer; fails where that fails. What was lost is for the caller to judge.
    pub fn under_load(&self, act: impl FnOnce() -> Result<()>) -> Result<Seen> {
        let traffic = Traffic::start(self.service()?);
        std::thread::sleep(Duration::from_secs(1));
        let acted = act();
        // The last old pods end a while after the release is done.
        std::thread::sleep(Duration::from_secs(3));
        let seen = traffic.stop();
        acted.with_context(|| self.cluster.last_words(&self.namespace))?;
        Ok(seen)
    }

    /// Releases an image; how it ended and how long it took.
    pub fn deploy(&self, image: &str) -> Result<(Output, f64)> {
        let started = Instant::now();
        let output = self.make("deploy", &[("IMAGE", image)])?;
        Ok((output, started.elapsed().as_secs_f64()))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        drop(self.prometheus.take());
        for namespace in &self.namespaces {
            self.cluster.remove(namespace);
        }
    }
}

/// Where a release's Service answers from this machine, if it does.
pub fn service(cluster: &Cluster, namespace: &str, name: &str) -> Result<SocketAddr> {
    let service = cluster.get(namespace, &["service", name])?;
    let host = service["spec"]["clusterIP"].as_str().context("no clusterIP")?;
    let address: SocketAddr = format!("{host}:80").parse()?;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(10) {
        if traffic::version(address).is_ok() {
            return Ok(address);
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    Err(super::check::cannot_run(&format!(
        "the Service's address {address} does not answer from this machine"
    )))
}

/// The chart's own name, which is the release's as well.
pub fn slug(folder: &Path) -> Result<String> {
    let chart = fs::read_dir(folder.join("deploy/helm"))?
        .next()
        .context("no chart in deploy/helm")??;
    Ok(chart.file_name().to_string_lossy().into_owned())
}

/// Runs a command of the repository's script for a cluster of one's own.
pub fn script(folder: &Path, command: &str, namespace: &str, image: &str) -> Result<Output> {
    let mut script = Command::new("scripts/cluster.sh");
    script.arg(command).current_dir(folder);
    script.env("NAMESPACE", namespace).env("IMAGE", image);
    process::run(&mut script, Duration::from_secs(240))
}

/// The servers of development in a namespace.
pub fn servers(cluster: &Cluster, folder: &Path, namespace: &str, image: &str) -> Result<()> {
    let mut manifests = String::new();
    let servers = folder.join("deploy/kubernetes/development");
    for entry in fs::read_dir(&servers).into_iter().flatten() {
        manifests += &fs::read_to_string(entry?.path())?;
    }
    cluster.load_named(&manifests)?;
    let output = script(folder, "namespace", namespace, image)?;
    cluster::succeeded("cluster.sh namespace", &output).with_context(|| cluster.last_words(namespace))?;
    for kind in ["statefulsets", "deployments"] {
        for server in cluster.list(namespace, &[kind])? {
            let name = format!("{kind}/{}", server["metadata"]["name"].as_str().unwrap_or_default());
            cluster
                .ok(&["--namespace", namespace, "rollout", "status", &name, "--timeout=100s"])
                .with_context(|| cluster.last_words(namespace))?;
        }
    }
    Ok(())
}

/// The name of a version of an image.
pub fn tagged(base: &str, version: &str) -> String {
    format!("{}:{version}", base.rsplit_once(':').map_or(base, |(name, _)| name))
}

/// Makes a version of an image, without a rate limit, since one client sends all of the load.
pub fn derive(base: &str, version: &str, spoil: &str, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let text = format!("FROM {base}\nENV APP_VERSION={version} RATE_LIMIT_PER_MINUTE=0\n{spoil}\n");
    fs::write(folder.join("Dockerfile"), text)?;
    image::build(folder, &tagged(base, version), &[]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_replaces_the_tag() {
        assert_eq!(tagged("byfe-go-none:conform", "2.0.0"), "byfe-go-none:2.0.0");
        assert_eq!(tagged("byfe-go-none", "2.0.0"), "byfe-go-none:2.0.0");
    }
}
