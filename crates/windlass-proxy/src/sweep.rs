//! The regular look at everything that has waited too long.

use crate::ClientLimits;
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
        if let Some(ending) = verdict(phase, waited, blocked, limits) {
            client.end(ending);
        }
    }
    make_room(worker);
    let mut upstreams = worker.upstreams.borrow_mut();
    for upstream in upstreams.iter() {
        upstream.retire(now);
    }
    // One that is routed to is held by the view as well.
    upstreams.retain(|upstream| std::rc::Rc::strong_count(upstream) > 1 || !upstream.is_unused());
}

/// Where every seat is taken, ends the client that has been idle the longest, so that somebody
/// new need not wait for it.
pub(crate) fn make_room(worker: &Worker) {
    if !worker.seats.are_taken() {
        return;
    }
    let now = Instant::now();
    let clients = worker.clients.borrow();
    let idle = clients.values().filter_map(|client| {
        let (phase, waited, blocked) = client.pulse().look(now);
        (phase == Phase::Idle && blocked.is_zero()).then_some((waited, client))
    });
    if let Some((_, client)) = idle.max_by_key(|(waited, _)| *waited) {
        client.end(Ending::WhenDone);
    }
}

/// How a client is to be ended, if at all, by what it waits for and since when. What it refuses to
/// take comes first: an answer that lies in the edge's memory is done for everybody but the client,
/// and a connection that waits to hand it over never ends by itself.
fn verdict(
    phase: Phase,
    waited: Duration,
    blocked: Duration,
    limits: &ClientLimits,
) -> Option<Ending> {
    let waited_ms = waited.as_millis() as u64;
    if blocked.as_millis() as u64 > limits.write_timeout_ms {
        return Some(Ending::Now);
    }
    match phase {
        Phase::Head if waited_ms > limits.head_timeout_ms => Some(Ending::Now),
        Phase::Idle if waited_ms > limits.idle_timeout_ms => Some(Ending::WhenDone),
        _ => None,
    }
}

/// Lets every client finish its request, and no more.
pub(crate) fn finish(worker: &Worker) {
    for client in worker.clients.borrow().values() {
        client.end(Ending::WhenDone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_takes_nothing_is_ended_whatever_else_it_waits_for() {
        let limits = ClientLimits {
            head_timeout_ms: 10,
            idle_timeout_ms: 20,
            write_timeout_ms: 30,
            ..ClientLimits::default()
        };
        for (phase, waited, blocked, expected) in [
            (Phase::Head, 10, 0, None),
            (Phase::Head, 11, 0, Some(Ending::Now)),
            (Phase::Answer, 1_000, 30, None),
            (Phase::Answer, 0, 31, Some(Ending::Now)),
            (Phase::Idle, 20, 30, None),
            (Phase::Idle, 21, 30, Some(Ending::WhenDone)),
            (Phase::Idle, 21, 31, Some(Ending::Now)),
            (Phase::Head, 0, 31, Some(Ending::Now)),
        ] {
            let [waited, blocked] = [waited, blocked].map(Duration::from_millis);
            let ending = verdict(phase, waited, blocked, &limits);
            assert_eq!(ending, expected, "{phase:?} {waited:?} {blocked:?}");
        }
    }
}
