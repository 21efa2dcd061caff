//! What the journal records, and how a step fails.

use super::{Phase, Signal, Step};
use crate::{ExitReason, Problem, ReplicaFailure};
use serde::{Deserialize, Serialize};

/// One durable line of a rollout's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum JournalEntry {
    /// The rollout is in this phase from now on.
    Entered {
        /// The phase.
        phase: Phase,
        /// What ended the phase before; `None` at the beginning.
        signal: Option<Signal>,
    },
    /// The step's effect may have begun.
    Begun {
        /// The step.
        step: Step,
    },
    /// The step's effect is complete.
    Done {
        /// The step.
        step: Step,
    },
    /// The step failed.
    Failed {
        /// The step.
        step: Step,
        /// Why.
        failure: StepFailure,
    },
}

/// Why a step failed: facts, turned into words by this crate's `explain` module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "kebab-case")]
pub enum StepFailure {
    /// A replica did not become healthy.
    Replica(Box<ReplicaFailure>),
    /// A release command failed.
    ReleaseCommand {
        /// The command, in exec form.
        command: Vec<String>,
        /// How it ended; `None` when its deadline passed.
        exit: Option<ExitReason>,
        /// Its last lines of output, oldest first.
        log_tail: Vec<String>,
    },
    /// The step did not end in time.
    Deadline {
        /// What it was allowed, in milliseconds.
        after_ms: u64,
    },
    /// The back end could not do it.
    BackEnd {
        /// Why, as the back end explains it.
        problem: Problem,
    },
}
