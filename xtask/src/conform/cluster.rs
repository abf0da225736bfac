//! The cluster that `KUBECONFIG` names: its command lines, images brought into it, namespaces of
//! this run, and the promise that nothing of it is left there.

use std::collections::BTreeSet;
use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::check::cannot_run;
use super::docker;
use crate::process::{self, Output};

/// Whether this run has made anything in a cluster.
static USED: AtomicBool = AtomicBool::new(false);

/// A cluster that answers.
pub struct Cluster {
    scratch: PathBuf,
}

impl Cluster {
    /// The cluster of `KUBECONFIG`; a check that finds none has not run.
    pub fn reach(scratch: &Path) -> Result<Self> {
        if !is_named() {
            return Err(cannot_run("KUBECONFIG names no cluster"));
        }
        for (tool, version) in [("kubectl", "version"), ("helm", "version"), ("make", "--version")] {
            let argument: &[&str] = if tool == "kubectl" {
                &[version, "--client"]
            } else {
                &[version]
            };
            if !process::run(Command::new(tool).args(argument), Duration::from_secs(30)).is_ok_and(|it| it.code == 0) {
                return Err(cannot_run(&format!("no `{tool}` on this machine")));
            }
        }
        let cluster = Self {
            scratch: scratch.to_path_buf(),
        };
        match cluster.kubectl(&["get", "--raw", "/readyz"], 20) {
            Ok(answer) if answer.code == 0 => Ok(cluster),
            Ok(answer) => Err(cannot_run(&format!(
                "the cluster does not answer: {}",
                answer.text().trim()
            ))),
            Err(error) => Err(cannot_run(&format!("the cluster does not answer: {error:#}"))),
        }
    }

    /// `kubectl …` as the administrator, whatever its exit status.
    pub fn kubectl(&self, arguments: &[&str], seconds: u64) -> Result<Output> {
        process::run(Command::new("kubectl").args(arguments), Duration::from_secs(seconds))
    }

    /// `kubectl …`, which must succeed; gives trimmed standard output.
    pub fn ok(&self, arguments: &[&str]) -> Result<String> {
        let output = process::ok(Command::new("kubectl").args(arguments), Duration::from_secs(120))?;
        Ok(output.stdout.trim().to_owned())
    }

    /// Objects as the API server knows them.
    pub fn get(&self, namespace: &str, what: &[&str]) -> Result<Value> {
        let text = self.ok(&[&["--namespace", namespace, "get", "--output", "json"], what].concat())?;
        Ok(serde_json::from_str(&text)?)
    }

    /// The items of a list of objects.
    pub fn list(&self, namespace: &str, what: &[&str]) -> Result<Vec<Value>> {
        Ok(self.get(namespace, what)?["items"]
            .as_array()
            .cloned()
            .unwrap_or_default())
    }

    /// Applies manifests in a namespace.
    pub fn apply(&self, namespace: &str, manifests: &str) -> Result<()> {
        let file = self.scratch.join("manifests.yaml");
        fs::write(&file, manifests)?;
        let file = file.to_string_lossy().into_owned();
        self.ok(&["--namespace", namespace, "apply", "--filename", &file])
            .map(drop)
    }

    /// Makes a namespace of this run, after what a run before has left of it; one that is somebody else's is left alone.
    pub fn claim(&self, namespace: &str) -> Result<()> {
        USED.store(true, Ordering::Relaxed);
        let found = self.ok(&["get", "namespace", namespace, "--ignore-not-found", "--output", "json"])?;
        if !found.is_empty() {
            let found: Value = serde_json::from_str(&found)?;
            let run = found["metadata"]["labels"][docker::LABEL].as_str().unwrap_or_default();
            let going = !found["metadata"]["deletionTimestamp"].is_null();
            if run == docker::run_id() && !going {
                return Ok(());
            }
            let runs = u32::from_str_radix(run, 16).map_or(true, |id| Path::new(&format!("/proc/{id}")).exists());
            if runs && run != docker::run_id() {
                return Err(cannot_run(&format!(
                    "the cluster has a namespace `{namespace}` that is not of this run"
                )));
            }
            self.ok(&["delete", "namespace", namespace, "--ignore-not-found", "--timeout=110s"])?;
        }
        self.ok(&["create", "namespace", namespace])?;
        self.ok(&["label", "namespace", namespace, &docker::label()]).map(drop)
    }

    /// Lets a namespace hold pods to the profile `restricted`, as production's does.
    pub fn restrict(&self, namespace: &str) -> Result<()> {
        let modes = ["enforce", "audit", "warn"].map(|mode| format!("pod-security.kubernetes.io/{mode}=restricted"));
        let modes: Vec<&str> = modes.iter().map(String::as_str).collect();
        self.ok(&[&["label", "--overwrite", "namespace", namespace], modes.as_slice()].concat())
            .map(drop)
    }

    /// Removes a namespace of this run with all that is in it.
    pub fn remove(&self, namespace: &str) {
        if docker::keeps() {
            return;
        }
        let _ = self.kubectl(
            &["delete", "namespace", namespace, "--ignore-not-found", "--timeout=120s"],
            130,
        );
    }

    /// The address of this machine that pods see, which a NetworkPolicy must let in.
    pub fn own_address(&self) -> Result<String> {
        let service = self.get("default", &["service", "kubernetes"])?;
        let host = service["spec"]["clusterIP"].as_str().context("no clusterIP")?;
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        // Sends nothing: it only asks for the way.
        socket.connect(format!("{host}:443"))?;
        Ok(socket.local_addr()?.ip().to_string())
    }

    /// Brings images of the engine into the cluster.
    pub fn load(&self, images: &[&str]) -> Result<()> {
        let with = std::env::var("CLUSTER_LOAD").unwrap_or_else(|_| "kind load docker-image".to_owned());
        let script = format!("{with} \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh"]).args(images);
        process::ok(&mut command, Duration::from_secs(600)).context("hint: CLUSTER_LOAD is what loads an image")?;
        Ok(())
    }

    /// Brings in what manifests name, where the cluster cannot pull it by itself.
    pub fn load_named(&self, manifests: &str) -> Result<()> {
        if std::env::var_os("CLUSTER_LOAD").is_none() {
            return Ok(());
        }
        let images: BTreeSet<&str> = manifests.lines().filter_map(image_of).collect();
        let images: Vec<&str> = images.into_iter().collect();
        if images.is_empty() { Ok(()) } else { self.load(&images) }
    }

    /// Waits until a condition holds.
    pub fn until(&self, what: &str, limit: Duration, mut holds: impl FnMut() -> Result<bool>) -> Result<Duration> {
        let (started, limit) = (Instant::now(), super::pace::bound(limit));
        while !holds()? {
            ensure!(started.elapsed() < limit, "{what}: not within {limit:?}");
            std::thread::sleep(Duration::from_millis(250));
        }
        Ok(started.elapsed())
    }

    /// What of a namespace's pods somebody wants to read after a failure.
    pub fn last_words(&self, namespace: &str) -> String {
        let pods = self.kubectl(&["--namespace", namespace, "get", "pods", "--no-headers"], 20);
        let events = [
            "--namespace",
            namespace,
            "get",
            "events",
            "--sort-by=.lastTimestamp",
            "--no-headers",
        ];
        let told = "custom-columns=KIND:.involvedObject.kind,NAME:.involvedObject.name,MESSAGE:.message";
        let events = self.kubectl(
            &[&events[..], &["--field-selector=type=Warning", "--output", told]].concat(),
            20,
        );
        let text = |output: Result<Output>| output.map(|it| it.stdout).unwrap_or_default();
        format!(
            "pods: {}; warnings: {}",
            text(pods).trim(),
            process::tail(&text(events), 800)
        )
    }

    /// A kubeconfig for somebody of this group and without any other right.
    pub fn member_of(&self, group: &str) -> Result<PathBuf> {
        let text = self.ok(&["config", "view", "--raw", "--flatten", "--minify", "--output", "json"])?;
        let mut config: Value = serde_json::from_str(&text)?;
        let users = config["users"].as_array_mut().context("the kubeconfig has no users")?;
        for user in users {
            user["user"]["as"] = json!("deployer");
            user["user"]["as-groups"] = json!([group]);
        }
        let path = self.scratch.join(format!("{group}.kubeconfig"));
        fs::write(&path, config.to_string())?;
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(path)
    }

    /// Whether the API server has this group of kinds.
    pub fn serves(&self, group: &str) -> bool {
        self.ok(&["get", "--raw", &format!("/apis/{group}")]).is_ok()
    }

    /// The names of everything in a namespace, apart from what the cluster itself writes there.
    pub fn everything(&self, namespace: &str) -> Result<BTreeSet<String>> {
        let kinds = self.ok(&["api-resources", "--verbs=list,delete", "--namespaced", "--output=name"])?;
        let noise = [
            "events",
            "endpoints",
            "endpointslices",
            "leases",
            "pods.metrics",
            "controllerrevisions",
        ];
        let kept: Vec<&str> = (kinds.lines())
            .filter(|kind| !noise.iter().any(|of| kind.starts_with(of)))
            .collect();
        let found = self.ok(&["--namespace", namespace, "get", &kept.join(","), "--output=name"])?;
        Ok(found.lines().map(str::to_owned).collect())
    }
}

/// Whether a cluster is named at all.
pub fn is_named() -> bool {
    std::env::var_os("KUBECONFIG").is_some_and(|path| !path.is_empty())
}

/// Removes what this run has left in the cluster.
pub fn clear() {
    super::rollouts::clear();
    if !docker::keeps() && USED.load(Ordering::Relaxed) {
        let mut delete = Command::new("kubectl");
        delete.args(["delete", "namespace", "--wait=false", "--selector", &docker::label()]);
        let _ = process::run(&mut delete, Duration::from_secs(60));
    }
}

/// The image that a line of a manifest names.
fn image_of(line: &str) -> Option<&str> {
    let value = line.trim_start_matches([' ', '-']).strip_prefix("image:")?;
    let value = value.split(" #").next()?.trim().trim_matches(['"', '\'']);
    Some(value).filter(|value| !value.is_empty() && !value.contains("{{"))
}

/// Fails with the end of what a command wrote unless it ended well.
pub fn succeeded(what: &str, output: &Output) -> Result<()> {
    if output.code != 0 {
        bail!(
            "{what} ended with {}: {}",
            output.code,
            process::tail(&output.text(), 1500)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_read_from_its_line() {
        for (line, image) in [
            ("          image: postgres:18.6-trixie", Some("postgres:18.6-trixie")),
            (
                "      - image: \"valkey/valkey:9@sha256:00\" # pinned",
                Some("valkey/valkey:9@sha256:00"),
            ),
            ("  imagePullPolicy: IfNotPresent", None),
            ("  image: {{ .Values.image }}", None),
        ] {
            assert_eq!(image_of(line), image, "{line}");
        }
    }
}
