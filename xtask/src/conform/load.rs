//! A closed-loop load: a few workers, each sending its next request when the last was answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::http::{Connection, Request, Response};

/// How a worker uses connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// One connection until the server says `close`
    KeepAlive,
    /// A new one for each request
    Fresh,
}

/// What came back.
#[derive(Debug, Default)]
pub struct Tally {
    /// Answered requests
    pub answered: usize,
    /// Requests that got no answer, or one that the check does not accept
    pub lost: Vec<String>,
    /// Answers that said `Connection: close`
    pub closing: usize,
    /// Reused connections found closed before the first byte of an answer, where a client tries again
    pub retried: usize,
    /// Time of every answered request
    pub times: Vec<Duration>,
}

impl Tally {
    /// # Errors
    /// A request was lost: how many, and what became of the first.
    pub fn none_lost(&self) -> Result<()> {
        let (lost, answered) = (self.lost.len(), self.answered);
        match self.lost.first() {
            Some(first) => bail!("{lost} of {answered} lost: {first}"),
            None => Ok(()),
        }
    }

    /// The time below which this share of the answers lies.
    pub fn percentile(&self, share: f64) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        let index = (times.len() as f64 * share) as usize;
        times
            .get(index.min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

type Make = dyn Fn(usize) -> Request + Send + Sync;
type Accept = dyn Fn(&Response) -> bool + Send + Sync;

/// A running load.
pub struct Load {
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<Tally>>,
    started: Instant,
}

impl Load {
    /// Starts `workers` workers against one address.
    pub fn start(
        address: SocketAddr,
        workers: usize,
        reuse: Reuse,
        make: impl Fn(usize) -> Request + Send + Sync + 'static,
        accept: impl Fn(&Response) -> bool + Send + Sync + 'static,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicUsize::new(0));
        let (make, accept): (Arc<Make>, Arc<Accept>) = (Arc::new(make), Arc::new(accept));
        let worker = |_| {
            let (stop, next) = (Arc::clone(&stop), Arc::clone(&next));
            let (make, accept) = (Arc::clone(&make), Arc::clone(&accept));
            thread::spawn(move || work(address, reuse, &stop, &next, &*make, &*accept))
        };
        let workers = (0..workers).map(worker).collect();
        Self {
            stop,
            workers,
            started: Instant::now(),
        }
    }

    /// Lets the workers finish their request and adds up; seconds it ran.
    pub fn stop(self) -> (Tally, f64) {
        self.stop.store(true, Ordering::Relaxed);
        let mut sum = Tally::default();
        for worker in self.workers {
            let Ok(tally) = worker.join() else { continue };
            sum.answered += tally.answered;
            sum.closing += tally.closing;
            sum.retried += tally.retried;
            sum.lost.extend(tally.lost);
            sum.times.extend(tally.times);
        }
        (sum, self.started.elapsed().as_secs_f64())
    }
}

fn work(
    address: SocketAddr,
    reuse: Reuse,
    stop: &AtomicBool,
    next: &AtomicUsize,
    make: &Make,
    accept: &Accept,
) -> Tally {
    let mut tally = Tally::default();
    let mut kept: Option<Connection> = None;
    while !stop.load(Ordering::Relaxed) {
        let request = make(next.fetch_add(1, Ordering::Relaxed));
        let reused = kept.is_some();
        let mut outcome = attempt(address, kept.take(), &request);
        if reused && outcome.is_err() {
            tally.retried += 1;
            outcome = attempt(address, None, &request);
        }
        match outcome {
            Ok((connection, response)) => {
                tally.answered += 1;
                tally.times.push(response.elapsed);
                tally.closing += usize::from(response.closes());
                if !accept(&response) {
                    tally
                        .lost
                        .push(format!("status {}: {}", response.status, response.short()));
                }
                if reuse == Reuse::KeepAlive && !response.closes() {
                    kept = Some(connection);
                }
            }
            Err(error) => {
                tally.lost.push(format!("{error:#}"));
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
    tally
}

fn attempt(address: SocketAddr, connection: Option<Connection>, request: &Request) -> Result<(Connection, Response)> {
    let mut connection = match connection {
        Some(connection) => connection,
        None => Connection::open(address)?,
    };
    let response = connection.send(request)?;
    Ok((connection, response))
}

/// Runs the same thing in several threads at once.
pub fn at_once<T: Send>(count: usize, act: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    thread::scope(|scope| {
        let act = &act;
        let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || act(number))).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Result<T>>| {
            thread.join().map_err(|_| anyhow::anyhow!("a thread died"))?
        };
        threads.into_iter().map(join).collect()
    })
}
