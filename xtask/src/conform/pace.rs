//! How busy this machine is: bounds of milliseconds hold for a machine that is not.

use std::fs;
use std::time::{Duration, Instant};

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

/// A bound for an idle machine, made longer by how busy this one is.
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
