//! What could not be done while a container was made, and the kernel's reason.

use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::ffi::{CString, OsStr};
use std::fmt;

/// A step that failed: `mount /proc: EPERM (Operation not permitted)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Failure {
    /// What was being done.
    pub step: String,
    /// The kernel's error number.
    pub errno: i32,
}

impl Failure {
    /// A failed step.
    pub(crate) fn new(step: impl Into<String>, errno: Errno) -> Self {
        Self { step: step.into(), errno: errno.raw_os_error() }
    }

    /// A failed step whose error came through the standard library.
    pub(crate) fn io(step: impl Into<String>, error: &std::io::Error) -> Self {
        Self { step: step.into(), errno: error.raw_os_error().unwrap_or(libc::EIO) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = std::io::Error::from_raw_os_error(self.errno).to_string();
        let text = text.split(" (os error").next().unwrap_or_default().to_owned();
        match errno_name(self.errno) {
            Some(name) => write!(f, "{}: {name} ({text})", self.step),
            None => write!(f, "{}: errno {} ({text})", self.step, self.errno),
        }
    }
}

/// A text in the form that the kernel wants.
pub(crate) fn c_string<S: AsRef<OsStr> + ?Sized>(text: &S) -> Result<CString, Failure> {
    use std::os::unix::ffi::OsStrExt as _;
    let text = text.as_ref();
    CString::new(text.as_bytes()).map_err(|_| {
        let shown = text.to_string_lossy().replace('\0', "\\0");
        Failure::new(format!("use `{shown}`"), Errno::INVAL)
    })
}

/// The symbolic name of the errors that mounting, cloning and executing give in practice.
fn errno_name(errno: i32) -> Option<&'static str> {
    Some(match errno {
        libc::EPERM => "EPERM",
        libc::ENOENT => "ENOENT",
        libc::EIO => "EIO",
        libc::E2BIG => "E2BIG",
        libc::ENOEXEC => "ENOEXEC",
        libc::EBADF => "EBADF",
        libc::EAGAIN => "EAGAIN",
        libc::ENOMEM => "ENOMEM",
        libc::EACCES => "EACCES",
        libc::EBUSY => "EBUSY",
        libc::EEXIST => "EEXIST",
        libc::EXDEV => "EXDEV",
        libc::ENODEV => "ENODEV",
        libc::ENOTDIR => "ENOTDIR",
        libc::EISDIR => "EISDIR",
        libc::EINVAL => "EINVAL",
        libc::ENFILE => "ENFILE",
        libc::EMFILE => "EMFILE",
        libc::ENOSPC => "ENOSPC",
        libc::EROFS => "EROFS",
        libc::EPIPE => "EPIPE",
        libc::ENAMETOOLONG => "ENAMETOOLONG",
        libc::ENOSYS => "ENOSYS",
        libc::ELOOP => "ELOOP",
        libc::EOPNOTSUPP => "EOPNOTSUPP",
        libc::EUSERS => "EUSERS",
        libc::ETIMEDOUT => "ETIMEDOUT",
        libc::ECONNREFUSED => "ECONNREFUSED",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_read_like_a_sentence() {
        let failure = Failure::new("mount /proc", Errno::PERM);
        assert_eq!(failure.to_string(), "mount /proc: EPERM (Operation not permitted)");
        assert!(c_string("a\0b").is_err());
    }
}
