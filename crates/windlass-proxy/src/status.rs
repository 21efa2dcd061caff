//! What the edge says about itself.

use crate::Address;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The edge, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeStatus {
    /// The protocol that it speaks, [`crate::PROTOCOL`]; 0 for edges that knew no numbers yet.
    #[serde(default)]
    pub protocol: u32,
    /// The address it listens on.
    pub listen: SocketAddr,
    /// Process id.
    pub pid: u32,
    /// Worker threads.
    pub workers: usize,
    /// Generation of the table in use; 0 for the empty one of a first start.
    pub generation: u64,
    /// Time since the start, in milliseconds.
    pub uptime_ms: u64,
    /// Client connections that are open.
    pub connections: u64,
    /// What became of the snapshot at the start.
    pub snapshot: SnapshotState,
    /// Targets of the table, those just removed from it, and those removed that are still busy.
    pub targets: Vec<TargetStatus>,
    /// Answers since the start.
    pub answers: AnswerCounts,
}

/// One target. The counts go on across tables for as long as the target is named or busy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetStatus {
    /// Its id.
    pub id: String,
    /// Where it listens.
    pub address: Address,
    /// Whether new requests may go there.
    pub routed: bool,
    /// Requests between being sent there and the end of their answer.
    pub in_flight: u64,
    /// Upgraded connections and event streams; not in `in_flight`.
    pub long_lived: u64,
    /// Requests ever sent there.
    pub total: u64,
    /// Requests that it failed: no connection, no answer in time, a broken answer.
    pub failed: u64,
}

/// Answers by class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerCounts {
    /// 1xx: connections that were upgraded.
    pub informational: u64,
    /// 2xx.
    pub success: u64,
    /// 3xx.
    pub redirect: u64,
    /// 4xx, from an app or from the edge.
    pub client_error: u64,
    /// 5xx, from an app or from the edge.
    pub server_error: u64,
    /// Those of all classes that the edge itself made: refusals, 502, 503, 504.
    pub made_by_edge: u64,
}

/// What became of the snapshot at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum SnapshotState {
    /// There was none: a first start.
    Absent,
    /// Its table was taken up.
    Loaded {
        /// The table's generation.
        generation: u64,
    },
    /// It could not be trusted; the edge began with an empty table.
    SetAside {
        /// Where it is now.
        path: PathBuf,
        /// Why it could not be trusted.
        reason: String,
    },
}
