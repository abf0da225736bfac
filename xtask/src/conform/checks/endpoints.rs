//! §2: the endpoints around the resource.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::docker;
use crate::conform::items;
use crate::conform::pace;
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new(
        "live.ok",
        "2",
        "`GET /live`: 200 `{\"status\":\"ok\"}`",
        When::Always,
        live,
    ),
    Check::new(
        "ready.names-checks",
        "2",
        "`GET /ready`: 200 when ready; names each check",
        When::Always,
        ready_names_checks,
    ),
    Check::new(
        "ready.schema-version",
        "2",
        "`/ready` is 503 until the schema is at the version the code needs",
        When::Database,
        ready_schema,
    ),
    Check::new(
        "ready.replica-set",
        "2",
        "`/ready` is 503, and says why, on a server without transactions",
        When::Mongo,
        ready_replica_set,
    )
    .once(),
    Check::new(
        "ready.until-dependency",
        "2, 4",
        "503 until each required dependency has answered once; connections are retried without end",
        When::Database,
        ready_until_dependency,
    ),
    Check::new(
        "health.detail",
        "2",
        "`GET /health`: status, service, version, uptime_seconds, checks with latency",
        When::Always,
        health_detail,
    ),
    Check::new(
        "health.version",
        "1, 2",
        "`APP_VERSION`: in logs, `/health`, `build_info`",
        When::Always,
        version,
    )
    .once(),
    Check::new(
        "metrics.not-public",
        "1, 2",
        "`/metrics` is on the private listener only, and nothing else is there",
        When::Always,
        private_listener,
    ),
    Check::new(
        "probes.cost-nothing",
        "2",
        "Probes read the background watch's result and cost nothing",
        When::Database,
        probes_cost_nothing,
    ),
];

fn live(bed: &Bed) -> Result<()> {
    let body = bed.main()?.get("/live")?.expect(200)?.json()?;
    ensure!(body["status"] == "ok", "body is {body}");
    Ok(())
}

fn ready_names_checks(bed: &Bed) -> Result<()> {
    let body = bed.main()?.get("/ready")?.expect(200)?.json()?;
    let named = bed.database.is_none() || names(&body["checks"], "database");
    ensure!(named, "no check `database` in {body}");
    ensure!(body["checks"].is_object(), "no `checks` in {body}");
    Ok(())
}

fn names(checks: &Value, name: &str) -> bool {
    checks
        .as_object()
        .is_some_and(|checks| checks.keys().any(|key| key.contains(name)))
}

fn ready_schema(bed: &Bed) -> Result<()> {
    let (_, settings) = bed.fresh_database()?;
    let instance = bed.start(&settings.clone().unset("MIGRATION_DATABASE_URL").unready())?;
    instance.until("/live", Duration::from_secs(5), |it| it.get("/live").is_ok())?;
    std::thread::sleep(Duration::from_secs(3));
    let answer = instance.get("/ready")?.expect(503)?.json()?;
    let said = answer.to_string().to_lowercase();
    ensure!(
        said.contains("schema") || said.contains("migrat"),
        "says nothing of it: {answer}"
    );
    let migrated = bed.migrate(&[], &settings)?;
    ensure!(migrated.code == 0, "migrate: {}", migrated.text());
    instance.until_ready(Duration::from_secs(10))?;
    items::create(&instance, "after the migration")?;
    Ok(())
}

/// The same image, alone instead of a replica set.
fn ready_replica_set(bed: &Bed) -> Result<()> {
    let alone = format!("{}-alone", bed.repository.project);
    let image = bed.database()?.image.clone();
    docker::ok(&[
        "run",
        "--detach",
        "--name",
        &alone,
        "--label",
        &docker::label(),
        "--network",
        &bed.network,
        "--env",
        "MONGO_INITDB_ROOT_USERNAME=root",
        "--env",
        "MONGO_INITDB_ROOT_PASSWORD=sekret",
        &image,
    ])?;
    let looked = || -> Result<()> {
        let url = format!("mongodb://root:sekret@{alone}:27017/orders?authSource=admin");
        let instance = bed.start(&Settings::new().set("DATABASE_URL", &url).unready())?;
        instance.until("/health 200", Duration::from_secs(40), |it| {
            it.get("/health").is_ok_and(|answer| answer.status == 200)
        })?;
        let answer = instance.get("/ready")?.expect(503)?.json()?;
        ensure!(answer.to_string().contains("replica set"), "does not say why: {answer}");
        Ok(())
    };
    let outcome = looked();
    docker::remove(&alone);
    outcome
}

fn ready_until_dependency(bed: &Bed) -> Result<()> {
    let database = bed.database()?;
    database.kill()?;
    let down = || -> Result<_> {
        let instance = bed.start(&Settings::new().unready())?;
        instance.until("/live", Duration::from_secs(5), |it| it.get("/live").is_ok())?;
        instance.get("/live")?.expect(200)?;
        std::thread::sleep(Duration::from_secs(4));
        instance.get("/ready")?.expect(503)?;
        Ok(instance)
    };
    let instance = down();
    database.start()?;
    instance?.until_ready(Duration::from_secs(15))?;
    Ok(())
}

fn health_detail(bed: &Bed) -> Result<()> {
    let body = bed.main()?.get("/health")?.expect(200)?.json()?;
    ensure!(
        body["status"] == "healthy" || body["status"] == "ok",
        "status is {}",
        body["status"]
    );
    for member in ["service", "version"] {
        ensure!(body[member].is_string(), "no `{member}` in {body}");
    }
    ensure!(body["uptime_seconds"].is_number(), "no `uptime_seconds` in {body}");
    for (name, store) in [("database", &bed.database), ("cache", &bed.cache)] {
        let check = &body["checks"][name];
        ensure!(store.is_some() != check.is_null(), "check `{name}` in {body}");
        if store.is_some() {
            ensure!(check["status"] == "healthy", "{name} is {check}");
            let members = check.as_object().context("no object")?;
            let latency = members.iter().find(|(key, _)| key.contains("latency"));
            ensure!(
                latency.is_some_and(|(_, value)| value.is_number()),
                "no latency in {check}"
            );
        }
    }
    Ok(())
}

fn version(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("APP_VERSION", "9.8.7-conform.1"))?;
    let body = instance.get("/health")?.expect(200)?.json()?;
    ensure!(body["version"] == "9.8.7-conform.1", "version is {}", body["version"]);
    let metrics = instance.get_private("/metrics")?.expect(200)?.text();
    ensure!(
        metrics
            .lines()
            .any(|line| line.starts_with("build_info{") && line.contains("version=\"9.8.7-conform.1\"")),
        "build_info has another version"
    );
    for line in instance.logs()?.lines()? {
        ensure!(line["version"] == "9.8.7-conform.1", "a log line without it: {line}");
    }
    Ok(())
}

fn private_listener(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    items::problem(&instance.get("/metrics")?, 404)?;
    instance.get_private("/metrics")?.expect(200)?;
    for path in ["/live", "/health", "/openapi.json", items::ITEMS, "/"] {
        let status = instance.get_private(path)?.status;
        ensure!(status == 404, "the private listener answers {path} with {status}");
    }
    Ok(())
}

fn probes_cost_nothing(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let frozen = bed.database()?.freeze()?;
    let mut worst = Duration::ZERO;
    for path in ["/live", "/ready", "/health"].repeat(4) {
        worst = worst.max(instance.get(path)?.elapsed);
        std::thread::sleep(Duration::from_millis(150));
    }
    drop(frozen);
    pace::within("a probe with a frozen database", worst, Duration::from_millis(300))?;
    instance.until("health", Duration::from_secs(10), |it| {
        it.get("/health").is_ok_and(|answer| answer.status == 200)
    })?;
    Ok(())
}
