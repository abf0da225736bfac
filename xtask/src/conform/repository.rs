//! A rendered repository: its compose.yaml and the commands its image takes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::docker;
use super::store::{Kind, Store};
use crate::process;

/// Variables that tell a service where its servers are.
const CONNECTIONS: [&str; 3] = ["DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL"];

/// Database and cache of a repository, running.
pub struct Servers {
    /// Their Docker network
    pub network: String,
    /// The database
    pub database: Option<Store>,
    /// The cache
    pub cache: Option<Store>,
}

/// A rendered repository in a folder of its own.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The folder
    pub folder: PathBuf,
    /// Name of the compose project, and prefix of every container
    pub project: String,
    /// Connection variables as its compose.yaml sets them
    pub connections: BTreeMap<String, String>,
    config: Value,
    migrate: Vec<String>,
}

impl Repository {
    /// Reads what compose makes of the repository.
    pub fn open(folder: &Path, label: &str, plan: Option<&Value>) -> Result<Self> {
        let (example, local) = (folder.join(".env.example"), folder.join(".env"));
        if example.exists() && !local.exists() {
            fs::copy(example, local)?;
        }
        let project = format!("by{}-{label}", docker::run_id());
        let mut repository = Self {
            folder: folder.to_path_buf(),
            project,
            connections: BTreeMap::new(),
            config: Value::Null,
            migrate: Vec::new(),
        };
        let text = process::ok(
            repository.compose(&[]).args(["config", "--format", "json"]),
            Duration::from_secs(60),
        )?;
        repository.config = serde_json::from_str(&text.stdout)?;
        repository.connections = repository.read_connections();
        repository.migrate = repository.read_migrate(plan);
        Ok(repository)
    }

    /// `docker compose` on the repository's own file, under the run's project name.
    pub fn compose(&self, further: &[&Path]) -> Command {
        let mut command = Command::new("docker");
        command.args(["compose", "--project-name", &self.project]);
        command.arg("--file").arg(self.folder.join("compose.yaml"));
        for file in further {
            command.arg("--file").arg(file);
        }
        command.current_dir(&self.folder);
        command
    }

    /// The services of compose.yaml.
    pub fn services(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.config["services"].as_object().into_iter().flatten()
    }

    /// The command of the image that migrates the database.
    pub fn migrate(&self) -> Result<Vec<&str>> {
        if self.migrate.is_empty() {
            bail!("nothing says how the image migrates: no `commands.migrate` in the plan");
        }
        Ok(self.migrate.iter().map(String::as_str).collect())
    }

    /// The text of one of its files.
    pub fn read(&self, path: &str) -> Result<String> {
        fs::read_to_string(self.folder.join(path)).with_context(|| format!("no {path}"))
    }

    /// Starts database and cache as compose.yaml defines them, unpublished.
    pub fn start_servers(&self) -> Result<Servers> {
        let mut found = Vec::new();
        for (name, service) in self.services() {
            let image = service["image"].as_str().unwrap_or_default();
            if let (Some(kind), true) = (Kind::of_image(image), service["build"].is_null()) {
                found.push((kind, name.clone(), image.to_owned()));
            }
        }
        if found.is_empty() {
            let network = format!("{}-net", self.project);
            docker::ok(&["network", "create", "--label", &docker::label(), &network])?;
            return Ok(Servers {
                network,
                database: None,
                cache: None,
            });
        }
        let mut text = "services:\n".to_owned();
        for (_, name, _) in &found {
            text += &format!("  {name}:\n    ports: !reset []\n");
        }
        let file = self.folder.join(".conform.compose.yaml");
        fs::write(&file, text)?;
        let mut up = self.compose(&[&file]);
        up.args(["up", "--detach", "--wait", "--wait-timeout", "90"]);
        up.args(found.iter().map(|(_, name, _)| name));
        process::ok(&mut up, Duration::from_secs(180)).context("the servers do not start")?;
        let mut servers = Servers {
            network: String::new(),
            database: None,
            cache: None,
        };
        for (kind, service, image) in found {
            let mut ps = self.compose(&[&file]);
            let ps = ps.args(["ps", "--quiet", &service]);
            let container = process::ok(ps, Duration::from_secs(30))?.stdout.trim().to_owned();
            let inspected = docker::inspect(&container)?;
            let networks = inspected["NetworkSettings"]["Networks"].as_object();
            let network = networks.and_then(|networks| networks.keys().next()).cloned();
            servers.network = network.context("a server without a network")?;
            let store = Some(Store {
                kind,
                service,
                image,
                container,
            });
            match kind {
                Kind::Redis => servers.cache = store,
                Kind::Postgres | Kind::Mongo => servers.database = store,
            }
        }
        Ok(servers)
    }

    fn read_connections(&self) -> BTreeMap<String, String> {
        let mut connections = BTreeMap::new();
        for (_, service) in self.services() {
            for name in CONNECTIONS {
                if let Some(value) = service["environment"][name].as_str() {
                    connections.entry(name.to_owned()).or_insert_with(|| value.to_owned());
                }
            }
        }
        connections
    }

    fn read_migrate(&self, plan: Option<&Value>) -> Vec<String> {
        let words = |value: &Value| -> Vec<String> {
            let list = value.as_array().into_iter().flatten();
            list.filter_map(|word| word.as_str().map(str::to_owned)).collect()
        };
        let planned = plan.map(|plan| words(&plan["commands"]["migrate"])).unwrap_or_default();
        if !planned.is_empty() {
            return planned;
        }
        let file = self.folder.join("deploy/compose/compose.yaml");
        let mut command = Command::new("docker");
        command.args(["compose", "--profile", "*", "--file"]).arg(&file);
        command.args(["config", "--no-interpolate", "--format", "json"]);
        let config = process::run(&mut command, Duration::from_secs(30)).ok();
        let config: Option<Value> = config.and_then(|output| serde_json::from_str(&output.stdout).ok());
        config
            .map(|config| words(&config["services"]["migrate"]["command"]))
            .unwrap_or_default()
    }
}
