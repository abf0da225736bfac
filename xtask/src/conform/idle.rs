//! A connection that is left alone while other checks run, to see how long the server keeps it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::http::{Connection, Request};

/// Longer than any server should keep it.
const LIMIT: Duration = Duration::from_secs(100);

/// A watched connection.
pub struct Idle {
    since: Instant,
    kept: Arc<Mutex<Option<Duration>>>,
}

impl Idle {
    /// Uses a connection once, then never again.
    pub fn watch(address: SocketAddr) -> Result<Self> {
        let mut connection = Connection::open(address)?;
        connection.send(&Request::get("/live"))?.expect(200)?;
        let (since, kept) = (Instant::now(), Arc::new(Mutex::new(None)));
        let result = Arc::clone(&kept);
        thread::spawn(move || {
            let closed = connection.closed_within(LIMIT).unwrap_or(false);
            if let (true, Ok(mut kept)) = (closed, result.lock()) {
                *kept = Some(since.elapsed());
            }
        });
        Ok(Self { since, kept })
    }

    /// Waits for its end.
    pub fn seconds(&self) -> Result<f64> {
        loop {
            let kept = self.kept.lock().ok().and_then(|kept| *kept);
            if let Some(kept) = kept {
                return Ok(kept.as_secs_f64());
            }
            ensure!(self.since.elapsed() < LIMIT, "still open after {LIMIT:?}");
            thread::sleep(Duration::from_millis(200));
        }
    }
}
