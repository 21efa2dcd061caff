//! What the fake back end's effects change.

use std::collections::{BTreeMap, BTreeSet};
use windlass_model::rollout::StepFailure;
use windlass_model::{AppName, AppSpec, ContainerId, Digest, Problem, ReleaseNumber, ReplicaId};
use windlass_server::back_end::ContainerState;

/// What is there, and everything that was done to it.
#[derive(Debug, Clone)]
pub struct FakeWorld {
    /// What shall happen.
    pub script: Script,
    /// Every container.
    pub containers: BTreeMap<ContainerId, ContainerState>,
    /// The replicas among them.
    pub replicas: BTreeSet<ReplicaId>,
    /// Replicas that have proved themselves.
    pub healthy: BTreeSet<ReplicaId>,
    /// Replicas that the edge sends requests to.
    pub routed: BTreeSet<ReplicaId>,
    /// Replicas of the release before that the edge asks where those routed to break.
    pub standby: BTreeSet<ReplicaId>,
    /// Replicas that were routed to and not drained since.
    pub busy: BTreeSet<ReplicaId>,
    /// Generation of the routes.
    pub generation: u64,
    /// Releases whose image is unpacked.
    pub prepared: BTreeSet<ReleaseNumber>,
    /// Apps that were removed, and whether their data went too.
    pub removed: BTreeMap<AppName, bool>,
    /// Images that the last sweep was told to keep.
    pub kept: BTreeSet<Digest>,
    /// Every effect, in order.
    pub calls: Vec<String>,
    /// Every promise that was broken.
    pub broken: Vec<String>,
    /// How many images were built.
    pub images: u8,
}

/// What a world is told beforehand.
#[derive(Debug, Clone)]
pub struct Script {
    /// The app that every build gives.
    pub spec: AppSpec,
    /// Effects that fail, by name (`start web.1`, `probe web.2`, `route`), and how many times.
    pub failures: BTreeMap<String, u32>,
    /// Containers whose discarding never ends.
    pub unstoppable: BTreeSet<ContainerId>,
}

impl FakeWorld {
    /// A world in which nothing runs.
    pub fn new(script: Script) -> Self {
        Self {
            script,
            containers: BTreeMap::new(),
            replicas: BTreeSet::new(),
            healthy: BTreeSet::new(),
            routed: BTreeSet::new(),
            standby: BTreeSet::new(),
            busy: BTreeSet::new(),
            generation: 0,
            prepared: BTreeSet::new(),
            removed: BTreeMap::new(),
            kept: BTreeSet::new(),
            calls: Vec::new(),
            broken: Vec::new(),
            images: 0,
        }
    }

    /// The replicas whose containers run.
    pub fn running(&self) -> BTreeSet<ReplicaId> {
        let runs =
            |r: &&ReplicaId| self.containers.get(&r.container()) == Some(&ContainerState::Running);
        self.replicas.iter().filter(runs).cloned().collect()
    }

    pub(super) fn call(&mut self, what: String) {
        self.calls.push(what);
    }

    /// Whether the effect succeeds, by the script.
    pub(super) fn outcome(&mut self, effect: &str) -> Result<(), StepFailure> {
        match self.script.failures.get_mut(effect) {
            Some(left) if *left > 0 => {
                *left -= 1;
                let problem = Problem::environment("scripted", format!("`{effect}` fails"));
                Err(StepFailure::BackEnd { problem })
            }
            _ => Ok(()),
        }
    }

    /// Whether a request may reach the replica.
    pub(super) fn reaches(&self, replica: &ReplicaId) -> bool {
        self.routed.contains(replica) || self.standby.contains(replica)
    }

    pub(super) fn put_routes(
        &mut self,
        generation: u64,
        replicas: BTreeSet<ReplicaId>,
        standby: BTreeSet<ReplicaId>,
    ) {
        self.generation = generation;
        self.busy.extend(replicas.iter().chain(&standby).cloned());
        self.routed = replicas;
        self.standby = standby;
    }

    pub(super) fn forget(&mut self, container: &ContainerId) {
        self.containers.remove(container);
        self.replicas.retain(|replica| replica.container() != *container);
        self.healthy.retain(|replica| replica.container() != *container);
    }
}
