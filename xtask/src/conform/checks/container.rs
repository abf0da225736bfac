//! §5: the image and how it runs.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When, cannot_run};
use crate::conform::docker;
use crate::conform::http::Request;
use crate::conform::items::{self, ITEMS};
use crate::conform::load::{Load, Reuse};
use crate::conform::pace;
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new("image.user", "5", "runs as a numeric non-root user", When::Always, user),
    Check::new(
        "image.hardened",
        "5",
        "with a read-only root file system, `--cap-drop ALL`, `no-new-privileges`, and `/tmp` as tmpfs",
        When::Always,
        hardened,
    ),
    Check::new("image.healthcheck", "5", "HEALTHCHECK", When::Always, healthcheck),
    Check::new(
        "healthcheck.command",
        "4",
        "`healthcheck` (`--ready`): a command of the same image that asks `/live` (or `/ready`) and exits 0 or 1, so the image needs no shell, curl or wget",
        When::Always,
        healthcheck_command,
    ),
    Check::new(
        "healthcheck.light",
        "4",
        "without loading the application",
        When::Always,
        healthcheck_light,
    )
    .alone(),
    Check::new(
        "image.pid-1",
        "4, 5",
        "It works as PID 1 in a container (signals, no zombies); SIGTERM reaches the program",
        When::Always,
        pid_1,
    )
    .once(),
    Check::new(
        "image.memory",
        "5",
        "the runtime's memory limit follows the container's: under pressure it is not killed",
        When::Always,
        memory,
    )
    .once(),
];

/// What the image says of itself.
pub fn config(bed: &Bed) -> Result<Value> {
    Ok(docker::inspect(&bed.build.image)?["Config"].clone())
}

fn user(bed: &Bed) -> Result<()> {
    let user = config(bed)?["User"].as_str().unwrap_or("").to_owned();
    let parts: Vec<&str> = user.split(':').collect();
    let numeric = parts.iter().all(|part| part.parse::<u32>().is_ok_and(|id| id > 0));
    ensure!(numeric, "user is `{user}`");
    let name = &bed.main()?.name;
    let top = docker::ok(&["top", name, "-eo", "uid,pid,args"])?;
    ensure!(
        !top.lines().skip(1).any(|line| line.trim_start().starts_with("0 ")),
        "runs as root: {top}"
    );
    Ok(())
}

fn hardened(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let host = &docker::inspect(&instance.name)?["HostConfig"];
    ensure!(host["ReadonlyRootfs"] == true, "the root file system is writable");
    ensure!(
        host["CapDrop"] == json!(["ALL"]),
        "capabilities are {}",
        host["CapDrop"]
    );
    for _ in 0..30 {
        items::create(&instance, "hardened")?;
    }
    let changed = docker::ok(&["diff", &instance.name])?;
    // Docker itself makes the mount points.
    let written: Vec<&str> = changed
        .lines()
        .filter(|line| !["C /", "A /tmp", "C /tmp"].contains(line))
        .collect();
    ensure!(written.is_empty(), "it wrote to its root: {written:?}");
    Ok(())
}

fn healthcheck(bed: &Bed) -> Result<()> {
    let check = config(bed)?["Healthcheck"].clone();
    ensure!(check["Test"][0] == "CMD", "HEALTHCHECK is {}", check["Test"]);
    let instance = bed.start(&Settings::new().checked())?;
    instance.until("healthy", Duration::from_secs(30), |it| {
        docker::inspect(&it.name).is_ok_and(|state| state["State"]["Health"]["Status"] == "healthy")
    })?;
    Ok(())
}

/// The image's own health command, as its HEALTHCHECK spells it.
fn command(bed: &Bed) -> Result<Vec<String>> {
    let config = config(bed)?;
    let test = config["Healthcheck"]["Test"].as_array().context("no HEALTHCHECK")?;
    Ok(test
        .iter()
        .skip(1)
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect())
}

fn ask(bed: &Bed, container: &str, further: &[&str]) -> Result<i32> {
    let command = command(bed)?;
    let words: Vec<&str> = command
        .iter()
        .map(String::as_str)
        .chain(further.iter().copied())
        .collect();
    Ok(docker::exec(container, &words)?.code)
}

fn healthcheck_command(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    ensure!(ask(bed, &instance.name, &[])? == 0, "it fails while `/live` answers");
    ensure!(
        ask(bed, &instance.name, &["--ready"])? == 0,
        "--ready fails while `/ready` answers 200"
    );
    let elsewhere = bed.start(&Settings::new().on_port(4321))?;
    ensure!(ask(bed, &elsewhere.name, &[])? == 0, "it does not follow PORT");
    if bed.database.is_some() {
        let nowhere = Settings::new()
            .set(
                "DATABASE_URL",
                &format!("{}://a:b@127.0.0.1:1/nowhere", bed.login()?.scheme),
            )
            .unready();
        let unready = bed.start(&nowhere)?;
        unready.until("/live", Duration::from_secs(5), |it| it.get("/live").is_ok())?;
        ensure!(ask(bed, &unready.name, &[])? == 0, "it fails while not ready");
        let code = ask(bed, &unready.name, &["--ready"])?;
        ensure!(code == 1, "--ready ends with {code} while not ready");
    }
    // Nothing listens where this one asks.
    let mut command = command(bed)?;
    let entry = command.remove(0);
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let alone = bed.run(&words, &Settings::new().flag(&format!("--entrypoint={entry}")), 20)?;
    ensure!(alone.code == 1, "without a server it ends with {}", alone.code);
    Ok(())
}

/// Loading the application costs far more than asking once, and would want its configuration.
fn healthcheck_light(bed: &Bed) -> Result<()> {
    let mut command = command(bed)?;
    let entry = command.remove(0);
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let broken = Settings::new()
        .flag(&format!("--entrypoint={entry}"))
        .set("LOG_LEVEL", "nonsense")
        .unset("DATABASE_URL")
        .unset("REDIS_URL");
    let output = bed.run(&words, &broken, 20)?;
    ensure!(
        output.code == 1,
        "it reads the application's configuration: exit status {}",
        output.code
    );
    let instance = bed.main()?;
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let started = Instant::now();
        ask(bed, &instance.name, &[])?;
        best = best.min(started.elapsed());
    }
    bed.measure("healthcheck ms", best.as_secs_f64() * 1e3);
    pace::within("the best of 3", best, Duration::from_millis(700))
}

fn pid_1(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    for _ in 0..5 {
        ask(bed, &instance.name, &[])?;
    }
    let host = &docker::inspect(&instance.name)?["HostConfig"];
    ensure!(host["Init"] != true, "Docker's init is PID 1, not the program");
    let top = docker::ok(&["top", &instance.name, "-eo", "pid,stat,args"])?;
    let processes: Vec<&str> = top.lines().skip(1).collect();
    let zombies = processes.iter().filter(|line| line.contains("defunct")).count();
    ensure!(zombies == 0, "{zombies} zombies: {top}");
    ensure!(processes.len() == 1, "more than the program runs: {top}");
    instance.signal("TERM")?;
    let code = instance.wait(Duration::from_secs(10))?;
    ensure!(code == 0, "SIGTERM to PID 1: exit status {code}");
    Ok(())
}

fn memory(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().flag("--memory-swap=256m"))?;
    let idle = docker::ok(&["stats", "--no-stream", "--format", "{{.MemUsage}}", &instance.name])?;
    if let Some(megabytes) = megabytes(&idle) {
        bed.measure("idle MB", megabytes);
    }
    let body = json!({ "name": "x".repeat(200), "description": "😀".repeat(2000) });
    let make = move |number: usize| match number % 4 {
        0 => Request::json("POST", ITEMS, &body),
        1 => Request::new("POST", ITEMS).body("application/json", &vec![b'['; 1_000_000]),
        _ => Request::get(&format!("{ITEMS}?limit=100")),
    };
    // 503 is a fair answer to too much; being killed is none.
    let load = Load::start(instance.public, 8, Reuse::KeepAlive, make, |answer| {
        answer.status < 500 || answer.status == 503
    });
    std::thread::sleep(Duration::from_secs(8));
    let (tally, _) = load.stop();
    let state = &docker::inspect(&instance.name)?["State"];
    if state["OOMKilled"] == true || state["Running"] == false {
        anyhow::bail!(
            "killed with 256 MB after {} requests; {}",
            tally.answered,
            instance.last_words()
        );
    }
    if tally.answered == 0 {
        return Err(cannot_run("no request was answered"));
    }
    ensure!(tally.lost.is_empty(), "{} lost: {}", tally.lost.len(), tally.lost[0]);
    instance.get("/live")?.expect(200)?;
    Ok(())
}

/// Reads `81.2MiB / 256MiB`.
fn megabytes(usage: &str) -> Option<f64> {
    let used = usage.split('/').next()?.trim();
    let number = used.trim_end_matches(|letter: char| letter.is_alphabetic());
    let value: f64 = number.parse().ok()?;
    match used.strip_prefix(number)? {
        "MiB" => Some(value * 1.048_576),
        "GiB" => Some(value * 1_073.741_824),
        "KiB" => Some(value / 976.6),
        _ => None,
    }
}
