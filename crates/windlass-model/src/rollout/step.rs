//! Steps: the effects a rollout is made of. Each is idempotent and has a deadline.

use crate::{ReleaseNumber, ReplicaId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// One effect. Doing it twice is the same as doing it once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Have the release's image unpacked and the app's volume ready.
    Prepare {
        /// The release.
        release: ReleaseNumber,
    },
    /// Run a release command in a fresh container and wait for its success.
    RunRelease {
        /// The release.
        release: ReleaseNumber,
        /// Which of the release's commands, counted from 0.
        command: usize,
    },
    /// Have the replica's container running.
    Start {
        /// The replica.
        replica: ReplicaId,
    },
    /// Wait until the replica has proved itself; fail at once when it exits.
    AwaitHealthy {
        /// The replica.
        replica: ReplicaId,
    },
    /// Have the edge send the app's requests to exactly these replicas; none removes the route.
    Route {
        /// The replicas.
        replicas: BTreeSet<ReplicaId>,
        /// Replicas of the release before, asked where the new ones break on a request that may
        /// be sent again, while the new ones are still being watched.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        standby: BTreeSet<ReplicaId>,
    },
    /// See that the replica stays up for the rollout's baking time and still proves itself at
    /// its end; fail at once when it exits.
    Watch {
        /// The replica.
        replica: ReplicaId,
    },
    /// Wait until no request is in flight to these replicas, or cut at the deadline.
    Drain {
        /// The replicas; the edge no longer sends them new requests.
        replicas: BTreeSet<ReplicaId>,
    },
    /// Have the replica's container stopped and removed; its logs stay.
    Stop {
        /// The replica.
        replica: ReplicaId,
    },
}

impl Step {
    /// The route to these replicas, with none standing by.
    pub fn route_to(replicas: BTreeSet<ReplicaId>) -> Self {
        Step::Route { replicas, standby: BTreeSet::new() }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, replicas: &BTreeSet<ReplicaId>| {
            let names: Vec<_> =
                replicas.iter().map(|r| format!("{r} of release {}", r.release)).collect();
            f.write_str(&names.join(", "))
        };
        match self {
            Step::Prepare { release } => write!(f, "unpack the image of release {release}"),
            Step::RunRelease { release, command } => {
                write!(f, "run release command {} of release {release}", command + 1)
            }
            Step::Start { replica } => write!(f, "start {replica} of release {}", replica.release),
            Step::AwaitHealthy { replica } => write!(f, "probe {replica}"),
            Step::Route { replicas, .. } if replicas.is_empty() => f.write_str("remove the route"),
            Step::Route { replicas, .. } => {
                f.write_str("send requests to ")?;
                list(f, replicas)
            }
            Step::Watch { replica } => {
                write!(f, "watch {replica} of release {}", replica.release)
            }
            Step::Drain { replicas } => {
                f.write_str("drain ")?;
                list(f, replicas)
            }
            Step::Stop { replica } => write!(f, "stop {replica} of release {}", replica.release),
        }
    }
}
