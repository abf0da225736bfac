//! §2, §4: servers that die, freeze and come back.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::docker;
use crate::conform::http::{Connection, Request};
use crate::conform::instance::Instance;
use crate::conform::items::{self, ITEMS};
use crate::conform::load::{Load, Reuse};
use crate::conform::pace;
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new(
        "database.killed-under-load",
        "2, 4",
        "A dependency that dies and comes back is survived without a restart; `/api` works again within 5 s; while it is down `/api` answers 503 with `Retry-After`",
        When::Database,
        killed_under_load,
    ),
    Check::new(
        "database.down",
        "2",
        "While the database is down: `/live` and `/ready` 200, `/health` 503, `/api` 503 with `Retry-After` as a problem",
        When::Database,
        database_down,
    ),
    Check::new(
        "database.frozen",
        "1, 2",
        "a request over `REQUEST_TIMEOUT_SECONDS` is cancelled and answered 503, also when the database is frozen",
        When::Database,
        database_frozen,
    ),
    Check::new(
        "ready.continuous",
        "1, 2",
        "`READY_CHECKS=continuous`: a database that fails later turns `/ready`",
        When::Database,
        ready_continuous,
    ),
    Check::new(
        "request.time-out",
        "1",
        "`REQUEST_TIMEOUT_SECONDS`: cancelled and answered 503; statement time-outs lie below it",
        When::Database,
        request_timeout,
    ),
    Check::new(
        "pool.wait",
        "1",
        "`DATABASE_POOL_MAX`: waiting for a connection takes 2 s at most",
        When::Database,
        pool_wait,
    ),
    Check::new(
        "pool.max",
        "1",
        "`DATABASE_POOL_MAX`: connections of one process",
        When::Database,
        pool_max,
    ),
];

fn works(instance: &Instance) -> bool {
    items::create(instance, "works").is_ok()
        && instance
            .get(&format!("{ITEMS}?limit=1"))
            .is_ok_and(|answer| answer.status == 200)
}

fn started_at(instance: &Instance) -> Result<String> {
    Ok(docker::inspect(&instance.name)?["State"]["StartedAt"].to_string())
}

fn killed_under_load(bed: &Bed) -> Result<()> {
    let (instance, database) = (bed.start(&Settings::new())?, bed.database()?);
    let before = started_at(&instance)?;
    let make = |number: usize| match number % 3 {
        0 => Request::json("POST", ITEMS, &json!({ "name": "under load" })),
        _ => Request::get(&format!("{ITEMS}?limit=2")),
    };
    let accept = |answer: &crate::conform::http::Response| match answer.status {
        200 | 201 => true,
        503 => answer.header("retry-after").is_some() && items::problem(answer, 503).is_ok(),
        _ => false,
    };
    let mut slowest = Duration::ZERO;
    for _ in 0..2 {
        let load = Load::start(instance.public, 4, Reuse::KeepAlive, make, accept);
        thread::sleep(Duration::from_secs(1));
        database.kill()?;
        thread::sleep(Duration::from_secs(3));
        database.start()?;
        let back = instance.until("/api again", Duration::from_secs(10), works);
        let (tally, _) = load.stop();
        slowest = slowest.max(back?);
        tally.none_lost()?;
        // Enough to call it load, however slow the machine is meanwhile.
        ensure!(tally.answered > 20, "only {} answers", tally.answered);
    }
    pace::within("working again", slowest, Duration::from_secs(5))?;
    ensure!(
        started_at(&instance)? == before && instance.running()?,
        "the service was restarted"
    );
    bed.measure("database back to API ms", slowest.as_secs_f64() * 1e3);
    Ok(())
}

fn database_down(bed: &Bed) -> Result<()> {
    let (instance, database) = (bed.start(&Settings::new())?, bed.database()?);
    let item = items::create(&instance, "before the outage")?;
    database.kill()?;
    let look = || -> Result<()> {
        instance.until("/health 503", Duration::from_secs(8), |it| {
            it.get("/health").is_ok_and(|answer| answer.status == 503)
        })?;
        let health = instance.get("/health")?.json()?;
        ensure!(health["checks"]["database"]["status"] == "unhealthy", "{health}");
        instance.get("/live")?.expect(200)?;
        instance
            .get("/ready")?
            .expect(200)
            .context("/ready of a shared database")?;
        let requests = [
            Request::get(ITEMS),
            Request::get(&format!("{ITEMS}/01890000-0000-7000-8000-00000000abcd")),
            Request::json("POST", ITEMS, &json!({ "name": "x" })),
            Request::json("PATCH", &items::path(&item), &json!({ "name": "x" })),
            Request::new("DELETE", &items::path(&item)),
        ];
        for request in requests {
            let answer = instance.send(&request)?;
            items::problem(&answer, 503).with_context(|| format!("{} {}", request.method, request.target))?;
            let wait = answer.header("retry-after").context("no Retry-After")?;
            ensure!(wait.parse::<u32>().is_ok(), "Retry-After is {wait}");
            pace::within("503", answer.elapsed, Duration::from_secs(4))?;
        }

        let metrics = instance.get_private("/metrics")?.text();
        let up = super::metrics::sum(&metrics, "dependency_up", &[("name", "database")]);
        ensure!(up == Some(0.0), "dependency_up{{name=\"database\"}} is {up:?}");
        Ok(())
    };
    let looked = look();
    database.start()?;
    looked?;
    instance.until("works again", Duration::from_secs(5), works)?;
    instance.until("/health 200", Duration::from_secs(8), |it| {
        it.get("/health").is_ok_and(|answer| answer.status == 200)
    })?;
    Ok(())
}

fn database_frozen(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("REQUEST_TIMEOUT_SECONDS", "3"))?;
    items::create(&instance, "before the frost")?;
    let frozen = bed.database()?.freeze()?;
    let mut slowest = Duration::ZERO;
    let mut outcome = Ok(());
    for _ in 0..3 {
        let answer = instance.get(&format!("{ITEMS}?limit=1"))?;
        slowest = slowest.max(answer.elapsed);
        outcome = outcome.and(items::problem(&answer, 503).map(drop));
    }
    drop(frozen);
    outcome?;
    pace::within("an answer", slowest, Duration::from_secs(5))?;
    instance.until("works again", Duration::from_secs(5), works)?;
    Ok(())
}

fn ready_continuous(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("READY_CHECKS", "continuous"))?;
    let database = bed.database()?;
    database.kill()?;
    let turned = instance.until("/ready 503", Duration::from_secs(8), |it| it.ready() == 503);
    database.start()?;
    turned?;
    instance.until("/ready 200", Duration::from_secs(8), |it| it.ready() == 200)?;
    Ok(())
}

fn request_timeout(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("REQUEST_TIMEOUT_SECONDS", "2"))?;
    let (database, name) = (bed.database()?, bed.login()?.database);
    let item = items::create(&instance, "held")?;
    let held = database.hold_item(&name, &item, 12)?;
    let answer = items::patch(&instance, &item, &json!({ "name": "waited" }))?;
    items::problem(&answer, 503)?;
    let took = answer.elapsed;
    pace::pause(Duration::from_millis(700));
    let waiting = database.waiting(&name)?;
    drop(held);
    ensure!(took > Duration::from_millis(900), "answered after {took:?} already");
    let late = took.saturating_sub(Duration::from_secs(2));
    pace::within("an answer after the time-out", late, Duration::from_millis(900))?;
    ensure!(waiting == 0, "{waiting} statements still wait in the database");
    instance.until("works again", Duration::from_secs(3), works)?;
    let now = instance.get(&items::path(&item))?.expect(200)?.json()?;
    ensure!(now["name"] == "held", "the cancelled request wrote: {now}");
    Ok(())
}

fn pool_wait(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("DATABASE_POOL_MAX", "1"))?;
    let held = bed.hold_items(8)?;
    let address = instance.public;
    let first = thread::spawn(move || {
        Connection::open(address)?.send(&Request::json("POST", ITEMS, &json!({ "name": "has it" })))
    });
    pace::pause(Duration::from_millis(500));
    let second = instance.get(&format!("{ITEMS}?limit=1"))?;
    drop(held);
    items::problem(&second, 503)?;
    ensure!(second.header("retry-after").is_some(), "no Retry-After");
    let took = second.elapsed;
    ensure!(took > Duration::from_millis(1500), "answered after {took:?} already");
    let late = took.saturating_sub(Duration::from_secs(2));
    pace::within("an answer after two seconds", late, Duration::from_secs(1))?;
    first
        .join()
        .map_err(|_| anyhow::anyhow!("a thread died"))??
        .expect(201)?;
    Ok(())
}

fn pool_max(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("DATABASE_POOL_MAX", "3"))?;
    let (database, address) = (bed.database()?, instance.address()?);
    let make = |_| Request::get(&format!("{ITEMS}?limit=20"));
    let load = Load::start(instance.public, 10, Reuse::KeepAlive, make, |answer| {
        answer.status == 200
    });
    let mut most = 0;
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(100));
        most = most.max(database.connections_from(&address)?);
    }
    let (tally, _) = load.stop();
    ensure!(tally.lost.is_empty(), "lost: {}", tally.lost[0]);
    let beside = database.beside_the_pool();
    ensure!(
        (1..=3 + beside).contains(&most),
        "{most} connections with DATABASE_POOL_MAX=3, of which {beside} may be beside the pool"
    );
    let metrics = instance.get_private("/metrics")?.text();
    let pool = super::metrics::sum(&metrics, "db_pool_connections", &[]);
    ensure!(
        pool.is_some_and(|pool| (1.0..=3.0).contains(&pool)),
        "db_pool_connections is {pool:?}"
    );
    Ok(())
}
