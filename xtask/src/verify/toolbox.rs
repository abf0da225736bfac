//! The validators: installed once from the pins in `xtask/tools`, found by name afterwards.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use regex::Regex;
use serde::Deserialize;

use super::cache;
use crate::{process, stack};

const INSTALL: Duration = Duration::from_secs(2400);
const NODE_MAJOR: u32 = 24;

/// Installed validators and their pinned versions.
pub struct Toolbox {
    path: OsString,
    pins: BTreeMap<String, String>,
}

impl Toolbox {
    /// Installs what the cache folder does not hold yet.
    pub fn install() -> Result<Self> {
        let pip = pip(&pins_folder().join("pip"))?;
        let npm = npm(&pins_folder().join("npm"))?;
        let go = go(&pins_folder().join("go"))?;
        let mut folders = vec![npm.join("node_modules/.bin"), pip.join("bin"), go.join("bin")];
        if let Some(path) = std::env::var_os("PATH") {
            folders.extend(std::env::split_paths(&path));
        }
        let toolbox = Self {
            path: std::env::join_paths(folders)?,
            pins: pins(&pins_folder())?,
        };
        toolbox.require_node()?;
        Ok(toolbox)
    }

    /// A command that sees the pinned tools first, and no colour.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("PATH", &self.path)
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C.UTF-8");
        command
    }

    /// This toolbox, with the programs of a folder before all others.
    pub fn with(self, folder: &Path) -> Result<Self> {
        let folders = std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&self.path));
        let path = std::env::join_paths(folders)?;
        Ok(Self { path, ..self })
    }

    /// The pinned version of a package.
    pub fn version(&self, package: &str) -> String {
        self.pins.get(package).cloned().unwrap_or_default()
    }

    /// The packages of a project, installed once for each distinct lock file.
    pub fn node_modules(&self, project: &Path, lock: Option<&Path>) -> Result<PathBuf> {
        let manifest = fs::read(project.join("package.json"))?;
        let lock = lock.map(fs::read).transpose()?.unwrap_or_default();
        let folder = cache::once("deps", &[&dependencies(&manifest)?, &lock], |folder| {
            fs::write(folder.join("package.json"), &manifest)?;
            let verb = if lock.is_empty() { "install" } else { "ci" };
            if !lock.is_empty() {
                fs::write(folder.join("package-lock.json"), &lock)?;
            }
            let mut npm = self.command("npm");
            npm.args([verb, "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(folder);
            let output = process::run(&mut npm, INSTALL)?;
            if output.code != 0 {
                bail!(
                    "`npm {verb}`: {}",
                    output
                        .stderr
                        .lines()
                        .filter(|line| line.starts_with("npm error"))
                        .take(4)
                        .collect::<Vec<_>>()
                        .join("; ")
                );
            }
            Ok(())
        })?;
        Ok(folder.join("node_modules"))
    }

    /// The folder of a set of Go programs that only some projects need, installed when the first one does.
    pub fn go_tools(&self, set: &str) -> Result<PathBuf> {
        go(&pins_folder().join(set))
    }

    /// The virtual environment of a Python project, made once for each distinct lock file.
    pub fn virtual_environment(&self, project: &Path, lock: Option<&Path>) -> Result<PathBuf> {
        // A lock knows its project by the name that it was made under.
        let name = Regex::new("(?m)^name = .*$")?;
        let manifest = read(&project.join("pyproject.toml"))?;
        let manifest = name.replace(&manifest, "name = \"orders\"");
        let decides = manifest.split("[tool.").next().unwrap_or_default();
        let lock = lock.map(stack::kept_lock).transpose()?.unwrap_or_default();
        let folder = cache::once("deps", &[decides.as_bytes(), lock.as_bytes()], |folder| {
            fs::write(folder.join("pyproject.toml"), manifest.as_bytes())?;
            let mut uv = self.command("uv");
            uv.args(["sync", "--quiet", "--no-install-project"]).current_dir(folder);
            if !lock.is_empty() {
                fs::write(folder.join("uv.lock"), &lock)?;
                uv.arg("--locked");
            }
            process::ok(&mut uv, INSTALL).map(drop)
        })?;
        Ok(folder.join(".venv"))
    }

    fn require_node(&self) -> Result<()> {
        let output = process::ok(self.command("node").arg("--version"), Duration::from_secs(20))?;
        let major = output
            .stdout
            .trim()
            .trim_start_matches('v')
            .split('.')
            .next()
            .and_then(|text| text.parse().ok());
        if major < Some(NODE_MAJOR) {
            bail!(
                "node {} is too old\nhint: install Node {NODE_MAJOR} or newer",
                output.stdout.trim()
            );
        }
        Ok(())
    }
}

/// What decides which packages a project gets; its name and scripts do not.
fn dependencies(manifest: &[u8]) -> Result<Vec<u8>> {
    let manifest: BTreeMap<String, serde_json::Value> = serde_json::from_slice(manifest)?;
    let decides = |key: &String| key.to_lowercase().ends_with("dependencies") || key == "overrides";
    let kept: BTreeMap<_, _> = manifest.into_iter().filter(|(key, _)| decides(key)).collect();
    Ok(serde_json::to_vec(&kept)?)
}

/// Installs a set of Python packages and gives its virtual environment.
pub fn pip(pins: &Path) -> Result<PathBuf> {
    let requirements = pins.join("requirements.txt");
    let text = read(&requirements)?;
    let python = host(
        "python3",
        &["--version"],
        "install Python 3.11 or newer with its venv module",
    )?;
    cache::once("pip", &[text.as_bytes(), python.as_bytes()], |folder| {
        announce(pins);
        process::ok(Command::new("python3").args(["-m", "venv"]).arg(folder), INSTALL)
            .context("hint: on Debian the module is in the package `python3-venv`")?;
        let mut pip = Command::new(folder.join("bin/pip"));
        pip.args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--require-hashes",
            "-r",
        ]);
        process::ok(pip.arg(&requirements), INSTALL).map(drop)
    })
}

fn npm(pins: &Path) -> Result<PathBuf> {
    let (manifest, lock) = (
        read(&pins.join("package.json"))?,
        read(&pins.join("package-lock.json"))?,
    );
    host("npm", &["--version"], "install Node.js with npm")?;
    cache::once("npm", &[manifest.as_bytes(), lock.as_bytes()], |folder| {
        announce(pins);
        fs::write(folder.join("package.json"), &manifest)?;
        fs::write(folder.join("package-lock.json"), &lock)?;
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(folder);
        process::ok(&mut npm, INSTALL).map(drop)
    })
}

/// Builds a set of Go programs and gives the folder whose `bin` holds them.
pub fn go(pins: &Path) -> Result<PathBuf> {
    let (module, sums) = (read(&pins.join("go.mod"))?, read(&pins.join("go.sum"))?);
    let go = host("go", &["version"], "install Go 1.26 or newer")?;
    let mut key = vec![module.as_bytes(), sums.as_bytes(), go.as_bytes()];
    // A set may be a program of our own.
    let program = fs::read(pins.join("main.go")).ok();
    key.extend(program.as_deref());
    cache::once("go", &key, |folder| {
        announce(pins);
        let mut install = Command::new("go");
        install.args(["install", "tool"]).current_dir(pins);
        install.env("GOBIN", folder.join("bin")).env("GOFLAGS", "-trimpath");
        install.env("GOTOOLCHAIN", "auto").env("CGO_ENABLED", "0");
        process::ok(&mut install, INSTALL).map(drop)
    })
}

/// The folder that holds the pins.
pub fn pins_folder() -> PathBuf {
    stack::root().join("xtask/tools")
}

fn pins(folder: &Path) -> Result<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Manifest {
        dependencies: BTreeMap<String, String>,
        optional_dependencies: BTreeMap<String, String>,
    }
    let manifest: Manifest = serde_json::from_str(&read(&folder.join("npm/package.json"))?)?;
    let mut pins = manifest.dependencies;
    pins.extend(manifest.optional_dependencies);
    for line in read(&folder.join("pip/requirements.in"))?.lines() {
        if let Some((name, version)) = line.split_once("==") {
            pins.insert(name.to_owned(), version.to_owned());
        }
    }
    for set in ["golangci-lint", "kube-score", "kubernetes", "prometheus-rules", "go"] {
        for line in read(&folder.join(set).join("go.mod"))?.lines() {
            if let Some((module, version)) = line.trim().split_once(" v") {
                let version = version.trim_end_matches(" // indirect");
                pins.insert(module.to_owned(), version.to_owned());
            }
        }
    }
    Ok(pins)
}

fn host(program: &str, arguments: &[&str], hint: &str) -> Result<String> {
    let output = process::ok(Command::new(program).args(arguments), Duration::from_secs(30))
        .with_context(|| format!("`{program}` does not run\nhint: {hint}"))?;
    Ok(output.stdout)
}

fn announce(pins: &Path) {
    let kind = pins.file_name().unwrap_or_default().to_string_lossy();
    eprintln!("installing the validators of xtask/tools/{kind}, once");
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
