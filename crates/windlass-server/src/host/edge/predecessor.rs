//! Ends an edge of another build, so that one of this build takes its address and its snapshot.
//!
//! It is asked to end, which lets the requests under way finish. Meanwhile nobody can connect, so
//! what has no end of its own is not waited for: once no request is in flight any more, event
//! streams and tunnels are cut. What it does not do yet: hand the listening socket over.

use super::EdgeKeeper;
use crate::back_end::StepResult;
use crate::host::{back_end, off_reactor};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};
use windlass_model::Problem;
use windlass_proxy::{EdgeIdentity, PROTOCOL};

/// The longest that requests under way are waited for; an edge's own limit is shorter.
const LIMIT: Duration = Duration::from_secs(35);
/// Pause between two looks at one that ends.
const LOOK: Duration = Duration::from_millis(500);
/// Looks in a row without a request in flight, after which what is left is cut.
const QUIET_LOOKS: u32 = 2;

impl EdgeKeeper {
    /// Ends the edge that answered as `found`; returns once its sockets and its lock are free.
    pub(super) async fn end_predecessor(&self, found: &EdgeIdentity) -> StepResult {
        let Some(process) = open(found.pid).map_err(|errno| cannot_end(found, errno))? else {
            return Ok(());
        };
        // Asked again: the number may have been another process's by the time it was opened.
        if self.client.identity().await.ok().as_ref() != Some(found) {
            return Ok(());
        }
        self.log.warn("the edge is replaced", &speaks(found));
        send(&process, Signal::TERM).map_err(|errno| cannot_end(found, errno))?;
        let (process, begun, mut quiet) = (Arc::new(process), Instant::now(), 0);
        while begun.elapsed() < LIMIT && quiet < QUIET_LOOKS {
            if has_ended(&process, LOOK).await? {
                return Ok(());
            }
            quiet = if self.is_quiet().await { quiet + 1 } else { 0 };
        }
        send(&process, Signal::KILL).map_err(|errno| cannot_end(found, errno))?;
        if has_ended(&process, LIMIT).await? {
            return Ok(());
        }
        Err(cannot_end(found, Errno::BUSY))
    }

    /// Whether no request is in flight, as far as the edge says so.
    async fn is_quiet(&self) -> bool {
        let status = self.client.status().await;
        status.is_ok_and(|status| status.targets.iter().all(|target| target.in_flight == 0))
    }
}

/// A descriptor of the process: no other one with its number is ever taken for it.
fn open(pid: u32) -> Result<Option<OwnedFd>, Errno> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(None) };
    match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => Ok(Some(process)),
        Err(Errno::SRCH) => Ok(None),
        Err(errno) => Err(errno),
    }
}

fn send(process: &OwnedFd, signal: Signal) -> Result<(), Errno> {
    match rustix::process::pidfd_send_signal(process, signal) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Whether it ends within `limit`: its descriptor is readable from then on (pidfd_open(2)).
async fn has_ended(
    process: &Arc<OwnedFd>,
    limit: Duration,
) -> Result<bool, windlass_model::rollout::StepFailure> {
    let process = Arc::clone(process);
    off_reactor(move || {
        let limit =
            Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: limit.subsec_nanos().into() };
        let mut fds = [PollFd::new(&*process, PollFlags::IN)];
        // An interruption counts as a look: the next one follows.
        rustix::event::poll(&mut fds, Some(&limit)).is_ok_and(|ready| ready > 0)
    })
    .await
}

fn speaks(found: &EdgeIdentity) -> Problem {
    let EdgeIdentity { protocol, pid, listen } = found;
    let message = format!(
        "the edge on {listen} (pid {pid}) speaks protocol {protocol}, this server {PROTOCOL}"
    );
    Problem::environment("edge-protocol", message)
        .cause("it was started by another build of Windlass, and outlived that server")
}

fn cannot_end(found: &EdgeIdentity, errno: Errno) -> windlass_model::rollout::StepFailure {
    let problem = speaks(found).cause(format!("it cannot be ended: {errno}"));
    back_end(problem.hint(format!("end it by hand: kill {}", found.pid)))
}

#[cfg(test)]
mod tests {
    use crate::host::routing::tests::host;
    use crate::store::Store;
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixListener;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;
    use windlass_model::Layout;
    use windlass_model::rollout::StepFailure;

    /// Answers every call as an edge did that knew no protocol.
    fn old_edge(listener: &UnixListener, pid: u32) {
        let status = format!(r#"{{"listen":"127.0.0.1:4321","pid":{pid},"generation":3}}"#);
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut asked = [0; 4_096];
            let _ = stream.read(&mut asked);
            let length = status.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            let _ = stream.write_all(format!("{head}{status}").as_bytes());
        }
    }

    #[tokio::test]
    async fn an_edge_of_another_protocol_is_ended_and_its_address_kept() {
        let home = tempfile::tempdir().expect("a folder");
        let layout = Layout::under(home.path());
        for folder in [layout.own_logs(), layout.run.clone()] {
            std::fs::create_dir_all(folder).expect("made");
        }
        let mut process = Command::new("sleep").arg("600").spawn().expect("started");
        let listener = UnixListener::bind(layout.edge_socket()).expect("bound");
        let pid = process.id();
        std::thread::spawn(move || old_edge(&listener, pid));
        let store = Store::open(&layout.store(), || 0, None).expect("a store");
        let host = host(&layout, &store);
        assert_eq!(host.edge.generation().await, None);
        // There is no program to start the next one with.
        let Err(StepFailure::BackEnd { problem }) = host.edge.ensure().await else {
            panic!("nothing can be started")
        };
        assert_eq!(problem.code, "edge-start", "{problem:?}");
        assert_eq!(process.wait().expect("reaped").signal(), Some(15));
        assert_eq!(host.edge.remembered(), "127.0.0.1:4321".parse().ok());
        let log = std::fs::read_to_string(layout.state.join("server.log")).expect("a log");
        assert!(log.contains("speaks protocol 0, this server 1"), "{log}");
    }
}
