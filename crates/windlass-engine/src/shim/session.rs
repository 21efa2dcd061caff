//! A program that somebody starts in a running container, for as long as that somebody stays.

use super::entry::{self, Ends};
use super::start::Container;
use crate::bundle::Orders;
use crate::launch::failure::Failure;
use crate::launch::report::{EXECUTE, FORK, Report, STREAMS, TERMINAL, WORK_FOLDER};
use crate::protocol::{self, ExecOrder, Reply};
use crate::sys;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// How long a program may take to end after its client has gone.
const GRACE: Duration = Duration::from_secs(5);

/// One program and its client.
pub(super) struct Session {
    /// The program.
    pub(super) process: OwnedFd,
    /// Who asked for it.
    pub(super) client: OwnedFd,
    /// Since when the client is gone.
    pub(super) hung_up: Option<Instant>,
}

impl Session {
    /// Starts a program in the container. `client` is the connection and the descriptors that
    /// came with the order; the connection is given back on failure.
    pub(super) fn start(
        orders: &Orders,
        container: &Container,
        order: &ExecOrder,
        client: (OwnedFd, Vec<OwnedFd>),
    ) -> Result<Self, (OwnedFd, Failure)> {
        let (client, streams) = client;
        match launch(orders, container, order, (&client, streams)) {
            Ok(process) => Ok(Self { process, client, hung_up: None }),
            Err(failure) => Err((client, failure)),
        }
    }

    /// The client is gone: asks the program to go too, and makes it after the grace period.
    pub(super) fn abandon(&mut self) {
        let since = *self.hung_up.get_or_insert_with(Instant::now);
        let signal = if since.elapsed() < GRACE { libc::SIGHUP } else { libc::SIGKILL };
        let _ = sys::send_signal_pidfd(self.process.as_fd(), signal);
    }

    /// How long until the program is killed, once its client is gone.
    pub(super) fn time_to_kill(&self) -> Option<Duration> {
        Some(GRACE.saturating_sub(self.hung_up?.elapsed()))
    }

    /// The program has ended: reaps it, tells the client, and returns its exit code.
    pub(super) fn finish(self) -> u8 {
        let process = WaitId::PidFd(self.process.as_fd());
        let status = rustix::process::waitid(process, WaitIdOptions::EXITED).ok().flatten();
        let code = match status.map(|status| (status.exit_status(), status.terminating_signal())) {
            Some((Some(code), _)) => code as u8,
            Some((None, Some(signal))) => 128_u8.saturating_add(signal as u8),
            _ => 255,
        };
        let _ = protocol::send(self.client.as_fd(), &Reply::Ended { code }, &[]);
        code
    }
}

fn launch(
    orders: &Orders,
    container: &Container,
    order: &ExecOrder,
    client: (&OwnedFd, Vec<OwnedFd>),
) -> Result<OwnedFd, Failure> {
    let (client, streams) = client;
    let pipe = || {
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .map_err(|errno| Failure::new("make a pipe", errno))
    };
    let ((told, report), (go, released)) = (pipe()?, pipe()?);
    let entry = entry::prepare(orders, container, order, Ends { client, streams, report, go })?;
    let labels = entry.labels();
    match sys::fork().map_err(|errno| Failure::new("fork", errno))? {
        None => entry.enter(),
        Some(helper) => {
            drop(entry);
            let joined = orders.cgroups.join_all(helper);
            if joined.is_ok() {
                let _ = rustix::io::write(&released, b"g");
            }
            // Without that byte the helper ends by itself.
            drop(released);
            let outcome = joined.and_then(|()| listen(&told, &labels, order));
            let helper = Pid::from_raw(helper);
            let _ = rustix::process::waitpid(helper, rustix::process::WaitOptions::empty());
            outcome
        }
    }
}

/// Hears from the new process until it runs its program: what it is, and that no step failed.
fn listen(told: &OwnedFd, labels: &[String], order: &ExecOrder) -> Result<OwnedFd, Failure> {
    let mut process = None;
    loop {
        match Report::read(told.as_fd()) {
            Ok(Some(Report::Forked { pid })) => {
                // Our own child, not yet reaped, so the number is still its.
                let pid = Pid::from_raw(pid).ok_or(Errno::SRCH);
                let opened =
                    pid.and_then(|pid| rustix::process::pidfd_open(pid, PidfdFlags::empty()));
                process = opened.ok();
            }
            Ok(Some(Report::Failed { index, errno })) => {
                let step = match index {
                    EXECUTE => format!("execute {}", order.command.join(" ")),
                    WORK_FOLDER => format!("enter the folder {}", order.cwd.display()),
                    FORK => "start the program".to_owned(),
                    STREAMS => "prepare standard input and output".to_owned(),
                    TERMINAL => "open a terminal".to_owned(),
                    index => labels.get(index as usize).cloned().unwrap_or_default(),
                };
                if let Some(process) = process {
                    let id = WaitId::PidFd(process.as_fd());
                    let _ = rustix::process::waitid(id, WaitIdOptions::EXITED);
                }
                return Err(Failure { step, errno });
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => {
                return process.ok_or_else(|| Failure::new("start the program", Errno::SRCH));
            }
        }
    }
}
