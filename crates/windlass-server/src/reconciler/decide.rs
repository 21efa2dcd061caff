//! What to repair. Pure.

#[cfg(test)]
mod tests;

use crate::back_end::{ContainerState, Observed};
use crate::store::Restarts;
use std::collections::BTreeMap;
use windlass_model::rollout::RolloutSpec;
use windlass_model::{ContainerId, ExitReason, ReplicaId, ReplicaSet};

/// One repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repair {
    /// Give the edge the wanted routes.
    Route,
    /// Stop and remove a container that belongs to nothing.
    Discard {
        /// The container.
        container: ContainerId,
    },
    /// Start a replica again that ended by itself, or that is gone.
    Restart {
        /// The replica.
        replica: ReplicaId,
        /// Its set.
        set: Box<ReplicaSet>,
        /// How it ended, when it did.
        exit: Option<ExitReason>,
        /// How often it was started again, this time included.
        count: u32,
    },
}

/// What should be there.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Generation of the wanted routes.
    pub(super) generation: u64,
    /// The current set of each app that is not stopped.
    pub(super) current: Vec<ReplicaSet>,
    /// The rollouts that have not ended.
    pub(super) rolling: Vec<Rolling>,
    /// Past restarts, by container.
    pub(super) restarts: BTreeMap<String, Restarts>,
    /// Whether every row could be read. If not, nothing is removed.
    pub(super) complete: bool,
}

/// A rollout under way.
#[derive(Debug)]
pub(super) struct Rolling {
    /// Whose containers are the executor's business.
    pub(super) spec: RolloutSpec,
}

/// A replica that stayed up this long has recovered: its next end is its first again.
const RECOVERED_MS: u64 = 600_000;
/// The longest pause before a restart.
const LONGEST_PAUSE_MS: u64 = 60_000;

pub(super) fn decide(wanted: &Wanted, observed: &Observed, now_ms: u64) -> Vec<Repair> {
    let routed = observed.generation == Some(wanted.generation);
    let mut repairs = Vec::new();
    if !routed {
        repairs.push(Repair::Route);
    }
    let strays: Vec<_> = observed
        .containers
        .iter()
        .filter(|(id, state)| **state != ContainerState::OneOff && !wanted.owns(id))
        .map(|(id, _)| id.clone())
        .collect();
    // What should run and does not comes first: a stray harms nobody while it waits.
    for set in &wanted.current {
        for replica in &set.replicas {
            repairs.extend(restart(wanted, observed, (set, replica, &strays), now_ms));
        }
    }
    // Only an edge that routes as wanted surely sends nothing to a stray.
    if routed && wanted.complete {
        repairs.extend(strays.iter().cloned().map(|container| Repair::Discard { container }));
    }
    repairs
}

impl Wanted {
    /// Whether a repair that was decided on an earlier look is right on this one as well.
    pub(super) fn still_asks_for(&self, repair: &Repair) -> bool {
        match repair {
            Repair::Route => true,
            Repair::Discard { container } => self.complete && !self.owns(container),
            Repair::Restart { replica, .. } => {
                let set = self.current.iter().find(|set| set.replicas.contains(replica));
                set.is_some_and(|set| !self.is_rolling(replica) || !self.is_singleton(set, replica))
            }
        }
    }

    fn owns(&self, container: &ContainerId) -> bool {
        let of = |set: &ReplicaSet| set.replicas.iter().any(|r| r.container() == *container);
        self.current.iter().any(of)
            || self.rolling.iter().any(|rolling| {
                let spec = &rolling.spec;
                spec.from.iter().chain(&spec.to).any(of)
                    || crate::back_end::is_release_run(container, spec)
            })
    }

    fn is_rolling(&self, replica: &ReplicaId) -> bool {
        self.rolling.iter().any(|rolling| rolling.spec.app == replica.app)
    }

    /// As its set says, or as a rollout of its app does: one that makes it a singleton stops the
    /// old one while that is still current.
    fn is_singleton(&self, set: &ReplicaSet, replica: &ReplicaId) -> bool {
        let of_app = |rolling: &&Rolling| rolling.spec.app == replica.app;
        set.is_singleton(&replica.process)
            || self.rolling.iter().filter(of_app).any(|found| found.spec.is_singleton(replica))
    }
}

fn restart(
    wanted: &Wanted,
    observed: &Observed,
    (set, replica, strays): (&ReplicaSet, &ReplicaId, &[ContainerId]),
    now_ms: u64,
) -> Option<Repair> {
    let container = replica.container();
    let exit = match observed.containers.get(&container) {
        Some(ContainerState::Running | ContainerState::OneOff) => return None,
        Some(ContainerState::Exited(exit)) => Some(*exit),
        None => None,
    };
    // While a rollout moves it, or a stray may still be one like it, a singleton waits.
    let of_app = format!("{}-r", replica.app);
    let doubtful = wanted.is_rolling(replica)
        || strays.iter().any(|stray| stray.as_str().starts_with(&of_app));
    if doubtful && wanted.is_singleton(set, replica) {
        return None;
    }
    let past = wanted.restarts.get(container.as_str());
    let recent = past.filter(|past| now_ms.saturating_sub(past.last_at_ms) < RECOVERED_MS);
    let count = recent.map_or(0, |past| past.count);
    let due_ms = recent.map_or(0, |past| past.last_at_ms + pause_ms(count));
    (now_ms >= due_ms).then(|| Repair::Restart {
        replica: replica.clone(),
        set: Box::new(set.clone()),
        exit,
        count: count + 1,
    })
}

/// Nothing before the first restart, then a second, doubled each time.
fn pause_ms(count: u32) -> u64 {
    match count {
        0 => 0,
        _ => (1_000_u64 << (count - 1).min(16)).min(LONGEST_PAUSE_MS),
    }
}
