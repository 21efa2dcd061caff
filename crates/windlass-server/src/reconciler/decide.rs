//! What to repair. Pure.

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
    // Only an edge that routes as wanted surely sends nothing to a stray.
    if routed && wanted.complete {
        repairs.extend(strays.iter().cloned().map(|container| Repair::Discard { container }));
    }
    for set in &wanted.current {
        for replica in &set.replicas {
            repairs.extend(restart(wanted, observed, (set, replica, &strays), now_ms));
        }
    }
    repairs
}

impl Wanted {
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
    if set.is_singleton(&replica.process) && doubtful {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::app_spec;
    use windlass_model::{ReleaseNumber, ReplicaSet};

    fn set(incarnation: u64) -> ReplicaSet {
        ReplicaSet::fresh(
            ReleaseNumber(1),
            app_spec("shop", &[("web", 2), ("beat", 1)]),
            incarnation,
        )
    }

    fn wanted(set: &ReplicaSet) -> Wanted {
        Wanted {
            generation: 3,
            current: vec![set.clone()],
            rolling: Vec::new(),
            restarts: BTreeMap::new(),
            complete: true,
        }
    }

    fn all_running(set: &ReplicaSet) -> Observed {
        let running = |r: &ReplicaId| (r.container(), ContainerState::Running);
        Observed { containers: set.replicas.iter().map(running).collect(), generation: Some(3) }
    }

    #[test]
    fn nothing_is_repaired_where_all_is_well() {
        let set = set(1);
        assert_eq!(decide(&wanted(&set), &all_running(&set), 0), []);
    }

    #[test]
    fn strays_go_only_once_the_edge_routes_elsewhere_and_every_row_is_read() {
        let (old, new) = (set(1), set(2));
        let mut observed = all_running(&new);
        observed.containers.extend(all_running(&old).containers);
        let discards = |wanted: &Wanted, observed: &Observed| {
            let repairs = decide(wanted, observed, 0);
            repairs.iter().filter(|r| matches!(r, Repair::Discard { .. })).count()
        };
        assert_eq!(discards(&wanted(&new), &observed), 3);
        assert_eq!(discards(&Wanted { complete: false, ..wanted(&new) }, &observed), 0);
        observed.generation = Some(2);
        assert_eq!(decide(&wanted(&new), &observed, 0), [Repair::Route]);
    }

    #[test]
    fn a_crash_loop_is_slowed_down_and_forgotten_after_a_while() {
        let set = set(1);
        let mut observed = all_running(&set);
        let victim = set.web().first().expect("web").clone();
        let exit = ExitReason::Code { code: 1 };
        observed.containers.insert(victim.container(), ContainerState::Exited(exit));
        let mut wanted = wanted(&set);
        let restarts = |wanted: &Wanted, now| match decide(wanted, &observed, now).as_slice() {
            [] => None,
            [Repair::Restart { count, .. }] => Some(*count),
            other => panic!("{other:?}"),
        };
        assert_eq!(restarts(&wanted, 50), Some(1));
        let past = |count| Restarts { count, last_exit: Some(exit), last_at_ms: 100_000 };
        wanted.restarts.insert(victim.container().to_string(), past(4));
        assert_eq!(restarts(&wanted, 107_999), None);
        assert_eq!(restarts(&wanted, 108_000), Some(5));
        assert_eq!(restarts(&wanted, 100_000 + RECOVERED_MS), Some(1));
        wanted.restarts.insert(victim.container().to_string(), past(40));
        assert_eq!(restarts(&wanted, 160_000), Some(41));
    }

    #[test]
    fn a_singleton_is_not_started_beside_a_stray_or_during_a_rollout() {
        let (old, new) = (set(1), set(2));
        let beat = |set: &ReplicaSet| {
            set.replicas.iter().find(|r| set.is_singleton(&r.process)).expect("beat").container()
        };
        let mut observed = all_running(&new);
        observed.containers.remove(&beat(&new));
        let starts = |wanted: &Wanted, observed: &Observed| {
            let repairs = decide(wanted, observed, 0);
            repairs.iter().any(|repair| matches!(repair, Repair::Restart { .. }))
        };
        assert!(starts(&wanted(&new), &observed));
        observed.containers.insert(beat(&old), ContainerState::Running);
        assert!(!starts(&wanted(&new), &observed));
        let spec = RolloutSpec {
            app: "shop".parse().expect("valid"),
            job: windlass_model::JobId(2),
            from: Some(old.clone()),
            to: Some(new.clone()),
            run_release_commands: false,
            counts: None,
            bake_ms: 0,
        };
        let rolling = Wanted { rolling: vec![Rolling { spec }], ..wanted(&new) };
        assert!(!starts(&rolling, &observed));
        assert!(
            !decide(&rolling, &observed, 0).iter().any(|r| matches!(r, Repair::Discard { .. }))
        );
    }
}
