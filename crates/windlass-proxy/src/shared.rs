//! What the workers and the control thread share: the table in use, the targets' counts.
//!
//! On the way of a request only the epoch and the counts are touched. The locks here are taken
//! by a worker once per new table, by control calls, and by nobody for long.

use crate::claim::{self, Word};
use crate::drain::{DrainError, PublishError};
use crate::own_log::OwnLog;
use crate::status::SnapshotState;
use crate::target_state::TargetState;
use crate::worker::Command;
use crate::{AnswerCounts, EdgeStatus, RouteTable, TargetStatus, snapshot};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc::UnboundedSender;

/// Shared by all threads of one edge.
pub(crate) struct Shared {
    epoch: Epoch,
    published: Mutex<Published>,
    snapshot_path: PathBuf,
    /// Held while a table is made durable and published: one at a time.
    publishing: Mutex<()>,
    pub(crate) workers: Vec<WorkerLink>,
    pub(crate) listen: SocketAddr,
    pub(crate) snapshot_state: SnapshotState,
    pub(crate) started: Instant,
    pub(crate) own_log: OwnLog,
}

/// Counts swaps of the table; on a cache line of its own, since every request reads it.
#[repr(align(128))]
struct Epoch(AtomicU64);

/// The table in use.
#[derive(Clone)]
pub(crate) struct Published {
    pub(crate) table: Arc<RouteTable>,
    /// States of the table's targets, of those of the table before, and of any still busy.
    targets: Arc<Vec<Arc<TargetState>>>,
}

/// What is known of a worker from outside.
pub(crate) struct WorkerLink {
    pub(crate) commands: UnboundedSender<Command>,
    pub(crate) counts: Arc<WorkerCounts>,
}

/// A worker's own counts: written by it alone.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct WorkerCounts {
    /// Answers by the first digit of their status.
    pub(crate) by_class: [AtomicU64; 6],
    pub(crate) made_by_edge: AtomicU64,
    pub(crate) connections: AtomicU64,
}

/// What an edge starts from.
pub(crate) struct Origin {
    pub(crate) table: RouteTable,
    pub(crate) snapshot_path: PathBuf,
    pub(crate) snapshot_state: SnapshotState,
    pub(crate) listen: SocketAddr,
    pub(crate) own_log: OwnLog,
}

impl Published {
    pub(crate) fn target(&self, id: &str) -> Option<&Arc<TargetState>> {
        self.targets.iter().find(|state| state.id == id)
    }

    /// The table, with states carried over from `before` where id and address are the same.
    fn following(before: &[Arc<TargetState>], table: RouteTable) -> Self {
        let named = table.pools.iter().flat_map(crate::Pool::all_targets);
        let mut targets: Vec<_> = named
            .map(|target| {
                let known = before
                    .iter()
                    .find(|state| state.id == target.id && state.address == target.address);
                let state = known.cloned().unwrap_or_else(|| {
                    Arc::new(TargetState::new(target.id.clone(), target.address.clone()))
                });
                state.cut.store(false, Ordering::Release);
                state
            })
            .collect();
        let named = targets.len();
        for state in before {
            if !targets[..named].iter().any(|kept| Arc::ptr_eq(kept, state)) {
                targets.push(state.clone());
            }
        }
        Self { table: Arc::new(table), targets: Arc::new(targets) }
    }

    /// The states that the next table needs to know: named by this one, or busy.
    fn worth_keeping(&self) -> Vec<Arc<TargetState>> {
        let keep = |state: &&Arc<TargetState>| self.table.has_target(&state.id) || !state.is_idle();
        self.targets.iter().filter(keep).cloned().collect()
    }
}

impl Shared {
    pub(crate) fn new(origin: Origin, workers: Vec<WorkerLink>) -> Self {
        Self {
            epoch: Epoch(AtomicU64::new(1)),
            published: Mutex::new(Published::following(&[], origin.table)),
            snapshot_path: origin.snapshot_path,
            publishing: Mutex::new(()),
            workers,
            listen: origin.listen,
            snapshot_state: origin.snapshot_state,
            started: Instant::now(),
            own_log: origin.own_log,
        }
    }

    /// The epoch that claims are made in.
    pub(crate) fn epoch(&self) -> &AtomicU64 {
        &self.epoch.0
    }

    /// The table in use and its epoch, or an older epoch, which a claim then finds out.
    pub(crate) fn current(&self) -> (u64, Published) {
        let seen = self.epoch.0.get();
        (seen, self.lock().clone())
    }

    /// Takes up a table: checked, then durable, then in use. Blocks for the disk. One of the same
    /// generation replaces what was made from less knowledge.
    pub(crate) fn publish(&self, table: RouteTable) -> Result<u64, PublishError> {
        table.check().map_err(PublishError::Table)?;
        let _one = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.lock().clone();
        let (current, given) = (before.table.generation, table.generation);
        if given < current {
            return Err(PublishError::Stale { current, given });
        }
        if *before.table == table {
            return Ok(given);
        }
        snapshot::save(&self.snapshot_path, &table).map_err(PublishError::Snapshot)?;
        *self.lock() = Published::following(&before.worth_keeping(), table);
        claim::publish(&self.epoch.0);
        self.tell(|| Command::Refresh);
        self.own_log.note("table", serde_json::json!({ "generation": given }));
        Ok(given)
    }

    /// The states of targets that are to be drained; those unknown are left out.
    pub(crate) fn unrouted(&self, ids: &[String]) -> Result<Vec<Arc<TargetState>>, DrainError> {
        let published = self.lock().clone();
        if let Some(id) = ids.iter().find(|id| published.table.has_target(id)) {
            return Err(DrainError::StillRouted { id: id.clone() });
        }
        let wanted = |state: &&Arc<TargetState>| ids.contains(&state.id);
        Ok(published.targets.iter().filter(wanted).cloned().collect())
    }

    /// Orders every worker to close what it has open to a target; what has no end of its own only
    /// if `long_lived`.
    pub(crate) fn cut(&self, target: &str, long_lived: bool) {
        self.tell(|| Command::Cut { target: target.to_owned(), long_lived });
    }

    pub(crate) fn tell(&self, command: impl Fn() -> Command) {
        for worker in &self.workers {
            // A worker that ended has nothing open.
            let _ = worker.commands.send(command());
        }
    }

    pub(crate) fn connections(&self) -> u64 {
        self.sum(|counts| &counts.connections)
    }

    pub(crate) fn status(&self) -> EdgeStatus {
        let published = self.lock().clone();
        EdgeStatus {
            protocol: crate::PROTOCOL,
            listen: self.listen,
            pid: std::process::id(),
            workers: self.workers.len(),
            generation: published.table.generation,
            uptime_ms: self.started.elapsed().as_millis() as u64,
            connections: self.connections(),
            snapshot: self.snapshot_state.clone(),
            targets: targets_of(&published),
            answers: AnswerCounts {
                informational: self.sum(|counts| &counts.by_class[1]),
                success: self.sum(|counts| &counts.by_class[2]),
                redirect: self.sum(|counts| &counts.by_class[3]),
                client_error: self.sum(|counts| &counts.by_class[4]),
                server_error: self.sum(|counts| &counts.by_class[5]),
                made_by_edge: self.sum(|counts| &counts.made_by_edge),
            },
        }
    }

    fn sum(&self, which: impl Fn(&WorkerCounts) -> &AtomicU64) -> u64 {
        self.workers.iter().map(|worker| which(&worker.counts).load(Ordering::Relaxed)).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn targets_of(published: &Published) -> Vec<TargetStatus> {
    let routed = |id: &str| published.table.has_target(id);
    published.targets.iter().map(|state| state.status(routed(&state.id))).collect()
}
