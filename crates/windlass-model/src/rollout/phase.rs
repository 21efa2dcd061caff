//! The phases of a rollout and the whole table of moves between them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a rollout is doing now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Unpacking the image and making the volume.
    Preparing,
    /// Running the release commands, once.
    Releasing,
    /// Starting the new replicas beside the old ones.
    Starting,
    /// Waiting until each new replica has proved itself.
    Probing,
    /// Moving singletons: the old one stops, then the new one starts.
    HandingOver,
    /// Pointing the edge at the new replicas.
    Switching,
    /// Watching the new replicas serve, while the old ones still run.
    Baking,
    /// Waiting for the old replicas' requests in flight.
    Draining,
    /// Stopping the old replicas.
    Retiring,
    /// The new replica set serves; final.
    Done,
    /// Putting everything back as it was.
    Undoing,
    /// The old replica set serves as before; final.
    Undone,
}

/// How the steps of a phase ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// Every step is done.
    Done,
    /// A step failed, and the others of its batch have ended.
    Failed,
    /// The user asked to stop.
    Cancelled,
}

impl Phase {
    /// Every phase, in the order in which a rollout can meet them.
    pub const ALL: [Phase; 12] = [
        Phase::Preparing,
        Phase::Releasing,
        Phase::Starting,
        Phase::Probing,
        Phase::HandingOver,
        Phase::Switching,
        Phase::Baking,
        Phase::Draining,
        Phase::Retiring,
        Phase::Done,
        Phase::Undoing,
        Phase::Undone,
    ];

    /// The phase after this one, given how it ended. Total: every pair has an answer.
    ///
    /// Until the new replicas have been watched everything is undone; after it nothing is. A
    /// drain or a stop that fails does not bring the old release back: the new one serves
    /// already, and the reconciler removes what is left over.
    #[must_use]
    pub fn next(self, signal: Signal) -> Phase {
        use Phase as P;
        use Signal as S;
        match (self, signal) {
            (P::Preparing, S::Done) => P::Releasing,
            (P::Releasing, S::Done) => P::Starting,
            (P::Starting, S::Done) => P::Probing,
            (P::Probing, S::Done) => P::HandingOver,
            (P::HandingOver, S::Done) => P::Switching,
            (
                P::Preparing | P::Releasing | P::Starting | P::Probing | P::HandingOver | P::Baking,
                S::Failed | S::Cancelled,
            )
            | (P::Switching, S::Failed) => P::Undoing,
            (P::Switching, S::Done) => P::Baking,
            (P::Baking, S::Done) => P::Draining,
            (P::Draining, S::Done | S::Failed) => P::Retiring,
            (P::Retiring, S::Done | S::Failed) => P::Done,
            (P::Undoing, S::Done | S::Failed) => P::Undone,
            // Too late to cancel, or nothing left to do.
            (P::Switching | P::Draining | P::Retiring | P::Undoing, S::Cancelled)
            | (P::Done | P::Undone, _) => self,
        }
    }

    /// Whether the rollout has ended.
    pub fn is_final(self) -> bool {
        matches!(self, Phase::Done | Phase::Undone)
    }

    /// Whether the new replica set is the app's current one from this phase on, for good.
    pub fn is_committed(self) -> bool {
        matches!(self, Phase::Draining | Phase::Retiring | Phase::Done)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Preparing => "preparing",
            Phase::Releasing => "releasing",
            Phase::Starting => "starting",
            Phase::Probing => "probing",
            Phase::HandingOver => "handing over",
            Phase::Switching => "switching",
            Phase::Baking => "baking",
            Phase::Draining => "draining",
            Phase::Retiring => "retiring",
            Phase::Done => "done",
            Phase::Undoing => "undoing",
            Phase::Undone => "undone",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNALS: [Signal; 3] = [Signal::Done, Signal::Failed, Signal::Cancelled];

    /// The whole table, written a second time as rows, so that a changed move is seen.
    #[test]
    fn every_pair_of_phase_and_signal_moves_as_the_table_says() {
        use Phase as P;
        let table = [
            (P::Preparing, [P::Releasing, P::Undoing, P::Undoing]),
            (P::Releasing, [P::Starting, P::Undoing, P::Undoing]),
            (P::Starting, [P::Probing, P::Undoing, P::Undoing]),
            (P::Probing, [P::HandingOver, P::Undoing, P::Undoing]),
            (P::HandingOver, [P::Switching, P::Undoing, P::Undoing]),
            (P::Switching, [P::Baking, P::Undoing, P::Switching]),
            (P::Baking, [P::Draining, P::Undoing, P::Undoing]),
            (P::Draining, [P::Retiring, P::Retiring, P::Draining]),
            (P::Retiring, [P::Done, P::Done, P::Retiring]),
            (P::Done, [P::Done, P::Done, P::Done]),
            (P::Undoing, [P::Undone, P::Undone, P::Undoing]),
            (P::Undone, [P::Undone, P::Undone, P::Undone]),
        ];
        assert_eq!(table.map(|(phase, _)| phase), Phase::ALL);
        for (phase, row) in table {
            assert_eq!(SIGNALS.map(|signal| phase.next(signal)), row, "{phase}");
        }
    }

    #[test]
    fn nothing_goes_back_once_the_new_set_is_committed() {
        for phase in Phase::ALL.into_iter().filter(|phase| phase.is_committed()) {
            for signal in SIGNALS {
                assert!(phase.next(signal).is_committed(), "{phase} {signal:?}");
            }
        }
    }

    #[test]
    fn every_path_ends() {
        for start in Phase::ALL {
            let mut phase = start;
            for _ in 0..Phase::ALL.len() {
                phase = phase.next(Signal::Done);
            }
            assert!(phase.is_final(), "{start} never ends");
        }
    }
}
