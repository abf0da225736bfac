//! §1: configuration: what is refused.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::settings::Settings;
use crate::process::Output;

pub const CHECKS: &[Check] = &[
    Check::new(
        "config.all-problems",
        "1",
        "A bad value stops the start: every problem is reported in one message (name, what is wrong, an example), exit status 78",
        When::Always,
        all_problems,
    ),
    Check::new(
        "config.other-malformed",
        "1",
        "Values just out of range are refused too",
        When::Always,
        other_malformed,
    ),
    Check::new(
        "config.each-alone",
        "1",
        "each bad value alone stops the start with 78",
        When::Always,
        each_alone,
    )
    .once(),
    Check::new(
        "config.required",
        "1",
        "`DATABASE_URL` is required with a database, `REDIS_URL` with the cache",
        When::Always,
        required,
    ),
    Check::new(
        "config.parts-missing",
        "1",
        "Parts without a host name or user are refused",
        When::Database,
        parts_missing,
    )
    .once(),
    Check::new(
        "config.secret-not-printed",
        "1",
        "secret values never printed",
        When::Database,
        secret_not_printed,
    )
    .once(),
    Check::new(
        "config.secret-both",
        "1",
        "`X` and `X_FILE` both at once is an error",
        When::Database,
        secret_both,
    )
    .once(),
    Check::new(
        "config.secret-file-missing",
        "1",
        "an `X_FILE` that cannot be read is an error",
        When::Database,
        file_missing,
    )
    .once(),
    Check::new(
        "config.grace",
        "1",
        "a start with delay + request time-out + 5 > grace is refused",
        When::Always,
        grace,
    )
    .once(),
    Check::new(
        "config.migrate",
        "1",
        "`migrate` refuses bad configuration alike",
        When::Database,
        migrate,
    )
    .once(),
];

/// A bad value for every variable of the contract.
const MALFORMED: &[(&str, &str)] = &[
    ("APP_ENV", "moon"),
    ("HOST", "not a host!"),
    ("PORT", "abc"),
    ("METRICS_HOST", "not a host!"),
    ("METRICS_PORT", "70000"),
    ("LOG_LEVEL", "loud"),
    ("REQUEST_TIMEOUT_SECONDS", "-1"),
    ("BODY_LIMIT_BYTES", "many"),
    ("RATE_LIMIT_PER_MINUTE", "-5"),
    ("TRUSTED_PROXIES", "300.0.0.0/8"),
    ("CORS_ALLOWED_ORIGINS", "*"),
    ("READY_CHECKS", "sometimes"),
    ("SHUTDOWN_DELAY_SECONDS", "1.5"),
    ("SHUTDOWN_GRACE_SECONDS", "x"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense"),
];

const MALFORMED_DATABASE: &[(&str, &str)] = &[
    ("DATABASE_URL", "mysql://a:b@c/d"),
    ("DATABASE_TLS", "require"),
    ("DATABASE_CA_FILE", "/nowhere/ca.pem"),
    ("DATABASE_POOL_MAX", "0"),
];

const MALFORMED_CACHE: &[(&str, &str)] = &[("REDIS_URL", "http://cache"), ("REDIS_CA_FILE", "/nowhere/ca.pem")];

const OUT_OF_RANGE: &[(&str, &str)] = &[
    ("PORT", "-1"),
    ("METRICS_PORT", "1e3"),
    ("LOG_LEVEL", "INFO "),
    ("REQUEST_TIMEOUT_SECONDS", "0"),
    ("BODY_LIMIT_BYTES", "0"),
    ("RATE_LIMIT_PER_MINUTE", "1.5"),
    ("TRUSTED_PROXIES", "10.0.0.0/33"),
    ("CORS_ALLOWED_ORIGINS", "https://app.example.com/path"),
    ("SHUTDOWN_DELAY_SECONDS", "-1"),
    ("SHUTDOWN_GRACE_SECONDS", "0"),
];

fn malformed(bed: &Bed) -> Vec<(String, String)> {
    let mut all: Vec<(&str, &str)> = MALFORMED.to_vec();
    if bed.database.is_some() {
        all.extend(MALFORMED_DATABASE);
    }
    if bed.cache.is_some() {
        all.extend(MALFORMED_CACHE);
    }
    let mut all: Vec<(String, String)> = all
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let example = bed.repository.read(".env.example").unwrap_or_default();
    for line in example.lines() {
        let name = line.trim_start_matches(['#', ' ']).split('=').next().unwrap_or("");
        if name.starts_with("FEATURE_") {
            all.push((name.to_owned(), "maybe".to_owned()));
        }
    }
    all
}

fn started_with(bed: &Bed, values: &[(String, String)]) -> Result<Output> {
    let mut settings = Settings::new();
    for (name, value) in values {
        settings = settings.set(name, value);
    }
    bed.run(&[], &settings, 20).context("it does not stop")
}

/// Checks that a start was refused in one message that names all of these.
fn refused(output: &Output, names: &[&str]) -> Result<String> {
    ensure!(output.code == 78, "exit status {}: {}", output.code, output.text());
    let lines: Vec<Value> = output
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let complete = lines.iter().find(|line| {
        let text = line.to_string();
        names.iter().all(|name| text.contains(name))
    });
    let missing: Vec<&&str> = names.iter().filter(|name| !output.text().contains(**name)).collect();
    ensure!(missing.is_empty(), "nothing is said of {missing:?}: {}", output.text());
    let line = complete.with_context(|| format!("not in one message: {}", output.text()))?;
    ensure!(
        line["level"] == "error" || line["level"] == "fatal",
        "level is {}",
        line["level"]
    );
    ensure!(
        lines.len() <= 2,
        "{} messages instead of one: {}",
        lines.len(),
        output.stdout
    );
    Ok(line.to_string())
}

fn all_problems(bed: &Bed) -> Result<()> {
    let values = malformed(bed);
    let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
    let message = refused(&started_with(bed, &values)?, &names)?;
    let examples = message.matches("example").count();
    ensure!(
        examples >= names.len(),
        "{examples} examples for {} problems: {message}",
        names.len()
    );
    Ok(())
}

fn other_malformed(bed: &Bed) -> Result<()> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let values: Vec<(String, String)> = OUT_OF_RANGE.iter().map(own).collect();
    let names: Vec<&str> = OUT_OF_RANGE.iter().map(|(name, _)| *name).collect();
    refused(&started_with(bed, &values)?, &names)?;
    Ok(())
}

fn each_alone(bed: &Bed) -> Result<()> {
    for value in malformed(bed) {
        let name = value.0.clone();
        refused(&started_with(bed, &[value])?, &[&name]).context(name)?;
    }
    Ok(())
}

fn required(bed: &Bed) -> Result<()> {
    let mut names = Vec::new();
    let mut settings = Settings::new();
    for (name, there) in [
        ("DATABASE_URL", bed.database.is_some()),
        ("REDIS_URL", bed.cache.is_some()),
    ] {
        settings = settings.unset(name);
        if there {
            names.push(name);
        }
    }
    if names.is_empty() {
        let instance = bed.start(&settings)?;
        instance.get("/live")?.expect(200)?;
        return Ok(());
    }
    refused(&bed.run(&[], &settings, 20).context("it starts")?, &names)?;
    Ok(())
}

fn parts_missing(bed: &Bed) -> Result<()> {
    let settings = Settings::new()
        .unset("DATABASE_URL")
        .set("DATABASE_PORT", "5432")
        .set("DATABASE_NAME", "x");
    refused(
        &bed.run(&[], &settings, 20).context("it starts")?,
        &["DATABASE_HOST", "DATABASE_USER"],
    )?;
    Ok(())
}

fn secret_not_printed(bed: &Bed) -> Result<()> {
    for url in [
        "postgresql://user:sekret-url@host:notaport/db",
        "mongodb://user:sekret-url@host:notaport/db",
        "mongodb://user:sekret-url@host/db?tls=false",
        "sekret-url",
        "http://user:sekret-url@host/db",
        "postgresql://user:sekret-url@/db?sslmode=nonsense&x=sekret-url",
    ] {
        let settings = Settings::new().set("DATABASE_URL", url).set("PORT", "abc");
        let output = bed.run(&[], &settings, 20).context("it starts")?;
        ensure!(output.code == 78, "{url}: exit status {}", output.code);
        ensure!(
            !output.text().contains("sekret-url"),
            "it prints the secret: {}",
            output.text()
        );
    }
    Ok(())
}

fn secret_both(bed: &Bed) -> Result<()> {
    let folder = bed.folder("both")?;
    fs::write(folder.join("url"), bed.login()?.url())?;
    let settings = Settings::new()
        .mount(&folder, "/run/secrets")
        .set("DATABASE_URL_FILE", "/run/secrets/url");
    let output = bed.run(&[], &settings, 20).context("it starts with both")?;
    refused(&output, &["DATABASE_URL", "DATABASE_URL_FILE"])?;
    Ok(())
}

fn file_missing(bed: &Bed) -> Result<()> {
    let settings = Settings::new()
        .unset("DATABASE_URL")
        .set("DATABASE_URL_FILE", "/run/secrets/none");
    refused(
        &bed.run(&[], &settings, 20).context("it starts")?,
        &["DATABASE_URL_FILE"],
    )?;
    Ok(())
}

fn grace(bed: &Bed) -> Result<()> {
    let with = |delay: &str, request: &str, grace: &str| {
        Settings::new()
            .set("SHUTDOWN_DELAY_SECONDS", delay)
            .set("REQUEST_TIMEOUT_SECONDS", request)
            .set("SHUTDOWN_GRACE_SECONDS", grace)
    };
    let output = bed
        .run(&[], &with("6", "15", "25"), 20)
        .context("6 + 15 + 5 > 25 starts")?;
    refused(&output, &["SHUTDOWN_GRACE_SECONDS"])?;
    let fits = bed
        .start(&with("5", "15", "25"))
        .context("5 + 15 + 5 = 25 is refused")?;
    fits.get("/live")?.expect(200)?;
    Ok(())
}

fn migrate(bed: &Bed) -> Result<()> {
    let settings = Settings::new()
        .set("DATABASE_URL", "mysql://user:sekret-url@host/db")
        .set("MIGRATION_DATABASE_URL", "mysql://user:sekret-url@host/db")
        .set("LOG_LEVEL", "loud");
    let output = bed.migrate(&[], &settings)?;
    refused(&output, &["MIGRATION_DATABASE_URL", "LOG_LEVEL"])?;
    ensure!(
        !output.text().contains("sekret-url"),
        "it prints the secret: {}",
        output.text()
    );
    Ok(())
}
