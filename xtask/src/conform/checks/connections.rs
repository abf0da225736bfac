//! §1: where listeners are, how servers are reached, and secrets from files.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When, cannot_run};
use crate::conform::instance::Instance;
use crate::conform::items;
use crate::conform::settings::Settings;
use crate::conform::tls;

pub const CHECKS: &[Check] = &[
    Check::new(
        "config.app-env",
        "1",
        "`APP_ENV`: `production` in the image",
        When::Always,
        app_env,
    )
    .once(),
    Check::new(
        "config.ports",
        "1",
        "`HOST`, `PORT`, `METRICS_HOST`, `METRICS_PORT`",
        When::Always,
        ports,
    )
    .once(),
    Check::new("config.host-ipv6", "1", "`::` works", When::Always, ipv6).once(),
    Check::new(
        "config.metrics-host",
        "1",
        "`METRICS_HOST`: the private listener can be kept to one address",
        When::Always,
        metrics_host,
    )
    .once(),
    Check::new(
        "config.database-parts",
        "1",
        "Or in parts: `DATABASE_HOST`, `_PORT`, `_NAME`, `_USER`, `_PASSWORD` (secret)",
        When::Database,
        database_parts,
    ),
    Check::new(
        "config.secret-file",
        "1",
        "A secret `X` may be given as `X_FILE`, a path to a file that holds it",
        When::Database,
        secret_file,
    ),
    Check::new(
        "config.cache-secret-file",
        "1",
        "`REDIS_URL_FILE`",
        When::Cache,
        cache_secret_file,
    ),
    Check::new(
        "config.secret-rotated",
        "1",
        "Files are read again for each new connection, so a rotated password needs no restart",
        When::Database,
        secret_rotated,
    ),
    Check::new(
        "config.tls-default",
        "1",
        "`DATABASE_TLS` is `verify-full` but in development: a server without TLS is refused",
        When::Database,
        tls_default,
    )
    .once(),
    Check::new(
        "config.database-tls",
        "1",
        "`DATABASE_TLS`, `DATABASE_CA_FILE`: the certificate's issuer and name are verified",
        When::Database,
        database_tls,
    )
    .once(),
    Check::new(
        "config.redis-tls",
        "1",
        "`REDIS_CA_FILE` with `rediss://`",
        When::Cache,
        redis_tls,
    )
    .once(),
];

fn app_env(bed: &Bed) -> Result<()> {
    let env = |settings: &Settings| -> Result<String> {
        let instance = bed.start(settings)?;
        let lines = instance.logs()?.lines()?;
        Ok(lines.first().context("no log")?["env"]
            .as_str()
            .unwrap_or("none")
            .to_owned())
    };
    let image = env(&Settings::new())?;
    ensure!(image == "production", "the image's APP_ENV is {image}");
    for name in ["development", "staging"] {
        let seen = env(&Settings::new().set("APP_ENV", name))?;
        ensure!(seen == name, "APP_ENV={name} is logged as {seen}");
    }
    Ok(())
}

fn ports(bed: &Bed) -> Result<()> {
    let instance = bed.start(
        &Settings::new()
            .on_port(8123)
            .on_metrics_port(9123)
            .set("HOST", "0.0.0.0"),
    )?;
    instance.get("/live")?.expect(200)?;
    instance.get_private("/metrics")?.expect(200)?;
    Ok(())
}

fn ipv6(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("HOST", "::").set("METRICS_HOST", "::").unready())?;
    let up = instance.until("/live", Duration::from_secs(5), |it| it.get("/live").is_ok());
    let words = instance.last_words();
    if up.is_err() && (words.contains("EAFNOSUPPORT") || words.contains("not supported")) {
        return Err(cannot_run("containers have no IPv6 here"));
    }
    up?;
    instance.until_ready(Duration::from_secs(10))?;
    instance.get_private("/metrics")?.expect(200)?;
    Ok(())
}

fn metrics_host(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("METRICS_HOST", "127.0.0.1"))?;
    ensure!(
        instance.get_private("/metrics").is_err(),
        "METRICS_HOST=127.0.0.1 answers from outside"
    );
    Ok(())
}

fn database_parts(bed: &Bed) -> Result<()> {
    let login = bed.login()?;
    let folder = bed.folder("parts")?;
    fs::write(folder.join("password"), format!("{}\n", login.password))?;
    let parts = Settings::new()
        .unset("DATABASE_URL")
        .set("DATABASE_HOST", &login.host)
        .set("DATABASE_PORT", &login.port)
        .set("DATABASE_NAME", &login.database)
        .set("DATABASE_USER", &login.user);
    let plain = bed.start(&parts.clone().set("DATABASE_PASSWORD", &login.password))?;
    items::create(&plain, "by parts")?;
    let file = parts
        .mount(&folder, "/run/secrets")
        .set("DATABASE_PASSWORD_FILE", "/run/secrets/password");
    items::create(&bed.start(&file)?, "by parts, the password in a file")?;
    Ok(())
}

fn secret_file(bed: &Bed) -> Result<()> {
    let folder = bed.folder("url")?;
    fs::write(folder.join("url"), format!("{}\n", bed.login()?.url()))?;
    let settings = Settings::new().unset("DATABASE_URL").mount(&folder, "/run/secrets");
    let instance = bed.start(&settings.set("DATABASE_URL_FILE", "/run/secrets/url"))?;
    items::create(&instance, "by a secret in a file")?;
    Ok(())
}

fn cache_is(instance: &Instance, status: &str) -> bool {
    let health = instance.get("/health").and_then(|answer| answer.json());
    health.is_ok_and(|health| health["checks"]["cache"]["status"] == status)
}

fn cache_secret_file(bed: &Bed) -> Result<()> {
    let folder = bed.folder("cache-url")?;
    let url = bed.env.get("REDIS_URL").context("no REDIS_URL")?;
    fs::write(folder.join("url"), url)?;
    let settings = Settings::new().unset("REDIS_URL").mount(&folder, "/run/secrets");
    let instance = bed.start(&settings.set("REDIS_URL_FILE", "/run/secrets/url"))?;
    instance.until("the cache", Duration::from_secs(5), |it| cache_is(it, "healthy"))?;
    Ok(())
}

/// A login of its own, whose password changes while the service runs and its connections are cut.
fn secret_rotated(bed: &Bed) -> Result<()> {
    let (login, folder) = (bed.login()?, bed.folder("rotated")?);
    let role = format!("conform_rotated_{}", bed.next());
    let database = bed.database()?;
    database.set_login(&login, &role, "sekret-first")?;
    let write = |password: &str| {
        let url = format!(
            "{}://{role}:{password}@{}:{}/{}",
            login.scheme, login.host, login.port, login.database
        );
        fs::write(folder.join("url"), url)
    };
    write("sekret-first")?;
    let settings = Settings::new().unset("DATABASE_URL").mount(&folder, "/run/secrets");
    let instance = bed.start(&settings.set("DATABASE_URL_FILE", "/run/secrets/url"))?;
    items::create(&instance, "before the rotation")?;
    database.set_login(&login, &role, "sekret-second")?;
    write("sekret-second")?;
    database.cut_connections(&role)?;
    // The contract promises no restart, and no time: a server that is busy takes some for each login.
    instance.until("works with the new password", Duration::from_secs(30), |it| {
        items::create(it, "after the rotation").is_ok()
    })?;
    for _ in 0..10 {
        items::create(&instance, "after the rotation")?;
    }
    Ok(())
}

fn tls_default(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().unset("DATABASE_TLS").unready())?;
    instance.until("/live", Duration::from_secs(5), |it| it.get("/live").is_ok())?;
    std::thread::sleep(Duration::from_secs(3));
    instance
        .get("/ready")?
        .expect(503)
        .context("in production, without TLS")?;
    let development = Settings::new().unset("DATABASE_TLS").set("APP_ENV", "development");
    bed.start(&development).context("in development")?;
    Ok(())
}

fn trusting(folder: &Path, ca: &str, url: &str) -> Settings {
    Settings::new()
        .mount(folder, "/certs")
        .set("DATABASE_TLS", "verify-full")
        .set("DATABASE_CA_FILE", &format!("/certs/{ca}"))
        .set("DATABASE_URL", url)
        .set("MIGRATION_DATABASE_URL", url)
}

fn database_tls(bed: &Bed) -> Result<()> {
    let (server, folder) = tls::start(bed, bed.database()?)?;
    let url = |host: &str| server.url(host);
    let good = trusting(&folder, "ca.crt", &url(&server.name));
    let migrated = bed.migrate(&[], &good)?;
    ensure!(migrated.code == 0, "with the right CA: {}", migrated.text());
    let instance = bed.start(&good)?;
    items::create(&instance, "over TLS")?;
    ensure!(server.is_used()?, "the connections are not encrypted");
    let other = bed.migrate(&[], &trusting(&folder, "other-ca.crt", &url(&server.name)))?;
    ensure!(other.code != 0, "a certificate of another CA is accepted");
    let alias = bed.migrate(&[], &trusting(&folder, "ca.crt", &url(&server.alias)))?;
    ensure!(alias.code != 0, "a certificate for another name is accepted");
    let public = trusting(&folder, "ca.crt", &url(&server.name)).unset("DATABASE_CA_FILE");
    ensure!(bed.migrate(&[], &public)?.code != 0, "an unknown CA is accepted");
    Ok(())
}

fn redis_tls(bed: &Bed) -> Result<()> {
    let (server, folder) = tls::start(bed, bed.cache()?)?;
    let settings = |ca: &str, host: &str| {
        Settings::new()
            .mount(&folder, "/certs")
            .set("REDIS_URL", &format!("rediss://:sekret-tls@{host}:6379"))
            .set("REDIS_CA_FILE", &format!("/certs/{ca}"))
    };
    let good = bed.start(&settings("ca.crt", &server.name))?;
    good.until("the cache over TLS", Duration::from_secs(5), |it| {
        cache_is(it, "healthy")
    })?;
    for (what, ca, host) in [
        ("another CA", "other-ca.crt", &server.name),
        ("another name", "ca.crt", &server.alias),
    ] {
        let bad = bed.start(&settings(ca, host))?;
        std::thread::sleep(Duration::from_secs(3));
        ensure!(cache_is(&bad, "unhealthy"), "a certificate of {what} is accepted");
        items::create(&bad, "without the cache")?;
    }
    Ok(())
}
