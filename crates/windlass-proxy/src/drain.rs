//! Waiting until targets that left the table have nothing left to do.
//!
//! Ordinary requests hold a drain. Upgraded connections and event streams do not, unless the
//! caller asks: they have no end of their own, and the app says goodbye to them best itself when
//! it is told to stop (a WebSocket close frame can only be sent between two frames of the
//! stream, which only its server knows). What is cut at the deadline is closed and counted.

use crate::TableError;
use crate::claim::Word;
use crate::shared::Shared;
use crate::target_state::TargetState;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Which targets to drain, and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrainRequest {
    /// Their ids. An id that the edge does not know is drained already.
    pub targets: Vec<String>,
    /// How long to wait before what is left is cut, in milliseconds.
    pub deadline_ms: u64,
    /// Whether upgraded connections and event streams are waited for, and cut, as well.
    #[serde(default)]
    pub await_long_lived: bool,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainReport {
    /// Requests (and long-lived connections, where they were waited for) cut at the deadline.
    pub cut: u64,
    /// Upgraded connections and event streams that were left open.
    pub long_lived_left: u64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// Why a drain cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DrainError {
    #[error("`{id}` is still in the routing table, so it would never be drained")]
    StillRouted { id: String },
}

/// Why a table was not taken up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error("the table cannot be used")]
    Table(#[source] TableError),
    #[error("generation {given} is older than {current}, which is in use")]
    Stale { current: u64, given: u64 },
    #[error("the snapshot could not be written")]
    Snapshot(#[source] crate::SnapshotError),
}

/// How often counts are looked at: a drain is late by no more, and requests pay nothing for it.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How long closing takes at most once it is ordered.
const CUT_WITHIN: Duration = Duration::from_secs(2);

pub(crate) async fn drain(
    shared: &Shared,
    request: &DrainRequest,
) -> Result<DrainReport, DrainError> {
    let begun = Instant::now();
    let targets = shared.unrouted(&request.targets)?;
    let left = |target: &Arc<TargetState>| {
        let held = if request.await_long_lived { target.long_lived.get() } else { 0 };
        target.in_flight.get() + held
    };
    let count = || targets.iter().map(&left).sum::<u64>();
    let deadline = begun + Duration::from_millis(request.deadline_ms);
    wait_for_none(&count, deadline).await;
    let cut = count();
    if cut > 0 {
        for target in targets.iter().filter(|target| left(target) > 0) {
            target.cut.store(true, Ordering::Release);
            shared.cut(&target.id, request.await_long_lived);
        }
        wait_for_none(&count, Instant::now() + CUT_WITHIN).await;
    }
    let report = DrainReport {
        cut,
        long_lived_left: targets.iter().map(|target| target.long_lived.get()).sum(),
        elapsed_ms: begun.elapsed().as_millis() as u64,
    };
    let facts = serde_json::json!({ "targets": request.targets, "report": report });
    shared.own_log.note("drained", facts);
    Ok(report)
}

async fn wait_for_none(count: impl Fn() -> u64, deadline: Instant) {
    while count() > 0 && Instant::now() < deadline {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
