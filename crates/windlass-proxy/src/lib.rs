//! The edge: Windlass's own reverse proxy, in a process of its own, and how to talk to it.
//!
//! It knows addresses, never containers: a [`RouteTable`] leads hosts and paths to pools of
//! targets, is pushed as a whole over a Unix socket by an [`EdgeClient`], and is on disk before it
//! is in use, so that the edge starts with nobody's help. One thread per worker, each with a
//! single-threaded reactor, its own copy of the table and its own upstream connections; nothing
//! on the way of a request takes a lock that another thread holds for long.
//!
//! Invariants:
//! 1. A request never reaches a target after a drain of it has returned (`claim`, proved by loom).
//! 2. A table that was acknowledged survives the process and the machine (`snapshot`).
//! 3. Nothing is forwarded whose framing two parsers could read differently (`rules`).
//! 4. A request reaches an app twice only if it was never written to the first, or has no body and
//!    is GET or HEAD and its reused connection broke before the answer (`send`).
//! 5. An app's place for its socket leads to that app's socket or nowhere (`socket`).
//!
//! Not here: TLS and HTTP/2. They go where a connection is served (`connection`), which is
//! generic over its byte stream; everything behind it sees only requests and answers.
//! The library reads no environment and prints nothing; [`EdgeConfig`] says it all.

#![forbid(unsafe_code)]

mod access;
mod address;
mod body;
mod claim;
mod client;
mod client_io;
mod config;
mod connection;
mod control;
mod drain;
mod edge;
mod edge_error;
mod explain;
mod fault;
mod forward;
mod head_record;
mod headers;
mod held;
mod host;
mod lease;
mod lines;
mod listen;
mod network;
mod own_log;
mod page;
mod prepare;
mod probe;
mod protocol;
mod request_body;
mod request_id;
mod router;
mod rules;
mod seats;
mod send;
mod shared;
mod snapshot;
mod socket;
mod status;
mod sweep;
mod table;
mod table_check;
mod target_state;
mod tunnel;
mod upstream;
mod view;
mod worker;

pub use address::Address;
pub use client::{EdgeCallError, EdgeClient};
pub use config::{ClientLimits, EdgeConfig, LogConfig};
pub use drain::{DrainReport, DrainRequest};
pub use edge::{Edge, edge_main};
pub use edge_error::EdgeError;
pub use explain::{explain_call, explain_edge, explain_snapshot, explain_table};
pub use network::{InvalidNetwork, Network};
pub use probe::{ProbeRequest, probe};
pub use protocol::{EdgeIdentity, PROTOCOL};
pub use snapshot::{SnapshotError, decode, encode};
pub use status::{AnswerCounts, EdgeStatus, SnapshotState, TargetStatus};
pub use table::{Hosts, Pool, PoolOptions, Route, RouteTable, Target};
pub use table_check::TableError;
