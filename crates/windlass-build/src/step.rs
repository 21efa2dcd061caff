//! A command in a container while an image is built: what to run, and how it is asked for.
//!
//! The builder plans such commands and reads what they leave behind; it starts no container. Who
//! builds hands in a [`RunStep`], so that this crate knows no engine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use windlass_model::{ExitReason, Problem};

/// A command to run to its end in a container of its own.
///
/// The container has a read-only root, an unprivileged user, the host's network, a fresh `/tmp`,
/// and beside `mounts` nothing of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepSpec {
    /// What it is for, in a few letters, digits and hyphens: part of the container's name.
    pub name: String,
    /// Folders of unpacked layers, lowest first.
    pub layers: Vec<PathBuf>,
    /// The command in exec form; never empty.
    pub command: Vec<String>,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Folder that it starts in, absolute, in the container.
    pub cwd: PathBuf,
    /// Folders and files of the host that it sees.
    pub mounts: Vec<StepMount>,
    /// How long it may take, in milliseconds; it is stopped then.
    pub timeout_ms: u64,
}

/// A folder or file of the host in a step's container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepMount {
    /// Path on the host; must exist. What is writable is given to the container's user with all
    /// that is in it, unless it is that user's already.
    pub source: PathBuf,
    /// Absolute path in the container: not `/`, and not below `/proc`, `/sys`, `/dev` or `/tmp`.
    pub target: PathBuf,
    /// Whether the container may only read it.
    pub read_only: bool,
}

/// Why a step came to no end of its own.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The build was cancelled; the container is gone.
    #[error("the build was cancelled")]
    Cancelled,
    /// It took too long and was stopped.
    #[error("it was stopped after {limit_ms} ms")]
    Deadline {
        /// How long it was given.
        limit_ms: u64,
    },
    /// The container could not be started or watched.
    #[error("{}", problem.message)]
    Container {
        /// Why, in words.
        problem: Box<Problem>,
    },
}

/// Runs a step; hears each line that it prints, standard output and error as they come, and gives
/// how it ended. Blocks, and leaves no container behind.
pub type RunStep<'a> =
    dyn Fn(&StepSpec, &mut dyn FnMut(&str)) -> Result<ExitReason, StepError> + Sync + 'a;
