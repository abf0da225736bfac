//! §6: the commands of the repository, and what reaches its image build.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When, cannot_run};
use crate::conform::http::{Connection, Request};
use crate::conform::{docker, image, workspace};
use crate::process::{self, Output};

pub const CHECKS: &[Check] = &[
    Check::new(
        "make.help",
        "6",
        "The same `make` targets in every repository, each one line in `make help`",
        When::Always,
        help,
    ),
    Check::new(
        "make.local",
        "6",
        "The Makefile ends with `-include local.mk`",
        When::Always,
        local,
    )
    .once(),
    Check::new(
        "make.up",
        "6",
        "`make up` ends with a healthy stack and prints its addresses; `make down` takes it away",
        When::Always,
        up_and_down,
    ),
    Check::new(
        "make.setup-test",
        "6",
        "`make setup && make test` passes on a fresh clone",
        When::Always,
        setup_test,
    )
    .once(),
    Check::new(
        "compose.loopback",
        "6",
        "Development ports are published on the loopback address only",
        When::Always,
        loopback,
    ),
    Check::new(
        "image.context",
        "5",
        "A secret, `.git` and installed packages never reach the build context",
        When::Always,
        context,
    )
    .once(),
];

fn make(folder: &Path, target: &str, env: &[(String, String)], seconds: u64) -> Result<Output> {
    let mut command = Command::new("make");
    command
        .arg(target)
        .current_dir(folder)
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL");
    for (name, value) in env {
        command.env(name, value);
    }
    process::run(&mut command, Duration::from_secs(seconds))
}

fn needs_make(bed: &Bed) -> Result<()> {
    bed.repository.read("Makefile")?;
    if Command::new("make").arg("--version").output().is_err() {
        return Err(cannot_run("no `make` on this machine"));
    }
    Ok(())
}

fn help(bed: &Bed) -> Result<()> {
    needs_make(bed)?;
    let output = make(&bed.repository.folder, "help", &[], 20)?;
    ensure!(output.code == 0, "exit status {}: {}", output.code, output.text());
    let mut wanted = vec![
        "setup",
        "dev",
        "lint",
        "format",
        "typecheck",
        "test",
        "test-integration",
        "build",
        "up",
        "down",
        "logs",
        "docker-build",
        "scan",
        "load-test",
        "clean",
    ];
    if bed.database.is_some() {
        wanted.extend(["migrate", "seed"]);
    }
    if bed.stack.target != "none" {
        wanted.extend(["deploy", "rollback"]);
    }
    let plain: String = output
        .stdout
        .chars()
        .filter(|letter| !letter.is_control() || *letter == '\n')
        .collect();
    for target in wanted {
        let lines = plain.lines().filter(|line| {
            let first = line.split_whitespace().next().unwrap_or("");
            let first = first.trim_start_matches("[36m").trim_end_matches("[0m");
            first == target
        });
        ensure!(
            lines.count() == 1,
            "`make help` has no one line for `{target}`:\n{plain}"
        );
    }
    Ok(())
}

fn local(bed: &Bed) -> Result<()> {
    let makefile = bed.repository.read("Makefile")?;
    let last = makefile.lines().rfind(|line| !line.trim().is_empty());
    ensure!(last == Some("-include local.mk"), "the last line is {last:?}");
    Ok(())
}

fn loopback(bed: &Bed) -> Result<()> {
    for (name, service) in bed.repository.services() {
        for port in service["ports"].as_array().into_iter().flatten() {
            let host = port["host_ip"].as_str().unwrap_or("");
            ensure!(["127.0.0.1", "::1"].contains(&host), "{name} publishes {port}");
        }
    }
    Ok(())
}

/// A copy of the repository, with free ports for everything that its compose.yaml publishes.
fn copy_with_ports(bed: &Bed) -> Result<(PathBuf, Vec<(String, String)>)> {
    let folder = bed.folder(&format!("make-{}", bed.next()))?.join("orders");
    workspace::copy(&bed.repository.folder, &folder)?;
    let compose = fs::read_to_string(folder.join("compose.yaml"))?;
    let project = format!("{}-make", bed.repository.project);
    let mut env = vec![("COMPOSE_PROJECT_NAME".to_owned(), project)];
    let mut listeners = Vec::new();
    for line in compose.lines().filter(|line| line.contains("127.0.0.1:${")) {
        let name = line.split("${").nth(1).and_then(|rest| rest.split([':', '}']).next());
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        env.push((name.unwrap_or_default().to_owned(), port.to_string()));
        listeners.push(listener);
    }
    Ok((folder, env))
}

fn up_and_down(bed: &Bed) -> Result<()> {
    needs_make(bed)?;
    let (folder, env) = copy_with_ports(bed)?;
    let output = make(&folder, "up", &env, 400)?;
    let checked = running(&output, &env);
    let down = make(&folder, "down", &env, 120);
    let project = format!("label=com.docker.compose.project={}", env[0].1);
    let left = docker::ok(&["ps", "-aq", "--filter", &project])?;
    let _ = docker::run(
        &[
            "compose",
            "--project-name",
            &env[0].1,
            "down",
            "--volumes",
            "--rmi",
            "local",
        ],
        120,
    );
    checked?;
    let down = down?;
    ensure!(down.code == 0, "make down: {}", down.text());
    ensure!(left.is_empty(), "`make down` leaves containers");
    Ok(())
}

fn running(output: &Output, env: &[(String, String)]) -> Result<()> {
    ensure!(output.code == 0, "make up: {}", process::tail(&output.text(), 1500));
    let port = env
        .iter()
        .find(|(name, _)| name == "PORT")
        .map(|(_, port)| port.as_str());
    let port = port.context("compose.yaml publishes no ${PORT}")?;
    let address = [format!("localhost:{port}"), format!("127.0.0.1:{port}")];
    let text = output.text();
    ensure!(
        address.iter().any(|address| text.contains(address)),
        "no address of port {port}: {text}"
    );
    let socket: SocketAddr = address[1].parse()?;
    for path in ["/ready", "/api/v1/items"] {
        Connection::open(socket)?
            .send(&Request::get(path))?
            .expect(200)
            .context(path)?;
    }
    let listed = docker::ok(&[
        "ps",
        "--filter",
        &format!("label=com.docker.compose.project={}", env[0].1),
        "--format",
        "{{.Names}} {{.Status}}",
    ])?;
    let unhealthy = listed.lines().find(|line| !line.contains("(healthy)"));
    ensure!(unhealthy.is_none(), "not healthy: {unhealthy:?}");
    Ok(())
}

/// On a machine that has the language, `make` and nothing else: the development stage with `make` added.
fn setup_test(bed: &Bed) -> Result<()> {
    let (folder, _) = copy_with_ports(bed)?;
    let (stage, machine) = (
        format!("{}-dev", bed.build.image),
        format!("{}-machine", bed.build.image),
    );
    image::build(&folder, &stage, &["--target", "dev"])?;
    let probe = bed.folder("machine")?.join("machine.Dockerfile");
    let install = "apt-get update && apt-get install --yes --no-install-recommends make git";
    fs::write(&probe, format!("FROM {stage}\nUSER root\nRUN {install}\n"))?;
    let built = image::build(&folder, &machine, &["--file", &probe.display().to_string()]);
    let volume = format!("{}:/work", folder.display());
    let label = docker::label();
    let run = [
        "run",
        "--rm",
        "--label",
        &label,
        "--volume",
        &volume,
        "--workdir",
        "/work",
    ];
    let output = built.and_then(|_| docker::run(&[&run[..], &[&machine, "make", "setup", "test"]].concat(), 420));
    for image in [&machine, &stage] {
        let _ = docker::run(&["image", "rm", "-f", image], 60);
    }
    let output = output?;
    ensure!(
        output.code == 0,
        "make setup test: {}",
        process::tail(&output.text(), 1200)
    );
    Ok(())
}

const PLANTED: &[&str] = &[
    ".env",
    ".env.production",
    ".git/config",
    "secrets/database_password",
    "id_rsa",
    "server.pem",
    ".npmrc",
    "src/.env",
    "node_modules/planted/index.js",
    "coverage/lcov.info",
    "deploy/compose/secrets/planted",
    "deploy/compose/.env",
    "notes.txt",
    ".venv/bin/python",
    "terraform.tfstate",
    ".aws/credentials",
];

/// Builds a Dockerfile that lists what it was given.
fn context(bed: &Bed) -> Result<()> {
    let work = bed.folder("context")?;
    let folder = work.join("orders");
    workspace::copy(&bed.repository.folder, &folder)?;
    for path in PLANTED {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().context("no parent")?)?;
        fs::write(path, "sekret-planted\n")?;
    }
    let base = image::builder(&folder)?;
    let probe = work.join("probe.Dockerfile");
    let list =
        "cd /given && find . -type f | sed s/^/given:/ && { grep -rl sekret-planted . | sed s/^/planted:/; true; }";
    fs::write(&probe, format!("FROM {base}\nUSER root\nCOPY . /given\nRUN {list}\n"))?;
    let tag = format!("{}-context", bed.build.image);
    let built = image::build(&folder, &tag, &["--no-cache", "--file", &probe.display().to_string()]);
    let _ = docker::run(&["image", "rm", "-f", &tag], 60);
    let log = built?.log;
    let given = log.matches("given:").count();
    ensure!(given > 3, "the context has only {given} files: {log}");
    let planted: Vec<&str> = log.lines().filter(|line| line.contains("planted:")).collect();
    ensure!(planted.is_empty(), "reached the build: {planted:?}");
    Ok(())
}
