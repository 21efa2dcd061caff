//! Jobs: what a user asked the server to do. The server owns them; the CLI only watches.

use crate::{AppName, Problem, ProcessType, ReleaseNumber};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// A job's number, counted from 1 on each host; also the number of the rollout it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

/// One request to change an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// The app that it changes. One job per app runs at a time.
    pub app: AppName,
    /// What it does.
    pub kind: JobKind,
    /// How far it is.
    pub state: JobState,
    /// When it was submitted, in milliseconds since the Unix epoch.
    pub submitted_at_ms: u64,
    /// When it ended, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at_ms: Option<u64>,
}

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum JobKind {
    /// Build the project's image and make it the app's next release.
    Deploy {
        /// The project's root on this host.
        project: PathBuf,
    },
    /// Make an older release the current one again, exactly.
    Rollback {
        /// The release to go back to; `None` for the one before the current.
        to: Option<ReleaseNumber>,
    },
    /// Replace every replica by a fresh one of the same release.
    Restart,
    /// Change how many replicas run.
    Scale {
        /// The new counts; process types that are not named keep theirs.
        counts: BTreeMap<ProcessType, u32>,
    },
    /// Stop every replica; the app keeps its releases and data.
    Stop,
    /// Stop every replica and remove the app: releases, logs and, when asked, data.
    Destroy {
        /// Whether the app's volume goes too.
        data: bool,
    },
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum JobState {
    /// Submitted, not begun.
    Queued,
    /// Reading the project and building its image.
    Building,
    /// Moving the app; the rollout's phase is in the journal.
    Rolling,
    /// Done. For a deploy, the new release serves.
    Succeeded {
        /// The release that is current now.
        release: Option<ReleaseNumber>,
        /// Where the app answers.
        url: Option<String>,
    },
    /// Failed and undone: what ran before runs still.
    Failed {
        /// Why.
        problem: Problem,
    },
}

impl JobState {
    /// Whether the job will not change any more.
    pub fn is_final(&self) -> bool {
        matches!(self, JobState::Succeeded { .. } | JobState::Failed { .. })
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl JobKind {
    /// The verb that a user typed for it.
    pub fn verb(&self) -> &'static str {
        match self {
            JobKind::Deploy { .. } => "deploy",
            JobKind::Rollback { .. } => "rollback",
            JobKind::Restart => "restart",
            JobKind::Scale { .. } => "scale",
            JobKind::Stop => "stop",
            JobKind::Destroy { .. } => "destroy",
        }
    }
}
