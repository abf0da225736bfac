//! Ctrl-C and a supervisor's signals: at once while a person is asked, at the next safe point while something is written.

use std::sync::atomic::{AtomicBool, Ordering};

static WORKING: AtomicBool = AtomicBool::new(false);
static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on a signal restores the terminal with `restore` and ends the program, unless work is under way.
#[cfg(unix)]
pub fn watch(restore: fn()) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    // Without a handler the system's own default ends the program, which is safe too.
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM]) else {
        return;
    };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if WORKING.load(Ordering::SeqCst) {
                ASKED.store(true, Ordering::SeqCst);
            } else {
                restore();
                std::process::exit(128 + signal);
            }
        }
    });
}

/// Elsewhere Ctrl-C ends the program by itself; staged files are swept by the next run.
#[cfg(not(unix))]
pub fn watch(_: fn()) {}

/// Does `work`, during which a signal only makes [`asked`] true.
pub fn deferred<T>(work: impl FnOnce() -> T) -> T {
    WORKING.store(true, Ordering::SeqCst);
    let done = work();
    WORKING.store(false, Ordering::SeqCst);
    done
}

/// Whether a signal asked the program to stop while it was working.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
