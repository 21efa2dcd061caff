//! What one edge is told at its start.

use crate::Network;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The edge's configuration. Nothing else reaches it: no environment, no home folder.
#[derive(Debug, Clone)]
pub struct EdgeConfig {
    /// Addresses to listen on, best first: the first that can be bound is used. Port 0 lets the
    /// kernel choose; the address that came of it is in [`crate::EdgeStatus`].
    pub listen: Vec<SocketAddr>,
    /// Path of the control socket; made with mode 0600.
    pub control: PathBuf,
    /// Path of the last routing table.
    pub snapshot: PathBuf,
    /// Worker threads; 0 for one per core.
    pub workers: usize,
    /// Where logs go; `None` writes none.
    pub logs: Option<LogConfig>,
    /// Proxies in front of this one, whose `X-Forwarded-*` are believed.
    pub trusted_proxies: Vec<Network>,
    /// What clients may do.
    pub limits: ClientLimits,
    /// How long open requests may take after SIGTERM, in milliseconds.
    pub grace_ms: u64,
}

/// Where the access log and the edge's own log go: `access.jsonl` and `edge.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// The folder; it must exist.
    pub folder: PathBuf,
    /// Size at which a file is put away as `<name>.1`, in bytes.
    pub file_max_bytes: u64,
    /// How many files that were put away are kept.
    pub files_kept: u32,
}

/// What a client may do before it is cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientLimits {
    /// Most connections of clients at once, tunnels included; 0 for what the limit on open files
    /// allows. Those beyond wait, and idle ones leave early for them.
    pub connections_max: usize,
    /// Largest head of a request, in bytes; beyond it, 431.
    pub head_max_bytes: usize,
    /// Most header lines of a request; beyond it, 431.
    pub headers_max: usize,
    /// How long a head may take from its first byte, or a new connection until it, in milliseconds.
    pub head_timeout_ms: u64,
    /// How long a connection may stay open between requests, in milliseconds.
    pub idle_timeout_ms: u64,
    /// How long a client may refuse to take more of an answer, in milliseconds.
    pub write_timeout_ms: u64,
    /// How long one side of a tunnel may go on once the other has ended, in milliseconds.
    pub farewell_ms: u64,
}

impl EdgeConfig {
    /// A configuration with the defaults: one worker per core, no logs, no trusted proxies.
    pub fn new(listen: Vec<SocketAddr>, control: PathBuf, snapshot: PathBuf) -> Self {
        Self {
            listen,
            control,
            snapshot,
            workers: 0,
            logs: None,
            trusted_proxies: Vec::new(),
            limits: ClientLimits::default(),
            grace_ms: 30_000,
        }
    }
}

impl LogConfig {
    /// Logs in `folder`, at most 5 files of 16 MiB each.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder, file_max_bytes: 16 << 20, files_kept: 4 }
    }
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            connections_max: 0,
            head_max_bytes: 16 << 10,
            headers_max: 100,
            head_timeout_ms: 10_000,
            idle_timeout_ms: 75_000,
            write_timeout_ms: 60_000,
            farewell_ms: 10_000,
        }
    }
}
