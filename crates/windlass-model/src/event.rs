//! Progress facts of a job: the same values in the terminal, `--json`, the API and later pages.

use crate::rollout::{Phase, Step};
use crate::{Finding, JobId, JobState, ProbeAnswer, Problem, ReleaseNumber, ReplicaId};
use serde::{Deserialize, Serialize};

/// One fact about a job, as it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// What inspection concluded, and why.
    Inspected {
        /// Every conclusion.
        findings: Vec<Finding>,
    },
    /// Something the user should know that stops nothing.
    Warning {
        /// The warning, in the form of a problem.
        problem: Problem,
    },
    /// A part of the build began, moved on or ended.
    Build(Progress),
    /// A release exists now.
    Released {
        /// Its number.
        release: ReleaseNumber,
    },
    /// The rollout entered a phase; durable in the journal before this was sent.
    Phase {
        /// The phase.
        phase: Phase,
    },
    /// A step began.
    StepBegun {
        /// The step.
        step: Step,
    },
    /// A step is done.
    StepDone {
        /// The step.
        step: Step,
        /// How long it took, in milliseconds.
        elapsed_ms: u64,
    },
    /// A step failed.
    StepFailed {
        /// The step.
        step: Step,
        /// Why.
        problem: Problem,
    },
    /// A probe's answer changed, or counted towards the row.
    Probed {
        /// Whom it asked.
        replica: ReplicaId,
        /// What it found.
        answer: ProbeAnswer,
        /// Successes in a row so far.
        in_a_row: u32,
        /// Successes in a row that are wanted.
        wanted: u32,
    },
    /// A line that a release command printed.
    Output {
        /// The line, without its end.
        line: String,
    },
    /// The job's state changed. A final state is the last event of its job.
    State {
        /// The new state.
        state: JobState,
    },
}

/// An event with its place in the job's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// The job.
    pub job: JobId,
    /// Counted from 1 within the job, without gaps: a watcher resumes after the last it saw.
    pub seq: u64,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// How far one part of a build is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The part, a stable short name: `resolve`, `download`, `root`, `bytecode`, `layers`.
    pub part: String,
    /// Amount done.
    pub done: u64,
    /// Amount in all, when it is known.
    pub total: Option<u64>,
    /// What the amounts count.
    pub unit: ProgressUnit,
    /// Set on the last one: how long the part took, in milliseconds.
    pub elapsed_ms: Option<u64>,
    /// What it is busy with, or what came of it: `12 wheels from the cache`.
    pub detail: String,
}

/// What a [`Progress`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgressUnit {
    /// Bytes.
    Bytes,
    /// Files, packages, layers: the part's name says which.
    Items,
}
