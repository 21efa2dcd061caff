//! How many clients a worker has room for.
//!
//! Each client holds a descriptor, tunnels included, and may hold another at an app. A client has
//! a seat for as long as its byte stream exists, whoever owns that by then; while there is none
//! left, nobody is accepted and newcomers wait in the socket's queue. So descriptors do not run
//! out for the sake of clients.

use rustix::process::{Resource, getrlimit};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Descriptors that are not for clients: logs, sockets, idle connections to apps, control calls.
const RESERVED: u64 = 256;
/// Even the meanest limit lets so many in.
const FEWEST: u64 = 8;

/// One worker's seats.
#[derive(Debug)]
pub(crate) struct Seats {
    most: usize,
    taken: AtomicUsize,
    freed: Notify,
}

/// A client's seat; given up when dropped.
#[derive(Debug)]
pub(crate) struct Seat(Arc<Seats>);

fn each(workers: usize, open_files: Option<u64>) -> usize {
    let Some(open_files) = open_files else { return usize::MAX };
    let pairs = open_files.saturating_sub(RESERVED) / 2;
    usize::try_from((pairs / workers.max(1) as u64).max(FEWEST)).unwrap_or(usize::MAX)
}

impl Seats {
    /// Those of one worker among so many; `wanted` for all of them, 0 for what the process's
    /// limit on open files allows.
    pub(crate) fn of_worker(workers: usize, wanted: usize) -> Arc<Self> {
        let most = match wanted {
            0 => each(workers, getrlimit(Resource::Nofile).current),
            wanted => wanted.div_ceil(workers.max(1)),
        };
        Arc::new(Self { most, taken: AtomicUsize::new(0), freed: Notify::new() })
    }

    pub(crate) fn are_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire) >= self.most
    }

    /// Waits until there is one. Nobody but the worker itself takes any.
    pub(crate) async fn one_free(&self) {
        while self.are_taken() {
            self.freed.notified().await;
        }
    }

    pub(crate) fn take(self: &Arc<Self>) -> Seat {
        self.taken.fetch_add(1, Ordering::AcqRel);
        Seat(self.clone())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_follow_the_limit_on_open_files() {
        for (workers, open_files, seats) in [
            (1, Some(1_024), 384),
            (4, Some(1_024), 96),
            (4, Some(1 << 20), 131_040),
            (2, Some(100), 8),
            (2, None, usize::MAX),
        ] {
            assert_eq!(each(workers, open_files), seats, "{workers} {open_files:?}");
        }
    }
}
