//! Mount attributes and the capability bounding set.

use super::clone::last_errno;
use rustix::io::Errno;
use std::os::fd::{AsRawFd, BorrowedFd};

#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    userns_fd: u64,
}

/// Sets mount attributes (`MOUNT_ATTR_*`) on the mount that `mount` refers to, and on those below
/// it when `recursive` (mount_setattr(2), kernel 5.12).
pub(crate) fn set_mount_flags(
    mount: BorrowedFd<'_>,
    flags: u64,
    recursive: bool,
) -> Result<(), Errno> {
    let attributes = MountAttributes { set: flags, clear: 0, propagation: 0, userns_fd: 0 };
    let how = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is an empty C string, the pointer and size describe one live struct.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            how,
            std::ptr::from_ref(&attributes),
            size_of::<MountAttributes>(),
        )
    };
    if done < 0 { Err(last_errno()) } else { Ok(()) }
}

/// Empties the capability bounding set, whatever the number of capabilities that the kernel has.
pub(crate) fn drop_bounding_set() -> Result<(), Errno> {
    for capability in 0..64 {
        // SAFETY: takes integers only.
        let done = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        if done < 0 {
            // EINVAL: past the last capability of this kernel.
            return match last_errno() {
                Errno::INVAL if capability > 0 => Ok(()),
                error => Err(error),
            };
        }
    }
    Ok(())
}
