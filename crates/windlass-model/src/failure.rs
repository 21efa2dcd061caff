//! Why a replica did not become healthy: everything that a person needs to see at once.

use crate::{ExitReason, ProbeAnswer, ReplicaId};
use serde::{Deserialize, Serialize};

/// The signal that makes a Python process of our images write the stacks of all its threads to
/// standard error and go on: a real-time signal that neither the C library nor servers use.
pub const STACK_SIGNAL: i32 = 50;

/// One replica's failure with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaFailure {
    /// The replica that failed.
    pub replica: ReplicaId,
    /// What it was asked, when it has a probe.
    pub probe_path: Option<String>,
    /// What the last probe found.
    pub last_answer: Option<ProbeAnswer>,
    /// How its process ended, when it did.
    pub exit: Option<ExitReason>,
    /// The last lines of its log, oldest first, at most [`ReplicaFailure::LOG_LINES`].
    pub log_tail: Vec<String>,
    /// Python stacks of its processes, when it hung.
    pub stacks: Vec<String>,
    /// How many of its processes the kernel killed for want of memory, whether or not the one
    /// that was started lives on (a server's master starts its workers again and again).
    #[serde(default)]
    pub oom_kills: u64,
    /// Its memory limit, in bytes.
    #[serde(default)]
    pub memory_limit_bytes: Option<u64>,
    /// How long it had, in milliseconds.
    pub after_ms: u64,
}

impl ReplicaFailure {
    /// How many log lines a failure carries.
    pub const LOG_LINES: usize = 50;
}
