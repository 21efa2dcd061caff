//! The promises of a rollout, checked at the moment at which they could be broken.

use super::FakeWorld;
use std::collections::BTreeSet;
use windlass_model::{ContainerId, ReplicaId, ReplicaSet};

type Replicas = BTreeSet<ReplicaId>;

impl FakeWorld {
    /// Writes down a broken promise.
    pub(super) fn must(&mut self, promise: &str, kept: impl FnOnce(&Self) -> bool) {
        if !kept(self) {
            let after = self.calls.last().cloned().unwrap_or_default();
            self.broken.push(format!("not {promise}: {after}"));
        }
    }

    pub(super) fn check_start(&mut self, replica: &ReplicaId, set: &ReplicaSet) {
        self.must("prepared before started", |world| world.prepared.contains(&replica.release));
        if set.is_singleton(&replica.process) {
            self.must("a singleton runs once", |world| {
                !world.running().iter().any(|other| {
                    (&other.app, &other.process) == (&replica.app, &replica.process)
                        && other != replica
                })
            });
        }
    }

    pub(super) fn check_route(&mut self, replicas: &Replicas, current: &Replicas) {
        for replica in replicas {
            // Whoever is current proved itself before; a reboot does not take that away.
            self.must("healthy before routed", |world| {
                world.healthy.contains(replica) || current.contains(replica)
            });
        }
    }

    pub(super) fn check_drain(&mut self, replicas: &Replicas, current: &Replicas) {
        self.must("unrouted before drained", |world| {
            !replicas.iter().any(|replica| world.reaches(replica))
        });
        self.must("durable before drained", |_| current.is_disjoint(replicas));
    }

    pub(super) fn check_stop(&mut self, replica: &ReplicaId, current: &Replicas) {
        self.must("unrouted before stopped", |world| !world.reaches(replica));
        self.must("drained before stopped", |world| !world.busy.contains(replica));
        // A singleton stops before its successor starts, so before the new set is current.
        if replica.process.is_web() {
            self.must("durable before stopped", |_| !current.contains(replica));
        }
    }

    pub(super) fn check_discard(&mut self, container: &ContainerId, current: &Replicas) {
        let is = |replica: &ReplicaId| replica.container() == *container;
        self.must("unrouted before discarded", |world| {
            !world.routed.iter().chain(&world.standby).any(is)
        });
        self.must("what is current is never discarded", |_| !current.iter().any(is));
        self.busy.retain(|replica| !is(replica));
    }
}
