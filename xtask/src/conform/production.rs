//! The production set of a repository that deploys to one host with compose, on this
//! machine's Docker, behind its own edge with its own certificate.

use std::cell::Cell;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::bed::Bed;
use super::check::cannot_run;
use super::{docker, image, workspace};
use crate::process::{self, Output};

/// The domain the host is set up for.
pub const DOMAIN: &str = "orders.example.com";

/// How many hosts this run has set up, each with a network of its own.
static NETWORKS: AtomicU32 = AtomicU32::new(0);

/// A host that is set up, its first release not yet deployed.
pub struct Production {
    /// The repository on it
    pub folder: PathBuf,
    /// Its compose project
    pub project: String,
    env: Vec<(String, String)>,
    client: Cell<bool>,
    prefix: String,
}

impl Production {
    /// Copies the repository and runs its `make host-setup`.
    pub fn set_up(bed: &Bed) -> Result<Self> {
        for tool in ["make", "bash", "flock", "openssl"] {
            if Command::new(tool)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_err()
            {
                return Err(cannot_run(&format!("no `{tool}` on this machine")));
            }
        }
        let folder = bed.folder("production")?.join("orders");
        workspace::copy(&bed.repository.folder, &folder)?;
        let project = format!("{}-prod", bed.repository.project);
        let listeners = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
        let port = |index: usize| listeners[index].local_addr().map(|address| address.port().to_string());
        let mut env = vec![
            ("COMPOSE_PROJECT_NAME".to_owned(), project.clone()),
            ("HTTP_PORT".to_owned(), port(0)?),
            ("HTTPS_PORT".to_owned(), port(1)?),
            ("BIND_ADDRESS".to_owned(), "127.0.0.1".to_owned()),
            ("DOMAIN".to_owned(), DOMAIN.to_owned()),
        ];
        let compose = fs::read_to_string(folder.join("deploy/compose/compose.yaml"))?;
        // Its fixed network may already be taken by a real deployment on this machine.
        if let Some((before, after)) = compose.split_once(":-172.31.") {
            let name = before.rsplit("${").next().unwrap_or_default();
            let rest = after.split('}').next().unwrap_or_default();
            let tail = rest.find(['.', '/']).map_or("", |start| &rest[start..]);
            env.push((
                name.to_owned(),
                format!(
                    "172.31.{}{tail}",
                    100 + (std::process::id() + NETWORKS.fetch_add(1, Ordering::Relaxed)) % 100
                ),
            ));
        }
        drop(listeners);
        let prefix = bed.build.image.clone();
        let production = Self {
            folder,
            project,
            env,
            client: Cell::new(false),
            prefix,
        };
        let output = production.make("host-setup", &[])?;
        ensure!(output.code == 0, "make host-setup: {}", output.text());
        Ok(production)
    }

    /// Runs one of the repository's targets on this host.
    pub fn make(&self, target: &str, variables: &[(&str, &str)]) -> Result<Output> {
        let mut command = Command::new("make");
        command.arg(target).current_dir(&self.folder);
        for name in [
            "MAKEFLAGS",
            "MAKELEVEL",
            "DEPLOY_HOST",
            "XDG_RUNTIME_DIR",
            "DBUS_SESSION_BUS_ADDRESS",
        ] {
            command.env_remove(name);
        }
        for (name, value) in &self.env {
            command.env(name, value);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        process::run(&mut command, Duration::from_secs(300))
    }

    /// Builds the same service under another version, without a rate limit, since one client sends
    /// all of the load; further lines of Dockerfile spoil it.
    pub fn release(&self, version: &str, spoil: &str) -> Result<String> {
        let folder = self.folder.with_file_name(format!("release-{version}"));
        fs::create_dir_all(&folder)?;
        let text = format!(
            "FROM {}\nENV APP_VERSION={version} RATE_LIMIT_PER_MINUTE=0\n{spoil}\n",
            self.prefix
        );
        fs::write(folder.join("Dockerfile"), text)?;
        let tag = format!("{}-{version}", self.prefix);
        image::build(&folder, &tag, &[])?;
        Ok(tag)
    }

    /// The containers of the project, as Docker knows them.
    pub fn containers(&self) -> Result<Vec<Value>> {
        let filter = format!("label=com.docker.compose.project={}", self.project);
        let names = docker::ok(&["ps", "--filter", &filter, "--format", "{{.Names}}"])?;
        names.lines().map(docker::inspect).collect()
    }

    fn edge(&self) -> Result<Value> {
        let is_edge = |container: &Value| {
            let image = container["Config"]["Image"].as_str().unwrap_or("");
            image.contains("nginx") || image.contains("caddy")
        };
        self.containers()?.into_iter().find(is_edge).context("no edge runs")
    }

    /// A container on the edge's network that speaks TLS; gives its name and curl's `--resolve` and base address.
    fn client(&self) -> Result<(String, String, String)> {
        let edge = self.edge()?;
        let name = format!("{}-client", self.project);
        let networks = edge["NetworkSettings"]["Networks"].as_object().context("no networks")?;
        let (network, at) = networks.iter().next().context("no network")?;
        let address = at["IPAddress"].as_str().unwrap_or_default();
        let port = (edge["NetworkSettings"]["Ports"].as_object().into_iter().flatten())
            .map(|(port, _)| port.trim_end_matches("/tcp").to_owned())
            .find(|port| port.ends_with("443"));
        let port = port.context("the edge has no port for TLS")?;
        if !self.client.get() {
            let image = edge["Config"]["Image"].as_str().unwrap_or_default();
            docker::ok(&[
                "run",
                "--detach",
                "--name",
                &name,
                "--label",
                &docker::label(),
                "--network",
                network,
                "--entrypoint",
                "sleep",
                image,
                "3600",
            ])?;
            self.client.set(true);
        }
        Ok((
            name,
            format!("{DOMAIN}:{port}:{address}"),
            format!("https://{DOMAIN}:{port}"),
        ))
    }

    /// Asks the site through its edge; status and what curl shows of head and body.
    pub fn ask(&self, path: &str, further: &[&str]) -> Result<(u16, String)> {
        let (client, resolve, base) = self.client()?;
        let url = format!("{base}{path}");
        let fixed = [
            "curl",
            "-sk",
            "-i",
            "--max-time",
            "10",
            "--resolve",
            &resolve,
            "-w",
            "\n%{http_code}",
        ];
        let output = docker::exec(&client, &[&fixed, further, &[url.as_str()]].concat())?;
        let (text, status) = output.stdout.rsplit_once('\n').context("no status")?;
        Ok((status.parse().unwrap_or(0), text.to_owned()))
    }

    /// Starts a load through the edge, over kept and new connections.
    pub fn load(&self) -> Result<Traffic> {
        let (client, resolve, base) = self.client()?;
        docker::exec(&client, &["rm", "-f", "/tmp/stop"])?;
        let curl =
            format!("curl -sk --max-time 15 -o /dev/null -w '%{{http_code}} %{{errormsg}}\\n' --resolve {resolve}");
        let loops = [
            format!("{curl} '{base}/api/v1/items?limit=[1-25]'"),
            format!("{curl} '{base}/api/v1/items?limit=3'"),
            format!(
                "{curl} -H 'content-type: application/json' -d '{{\"name\":\"while deploying\"}}' {base}/api/v1/items"
            ),
        ];
        let mut children = Vec::new();
        for one in loops {
            let script = format!("while [ ! -e /tmp/stop ]; do {one}; done");
            let child = Command::new("docker")
                .args(["exec", &client, "sh", "-c", &script])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()?;
            children.push(child);
        }
        Ok(Traffic { client, children })
    }
}

/// Running load on the edge.
pub struct Traffic {
    client: String,
    children: Vec<Child>,
}

impl Traffic {
    /// Ends it; how many were answered, and the ones that failed.
    pub fn stop(self) -> Result<(usize, Vec<String>)> {
        docker::exec(&self.client, &["touch", "/tmp/stop"])?;
        let (mut answered, mut lost) = (0, Vec::new());
        for child in self.children {
            let output = child.wait_with_output()?;
            for line in String::from_utf8_lossy(&output.stdout).lines() {
                answered += 1;
                if !line.starts_with("200") && !line.starts_with("201") {
                    lost.push(line.trim().to_owned());
                }
            }
        }
        Ok((answered, lost))
    }
}
