//! This crate's errors in words: what, why, and how to cure it.

use crate::{EdgeCallError, EdgeError, SnapshotError, TableError};
use std::io;
use windlass_model::Problem;

/// Explains why an edge could not start.
pub fn explain_edge(error: &EdgeError) -> Problem {
    match error {
        EdgeError::AlreadyRunning { .. } => {
            Problem::environment("edge-already-running", error.to_string())
                .hint("stop the other edge first, or use it")
        }
        EdgeError::Listen { refused } => explain_listen(refused),
        EdgeError::Control { .. } => Problem::environment("edge-control-socket", error.to_string())
            .sources(error)
            .hint("its folder must exist and be writable, and its path at most 107 bytes long"),
        EdgeError::File { .. } => Problem::environment("edge-file", error.to_string())
            .sources(error)
            .hint("its folder must exist and be writable by the user that runs the edge"),
        EdgeError::Snapshot { source, .. } => {
            let below = explain_snapshot(source);
            let problem = Problem::environment("edge-snapshot", error.to_string());
            let problem = problem.cause(below.message);
            below.causes.into_iter().fold(problem, Problem::cause)
        }
        EdgeError::Threads(_) => Problem::environment("edge-threads", error.to_string())
            .sources(error)
            .hint("the limits on processes and open files may be too low (ulimit -a)"),
    }
}

fn explain_listen(refused: &[(std::net::SocketAddr, io::Error)]) -> Problem {
    let problem = Problem::environment(
        "edge-listen",
        "the edge cannot listen on any of the addresses it was given",
    );
    let mut problem =
        refused.iter().fold(problem, |problem, (at, why)| problem.cause(format!("{at}: {why}")));
    let any = |kind| refused.iter().any(|(_, why)| why.kind() == kind);
    if any(io::ErrorKind::AddrInUse) {
        problem =
            problem.hint("see who has the port with `ss -ltnp`, and stop it or choose another");
    }
    if any(io::ErrorKind::PermissionDenied) {
        problem = problem
            .hint("ports below 1024 need root, or `sysctl net.ipv4.ip_unprivileged_port_start=80`");
    }
    problem
}

/// Explains why a call of a running edge failed.
pub fn explain_call(error: &EdgeCallError) -> Problem {
    let text = error.to_string();
    match error {
        EdgeCallError::NotRunning { .. } => {
            Problem::environment("edge-not-running", text).sources(error)
        }
        EdgeCallError::TimedOut { .. } => Problem::environment("edge-silent", text)
            .hint("the machine may be overloaded, or its disk stuck"),
        EdgeCallError::Broken { .. } => Problem::environment("edge-broken", text).sources(error),
        EdgeCallError::BadAnswer { .. } => Problem::environment("edge-version", text)
            .sources(error)
            .hint("the edge may be of another version: restart it"),
        EdgeCallError::Refused { .. } => Problem::bug("edge-refused", text),
        EdgeCallError::Stale { .. } => Problem::bug("edge-stale-table", text),
        EdgeCallError::NotDurable { .. } => Problem::environment("edge-disk", text)
            .hint("free some space, or see the kernel's log about the disk"),
        EdgeCallError::StillRouted { .. } => Problem::bug("edge-still-routed", text),
    }
}

/// Explains why a table cannot be used.
pub fn explain_table(error: &TableError) -> Problem {
    let code = match error {
        TableError::DuplicatePool { .. } => "table-duplicate-pool",
        TableError::DuplicateTarget { .. } => "table-duplicate-target",
        TableError::UnknownPool { .. } => "table-unknown-pool",
        TableError::DuplicateRoute { .. } => "table-duplicate-route",
        TableError::BadPrefix { .. } => "table-bad-prefix",
        TableError::BadHost { .. } => "table-bad-host",
        TableError::BadId { .. } => "table-bad-id",
        TableError::BadSocketPath { .. } => "table-bad-socket-path",
    };
    Problem::user(code, error.to_string())
}

/// Explains why a snapshot cannot be trusted or was not written.
pub fn explain_snapshot(error: &SnapshotError) -> Problem {
    let text = error.to_string();
    match error {
        SnapshotError::NoHead | SnapshotError::Checksum { .. } => {
            Problem::environment("snapshot-damaged", text)
                .hint("the server sends the table again when it runs")
        }
        SnapshotError::Version { .. } => Problem::environment("snapshot-version", text)
            .hint("the server sends the table again when it runs"),
        SnapshotError::Json(_) => Problem::bug("snapshot-content", text).sources(error),
        SnapshotError::Table(table) => {
            Problem::bug("snapshot-table", text).cause(explain_table(table).message)
        }
        SnapshotError::Io { .. } => Problem::environment("snapshot-disk", text).sources(error),
    }
}
