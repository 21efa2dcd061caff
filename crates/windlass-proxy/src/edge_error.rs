//! Why an edge could not start.

use crate::SnapshotError;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why an edge could not start, or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// Another edge holds the lock beside the snapshot.
    #[error("another edge runs with the routing table {snapshot}")]
    AlreadyRunning {
        /// The snapshot that both want.
        snapshot: PathBuf,
    },
    /// None of the addresses can be listened on.
    #[error("none of the addresses to listen on can be used")]
    Listen {
        /// Each address with its reason.
        refused: Vec<(SocketAddr, io::Error)>,
    },
    /// The control socket cannot be made.
    #[error("cannot listen on the control socket {path}")]
    Control {
        /// Its path.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file of the edge's cannot be opened.
    #[error("cannot open {path}")]
    File {
        /// The lock or the log.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The snapshot can neither be read nor be set aside.
    #[error("the routing table {path} can neither be used nor set aside")]
    Snapshot {
        /// Its path.
        path: PathBuf,
        /// Why it cannot be used.
        #[source]
        source: SnapshotError,
    },
    /// A thread or a reactor cannot be started, or signals cannot be received.
    #[error("cannot start the edge's threads")]
    Threads(#[source] io::Error),
}
