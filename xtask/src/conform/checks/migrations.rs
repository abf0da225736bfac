//! §4: migrations.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::items;
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new("migrate.twice", "4", "safe to run twice", When::Database, twice),
    Check::new(
        "migrate.at-once",
        "4",
        "they wait for each other under a lock; safe to run at once",
        When::Database,
        at_once,
    ),
    Check::new(
        "migrate.down",
        "4",
        "`migrate`: up; down by one, refused in production",
        When::Database,
        down,
    ),
    Check::new(
        "migrate.lock-time-out",
        "4",
        "with a lock time-out",
        When::Database,
        lock_timeout,
    )
    .once(),
    Check::new(
        "migrate.owner-login",
        "1",
        "`MIGRATION_DATABASE_URL`: the owner's connection, for `migrate` only; the server needs no right to change the schema",
        When::Database,
        owner_login,
    ),
    Check::new(
        "migrate.database-away",
        "4",
        "Without a database `migrate` ends with an error, not with a hang",
        When::Database,
        database_away,
    ),
];

fn twice(bed: &Bed) -> Result<()> {
    for _ in 0..2 {
        let output = bed.migrate(&[], &Settings::new())?;
        ensure!(output.code == 0, "exit status {}: {}", output.code, output.text());
    }
    items::create(bed.main()?, "after it")?;
    Ok(())
}

/// All of them wait for a frozen database, so that they go on at the same moment.
fn at_once(bed: &Bed) -> Result<()> {
    let (name, settings) = bed.fresh_database()?;
    let command = bed.repository.migrate()?;
    let frozen = bed.database()?.freeze()?;
    let mut running = Vec::new();
    for _ in 0..4 {
        running.push(bed.start_command(&command, &settings)?);
    }
    std::thread::sleep(Duration::from_secs(2));
    drop(frozen);
    for container in &running {
        let (code, words) = container.wait(Duration::from_secs(40))?;
        ensure!(code == 0, "exit status {code}: {words}");
    }
    ensure!(
        bed.database()?.tables(&name)?.iter().any(|table| table == "items"),
        "no items table afterwards"
    );
    let instance = bed.start(&settings.unset("MIGRATION_DATABASE_URL"))?;
    items::create(&instance, "after four at once")?;
    Ok(())
}

fn down(bed: &Bed) -> Result<()> {
    let (name, settings) = bed.fresh_database()?;
    let up = bed.migrate(&[], &settings)?;
    ensure!(up.code == 0, "up: {}", up.text());
    let database = bed.database()?;
    let ledger = database
        .tables(&name)?
        .into_iter()
        .find(|table| table.contains("migration") && !table.contains("lock"));
    let ledger = ledger.context("no list of migrations")?;
    let shape = || database.shape(&name);
    let history = || database.count(&name, &ledger);
    let (full, before) = (shape()?, history()?);
    let refused = bed.migrate(&["down"], &settings.clone().set("APP_ENV", "production"))?;
    ensure!(refused.code != 0, "down is not refused in production");
    ensure!(
        refused.text().contains("production"),
        "does not say why: {}",
        refused.text()
    );
    ensure!(
        shape()? == full && history()? == before,
        "refused, yet something changed"
    );
    let development = settings.set("APP_ENV", "development");
    let gone = bed.migrate(&["down"], &development)?;
    ensure!(gone.code == 0, "down in development: {}", gone.text());
    let after = history()?;
    ensure!(after == before - 1, "{before} migrations became {after}");
    let again = bed.migrate(&[], &development)?;
    ensure!(again.code == 0, "up again: {}", again.text());
    ensure!(shape()? == full, "up after down gives another schema");
    Ok(())
}

/// Somebody holds what a migration needs: undoing one must give up, not queue for ever.
fn lock_timeout(bed: &Bed) -> Result<()> {
    let (name, settings) = bed.fresh_database()?;
    let settings = settings.set("APP_ENV", "development");
    ensure!(bed.migrate(&[], &settings)?.code == 0, "up fails");
    let held = bed.database()?.hold_schema(&name, 90)?;
    let started = Instant::now();
    let output = bed.migrate(&["down"], &settings);
    let took = started.elapsed();
    drop(held);
    let output = output.context("it waits for the lock without end")?;
    ensure!(output.code != 0, "it went through a held lock");
    ensure!(took < Duration::from_secs(45), "gives up after {took:?}");
    Ok(())
}

fn owner_login(bed: &Bed) -> Result<()> {
    let login = bed.login()?;
    let rights = bed.database()?.rights_on_schema(&login)?;
    ensure!(rights.is_empty(), "the server's login may change the schema: {rights}");
    items::create(bed.main()?, "without a right to change the schema")?;
    let (_, settings) = bed.fresh_database()?;
    let owner = settings.env.iter().find(|(name, _)| name == "MIGRATION_DATABASE_URL");
    let owner = owner.and_then(|(_, value)| value.clone()).context("no owner")?;
    let only_owner = Settings::new()
        .set(
            "DATABASE_URL",
            &format!("{}://nobody:wrong@127.0.0.1:1/nowhere", login.scheme),
        )
        .set("MIGRATION_DATABASE_URL", &owner);
    let output = bed.migrate(&[], &only_owner)?;
    ensure!(
        output.code == 0,
        "migrate does not use MIGRATION_DATABASE_URL: {}",
        output.text()
    );
    let fallback = Settings::new()
        .set("DATABASE_URL", &owner)
        .unset("MIGRATION_DATABASE_URL");
    let output = bed.migrate(&[], &fallback)?;
    ensure!(
        output.code == 0,
        "it does not default to DATABASE_URL: {}",
        output.text()
    );
    Ok(())
}

fn database_away(bed: &Bed) -> Result<()> {
    let nowhere = format!("{}://a:sekret-away@127.0.0.1:1/nowhere", bed.login()?.scheme);
    let settings = Settings::new()
        .set("DATABASE_URL", &nowhere)
        .set("MIGRATION_DATABASE_URL", &nowhere);
    let output = bed.migrate(&[], &settings)?;
    ensure!(output.code != 0, "exit status 0 without a database");
    ensure!(
        !output.text().contains("sekret-away"),
        "the password is shown: {}",
        output.text()
    );
    Ok(())
}
