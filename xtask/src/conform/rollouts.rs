//! What a progressive release needs and the chart does not bring: the controller of Argo Rollouts,
//! which runs beside the cluster, and a Prometheus in it that knows each pod of the release.

use std::fs::{self, File};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::docker;
use crate::process;
use crate::verify::toolbox;

/// The Go module of the controller; its definitions come from there too.
const MODULE: &str = "github.com/argoproj/argo-rollouts";
/// Seconds that a release may take in a proof before it counts as failed.
const PATIENCE: u32 = 60;
/// What scrapes the release.
const PROMETHEUS: &str = "prom/prometheus:v3.15.0";

/// The controllers of this run, by process id; ended on Ctrl-C.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());
/// The definitions that this run has put into the cluster.
static DEFINITIONS: Mutex<Option<String>> = Mutex::new(None);

/// A running controller.
pub struct Controller(Child);

impl Controller {
    /// Builds it, once, and starts it; its definitions go into the cluster unless they are there.
    pub fn start(cluster: &Cluster, namespace: &str, folder: &Path) -> Result<Self> {
        let pins = toolbox::pins_folder().join("rollouts");
        let tools = toolbox::go(&pins)?;
        if cluster.ok(&["get", "crd", "rollouts.argoproj.io"]).is_err() {
            let mut list = Command::new("go");
            list.args(["list", "-m", "-f", "{{.Dir}}", MODULE]).current_dir(&pins);
            let source = process::ok(&mut list, Duration::from_secs(120))?.stdout;
            let crds = format!("{}/manifests/crds", source.trim());
            cluster.ok(&["apply", "--server-side", "--kustomize", &crds])?;
            cluster.until("Rollouts are known", Duration::from_secs(60), || {
                let definition = cluster.ok(&["get", "crd", "rollouts.argoproj.io", "--output", "json"])?;
                let definition: Value = serde_json::from_str(&definition)?;
                let mut conditions = definition["status"]["conditions"].as_array().into_iter().flatten();
                Ok(conditions.any(|it| it["type"] == "Established" && it["status"] == "True"))
            })?;
            *locked(&DEFINITIONS) = Some(crds);
        }
        let ports = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
        let port = |index: usize| ports[index].local_addr().map(|address| address.port().to_string());
        let mut command = Command::new(tools.join("bin/rollouts-controller"));
        command.args(["--namespaced", "--namespace", namespace, "--leader-elect=false"]);
        command.args(["--healthzPort", &port(0)?, "--metricsPort", &port(1)?]);
        drop(ports);
        let log = File::create(folder.join("rollouts-controller.log"))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start the controller of Argo Rollouts")?;
        locked(&RUNNING).push(child.id());
        Ok(Self(child))
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let id = self.0.id();
        locked(&RUNNING).retain(|one| *one != id);
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Ends what an interrupted run has left running, and takes back the definitions.
pub fn clear() {
    for id in locked(&RUNNING).drain(..) {
        let _ = Command::new("kill").arg(id.to_string()).status();
    }
    if let (Some(crds), false) = (locked(&DEFINITIONS).take(), docker::keeps()) {
        let mut delete = Command::new("kubectl");
        delete.args(["delete", "--wait=false", "--kustomize", &crds]);
        let _ = process::run(&mut delete, Duration::from_secs(60));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A Prometheus in the cluster that scrapes each pod of a release every second or two.
pub struct Prometheus {
    /// Where it answers
    pub address: SocketAddr,
    stop: Arc<AtomicBool>,
    feeder: Option<JoinHandle<()>>,
}

impl Prometheus {
    /// Starts it in a namespace of its own and keeps telling it which pods there are.
    pub fn start(cluster: &Cluster, namespace: &str, watched: &str, selector: &str) -> Result<Self> {
        cluster.claim(namespace)?;
        let manifests = manifests().to_string();
        cluster.load_named(&format!("image: {PROMETHEUS}"))?;
        cluster.apply(namespace, &manifests)?;
        let wait = [
            "--namespace",
            namespace,
            "rollout",
            "status",
            "deployment/prometheus",
            "--timeout=90s",
        ];
        cluster.ok(&wait).with_context(|| cluster.last_words(namespace))?;
        let service = cluster.get(namespace, &["service", "prometheus"])?;
        let host = service["spec"]["clusterIP"].as_str().context("no clusterIP")?;
        let address = format!("{host}:9090").parse()?;
        let stop = Arc::new(AtomicBool::new(false));
        let (namespace, watched, selector) = (namespace.to_owned(), watched.to_owned(), selector.to_owned());
        let stopped = Arc::clone(&stop);
        let feeder = thread::spawn(move || {
            let mut told = String::new();
            while !stopped.load(Ordering::Relaxed) {
                if let Ok(targets) = targets(&watched, &selector)
                    && targets != told
                    && tell(&namespace, &targets).is_ok()
                {
                    told = targets;
                }
                thread::sleep(Duration::from_millis(700));
            }
        });
        Ok(Self {
            address,
            stop,
            feeder: Some(feeder),
        })
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(feeder) = self.feeder.take() {
            let _ = feeder.join();
        }
    }
}

/// The running pods as Prometheus takes its targets, with the labels that its operator would give them.
fn targets(namespace: &str, selector: &str) -> Result<String> {
    let mut get = Command::new("kubectl");
    get.args([
        "--namespace",
        namespace,
        "get",
        "pods",
        "--selector",
        selector,
        "--output",
        "json",
    ]);
    let pods: Value = serde_json::from_str(&process::ok(&mut get, Duration::from_secs(20))?.stdout)?;
    let mut targets = Vec::new();
    for pod in pods["items"].as_array().into_iter().flatten() {
        let container = &pod["spec"]["containers"][0];
        let ports = container["ports"].as_array().cloned().unwrap_or_default();
        let metrics = ports.iter().find(|port| port["name"] == "metrics");
        let (Some(address), Some(port)) = (pod["status"]["podIP"].as_str(), metrics) else {
            continue;
        };
        let labels = &pod["metadata"]["labels"];
        let instance = labels["app.kubernetes.io/instance"].as_str().unwrap_or_default();
        let mut given = json!({
            "namespace": namespace,
            "pod": pod["metadata"]["name"],
            "container": container["name"],
            "endpoint": "metrics",
            "service": instance,
            "job": instance,
        });
        for (name, value) in labels.as_object().into_iter().flatten() {
            let name: String = name
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                .collect();
            given[name] = value.clone();
        }
        targets.push(json!({ "targets": [format!("{address}:{}", port["containerPort"])], "labels": given }));
    }
    Ok(Value::Array(targets).to_string())
}

fn tell(namespace: &str, targets: &str) -> Result<()> {
    let mut exec = Command::new("kubectl");
    exec.args([
        "--namespace",
        namespace,
        "exec",
        "--stdin",
        "deployment/prometheus",
        "--",
    ]);
    exec.args([
        "sh",
        "-c",
        "cat >/prometheus/new && mv /prometheus/new /prometheus/targets.json",
    ]);
    let mut child = exec
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    child.stdin.take().context("no stdin")?.write_all(targets.as_bytes())?;
    ensure!(child.wait()?.success(), "Prometheus takes no targets");
    Ok(())
}

fn manifests() -> Value {
    let config = "global: { scrape_interval: 2s, scrape_timeout: 1s }\n\
                  scrape_configs:\n  - job_name: pods\n    honor_labels: true\n\
                  \x20   file_sd_configs: [{ files: [/prometheus/targets.json], refresh_interval: 1s }]\n";
    let labels = json!({ "app.kubernetes.io/name": "prometheus" });
    json!({ "apiVersion": "v1", "kind": "List", "items": [
        { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "prometheus" }, "data": { "prometheus.yml": config } },
        { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "prometheus" },
          "spec": { "selector": labels, "ports": [{ "name": "http", "port": 9090 }] } },
        { "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "prometheus" },
          "spec": { "selector": { "matchLabels": labels }, "template": { "metadata": { "labels": labels }, "spec": {
            "securityContext": { "runAsUser": 65534, "fsGroup": 65534 },
            "terminationGracePeriodSeconds": 1,
            "containers": [{
                "name": "prometheus", "image": PROMETHEUS, "imagePullPolicy": "IfNotPresent",
                "args": ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus/data"],
                "ports": [{ "containerPort": 9090 }],
                "readinessProbe": { "httpGet": { "path": "/-/ready", "port": 9090 }, "periodSeconds": 1 },
                "volumeMounts": [
                    { "name": "config", "mountPath": "/etc/prometheus" }, { "name": "data", "mountPath": "/prometheus" }
                ]
            }],
            "volumes": [
                { "name": "config", "configMap": { "name": "prometheus" } }, { "name": "data", "emptyDir": {} }
            ]
          } } } }
    ] })
}

/// Shortens what a repository waits for in production, so that a proof ends in minutes: how long a release may take, and
/// the intervals and windows in which a new version is watched.
pub fn hurry(repository: &Path, chart: &Path) -> Result<()> {
    let script = repository.join("scripts/release.sh");
    let text = fs::read_to_string(&script)?.replace("--timeout 10m", &format!("--timeout {PATIENCE}s"));
    fs::write(&script, text)?;
    let rules = [
        (r"(?m)^(\s*progressDeadlineSeconds: )\d+$", format!("${{1}}{PATIENCE}")),
        (r"(?m)^(\s*interval: )\d+s$", "${1}3s".to_owned()),
        (r"(?m)^(\s*initialDelay: )\d+s$", "${1}6s".to_owned()),
        (r"(?m)^(\s*(?:abortS|s)caleDownDelaySeconds: )\d+$", "${1}10".to_owned()),
        (r"\[\d+m\]", "[15s]".to_owned()),
    ];
    for entry in fs::read_dir(chart.join("templates"))? {
        let path = entry?.path();
        if !path.is_file() {
            continue;
        }
        let mut text = fs::read_to_string(&path)?;
        if text.contains("argoproj.io/") {
            for (pattern, short) in &rules {
                text = regex::Regex::new(pattern)?.replace_all(&text, short).into_owned();
            }
            fs::write(&path, text)?;
        }
    }
    Ok(())
}
