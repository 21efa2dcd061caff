//! What the shim knows about its container, as the one small file that it writes.

use crate::launch::failure::Failure;
use crate::{durable, process};
use serde::{Deserialize, Serialize};
use std::path::Path;
use windlass_model::ExitReason;

/// The record of one container. It exists from the moment the container's processes do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateFile {
    /// The shim.
    pub(crate) shim: ProcessMark,
    /// The container's first process.
    pub(crate) init: ProcessMark,
    /// When it was started, in milliseconds since the Unix epoch.
    pub(crate) started_at_ms: u64,
    /// Its end, once it has ended.
    pub(crate) exit: Option<ExitRecord>,
}

/// A process that cannot be confused with a later one of the same pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessMark {
    /// Its pid in the host's namespace.
    pub(crate) pid: i32,
    /// When it started, in clock ticks since the host did (proc_pid_stat(5), field 22).
    pub(crate) started_ticks: u64,
}

/// How and when a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExitRecord {
    /// Why.
    pub(crate) reason: ExitReason,
    /// When, in milliseconds since the Unix epoch.
    pub(crate) at_ms: u64,
    /// Processes of it that the kernel killed for want of memory.
    pub(crate) oom_kills: u64,
}

impl ProcessMark {
    /// That of a process.
    pub(crate) fn of(pid: i32) -> Self {
        Self { pid, started_ticks: process::started_ticks(pid).unwrap_or(0) }
    }

    /// Whether that very process exists.
    pub(crate) fn exists(&self) -> bool {
        process::started_ticks(self.pid) == Some(self.started_ticks)
    }

    /// That of this process.
    pub(crate) fn own() -> Self {
        Self::of(rustix::process::getpid().as_raw_nonzero().get())
    }
}

impl StateFile {
    /// Reads it; `None` when there is none, or nothing readable: then nobody can have relied on
    /// it, since each write replaces the whole file.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// Writes it. With `durable` it survives a loss of power; a running container does not
    /// survive that itself, so its record need not.
    pub(crate) fn write(&self, path: &Path, durable: bool) -> Result<(), Failure> {
        let failure = |error| Failure::io(format!("write {}", path.display()), &error);
        durable::write_json(path, self, durable).map_err(failure)
    }
}
