//! The immutable half of a rollout.

use crate::rollout::Step;
use crate::{AppName, JobId, ProcessSpec, ProcessType, ReleaseNumber, ReplicaId, ReplicaSet};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// From which replica set to which other. Written to the journal once, before anything happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutSpec {
    /// The app.
    pub app: AppName,
    /// The job that asked for it; also the incarnation of the replicas that it starts.
    pub job: JobId,
    /// What serves now; `None` when nothing does.
    pub from: Option<ReplicaSet>,
    /// What shall serve; `None` to stop the app.
    pub to: Option<ReplicaSet>,
    /// Whether the release commands of `to` run: only where the release is new.
    pub run_release_commands: bool,
    /// The counts that later deploys shall use, where the job asked for others; they hold from the
    /// moment at which `to` is the current set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<BTreeMap<ProcessType, u32>>,
    /// How long the new replicas are watched after the switch, in milliseconds.
    pub bake_ms: u64,
}

impl RolloutSpec {
    /// The usual baking time in milliseconds: longer than most crashes after a start take.
    pub const BAKE_MS: u64 = 5_000;

    /// The replicas that run only after the rollout.
    pub fn starting(&self) -> BTreeSet<ReplicaId> {
        Self::only_in(self.to.as_ref(), self.from.as_ref())
    }

    /// The replicas that run only before the rollout.
    pub fn stopping(&self) -> BTreeSet<ReplicaId> {
        Self::only_in(self.from.as_ref(), self.to.as_ref())
    }

    /// The release whose image must be at hand.
    pub fn release(&self) -> Option<ReleaseNumber> {
        self.to.as_ref().map(|set| set.release)
    }

    /// Whether two of this replica's process type must never run at once.
    pub fn is_singleton(&self, replica: &ReplicaId) -> bool {
        self.sets().any(|set| set.is_singleton(&replica.process))
    }

    /// How a replica of either set runs.
    pub fn process(&self, replica: &ReplicaId) -> Option<&ProcessSpec> {
        self.sets()
            .find(|set| set.replicas.contains(replica))
            .and_then(|set| set.process(&replica.process))
    }

    /// How long a step may take before it counts as failed, in milliseconds.
    pub fn deadline_ms(&self, step: &Step) -> u64 {
        let of =
            |replica: &ReplicaId, ms: fn(&ProcessSpec) -> u64| self.process(replica).map_or(0, ms);
        match step {
            Step::Prepare { .. } => 600_000,
            Step::RunRelease { .. } => 1_800_000,
            Step::Start { .. } | Step::Route { .. } => 30_000,
            Step::AwaitHealthy { replica } => of(replica, |spec| {
                spec.probe.as_ref().map_or(spec.settle_ms, |probe| probe.deadline_ms)
            }),
            Step::Watch { replica } => {
                let last = |spec: &ProcessSpec| spec.probe.as_ref().map_or(0, |p| p.timeout_ms);
                self.bake_ms + of(replica, last)
            }
            Step::Drain { replicas } => {
                replicas.iter().map(|r| of(r, |spec| spec.drain_timeout_ms)).max().unwrap_or(0)
            }
            Step::Stop { replica } => of(replica, |spec| spec.stop_timeout_ms) + 10_000,
        }
    }

    fn sets(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.to.iter().chain(&self.from)
    }

    fn only_in(this: Option<&ReplicaSet>, other: Option<&ReplicaSet>) -> BTreeSet<ReplicaId> {
        let Some(this) = this else { return BTreeSet::new() };
        let shared =
            |replica: &&ReplicaId| other.is_some_and(|other| other.replicas.contains(*replica));
        this.replicas.iter().filter(|replica| !shared(replica)).cloned().collect()
    }
}
