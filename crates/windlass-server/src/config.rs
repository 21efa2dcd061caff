//! What a server is given at its start: everything it knows of the world outside its folders.

use crate::store::Clock;
use std::net::SocketAddr;
use std::path::PathBuf;
use windlass_build::BuildSettings;
use windlass_model::Layout;

/// The configuration of one server.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The folders of the installation.
    pub layout: Layout,
    /// Addresses for the edge to listen on, best first. The one that was bound is remembered, so
    /// that URLs stay.
    pub listen: Vec<SocketAddr>,
    /// The `windlass` binary, run again as edge and shims.
    pub exe: PathBuf,
    /// How images are built on this machine.
    pub build: BuildSettings,
    /// The time now, in milliseconds since the Unix epoch.
    pub now: Clock,
    /// How long new replicas are watched after the switch, in milliseconds;
    /// [`windlass_model::rollout::RolloutSpec::BAKE_MS`] unless a test has less time.
    pub bake_ms: u64,
    /// For proofs of crashes: the process aborts at this edge of its journal, counted from 1.
    /// Each write has two, just before it is durable and just after.
    pub abort_at_journal_edge: Option<u64>,
}
