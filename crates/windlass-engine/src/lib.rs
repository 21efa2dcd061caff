//! Containers on this host: made by our own launcher, kept by a shim each, found again from the
//! disk alone.
//!
//! The engine knows no app and no release, only a [`ContainerSpec`]. A container has its own pid,
//! mount, IPC and UTS namespaces and the host's network (apps listen on Unix sockets); a read-only
//! root; no capabilities, no new privileges, a system call filter, Landlock; limits by cgroups. As
//! root its user is the same number on the host; as an ordinary user it is that user, alone in a
//! user namespace. What this crate does not do: build or unpack images, route requests, decide
//! what should run.

mod bundle;
mod capabilities;
mod cgroup;
mod durable;
mod engine;
mod error;
mod exec;
pub mod explain;
mod launch;
mod log;
mod observed;
mod process;
mod protocol;
mod shim;
mod spec;
mod state;
#[expect(unsafe_code, reason = "system calls that rustix does not wrap; nowhere else")]
mod sys;

pub use capabilities::HostCapabilities;
pub use cgroup::{CgroupKind, Enforcement};
pub use engine::folders::remove as remove_folder;
pub use engine::{Engine, EngineDirs};
pub use error::{ControlError, EngineError, StartError};
pub use exec::{ExecSpec, Streams};
pub use launch::failure::Failure;
pub use log::{LogFollower, LogLine, LogStream, log_tail};
pub use observed::{ContainerState, ObservedContainer, Usage};
pub use shim::shim_main;
pub use spec::{ContainerSpec, InvalidSpec, LogSpec, Mount};
