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

/// The service's user of the database and the Secret that has its password.
struct Login {
    user: String,
    secret: String,
}

pub fn rotation(bed: &Bed) -> Result<()> {
    let staging = bed.staging()?;
    let chart = staging.folder.join("deploy/helm").join(&staging.slug);
    let values = values(&chart, &["values.yaml", "values-staging.yaml"])?;
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let first = Login {
        user: text(&values["database"]["user"]).context("no database.user")?,
        secret: text(&values["secrets"]["name"]).unwrap_or_else(|| staging.slug.clone()),
    };
    let server = Server::of(staging, text(&values["database"]["name"]).context("no database.name")?)?;
    take_turns(bed, staging, &server, &first)?;
    in_a_hurry(bed, staging, &server, &first)
}

/// To a second user and back, each a release.
fn take_turns(bed: &Bed, staging: &Staging, server: &Server, first: &Login) -> Result<()> {
    let (image, password) = (staging.version(FIRST, "")?, format!("turns-{}", std::process::id()));
    let second = Login {
        user: format!("{}_2", first.user),
        secret: format!("{}-2", first.secret),
    };
    server.let_in(&second.user, &first.user, &password)?;
    let mut copy = staging.cluster.get(&staging.namespace, &["secret", &first.secret])?;
    copy["metadata"] = json!({ "name": second.secret });
    copy["stringData"] = json!({ "database-password": password });
    staging.cluster.apply(&staging.namespace, &copy.to_string())?;
    let turn = |login: &Login| {
        staging.write_values(&json!({ "database": { "user": login.user }, "secrets": { "name": login.secret } }))
    };
    turn(&second)?;
    let seen = staging.under_load(|| {
        succeeded("make deploy", &staging.deploy(&image)?.0)?;
        staging
            .cluster
            .until("the first user is gone", Duration::from_secs(100), || {
                Ok(server.connections(&first.user)? == "0")
            })?;
        server.shut_out(&first.user, true)?;
        thread::sleep(Duration::from_secs(2));
        server.shut_out(&first.user, false)?;
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

/// Another password for the user that the service has.
fn in_a_hurry(bed: &Bed, staging: &Staging, server: &Server, login: &Login) -> Result<()> {
    let (cluster, namespace) = (&staging.cluster, ["--namespace", &staging.namespace]);
    let password = format!("rotated-{}", std::process::id());
    let before = staging.instances()?;
    let patch = json!({ "stringData": { "database-password": password } }).to_string();
    let secret = ["patch", "secret", &login.secret, "--patch", &patch];
    cluster.ok(&[&namespace[..], &secret].concat())?;
    server.change_password(&login.user, &password)?;
    // The kubelet writes a changed Secret within a minute or two, sooner when a pod changes.
    let annotation = format!("boatyard.conform/rotated={}", bed.next());
    for pod in staging.pods()?.iter().filter_map(name) {
        // One of the release before may have ended by now.
        let pod = ["annotate", "pod", &pod, &annotation];
        let _ = cluster.kubectl(&[&namespace[..], &pod].concat(), 30)?;
    }
    server.disconnect(&login.user)?;
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

/// The database server of staging, asked as its own administrator.
struct Server<'a> {
    staging: &'a Staging,
    pod: String,
    kind: Kind,
    database: String,
}

impl<'a> Server<'a> {
    fn of(staging: &'a Staging, database: String) -> Result<Self> {
        let pods = staging.cluster.list(&staging.namespace, &["pods"])?;
        let database_of = |pod: &Value| {
            let image = pod["spec"]["containers"][0]["image"].as_str().unwrap_or_default();
            let kind = Kind::of_image(image).filter(|kind| matches!(kind, Kind::Postgres | Kind::Mongo))?;
            Some((name(pod)?, kind))
        };
        let (pod, kind) = pods.iter().find_map(database_of).context("no database runs")?;
        Ok(Self {
            staging,
            pod,
            kind,
            database,
        })
    }

    /// A user with the rights of another.
    fn let_in(&self, user: &str, like: &str, password: &str) -> Result<String> {
        self.ask(
            &format!("CREATE ROLE {user} LOGIN PASSWORD '{password}' IN ROLE {like}"),
            &format!("db.createUser({{ user: '{user}', pwd: '{password}', roles: ['app'] }}).ok"),
        )
    }

    /// Takes a user's right to be there, or gives it back.
    fn shut_out(&self, user: &str, out: bool) -> Result<String> {
        let (login, roles) = if out { ("NOLOGIN", "") } else { ("LOGIN", "'app'") };
        self.ask(
            &format!("ALTER ROLE {user} {login}"),
            &format!("db.updateUser('{user}', {{ roles: [{roles}] }}).ok"),
        )
    }

    fn change_password(&self, user: &str, password: &str) -> Result<String> {
        self.ask(
            &format!("ALTER ROLE {user} PASSWORD '{password}'"),
            &format!("db.changeUserPassword('{user}', '{password}')"),
        )
    }

    /// How many connections a user has.
    fn connections(&self, user: &str) -> Result<String> {
        let operations = "{ $currentOp: { allUsers: true, idleConnections: true } }";
        self.ask(
            &format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}'"),
            &format!(
                "db.getSiblingDB('admin').aggregate([{operations}, {{ $match: {{ 'effectiveUsers.user': '{user}' }} }}]).toArray().length"
            ),
        )
    }

    /// Ends them, so that the service must log in anew; with MongoDB it does so by itself.
    fn disconnect(&self, user: &str) -> Result<String> {
        self.ask(
            &format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{user}'"),
            "0",
        )
    }

    /// What the server says to SQL, or to JavaScript in the service's database.
    fn ask(&self, sql: &str, javascript: &str) -> Result<String> {
        let Self { pod, database, .. } = self;
        let script = if self.kind == Kind::Postgres {
            format!("psql --quiet --tuples-only --no-align --username postgres --dbname postgres --command \"{sql}\"")
        } else {
            let javascript = javascript.replace('$', "\\$");
            format!("mongosh {database} --quiet --eval \"load('/scripts/login.js'); print({javascript})\"")
        };
        let namespace = ["--namespace", &self.staging.namespace];
        let exec = ["exec", pod, "--", "sh", "-c", &script];
        let said = self.staging.cluster.ok(&[&namespace[..], &exec].concat())?;
        Ok(said.lines().last().unwrap_or_default().trim().to_owned())
    }
}
