//! The process beside each container: its parent, the owner of its output, the witness of its
//! end. Containers survive the server because their shims do.
//!
//! A shim has one thread and waits in one place (poll). It is told everything by its bundle and
//! decides nothing; it talks to the server through its control socket and one state file.

mod entry;
mod events;
mod prepare;
mod session;
mod start;
mod supervise;

use crate::bundle::{Bundle, Orders};
use crate::launch::failure::Failure;
use crate::sys;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a shim says on its standard output, once, when the container runs or does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "start", rename_all = "kebab-case")]
pub(crate) enum StartOutcome {
    /// The command runs.
    Running,
    /// It does not, and nothing of it is left.
    Failed(Failure),
}

/// What `windlass shim <bundle>` runs: detaches itself, makes the container and stays with it to
/// its end. Its standard input is the bundle's lock. Returns the exit code of the process; the first
/// process returns at once, its copy is the shim. Must be called in a process with one thread.
pub fn shim_main(args: &[OsString]) -> u8 {
    let [bundle] = args else { return 2 };
    let bundle = Bundle { dir: PathBuf::from(bundle) };
    match sys::fork() {
        Ok(Some(_)) => 0,
        Ok(None) => {
            let _ = rustix::process::setsid();
            run(&bundle)
        }
        Err(errno) => {
            answer(&StartOutcome::Failed(Failure::new("fork the shim", errno)));
            1
        }
    }
}

fn run(bundle: &Bundle) -> u8 {
    let path = bundle.orders_path();
    let missing = || Failure::new(format!("read {}", path.display()), Errno::NOENT);
    let started = bundle.take_claim().and_then(|lock| {
        put_null_at(0);
        let orders = bundle.orders().ok_or_else(missing)?;
        let container = start::start(bundle, &orders)?;
        Ok((lock, orders, container))
    });
    let (lock, orders, container) = match started {
        Ok(started) => started,
        Err(failure) => {
            answer(&StartOutcome::Failed(failure));
            return 1;
        }
    };
    answer(&StartOutcome::Running);
    supervise::supervise(bundle, &orders, container);
    // Held to the very end: whoever sees the lock free finds everything recorded.
    drop(lock);
    0
}

/// Tells the starter, and lets go of the pipe to it.
fn answer(outcome: &StartOutcome) {
    if let Ok(text) = serde_json::to_vec(outcome) {
        let _ = rustix::io::write(rustix::stdio::stdout(), &text);
    }
    put_null_at(1);
}

/// Replaces one of the first descriptors by /dev/null.
fn put_null_at(number: i32) {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    if let Ok(null) = rustix::fs::openat(CWD, c"/dev/null", flags, Mode::empty()) {
        let _ = sys::move_onto(null.as_fd(), number);
    }
}

/// What is left to do for a container whose shim did not do it.
pub(crate) fn remove_control(orders: &Orders) {
    let _ = std::fs::remove_file(orders.control());
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
