//! Other passwords, as the runbook gives them.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::operation::name;
use super::release::{FIRST, none_lost};
use crate::conform::bed::Bed;
use crate::conform::cluster::succeeded;
use crate::conform::http::{Connection, Request};
use crate::conform::staging::Staging;
use crate::conform::store::Kind;
use crate::conform::values::values;

/// The service's role and the Secret that has its password.
struct Login {
    role: String,
    secret: String,
}

pub fn rotation(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let chart = staging.folder.join("deploy/helm").join(&staging.slug);
    let values = values(&chart, &["values.yaml", "values-staging.yaml"])?;
    let role = values["database"]["user"].as_str().context("no database.user")?;
    let secret = values["secrets"]["name"].as_str().filter(|name| !name.is_empty());
    let first = Login {
        role: role.to_owned(),
        secret: secret.unwrap_or(&staging.slug).to_owned(),
    };
    take_turns(bed, staging, &first)?;
    in_a_hurry(bed, staging, &first)
}

/// To a second role and back, each a release.
fn take_turns(bed: &Bed, staging: &Staging, first: &Login) -> Result<()> {
    let (image, password) = (staging.version(FIRST, "")?, format!("turns-{}", std::process::id()));
    let second = Login {
        role: format!("{}_2", first.role),
        secret: format!("{}-2", first.secret),
    };
    let statement = format!(
        "CREATE ROLE {} LOGIN PASSWORD '{password}' IN ROLE {}",
        second.role, first.role
    );
    sql(staging, &statement)?;
    let mut copy = staging.cluster.get(&staging.namespace, &["secret", &first.secret])?;
    copy["metadata"] = json!({ "name": second.secret });
    copy["stringData"] = json!({ "database-password": password });
    staging.cluster.apply(&staging.namespace, &copy.to_string())?;
    let turn = |login: &Login| {
        staging.write_values(&json!({ "database": { "user": login.role }, "secrets": { "name": login.secret } }))
    };
    turn(&second)?;
    let seen = staging.under_load(|| {
        succeeded("make deploy", &staging.deploy(&image)?.0)?;
        let used = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'", first.role);
        staging
            .cluster
            .until("the first role is unused", Duration::from_secs(100), || {
                Ok(sql(staging, &used)? == "0")
            })?;
        sql(staging, &format!("ALTER ROLE {} NOLOGIN", first.role))?;
        thread::sleep(Duration::from_secs(2));
        sql(staging, &format!("ALTER ROLE {} LOGIN", first.role))?;
        succeeded("make rollback", &staging.make("rollback", &[])?)
    })?;
    bed.measure("requests during a rotation", seen.answered as f64);
    none_lost(bed, &seen)?;
    turn(first)?;
    staging.serves(FIRST)?;
    let namespace = &staging.namespace;
    staging
        .cluster
        .ok(&["--namespace", namespace, "delete", "secret", &second.secret])
        .map(drop)
}

/// Another password for the role that is in use.
fn in_a_hurry(bed: &Bed, staging: &Staging, login: &Login) -> Result<()> {
    let (cluster, namespace) = (&staging.cluster, staging.namespace.as_str());
    let password = format!("rotated-{}", std::process::id());
    let before = staging.instances()?;
    let patch = json!({ "stringData": { "database-password": password } }).to_string();
    cluster.ok(&[
        "--namespace",
        namespace,
        "patch",
        "secret",
        &login.secret,
        "--patch",
        &patch,
    ])?;
    sql(staging, &format!("ALTER ROLE {} PASSWORD '{password}'", login.role))?;
    // The kubelet writes a changed Secret within a minute or two, sooner when a pod changes.
    let annotation = format!("boatyard.conform/rotated={}", bed.next());
    for pod in staging.pods()?.iter().filter_map(name) {
        // One of the release before may have ended by now.
        let _ = cluster.kubectl(&["--namespace", namespace, "annotate", "pod", &pod, &annotation], 30)?;
    }
    // Without its old connections the service must log in anew.
    let end = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{}'",
        login.role
    );
    sql(staging, &end)?;
    cluster.until("the new password is used", Duration::from_secs(100), || {
        let ask = |_| {
            Connection::open(staging.service()?)?
                .send(&Request::get("/api/v1/items"))?
                .expect(200)
        };
        Ok((0..6).map(ask).all(|answer| answer.is_ok()))
    })?;
    ensure!(staging.instances()?.is_subset(&before), "pods were restarted");
    Ok(())
}

/// Runs a statement as the database server's own administrator; gives the value that it selects.
fn sql(staging: &Staging, statement: &str) -> Result<String> {
    let pods = staging.cluster.list(&staging.namespace, &["pods"])?;
    let server = pods.iter().find(|pod: &&Value| {
        let image = pod["spec"]["containers"][0]["image"].as_str().unwrap_or_default();
        Kind::of_image(image) == Some(Kind::Postgres)
    });
    let server = server.and_then(name).context("no PostgreSQL runs")?;
    let script = format!(
        "psql --quiet --tuples-only --no-align --username \"${{POSTGRES_USER:-postgres}}\" --dbname postgres --command \"{statement}\""
    );
    let exec = ["exec", &server, "--", "sh", "-c", &script];
    staging
        .cluster
        .ok(&[&["--namespace", &staging.namespace], &exec[..]].concat())
}
