//! Making processes, and ending them.

use rustix::io::Errno;
use std::ffi::{CString, c_char, c_long};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// From linux/sched.h; the C library's constant of this name is too narrow for its value.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// What `clone3` returned, in each of the two processes.
pub(crate) enum Cloned {
    /// We are the new process.
    Child,
    /// We are the old one.
    Parent {
        /// The new process's id, as the old one sees it.
        pid: i32,
        /// A descriptor that becomes readable when it ends.
        pidfd: OwnedFd,
    },
}

/// Starts the first process of a container in new pid, mount, IPC and UTS namespaces, and in a
/// new user namespace when `user_namespace`; in the cgroup v2 folder `cgroup` from birth.
///
/// The caller must have one thread only: the child gets a copy of its memory and of no thread.
pub(crate) fn clone_container(
    user_namespace: bool,
    cgroup: Option<BorrowedFd<'_>>,
) -> Result<Cloned, Errno> {
    let mut flags =
        libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    if user_namespace {
        flags |= libc::CLONE_NEWUSER;
    }
    clone3(flags as u64, cgroup)
}

/// Starts a process that is a child of the caller's parent, not of the caller. Its pid is given
/// in the caller's own pid namespace, even when children are put into another one.
pub(crate) fn clone_sibling() -> Result<Cloned, Errno> {
    clone3(libc::CLONE_PARENT as u64, None)
}

fn clone3(flags: u64, cgroup: Option<BorrowedFd<'_>>) -> Result<Cloned, Errno> {
    let mut pidfd: RawFd = -1;
    // SAFETY: clone_args is plain integers, for which all zeroes is a valid value.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = flags | libc::CLONE_PIDFD as u64;
    args.pidfd = std::ptr::from_mut(&mut pidfd) as u64;
    // With CLONE_PARENT the kernel takes the exit signal from the caller and wants 0 here.
    args.exit_signal =
        if flags & libc::CLONE_PARENT as u64 == 0 { libc::SIGCHLD as u64 } else { 0 };
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: args outlives the call, its only pointer is to `pidfd`, which does too. Without
    // CLONE_VM the child has memory of its own; the callers are single-threaded processes, so no
    // lock can be held by a thread that the child lacks.
    let pid = unsafe {
        libc::syscall(libc::SYS_clone3, std::ptr::from_ref(&args), size_of::<libc::clone_args>())
    };
    match pid {
        0 => Ok(Cloned::Child),
        pid if pid > 0 => {
            // SAFETY: the kernel stored a new descriptor that nobody else owns.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            Ok(Cloned::Parent { pid: pid as i32, pidfd })
        }
        _ => Err(last_errno()),
    }
}

/// Plain fork. `None` in the child, the child's pid in the parent. Single-threaded callers only.
pub(crate) fn fork() -> Result<Option<i32>, Errno> {
    let none: c_long = 0;
    // SAFETY: no memory is shared, no pointer is passed; callers have one thread. The raw call is
    // used since a seccomp filter may already refuse what the C library's fork does around it.
    // Architectures differ in the order of the other arguments, and all of those are 0.
    let pid = unsafe {
        libc::syscall(libc::SYS_clone, c_long::from(libc::SIGCHLD), none, none, none, none)
    };
    match pid {
        0 => Ok(None),
        pid if pid > 0 => Ok(Some(pid as i32)),
        _ => Err(last_errno()),
    }
}

/// Replaces this process by the first of `candidates` that exists; returns only on failure, with
/// the most telling error: EACCES beats ENOENT, as execvp(3) has it.
pub(crate) fn run_program(
    candidates: &[CString],
    argv: &NullTerminated,
    env: &NullTerminated,
) -> Errno {
    let mut error = Errno::NOENT;
    for candidate in candidates {
        // SAFETY: all three are NUL-terminated and live until the call replaces the process.
        unsafe { libc::execve(candidate.as_ptr(), argv.pointers.as_ptr(), env.pointers.as_ptr()) };
        match last_errno() {
            Errno::NOENT | Errno::NOTDIR => {}
            Errno::ACCESS => error = Errno::ACCESS,
            other => return other,
        }
    }
    error
}

/// Ends the process without running anything: no destructor, no exit handler.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes no pointer and does not return.
    unsafe { libc::_exit(code) }
}

pub(super) fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// Texts in the form that `execve` wants, made before the process is cloned.
pub(crate) struct NullTerminated {
    pointers: Vec<*const c_char>,
    _texts: Vec<CString>,
}

impl NullTerminated {
    /// Keeps `texts` alive beside the pointers to them.
    pub(crate) fn new(texts: Vec<CString>) -> Self {
        let end = std::iter::once(std::ptr::null());
        let pointers = texts.iter().map(|text| text.as_ptr()).chain(end).collect();
        Self { pointers, _texts: texts }
    }
}
