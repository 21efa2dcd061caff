//! Closing and moving descriptors around `clone` and `execve`.

use super::clone::last_errno;
use rustix::io::Errno;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

/// Closes every descriptor from 3 on that is not in `keep`, which must be sorted.
pub(crate) fn close_all_except(keep: &[RawFd]) {
    let mut first = 3;
    for &fd in keep.iter().filter(|fd| **fd >= 3) {
        if fd > first {
            close_range(first as u32, (fd - 1) as u32, 0);
        }
        first = fd + 1;
    }
    close_range(first as u32, u32::MAX, 0);
}

/// Marks every descriptor from `first` on to be closed by `execve`.
pub(crate) fn close_on_exec_from(first: u32) {
    close_range(first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
}

fn close_range(first: u32, last: u32, flags: u32) {
    // SAFETY: closes or marks numbers only. The callers are freshly cloned processes that do not
    // touch the closed descriptors again and never run the destructors of their owners.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
}

/// Makes descriptor number `target` refer to what `fd` does; it survives `execve`.
pub(crate) fn move_onto(fd: BorrowedFd<'_>, target: RawFd) -> Result<(), Errno> {
    // SAFETY: dup2 takes numbers; the callers own the numbers 0 to 2 that they replace.
    let done = unsafe { libc::dup2(fd.as_raw_fd(), target) };
    if done < 0 { Err(last_errno()) } else { Ok(()) }
}
