//! Replicas: the running instances of a release's process types.

use crate::{AppName, AppSpec, ContainerId, ProcessSpec, ProcessType, ReleaseNumber};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Identity of one replica.
///
/// The same release can be started afresh (`windlass restart`, or a crash); each start of a set
/// has its own `incarnation`, so that old and new never share a container, a socket or a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReplicaId {
    /// The app.
    pub app: AppName,
    /// The release whose image and configuration it runs.
    pub release: ReleaseNumber,
    /// The process type.
    pub process: ProcessType,
    /// Counted from 1 within the process type.
    pub index: u32,
    /// Number of the rollout that started it: unique on the host, never reused.
    pub incarnation: u64,
}

/// Replicas that serve an app together, with the specification they run by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaSet {
    /// The release that all of them run.
    pub release: ReleaseNumber,
    /// The app as that release has it, at the counts of this set.
    pub spec: AppSpec,
    /// Who they are. Not derived from `spec`, since scaling keeps those that already run.
    pub replicas: BTreeSet<ReplicaId>,
}

impl ReplicaId {
    /// The container that runs this replica: `shop-r14-web-1-i20`.
    pub fn container(&self) -> ContainerId {
        let Self { app, release, process, index, incarnation } = self;
        format!("{app}-r{release}-{process}-{index}-i{incarnation}")
            .parse()
            .unwrap_or_else(|error| unreachable!("names are made of valid parts: {error}"))
    }

    /// The name of its log, without an ending: `web.1.i20`. A restart runs old and new replicas of
    /// one release side by side, so the incarnation is part of it.
    pub fn log_name(&self) -> String {
        format!("{self}.i{}", self.incarnation)
    }
}

impl fmt::Display for ReplicaId {
    /// `web.1` is what people call a replica; app and release are said by the context.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.process, self.index)
    }
}

impl ReplicaSet {
    /// A set in which every replica is new, started by the rollout `incarnation`.
    pub fn fresh(release: ReleaseNumber, spec: AppSpec, incarnation: u64) -> Self {
        let none = BTreeSet::new();
        Self::keeping(&none, release, spec, incarnation)
    }

    /// A set that keeps those of `running` that fit `spec` and `release`, and adds what lacks.
    pub fn keeping(
        running: &BTreeSet<ReplicaId>,
        release: ReleaseNumber,
        spec: AppSpec,
        incarnation: u64,
    ) -> Self {
        let mut replicas = BTreeSet::new();
        for (process, wanted) in &spec.processes {
            for index in 1..=wanted.count {
                let kept = running.iter().find(|replica| {
                    (&replica.process, replica.index, replica.release) == (process, index, release)
                });
                replicas.insert(kept.cloned().unwrap_or_else(|| ReplicaId {
                    app: spec.name.clone(),
                    release,
                    process: process.clone(),
                    index,
                    incarnation,
                }));
            }
        }
        Self { release, spec, replicas }
    }

    /// The replicas that the edge sends requests to.
    pub fn web(&self) -> BTreeSet<ReplicaId> {
        self.replicas.iter().filter(|replica| replica.process.is_web()).cloned().collect()
    }

    /// Whether two replicas of this process type must never run at once.
    pub fn is_singleton(&self, process: &ProcessType) -> bool {
        self.process(process).is_some_and(|spec| spec.singleton)
    }

    /// How a process type runs in this set.
    pub fn process(&self, process: &ProcessType) -> Option<&ProcessSpec> {
        self.spec.processes.get(process)
    }
}
