//! A steady load on a Service, over kept and new connections, that remembers which version answered when.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::http::{Connection, Request, Response};
use super::items::ITEMS;
use super::load::{Load, Reuse};

/// Between two requests of a worker: this is no load test.
const PAUSE: Duration = Duration::from_millis(25);
/// Workers of each way to use connections.
const WORKERS: usize = 2;

/// One answer.
#[derive(Debug, Clone)]
struct Answer {
    at: Duration,
    status: u16,
    /// Told by `/health` only
    version: Option<String>,
}

/// A running load.
pub struct Traffic {
    loads: Vec<Load>,
    answers: Arc<Mutex<Vec<Answer>>>,
}

/// What a load saw.
#[derive(Debug)]
pub struct Seen {
    /// Requests that were answered, however
    pub answered: usize,
    /// Requests without an answer, or with one that is none of the service's
    pub lost: Vec<String>,
    /// Reused connections that were found closed, where a client tries again
    pub retried: usize,
    answers: Vec<Answer>,
}

impl Traffic {
    /// Starts the load on a Service.
    pub fn start(address: SocketAddr) -> Self {
        let answers = Arc::new(Mutex::new(Vec::new()));
        let started = Instant::now();
        let load = |reuse| {
            let answers = Arc::clone(&answers);
            Load::start(address, WORKERS, reuse, request, move |response| {
                let answer = Answer {
                    at: started.elapsed(),
                    status: response.status,
                    version: version_of(response),
                };
                let good = response.status < 400;
                answers.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
                good
            })
        };
        let loads = vec![load(Reuse::KeepAlive), load(Reuse::Fresh)];
        Self { loads, answers }
    }

    /// Ends it.
    pub fn stop(self) -> Seen {
        let mut seen = Seen {
            answered: 0,
            lost: Vec::new(),
            retried: 0,
            answers: Vec::new(),
        };
        for load in self.loads {
            let (tally, _) = load.stop();
            seen.answered += tally.answered;
            seen.lost.extend(tally.lost);
            seen.retried += tally.retried;
        }
        seen.answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        seen.answers.sort_by_key(|answer| answer.at);
        seen
    }
}

impl Seen {
    /// Fails when a request was lost, or when too few were sent to say so.
    pub fn nothing_lost(&self) -> Result<()> {
        ensure!(
            self.lost.is_empty(),
            "{} of {} lost: {}",
            self.lost.len(),
            self.answered,
            self.lost.first().map_or("", String::as_str)
        );
        ensure!(
            self.answered > 50,
            "only {} requests were answered meanwhile",
            self.answered
        );
        Ok(())
    }

    /// How often each version answered `/health`.
    pub fn versions(&self) -> BTreeMap<&str, usize> {
        let mut versions = BTreeMap::new();
        for version in self.answers.iter().filter_map(|answer| answer.version.as_deref()) {
            *versions.entry(version).or_insert(0) += 1;
        }
        versions
    }

    /// The share of the answers that were errors of the server, in per cent, and the seconds from the first to the last.
    pub fn errors(&self) -> (f64, f64) {
        let bad: Vec<&Answer> = self.answers.iter().filter(|answer| answer.status >= 500).collect();
        let span = bad
            .first()
            .zip(bad.last())
            .map_or(0.0, |(first, last)| (last.at - first.at).as_secs_f64());
        (100.0 * bad.len() as f64 / self.answers.len().max(1) as f64, span)
    }
}

/// The version that answers.
pub fn version(address: SocketAddr) -> Result<String> {
    let answer = Connection::open(address)?.send(&Request::get("/health"))?.expect(200)?;
    version_of(&answer).context("`/health` tells no version")
}

fn version_of(response: &Response) -> Option<String> {
    if !response.body.starts_with(b"{") {
        return None;
    }
    let body: Value = response.json().ok()?;
    Some(body["version"].as_str()?.to_owned())
}

fn request(number: usize) -> Request {
    std::thread::sleep(PAUSE);
    match number % 8 {
        0 | 4 => Request::get("/health"),
        1 => Request::json("POST", ITEMS, &json!({ "name": "while deploying" })),
        2 | 3 => Request::get(&format!("{ITEMS}?limit=20")),
        _ => Request::get(&format!("{ITEMS}?limit=3")),
    }
}
