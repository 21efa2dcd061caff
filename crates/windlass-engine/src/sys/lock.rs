//! Locks of open file descriptions: they end with the last copy of the descriptor, so a lock that
//! is held proves that its process lives, whatever became of pids.

use super::clone::last_errno;
use rustix::io::Errno;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Takes the write lock on a whole file, or fails with EAGAIN when somebody has it.
pub(crate) fn lock_whole_file(file: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut lock = whole_file();
    // SAFETY: the kernel reads one live flock struct.
    let done =
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, std::ptr::from_mut(&mut lock)) };
    if done < 0 { Err(last_errno()) } else { Ok(()) }
}

/// Whether somebody holds the lock on a file. Only asks: a process that wants the lock at the
/// same moment is never refused because of the question.
pub(crate) fn holder_exists(file: BorrowedFd<'_>) -> Result<bool, Errno> {
    let mut lock = whole_file();
    // SAFETY: the kernel reads and writes one live flock struct.
    let done =
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, std::ptr::from_mut(&mut lock)) };
    if done < 0 { Err(last_errno()) } else { Ok(lock.l_type != libc::F_UNLCK as libc::c_short) }
}

fn whole_file() -> libc::flock {
    // SAFETY: flock is plain integers, for which all zeroes is a valid value: from 0 to the end.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_WRLCK as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock
}
