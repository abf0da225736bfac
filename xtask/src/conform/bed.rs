//! The test bed of one stack: its image, its servers, and instances of it on demand.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::database::Held;
use super::development::Development;
use super::docker;
use super::idle::Idle;
use super::image::Build;
use super::instance::{Archive, Instance, Logs};
use super::production::Production;
use super::repository::Repository;
use super::settings::Settings;
use super::staging::Staging;
use super::store::{Address, Store};
use crate::process::{self, Output};
use crate::stack::Stack;

/// How contract §5 says the image is run.
const HARDENED: [&str; 9] = [
    "--read-only",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
    "--tmpfs",
    "/tmp",
    "--memory",
    "256m",
];

/// Everything a check can reach.
pub struct Bed {
    /// The stack under test
    pub stack: Stack,
    /// Its rendered repository
    pub repository: Repository,
    /// The built image and what its build showed
    pub build: Build,
    /// Docker network of the servers
    pub network: String,
    /// The database, when there is one
    pub database: Option<Store>,
    /// The cache, when there is one
    pub cache: Option<Store>,
    /// The ordinary environment of an instance
    pub env: BTreeMap<String, String>,
    /// Logs of instances that are gone
    pub archive: Archive,
    /// Measurements
    pub figures: RefCell<Vec<(String, f64)>>,
    scratch: TempDir,
    counter: Cell<u32>,
    main: OnceCell<Instance>,
    idle: OnceCell<Idle>,
    production: OnceCell<Production>,
    development: OnceCell<Development>,
    staging: OnceCell<Staging>,
}

impl Bed {
    /// Starts the servers, migrates, and is ready to start instances.
    pub fn raise(stack: &Stack, repository: Repository, build: Build) -> Result<Self> {
        let servers = repository.start_servers()?;
        let mut env = repository.connections.clone();
        env.insert("RATE_LIMIT_PER_MINUTE".to_owned(), "0".to_owned());
        if servers.database.is_some() {
            env.insert("DATABASE_TLS".to_owned(), "disable".to_owned());
        }
        let mut bed = Self::bare(stack, repository, build)?;
        (bed.network, bed.database, bed.cache, bed.env) = (servers.network, servers.database, servers.cache, env);
        if bed.database.is_some() {
            let migrated = bed.migrate(&[], &Settings::new())?;
            anyhow::ensure!(migrated.code == 0, "migrate ends with {}", migrated.text());
        }
        Ok(bed)
    }

    /// No servers and no instance: enough for what happens elsewhere.
    pub fn bare(stack: &Stack, repository: Repository, build: Build) -> Result<Self> {
        Ok(Self {
            stack: stack.clone(),
            repository,
            build,
            network: String::new(),
            database: None,
            cache: None,
            env: BTreeMap::new(),
            archive: Archive::default(),
            figures: RefCell::default(),
            scratch: tempfile::tempdir()?,
            counter: Cell::new(0),
            main: OnceCell::new(),
            idle: OnceCell::new(),
            production: OnceCell::new(),
            development: OnceCell::new(),
            staging: OnceCell::new(),
        })
    }

    /// A bed for checks that only ask, whose main instance is one that runs elsewhere.
    pub fn through(&self, instance: Instance) -> Result<Self> {
        let bed = Self::bare(&self.stack, self.repository.clone(), self.build.clone())?;
        let _ = bed.main.set(instance);
        Ok(bed)
    }

    /// The instance that most checks share.
    pub fn main(&self) -> Result<&Instance> {
        if let Some(instance) = self.main.get() {
            // An outage that another check made may still be on its mind.
            instance.until("healthy again", Duration::from_secs(15), |it| {
                it.get("/health").is_ok_and(|answer| answer.status == 200)
            })?;
            return Ok(instance);
        }
        let instance = self.start(&Settings::new())?;
        let _ = self.idle.set(Idle::watch(instance.public)?);
        Ok(self.main.get_or_init(|| instance))
    }

    /// How long the server kept a connection that nobody used, from the first minutes of the run.
    pub fn idle_seconds(&self) -> Result<f64> {
        self.main()?;
        self.idle.get().context("nobody watches an idle connection")?.seconds()
    }

    /// The production set on this machine, set up when first asked for.
    pub fn production(&self) -> Result<&Production> {
        if let Some(production) = self.production.get() {
            return Ok(production);
        }
        let production = Production::set_up(self)?;
        Ok(self.production.get_or_init(|| production))
    }

    /// The service in a cluster of one's own, set up when first asked for.
    pub fn development(&self) -> Result<&Development> {
        if let Some(development) = self.development.get() {
            return Ok(development);
        }
        let development = Development::set_up(self)?;
        Ok(self.development.get_or_init(|| development))
    }

    /// The environment `staging` in a cluster, set up when first asked for.
    pub fn staging(&self) -> Result<&Staging> {
        if let Some(staging) = self.staging.get() {
            return Ok(staging);
        }
        if let Some(development) = self.development.get() {
            development.end();
        }
        let staging = Staging::set_up(self)?;
        Ok(self.staging.get_or_init(|| staging))
    }

    /// How a release replaces the one before; empty where no cluster runs it.
    pub fn strategy(&self) -> &str {
        self.stack.strategy.as_deref().unwrap_or_default()
    }

    /// Whether Argo Rollouts replaces a release.
    pub fn is_watched(&self) -> bool {
        ["canary", "blue-green"].contains(&self.strategy())
    }

    /// The database; checks that need one apply only where there is one.
    pub fn database(&self) -> Result<&Store> {
        self.database.as_ref().context("no database")
    }

    /// The cache, likewise.
    pub fn cache(&self) -> Result<&Store> {
        self.cache.as_ref().context("no cache")
    }

    /// The server's own login.
    pub fn login(&self) -> Result<Address> {
        Address::parse(self.env.get("DATABASE_URL").context("no DATABASE_URL")?)
    }

    /// The login that owns the schema.
    pub fn owner(&self) -> Result<Address> {
        let name = ["MIGRATION_DATABASE_URL", "DATABASE_URL"];
        let url = name.iter().find_map(|name| self.env.get(*name));
        Address::parse(url.context("no DATABASE_URL")?)
    }

    /// An empty database of its own, with settings that lead the service and its migrations there.
    pub fn fresh_database(&self) -> Result<(String, Settings)> {
        let name = format!("conform_fresh_{}", self.next());
        let (mut owner, mut login) = (self.owner()?, self.login()?);
        self.database()?.make_database(&name, &owner, &login)?;
        owner.database.clone_from(&name);
        login.database.clone_from(&name);
        let settings = Settings::new()
            .set("DATABASE_URL", &login.url())
            .set("MIGRATION_DATABASE_URL", &owner.url());
        Ok((name, settings))
    }

    /// Keeps every statement on the items waiting for at most this long.
    pub fn hold_items(&self, seconds: u32) -> Result<Held> {
        self.database()?.hold_items(&self.login()?.database, seconds)
    }

    /// Starts an instance; waits until it is ready unless told not to.
    pub fn start(&self, settings: &Settings) -> Result<Instance> {
        let name = self.next_name();
        let (port, metrics) = (settings.port.unwrap_or(3000), settings.metrics_port.unwrap_or(9464));
        let mut command = Command::new("docker");
        command.args(["run", "--detach", "--name", &name]);
        command.args([
            "-p",
            &format!("127.0.0.1::{port}"),
            "-p",
            &format!("127.0.0.1::{metrics}"),
        ]);
        self.describe(&mut command, settings);
        command.arg(&self.build.image);
        process::ok(&mut command, Duration::from_secs(60))?;
        let instance = Instance::attach(&name, port, metrics, &self.archive)?;
        if !settings.unready {
            instance.until_ready(Duration::from_secs(60))?;
        }
        Ok(instance)
    }

    /// Runs the image to its end with a command of its own and the given settings.
    pub fn run(&self, arguments: &[&str], settings: &Settings, seconds: u64) -> Result<Output> {
        let name = self.next_name();
        let mut command = Command::new("docker");
        command.args(["run", "--rm", "--name", &name]);
        self.describe(&mut command, settings);
        command.arg(&self.build.image).args(arguments);
        let output = process::run(&mut command, Duration::from_secs(seconds));
        match output {
            Ok(output) => {
                let (stdout, stderr) = (output.stdout.clone(), output.stderr.clone());
                self.archive.keep(Logs { stdout, stderr });
                Ok(output)
            }
            Err(error) => {
                let words = docker::run(&["logs", &name], 10).map(|logs| logs.text());
                let _ = docker::run(&["rm", "-fv", &name], 30);
                let words = words.unwrap_or_default();
                Err(error.context(format!("it wrote: {}", process::tail(&words, 600))))
            }
        }
    }

    /// Runs `migrate`, with further arguments.
    pub fn migrate(&self, arguments: &[&str], settings: &Settings) -> Result<Output> {
        let mut command: Vec<&str> = self.repository.migrate()?;
        if !arguments.is_empty() {
            command.retain(|word| *word != "up");
            command.extend(arguments);
        }
        let wants_owner = !settings.env.iter().any(|(name, _)| name == "MIGRATION_DATABASE_URL");
        let mut settings = settings.clone();
        if let (true, Some(url)) = (wants_owner, self.env.get("MIGRATION_DATABASE_URL")) {
            settings = settings.set("MIGRATION_DATABASE_URL", &url.clone());
        }
        self.run(&command, &settings, 60)
    }

    /// Starts the image with a command of its own, beside others.
    pub fn start_command(&self, arguments: &[&str], settings: &Settings) -> Result<Job> {
        let name = self.next_name();
        let mut settings = settings.clone();
        settings.flags.push(format!("--name={name}"));
        let mut command = Command::new("docker");
        command.args(["run", "--detach"]);
        self.describe(&mut command, &settings);
        command.arg(&self.build.image).args(arguments);
        process::ok(&mut command, Duration::from_secs(60))?;
        Ok(Job {
            name,
            archive: self.archive.clone(),
        })
    }

    fn describe(&self, command: &mut Command, settings: &Settings) {
        command
            .args(["--label", &docker::label(), "--network", &self.network])
            .args(HARDENED);
        let mut env = self.env.clone();
        env.remove("MIGRATION_DATABASE_URL");
        for (name, value) in &settings.env {
            match value {
                Some(value) => env.insert(name.clone(), value.clone()),
                None => env.remove(name),
            };
        }
        for (name, value) in env {
            command.args(["--env", &format!("{name}={value}")]);
        }
        for (host, inside) in &settings.mounts {
            command.args(["--volume", &format!("{}:{inside}:ro", host.display())]);
        }
        if !settings.checked {
            command.arg("--no-healthcheck");
        }
        command.args(&settings.flags);
    }

    /// A folder of this run for one check.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        use std::os::unix::fs::PermissionsExt;
        let folder = self.scratch.path().join(name);
        std::fs::create_dir_all(&folder)?;
        for path in [self.scratch.path(), &folder] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
        }
        Ok(folder)
    }

    /// Keeps a measurement for the report.
    pub fn measure(&self, name: &str, value: f64) {
        self.figures.borrow_mut().push((name.to_owned(), value));
    }

    /// A number that this run has not used.
    pub fn next(&self) -> u32 {
        self.counter.set(self.counter.get() + 1);
        self.counter.get()
    }

    fn next_name(&self) -> String {
        format!("{}-i{}", self.repository.project, self.next())
    }
}

/// A command of the image that runs beside others.
pub struct Job {
    name: String,
    archive: Archive,
}

impl Job {
    /// Waits for its end; exit status and what it wrote.
    pub fn wait(&self, limit: Duration) -> Result<(i32, String)> {
        let mut command = Command::new("docker");
        let output = process::ok(command.args(["wait", &self.name]), limit)?;
        let logs = docker::run(&["logs", &self.name], 30)?;
        Ok((output.stdout.trim().parse()?, logs.text()))
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Ok(output) = docker::run(&["logs", &self.name], 30) {
            let (stdout, stderr) = (output.stdout, output.stderr);
            self.archive.keep(Logs { stdout, stderr });
        }
        docker::remove(&self.name);
    }
}
