//! Landlock's three system calls (kernel documentation, userspace-api/landlock).

use super::clone::last_errno;
use rustix::io::Errno;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

#[repr(C)]
struct RulesetAttributes {
    handled_access_fs: u64,
    handled_access_net: u64,
    scoped: u64,
}

#[repr(C, packed)]
struct PathBeneath {
    allowed_access: u64,
    parent_fd: i32,
}

const CREATE_RULESET_VERSION: u32 = 1;
const RULE_PATH_BENEATH: u32 = 1;

/// The Landlock version that the kernel has, `None` when it has none or it is switched off.
pub(crate) fn landlock_abi() -> Option<u32> {
    let null = std::ptr::null::<RulesetAttributes>();
    // SAFETY: with the version flag the kernel wants a null pointer and a size of 0.
    let abi = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, null, 0_usize, CREATE_RULESET_VERSION)
    };
    u32::try_from(abi).ok().filter(|abi| *abi > 0)
}

/// Makes a rule set that refuses the file rights `fs` except where a path allows them, and what
/// the bits of `scoped` name.
pub(crate) fn landlock_create(fs: u64, scoped: u64) -> Result<OwnedFd, Errno> {
    let attributes = RulesetAttributes { handled_access_fs: fs, handled_access_net: 0, scoped };
    // SAFETY: the pointer and the size describe one live struct of the kernel's layout; kernels
    // that know a shorter one accept it as long as what they do not know is 0.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::from_ref(&attributes),
            size_of::<RulesetAttributes>(),
            0_u32,
        )
    };
    if fd < 0 {
        return Err(last_errno());
    }
    // SAFETY: a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Allows the rights `access` at and below what `path` refers to.
pub(crate) fn landlock_add_path(
    rules: BorrowedFd<'_>,
    path: BorrowedFd<'_>,
    access: u64,
) -> Result<(), Errno> {
    let rule = PathBeneath { allowed_access: access, parent_fd: path.as_raw_fd() };
    // SAFETY: the pointer is to one live, packed struct of the kernel's layout.
    let done = unsafe {
        libc::syscall(
            libc::SYS_landlock_add_rule,
            rules.as_raw_fd(),
            RULE_PATH_BENEATH,
            std::ptr::from_ref(&rule),
            0_u32,
        )
    };
    if done < 0 { Err(last_errno()) } else { Ok(()) }
}

/// Puts the calling process under the rules, for good. Needs no-new-privileges.
pub(crate) fn landlock_restrict(rules: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: takes a descriptor and no pointer.
    let done = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, rules.as_raw_fd(), 0_u32) };
    if done < 0 { Err(last_errno()) } else { Ok(()) }
}
