//! Waiting for processes that are not our children, and killing exactly those that are meant.

use super::control::KILL_TIME;
use crate::state::ProcessMark;
use crate::sys;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Waits until a process has ended; whether it has.
pub(super) fn await_end(mark: &ProcessMark, timeout: Duration) -> bool {
    open(mark).is_none_or(|process| readable(&process, timeout))
}

/// Kills exactly this process and waits until it is gone. If it is the first of a pid namespace,
/// the kernel has ended all others of it by then.
pub(super) fn kill(mark: &ProcessMark) {
    if let Some(process) = open(mark) {
        let _ = sys::send_signal_pidfd(process.as_fd(), libc::SIGKILL);
        readable(&process, KILL_TIME);
    }
}

/// A moment, between two looks at what the kernel or a shim does within moments and tells nobody:
/// a lock taken but not yet signed, a version 1 group emptied by the last death.
pub(super) fn pause() {
    std::thread::sleep(Duration::from_millis(2));
}

fn open(mark: &ProcessMark) -> Option<OwnedFd> {
    let process =
        rustix::process::pidfd_open(Pid::from_raw(mark.pid)?, PidfdFlags::empty()).ok()?;
    // Asked after opening: if the number was reused, the descriptor is of the wrong process.
    mark.exists().then_some(process)
}

fn readable(process: &OwnedFd, timeout: Duration) -> bool {
    let timeout =
        Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: timeout.subsec_nanos().into() };
    let mut fds = [PollFd::new(process, PollFlags::IN)];
    rustix::event::poll(&mut fds, Some(&timeout)).is_ok_and(|ready| ready > 0)
}
