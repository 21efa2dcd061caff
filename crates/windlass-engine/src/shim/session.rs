//! A program that somebody starts in a running container, for as long as that somebody stays.
//!
//! The container's other processes can signal it, and trace it, as soon as it is one of them: stop
//! it before it executes its program, keep it from being reaped after its end. So nothing here
//! waits for it; each session is told in the shim's one loop what has happened.

use super::entry::{self, Ends};
use super::start::Container;
use crate::bundle::Orders;
use crate::launch::failure::Failure;
use crate::launch::report::{EXECUTE, FORK, Report, STREAMS, TERMINAL, WORK_FOLDER};
use crate::protocol::{ExecOrder, Reply};
use crate::sys;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, WaitOptions};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// How long a program may take to end after its client has gone.
const GRACE: Duration = Duration::from_secs(5);

/// How long it may take until the program is executed. Milliseconds are usual; a container that
/// uses up its share of the processors lets it wait.
const BEGIN: Duration = Duration::from_secs(30);

/// When to try again what has not helped.
const AGAIN: Duration = Duration::from_secs(1);

/// One program and its client.
pub(super) struct Session {
    /// Until the program is executed.
    starting: Option<Starting>,
    /// The program's process, once it is known.
    process: Option<OwnedFd>,
    /// Why there will be no program.
    failure: Option<Failure>,
    /// Who asked for it.
    pub(super) client: OwnedFd,
    /// Whether the client is gone.
    pub(super) hung_up: bool,
    /// Ended, but a tracer in the container keeps it from being reaped.
    withheld: bool,
    /// When something is done although nothing has happened.
    due: Option<Instant>,
}

/// A session whose program is not executed yet.
struct Starting {
    /// Closed by the execution; before it, what the new process is and which step failed.
    told: OwnedFd,
    /// The process that makes the program's: our child, outside the container.
    helper: i32,
    /// The names of its steps.
    labels: Vec<String>,
    order: ExecOrder,
}

impl Session {
    /// Starts a program in the container. `client` is the connection and the descriptors that
    /// came with the order; the connection is given back on failure.
    pub(super) fn start(
        orders: &Orders,
        container: &Container,
        order: ExecOrder,
        client: (OwnedFd, Vec<OwnedFd>),
    ) -> Result<Self, (OwnedFd, Failure)> {
        let (client, streams) = client;
        match launch(orders, container, order, (&client, streams)) {
            Ok((starting, failure)) => Ok(Self {
                starting: Some(starting),
                process: None,
                failure,
                client,
                hung_up: false,
                withheld: false,
                due: Some(Instant::now() + BEGIN),
            }),
            Err(failure) => Err((client, failure)),
        }
    }

    /// What tells of it next: the pipe, then the process itself.
    pub(super) fn watched(&self) -> Option<BorrowedFd<'_>> {
        match (&self.starting, &self.process) {
            (Some(starting), _) => Some(starting.told.as_fd()),
            (None, process) => process.as_ref().filter(|_| !self.withheld).map(AsFd::as_fd),
        }
    }

    /// How long until something is to be done without anything having happened.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.due.map(|due| due.saturating_duration_since(Instant::now()))
    }

    /// Does what is to be done: `told` when what is watched is ready, `client` when the client
    /// said something or left. Returns the last word to the client, once it is over.
    pub(super) fn advance(&mut self, told: bool, client: bool) -> Option<Reply> {
        let due = self.time_left().is_some_and(|left| left.is_zero());
        if told || (due && self.withheld) {
            let over = if self.starting.is_some() { self.hear() } else { self.reap() };
            if over.is_some() {
                return over;
            }
        }
        if client && !self.hung_up {
            self.hung_up = true;
            self.due = Some(Instant::now() + GRACE);
            self.signal(libc::SIGHUP);
        } else if due {
            if self.starting.is_some() {
                let late = || Failure::new("start the program", Errno::TIMEDOUT);
                self.failure.get_or_insert_with(late);
            }
            self.due = Some(Instant::now() + AGAIN);
            self.signal(libc::SIGKILL);
        }
        None
    }

    /// The container is gone, and every process of it: the last word to the client.
    pub(super) fn conclude(&mut self) -> Reply {
        let killed = Reply::Ended { code: 128 + libc::SIGKILL as u8 };
        if self.process.is_some() { self.reap().unwrap_or(killed) } else { self.no_program() }
    }

    fn signal(&self, signal: i32) {
        if let Some(process) = &self.process {
            let _ = sys::send_signal_pidfd(process.as_fd(), signal);
        }
    }

    /// Hears from the new process: what it is, which step failed, that it tells no more.
    fn hear(&mut self) -> Option<Reply> {
        let starting = self.starting.as_ref()?;
        match Report::read(starting.told.as_fd()) {
            Ok(Some(Report::Forked { pid })) if self.process.is_none() => {
                // Our own child, not yet reaped, so the number is still its.
                let pid = Pid::from_raw(pid).ok_or(Errno::SRCH);
                let opened =
                    pid.and_then(|pid| rustix::process::pidfd_open(pid, PidfdFlags::empty()));
                self.process = opened.ok();
            }
            Ok(Some(Report::Failed { index, errno })) => {
                let failure = Failure { step: starting.step(index), errno };
                self.failure.get_or_insert(failure);
            }
            Ok(Some(_)) => {}
            Err(errno) => {
                self.failure.get_or_insert(Failure::new("hear from the program", errno));
            }
            Ok(None) => return self.begun(),
        }
        None
    }

    /// Nobody has the other end any more: the program is executed, or there will be none.
    fn begun(&mut self) -> Option<Reply> {
        let starting = self.starting.take()?;
        // It closes its descriptors only by ending, and nobody in the container can reach it.
        let _ = rustix::process::waitpid(Pid::from_raw(starting.helper), WaitOptions::empty());
        if self.process.is_none() {
            return Some(self.no_program());
        }
        if self.failure.is_some() {
            self.signal(libc::SIGKILL);
        }
        if !self.hung_up {
            self.due = None;
        }
        None
    }

    fn no_program(&mut self) -> Reply {
        let silent = || Failure::new("start the program", Errno::SRCH);
        Reply::Failed(self.failure.take().unwrap_or_else(silent))
    }

    /// The program has ended: reaps it.
    fn reap(&mut self) -> Option<Reply> {
        let process = WaitId::PidFd(self.process.as_ref()?.as_fd());
        let status =
            rustix::process::waitid(process, WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        if matches!(status, Ok(None)) {
            self.withheld = true;
            self.due = Some(Instant::now() + AGAIN);
            return None;
        }
        let status = status.ok().flatten();
        let code = match status.map(|status| (status.exit_status(), status.terminating_signal())) {
            Some((Some(code), _)) => code as u8,
            Some((None, Some(signal))) => 128_u8.saturating_add(signal as u8),
            _ => 255,
        };
        Some(self.failure.take().map_or(Reply::Ended { code }, Reply::Failed))
    }
}

impl Starting {
    /// The name of a step, as the new process counts them.
    fn step(&self, index: u32) -> String {
        match index {
            EXECUTE => format!("execute {}", self.order.command.join(" ")),
            WORK_FOLDER => format!("enter the folder {}", self.order.cwd.display()),
            FORK => "start the program".to_owned(),
            STREAMS => "prepare standard input and output".to_owned(),
            TERMINAL => "open a terminal".to_owned(),
            index => self.labels.get(index as usize).cloned().unwrap_or_default(),
        }
    }
}

/// Makes the helper and lets it go. With a failure it does not go, and ends by itself.
fn launch(
    orders: &Orders,
    container: &Container,
    order: ExecOrder,
    client: (&OwnedFd, Vec<OwnedFd>),
) -> Result<(Starting, Option<Failure>), Failure> {
    let (client, streams) = client;
    let pipe = || {
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .map_err(|errno| Failure::new("make a pipe", errno))
    };
    let ((told, report), (go, released)) = (pipe()?, pipe()?);
    let entry = entry::prepare(orders, container, &order, Ends { client, streams, report, go })?;
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
            Ok((Starting { told, helper, labels, order }, joined.err()))
        }
    }
}
