//! §4: start and shutdown.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::http::{Connection, Request};
use crate::conform::instance::Instance;
use crate::conform::items::{self, ITEMS};
use crate::conform::load::{Load, Reuse};
use crate::conform::pace;
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new(
        "start.fast",
        "4",
        "Our own part takes under 1 s on one CPU",
        When::Always,
        fast,
    )
    .alone(),
    Check::new(
        "shutdown.exit-0",
        "4",
        "SIGTERM and SIGINT: exit 0",
        When::Always,
        exit_0,
    ),
    Check::new(
        "shutdown.order",
        "2, 4",
        "`/ready` answers 503 at once, new work is taken for `SHUTDOWN_DELAY_SECONDS`, every response from now on closes its connection and idle ones are closed, then the listener closes",
        When::Always,
        order,
    ),
    Check::new(
        "shutdown.under-load",
        "4",
        "SIGTERM under load: 0 failed requests over kept and new connections; shutdown itself answers no `/api` request with an error",
        When::Always,
        under_load,
    ),
    Check::new(
        "shutdown.without-delay",
        "4",
        "Without a delay: accepted requests are answered, none with an error, and the end comes at once",
        When::Always,
        without_delay,
    ),
    Check::new(
        "shutdown.in-flight-finish",
        "4",
        "requests in flight finish",
        When::Database,
        in_flight,
    ),
    Check::new(
        "shutdown.over-grace",
        "4",
        "Over the grace: exit 1",
        When::Database,
        over_grace,
    )
    .once(),
    Check::new(
        "shutdown.second-signal",
        "4",
        "A second signal, at least a second later, ends it at once (128 + n); an earlier one is the same signal twice",
        When::Database,
        second_signal,
    )
    .once(),
    Check::new(
        "shutdown.while-starting",
        "4",
        "A signal before the database has ever answered ends it with 0",
        When::Database,
        while_starting,
    )
    .once(),
    Check::new(
        "shutdown.open-connections",
        "4",
        "Half a request and silent connections do not hold the end up beyond the grace",
        When::Always,
        open_connections,
    )
    .once(),
];

/// From the start of the process to its `ready` line, by the clock of both, in milliseconds.
fn start_to_ready(instance: &Instance) -> Result<f64> {
    let state = crate::conform::docker::inspect(&instance.name)?;
    let started = state["State"]["StartedAt"].as_str().context("no StartedAt")?.to_owned();
    let lines = instance.logs()?.lines()?;
    let ready = lines.iter().find(|line| {
        let message = crate::conform::instance::message(line).to_lowercase();
        message.contains("ready") && !message.contains("not ready")
    });
    let ready = ready.context("no `ready` line")?["timestamp"]
        .as_str()
        .context("no timestamp")?;
    Ok(super::logs::milliseconds(ready)? - super::logs::milliseconds(&started)?)
}

/// Seconds of processor time that the program has used, where its process is one of this machine.
fn processor_seconds(instance: &Instance) -> Option<f64> {
    let state = crate::conform::docker::inspect(&instance.name).ok()?;
    let tasks = std::fs::read_dir(format!("/proc/{}/task", state["State"]["Pid"])).ok()?;
    let mut nanoseconds = 0.0;
    for task in tasks {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += text.split_whitespace().next()?.parse::<f64>().ok()?;
    }
    Some(nanoseconds / 1e9)
}

/// No other stack works beside it; where the machine is busy all the same the clock says little, and it is the
/// processor time that must stay below a second.
fn fast(bed: &Bed) -> Result<()> {
    let (mut best, mut least) = (f64::INFINITY, f64::INFINITY);
    let mut passes = false;
    for round in 0..6 {
        // Three give a figure; more are for a machine that is busy for a while.
        if passes && round >= 3 {
            break;
        }
        let instance = bed.start(&Settings::new().flag("--cpus=1"))?;
        least = least.min(processor_seconds(&instance).unwrap_or(f64::INFINITY));
        instance.until("the ready line", Duration::from_secs(3), |it| {
            start_to_ready(it).is_ok()
        })?;
        best = best.min(start_to_ready(&instance)?);
        passes = passes || best < pace::bound(Duration::from_secs(1)).as_secs_f64() * 1000.0 || least < 1.0;
    }
    bed.measure("start to ready ms", best);
    bed.measure("start CPU s", least);
    ensure!(
        passes,
        "{best:.0} ms from start to ready, {least:.2} s of processor time, the best of 6"
    );
    Ok(())
}

fn exit_0(bed: &Bed) -> Result<()> {
    for signal in ["TERM", "INT"] {
        let instance = bed.start(&Settings::new())?;
        items::create(&instance, "before the end")?;
        let started = Instant::now();
        instance.signal(signal)?;
        let code = instance.wait(Duration::from_secs(10))?;
        ensure!(code == 0, "SIG{signal}: exit status {code}");
        pace::within(
            &format!("the end after SIG{signal}"),
            started.elapsed(),
            Duration::from_secs(5),
        )?;
    }
    Ok(())
}

fn order(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new().set("SHUTDOWN_DELAY_SECONDS", "4"))?;
    let mut idle = instance.connect()?;
    idle.send(&Request::get("/live"))?.expect(200)?;
    let mut kept = instance.connect()?;
    kept.send(&Request::get(ITEMS))?.expect(200)?;
    instance.signal("TERM")?;
    let started = Instant::now();
    instance.until("/ready 503", Duration::from_secs(1), |it| it.ready() == 503)?;
    pace::within("the turn of /ready", started.elapsed(), Duration::from_millis(700))?;
    let fresh = instance.get(ITEMS)?.expect(200).context("new work during the delay")?;
    ensure!(fresh.closes(), "an answer after SIGTERM does not close its connection");
    items::post(&instance, &json!({ "name": "during the delay" }))?.expect(201)?;
    instance.get("/live")?.expect(200).context("/live during the delay")?;
    // A connection that was idle at the signal is closed, at the latest with the next answer.
    if let Ok(answer) = kept.send(&Request::get(ITEMS)) {
        ensure!(answer.status == 200 && answer.closes(), "a kept connection stays open");
    }
    ensure!(
        idle.closed_within(Duration::from_secs(6))?,
        "an idle connection stays open"
    );
    while started.elapsed() < Duration::from_millis(3500) {
        instance.get(ITEMS)?.expect(200).context("still during the delay")?;
        thread::sleep(Duration::from_millis(100));
    }
    let code = instance.wait(Duration::from_secs(8))?;
    let took = started.elapsed();
    ensure!(code == 0, "exit status {code}");
    ensure!(
        took > Duration::from_millis(3800),
        "ended after {took:?}, before the delay was over"
    );
    pace::within("the end", took, Duration::from_secs(8))
}

fn mixed(number: usize) -> Request {
    match number % 5 {
        0 => Request::json(
            "POST",
            ITEMS,
            &json!({ "name": "load", "description": "x".repeat(200) }),
        ),
        1 | 2 => Request::get("/api/v1/items/01890000-0000-7000-8000-000000000000"),
        _ => Request::get(&format!("{ITEMS}?limit=5")),
    }
}

fn no_error(answer: &crate::conform::http::Response) -> bool {
    [200, 201, 404].contains(&answer.status)
}

/// A load balancer's view: it stops sending a second after `/ready` has turned.
fn under_load(bed: &Bed) -> Result<()> {
    let mut lost = 0;
    for reuse in [Reuse::KeepAlive, Reuse::Fresh] {
        let instance = bed.start(&Settings::new().set("SHUTDOWN_DELAY_SECONDS", "3"))?;
        let load = Load::start(instance.public, 8, reuse, mixed, no_error);
        thread::sleep(Duration::from_millis(1200));
        instance.signal("TERM")?;
        instance.until("/ready 503", Duration::from_secs(2), |it| it.ready() == 503)?;
        thread::sleep(Duration::from_secs(1));
        let (tally, _) = load.stop();
        lost += tally.lost.len();
        ensure!(
            tally.lost.is_empty(),
            "{reuse:?}: {} of {} lost: {}",
            tally.lost.len(),
            tally.answered,
            tally.lost[0]
        );
        ensure!(tally.answered > 40, "{reuse:?}: only {} answers", tally.answered);
        ensure!(tally.closing > 0, "{reuse:?}: no answer closed its connection");
        let code = instance.wait(Duration::from_secs(10))?;
        ensure!(code == 0, "{reuse:?}: exit status {code}");
    }
    bed.measure("requests lost on SIGTERM", lost as f64);
    Ok(())
}

/// Here connections may be refused after the signal, but what is answered is no error.
fn without_delay(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let load = Load::start(instance.public, 6, Reuse::KeepAlive, mixed, no_error);
    thread::sleep(Duration::from_millis(800));
    let started = Instant::now();
    instance.signal("TERM")?;
    let code = instance.wait(Duration::from_secs(10))?;
    let took = started.elapsed();
    let (tally, _) = load.stop();
    let wrong: Vec<&String> = tally.lost.iter().filter(|why| why.starts_with("status")).collect();
    ensure!(wrong.is_empty(), "{} errors: {}", wrong.len(), wrong[0]);
    let torn = tally.lost.iter().find(|why| why.contains("inside"));
    ensure!(torn.is_none(), "an answer was cut off: {torn:?}");
    ensure!(code == 0, "exit status {code}");
    pace::within("the end", took, Duration::from_secs(5))
}

fn in_flight(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let held = bed.hold_items(3)?;
    let address = instance.public;
    let running = thread::spawn(move || {
        Connection::open(address)?.send(&Request::json("POST", ITEMS, &json!({ "name": "in flight" })))
    });
    pace::pause(Duration::from_millis(500));
    instance.signal("TERM")?;
    let answer = running.join().map_err(|_| anyhow::anyhow!("a thread died"))??;
    drop(held);
    let answer = answer.expect(201)?;
    ensure!(answer.closes(), "the last answer does not close its connection");
    ensure!(
        answer.elapsed > Duration::from_secs(2),
        "it did not wait: {:?}",
        answer.elapsed
    );
    let code = instance.wait(Duration::from_secs(5))?;
    ensure!(code == 0, "exit status {code}");
    let read = bed.main()?.get(&items::path(&answer.json()?))?;
    if bed.database.is_some() {
        read.expect(200).context("what it answered is not in the database")?;
    }
    Ok(())
}

/// Frozen with a request in flight until its grace is over, it must give up when it thaws.
fn over_grace(bed: &Bed) -> Result<()> {
    let settings = Settings::new()
        .set("REQUEST_TIMEOUT_SECONDS", "5")
        .set("SHUTDOWN_GRACE_SECONDS", "10");
    let instance = bed.start(&settings)?;
    let held = bed.hold_items(16)?;
    let address = instance.public;
    let running = thread::spawn(move || Connection::open(address)?.send(&Request::get(ITEMS)));
    pace::pause(Duration::from_millis(300));
    instance.signal("TERM")?;
    pace::pause(Duration::from_millis(200));
    crate::conform::docker::ok(&["pause", &instance.name])?;
    thread::sleep(Duration::from_secs(11));
    crate::conform::docker::ok(&["unpause", &instance.name])?;
    let code = instance.wait(Duration::from_secs(3));
    drop(held);
    let _ = running.join();
    let code = code.context("the grace is over, yet it goes on")?;
    ensure!(code == 1, "exit status {code}");
    Ok(())
}

fn second_signal(bed: &Bed) -> Result<()> {
    for (signal, wanted) in [("TERM", 143), ("INT", 130)] {
        let instance = bed.start(&Settings::new())?;
        let held = bed.hold_items(8)?;
        let address = instance.public;
        let running = thread::spawn(move || Connection::open(address)?.send(&Request::get(ITEMS)));
        pace::pause(Duration::from_millis(300));
        // Named twice, it is signalled twice within milliseconds.
        let name = instance.name.as_str();
        crate::conform::docker::ok(&["kill", "--signal", signal, name, name])?;
        thread::sleep(Duration::from_millis(1300));
        ensure!(instance.running()?, "the same signal twice at once ended it");
        let started = Instant::now();
        instance.signal(signal)?;
        let code = instance.wait(Duration::from_secs(8));
        let took = started.elapsed();
        drop(held);
        let _ = running.join();
        let code = code?;
        ensure!(code == wanted, "SIG{signal} twice: exit status {code}");
        pace::within(
            &format!("the end after SIG{signal} twice"),
            took,
            Duration::from_millis(1500),
        )?;
    }
    Ok(())
}

fn while_starting(bed: &Bed) -> Result<()> {
    let database = bed.database()?;
    database.kill()?;
    let ended = || -> Result<i64> {
        let instance = bed.start(&Settings::new().unready())?;
        instance.until("/live", Duration::from_secs(5), |it| it.get("/live").is_ok())?;
        thread::sleep(Duration::from_secs(1));
        instance.signal("TERM")?;
        instance.wait(Duration::from_secs(8))
    };
    let code = ended();
    database.start()?;
    let code = code?;
    ensure!(code == 0, "exit status {code}");
    Ok(())
}

fn open_connections(bed: &Bed) -> Result<()> {
    let settings = Settings::new()
        .set("REQUEST_TIMEOUT_SECONDS", "2")
        .set("SHUTDOWN_GRACE_SECONDS", "8");
    let instance = bed.start(&settings)?;
    let mut half = instance.connect()?;
    half.write(b"GET /live HTTP/1.1\r\nHost: x")?;
    let mut body = instance.connect()?;
    body.write(
        b"POST /api/v1/items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
    )?;
    let _silent = instance.connect()?;
    pace::pause(Duration::from_millis(300));
    let started = Instant::now();
    instance.signal("TERM")?;
    let code = instance.wait(Duration::from_secs(14))?;
    let took = started.elapsed();
    ensure!(code == 0 || code == 1, "exit status {code}");
    ensure!(
        took < Duration::from_secs(9),
        "ended after {took:?} with a grace of 8 s"
    );
    Ok(())
}
