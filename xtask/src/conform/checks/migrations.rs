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
        When::Sql,
        at_once,
    ),
    Check::new(
        "migrate.down",
        "4",
        "`migrate`: up; down by one, refused in production",
        When::Sql,
        down,
    ),
    Check::new(
        "migrate.lock-time-out",
        "4",
        "with a lock time-out",
        When::Sql,
        lock_timeout,
    )
    .once(),
    Check::new(
        "migrate.owner-login",
        "1",
        "`MIGRATION_DATABASE_URL`: the owner's connection, for `migrate` only; the server needs no right to change the schema",
        When::Sql,
        owner_login,
    ),
    Check::new(
        "migrate.database-away",
        "4",
        "Without a database `migrate` ends with an error, not with a hang",
        When::Sql,
        database_away,
    ),
];

/// A fresh database that the owner may fill and the server's role may use.
fn fresh(bed: &Bed) -> Result<(String, Settings)> {
    let database = bed.database()?;
    let name = format!("conform_fresh_{}", bed.next());
    let (mut owner, mut login) = (bed.owner()?, bed.login()?);
    database.sql("postgres", &format!("CREATE DATABASE {name} OWNER {}", owner.user))?;
    let grants = format!(
        "ALTER SCHEMA public OWNER TO {0}; GRANT USAGE ON SCHEMA public TO {1}; \
         ALTER DEFAULT PRIVILEGES FOR ROLE {0} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {1}",
        owner.user, login.user
    );
    database.sql(&name, &grants)?;
    owner.database.clone_from(&name);
    login.database.clone_from(&name);
    let settings = Settings::new()
        .set("DATABASE_URL", &login.url())
        .set("MIGRATION_DATABASE_URL", &owner.url());
    Ok((name, settings))
}

fn tables(bed: &Bed, name: &str) -> Result<Vec<String>> {
    let list = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
    Ok(bed.database()?.sql(name, list)?.lines().map(str::to_owned).collect())
}

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
    let (name, settings) = fresh(bed)?;
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
        tables(bed, &name)?.iter().any(|table| table == "items"),
        "no items table afterwards"
    );
    let instance = bed.start(&settings.unset("MIGRATION_DATABASE_URL"))?;
    items::create(&instance, "after four at once")?;
    Ok(())
}

fn down(bed: &Bed) -> Result<()> {
    let (name, settings) = fresh(bed)?;
    let up = bed.migrate(&[], &settings)?;
    ensure!(up.code == 0, "up: {}", up.text());
    let shape = || {
        bed.database()?.sql(&name, "SELECT md5(string_agg(t, ',')) FROM (SELECT table_name || column_name AS t FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1) x")
    };
    let history = |table: &str| bed.database()?.sql(&name, &format!("SELECT count(*) FROM {table}"));
    let ledger = tables(bed, &name)?
        .into_iter()
        .find(|table| table.contains("migration"));
    let ledger = ledger.context("no table of migrations")?;
    let (full, count) = (shape()?, history(&ledger)?);
    let refused = bed.migrate(&["down"], &settings.clone().set("APP_ENV", "production"))?;
    ensure!(refused.code != 0, "down is not refused in production");
    ensure!(
        refused.text().contains("production"),
        "does not say why: {}",
        refused.text()
    );
    ensure!(
        shape()? == full && history(&ledger)? == count,
        "refused, yet something changed"
    );
    let development = settings.set("APP_ENV", "development");
    let gone = bed.migrate(&["down"], &development)?;
    ensure!(gone.code == 0, "down in development: {}", gone.text());
    let (before, after): (i64, i64) = (count.parse()?, history(&ledger)?.parse()?);
    ensure!(after == before - 1, "{before} migrations became {after}");
    let again = bed.migrate(&[], &development)?;
    ensure!(again.code == 0, "up again: {}", again.text());
    ensure!(shape()? == full, "up after down gives another schema");
    Ok(())
}

/// Somebody holds every table but the list of migrations: undoing one must give up, not queue for ever.
fn lock_timeout(bed: &Bed) -> Result<()> {
    let (name, settings) = fresh(bed)?;
    let settings = settings.set("APP_ENV", "development");
    ensure!(bed.migrate(&[], &settings)?.code == 0, "up fails");
    let mut held = tables(bed, &name)?;
    held.retain(|table| !table.contains("migration"));
    let database = bed.database()?.clone();
    let script = format!(
        "BEGIN; LOCK TABLE {} IN ACCESS SHARE MODE; SELECT pg_sleep(90)",
        held.join(", ")
    );
    let holder = std::thread::spawn({
        let name = name.clone();
        move || database.sql(&name, &script)
    });
    std::thread::sleep(Duration::from_secs(1));
    let started = Instant::now();
    let output = bed.migrate(&["down"], &settings);
    let took = started.elapsed();
    bed.database()?.sql(
        "postgres",
        &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"),
    )?;
    let _ = holder.join();
    let output = output.context("it waits for the lock without end")?;
    ensure!(output.code != 0, "it went through a held lock");
    ensure!(took < Duration::from_secs(45), "gives up after {took:?}");
    Ok(())
}

fn owner_login(bed: &Bed) -> Result<()> {
    let login = bed.login()?;
    let rights = format!(
        "SELECT has_schema_privilege('{0}', 'public', 'CREATE'), (SELECT count(*) FROM pg_tables WHERE tableowner = '{0}')",
        login.user
    );
    let rights = bed.sql(&rights)?;
    ensure!(rights == "f|0", "the server's login may change the schema: {rights}");
    items::create(bed.main()?, "without a right to change the schema")?;
    let (_, settings) = fresh(bed)?;
    let owner = settings.env.iter().find(|(name, _)| name == "MIGRATION_DATABASE_URL");
    let owner = owner.and_then(|(_, value)| value.clone()).context("no owner")?;
    let only_owner = Settings::new()
        .set("DATABASE_URL", "postgresql://nobody:wrong@127.0.0.1:1/nowhere")
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
    let nowhere = "postgresql://a:sekret-away@127.0.0.1:1/nowhere";
    let settings = Settings::new()
        .set("DATABASE_URL", nowhere)
        .set("MIGRATION_DATABASE_URL", nowhere);
    let output = bed.migrate(&[], &settings)?;
    ensure!(output.code != 0, "exit status 0 without a database");
    ensure!(
        !output.text().contains("sekret-away"),
        "the password is shown: {}",
        output.text()
    );
    Ok(())
}
