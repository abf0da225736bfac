//! One running container of the service under test.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::docker;
use super::http::{Connection, Request, Response};
use crate::process;

/// What a container wrote.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    /// Standard output
    pub stdout: String,
    /// Standard error
    pub stderr: String,
}

impl Logs {
    /// The lines of standard output as JSON objects.
    pub fn lines(&self) -> Result<Vec<Value>> {
        let parse = |line: &str| {
            let value = serde_json::from_str::<Value>(line).ok();
            value
                .filter(Value::is_object)
                .with_context(|| format!("no JSON object: {line}"))
        };
        self.stdout.lines().filter(|line| !line.is_empty()).map(parse).collect()
    }

    /// The lines that can be read as JSON objects.
    pub fn readable(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}

/// The message of a log line.
pub fn message(line: &Value) -> &str {
    line["message"].as_str().unwrap_or("")
}

/// The logs of all instances of a stack, kept when each one is removed.
#[derive(Debug, Clone, Default)]
pub struct Archive(Arc<Mutex<Vec<Logs>>>);

impl Archive {
    /// Keeps what a container wrote.
    pub fn keep(&self, logs: Logs) {
        if let Ok(mut all) = self.0.lock() {
            all.push(logs);
        }
    }

    /// Everything kept so far.
    pub fn all(&self) -> Vec<Logs> {
        self.0.lock().map(|all| all.clone()).unwrap_or_default()
    }
}

/// A running service.
pub struct Instance {
    /// Name of its container
    pub name: String,
    /// The public listener
    pub public: SocketAddr,
    /// The private listener
    pub private: SocketAddr,
    archive: Archive,
}

impl Instance {
    /// Its address on the network of the servers.
    pub fn address(&self) -> Result<String> {
        let networks = &docker::inspect(&self.name)?["NetworkSettings"]["Networks"];
        let first = networks.as_object().and_then(|networks| networks.values().next());
        let address = first.and_then(|network| network["IPAddress"].as_str());
        Ok(address.context("no address")?.to_owned())
    }

    /// A service that runs in no container of this engine: only its public listener is known.
    pub fn elsewhere(public: SocketAddr) -> Self {
        Self {
            name: String::new(),
            public,
            private: ([127, 0, 0, 1], 0).into(),
            archive: Archive::default(),
        }
    }

    /// Takes over a started container.
    pub fn attach(name: &str, port: u16, metrics: u16, archive: &Archive) -> Result<Self> {
        let mut instance = Self {
            name: name.to_owned(),
            public: ([127, 0, 0, 1], 0).into(),
            private: ([127, 0, 0, 1], 0).into(),
            archive: archive.clone(),
        };
        let ports = &docker::inspect(name)?["NetworkSettings"]["Ports"];
        let published = |port: u16| -> Result<SocketAddr> {
            let host = ports[format!("{port}/tcp")][0]["HostPort"].as_str();
            let host = host.with_context(|| format!("port {port} is not published; {}", instance.last_words()))?;
            Ok(([127, 0, 0, 1], host.parse()?).into())
        };
        let (public, private) = (published(port)?, published(metrics)?);
        (instance.public, instance.private) = (public, private);
        Ok(instance)
    }

    /// A new connection to the public listener.
    pub fn connect(&self) -> Result<Connection> {
        Connection::open(self.public)
    }

    /// Sends one request on a connection of its own.
    pub fn send(&self, request: &Request) -> Result<Response> {
        let shown = || format!("{} {}", request.method, request.target);
        self.connect()?.send(request).with_context(shown)
    }

    /// `GET` on the public listener.
    pub fn get(&self, target: &str) -> Result<Response> {
        self.send(&Request::get(target))
    }

    /// `GET` on the private listener.
    pub fn get_private(&self, target: &str) -> Result<Response> {
        Connection::open(self.private)?.send(&Request::get(target))
    }

    /// The status of `/ready`; 0 when nothing answers.
    pub fn ready(&self) -> u16 {
        self.get("/ready").map_or(0, |response| response.status)
    }

    /// Waits until a condition holds.
    pub fn until(&self, what: &str, limit: Duration, holds: impl Fn(&Self) -> bool) -> Result<Duration> {
        let (started, limit) = (Instant::now(), super::pace::bound(limit));
        while !holds(self) {
            if started.elapsed() > limit {
                let why = format!("{what}: not within {limit:?}; {}", self.last_words());
                return Err(super::pace::too_slow(why));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(started.elapsed())
    }

    /// Waits until `/ready` answers 200.
    pub fn until_ready(&self, limit: Duration) -> Result<Duration> {
        let started = Instant::now();
        let mut look = Duration::from_secs(1);
        while self.ready() != 200 {
            let waited = started.elapsed();
            // Asking Docker costs more than asking the service.
            if waited > look {
                look = waited + Duration::from_secs(1);
                if waited > limit || !self.running().unwrap_or(false) {
                    bail!("not ready after {waited:?}; {}", self.last_words());
                }
            }
            thread::sleep(Duration::from_millis(25));
        }
        Ok(started.elapsed())
    }

    /// The end of what it wrote, for messages.
    pub fn last_words(&self) -> String {
        let logs = self.logs().unwrap_or_default();
        let all = format!("{}{}", logs.stdout, logs.stderr);
        format!("its last words: {}", crate::process::tail(&all, 700))
    }

    /// What it wrote so far.
    pub fn logs(&self) -> Result<Logs> {
        let output = docker::run(&["logs", &self.name], 30)?;
        Ok(Logs {
            stdout: output.stdout,
            stderr: output.stderr,
        })
    }

    /// Whether its main process runs.
    pub fn running(&self) -> Result<bool> {
        Ok(docker::inspect(&self.name)?["State"]["Running"] == true)
    }

    /// Sends a signal to its main process.
    pub fn signal(&self, signal: &str) -> Result<()> {
        docker::ok(&["kill", "--signal", signal, &self.name]).map(drop)
    }

    /// Waits for its end and gives the exit status.
    pub fn wait(&self, limit: Duration) -> Result<i64> {
        let mut command = Command::new("docker");
        let ended = process::ok(command.args(["wait", &self.name]), super::pace::bound(limit));
        let ended = ended.with_context(|| format!("it does not end; {}", self.last_words()))?;
        Ok(ended.stdout.trim().parse()?)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if self.name.is_empty() {
            return;
        }
        if let Ok(logs) = self.logs() {
            self.archive.keep(logs);
        }
        docker::remove(&self.name);
    }
}
