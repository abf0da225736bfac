//! The repository's own way to run in a cluster of one's own: `scripts/cluster.sh`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::bed::Bed;
use super::cluster::{self, Cluster};
use super::instance::Instance;
use super::rollouts::Controller;
use super::{staging, workspace};
use crate::process::{self, Output};

/// Servers and service in a namespace of their own.
pub struct Development {
    /// The cluster
    pub cluster: Cluster,
    /// Name of the release
    pub slug: String,
    /// Its namespace
    pub namespace: String,
    /// What was in the namespace before the service
    pub before: BTreeSet<String>,
    folder: PathBuf,
    image: String,
    _controller: Option<Controller>,
}

impl Development {
    /// A restricted namespace with the servers, and the image in the cluster.
    pub fn set_up(bed: &Bed) -> Result<Self> {
        let scratch = bed.folder("development")?;
        let cluster = Cluster::reach(&scratch)?;
        let folder = scratch.join("repository");
        workspace::copy(&bed.repository.folder, &folder)?;
        let slug = staging::slug(&folder)?;
        let namespace = format!("{slug}-development");
        cluster.claim(&namespace)?;
        cluster.restrict(&namespace)?;
        let controller = if bed.is_watched() {
            Some(Controller::start(&cluster, &namespace, &scratch)?)
        } else {
            None
        };
        let mut development = Self {
            image: staging::tagged(&bed.build.image, "development"),
            cluster,
            slug,
            namespace,
            before: BTreeSet::new(),
            folder,
            _controller: controller,
        };
        staging::derive(&bed.build.image, "development", "", &scratch.join("image"))?;
        development.cluster.load(&[&development.image])?;
        staging::servers(
            &development.cluster,
            &development.folder,
            &development.namespace,
            &development.image,
        )?;
        development.let_in()?;
        development.before = development.cluster.everything(&development.namespace)?;
        Ok(development)
    }

    /// Lets this machine ask the service, beside those that the values of development let in.
    fn let_in(&self) -> Result<()> {
        let here = format!("{}/32", self.cluster.own_address()?);
        let policy = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "conform" },
            "spec": {
                "podSelector": { "matchLabels": { "app.kubernetes.io/instance": self.slug } },
                "policyTypes": ["Ingress"],
                "ingress": [{ "from": [{ "ipBlock": { "cidr": here } }] }]
            }
        });
        self.cluster.apply(&self.namespace, &policy.to_string())
    }

    /// Installs the chart with the values of development and waits for its pods.
    pub fn install(&self) -> Result<()> {
        let output = staging::script(&self.folder, "install", &self.namespace, &self.image)?;
        cluster::succeeded("cluster.sh install", &output).with_context(|| self.cluster.last_words(&self.namespace))
    }

    /// The pods of the service.
    pub fn pods(&self) -> Result<Vec<Value>> {
        let selector = format!("app.kubernetes.io/instance={}", self.slug);
        self.cluster.list(&self.namespace, &["pods", "--selector", &selector])
    }

    /// `helm …` in the namespace.
    pub fn helm(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new("helm");
        command.args(["--namespace", &self.namespace]).args(arguments);
        process::run(&mut command, Duration::from_secs(200))
    }

    /// The service as the checks of the contract see it: through its Service.
    pub fn instance(&self) -> Result<Instance> {
        let public = staging::service(&self.cluster, &self.namespace, &self.slug)?;
        Ok(Instance::elsewhere(public))
    }

    /// Removes it.
    pub fn end(&self) {
        self.cluster.remove(&self.namespace);
    }
}

impl Drop for Development {
    fn drop(&mut self) {
        self.end();
    }
}
