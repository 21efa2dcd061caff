//! The regular look at everything that has waited too long.

use crate::client_io::Phase;
use crate::connection::Ending;
use crate::worker::Worker;
use std::time::{Duration, Instant};

/// How often: time-outs of clients and idle connections are late by at most this.
pub(crate) const EVERY: Duration = Duration::from_millis(250);

/// Ends clients that are too slow or idle for too long, and retires idle upstream connections.
pub(crate) fn look(worker: &Worker) {
    let now = Instant::now();
    let limits = worker.limits();
    for client in worker.clients.borrow().values() {
        let (phase, waited, blocked) = client.pulse().look(now);
        let waited_ms = waited.as_millis() as u64;
        let ending = match phase {
            Phase::Head if waited_ms > limits.head_timeout_ms => Some(Ending::Now),
            Phase::Idle if waited_ms > limits.idle_timeout_ms => Some(Ending::WhenDone),
            _ if blocked.as_millis() as u64 > limits.write_timeout_ms => Some(Ending::Now),
            _ => None,
        };
        if let Some(ending) = ending {
            client.end(ending);
        }
    }
    let mut upstreams = worker.upstreams.borrow_mut();
    for upstream in upstreams.iter() {
        upstream.retire(now);
    }
    // One that is routed to is held by the view as well.
    upstreams.retain(|upstream| std::rc::Rc::strong_count(upstream) > 1 || !upstream.is_unused());
}

/// Lets every client finish its request, and no more.
pub(crate) fn finish(worker: &Worker) {
    for client in worker.clients.borrow().values() {
        client.end(Ending::WhenDone);
    }
}
