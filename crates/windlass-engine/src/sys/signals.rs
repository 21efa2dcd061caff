//! Signals: blocked, read as data, sent.

use super::clone::last_errno;
use rustix::io::Errno;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

fn all_signals() -> libc::sigset_t {
    let mut set = std::mem::MaybeUninit::uninit();
    // SAFETY: sigfillset initialises the whole set.
    unsafe {
        libc::sigfillset(set.as_mut_ptr());
        set.assume_init()
    }
}

/// Blocks every signal that can be blocked.
pub(crate) fn block_all_signals() {
    let set = all_signals();
    // SAFETY: the set is initialised and outlives the call; the old mask is not asked for.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut()) };
}

/// Gives every signal its default action and unblocks all: what a program expects at its start.
/// The Rust runtime ignores SIGPIPE, which a program would inherit otherwise.
pub(crate) fn reset_signals() {
    // All zeroes are the default action without flags, in the kernel's own, shorter struct; the
    // C library's call would refuse the two signals that it keeps for itself.
    let default = [0_u64; 8];
    for signal in 1..=64 {
        // SAFETY: the kernel reads one sigaction, which is shorter than `default`, and is told
        // the size of its signal set. Refused numbers (SIGKILL, SIGSTOP) are no concern.
        unsafe {
            let old = std::ptr::null_mut::<u64>();
            libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), old, 8_usize)
        };
    }
    let mut set = std::mem::MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set, which outlives the second call.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut());
    }
}

/// Waits for the next signal; all must be blocked.
pub(crate) fn next_signal() -> i32 {
    let set = all_signals();
    loop {
        // SAFETY: the set is initialised; no siginfo is asked for.
        let signal = unsafe { libc::sigwaitinfo(&raw const set, std::ptr::null_mut()) };
        if signal > 0 {
            return signal;
        }
    }
}

/// Sends a signal to a process. Signal 0 only asks whether it could be sent.
pub(crate) fn send_signal(pid: i32, signal: i32) -> Result<(), Errno> {
    if pid <= 0 {
        return Err(Errno::SRCH);
    }
    // SAFETY: takes integers only; a pid above 0 is one process, never a group.
    let done = unsafe { libc::kill(pid, signal) };
    if done < 0 { Err(last_errno()) } else { Ok(()) }
}

/// Sends a signal to the process that a pidfd refers to, never to one that reuses its pid.
pub(crate) fn send_signal_pidfd(process: BorrowedFd<'_>, signal: i32) -> Result<(), Errno> {
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: a null siginfo asks the kernel to fill one in as kill(2) would.
    let done = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), signal, none, 0_u32)
    };
    if done < 0 { Err(last_errno()) } else { Ok(()) }
}

/// Blocked signals as a readable descriptor (signalfd(2)).
pub(crate) struct SignalSource(OwnedFd);

impl SignalSource {
    /// Blocks all signals and makes them readable.
    pub(crate) fn open() -> Result<Self, Errno> {
        block_all_signals();
        let set = all_signals();
        // SAFETY: the set is initialised and outlives the call.
        let fd =
            unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        if fd < 0 {
            return Err(last_errno());
        }
        // SAFETY: a new descriptor that nobody else owns.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The next pending signal, `None` when there is none.
    pub(crate) fn take(&self) -> Option<i32> {
        let mut record = [0_u8; size_of::<libc::signalfd_siginfo>()];
        let read = rustix::io::read(&self.0, &mut record).ok()?;
        let number: [u8; 4] = record.get(..4)?.try_into().ok()?;
        (read == record.len()).then(|| i32::from_ne_bytes(number))
    }
}

impl AsFd for SignalSource {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
