//! The end of another process, asked for and awaited.

use crate::error::CliError;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Asks a process to end, and waits until it has: on a descriptor of it, so that neither another
/// process with its number nor one that nobody reaps can be taken for it.
pub(crate) async fn end(pid: u32, limit: Duration) -> Result<(), CliError> {
    let failed = |source| CliError::Signal { pid, source };
    let id = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let id = id.ok_or_else(|| failed(io::Error::from(io::ErrorKind::InvalidInput)))?;
    let process = match rustix::process::pidfd_open(id, PidfdFlags::empty()) {
        Err(Errno::SRCH) => return Ok(()),
        opened => opened.map_err(|errno| failed(errno.into()))?,
    };
    match rustix::process::pidfd_send_signal(&process, Signal::TERM) {
        Err(Errno::SRCH) => return Ok(()),
        sent => sent.map_err(|errno| failed(errno.into()))?,
    }
    let ended = tokio::task::spawn_blocking(move || await_end(&process, limit)).await;
    let ended = ended.map_err(io::Error::other).and_then(|ended| ended).map_err(failed)?;
    let waited_ms = limit.as_millis() as u64;
    if ended { Ok(()) } else { Err(CliError::DidNotStop { pid, waited_ms }) }
}

/// Whether the process ended in time. Its descriptor is readable from then on (pidfd_open(2)).
fn await_end(process: &OwnedFd, limit: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        let mut fds = [PollFd::new(process, PollFlags::IN)];
        match rustix::event::poll(&mut fds, Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::process::{Command, Stdio};

    #[tokio::test]
    async fn a_process_is_ended_even_where_nobody_reaps_it() {
        let mut child = Command::new("sleep").arg("600").spawn().expect("started");
        // It stays a zombie: this test reaps it at last.
        end(child.id(), Duration::from_mins(1)).await.expect("ended");
        end(child.id(), Duration::from_mins(1)).await.expect("ended before");
        child.wait().expect("reaped at last");
    }

    #[tokio::test]
    async fn a_process_that_takes_no_hint_is_reported() {
        let mut child = Command::new("sh")
            .args(["-c", "trap '' TERM; echo; exec sleep 600"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut ready = [0];
        child.stdout.take().expect("a pipe").read_exact(&mut ready).expect("it says so");
        let error = end(child.id(), Duration::from_millis(1)).await.expect_err("it goes on");
        assert!(matches!(error, CliError::DidNotStop { waited_ms: 1, .. }), "{error}");
        child.kill().expect("killed");
        child.wait().expect("reaped");
    }
}
