//! nginx: what it accepts, and what an attacker would make of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use regex::Regex;
use serde::Deserialize;

use crate::process;
use crate::verify::check::{Batch, Finding, Ran, relative, settle};

const LIMIT: Duration = Duration::from_secs(120);

/// The configuration, and the compose file that names the image.
pub const READS: &[&str] = &["**/nginx.conf", "**/nginx/*.conf", "deploy/**/compose*.yaml"];

/// Weaknesses of a configuration.
pub fn gixy(batch: &Batch) -> Result<Ran> {
    #[derive(Deserialize)]
    struct Issue {
        plugin: String,
        file: String,
        line: Option<u64>,
        summary: String,
    }
    let mut command = batch.toolbox.command("gixy");
    command.args(["--format", "json"]).args(&batch.files);
    let output = process::run(command.current_dir(batch.folder), LIMIT)?;
    let issues: Vec<Issue> = serde_json::from_str(&output.stdout)
        .with_context(|| format!("gixy gave no JSON: {}", process::tail(&output.stderr, 500)))?;
    let findings = issues.into_iter().map(|issue| Finding {
        rule: issue.plugin,
        path: relative(&issue.file, batch.folder),
        line: issue.line.unwrap_or(0),
        message: issue.summary,
    });
    Ok(settle(&output, findings.collect()))
}

/// `nginx -t` in the image that the tree names, over stand-ins for what a deployment writes.
pub fn syntax(batch: &Batch) -> Result<Ran> {
    let Some(image) = image(batch)? else {
        return Ok(Ran::Not("no compose file names an nginx image".to_owned()));
    };
    let known = process::run(Command::new("docker").args(["image", "inspect", &image]), LIMIT);
    let pulled = known.is_ok_and(|output| output.code == 0)
        || process::run(Command::new("docker").args(["pull", "--quiet", &image]), LIMIT)
            .is_ok_and(|output| output.code == 0);
    if !pulled {
        return Ok(Ran::Not(format!("no docker, or it cannot get {image}")));
    }
    let pattern = Regex::new(r"(?m)\[(emerg|alert|crit|error|warn)\] (?:\d+#\d+: )?(.*?)(?: in \S+:(\d+))?$")?;
    let mut findings = Vec::new();
    for file in batch.files.iter().filter(|path| path.ends_with(".conf")) {
        let text = fs::read_to_string(batch.folder.join(file))?;
        let state = state(&text)?;
        let mut command = Command::new("docker");
        command.args(["run", "--rm", "--network", "none", "--entrypoint", "nginx"]);
        command.arg("--volume").arg(format!(
            "{}:/etc/nginx/service.conf:ro",
            batch.folder.join(file).display()
        ));
        for (path, from) in &state.files {
            command.arg("--volume").arg(format!("{}:{path}:ro", from.display()));
        }
        for host in &state.hosts {
            command.arg("--add-host").arg(format!("{host}:127.0.0.1"));
        }
        command.args([&image, "-t", "-c", "/etc/nginx/service.conf"]);
        let output = process::run(&mut command, LIMIT)?;
        let before = findings.len();
        findings.extend(pattern.captures_iter(&output.stderr).map(|found| Finding {
            rule: found[1].to_owned(),
            path: file.clone(),
            line: found.get(3).and_then(|line| line.as_str().parse().ok()).unwrap_or(0),
            message: found[2].to_owned(),
        }));
        if output.code != 0 && findings.len() == before {
            let message = process::tail(&output.text(), 500).to_owned();
            findings.push(Finding {
                rule: "exit".to_owned(),
                path: file.clone(),
                line: 0,
                message,
            });
        }
    }
    Ok(Ran::Found(findings))
}

struct State {
    files: Vec<(String, PathBuf)>,
    hosts: BTreeSet<String>,
    _folder: tempfile::TempDir,
}

/// What the configuration includes by absolute path and a deployment writes: certificates,
/// the name of the site, the servers behind it.
fn state(text: &str) -> Result<State> {
    let folder = tempfile::tempdir()?;
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "rsa:2048",
        "-days",
        "2",
        "-subj",
        "/CN=example.org",
        "-keyout",
    ]);
    process::ok(openssl.arg(&key).arg("-out").arg(&certificate), LIMIT).context("hint: install openssl")?;
    let upstream = folder.path().join("upstream.conf");
    fs::write(&upstream, "server 127.0.0.1:3000;\n")?;
    let name = folder.path().join("name.conf");
    fs::write(&name, "server_name example.org;\n")?;
    let pattern =
        Regex::new(r"(?m)^\s*(include|ssl_certificate|ssl_certificate_key|ssl_trusted_certificate)\s+(/\S+);")?;
    let mut files = Vec::new();
    for found in pattern.captures_iter(text) {
        let path = found[2].to_owned();
        let from = match &found[1] {
            "ssl_certificate_key" => &key,
            "include" if path.contains("upstream") => &upstream,
            "include" if path.contains("name") => &name,
            "include" => continue,
            _ => &certificate,
        };
        if !files.iter().any(|(known, _)| *known == path) {
            files.push((path, from.clone()));
        }
    }
    // nginx asks for the address of every server when it reads the file.
    let server = Regex::new(r"(?m)^\s*(?:server\s+|proxy_pass\s+https?://)([a-z][a-z0-9-]*):\d+")?;
    let hosts = server.captures_iter(text).map(|found| found[1].to_owned()).collect();
    Ok(State {
        files,
        hosts,
        _folder: folder,
    })
}

fn image(batch: &Batch) -> Result<Option<String>> {
    let pattern = Regex::new(r#"(?m)^\s*image:\s*"?(\S*nginx\S*?)"?\s*$"#)?;
    for file in batch.files.iter().filter(|path| path.ends_with(".yaml")) {
        let text = fs::read_to_string(batch.folder.join(file))?;
        if let Some(found) = pattern.captures(&text) {
            return Ok(Some(found[1].to_owned()));
        }
    }
    Ok(None)
}
