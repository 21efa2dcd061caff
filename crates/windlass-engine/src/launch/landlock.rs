//! The second wall: Landlock rules that repeat what the mounts already say, and one thing that
//! mounts cannot say.
//!
//! A container shares the host's network namespace, and with it the host's abstract Unix sockets,
//! which have no file permissions. From Landlock version 6 on (kernel 6.12) a domain can keep a
//! container from connecting to any that it did not make itself.

use super::step_run::open_inside;
use crate::sys;
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::os::fd::AsFd;

const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_FOLDER: u64 = 1 << 3;
const TRUNCATE: u64 = 1 << 14;
const IOCTL_DEVICE: u64 = 1 << 15;
/// The rights that a rule on a file may carry; those on entries make sense for folders only.
const ON_FILES: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE;
const SCOPE_ABSTRACT_SOCKETS: u64 = 1;

/// A Landlock domain to enter.
pub(crate) struct Domain {
    handled: u64,
    scoped: u64,
    /// Places where everything is allowed that the mounts and file modes allow.
    writable: Vec<CString>,
}

impl Domain {
    /// The domain for version `abi` of Landlock, with everything below `writable` writable and
    /// the rest of the container readable and executable.
    pub(crate) fn new(abi: u32, writable: Vec<CString>) -> Self {
        let rights = match abi {
            0 | 1 => 13,
            2 => 14,
            3 | 4 => 15,
            _ => 16,
        };
        let scoped = if abi >= 6 { SCOPE_ABSTRACT_SOCKETS } else { 0 };
        Self { handled: (1 << rights) - 1, scoped, writable }
    }

    /// Enters it, for good.
    pub(super) fn enter(&self) -> Result<(), Errno> {
        let rules = sys::landlock_create(self.handled, self.scoped)?;
        let allow = |path: &CStr, rights: u64| {
            // A session enters beside the app, which may have put links into what it can write to.
            let place = open_inside(path)?;
            match sys::landlock_add_path(rules.as_fd(), place.as_fd(), rights & self.handled) {
                // A rule on a file must not carry rights that only folders have.
                Err(Errno::INVAL) => sys::landlock_add_path(
                    rules.as_fd(),
                    place.as_fd(),
                    rights & self.handled & ON_FILES,
                ),
                other => other,
            }
        };
        allow(c"/", EXECUTE | READ_FILE | READ_FOLDER)?;
        for path in &self.writable {
            allow(path, self.handled)?;
        }
        sys::landlock_restrict(rules.as_fd())
    }
}
