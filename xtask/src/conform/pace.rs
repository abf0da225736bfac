//! How busy this machine is: bounds of milliseconds hold for a machine that is not.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Something took longer than it may. A slow service is slow each time and a busy machine is not, so
/// what ends with this is tried again.
#[derive(Debug)]
pub struct TooSlow(String);

impl fmt::Display for TooSlow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for TooSlow {}

/// Ends a check as too slow.
pub fn too_slow(message: String) -> anyhow::Error {
    TooSlow(message).into()
}

/// Fails as too slow unless something took less than this, or than what it is on a busy machine.
pub fn within(what: &str, took: Duration, idle: Duration) -> Result<()> {
    let bound = bound(idle);
    if took < bound {
        return Ok(());
    }
    Err(too_slow(format!("{what} takes {took:?}, and may take {bound:?}")))
}

/// How much longer work takes than the processor needs for it, as the scheduler counts
/// it; 1 on a machine with nothing else to do, and where no scheduler tells.
pub fn busy() -> f64 {
    let Some((ran, waited)) = scheduled() else { return 1.0 };
    let started = Instant::now();
    let mut work = 0_u64;
    while started.elapsed() < Duration::from_millis(60) {
        work = work.wrapping_mul(31).wrapping_add(1);
    }
    std::hint::black_box(work);
    let Some((ran_now, waited_now)) = scheduled() else {
        return 1.0;
    };
    let (ran, waited) = (ran_now.saturating_sub(ran), waited_now.saturating_sub(waited));
    1.0 + waited as f64 / (ran.max(1)) as f64
}

/// A bound for an idle machine, made longer by how busy this one is at the moment.
pub fn bound(idle: Duration) -> Duration {
    idle.mul_f64(busy().clamp(1.0, 8.0))
}

/// Gives the service time for what nothing tells from outside, up to four times as long on a busy machine.
pub fn pause(idle: Duration) {
    std::thread::sleep(idle.mul_f64(busy().clamp(1.0, 4.0)));
}

/// Nanoseconds that this thread ran, and that it waited for a processor.
fn scheduled() -> Option<(u64, u64)> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let mut numbers = text.split_whitespace().map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_told_apart() {
        let idle = Duration::from_millis(100);
        assert!(within("this", Duration::from_millis(99), idle).is_ok());
        let error = within("this", Duration::from_millis(801), idle).unwrap_err();
        assert!(error.context("told").is::<TooSlow>());
    }
}
