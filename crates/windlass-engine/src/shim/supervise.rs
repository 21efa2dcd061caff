//! The shim's one loop: output into the log, requests, exec sessions, the end.

use super::now_ms;
use super::session::Session;
use super::start::Container;
use crate::bundle::{Bundle, Orders};
use crate::cgroup::CgroupUsage;
use crate::launch::failure::Failure;
use crate::launch::report::Report;
use crate::log::{LineSplitter, LogLine, LogStream};
use crate::protocol::{self, Reply, Request};
use crate::state::ExitRecord;
use crate::sys;
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, WaitOptions};
use std::os::fd::{AsFd, OwnedFd};
use windlass_model::ExitReason;

/// The state of the loop.
pub(super) struct Supervisor<'a> {
    orders: &'a Orders,
    pub(super) container: Container,
    splitters: [LineSplitter; 2],
    /// Streams that are still open.
    pub(super) open: [bool; 2],
    pub(super) clients: Vec<OwnedFd>,
    pub(super) sessions: Vec<Session>,
    /// How the command ended, once its init has said so.
    pub(super) ended: Option<ExitReason>,
}

/// Stays with the container until its end is recorded.
pub(super) fn supervise(bundle: &Bundle, orders: &Orders, container: Container) {
    let mut supervisor = Supervisor {
        orders,
        container,
        splitters: Default::default(),
        open: [true; 2],
        clients: Vec::new(),
        sessions: Vec::new(),
        ended: None,
    };
    while !supervisor.turn() {}
    supervisor.finish(bundle);
}

impl Supervisor<'_> {
    /// Waits for something to happen and deals with it; whether the container has ended.
    fn turn(&mut self) -> bool {
        let events = self.wait();
        let [init, report, out, err, control, signals] = events.fixed;
        if out {
            self.read_output(0);
        }
        if err {
            self.read_output(1);
        }
        self.container.log.flush(now_ms());
        if report {
            self.read_report();
        }
        if signals {
            self.take_signals();
        }
        for index in (0..events.clients.len()).rev().filter(|index| events.clients[*index]) {
            self.serve(index);
        }
        for index in (0..events.sessions.len()).rev() {
            let (told, client) = events.sessions[index];
            self.advance_session(index, told, client);
        }
        if control
            && let Ok(client) =
                rustix::net::accept_with(&self.container.control, rustix::net::SocketFlags::CLOEXEC)
        {
            self.clients.push(client);
        }
        init
    }

    /// Reads what there is of one stream, without waiting; whether there was anything.
    fn read_output(&mut self, index: usize) -> bool {
        let mut buffer = [0_u8; 16 * 1_024];
        let stream = [LogStream::Out, LogStream::Err][index];
        let (splitter, log) = (&mut self.splitters[index], &mut self.container.log);
        let now = now_ms();
        let mut push = |line: &[u8], partial| {
            log.push(&LogLine::from_bytes(now, stream, line, partial));
        };
        match rustix::io::read(&self.container.output[index], &mut buffer) {
            Ok(0) => {
                splitter.finish(push);
                self.open[index] = false;
                false
            }
            Ok(read) => {
                splitter.push(&buffer[..read], &mut push);
                true
            }
            Err(_) => false,
        }
    }

    fn read_report(&mut self) {
        self.ended = match Report::read(self.container.report.as_fd()) {
            Ok(Some(Report::Exited { code })) => Some(ExitReason::Code { code: code as u8 }),
            Ok(Some(Report::Signalled { signal })) => Some(ExitReason::Signal { signal }),
            // Closed without a word: init itself was killed.
            _ => Some(ExitReason::Signal { signal: libc::SIGKILL }),
        };
    }

    /// The shim outlives hang-ups and interrupts; SIGTERM comes from a host that shuts down.
    fn take_signals(&mut self) {
        while let Some(signal) = self.container.signals.take() {
            if signal == libc::SIGTERM {
                let _ = sys::send_signal_pidfd(self.container.init.as_fd(), signal);
            }
        }
    }

    /// Answers one request of a client; a client that is gone is forgotten.
    fn serve(&mut self, index: usize) {
        let client = &self.clients[index];
        let init = self.container.init.as_fd();
        let done = |result: Result<(), Errno>, step: String| match result {
            Ok(()) | Err(Errno::SRCH) => Reply::Done,
            Err(errno) => Reply::Failed(Failure::new(step, errno)),
        };
        let reply = match protocol::receive::<Request>(client.as_fd()) {
            Ok(Some((Request::Signal { signal }, _))) => {
                done(sys::send_signal_pidfd(init, signal), format!("send signal {signal}"))
            }
            Ok(Some((Request::Kill, _))) => {
                done(sys::send_signal_pidfd(init, libc::SIGKILL), "kill the container".to_owned())
            }
            Ok(Some((Request::Exec(order), streams))) => {
                let client = self.clients.swap_remove(index);
                match Session::start(self.orders, &self.container, order, (client, streams)) {
                    Ok(session) => self.sessions.push(session),
                    Err((client, failure)) => {
                        let _ = protocol::send(client.as_fd(), &Reply::Failed(failure), &[]);
                    }
                }
                return;
            }
            Ok(None) | Err(_) => {
                self.clients.swap_remove(index);
                return;
            }
        };
        let _ = protocol::send(client.as_fd(), &reply, &[]);
    }

    fn advance_session(&mut self, index: usize, told: bool, client: bool) {
        let Some(reply) = self.sessions[index].advance(told, client) else { return };
        let session = self.sessions.swap_remove(index);
        let _ = protocol::send(session.client.as_fd(), &reply, &[]);
        if let Reply::Ended { code } = reply
            && self.orders.spec.exit_with_exec
            && self.ended.is_none()
        {
            self.ended = Some(ExitReason::Code { code });
            let _ = sys::send_signal_pidfd(self.container.init.as_fd(), libc::SIGKILL);
        }
    }

    /// Records the end, then clears away what would outlive it.
    fn finish(&mut self, bundle: &Bundle) {
        if self.ended.is_none() {
            self.read_report();
        }
        // Every process of the container is dead, so what is in the pipes is all there will be.
        for index in 0..2 {
            while self.open[index] && self.read_output(index) {
                self.container.log.flush(now_ms());
            }
            self.splitters[index].finish(|line, partial| {
                let stream = [LogStream::Out, LogStream::Err][index];
                let line = LogLine::from_bytes(now_ms(), stream, line, partial);
                self.container.log.push(&line);
            });
        }
        self.container.log.flush(now_ms());
        let _ = rustix::process::waitid(
            WaitId::PidFd(self.container.init.as_fd()),
            WaitIdOptions::EXITED,
        );
        for mut session in self.sessions.drain(..) {
            let reply = session.conclude();
            let _ = protocol::send(session.client.as_fd(), &reply, &[]);
        }
        while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
        let reason = self.ended.unwrap_or(ExitReason::Signal { signal: libc::SIGKILL });
        let oom_kills = CgroupUsage::read(&self.orders.cgroups).oom_kills;
        let reason = if oom_kills > 0 && !reason.is_success() {
            ExitReason::OutOfMemory { limit_bytes: self.orders.spec.limits.memory_bytes }
        } else {
            reason
        };
        self.container.state.exit = Some(ExitRecord { reason, at_ms: now_ms(), oom_kills });
        // A disk that refuses even this leaves a container that ended unseen.
        let _ = self.container.state.write(&bundle.state_path(), true);
        let _ = self.orders.cgroups.remove();
        super::remove_control(self.orders);
    }
}
