//! The only unsafe code of Windlass: system calls that rustix does not wrap.
//!
//! Every function here is safe to call, allocates nothing, and returns the kernel's errno as it
//! is. What this module does not do: decide anything.

mod clone;
mod fds;
mod landlock;
mod lock;
mod mounts;
mod signals;

pub(crate) use clone::{
    Cloned, NullTerminated, clone_container, clone_sibling, exit_now, fork, run_program,
};
pub(crate) use fds::{close_all_except, close_on_exec_from, move_onto};
pub(crate) use landlock::{landlock_abi, landlock_add_path, landlock_create, landlock_restrict};
pub(crate) use lock::{holder_exists, lock_whole_file};
pub(crate) use mounts::{drop_bounding_set, set_mount_flags};
pub(crate) use signals::{
    SignalSource, block_all_signals, next_signal, reset_signals, send_signal, send_signal_pidfd,
};
