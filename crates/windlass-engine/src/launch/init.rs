//! The first process of a container: makes the container around itself, starts the command as
//! its child, passes signals on, reaps, and ends when the command does.
//!
//! It is a copy of the shim and executes nothing, so it works with any image. It hides itself
//! (not dumpable), so that the container cannot reach the host's program through `/proc/1/exe`.

use super::program::Program;
use super::report::{FORK, Report, STREAMS};
use super::step::Step;
use super::step_run::Workbench;
use crate::sys;
use rustix::io::Errno;
use rustix::process::WaitOptions;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// Everything that the first process needs, prepared before it is cloned.
pub(crate) struct Init {
    /// One byte when the user namespace has its id maps (if it has one), one more when the
    /// container may start. Closed without them: the shim is gone.
    pub(crate) go: OwnedFd,
    /// Where to report.
    pub(crate) report: OwnedFd,
    /// Standard input, output and error of the command.
    pub(crate) streams: [OwnedFd; 3],
    /// Whether id maps must be waited for.
    pub(crate) wait_for_maps: bool,
    /// What makes the file system.
    pub(crate) root: Vec<Step>,
    /// How many mounts that holds at once.
    pub(crate) slots: usize,
    /// What takes privileges away.
    pub(crate) confine: Vec<Step>,
    /// The command; `None` for a container that only waits.
    pub(crate) program: Option<Program>,
}

/// Room made before the clone for what would allocate after it.
pub(crate) struct Ready {
    keep: Vec<RawFd>,
    bench: Workbench,
}

impl Init {
    /// Allocates what [`Init::run`] needs; call it before the clone.
    pub(crate) fn ready(&self) -> Ready {
        let own = [&self.go, &self.report].map(AsRawFd::as_raw_fd);
        let streams = self.streams.iter().map(AsRawFd::as_raw_fd);
        let mut keep: Vec<RawFd> = own.into_iter().chain(streams).collect();
        keep.sort_unstable();
        Ready { keep, bench: Workbench::with_slots(self.slots) }
    }

    /// The whole life of the first process.
    pub(crate) fn run(&self, mut ready: Ready) -> ! {
        sys::block_all_signals();
        sys::close_all_except(&ready.keep);
        let null = self.streams[0].as_fd();
        for number in 0..3 {
            if let Err(error) = sys::move_onto(null, number) {
                self.fail(STREAMS, error);
            }
        }
        if self.wait_for_maps {
            self.wait_for_go();
        }
        if let Err(error) = ready.bench.run(&self.root) {
            self.fail(error.index as u32, error.errno);
        }
        self.wait_for_go();
        if let Err(error) = ready.bench.run(&self.confine) {
            self.fail((self.root.len() + error.index) as u32, error.errno);
        }
        let command = self.program.as_ref().map(|program| self.start(program));
        sys::close_all_except(&[self.report.as_raw_fd()]);
        Report::Started.write(self.report.as_fd());
        self.supervise(command)
    }

    /// Starts the command as a child in a session of its own, and waits until it is executed.
    fn start(&self, program: &Program) -> i32 {
        let (outcome, told) = match rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC) {
            Ok(pipe) => pipe,
            Err(error) => self.fail(FORK, error),
        };
        match sys::fork() {
            Err(error) => self.fail(FORK, error),
            Ok(None) => {
                become_command(&self.streams, told.as_fd());
                program.execute(told.as_fd())
            }
            Ok(Some(pid)) => {
                drop(told);
                match Report::read(outcome.as_fd()) {
                    Ok(None) => pid,
                    Ok(Some(report)) => {
                        report.write(self.report.as_fd());
                        sys::exit_now(126)
                    }
                    Err(error) => self.fail(FORK, error),
                }
            }
        }
    }

    fn supervise(&self, command: Option<i32>) -> ! {
        loop {
            let signal = sys::next_signal();
            if signal == libc::SIGCHLD {
                self.reap(command);
            } else if let Some(pid) = command {
                let _ = sys::send_signal(pid, signal);
            } else if matches!(signal, libc::SIGTERM | libc::SIGINT | libc::SIGQUIT) {
                Report::Signalled { signal }.write(self.report.as_fd());
                sys::exit_now(0);
            }
        }
    }

    /// Reaps every child that has ended; ends itself, and with it the container, when the
    /// command was among them.
    fn reap(&self, command: Option<i32>) {
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            let pid = pid.as_raw_nonzero().get();
            if Some(pid) != command {
                continue;
            }
            let report = match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Report::Exited { code },
                (None, signal) => Report::Signalled { signal: signal.unwrap_or(libc::SIGKILL) },
            };
            report.write(self.report.as_fd());
            sys::exit_now(0);
        }
    }

    fn wait_for_go(&self) {
        let mut byte = [0_u8];
        let read = rustix::io::retry_on_intr(|| rustix::io::read(&self.go, &mut byte));
        if read != Ok(1) {
            // The shim is gone, and nobody is left to report to.
            sys::exit_now(1);
        }
    }

    fn fail(&self, index: u32, errno: Errno) -> ! {
        Report::Failed { index, errno: errno.raw_os_error() }.write(self.report.as_fd());
        sys::exit_now(1)
    }
}

/// What every program finds at its start: a session of its own, its streams, no other descriptor,
/// default signals, a customary umask.
pub(crate) fn become_command(streams: &[OwnedFd; 3], told: BorrowedFd<'_>) {
    let _ = rustix::process::setsid();
    for (number, stream) in streams.iter().enumerate() {
        if let Err(error) = sys::move_onto(stream.as_fd(), number as RawFd) {
            Report::Failed { index: STREAMS, errno: error.raw_os_error() }.write(told);
            sys::exit_now(126);
        }
    }
    sys::close_on_exec_from(3);
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    sys::reset_signals();
}
