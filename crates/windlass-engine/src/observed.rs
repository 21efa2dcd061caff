//! What is seen of a container.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use windlass_model::{ContainerId, ExitReason};

/// A container as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedContainer {
    /// Its identity.
    pub id: ContainerId,
    /// The labels of its spec.
    pub labels: BTreeMap<String, String>,
    /// Whether it runs.
    pub state: ContainerState,
    /// The pid of its first process on the host, while it runs.
    pub init_pid: Option<i32>,
    /// When its command was started, in milliseconds since the Unix epoch.
    pub started_at_ms: Option<u64>,
    /// Processes of it that the kernel has killed for want of memory so far.
    pub oom_kills: u64,
    /// The host folder of its own sockets.
    pub socket_dir: PathBuf,
    /// Its log.
    pub log: PathBuf,
}

/// Whether a container runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ContainerState {
    /// Its shim lives and has not started the command yet.
    Starting,
    /// Its command runs.
    Running,
    /// It has ended, or was asked for and never came to run.
    Exited {
        /// Why.
        reason: ExitReason,
        /// When, in milliseconds since the Unix epoch; `None` if nobody saw it.
        at_ms: Option<u64>,
    },
}

/// What a container uses now. `None` where nobody counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Memory in bytes: what its group is charged with, page cache included, or else the sum of
    /// what its processes have for themselves.
    pub memory_bytes: u64,
    /// The limit of that, when one is enforced.
    pub memory_limit_bytes: Option<u64>,
    /// Processes, without the container's own init.
    pub processes: u64,
    /// Processor time since its start, in microseconds.
    pub cpu_us: Option<u64>,
    /// Processes that the kernel has killed for want of memory so far.
    pub oom_kills: u64,
}

impl ContainerState {
    /// How it ended, if it did.
    pub fn exit(self) -> Option<ExitReason> {
        match self {
            ContainerState::Exited { reason, .. } => Some(reason),
            ContainerState::Starting | ContainerState::Running => None,
        }
    }

    /// Whether its command runs.
    pub fn is_running(self) -> bool {
        self == ContainerState::Running
    }
}
