//! Constant load over HTTP/1.1: so many connections, each asking again as soon as it was answered.
//!
//! It is strict, since it is the judge of "no request lost": a connection refused, cut, slow or
//! answered with a status that was not expected is a failure, and nothing is tried again. A
//! kept connection may be closed by the other side only after it said so (`Connection: close`).

mod answer;
mod report;

use answer::{Answer, Connection};
pub use report::{Failure, LoadReport};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What to ask, and how hard.
#[derive(Debug, Clone)]
pub struct LoadSpec {
    /// Where the edge listens.
    pub address: SocketAddr,
    /// The `Host` to send.
    pub host: String,
    /// The path to ask for.
    pub path: String,
    /// Connections at once.
    pub connections: usize,
    /// Pause of each connection between an answer and its next request, in milliseconds.
    pub pause_ms: u64,
    /// How long one request may take, in milliseconds.
    pub timeout_ms: u64,
    /// Statuses that count as answered.
    pub accept: Vec<u16>,
}

impl LoadSpec {
    /// 64 connections that ask for `/`, 20 ms apart, 10 s each, and expect 200.
    pub fn at(address: SocketAddr, host: impl Into<String>) -> Self {
        Self {
            address,
            host: host.into(),
            path: "/".to_owned(),
            connections: 64,
            pause_ms: 20,
            timeout_ms: 10_000,
            accept: vec![200],
        }
    }
}

/// Load that is running. Dropping it ends it; [`Load::stop`] also tells what it saw.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<LoadReport>>,
}

/// What the connections share.
#[derive(Debug)]
struct Shared {
    stop: AtomicBool,
    started: Instant,
    answered: AtomicU64,
    failed: AtomicU64,
    /// Microseconds from the start to the last good answer of any connection.
    last_good_us: AtomicU64,
    longest_gap_us: AtomicU64,
}

impl Load {
    /// Starts asking.
    pub fn start(spec: LoadSpec) -> Self {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            started: Instant::now(),
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            last_good_us: AtomicU64::new(0),
            longest_gap_us: AtomicU64::new(0),
        });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::spawn(move || run(&spec, &theirs));
        Self { shared, thread: Some(thread) }
    }

    /// Requests answered as expected so far.
    pub fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Requests that failed so far.
    pub fn failed(&self) -> u64 {
        self.shared.failed.load(Ordering::Relaxed)
    }

    /// Waits until `more` further requests were answered, at most `limit`; false when it ran out.
    pub fn await_answers(&self, more: u64, limit: Duration) -> bool {
        let (wanted, end) = (self.answered() + more, Instant::now() + limit);
        while self.answered() < wanted {
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// Ends the load after the requests in flight, and says what it saw.
    pub fn stop(mut self) -> LoadReport {
        self.shared.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("a load is stopped once");
        thread.join().expect("the load's thread does not panic")
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

fn run(spec: &LoadSpec, shared: &Arc<Shared>) -> LoadReport {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a reactor can be made");
    let mut report = runtime.block_on(async {
        let mut tasks = Vec::new();
        for _ in 0..spec.connections {
            tasks.push(tokio::spawn(one_connection(spec.clone(), Arc::clone(shared))));
        }
        let mut report = LoadReport::default();
        for task in tasks {
            report.add(task.await.expect("a connection's task does not panic"));
        }
        report
    });
    // Silence up to the end is a gap too.
    let end = shared.started.elapsed();
    let silent =
        (end.as_micros() as u64).saturating_sub(shared.last_good_us.load(Ordering::Relaxed));
    let gap_us = shared.longest_gap_us.load(Ordering::Relaxed).max(silent);
    report.finish(end.as_millis() as u64, gap_us / 1_000);
    report
}

async fn one_connection(spec: LoadSpec, shared: Arc<Shared>) -> LoadReport {
    let mut report = LoadReport::default();
    let mut kept: Option<Connection> = None;
    while !shared.stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let asked =
            tokio::time::timeout(Duration::from_millis(spec.timeout_ms), ask(&spec, kept.take()));
        let outcome = match asked.await {
            Err(_) => Err(format!("no whole answer within {} ms", spec.timeout_ms)),
            Ok(Err(reason)) => Err(reason),
            Ok(Ok((answer, connection))) if spec.accept.contains(&answer.status) => {
                kept = connection;
                Ok(answer)
            }
            Ok(Ok((answer, connection))) => {
                kept = connection;
                report.status(answer.status);
                Err(format!("answered {}: {}", answer.status, answer.start_of_body()))
            }
        };
        let at = shared.started.elapsed();
        match outcome {
            Ok(answer) => {
                shared.answered.fetch_add(1, Ordering::Relaxed);
                let at_us = at.as_micros() as u64;
                let before = shared.last_good_us.swap(at_us, Ordering::Relaxed);
                shared.longest_gap_us.fetch_max(at_us.saturating_sub(before), Ordering::Relaxed);
                report.status(answer.status);
                report.good(begun.elapsed().as_micros() as u64, &answer.body);
            }
            Err(reason) => {
                shared.failed.fetch_add(1, Ordering::Relaxed);
                report.bad(at.as_millis() as u64, reason);
                // A refused connection must not become a busy loop.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(spec.pause_ms)).await;
    }
    report
}

/// One request on a kept connection or a new one; gives the connection back when it may be kept.
async fn ask(
    spec: &LoadSpec,
    kept: Option<Connection>,
) -> Result<(Answer, Option<Connection>), String> {
    let mut connection = match kept {
        Some(connection) => connection,
        None => Connection::open(spec.address).await?,
    };
    let answer = connection.get(&spec.host, &spec.path).await?;
    let keep = answer.keep_alive;
    Ok((answer, keep.then_some(connection)))
}
