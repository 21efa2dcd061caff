//! Making a container: a list of steps prepared by the shim, run by the new process.
//!
//! Everything that can be computed, allocated or looked up is done beforehand, so that the new
//! process only issues system calls; a step that fails is reported with its name and errno.

pub(crate) mod confine;
pub(crate) mod failure;
pub(crate) mod init;
pub(crate) mod landlock;
pub(crate) mod program;
pub(crate) mod report;
pub(crate) mod rootfs;
pub(crate) mod seccomp;
pub(crate) mod skeleton;
pub(crate) mod step;
pub(crate) mod step_run;
