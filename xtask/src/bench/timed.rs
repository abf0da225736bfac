//! A run whose time counts: waited for directly, since a bounded wait looks every few milliseconds only, and watched by
//! another thread, which ends it when it takes too long.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::tail;

/// The longest that one run may take.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The process group of the run that is under way; 0 between runs.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// Runs a command that must succeed and gives its wall time, start included. Its temporary files go below `work`.
///
/// # Errors
/// It does not start, does not succeed, or takes longer than `limit`, in which case it is ended with all that it started.
pub fn run(name: &str, command: &mut Command, work: &Path, limit: Duration) -> Result<Duration> {
    let said = work.join("stderr");
    command
        .process_group(0)
        .env("TMPDIR", work)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&said)?);
    let (over, ended) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        let late = ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        late && end()
    });
    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("{name} does not start"))?;
    RUNNING.store(child.id(), Ordering::SeqCst);
    let status = child.wait();
    let elapsed = started.elapsed();
    RUNNING.store(0, Ordering::SeqCst);
    drop(over);
    if watch.join().unwrap_or_default() {
        bail!("{name} took longer than {} s and was ended", limit.as_secs_f64());
    }
    let status = status?;
    if !status.success() {
        let said = fs::read_to_string(&said).unwrap_or_default();
        bail!("{name} ended with {status}: {}", tail(&said, 500));
    }
    Ok(elapsed)
}

/// Ends the run that is under way; whether there was one.
fn end() -> bool {
    let group = RUNNING.load(Ordering::SeqCst);
    let kill = |group: u32| {
        let mut command = Command::new("kill");
        command.args(["-KILL", "--", &format!("-{group}")]).status()
    };
    group != 0 && kill(group).is_ok()
}

/// Lets a signal end the run that is under way and take the folder away before it ends this program.
pub fn clean_up_when_interrupted(work: PathBuf) -> Result<()> {
    Ok(ctrlc::set_handler(move || {
        end();
        // What was ended may take a moment to stop writing there.
        for _ in 0..100 {
            let _ = fs::remove_dir_all(&work);
            thread::sleep(Duration::from_millis(20));
            if !work.exists() {
                break;
            }
        }
        process::exit(130);
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_run_takes_longer_than_it_may() {
        let work = tempfile::tempdir().unwrap();
        let run = |script: &str, limit| {
            let mut command = Command::new("sh");
            run("it", command.args(["-c", script]), work.path(), limit).map_err(|error| error.to_string())
        };
        let minute = Duration::from_secs(60);
        assert!(run("sleep 0.2", minute).is_ok_and(|elapsed| elapsed >= Duration::from_millis(200)));
        let started = Instant::now();
        let late = run("sleep 50 & sleep 50", Duration::from_millis(300));
        assert_eq!(late, Err("it took longer than 0.3 s and was ended".to_owned()));
        assert!(started.elapsed() < Duration::from_secs(40));
        let failed = run("echo why >&2; exit 3", minute);
        assert_eq!(failed, Err("it ended with exit status: 3: why".to_owned()));
        assert!(run("touch \"$TMPDIR/here\"", minute).is_ok() && work.path().join("here").exists());
    }
}
