//! The production set on one host: what the contract promises of deployments.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When, cannot_run};
use crate::conform::docker;
use crate::conform::pace;
use crate::conform::store::Kind;
use crate::process;

pub const CHECKS: &[Check] = &[
    Check::new(
        "deploy.first",
        "4, 5",
        "From a new host to the first release, with TLS by the edge",
        When::Compose,
        first,
    )
    .once(),
    Check::new(
        "deploy.hardened",
        "5",
        "In production every container is read-only, without capabilities, limited, restarted, its log bounded; secrets are files",
        When::Compose,
        hardened,
    )
    .once(),
    Check::new(
        "deploy.edge",
        "1, 2",
        "`/health` and `/metrics` are not served at the edge; plain HTTP leads to TLS, which has HSTS",
        When::Compose,
        edge,
    )
    .once(),
    Check::new(
        "deploy.client-address",
        "1",
        "Behind the edge the client address is the client's, and what it claims is not believed",
        When::Compose,
        client_address,
    )
    .once(),
    Check::new("deploy.zero-downtime", "4", "A replacement under load loses 0 requests", When::Compose, zero_downtime)
        .once(),
    Check::new(
        "deploy.bad-version",
        "4",
        "A release that does not start, one that answers nothing and one that cannot migrate leave the old one in place and lose 0 requests",
        When::Compose,
        bad_version,
    )
    .once(),
    Check::new("deploy.rollback", "4", "`make rollback` brings the release before back, losing 0 requests", When::Compose, rollback)
        .once(),
    Check::new(
        "deploy.backup-restore",
        "4",
        "`make backup` and `make restore`: the data of then is back, the service goes on",
        When::ComposeDatabase,
        backup_restore,
    )
    .once(),
    Check::new(
        "deploy.rotate-secrets",
        "1",
        "`make rotate-secrets` under load loses 0 requests, without a restart",
        When::ComposeSecrets,
        rotate,
    )
    .once(),
];

fn version(bed: &Bed) -> Result<String> {
    let production = bed.production()?;
    let app = production.containers()?.into_iter().find(|container| {
        container["Config"]["Image"]
            .as_str()
            .is_some_and(|image| image.starts_with(&bed.build.image))
    });
    let app = app.context("no release runs")?;
    Ok(app["Config"]["Image"]
        .as_str()
        .unwrap_or("")
        .trim_start_matches(&bed.build.image)
        .to_owned())
}

fn first(bed: &Bed) -> Result<()> {
    let production = bed.production()?;
    let image = production.release("1.0.0", "")?;
    let output = production.make("deploy", &[("IMAGE", &image)])?;
    ensure!(output.code == 0, "make deploy: {}", process::tail(&output.text(), 6000));
    for path in ["/ready", "/api/v1/items", "/openapi.json"] {
        let (status, text) = production.ask(path, &[])?;
        ensure!(status == 200, "{path} through the edge: {status} {text}");
    }
    let running = version(bed)?;
    ensure!(running == "-1.0.0", "`{running}` runs");
    Ok(())
}

fn hardened(bed: &Bed) -> Result<()> {
    let mut unsafe_things = Vec::new();
    for container in bed.production()?.containers()? {
        let host = &container["HostConfig"];
        let name = container["Name"].as_str().unwrap_or("");
        let mut need = |what: &str, holds: bool| {
            if !holds {
                unsafe_things.push(format!("{name}: {what}"));
            }
        };
        need("read-only", host["ReadonlyRootfs"] == true);
        let dropped = host["CapDrop"].as_array();
        need(
            "no capabilities",
            dropped.is_some_and(|list| list.iter().any(|cap| cap == "ALL")),
        );
        need(
            "no-new-privileges",
            host["SecurityOpt"].to_string().contains("no-new-privileges"),
        );
        need("memory limit", host["Memory"].as_i64().is_some_and(|bytes| bytes > 0));
        need("restart policy", host["RestartPolicy"]["Name"] != "no");
        need("bounded log", !host["LogConfig"]["Config"]["max-size"].is_null());
        let user = container["Config"]["User"].as_str().unwrap_or("");
        need(
            "user other than root",
            !["", "0", "root"].contains(&user.split(':').next().unwrap_or("")),
        );
        let image = container["Config"]["Image"].as_str().unwrap_or("");
        if !image.contains("nginx") && !image.contains("caddy") {
            let published = host["PortBindings"].as_object().is_some_and(|ports| !ports.is_empty());
            need("no published port", !published);
        }
        for variable in container["Config"]["Env"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let (key, value) = variable.split_once('=').unwrap_or((variable, ""));
            let secret = (key.contains("PASSWORD") && !key.ends_with("_FILE") && !value.is_empty())
                || (value.contains("://") && value.contains('@'));
            need(&format!("{key} is no secret in the environment"), !secret);
        }
    }
    ensure!(unsafe_things.is_empty(), "missing: {unsafe_things:?}");
    Ok(())
}

fn edge(bed: &Bed) -> Result<()> {
    let production = bed.production()?;
    for path in [
        "/health",
        "/metrics",
        "/HEALTH",
        "//health",
        "/./metrics",
        "/health/",
        "/%68ealth",
    ] {
        let (status, _) = production.ask(path, &["--path-as-is"])?;
        ensure!(status == 404 || status == 400, "{path} at the edge: {status}");
    }
    let (_, text) = production.ask("/api/v1/items", &[])?;
    let head = text.to_lowercase();
    ensure!(head.contains("strict-transport-security:"), "no HSTS: {text}");
    ensure!(!head.contains("\nserver: nginx/"), "the edge tells its version: {text}");
    let port = fs::read_to_string(production.folder.join("deploy/compose/.env"))?;
    let port = port
        .lines()
        .find_map(|line| line.strip_prefix("HTTP_PORT="))
        .context("no HTTP_PORT")?
        .to_owned();
    let address: std::net::SocketAddr = format!("127.0.0.1:{port}").parse()?;
    let plain = crate::conform::http::Connection::open(address)?
        .send(&crate::conform::http::Request::get("/api/v1/items").host(crate::conform::production::DOMAIN))?;
    ensure!(
        [301, 308].contains(&plain.status),
        "plain HTTP answers {}",
        plain.status
    );
    let location = plain.header("location").unwrap_or("");
    ensure!(location.starts_with("https://"), "plain HTTP leads to {location}");
    Ok(())
}

fn client_address(bed: &Bed) -> Result<()> {
    let production = bed.production()?;
    let claim = ["-H", "X-Forwarded-For: 198.51.100.99", "-H", "X-Request-ID: claimed"];
    production.ask("/api/v1/items?limit=1", &claim)?;
    pace::pause(std::time::Duration::from_millis(500));
    for container in production.containers()? {
        let name = container["Name"].as_str().unwrap_or("").trim_start_matches('/');
        if !container["Config"]["Image"]
            .as_str()
            .is_some_and(|image| image.starts_with(&bed.build.image))
        {
            continue;
        }
        let logs = crate::conform::docker::run(&["logs", name], 30)?.stdout;
        let line = logs
            .lines()
            .find(|line| line.contains("\"claimed\""))
            .context("no access line")?;
        let line: Value = serde_json::from_str(line)?;
        let seen = line["client_address"].as_str().unwrap_or("");
        ensure!(seen != "198.51.100.99", "the client's own claim is believed");
        ensure!(seen.starts_with("172."), "client_address is {seen}");
    }
    Ok(())
}

/// Does something under load; fails when a request was lost meanwhile.
fn under_load(bed: &Bed, act: impl FnOnce() -> Result<()>) -> Result<usize> {
    let traffic = bed.production()?.load()?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    let acted = act();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let (answered, lost) = traffic.stop()?;
    acted?;
    ensure!(lost.is_empty(), "{} of {answered} lost: {}", lost.len(), lost[0]);
    ensure!(answered > 50, "only {answered} requests were answered meanwhile");
    Ok(answered)
}

fn zero_downtime(bed: &Bed) -> Result<()> {
    let production = bed.production()?;
    let image = production.release("2.0.0", "")?;
    let answered = under_load(bed, || {
        let output = production.make("deploy", &[("IMAGE", &image)])?;
        ensure!(output.code == 0, "make deploy: {}", process::tail(&output.text(), 6000));
        Ok(())
    })?;
    bed.measure("requests during a replacement", answered as f64);
    let running = version(bed)?;
    ensure!(running == "-2.0.0", "`{running}` runs");
    Ok(())
}

fn bad_version(bed: &Bed) -> Result<()> {
    let production = bed.production()?;
    let before = version(bed)?;
    let bad = [
        ("0.0.78", "ENV READY_CHECKS=nonsense", "0.0.78 does not get ready"),
        ("0.0.404", "ENV PORT=3001", "0.0.404 failed the smoke test"),
    ];
    let database = bed.database.as_ref();
    let cannot_migrate = database.map(|_| ("0.0.503", "ENV DATABASE_PORT=1", ""));
    for (version, spoil, said) in bad.into_iter().chain(cannot_migrate) {
        let image = production.release(version, spoil)?;
        under_load(bed, || {
            let output = production.make("deploy", &[("IMAGE", &image)])?;
            ensure!(output.code != 0, "`make deploy` of {version} succeeds");
            let tail = process::tail(&output.stderr, 6000);
            ensure!(
                output.stderr.contains(said),
                "{version} is not refused for that: {tail}"
            );
            Ok(())
        })?;
    }
    let after = version(bed)?;
    ensure!(after == before, "`{after}` runs instead of `{before}`");
    Ok(())
}

fn rollback(bed: &Bed) -> Result<()> {
    let production = bed.production()?;
    under_load(bed, || {
        let output = production.make("rollback", &[])?;
        ensure!(
            output.code == 0,
            "make rollback: {}",
            process::tail(&output.text(), 6000)
        );
        Ok(())
    })?;
    let running = version(bed)?;
    ensure!(running == "-1.0.0", "`{running}` runs");
    Ok(())
}

fn backup_restore(bed: &Bed) -> Result<()> {
    let database = bed.database()?;
    let dumps =
        database.kind != Kind::Mongo || docker::exec(&database.container, &["mongodump", "--version"])?.code == 0;
    if !dumps {
        return Err(cannot_run(
            "the image of the database here has no mongodump; the official one has",
        ));
    }
    let production = bed.production()?;
    let post = |name: &str| -> Result<String> {
        let body = format!("{{\"name\":\"{name}\"}}");
        let further = ["-H", "content-type: application/json", "-d", &body];
        let (status, text) = production.ask("/api/v1/items", &further)?;
        ensure!(status == 201, "POST: {status} {text}");
        let body = text.rsplit("\r\n\r\n").next().unwrap_or_default();
        let item: Value = serde_json::from_str(body.trim())?;
        Ok(format!("/api/v1/items/{}", item["id"].as_str().unwrap_or_default()))
    };
    let kept = post("in the backup")?;
    let output = production.make("backup", &[])?;
    ensure!(output.code == 0, "make backup: {}", output.text());
    let file = output.stdout.split_whitespace().rfind(|word| word.contains("backups/"));
    let file = file.context("`make backup` names no file")?.to_owned();
    let verified = production.make("verify-backup", &[("BACKUP", &file)])?;
    ensure!(verified.code == 0, "make verify-backup: {}", verified.text());
    let (status, _) = production.ask(&kept, &["-X", "DELETE"])?;
    ensure!(status == 204, "DELETE: {status}");
    let later = post("after the backup")?;
    let output = production.make("restore", &[("BACKUP", &file)])?;
    ensure!(output.code == 0, "make restore: {}", output.text());
    let mut last = 0;
    for _ in 0..50 {
        last = production.ask(&kept, &[])?.0;
        if last == 200 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    ensure!(last == 200, "what was in the backup answers {last}");
    let (status, _) = production.ask(&later, &[])?;
    ensure!(status == 404, "what came after the backup answers {status}");
    post("after the restore")?;
    Ok(())
}

fn rotate(bed: &Bed) -> Result<()> {
    let production = bed.production()?;
    let started = |_: ()| -> Result<Vec<String>> {
        let all = production.containers()?.into_iter().filter(|container| {
            container["Config"]["Image"]
                .as_str()
                .is_some_and(|image| image.starts_with(&bed.build.image))
        });
        Ok(all
            .map(|container| container["State"]["StartedAt"].to_string())
            .collect())
    };
    let before = started(())?;
    under_load(bed, || {
        let output = production.make("rotate-secrets", &[])?;
        ensure!(output.code == 0, "make rotate-secrets: {}", output.text());
        Ok(())
    })?;
    ensure!(started(())? == before, "the service was restarted");
    Ok(())
}
